"""Numbers that texts state about the code are counted again."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import neural_net_core
from neural_net_core.testing import op_classes
from neural_net_utils import load_digits

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [path for path in ROOT.glob("packages/*/src/**/*.py") if path.name != "__init__.py"]


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def first_files() -> int:
    names = ["op.py", "tape.py", "tensor.py", "module.py", "dense.py"]
    core = [path for path in SOURCES if "neural_net_core" in path.parts]
    return sum(lines(path) for path in core if path.name in names)


def modules_of(folder: str) -> set[str]:
    """Return the modules at core's root whose code stands in a folder."""
    found = {name: getattr(neural_net_core, name) for name in neural_net_core.__all__}
    return {
        name
        for name, value in found.items()
        if isinstance(value, type)
        and issubclass(value, neural_net_core.Module)
        and value.__module__.startswith(folder)
    }


# Page, the words around the number, what it counts, and how far it may be off ("about").
CLAIMS: list[tuple[str, str, Callable[[], int], float]] = [
    ("docs/architecture.md", r"`modules/dense\.py`: about ([\d,]+) lines", first_files, 0.1),
    (
        "docs/architecture.md",
        r"About (\d+) primitives",
        lambda: len(op_classes("neural_net_core.ops")),
        0.1,
    ),
    (
        "packages/neural-net-core/README.md",
        r"(\d+) activations, as functions and as modules",
        lambda: len(modules_of("neural_net_core.activations") - {"Identity"}),
        0,
    ),
    (
        "packages/neural-net-core/README.md",
        r"(\d+) losses",
        lambda: len(modules_of("neural_net_core.losses")),
        0,
    ),
    (
        "docs/playground.md",
        r"about (\d+) lines of JavaScript",
        lambda: lines(ROOT / "docs/assets/playground/network.js"),
        0.1,
    ),
    (
        "docs/getting-started.md",
        r"([\d,]+) images of handwritten digits",
        lambda: len(load_digits("train").labels) + len(load_digits("test").labels),
        0,
    ),
    (
        "docs/getting-started.md",
        r"(\d+) of them set aside",
        lambda: len(load_digits("test").labels),
        0,
    ),
    (
        "README.md",
        r"judges it by (\d+) that it has never seen",
        lambda: len(load_digits("test").labels),
        0,
    ),
    (
        "README.md",
        r"trains a network on ([\d,]+) images",
        lambda: len(load_digits("train").labels) - round(0.15 * len(load_digits("train").labels)),
        0,
    ),
]


@pytest.mark.parametrize(("page", "words", "count", "tolerance"), CLAIMS)
def test_a_number_in_a_text_is_what_the_code_counts(
    page: str, words: str, count: Callable[[], int], tolerance: float
) -> None:
    text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
    (stated,) = re.findall(words, text)
    assert int(stated.replace(",", "")) == pytest.approx(count(), rel=tolerance, abs=0)


def test_files_are_as_short_as_promised() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (most,) = re.findall(r"at most (\d+) lines \(`tensor\.py`", text)
    long = {path.name: lines(path) for path in SOURCES if lines(path) > int(most)}
    assert long.keys() <= {"tensor.py"}, long


def test_what_says_that_it_takes_long_shows_how_far_it_is() -> None:
    """An example that names the time of a whole run shows a bar in a terminal."""
    long = [
        path.parent
        for path in ROOT.glob("examples/*/main.py")
        if "All of it takes" in path.read_text(encoding="utf-8")
    ]
    assert len(long) >= 10
    silent = [
        example.name
        for example in long
        if not any("track(" in path.read_text(encoding="utf-8") for path in example.glob("*.py"))
    ]
    assert silent == []
