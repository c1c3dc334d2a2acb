"""Write what a package has into its page "at a glance": every name of its root, a line each.

A line `<!-- names of neural_net_core -->` stands for the tables. The sentence beside a name is the
first of its docstring; the headings are those of the folders.
"""

import importlib
import inspect
import re
from types import ModuleType
from typing import Any

PLACE = re.compile(r"<!-- names of (\w+) -->")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the line by the tables of its package."""
    return PLACE.sub(lambda found: tables(importlib.import_module(found[1])), markdown)


def tables(package: ModuleType) -> str:
    """Write a table for each folder of a package, in the order in which the root exports them."""
    folders: dict[str, list[str]] = {}
    for name in package.__all__:
        thing = getattr(package, name)
        if not (inspect.isclass(thing) or inspect.isfunction(thing)):
            continue
        folder = thing.__module__.rpartition(".")[0]
        label = f"[`{name}`][{thing.__module__}.{thing.__qualname__}]"
        folders.setdefault(folder, []).append(f"| {label} | {sentence(thing)} |")
    written = []
    for folder in sorted(folders, key=lambda name: name != package.__name__):
        inside = folder.removeprefix(package.__name__).removeprefix(".").replace(".", ", ")
        title = f"{inside[0].upper()}{inside[1:]}" if inside else "At the root"
        about = sentence(importlib.import_module(folder))
        rows = ["| name | what it is |", "|---|---|", *sorted(folders[folder], key=str.lower)]
        written.append("\n".join([f"### {title}", "", about, "", *rows]))
    return "\n\n".join(written)


def sentence(thing: Any) -> str:
    """Return the first sentence of a docstring, ready to stand in a table."""
    paragraph = (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")
    return paragraph.replace("|", "\\|")
