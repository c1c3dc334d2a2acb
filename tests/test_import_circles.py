"""No two files of a package need each other: each can be read after those that it imports."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ["core", "optim", "layers", "viz", "utils"]

# The engine's own circle, by the imports that close it. This list only ever gets shorter.
KEPT = {
    ("neural_net_core.tensor", "neural_net_core.ops"): (
        "x + y and x.sum() call the functions of ops, and those take and return Tensors"
    ),
    ("neural_net_core.tensor", "neural_net_core.tape"): (
        "loss.backward() starts the reverse pass, which goes from Tensor to Tensor"
    ),
    ("neural_net_core.tensor", "neural_net_core.op"): (
        "for type checkers alone: the node of a Tensor is the Op that made it"
    ),
}


def modules(source: Path) -> dict[str, Path]:
    """Every file below a folder, by the name under which it is imported."""
    return {
        ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__"): path
        for path in source.rglob("*.py")
    }


def imports(code: str, names: set[str]) -> set[str]:
    """Which of these modules a program imports, in functions and for type checkers too."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "write out the name of the package"
            parts = {f"{node.module}.{alias.name}" for alias in node.names}
            # What is no module is a name that the file of the package holds.
            found |= {part if part in names else str(node.module) for part in parts}
    return found & names


def graph_of(package: str) -> dict[str, set[str]]:
    files = modules(ROOT / f"packages/neural-net-{package}/src")
    return {
        name: imports(path.read_text(encoding="utf-8"), set(files)) for name, path in files.items()
    }


def without(graph: dict[str, set[str]], edges: set[tuple[str, str]]) -> dict[str, set[str]]:
    return {name: {to for to in found if (name, to) not in edges} for name, found in graph.items()}


def circle(graph: dict[str, set[str]]) -> list[str]:
    """One circle, from a module back to itself; empty if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_within_a_package_run_one_way(package: str) -> None:
    assert circle(without(graph_of(package), set(KEPT))) == []


@pytest.mark.parametrize("edge", KEPT, ids=" -> ".join)
def test_what_is_kept_still_closes_a_circle(edge: tuple[str, str]) -> None:
    """Where it no longer does, its line goes."""
    assert circle(without(graph_of("core"), set(KEPT) - {edge})) != []


def test_a_circle_would_be_found() -> None:
    names = {"p", "p.a", "p.b", "p.c"}
    late = "def f():\n    from p import a"
    typed = "if TYPE_CHECKING:\n    from p.b import B"
    assert imports(late, names) == {"p.a"}
    assert imports(typed, names) == {"p.b"}
    assert imports("import p.c, numpy\nfrom p import other", names) == {"p", "p.c"}
    assert circle({"p.a": {"p.b"}, "p.b": {"p.c"}, "p.c": set()}) == []
    assert circle({"p.a": imports(typed, names), "p.b": imports(late, names)}) in (
        ["p.a", "p.b", "p.a"],
        ["p.b", "p.a", "p.b"],
    )
