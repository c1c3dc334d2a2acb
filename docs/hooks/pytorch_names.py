"""Draw the page of names beside PyTorch's from `docs/pytorch-names.toml`.

A line `<!-- names beside torch.nn -->` stands for the tables of that module of PyTorch's, and
`<!-- names that PyTorch lacks -->` for the rest of ours. The column "used in" is found, not
written: it names the pages of the course, the planned repositories and the published networks
whose code or text has our name.
"""

import ast
import importlib
import inspect
import re
import runpy
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "pytorch-names.toml"
PLACE = re.compile(r"^<!-- names beside (torch[\w.]*) -->$", re.MULTILINE)
REST = "<!-- names that PyTorch lacks -->"
PACKAGES = [f"neural_net_{name}" for name in ("core", "layers", "optim", "utils", "viz")]
ROOMS = ("ops", "init", "linalg")  # of core, whose names are written with theirs
ALONE, PUBLISHED, REASONS = "ours alone", "published", "reasons"

sentence = runpy.run_path(str(Path(__file__).with_name("names.py")))["sentence"]


class Row(NamedTuple):
    """What stands for one name of PyTorch's.

    Attributes:
        name: PyTorch's name, without its module.
        kind: "same", "other", "written" or "left_out".
        here: Our name, the expression, or the reason why there is none.
        note: What to know besides; may be empty.
    """

    name: str
    kind: str
    here: str
    note: str


@cache
def table() -> dict[str, Any]:
    """Return the file as it stands."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def modules() -> list[str]:
    """Return the modules of PyTorch's that the file speaks of, in its order."""
    return [name for name in table() if name not in (REASONS, ALONE, PUBLISHED)]


def rows(module: str) -> list[Row]:
    """Return the rows of a module of PyTorch's, each kind in the order of the file."""
    section = table()[module]
    notes = section.get("notes", {})
    found = [(name, "same", name) for name in section.get("same", "").split()]
    found += [(name, "other", here) for name, here in section.get("other", {}).items()]
    found += [(name, "written", text) for name, text in section.get("written", {}).items()]
    for reason, names in section.get("left_out", {}).items():
        text = reason if " " in reason else table()[REASONS][reason]
        found += [(name, "left_out", text) for name in names.split()]
    return [Row(name, kind, here, notes.get(name, "")) for name, kind, here in found]


def resolve(name: str) -> tuple[str, Any] | None:
    """Return where one of our names is found, and the thing; None if there is no such name.

    A bare name is looked for at the roots of the packages, then in the rooms of core whose names
    are written with theirs, then among the methods of tensors.
    """
    modules = [*PACKAGES, *(f"neural_net_core.{room}" for room in (*ROOMS, "testing"))]
    for place in [*modules, "neural_net_utils.distributed"]:
        module = importlib.import_module(place)
        first, _, last = name.partition(".")
        if first in module.__all__:
            thing = getattr(module, first)
            return (place, thing) if not last else (place, getattr(thing, last))
        if place == "neural_net_core" and first == "testing":
            return place, getattr(importlib.import_module(f"{place}.testing"), last)
    tensor = importlib.import_module("neural_net_core").Tensor
    return ("neural_net_core.Tensor", getattr(tensor, name)) if hasattr(tensor, name) else None


def ours() -> dict[str, Any]:
    """Return the names of ours that have to stand in the file: parts of networks and of training.

    These are layers, optimizers and schedules; of core modules, activations, losses, first values
    of parameters and operations. Classes of operations and of results are not called by anybody.
    """
    found: dict[str, Any] = {}
    for package in ("neural_net_layers", "neural_net_optim"):
        root = importlib.import_module(package)
        found |= {name: getattr(root, name) for name in root.__all__}
    core = importlib.import_module("neural_net_core")
    rooms = ("modules", "activations", "losses")
    for name in core.__all__:
        thing = getattr(core, name)
        if getattr(thing, "__module__", "").split(".")[1:2] in [[room] for room in rooms]:
            found[name] = thing
    for room in ROOMS:
        module = importlib.import_module(f"neural_net_core.{room}")
        found |= {f"{room}.{name}": getattr(module, name) for name in module.__all__}
    uncalled = (core.Op, tuple)
    return {
        name: thing
        for name, thing in found.items()
        if inspect.isroutine(thing) or (inspect.isclass(thing) and not issubclass(thing, uncalled))
    }


def standing(name: str) -> set[str]:
    """Return all spellings in `ours()` of a name in the file."""
    return {name, name.split(".")[-1]} if "." in name else {name, *in_rooms(name)}


def in_rooms(name: str) -> set[str]:
    """Return the spellings of a bare name with the rooms that it may be in."""
    return {f"{room}.{name}" for room in ROOMS}


def alone() -> list[str]:
    """Return the names of ours that PyTorch lacks."""
    return list(table()[ALONE]["names"].split())


# --- Where a name is used


@cache
def places() -> dict[str, frozenset[str]]:
    """Return, for each place that uses the packages, the names that stand there."""
    found: dict[str, set[str]] = {}
    for page in sorted((ROOT / "docs/tutorials").glob("*.md"), key=number):
        label = f"[{number(page)}](tutorials/{page.name})" if number(page) < 99 else ""
        if label:
            found[label] = names_of_page(page.read_text(encoding="utf-8"))
            folders = (ROOT / "examples").glob(f"example-{number(page)}-*")
            for file in (file for folder in folders for file in folder.rglob("*.py")):
                found[label] |= names_of_code(file.read_text(encoding="utf-8"))
    for title, text in sections(ROOT / "docs/roadmap.md"):
        if title in DOWNSTREAM:
            found[f"[{title.lower()}](roadmap.md#{slug(title)})"] = names_of_page(text).union(
                *(
                    names_of_code((ROOT / "tests/downstream" / name).read_text(encoding="utf-8"))
                    for name in DOWNSTREAM[title]
                )
            )
    for name, file in NETWORKS.items():
        text = (ROOT / "tests/pretrained" / file).read_text(encoding="utf-8")
        found[f"[{name}](how-to/networks-that-others-trained.md)"] = names_of_code(text)
    for title, text in sections(ROOT / "docs/how-to/load-weights-from-pytorch.md"):
        if title in ("BERT", "GPT-2", "Llama"):
            link = f"how-to/load-weights-from-pytorch.md#{slug(title)}"
            found[f"[{title}]({link})"] = names_of_page(text)
    return {place: frozenset(names) for place, names in found.items()}


DOWNSTREAM = {
    "Recursive reasoning": ["test_recursive_cell.py"],
    "Spiking networks": ["test_spiking_network.py"],
    "Text diffusion": ["test_masked_diffusion.py"],
    "Retrieval": ["test_contrastive_encoder.py"],
}
NETWORKS = {"MiniLM": "minilm.py", "MTCNN": "mtcnn.py", "Silero": "silero.py"}


def number(page: Path) -> int:
    """Return the number of a tutorial; pages without one come last."""
    found = re.match(r"\d+", page.name)
    return int(found[0]) if found else 99


def sections(page: Path) -> Iterator[tuple[str, str]]:
    """Yield the title and the text of each section of a page."""
    parts = re.split(r"^#{2,3} (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    yield from zip(parts[::2], parts[1::2], strict=True)


def slug(title: str) -> str:
    """Return the anchor of a title."""
    return re.sub(r"\W+", "-", title.lower()).strip("-")


def names_of_page(text: str) -> set[str]:
    """Return the names in a page's code: whole blocks, and words between back quotes."""
    found: set[str] = set()
    for block in re.findall(r"```python.*?\n(.*?)```", text, re.DOTALL):
        found |= names_of_code(inspect.cleandoc("\n" + block))
    for words in re.findall(r"`([^`\n]+)`", text):
        found |= set(re.findall(rf"(?:(?:{'|'.join(ROOMS)})\.)?\b[A-Za-z_]\w*", words))
    return found


def names_of_code(text: str) -> set[str]:
    """Return what a program imports from the packages, takes from `ops` and `init`, or calls."""
    try:
        tree = ast.parse(text)
    except SyntaxError:  # a part of a program
        return set()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("neural_net_"):
            room = (node.module or "").rpartition(".")[2]
            prefix = f"{room}." if room in ROOMS else ""
            found |= {prefix + alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.add(f"{node.value.id}.{node.attr}")
        elif isinstance(node, ast.Name) and node.id[0].isupper():  # imported further up in a page
            found.add(node.id)
    return found


def used_in(name: str) -> str:
    """Return the places where one of our names stands, as links, then networks of others."""
    room, _, bare = name.partition(".")
    spellings = {name, *in_rooms(name)}
    if room in ROOMS and len(bare) > 6:  # shorter ones are words: sum, pad, zeros
        spellings.add(bare)
    found = [place for place, names in places().items() if names & spellings]
    return ", ".join([*found, *filter(None, [table()[PUBLISHED].get(name)])])


# --- The page


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the lines by the tables."""
    markdown = PLACE.sub(lambda found: tables(found[1]), markdown)
    return markdown.replace(REST, rest()) if REST in markdown else markdown


def tables(module: str) -> str:
    """Write what stands for the names of a module of PyTorch's, and what is left out and why."""
    names, out = [], dict[str, list[str]]()
    for row in sorted(rows(module), key=lambda row: row.name.lower()):
        if row.kind == "left_out":
            out.setdefault(row.here, []).append(f"`{row.name}`")
        else:
            here = f"`{row.here}`" if row.kind == "written" else link(row.here)
            used = "" if row.kind == "written" else used_in(row.here)
            names.append(f"| `{row.name}` | {here} | {row.note} | {used} |")
    written = []
    if names:
        head = ["| there | here | mind | used in |", "|---|---|---|---|"]
        written.append("\n".join([*head, *names]))
    if out:
        left = [f"| {', '.join(names)} | {reason} |" for reason, names in out.items()]
        head = ["| left out | because |", "|---|---|"]
        written.append("\n".join([*head, *left]))
    return "\n\n".join(written)


def link(name: str) -> str:
    """Return a name of ours with a link to its page in the reference, if it has one."""
    found = resolve(name)
    if found is None:
        return f"`{name}`"
    thing = found[1]
    if not (inspect.isclass(thing) or inspect.isfunction(thing)):
        return f"`{name}`"
    return f"[`{name}`][{thing.__module__}.{thing.__qualname__}]"


def rest() -> str:
    """Write the table of what PyTorch lacks."""
    lines = ["| here | what it is | used in |", "|---|---|---|"]
    for name in sorted(alone(), key=str.lower):
        found = resolve(name)
        about = sentence(found[1]) if found else ""
        lines.append(f"| {link(name)} | {about} | {used_in(name)} |")
    return "\n".join(lines)
