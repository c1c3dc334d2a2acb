"""What the functions of a step may contain, and the reason that is told where they may not."""

import gc
import random
import sys
import time
import types
from typing import Any

import numpy as np
import numpy.random as npr
import pytest
from numpy import float32, zeros
from numpy.random import default_rng

from neural_net_core import Dense, grad, mse_loss
from neural_net_utils import RecordedStep
from neural_net_utils.replay.python_code import codes_that_run

X = np.random.default_rng(1).normal(size=(10, 8, 5)).astype(np.float32)
Y = np.random.default_rng(2).normal(size=(10, 8, 3)).astype(np.float32)
MODEL = Dense(5, 3)
RNG = np.random.default_rng(5)
COUNT = 0

loaded: Any = types.ModuleType("module_of_a_test")
loaded.__file__ = "module_of_a_test.py"
loaded.scale = 1.0


def _loss(x: Any, y: Any) -> Any:
    return mse_loss(MODEL(x), y)


def _plain(x: Any, y: Any) -> Any:
    return _loss(x, y)


def _comprehended(x: Any, y: Any) -> Any:
    return sum([_loss(part, y) for part in (x, x * 2)], 0.0 * _loss(x, y))


def _generated(x: Any, y: Any) -> Any:
    def parts() -> Any:
        yield x
        yield x * 2

    return sum((_loss(part, y) for part in parts()), 0.0 * _loss(x, y))


def _recursive(x: Any, y: Any, depth: int = 3) -> Any:
    return _loss(x, y) if depth == 0 else _recursive(x * 0.5, y, depth - 1)


def _matched(x: Any, y: Any) -> Any:
    match x.shape:
        case (8, n) if n > 3:
            return _loss(x, y)
        case _:
            return _loss(x, y) * 2


def _caught(x: Any, y: Any) -> Any:
    try:
        return _loss(x[:, :4], y)
    except ValueError:
        return _loss(x, y)


def _with_errstate(x: Any, y: Any) -> Any:
    with np.errstate(all="ignore"):
        return _loss(x, y)


def _named_dtype(x: Any, y: Any) -> Any:
    return _loss(x.astype(np.float32), np.zeros(y.shape, dtype=np.float32))


def _constant_number(x: Any, y: Any) -> Any:
    return _loss(x, y) * np.float32(0.5)


def _prints(x: Any, y: Any) -> Any:
    print(end="")
    return _loss(x, y)


def _counts(x: Any, y: Any) -> Any:
    global COUNT
    COUNT += 1
    return _loss(x, y)


def _times(x: Any, y: Any) -> Any:
    return _loss(x, y) * min(1.0, time.time())


def _rolls(x: Any, y: Any) -> Any:
    return _loss(x, y) * (1 + 0 * random.random())


def _draws(x: Any, y: Any) -> Any:
    return _loss(x + 0 * RNG.normal(size=x.shape), y)


def _draws_by_numpy(x: Any, y: Any) -> Any:
    return _loss(x + 0 * np.random.normal(size=x.shape), y)  # noqa: NPY002


def _draws_by_another_name(x: Any, y: Any) -> Any:
    return _loss(x + 0 * npr.normal(size=x.shape), y)  # noqa: NPY002


def _makes_a_generator(x: Any, y: Any) -> Any:
    return _loss(x, y) * (1 + 0 * default_rng().integers(2))


def _imports(x: Any, y: Any) -> Any:
    import os

    return _loss(x, y) * len(os.sep)


def _imports_numpy(x: Any, y: Any) -> Any:
    import numpy as other

    return _loss(x, y) * other.float32(x.max())


def _makes_a_number(x: Any, y: Any) -> Any:
    return _loss(x, y) * np.float32(1 + x.max())


def _makes_a_number_by_name(x: Any, y: Any) -> Any:
    return _loss(x, y) * float32(x.max())


def _makes_a_number_elsewhere(x: Any, y: Any) -> Any:
    return _loss(x, y) * _here.xp.float32(x.max())


def _makes_an_array_by_name(x: Any, y: Any) -> Any:
    return _loss(x + zeros(5, np.float32), y)


def _walks(x: Any, y: Any) -> Any:
    return _loss(x, y) * float(max(v for _, v in np.ndenumerate(x)))


def _sets_errors(x: Any, y: Any) -> Any:
    np.seterr(over="ignore")
    return _loss(x, y)


def _asks_by_name(x: Any, y: Any) -> Any:
    return _loss(x, y) * getattr(loaded, "sc" + "ale")


def _takes_gradients(x: Any, y: Any) -> Any:
    """This one is seen: it writes nothing anywhere."""
    gradient = grad(_loss(x, y), MODEL.weight)
    return _loss(x, y) + (MODEL.weight * gradient).sum()


def _is_warned(x: Any, y: Any) -> Any:
    return _loss(x, y) * float(np.var(np.zeros((0, 1)), axis=0, ddof=1).size)


_here = types.SimpleNamespace(xp=np)

REASONS: dict[Any, str | None] = {
    _plain: None,
    _comprehended: None,
    _generated: None,
    _recursive: None,
    _matched: None,
    _caught: None,
    _with_errstate: None,
    _named_dtype: None,
    _constant_number: None,
    _takes_gradients: None,
    _prints: "_prints calls print(), which a record would leave out",
    _counts: "_counts changes the global name COUNT",
    _times: "_times uses the module time",
    _rolls: "_rolls uses the module random",
    _draws: "_draws draws at random itself (normal)",
    _draws_by_numpy: "_draws_by_numpy draws at random itself (normal, random)",
    _draws_by_another_name: "_draws_by_another_name draws at random itself (normal)",
    _makes_a_generator: "_makes_a_generator draws at random itself (default_rng)",
    _imports: "_imports imports os",
    _imports_numpy: "_imports_numpy imports numpy by itself; above the function it is seen",
    _makes_a_number: "_makes_a_number makes a number with float32(), which a record does not see",
    _makes_a_number_by_name: "_makes_a_number_by_name makes a number with float32()",
    _makes_a_number_elsewhere: "_here.xp is the module numpy, which is seen under a global name",
    _makes_an_array_by_name: "_makes_an_array_by_name calls zeros by itself",
    _walks: "_walks uses np.ndenumerate, whose use a record does not see",
    _sets_errors: "_sets_errors uses np.seterr, whose use a record does not see",
    _asks_by_name: "_asks_by_name may read any name of module_of_a_test by getattr()",
    _is_warned: "it warns: Degrees of freedom <= 0 for slice",
}


@pytest.mark.parametrize("loss_of", REASONS, ids=lambda f: f.__name__.strip("_"))
def test_functions_that_are_seen_and_the_reasons_of_those_that_are_not(
    loss_of: Any, side_by_side: Any, case: Any
) -> None:
    def make() -> Any:
        return case(loss_of, MODEL, sees=lambda: (COUNT - start[0], RNG.bit_generator.state))

    start = [COUNT]

    def script(step: Any, i: int, _: Any) -> Any:
        if i == 0:
            start[0] = COUNT
            RNG.bit_generator.state = np.random.default_rng(5).bit_generator.state
        MODEL.zero_grad()
        if loss_of in (_draws_by_numpy, _draws_by_another_name, _times):
            return None if step.gradients(X[i], Y[i]) is None else ""
        return step.gradients(X[i], Y[i])

    with np.errstate(over="warn"):
        found = side_by_side(make, script, 8)[-1]
    reason = REASONS[loss_of]
    assert found is None if reason is None else str(found).startswith(reason)


def test_what_is_called_when_garbage_is_collected_is_no_part_of_a_step() -> None:
    calls = []

    def callback(phase: str, info: Any) -> None:
        calls.append(phase)

    gc.callbacks.append(callback)
    try:
        with codes_that_run() as found:
            for _ in range(20_000):
                cycle: list[Any] = []
                cycle.append(cycle)
        assert not found
        assert gc.isenabled()
        step = RecordedStep(_plain, model=MODEL)
        for i in range(6):
            step.gradients(X[i], Y[i])
    finally:
        gc.callbacks.remove(callback)
    assert step.why_eager is None


class Finder:
    """A finder of modules that does what no step may do."""

    def find_spec(self, name, path=None, target=None):
        print(end="")


def test_what_runs_because_of_an_import_is_no_part_of_a_step(monkeypatch):
    """The packages import some modules when they are first needed; finders run then, and once."""
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    monkeypatch.delitem(sys.modules, "this_is_imported_late", raising=False)
    with codes_that_run() as found, pytest.raises(ModuleNotFoundError):
        __import__("this_is_imported_late")
    assert "find_spec" not in {code.co_name for code in found}
    with codes_that_run() as found:
        Finder().find_spec("other")
    assert "find_spec" in {code.co_name for code in found}
