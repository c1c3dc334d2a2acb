"""Inside `no_init` nothing is drawn and everything has its shape; after loading all is as ever."""

import inspect
import threading
from typing import Any

import numpy as np
import pytest

import neural_net_core as core
from neural_net_core import default_rng, init, no_init, seed

SHAPES: dict[str, tuple[int, ...]] = {"identity": (3, 4)}
FURTHER: dict[str, tuple[Any, ...]] = {"constant": (0.5,)}
NOT_INITIALIZERS = {"Initializer", "calculate_gain", "fans"}
INITIALIZERS = sorted(set(init.__all__) - NOT_INITIALIZERS)
CONSTANT = {"constant", "identity", "ones", "zeros"}

MODULES = {
    "Dense": lambda **o: core.Dense(3, 2, **o),
    "Dense by an initializer": lambda **o: core.Dense(3, 2, init=init.orthogonal, **o),
    "Dense by one of its own": lambda **o: core.Dense(3, 2, init=own_initializer, **o),
    "FeedForward": lambda **o: core.FeedForward((3, 4, 2), **o),
    "SwiGLU": lambda **o: core.SwiGLU(3, **o),
    "Sequential": lambda **o: core.Sequential(core.Dense(3, 4, **o), core.PReLU(4)),
}


def own_initializer(shape: Any, *, rng: Any, dtype: Any) -> Any:
    return rng.normal(size=shape).astype(dtype)


def library_state() -> Any:
    return default_rng().bit_generator.state


@pytest.mark.parametrize("name", INITIALIZERS)
@pytest.mark.parametrize("dtype", [None, np.float64])
@pytest.mark.parametrize("given", [True, False])
def test_initializers_draw_nothing_inside(name: str, dtype: Any, given: bool) -> None:
    function = getattr(init, name)
    shape, further = SHAPES.get(name, (4, 3, 2)), FURTHER.get(name, ())
    rng = np.random.default_rng(0) if given else None
    outside = function(shape, *further, rng=np.random.default_rng(0), dtype=dtype)
    before, own = library_state(), None if rng is None else rng.bit_generator.state
    with no_init():
        inside = function(shape, *further, rng=rng, dtype=dtype)
    assert (inside.shape, inside.dtype) == (outside.shape, outside.dtype)
    if name in CONSTANT:
        assert np.array_equal(inside, outside)
    else:
        assert not inside.any()
    assert library_state() == before
    assert rng is None or rng.bit_generator.state == own
    after = function(shape, *further, rng=np.random.default_rng(0), dtype=dtype)
    assert np.array_equal(after, outside)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_wrong_arguments_are_errors_inside_too(name: str) -> None:
    with no_init():
        for shape, options in (((-1, 2), {}), ((2, 2), {"dtype": "text"})):
            with pytest.raises((ValueError, TypeError)):
                getattr(init, name)(shape, *FURTHER.get(name, ()), **options)


@pytest.mark.parametrize("kind", MODULES)
@pytest.mark.parametrize("dtype", [None, np.float64])
def test_a_network_built_inside_and_loaded_equals_one_built_outside(kind: str, dtype: Any) -> None:
    make = MODULES[kind]
    options = {} if dtype is None else {"dtype": dtype}
    if "own" in kind and dtype is None:
        options = {"dtype": np.float32}
    trained = make(rng=np.random.default_rng(1), **options)
    before, rng = library_state(), np.random.default_rng(2)
    with no_init():
        model, second = make(rng=rng, **options), make(**options)
    assert library_state() == before
    assert rng.bit_generator.state == np.random.default_rng(2).bit_generator.state
    for one in (model, second):
        for key, value in one.state_dict().items():
            other = trained.state_dict()[key]
            assert (value.shape, value.dtype) == (other.shape, other.dtype)
        one.load_state_dict(trained.state_dict())
        assert repr(one) == repr(trained)
        x = np.ones((2, 3), dtype or np.float32)
        assert np.array_equal(one(x).data, trained(x).data)
        one(x).sum().backward()
        assert all(p.grad is not None for p in one.parameters())


def test_outside_again_weights_are_drawn_as_if_nothing_had_been() -> None:
    seed(3)
    expected = core.Dense(2, 2).weight.data
    seed(3)
    with no_init():
        core.Dense(5, 5)
    assert np.array_equal(core.Dense(2, 2).weight.data, expected)


def test_an_error_inside_switches_drawing_on_again() -> None:
    with pytest.raises(KeyError), no_init():
        raise KeyError
    assert core.Dense(2, 2).weight.data.any()


def test_it_nests_decorates_and_is_each_threads_own() -> None:
    drawn: list[bool] = []

    @no_init()
    def build(depth: int) -> bool:
        return bool(core.Dense(2, 2).weight.data.any()) or (depth > 0 and build(depth - 1))

    with no_init():
        with no_init():
            pass
        assert not core.Dense(2, 2).weight.data.any()
        thread = threading.Thread(
            target=lambda: drawn.append(bool(core.Dense(2, 2).weight.data.any()))
        )
        thread.start()
        thread.join()
    assert drawn == [True]
    assert not build(3)
    assert core.Dense(2, 2).weight.data.any()
    assert inspect.isfunction(build)
