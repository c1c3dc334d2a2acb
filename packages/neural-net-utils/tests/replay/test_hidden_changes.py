"""What is read of an object by other ways than its attributes' names, and may change there."""

import enum
import functools
import operator
import types
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neural_net_core import Dense, Module, Parameter, ReLU, Sequential, Tanh, mse_loss
from neural_net_core.tensor import Buffer

X = np.random.default_rng(1).normal(size=(16, 8, 5)).astype(np.float32)
Y = np.random.default_rng(2).normal(size=(16, 8, 3)).astype(np.float32)

settings: Any = types.ModuleType("settings_of_another_test")
settings.__file__ = "settings_of_another_test.py"

# A network, what its loss is multiplied by, and what changes that.
Hidden = tuple[Any, Callable[[], Any], Callable[[], Any]]


class _Scaled(Module):
    factors = [1.0]  # noqa: RUF012

    def __init__(self) -> None:
        self.dense = Dense(5, 3)
        self.own = 1.0

    def forward(self, x: Any) -> Any:
        return self.dense(x) * self.own


class _Doubled(_Scaled):
    def forward(self, x: Any) -> Any:
        return self.dense(x) * 2


def _class(**members: Any) -> Any:
    return type("Made", (), members)


def by_getattr() -> Hidden:
    held = _class(factors=[1.0])()
    return _Scaled(), lambda: sum(getattr(held, "fac" + "tors")), lambda: held.factors.append(1.0)


def by_dict_of_a_class() -> Hidden:
    held = _class(factors=[1.0])
    return _Scaled(), lambda: sum(held.__dict__["factors"]), lambda: held.factors.append(1.0)


def by_pattern() -> Hidden:
    kind = _class(factors=[1.0])
    held = kind()

    def factor() -> Any:
        match held:
            case kind(factors=[*all_of_them]):
                return sum(all_of_them)
        return 0

    return _Scaled(), factor, lambda: kind.factors.append(1.0)


def by_order_of_a_dict() -> Hidden:
    held = {"a": 1.0, "b": 1.0}
    return (
        _Scaled(),
        lambda: len(held) * (next(iter(held)) == "a"),
        lambda: held.update(a=held.pop("a")),
    )


def by_order_of_layers() -> Hidden:
    class Network(Module):
        def __init__(self) -> None:
            self.layers = {"a": Dense(5, 5), "b": Tanh()}
            self.last = Dense(5, 3)

        def forward(self, x: Any) -> Any:
            for layer in self.layers.values():
                x = layer(x)
            return self.last(x)

    model = Network()
    return model, lambda: 1.0, lambda: model.layers.update(a=model.layers.pop("a"))


def by_kind_of_a_key() -> Hidden:
    held: dict[Any, float] = {1: 0.5}

    def change() -> None:
        held.clear()
        held[True] = 0.5

    return _Scaled(), lambda: sum(2 if isinstance(k, bool) else 1 for k in held), change


def by_class_of_a_class() -> Hidden:
    meta: Any = type("Meta", (type,), {"scale": 1.0})
    held = meta("Held", (), {})
    return _Scaled(), lambda: held.scale, lambda: setattr(meta, "scale", 2.0)


def by_attribute_of_a_member() -> Hidden:
    class Mode(enum.Enum):
        ONE = "one"

        def __init__(self, _: str) -> None:
            self.scale = 1.0

    return _Scaled(), lambda: Mode.ONE.scale, lambda: setattr(Mode.ONE, "scale", 2.0)


def by_another_class() -> Hidden:
    model = _Scaled()
    return model, lambda: 1.0, lambda: setattr(model, "__class__", _Doubled)


def by_another_class_of_ours() -> Hidden:
    model: Any = Sequential(Dense(5, 7), Tanh(), Dense(7, 3))
    return model, lambda: 1.0, lambda: setattr(model[1], "__class__", ReLU)


def by_other_attributes() -> Hidden:
    held = _class()()
    held.scale = 1.0
    return _Scaled(), lambda: held.scale, lambda: setattr(held, "__dict__", {"scale": 2.0})


def by_other_attributes_of_a_layer() -> Hidden:
    model = _Scaled()
    return (
        model,
        lambda: 1.0,
        lambda: setattr(model, "__dict__", {**vars(model), "own": 2.0}),
    )


def by_name_of_a_parameter() -> Hidden:
    model = _Scaled()
    model.dense.weight.name = "one"
    return (
        model,
        lambda: len(str(model.dense.weight.name)),
        lambda: setattr(model.dense.weight, "name", "three"),
    )


class _Weight(Parameter):
    factors = [1.0]  # noqa: RUF012


def by_attribute_of_a_parameter() -> Hidden:
    model: Any = _Scaled()
    model.dense.weight = weight = _Weight(model.dense.weight.data)
    weight.scale = 1.0  # type: ignore[attr-defined]
    return model, lambda: weight.scale, lambda: setattr(weight, "scale", 2.0)  # type: ignore[attr-defined]


def by_class_of_a_parameter() -> Hidden:
    model: Any = _Scaled()
    model.dense.weight = weight = _Weight(model.dense.weight.data)
    _Weight.factors[:] = [1.0]
    return model, lambda: sum(weight.factors), lambda: weight.factors.append(1.0)


def by_key_of_a_dict() -> Hidden:
    key = _class()()
    key.scale = 1.0
    held = {key: "a"}
    return _Scaled(), lambda: sum(x.scale for x in held), lambda: setattr(key, "scale", 2.0)


def by_attribute_of_a_partial() -> Hidden:
    held: Any = functools.partial(float, 1)
    held.scale = 1.0
    return _Scaled(), lambda: held.scale, lambda: setattr(held, "scale", 2.0)


def by_bases_of_a_class() -> Hidden:
    first, second = _class(scale=1.0), _class(scale=2.0)
    kind: Any = type("Child", (first,), {})
    return _Scaled(), lambda: kind.scale, lambda: setattr(kind, "__bases__", (second,))


def by_default_of_a_keyword() -> Hidden:
    def factor(*, scale: float = 1.0) -> float:
        return scale

    return _Scaled(), factor, lambda: factor.__kwdefaults__.update(scale=2.0)


def by_shape_of_an_array() -> Hidden:
    held = np.arange(10, dtype=np.float32).reshape(2, 5)

    def change() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            held.shape = (5, 2)

    return _Scaled(), lambda: held[0].sum(), change


CHANGES = [
    by_getattr, by_dict_of_a_class, by_pattern, by_order_of_a_dict, by_order_of_layers,
    by_kind_of_a_key, by_class_of_a_class, by_attribute_of_a_member, by_another_class,
    by_another_class_of_ours, by_other_attributes, by_other_attributes_of_a_layer,
    by_name_of_a_parameter, by_attribute_of_a_parameter, by_class_of_a_parameter,
    by_key_of_a_dict, by_attribute_of_a_partial, by_bases_of_a_class, by_default_of_a_keyword,
    by_shape_of_an_array,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda f: f.__name__)
def test_what_is_read_in_other_ways_may_change(change: Any, side_by_side: Any, case: Any) -> None:
    """It is replayed before the change and, from a new record, after it."""

    def make() -> Any:
        model, factor, then = change()
        return case(lambda x, y: mse_loss(model(x), y) * factor(), model, names={"then": then})

    def script(step: Any, i: int, its: Any) -> Any:
        if i == 7:
            its.names["then"]()
        return step.gradients(X[i], Y[i])

    reasons = side_by_side(make, script, 16)
    assert reasons[4:7] == [None] * 3
    assert reasons[7] is not None
    assert reasons[-1] is None


UNNAMED = {
    "a getter": lambda: operator.attrgetter("sca" + "le")(settings),
    "a dict": lambda: settings.__dict__["scale"],
}


@pytest.mark.parametrize("way", UNNAMED)
def test_a_module_of_which_any_name_may_be_read(way: str, side_by_side: Any, case: Any) -> None:
    settings.scale = 1.0
    factor = UNNAMED[way]

    def make() -> Any:
        model = _Scaled()
        return case(lambda x, y: mse_loss(model(x), y) * factor(), model)

    def script(step: Any, i: int, _: Any) -> Any:
        settings.scale = 1.0 if i < 5 else 2.0
        return step.gradients(X[i], Y[i])

    reason = side_by_side(make, script, 8)[-1]
    assert reason == "any name of settings_of_another_test may be read, as by getattr()"


def test_a_record_of_numpys_that_can_be_written(side_by_side: Any, case: Any) -> None:
    def make() -> Any:
        model, row = _Scaled(), np.zeros(1, [("scale", "f4")])[0]
        return case(lambda x, y: mse_loss(model(x), y) * row["scale"], model)

    reason = side_by_side(make, lambda step, i, _: step.gradients(X[i], Y[i]), 5)[-1]
    assert reason == "row is a void, which can change without being seen"


def test_a_buffer_that_cannot_be_written_any_more(side_by_side: Any, case: Any) -> None:
    """The step as it is written says so; views that a record holds could still be written."""

    def make() -> Any:
        model: Any = _Scaled()
        model.seen = Buffer(np.zeros((), np.float32))

        def loss_of(x: Any, y: Any) -> Any:
            model.seen.data[...] += 1
            return mse_loss(model(x), y)

        return case(loss_of, model)

    def script(step: Any, i: int, its: Any) -> Any:
        its.model.seen.data.setflags(write=i not in (7, 8))
        return step.gradients(X[i], Y[i])

    reasons = side_by_side(make, script, 12)
    assert reasons[6] is reasons[-1] is None


def test_numpy_under_other_names_than_global_ones(side_by_side: Any, case: Any) -> None:
    """Arrays that it makes would not be noted, nor what is decided by them."""

    def made_with(xp: Any) -> Any:
        model = _Scaled()
        return case(
            lambda x, y: mse_loss(model(x), y) * (2.0 if xp.asarray(x).max() > 5 else 1.0), model
        )

    def script(step: Any, i: int, _: Any) -> Any:
        return step.gradients(X[i] * np.float32(1 if i < 7 else 9), Y[i])

    reason = side_by_side(lambda: made_with(np), script, 10)[-1]
    assert reason == "xp is the module numpy, which is seen under a global name alone"
