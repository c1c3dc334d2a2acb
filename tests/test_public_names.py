"""No public name or signature changes unnoticed: the record beside this file is compared."""

import difflib
import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType

import pytest

from neural_net_core import Op


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    path = Path(__file__).parent / "public_names.py"
    specification = importlib.util.spec_from_file_location("public_names", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_record_is_what_the_packages_offer(tool: ModuleType) -> None:
    kept = tool.RECORD.read_text(encoding="utf-8").splitlines()
    found = tool.text().splitlines()
    changes = [
        line
        for line in difflib.unified_diff(kept, found, "recorded", "found", lineterm="", n=0)
        if not line.startswith("@@")
    ]
    advice = "Name the change in CHANGELOG.md, then run `uv run python tests/public_names.py`."
    assert changes == [], "\n".join([*changes, advice])


def modules(tool: ModuleType) -> list[ModuleType]:
    for name in tool.ROOTS:
        list(tool.packages(importlib.import_module(name)))
    return [
        module
        for name, module in sorted(sys.modules.items())
        if name.partition(".")[0] in tool.ROOTS and "." in name
    ]


def test_no_module_is_hidden_by_a_name_of_the_package_above_it(tool: ModuleType) -> None:
    hidden = [
        module.__name__
        for module in modules(tool)
        if getattr(
            sys.modules[module.__name__.rpartition(".")[0]], module.__name__.rpartition(".")[2]
        )
        is not module
    ]
    assert hidden == []


def subclasses(cls: type) -> set[type]:
    return {cls}.union(*(subclasses(below) for below in cls.__subclasses__())) - {Op}


def test_the_class_of_an_operation_ends_in_op_and_stands_at_no_root(tool: ModuleType) -> None:
    ours = [op for op in subclasses(Op) if op.__module__.partition(".")[0] in tool.ROOTS]
    assert len(ours) > 100
    assert [op for op in ours if not op.__name__.endswith("Op")] == []
    for name in tool.ROOTS:
        root = importlib.import_module(name)
        values = [getattr(root, public) for public in root.__all__]
        classes = [value for value in values if inspect.isclass(value) and issubclass(value, Op)]
        assert classes in ([], [Op])
