"""Every module of every package can be built without drawing, and is as ever after loading."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neural_net_core import Module, default_rng, no_init

_spec = importlib.util.spec_from_file_location(
    "nothing_half_changed", Path(__file__).with_name("test_nothing_half_changed.py")
)
assert _spec is not None and _spec.loader is not None
classes = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(classes)

MODULES: list[Any] = [cls for cls in classes.CLASSES if issubclass(cls, Module)]


@pytest.mark.parametrize("cls", MODULES, ids=lambda cls: cls.__name__)
def test_a_module_built_without_drawing_is_as_ever_after_loading(cls: Any) -> None:
    case = classes.case_of(cls)
    trained = case.make(3)
    before = default_rng().bit_generator.state
    with no_init():
        module = case.make(1)
    assert default_rng().bit_generator.state == before
    assert repr(module) == repr(trained)
    assert module.load_state_dict(trained.state_dict()) == ([], [])
    for one, other in (
        (module.buffers(), trained.buffers()),
        (module.parameters(), trained.parameters()),
    ):
        for ours, theirs in zip(one, other, strict=True):
            assert ours.dtype == theirs.dtype
            assert np.array_equal(ours.data, theirs.data)


def test_there_are_modules_of_every_package() -> None:
    assert {cls.__module__.partition(".")[0] for cls in MODULES} == {
        "neural_net_core",
        "neural_net_layers",
    }
