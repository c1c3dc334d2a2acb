"""What a step finds outside its arguments: if it changes, a record of the step is not used."""

import collections
import dataclasses
import enum
import functools
import logging
import math
import random
import types
from collections.abc import Callable
from logging import info
from typing import Any

import numpy as np
import pytest

from neural_net_core import Dense, Module, Sequential, Tanh, Tensor, mse_loss
from neural_net_core.observing import drawn

X = np.random.default_rng(1).normal(size=(24, 8, 5)).astype(np.float32)
Y = np.random.default_rng(2).normal(size=(24, 8, 3)).astype(np.float32)

# Set by tests.
SCALE: Any = 1.0
WEIGHTS = np.array([1.0, 2.0, 3.0], np.float32)
LOG = logging.getLogger("neural_net_tests.watched")

settings: Any = types.ModuleType("settings_of_a_test")
settings.__file__ = "settings_of_a_test.py"
package: Any = types.ModuleType("package_of_a_test")
package.__file__ = "package_of_a_test.py"
package.settings = settings


def _model() -> Any:
    return Sequential(Dense(5, 7), Tanh(), Dense(7, 3))


def _train(step: Any, i: int) -> Any:
    return step.gradients(X[i], Y[i])


class _Scaled(Module):
    """A layer with settings everywhere."""

    scale = 1.0
    factors = [1.0, 2.0]  # noqa: RUF012

    def __init__(self) -> None:
        self.dense = Dense(5, 3)
        self.own = 1.0
        self.options = {"factor": 1.0}

    @property
    def twice(self) -> float:
        return self.scale * 2

    def forward(self, x: Any) -> Tensor:
        factor = self.twice * self.own * self.options["factor"] * self.factors[0]
        return self.dense(x) * factor


@dataclasses.dataclass
class _Config:
    scale: float = 1.0
    unlike: float = dataclasses.field(default=1.0, compare=False)


class _Mode(enum.Enum):
    ONE = 1.0
    TWO = 2.0


# What changes: a function that returns the loss of a model and a function that changes something.
Change = Callable[[], None]


def _class_attribute() -> tuple[Any, Any, Change]:
    class Layer(_Scaled):
        pass

    model = Layer()
    return model, lambda x, y: mse_loss(model(x), y), lambda: setattr(Layer, "scale", 3.0)


def _class_list() -> tuple[Any, Any, Change]:
    class Layer(_Scaled):
        factors = [1.0]  # noqa: RUF012

    model = Layer()
    return model, lambda x, y: mse_loss(model(x), y), lambda: Layer.factors.append(1.0)


def _class_property() -> tuple[Any, Any, Change]:
    class Layer(_Scaled):
        pass

    model = Layer()

    def change() -> None:
        Layer.twice = property(lambda self: 7.0)  # type: ignore[misc,assignment]

    return model, lambda x, y: mse_loss(model(x), y), change


def _class_method() -> tuple[Any, Any, Change]:
    class Layer(_Scaled):
        pass

    model = Layer()

    def change() -> None:
        Layer.forward = lambda self, x: self.dense(x) * 5  # type: ignore[method-assign]

    return model, lambda x, y: mse_loss(model(x), y), change


def _attribute() -> tuple[Any, Any, Change]:
    model = _Scaled()
    return model, lambda x, y: mse_loss(model(x), y), lambda: setattr(model, "own", 3.0)


def _dict_of_a_module() -> tuple[Any, Any, Change]:
    model = _Scaled()
    return model, lambda x, y: mse_loss(model(x), y), lambda: model.options.update(factor=2.0)


def _sign_of_zero() -> tuple[Any, Any, Change]:
    model = _model()
    model.sign = 0.0
    return (
        model,
        lambda x, y: mse_loss(model(x), y) + math.copysign(1, model.sign),
        lambda: setattr(model, "sign", -0.0),
    )


def _kind_of_number() -> tuple[Any, Any, Change]:
    model = _model()
    model.one = 1
    return (
        model,
        lambda x, y: (mse_loss(model(x), y), np.arange(3) * model.one),
        lambda: setattr(model, "one", 1.0),
    )


def _global_name() -> tuple[Any, Any, Change]:
    model = _model()
    globals()["SCALE"] = 1.0
    return (
        model,
        lambda x, y: mse_loss(model(x), y) * SCALE,
        lambda: globals().update(SCALE=2.0),
    )


def _global_function() -> tuple[Any, Any, Change]:
    model = _model()
    globals()["SCALE"] = lambda x: x * 2
    return (
        model,
        lambda x, y: SCALE(mse_loss(model(x), y)),
        lambda: globals().update(SCALE=lambda x: x * 3),
    )


def _global_array() -> tuple[Any, Any, Change]:
    model = _model()
    WEIGHTS[:] = 1, 2, 3
    return model, lambda x, y: (model(x) * WEIGHTS).mean(), lambda: WEIGHTS.fill(5)


def _builtin_name() -> tuple[Any, Any, Change]:
    model = _model()
    globals().pop("abs", None)
    return (
        model,
        lambda x, y: mse_loss(model(x), y) * abs(-2.0),
        lambda: globals().update(abs=lambda x: 7.0),
    )


def _cell() -> tuple[Any, Any, Change]:
    model, scale = _model(), 1.0

    def change() -> None:
        nonlocal scale
        scale = 2.0

    return model, lambda x, y: mse_loss(model(x), y) * scale, change


def _two_closures_of_one_code() -> tuple[Any, Any, Change]:
    model = _model()

    def times(k: float) -> Any:
        box = [k]
        return (lambda x: x * box[0]), box

    (first, box), (second, _) = times(2.0), times(3.0)
    return (
        model,
        lambda x, y: mse_loss(second(first(model(x))), y),
        lambda: box.__setitem__(0, 5.0),
    )


def _default() -> tuple[Any, Any, Change]:
    model = _model()

    def times(x: Any, k: float = 2.0) -> Any:
        return x * k

    def change() -> None:
        times.__defaults__ = (5.0,)

    return model, lambda x, y: mse_loss(times(model(x)), y), change


def _code() -> tuple[Any, Any, Change]:
    model = _model()

    def twice(x: Any) -> Any:
        return x * 2

    def thrice(x: Any) -> Any:
        return x * 3

    def change() -> None:
        twice.__code__ = thrice.__code__

    return model, lambda x, y: mse_loss(twice(model(x)), y), change


def _function_attribute() -> tuple[Any, Any, Change]:
    model = _model()

    def loss_of(x: Any, y: Any) -> Any:
        return mse_loss(model(x), y) * loss_of.scale  # type: ignore[attr-defined]

    loss_of.scale = 1.0  # type: ignore[attr-defined]
    return model, loss_of, lambda: setattr(loss_of, "scale", 2.0)


def _decorated() -> tuple[Any, Any, Change]:
    model, box = _model(), [1.0]

    def times(function: Any) -> Any:
        @functools.wraps(function)
        def inner(*args: Any) -> Any:
            return function(*args) * box[0]

        return inner

    @times
    def loss_of(x: Any, y: Any) -> Any:
        return mse_loss(model(x), y)

    return model, loss_of, lambda: box.__setitem__(0, 2.0)


def _partial() -> tuple[Any, Any, Change]:
    model = _model()

    def loss_of(x: Any, y: Any, scale: float) -> Any:
        return mse_loss(model(x), y) * scale

    step = functools.partial(loss_of, scale=1.0)
    return model, step, lambda: step.keywords.update(scale=2.0)


def _method() -> tuple[Any, Any, Change]:
    class Trainer:
        def __init__(self) -> None:
            self.model, self.scale = _model(), 1.0

        def loss_of(self, x: Any, y: Any) -> Any:
            return mse_loss(self.model(x), y) * self.scale

    trainer = Trainer()
    return trainer.model, trainer.loss_of, lambda: setattr(trainer, "scale", 2.0)


def _callable_object() -> tuple[Any, Any, Change]:
    class Loss:
        def __init__(self) -> None:
            self.scale = 1.0

        def __call__(self, x: Any, y: Any) -> Any:
            return ((x - y) ** 2).mean() * self.scale

    model, loss = _model(), Loss()
    return model, lambda x, y: loss(model(x), y), lambda: setattr(loss, "scale", 2.0)


def _config() -> tuple[Any, Any, Change]:
    model, box = _model(), {"config": _Config()}
    return (
        model,
        lambda x, y: mse_loss(model(x), y) * box["config"].scale,
        lambda: setattr(box["config"], "scale", 2.0),
    )


def _equal_config() -> tuple[Any, Any, Change]:
    model, box = _model(), {"config": _Config()}
    return (
        model,
        lambda x, y: mse_loss(model(x), y) * box["config"].unlike,
        lambda: box.update(config=_Config(unlike=2.0)),
    )


def _namespace() -> tuple[Any, Any, Change]:
    model, config = _model(), types.SimpleNamespace(scale=1.0)
    return (
        model,
        lambda x, y: mse_loss(model(x), y) * config.scale,
        lambda: setattr(config, "scale", 2.0),
    )


def _enumeration() -> tuple[Any, Any, Change]:
    model = _model()
    model.mode = _Mode.ONE
    return (
        model,
        lambda x, y: mse_loss(model(x), y) * model.mode.value,
        lambda: setattr(model, "mode", _Mode.TWO),
    )


def _module_of_python() -> tuple[Any, Any, Change]:
    model = _model()
    settings.scale = 1.0
    return (
        model,
        lambda x, y: mse_loss(model(x), y) * settings.scale,
        lambda: setattr(settings, "scale", 2.0),
    )


def _module_in_a_package() -> tuple[Any, Any, Change]:
    model = _model()
    settings.scale = 1.0
    return (
        model,
        lambda x, y: mse_loss(model(x), y) * package.settings.scale,
        lambda: setattr(settings, "scale", 2.0),
    )


def _layer_replaced() -> tuple[Any, Any, Change]:
    model = _model()

    def change() -> None:
        model[0] = Dense(5, 7, rng=np.random.default_rng(3))

    return model, lambda x, y: mse_loss(model(x), y), change


def _layer_added() -> tuple[Any, Any, Change]:
    model = _model()
    return model, lambda x, y: mse_loss(model(x), y), lambda: model.append(Tanh())


def _hook_added() -> tuple[Any, Any, Change]:
    model = _model()

    def change() -> None:
        model[0].register_forward_hook(lambda module, args, y: y * 2)

    return model, lambda x, y: mse_loss(model(x), y), change


def _hook_setting() -> tuple[Any, Any, Change]:
    model, box = _model(), [2.0]
    model[0].register_forward_hook(lambda module, args, y: y * box[0])
    return (model, lambda x, y: mse_loss(model(x), y), lambda: box.__setitem__(0, 3.0))


def _data_replaced() -> tuple[Any, Any, Change]:
    model = _model()

    def change() -> None:
        model[0].weight.data = model[0].weight.data * 2

    return model, lambda x, y: mse_loss(model(x), y), change


def _data_changed() -> tuple[Any, Any, Change]:
    model = _model()

    def change() -> None:
        model[0].weight.data[...] *= 2

    return model, lambda x, y: mse_loss(model(x), y), change


def _frozen() -> tuple[Any, Any, Change]:
    model = _model()
    return model, lambda x, y: mse_loss(model(x), y), lambda: model[0].requires_grad_(False)


def _other_dtype() -> tuple[Any, Any, Change]:
    model = _model()
    return model, lambda x, y: mse_loss(model(x), y), lambda: model.astype(np.float64)


def _tensor_of_our_layer() -> tuple[Any, Any, Change]:
    model = _model()
    model.scale = Tensor(2.0)

    def change() -> None:
        model.scale.data = np.array(3.0, np.float32)

    return model, lambda x, y: mse_loss(model(x), y) * model.scale, change


def _number_in_a_tensor_of_our_layer() -> tuple[Any, Any, Change]:
    model = _model()
    model.scale = Tensor(2.0)
    return (
        model,
        lambda x, y: mse_loss(model(x), y) * model.scale,
        lambda: model.scale.data.fill(3.0),
    )


def _array_of_a_layer() -> tuple[Any, Any, Change]:
    model = _model()
    model.table = np.ones((30_000, 3), np.float32)
    return (
        model,
        lambda x, y: mse_loss(model(x), y * model.table[:8]),
        lambda: model.table.fill(3.0),
    )


def _array_in_a_list_of_our_layer() -> tuple[Any, Any, Change]:
    model = _model()
    model.tables = [np.ones(3, np.float32)]
    return (
        model,
        lambda x, y: mse_loss(model(x), y * model.tables[0]),
        lambda: model.tables[0].fill(3.0),
    )


CHANGES = [
    _class_attribute, _class_list, _class_property, _class_method, _attribute, _dict_of_a_module,
    _sign_of_zero, _kind_of_number, _global_name, _global_function, _global_array, _builtin_name,
    _cell, _two_closures_of_one_code, _default, _code, _function_attribute, _decorated, _partial,
    _method, _callable_object, _config, _equal_config, _namespace, _enumeration, _module_of_python,
    _module_in_a_package, _layer_replaced, _layer_added, _hook_added, _hook_setting,
    _data_replaced, _data_changed, _frozen, _other_dtype, _tensor_of_our_layer,
    _number_in_a_tensor_of_our_layer, _array_of_a_layer, _array_in_a_list_of_our_layer,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda f: f.__name__.strip("_"))
def test_what_a_step_finds_may_change(change: Any, side_by_side: Any, case: Any) -> None:
    """It is replayed before the change and, from a new record, after it."""

    def make() -> Any:
        model, loss_of, then = change()
        return case(loss_of, model, names={"then": then})

    def script(step: Any, i: int, its: Any) -> Any:
        if i == 7:
            its.names["then"]()
        return _train(step, i)

    reasons = side_by_side(make, script, 16)
    globals().pop("abs", None)
    assert reasons[4:7] == [None] * 3
    assert reasons[-1] is None


# What is not replayed --------------------------------------------------------------------------


def _counts(box: Any) -> tuple[Any, Any]:
    model = _model()

    def loss_of(x: Any, y: Any) -> Any:
        box.append(1)
        return mse_loss(model(x), y)

    return model, loss_of


class _List(list[int]):
    pass


class _WithSlots:
    __slots__ = ("__dict__", "many")

    def __init__(self) -> None:
        self.many: list[int] = []

    def append(self, n: int) -> None:
        self.many = [*self.many, n]

    def __len__(self) -> int:
        return len(self.many)


@pytest.mark.parametrize(
    ("make_box", "reason"),
    [
        (list, "it changes what it may depend on: box has changed"),
        (collections.deque, "box is a deque, which can change without being seen"),
        (_List, "box is a _List, which can change without being seen"),
        (collections.UserList, "it changes what it may depend on: box.data has changed"),
        (_WithSlots, "box is a _WithSlots, which can change without being seen"),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_what_a_step_appends_is_appended_in_every_step(
    make_box: Any, reason: str, side_by_side: Any, case: Any
) -> None:
    def make() -> Any:
        box = make_box()
        model, loss_of = _counts(box)
        return case(loss_of, model, sees=lambda: len(box))

    assert set(side_by_side(make, lambda step, i, _: _train(step, i))[3:]) == {reason}


def _by_attribute(case: Any) -> Any:
    class Layer(_Scaled):
        calls = 0

        def forward(self, x: Any) -> Tensor:
            self.calls += 1
            return super().forward(x)

    model = Layer()
    return case(lambda x, y: mse_loss(model(x), y), model, sees=lambda: model.calls)


def _by_class(case: Any) -> Any:
    class Layer(_Scaled):
        seen: list[int] = []  # noqa: RUF012

        def forward(self, x: Any) -> Tensor:
            self.seen.append(1)
            return super().forward(x)

    model = Layer()
    return case(lambda x, y: mse_loss(model(x), y), model, sees=lambda: len(Layer.seen))


def _by_hook(case: Any) -> Any:
    model, seen = _model(), []
    model[0].register_forward_hook(lambda module, args, y: seen.append(y.data.sum()))
    return case(lambda x, y: mse_loss(model(x), y), model, sees=lambda: seen)


def _by_default_of_hook(case: Any) -> Any:
    model = _model()

    def hook(module: Any, args: Any, y: Any, seen: list[int] = []) -> None:  # noqa: B006
        seen.append(1)

    model[0].register_forward_hook(hook)
    return case(lambda x, y: mse_loss(model(x), y), model, sees=lambda: len(hook.__defaults__[0]))  # type: ignore[index]


def _by_deque_of_our_layer(case: Any) -> Any:
    model = _model()
    model[0].seen = collections.deque()
    model[0].register_forward_hook(lambda module, args, y: module.seen.append(1))
    return case(lambda x, y: mse_loss(model(x), y), model, sees=lambda: len(model[0].seen))


def _by_method_as_attribute(case: Any) -> Any:
    model, seen = _model(), []
    model.note = seen.append

    def loss_of(x: Any, y: Any) -> Any:
        model.note(1)
        return mse_loss(model(x), y)

    return case(loss_of, model, sees=lambda: len(seen))


def _by_function_attribute(case: Any) -> Any:
    model = _model()

    def loss_of(x: Any, y: Any) -> Any:
        loss_of.calls += 1  # type: ignore[attr-defined]
        return mse_loss(model(x), y)

    loss_of.calls = 0  # type: ignore[attr-defined]
    return case(loss_of, model, sees=lambda: loss_of.calls)  # type: ignore[attr-defined]


def _by_nonlocal(case: Any) -> Any:
    model, calls = _model(), 0

    def loss_of(x: Any, y: Any) -> Any:
        nonlocal calls
        calls += 1
        return mse_loss(model(x), y)

    return case(loss_of, model, sees=lambda: calls)


def _by_counter(case: Any) -> Any:
    model, seen = _model(), collections.Counter()

    def loss_of(x: Any, y: Any) -> Any:
        seen["calls"] += 1
        return mse_loss(model(x), y)

    return case(loss_of, model, sees=lambda: seen["calls"])


def _by_array(case: Any) -> Any:
    model, seen = _model(), np.zeros(1)

    def loss_of(x: Any, y: Any) -> Any:
        seen[0] += 1
        return mse_loss(model(x), y)

    return case(loss_of, model, sees=lambda: seen)


def _by_array_of_a_layer(case: Any) -> Any:
    """This one is replayed: arrays of modules are written in every step."""
    model = _model()
    model.seen = np.zeros(1)

    def loss_of(x: Any, y: Any) -> Any:
        model.seen += 1
        return mse_loss(model(x), y)

    return case(loss_of, model, sees=lambda: model.seen)


def _by_logger(case: Any) -> Any:
    model, seen = _model(), []

    class Handler(logging.Handler):
        def emit(self, record: Any) -> None:
            seen.append(1)

    LOG.handlers[:] = [Handler()]
    LOG.setLevel(logging.INFO)
    LOG.propagate = False

    def loss_of(x: Any, y: Any) -> Any:
        LOG.info("a step")
        return mse_loss(model(x), y)

    return case(loss_of, model, sees=lambda: len(seen))


def _by_function_of_logging(case: Any) -> Any:
    model = _model()

    def loss_of(x: Any, y: Any) -> Any:
        info("a step")
        return mse_loss(model(x), y)

    return case(loss_of, model)


def _by_random(case: Any) -> Any:
    model, rng = _model(), random.Random(3)
    return case(
        lambda x, y: mse_loss(model(x), y) * (2 if rng.random() < 0.2 else 1),
        model,
        sees=rng.getstate,
    )


def _by_generator_of_a_layer(case: Any) -> Any:
    class Layer(_Scaled):
        def __init__(self) -> None:
            super().__init__()
            self.rng = np.random.default_rng(3)

        def forward(self, x: Any) -> Tensor:
            y = super().forward(x)
            return y * 2 if self.rng.random() < 0.05 else y

    model = Layer()
    return case(
        lambda x, y: mse_loss(model(x), y), model, sees=lambda: model.rng.bit_generator.state
    )


def _by_bound_draw(case: Any) -> Any:
    model, rng = _model(), np.random.default_rng(3)
    draw = functools.partial(rng.integers, 0, 2)
    return case(
        lambda x, y: mse_loss(model(x), y) * (1 + draw()),
        model,
        sees=lambda: rng.bit_generator.state,
    )


def _by_backward(case: Any) -> Any:
    model = _model()

    def loss_of(x: Any, y: Any) -> Any:
        mse_loss(model(x), y).backward()
        return mse_loss(model(x), y)

    return case(loss_of, model)


def _by_zero_grad(case: Any) -> Any:
    model = _model()

    def loss_of(x: Any, y: Any) -> Any:
        model.zero_grad()
        return mse_loss(model(x), y)

    return case(loss_of, model)


def _by_reading_gradients(case: Any) -> Any:
    model = _model()

    def loss_of(x: Any, y: Any) -> Any:
        return mse_loss(model(x), y) * (1.0 if model[0].weight.grad is None else 2.0)

    return case(loss_of, model)


def _by_print(case: Any) -> Any:
    model = _model()
    model.say = print

    def loss_of(x: Any, y: Any) -> Any:
        model.say(end="")
        return mse_loss(model(x), y)

    return case(loss_of, model)


EFFECTS = {
    _by_attribute: "it changes what it may depend on: the settings of Layer have changed",
    _by_class: "it changes what it may depend on: Layer.seen has changed",
    _by_hook: "it changes what it may depend on: seen has changed",
    _by_default_of_hook: "it changes what it may depend on: a default of hook has changed",
    _by_deque_of_our_layer: "0 Dense.seen is a deque, which can change without being seen",
    _by_method_as_attribute: "Sequential.note is a builtin_function_or_method, which can change "
    "without being seen",
    _by_function_attribute: "it changes what it may depend on: the settings of loss_of have "
    "changed",
    _by_nonlocal: "loss_of changes calls of the function around it",
    _by_counter: "seen is a Counter, which can change without being seen",
    _by_array: "it changes what it may depend on: seen has changed",
    _by_array_of_a_layer: None,
    _by_logger: "LOG is a Logger, which can change without being seen",
    _by_function_of_logging: "info is logging.info()",
    _by_random: "rng is a Random, which can change without being seen",
    _by_generator_of_a_layer: "its record does not give the same: a random generator, from which "
    "something draws by itself",
    _by_bound_draw: "draw is a cython_function_or_method, which can change without being seen",
    _by_backward: "its recording does not give the same: the gradient of 0.weight",
    _by_zero_grad: "loss_of uses zero_grad, and what gradients there are may change",
    _by_reading_gradients: "loss_of uses grad, and what gradients there are may change",
    _by_print: "Sequential.say is a builtin_function_or_method, which can change without being "
    "seen",
}


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda f: f.__name__.strip("_"))
def test_an_effect_of_a_step_happens_in_every_step(
    effect: Any, side_by_side: Any, case: Any
) -> None:
    reasons = side_by_side(lambda: effect(case), lambda step, i, _: _train(step, i), 10)
    assert reasons[-1] == EFFECTS[effect]


def test_what_goes_through_drawn_is_drawn_in_every_replay(side_by_side: Any, case: Any) -> None:
    def make() -> Any:
        model, rng = _model(), np.random.default_rng(3)

        def loss_of(x: Any, y: Any) -> Any:
            noise = drawn(rng.normal, 0, 1, x.shape).astype(np.float32)
            order = drawn(rng.permutation, y)
            return mse_loss(model(x + noise), order)

        return case(loss_of, model, sees=lambda: rng.bit_generator.state)

    reasons = side_by_side(make, lambda step, i, _: _train(step, i), 12)
    assert reasons[4:] == [None] * 8


@pytest.mark.parametrize("name", ["model", "function"])
def test_a_model_that_cannot_be_watched_is_trained(name: str, side_by_side: Any, case: Any) -> None:
    """The reason is told; nothing is raised."""

    class Layer(_Scaled):
        __slots__ = ("slot",)

    def make() -> Any:
        model: Any = Layer() if name == "model" else _model()
        if name == "function":
            model.seen = {1, 2}
        return case(lambda x, y: mse_loss(model(x), y), model)

    reasons = side_by_side(make, lambda step, i, _: _train(step, i), 6)
    assert (
        reasons[-1]
        == {
            "model": "Layer has slots, which are not compared",
            "function": "Sequential.seen is a set, which can change without being seen",
        }[name]
    )


class _Shy:
    """Does not let itself be looked at."""

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("leave me alone")


def test_an_object_that_cannot_be_looked_at_is_a_reason(side_by_side: Any, case: Any) -> None:
    def make() -> Any:
        model, shy = _model(), _Shy()
        return case(lambda x, y: mse_loss(model(x), y) * len(str(type(shy))), model)

    reasons = side_by_side(make, lambda step, i, _: _train(step, i), 5)
    assert reasons[-1] == "it cannot be watched: RuntimeError: leave me alone"


class _Unequal:
    """Does not let itself be compared."""

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("compare somebody else")


def test_an_object_that_cannot_be_compared_is_a_change(side_by_side: Any, case: Any) -> None:
    def make() -> Any:
        model, box = _model(), {_Unequal(): 1.0}
        return case(
            lambda x, y: mse_loss(model(x), y) * sum(box.values()), model, names={"box": box}
        )

    def script(step: Any, i: int, its: Any) -> Any:
        if i == 7:
            its.names["box"].clear()
            its.names["box"][_Unequal()] = 2.0
        return _train(step, i)

    reasons = side_by_side(make, script, 12)
    assert reasons[6] is reasons[-1] is None
    assert reasons[7] == "it cannot be compared: RuntimeError: compare somebody else"


def test_a_package_whose_name_begins_like_ours_is_somebody_else_s(
    side_by_side: Any, case: Any
) -> None:
    class Layer(_Scaled):
        pass

    Layer.__module__ = "neural_net_of_somebody_else"

    def make() -> Any:
        model = Layer()
        return case(lambda x, y: mse_loss(model(x), y), model)

    def script(step: Any, i: int, its: Any) -> Any:
        its.model.own = 1.0 if i < 7 else 2.0
        return _train(step, i)

    assert side_by_side(make, script, 12)[-1] is None
