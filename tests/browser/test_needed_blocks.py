"""Which blocks a block needs, what is told of errors: the Python of a page, run without a page."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FILE = Path(__file__).resolve().parents[2] / "docs/assets/code/page.py"


@pytest.fixture(scope="module")
def page() -> ModuleType:
    spec = importlib.util.spec_from_file_location("page", FILE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        (["x = 1", "y = 2", "print(x)"], [0]),
        (["x = 1", "x.append(2)", "print(x)"], [0, 1]),  # it may have changed what x is
        (["x = 1", "y = x", "print(y)"], [0, 1]),
        (["x = 1", "x = 2", "print(x)"], [1]),
        (["import numpy as np", "np.ones(3)", "np.zeros(2)"], [0]),  # a module is not changed
        (["x = 1", "def f():\n    return x", "f()"], [0, 1]),
        (["class A:\n    y = 1", "class B(A):\n    pass", "B()"], [0, 1]),
        (["x = 1", "x = 2\nprint(x)"], []),
        (["x = 1", "x = x + 1", "x"], [0, 1]),
        (["x = 1", "[x for x in range(3)]"], []),
        (["from a import b", "b()", "print(b)"], [0]),
        (["x = = 1", "print(x)"], []),  # whoever runs it is told
        (["for i in range(3):\n    pass", "print(i, len('a'))"], [0]),
    ],
)
def test_the_blocks_that_a_block_needs(
    page: ModuleType, blocks: list[str], expected: list[int]
) -> None:
    assert page.needed(blocks) == expected


def test_checks_are_counted(page: ModuleType) -> None:
    code = "assert x\nnp.testing.assert_allclose(x, 1)\nassert_equal(x, 1)\nprint('assert')"
    assert page.checks_in(code) == 3
    assert page.checks_in("print(1)") == 0


def test_an_error_is_told_from_the_readers_line_on(page: ModuleType) -> None:
    told: dict[str, Any] = {}
    code = compile("def f():\n    assert 1 > 2, 'no'\n\nf()", "block_1.py", "exec")
    try:
        exec(code, {})  # noqa: S102
    except AssertionError as error:
        told = page.told(error, "block_1.py")
    assert told["line"] == 4
    assert told["wrong"]
    assert 'File "block_1.py", line 4' in told["error"].splitlines()[0]
    assert told["error"].endswith("AssertionError: no")
