"""Let the Python blocks of the pages run in the page, in CPython compiled to WebAssembly.

What runs there is put together here, from the interpreter (the npm package `pyodide`, which
`npm pack` fetches, or which `PYODIDE_PACKAGE` names as a folder or a `.tgz`), NumPy's wheel for
WebAssembly (`NUMPY_WASM_WHEEL`, or `../shared/pyodide/` beside the repository) and the packages of
this workspace. Each foreign file is compared with the SHA-256 below. Where one is missing the site
is built without buttons, and a line says so. The page's own part is `docs/assets/code/`.
"""

import hashlib
import html
import importlib.metadata
import io
import logging
import os
import re
import runpy
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

log = logging.getLogger("mkdocs.hooks.run_in_page")

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "pyodide"
PYODIDE = "pyodide@0.27.7"
INTERPRETER = {
    "pyodide.js": "b4cb23a53aba19c221659b9fb40a2f18281d685691dc06647fb0afd0681baf98",
    "pyodide.asm.js": "6b4c90de5b7172873f04f21884d0e9d2274e305fe32116558fe3e4fbe3618d51",
    "pyodide.asm.wasm": "a50dd1843f805a0b7c45b61037ee0d7b26dfe85efe0e18ef95a34ad24e401f5f",
    "python_stdlib.zip": "16611534726e5d8ac2bd8f926410b2dcb8d6f49aa24913463533b457a2115c16",
    "pyodide-lock.json": "9c45b916001a750f4102fc287494f3eab215909c7535c626a20db80fd6333e2c",
}
NUMPY = {
    "numpy-2.0.2-cp312-cp312-pyodide_2024_0_wasm32.whl": (
        "ebb61241d962b98b21597d7ce43b67668a6d5bab3acec4fbe958657320d7cd08"
    )
}
WORKSPACE = ["core", "optim", "layers", "viz", "utils"]
PURE_PYTHON = ["svgwrite", "rich"]  # what viz and utils ask for
PLACE = "assets/code/python"

# The course shows textbook forms, so these are what its code runs; as in tests/test_readme.py.
COURSE = ("tutorials/", "theory/")
ELSEWHERE = {
    "torch": "PyTorch",
    "onnx": "the package onnx",
    "onnxruntime": "the ONNX runtime",
    "subprocess": "other processes",
    "mpi4py": "MPI",
}
BLOCK = re.compile(
    r'<div class="language-python highlight">(?P<title><span class="filename">.*?</span>)?'
    r"<pre>.*?</pre></div>",
    re.DOTALL,
)
TAG = re.compile(r"<[^>]+>")
NEEDED = runpy.run_path(str(ROOT / "docs/assets/code/page.py"))["needed"]
IMPORTED = re.compile(r'<span class="kn">(?:import|from)</span>.*?<span class="nn">(\w+)')

EXCERPT = ' <span class="code-mark">an excerpt: shown, not run</span>'

CONTENT: dict[str, bytes] = {}  # the files of PLACE; empty where code cannot run


class NotFoundError(Exception):
    """An ingredient is not there, or is not the file that it should be."""


def on_config(config: Any, **_: Any) -> Any:
    """Gather the ingredients; with all of them the pages load `blocks.js`."""
    CONTENT.clear()
    try:
        found = {**interpreter(), **numpy_wheel()}
    except NotFoundError as error:
        log.info("Code does not run in the pages of this build: %s", error)
        return config
    CONTENT.update(found, **{"packages.zip": packages()})
    config.extra_css.append("assets/code/code.css")
    return config


def on_files(files: Any, *, config: Any, **_: Any) -> Any:
    """Add what runs to the site; without ingredients take out the page's own part, too."""
    for name, content in CONTENT.items():
        files.append(File.generated(config, f"{PLACE}/{name}", content=content))
    if not CONTENT:
        for file in [file for file in files if file.src_uri.startswith("assets/code/")]:
            files.remove(file)
    return files


def on_page_content(content: str, *, page: Any, **_: Any) -> str:
    """Number the blocks that can run and say of the others why they cannot."""
    if not CONTENT or page.file.src_uri.startswith("api/"):
        return content
    textbook = str(page.file.src_uri.startswith(COURSE)).lower()
    sources: list[str] = []  # of the blocks that are no excerpts, above and including this one
    reasons: dict[int, str] = {}  # why some of them cannot run
    runs = 0

    def marked(match: re.Match[str]) -> str:
        nonlocal runs
        block = match[0]
        if match["title"]:
            return block.replace("</span>", f"{EXCERPT}</span>", 1)
        sources.append(html.unescape(TAG.sub("", block)))
        missing = [ELSEWHERE[name] for name in ELSEWHERE if name in IMPORTED.findall(block)]
        missing += [reasons[number] for number in NEEDED(sources) if number in reasons]
        if missing:
            reasons[len(sources) - 1] = missing[0]
            return f'{block}<p class="code-note">Needs {missing[0]}: not in the page.</p>'
        runs += 1
        return block.replace("<div ", f'<div data-block="{runs}" ', 1)

    content = BLOCK.sub(marked, content)
    for mark, script in (('data-block="', "blocks.js"), ('data-film="', "seeds.js")):
        if mark in content:
            source = page.url.count("/") * "../" + f"assets/code/{script}"
            content += f'<script type="module" src="{source}" data-textbook="{textbook}"></script>'
    return content


def checked(name: str, content: bytes, hashes: dict[str, str]) -> bytes:
    """Return the content of a file if it is the one on record."""
    if hashlib.sha256(content).hexdigest() != hashes[name]:
        raise NotFoundError(f"{name} is not the file on record (SHA-256)")
    return content


def interpreter() -> dict[str, bytes]:
    """Return the files of the interpreter, fetched with npm where they are not at hand."""
    place = Path(os.environ.get("PYODIDE_PACKAGE", CACHE / f"{PYODIDE.replace('@', '-')}.tgz"))
    if "PYODIDE_PACKAGE" not in os.environ and not place.is_file():
        fetch(place)
    try:
        if place.is_dir():
            found = {name: (place / name).read_bytes() for name in INTERPRETER}
        else:
            with tarfile.open(place) as archive:
                members = {name: archive.extractfile(f"package/{name}") for name in INTERPRETER}
                found = {name: file.read() for name, file in members.items() if file}
    except (OSError, KeyError, tarfile.TarError) as error:
        raise NotFoundError(f"the interpreter cannot be read: {error}") from error
    return {name: checked(name, content, INTERPRETER) for name, content in found.items()}


def fetch(place: Path) -> None:
    """Let npm write the package to a file, from whatever registry it is set up for."""
    npm = shutil.which("npm")
    if npm is None:
        raise NotFoundError(f"no interpreter: npm, which would fetch {PYODIDE}, was not found")
    place.parent.mkdir(parents=True, exist_ok=True)
    command = [npm, "pack", PYODIDE, "--silent", "--fetch-retries=1", "--fetch-timeout=120000"]
    done = subprocess.run(command, cwd=place.parent, capture_output=True, text=True)
    if done.returncode != 0 or not place.is_file():
        raise NotFoundError(f"no interpreter: npm could not fetch {PYODIDE}")


def numpy_wheel() -> dict[str, bytes]:
    """Return NumPy's wheel for WebAssembly, which no registry has by itself."""
    (name,) = NUMPY
    place = Path(os.environ.get("NUMPY_WASM_WHEEL", ROOT.parent / "shared" / "pyodide" / name))
    if not place.is_file():
        raise NotFoundError(f"no {name}; NUMPY_WASM_WHEEL may name it")
    return {"numpy.whl": checked(name, place.read_bytes(), NUMPY)}


def packages() -> bytes:
    """Pack the workspace's packages and what they ask for as one would install them."""
    content: dict[str, bytes] = {}
    for short in WORKSPACE:
        source = ROOT / "packages" / f"neural-net-{short}" / "src"
        for path in source.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                content[path.relative_to(source).as_posix()] = path.read_bytes()
        distribution = importlib.metadata.distribution(f"neural-net-{short}")
        about = f"neural_net_{short}-{distribution.version}.dist-info/METADATA"
        content[about] = (distribution.read_text("METADATA") or "").encode()
    for path in ROOT.glob("examples/*/*.py"):  # whose films `seeds.js` runs
        content[path.relative_to(ROOT).as_posix()] = path.read_bytes()
    for name in PURE_PYTHON:
        for file in importlib.metadata.files(name) or ():
            if file.parts[0] == name and file.suffix != ".pyc":
                content[file.as_posix()] = file.read_binary()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(content):  # in one order and of one date: the same bytes each time
            archive.writestr(zipfile.ZipInfo(name), content[name], zipfile.ZIP_DEFLATED)
    return packed.getvalue()
