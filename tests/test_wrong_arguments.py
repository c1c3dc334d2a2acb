"""The script that counts what wrong arguments meet is complete, and None never becomes NaN.

The whole count takes minutes and is run by hand; see the script.
"""

import importlib.util
import inspect
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from neural_net_core import ShapeError

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    specification = importlib.util.spec_from_file_location(
        "wrong_arguments", ROOT / "tests/wrong_arguments.py"
    )
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def measured(script: ModuleType, package: str) -> list[str]:
    found = [name for name, _ in script.public_callables(package)]
    return [name for name in found if not script.INTERNAL.match(name)]


PACKAGES = ["core", "optim", "layers", "viz", "utils"]
every_package = pytest.mark.parametrize("package", PACKAGES)


@every_package
def test_every_public_function_has_a_recipe_that_works(
    script: ModuleType, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = [
        name for name, _ in script.public_callables(package) if not script.INTERNAL.match(name)
    ]
    assert [name for name in names if script.prepare(package, name) is None] == []
    for name in names:
        call, bound = script.prepare(package, name)()
        call(*bound.args, **bound.kwargs)


@every_package
def test_no_recipe_is_left_over(script: ModuleType, package: str) -> None:
    found = {name for each in PACKAGES for name, _ in script.public_callables(each)}
    assert sorted(script.RECIPES[package].keys() - found) == []


@every_package
def test_none_never_becomes_nan(
    script: ModuleType, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(script, "WRONG", {name: script.WRONG[name] for name in script.NONES})
    wrong = [
        f"{name}({parameter}={value}): {category} {text}"
        for name in measured(script, package)
        for category, parameter, value, text in script.measure(package, name)
        if category in ("nan", "hang", "broken")
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("error", "category"),
    [
        (ValueError("half: share must be a float"), "helpful"),
        (TypeError("share must be a float"), "helpful"),
        (ShapeError("expected (3,)"), "helpful"),
        (ValueError("shares must be floats"), "foreign"),
        (ValueError("The truth value of an array with share elements is ambiguous"), "foreign"),
        (TypeError("'<=' not supported between instances of 'half' and 'int'"), "foreign"),
        (AttributeError("half: share has no ndim"), "foreign"),
        (OverflowError("share too large"), "foreign"),
    ],
)
def test_what_counts_as_helpful(script: ModuleType, error: Exception, category: str) -> None:
    with pytest.raises(type(error)) as caught:
        raise error
    assert script.classify(caught.value, "half", "share") == category


def test_nan_is_found_wherever_an_answer_holds_it(script: ModuleType) -> None:
    nan = float("nan")
    for value in (nan, np.float32(nan), np.array([1, nan]), [1, (nan,)], {"a": [np.array(nan)]}):
        assert script.holds_nan(value)
    for value in (1.0, np.array(["nan"]), "nan", None, [1, {"a": 2}], np.arange(3)):
        assert not script.holds_nan(value)


def test_the_usage_names_the_packages(script: ModuleType) -> None:
    assert tuple(PACKAGES) == script.PACKAGES
    assert re.search(r"core optim layers viz utils", inspect.getdoc(script) or "")
