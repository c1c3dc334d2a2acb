"""The arrow runs from a fast form to the idea, never back: the textbook stands without `fast`."""

import ast
from pathlib import Path

PACKAGES = Path(__file__).resolve().parents[1] / "packages"

# They import all fast forms, which registers them, if there are any.
ROOTS = {
    "neural_net_core/__init__.py",
    "neural_net_layers/__init__.py",
    "neural_net_optim/__init__.py",
}


def imports_of_fast(path: Path) -> list[str]:
    """Return what a module imports from a folder `fast`, at any depth of its code."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return sorted(name for name in found if "fast" in name.split("."))


def textbook_modules() -> dict[str, Path]:
    """Return the modules outside of the folders `fast`, by their path from the package's root."""
    return {
        path.relative_to(
            path.parents[len(path.parts) - path.parts.index("src") - 2]
        ).as_posix(): path
        for path in PACKAGES.glob("neural-net-*/src/**/*.py")
        if "fast" not in path.parts
    }


def test_no_textbook_form_imports_from_fast() -> None:
    found = {name for name, path in textbook_modules().items() if imports_of_fast(path)}
    assert found == ROOTS


def test_the_search_sees_imports_of_every_kind(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    for line in (
        "import neural_net_core.fast.blocks",
        "from neural_net_core.fast.blocks import in_blocks",
        "from neural_net_core import fast",
        "def f():\n    from neural_net_layers.fast import products as p",
    ):
        module.write_text(line, encoding="utf-8")
        assert imports_of_fast(module), line
    module.write_text("import numpy.fasting\nfrom x import breakfast", encoding="utf-8")
    assert imports_of_fast(module) == []
    assert {"neural_net_core/op.py", "neural_net_core/__init__.py"} <= textbook_modules().keys()
