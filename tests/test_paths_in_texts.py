"""Files and dotted names that the texts speak of are where the texts say."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ["docs", "packages", "examples", "benchmarks", "tests", ".ci"]
FILES = [path for name in FOLDERS for path in (ROOT / name).rglob("*.py")]
KNOWN = {path.relative_to(ROOT).as_posix() for path in FILES}
PATTERNS = ["*.md", "docs/**/*.md", "packages/*/*.md", "examples/**/*.md", "benchmarks/*.md"]
PAGES = sorted(page for pattern in PATTERNS for page in ROOT.glob(pattern))
PAGES.remove(ROOT / "CHANGELOG.md")  # which tells what was, too
# nanoGPT's; and the programs that a page on MPI shows.
FOREIGN = {"train_shakespeare_char.py", "train.py", "own_loop.py", "sweep.py"}
PATH = re.compile(r"(?<![\w/.*-])((?:[\w.-]+/)*[\w-]+\.py)\b")
DOTTED = re.compile(r"\bneural_net_(?:core|optim|layers|viz|utils)(?:\.\w+)+")


def is_there(path: str) -> bool:
    # `optim/adam.py` is how the mutation audit is told of a file.
    package, _, rest = path.partition("/")
    short = f"packages/neural-net-{package}/src/neural_net_{package}/{rest}"
    return short in KNOWN or any(f"/{known}".endswith(f"/{path}") for known in KNOWN)


def exists(name: str) -> bool:
    first, *parts = name.split(".")
    found, path = importlib.import_module(first), first
    for part in parts:
        path = f"{path}.{part}"
        if not hasattr(found, part):
            try:
                importlib.import_module(path)
            except ImportError:
                return False
        found = getattr(found, part)
    return True


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_and_names_in_a_text_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [path for path in PATH.findall(text) if not is_there(path) and path not in FOREIGN] == []
    assert [name for name in DOTTED.findall(text) if not exists(name)] == []


def test_what_is_gone_would_be_found() -> None:
    assert is_there("modules/module.py") and not is_there("core/module.py")
    assert exists("neural_net_core.ops.exp") and not exists("neural_net_core.recorded")
