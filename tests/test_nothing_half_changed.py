"""Whatever has a state is after a failed call as it was before, to the last bit.

Every public class with `state_dict` is found by walking the packages. For each, `CASES` says how to
make one that has lived for n steps. Its methods are then called in ways that must fail: states with
one entry wrong, missing, too many or cut short, states that raise while they are read, arguments
of every wrong kind. A new class without a case fails the first test.
"""

import copy
import importlib
import inspect
import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import neural_net_core as core
import neural_net_layers as layers
import neural_net_optim as optim
import neural_net_utils as utils
from neural_net_core import Module, Parameter
from neural_net_utils import metrics
from neural_net_utils.training._run import Run

PACKAGES = ["core", "optim", "layers", "viz", "utils"]


# What there is, and how to make it ---------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """How to make an object whose calls are to fail.

    Attributes:
        make: Returns a new object that has lived for n steps; the states of 1 and 3 differ in
            every number that a state can differ in.
        beside: Returns what else the object changes: a schedule's optimizer, an average's model.
        fails: Further calls that must raise, each given the object.
    """

    make: Callable[[int], Any]
    beside: Callable[[Any], list[Any]] = lambda _: []
    fails: tuple[Callable[[Any], Any], ...] = ()


def lived(module: Module, n: int) -> Module:
    """Fill a module with numbers that tell how long it has lived."""
    for tensor in [*module.parameters(), *(b for b in module.buffers() if b.persistent)]:
        tensor.data[...] = n
    return module


def network(n: int) -> Module:
    return lived(core.Sequential(core.Dense(3, 2), layers.BatchNorm1D(2), core.Dense(2, 1)), n)


def module_case(make: Callable[[], Module], *fails: Callable[[Any], Any]) -> Case:
    return Case(lambda n: lived(make(), n), fails=fails)


def optimizer_case(make: Callable[..., Any], *fails: Callable[[Any], Any]) -> Case:
    """An optimizer with two groups after n steps."""

    def lived_for(n: int) -> Any:
        model = network(0)
        a, b, c, d, e, f = model.parameters()
        groups = [{"params": [a, b, c]}, {"params": [d, e, f], "lr": 1e-3}]
        optimizer = make([{"params": [a, b, c, d, e, f]}] if make is optim.LBFGS else groups)
        for step in range(n):
            for p in model.parameters():
                p.grad = np.full_like(p.data, 0.5 + step)
            optimizer.step(lambda: 1.0)
        optimizer.zero_grad()
        return optimizer

    def with_a_bad_gradient(bad: Any) -> Callable[[Any], Any]:
        def step(optimizer: Any) -> None:
            for group in optimizer.param_groups:
                for p in group["params"]:
                    p.grad = np.ones_like(p.data)
            p.grad = bad
            optimizer.step(lambda: 1.0)

        return step

    bad_gradients = (np.ones((7, 7)), np.array(["a"]), object(), [1.0], "text", core.Tensor([1.0]))
    return Case(
        lived_for,
        lambda o: [p for group in o.param_groups for p in group["params"]],
        (*map(with_a_bad_gradient, bad_gradients), *fails),
    )


def average_case(make: Callable[[Module], Any]) -> Case:
    def lived_for(n: int) -> Any:
        model = network(0)
        average = make(model)
        for step in range(n):
            lived(model, 1 + step)
            average.update()
        average.model = model
        return average

    return Case(lived_for, lambda average: [average.model])


def schedule_case(make: Callable[[Any], Any], *fails: Callable[[Any], Any]) -> Case:
    def lived_for(n: int) -> Any:
        optimizer = optim.SGD([Parameter([1.0]), Parameter([2.0])], lr=0.1, momentum=0.5)
        scheduler = make(optimizer)
        for _ in range(n):
            scheduler.step()
        return scheduler

    return Case(lived_for, lambda scheduler: [scheduler.optimizer], fails)


def step_for_ever(scheduler: Any) -> None:
    for _ in range(10):
        scheduler.step()


def callback_case(make: Callable[[], Any], **values: Callable[[int], Any]) -> Case:
    """A callback whose attributes have the values of step n."""

    def lived_for(n: int) -> Any:
        callback = make()
        callback.reset()
        for name, value in values.items():
            setattr(callback, name, value(n))
        return callback

    return Case(lived_for)


def loader(n: int) -> Any:
    x = np.arange(20.0).reshape(10, 2)
    made = utils.DataLoader((x, x), 2, shuffle=True, rng=np.random.default_rng(0))
    batches = iter(made)
    for _ in range(n):
        next(batches)
    return made


def history(n: int) -> Any:
    made = utils.History()
    table(n, made)
    table(n, made.steps)
    return made


def table(n: int, made: Any = None) -> Any:
    made = utils.Table("epoch") if made is None else made
    for row in range(n):
        made.append(row + n, {"loss": row + n / 2})
    return made


def training(n: int) -> Any:
    """A run after n steps, with what a run can have beside it."""
    model = network(0)
    optimizer = optim.Adam(model.named_parameters(), lr=0.1)
    x = np.ones((8, 3), np.float32)
    run = Run(
        model,
        core.mse_loss,
        optimizer,
        utils.DataLoader((x, x[:, :1]), 2, shuffle=True, rng=np.random.default_rng(0)),
        epochs=2,
        max_steps=None,
        validation=utils.DataLoader((x, x[:, :1]), 3, shuffle=True, rng=np.random.default_rng(1)),
        metrics={"error": utils.mean_absolute_error, "r2": utils.r2_score},
        scheduler=optim.StepLR(optimizer, 2),
        accumulate=1,
        callbacks=[
            utils.EarlyStopping("loss"),
            utils.GradientFlow(),
            utils.LearningRateLogger(),
            utils.TimeLimit(60.0),
            utils.WeightAveraging(optim.EMA(model)),
        ],
    )
    with run:
        run.begin_epoch()
        for _, ((x, y),) in zip(range(n), run.groups(), strict=False):
            output = model(x)
            run.weighted(core.mse_loss(output, y), [x], output, y)
            run.end_step()
    return run


def fitted_metric(metric: Any, n: int) -> Any:
    metric.update(np.full(n, 0.5), np.full(n, n))
    return metric


CASES: dict[type, Case] = {
    # core
    core.Dense: module_case(lambda: core.Dense(3, 2)),
    core.FeedForward: module_case(lambda: core.FeedForward([3, 2, 1])),
    core.Module: module_case(core.Module),
    core.ModuleDict: module_case(
        lambda: core.ModuleDict({"a": core.Dense(3, 2), "b": core.PReLU()}),
        lambda m: m.__setitem__("c.d", core.Dense(1, 1)),
        lambda m: m.__setitem__("c", None),
        lambda m: m.__delitem__("c"),
    ),
    core.ModuleList: module_case(
        lambda: core.ModuleList([core.Dense(3, 2), core.PReLU()]),
        lambda m: m.append(None),
        lambda m: m.extend([core.Dense(1, 1), None]),
        lambda m: m.insert(0, "text"),
        lambda m: m.__setitem__(0, "text"),
        lambda m: m.__setitem__(5, core.Dense(1, 1)),
    ),
    core.Sequential: Case(network, fails=(lambda m: m.append(None),)),
    core.SwiGLU: module_case(lambda: core.SwiGLU(2, 2)),
    core.Threshold: module_case(lambda: core.Threshold(0.3, -2.0)),
    core.Unflatten: module_case(lambda: core.Unflatten(1, (1, 3))),
    # optim
    optim.Lookahead: optimizer_case(lambda groups: optim.Lookahead(optim.Adam(groups), k=2)),
    optim.EMA: average_case(optim.EMA),
    optim.SWA: average_case(optim.SWA),
    optim.ChainedScheduler: schedule_case(
        lambda o: optim.ChainedScheduler([optim.StepLR(o, 1), optim.OneCycleLR(o, 1.0, 4)], o),
        step_for_ever,
    ),
    optim.ConstantLR: schedule_case(optim.ConstantLR),
    optim.CosineAnnealingLR: schedule_case(lambda o: optim.CosineAnnealingLR(o, 5)),
    optim.CosineAnnealingWarmRestarts: schedule_case(
        lambda o: optim.CosineAnnealingWarmRestarts(o, 3)
    ),
    optim.CyclicLR: schedule_case(lambda o: optim.CyclicLR(o, 0.1, 0.2, 3)),
    optim.ExponentialLR: schedule_case(lambda o: optim.ExponentialLR(o, 0.5)),
    optim.InverseSqrtLR: schedule_case(lambda o: optim.InverseSqrtLR(o, 2)),
    optim.LambdaLR: schedule_case(
        lambda o: optim.LambdaLR(o, lambda step: [1.0, 0.5, 0.2, 0.1, 0.0][step]), step_for_ever
    ),
    optim.LinearLR: schedule_case(optim.LinearLR),
    optim.MultiStepLR: schedule_case(lambda o: optim.MultiStepLR(o, [1, 2])),
    optim.MultiplicativeLR: schedule_case(
        lambda o: optim.MultiplicativeLR(o, lambda step: [1.0, 0.5, 0.2, 0.1, 0.0][step]),
        step_for_ever,
    ),
    optim.OneCycleLR: schedule_case(lambda o: optim.OneCycleLR(o, 1.0, 5), step_for_ever),
    optim.PolynomialLR: schedule_case(optim.PolynomialLR),
    optim.ReduceLROnPlateau: Case(
        lambda n: plateau(n),
        lambda scheduler: [scheduler.optimizer],
        (lambda s: s.step_metric(None), lambda s: s.step_metric("x"), lambda s: s.step_metric([])),
    ),
    optim.SWALR: schedule_case(lambda o: optim.SWALR(o, 0.01)),
    optim.SequentialLR: schedule_case(
        lambda o: optim.SequentialLR(o, [optim.StepLR(o, 1), optim.OneCycleLR(o, 1.0, 4)], [2]),
        step_for_ever,
    ),
    optim.StepLR: schedule_case(lambda o: optim.StepLR(o, 1)),
    optim.WarmupLR: schedule_case(
        lambda o: optim.WarmupLR(o, 2, optim.OneCycleLR(o, 1.0, 4)), step_for_ever
    ),
    # layers
    layers.AdaptiveAvgPool1D: module_case(lambda: layers.AdaptiveAvgPool1D(2)),
    layers.AdaptiveMaxPool1D: module_case(lambda: layers.AdaptiveMaxPool1D(2)),
    layers.AdaptiveMaxPool2D: module_case(lambda: layers.AdaptiveMaxPool2D(2)),
    layers.AdaptiveAvgPool2D: module_case(lambda: layers.AdaptiveAvgPool2D(2)),
    layers.AdaptiveLayerNorm: module_case(lambda: layers.AdaptiveLayerNorm(3, 2)),
    layers.AvgPool1D: module_case(lambda: layers.AvgPool1D(2)),
    layers.AvgPool2D: module_case(lambda: layers.AvgPool2D(2)),
    layers.BatchNorm1D: module_case(lambda: layers.BatchNorm1D(3)),
    layers.BatchNorm2D: module_case(lambda: layers.BatchNorm2D(3)),
    layers.Conv1D: module_case(lambda: layers.Conv1D(2, 3, 2)),
    layers.Conv2D: module_case(lambda: layers.Conv2D(2, 3, 2)),
    layers.ConvTranspose1D: module_case(lambda: layers.ConvTranspose1D(2, 3, 2)),
    layers.ConvTranspose2D: module_case(lambda: layers.ConvTranspose2D(2, 3, 2)),
    layers.Embedding: module_case(lambda: layers.Embedding(4, 2, max_norm=1.0)),
    layers.EmbeddingBag: module_case(lambda: layers.EmbeddingBag(4, 2, max_norm=1.0)),
    layers.Fold: module_case(lambda: layers.Fold(4, 2)),
    layers.GRU: module_case(lambda: layers.GRU(3, 2)),
    layers.GRUCell: module_case(lambda: layers.GRUCell(3, 2)),
    layers.GroupNorm: module_case(lambda: layers.GroupNorm(1, 3)),
    layers.InstanceNorm1D: module_case(
        lambda: layers.InstanceNorm1D(3, affine=True, track_running_stats=True)
    ),
    layers.InstanceNorm2D: module_case(
        lambda: layers.InstanceNorm2D(3, affine=True, track_running_stats=True)
    ),
    layers.LSTM: module_case(lambda: layers.LSTM(3, 2)),
    layers.LSTMCell: module_case(lambda: layers.LSTMCell(3, 2)),
    layers.LayerNorm: module_case(lambda: layers.LayerNorm(3)),
    layers.LearnedPositionalEmbedding: module_case(lambda: layers.LearnedPositionalEmbedding(4, 4)),
    layers.MaxPool1D: module_case(lambda: layers.MaxPool1D(2)),
    layers.MaxPool2D: module_case(lambda: layers.MaxPool2D(2)),
    layers.MaxUnpool2D: module_case(lambda: layers.MaxUnpool2D(2)),
    layers.MultiHeadAttention: module_case(lambda: layers.MultiHeadAttention(4, 2)),
    layers.PixelShuffle: module_case(lambda: layers.PixelShuffle(2)),
    layers.PixelUnshuffle: module_case(lambda: layers.PixelUnshuffle(2)),
    layers.PositionalEncoding: module_case(lambda: layers.PositionalEncoding(4, max_length=4)),
    layers.RMSNorm: module_case(lambda: layers.RMSNorm(3)),
    layers.RNNCell: module_case(lambda: layers.RNNCell(3, 2)),
    layers.Residual: module_case(lambda: layers.Residual(core.Dense(3, 3))),
    layers.ResidualBlock: module_case(lambda: layers.ResidualBlock(3)),
    layers.RotaryEmbedding: module_case(lambda: layers.RotaryEmbedding(4, max_length=4)),
    layers.SelfAttention: module_case(lambda: layers.SelfAttention(4, 2)),
    layers.TimestepEmbedding: module_case(lambda: layers.TimestepEmbedding(4)),
    layers.Transformer: module_case(lambda: layers.Transformer(4, 2, 1, 1)),
    layers.TransformerDecoder: module_case(lambda: layers.TransformerDecoder(2, 4, 2)),
    layers.TransformerDecoderLayer: module_case(lambda: layers.TransformerDecoderLayer(4, 2)),
    layers.TransformerEncoder: module_case(lambda: layers.TransformerEncoder(2, 4, 2)),
    layers.TransformerEncoderLayer: module_case(lambda: layers.TransformerEncoderLayer(4, 2)),
    layers.ZeroPad1D: module_case(lambda: layers.ZeroPad1D(2)),
    layers.ZeroPad2D: module_case(lambda: layers.ZeroPad2D(2)),
    layers.ConstantPad1D: module_case(lambda: layers.ConstantPad1D(2, 1.5)),
    layers.ConstantPad2D: module_case(lambda: layers.ConstantPad2D(2, 1.5)),
    layers.ReflectionPad1D: module_case(lambda: layers.ReflectionPad1D(2)),
    layers.ReflectionPad2D: module_case(lambda: layers.ReflectionPad2D(2)),
    layers.ReplicationPad1D: module_case(lambda: layers.ReplicationPad1D(2)),
    layers.ReplicationPad2D: module_case(lambda: layers.ReplicationPad2D(2)),
    layers.CircularPad1D: module_case(lambda: layers.CircularPad1D(2)),
    layers.CircularPad2D: module_case(lambda: layers.CircularPad2D(2)),
    layers.Unfold: module_case(lambda: layers.Unfold(2)),
    layers.Upsample: module_case(lambda: layers.Upsample(scale_factor=2)),
    layers.VanillaRNN: module_case(lambda: layers.VanillaRNN(3, 2)),
    # utils
    utils.CSVLogger: callback_case(lambda: utils.CSVLogger("log.csv")),
    utils.ModelCheckpoint: callback_case(
        lambda: utils.ModelCheckpoint("folder", monitor="loss"),
        best=lambda n: 1.0 / n,
        best_epoch=lambda n: n,
        run=lambda n: f"{n:032x}",
        saved=lambda n: [f"step-{step:08d}.safetensors" for step in range(n)],
    ),
    utils.DataLoader: Case(loader),
    utils.EarlyStopping: callback_case(
        lambda: utils.EarlyStopping("loss"),
        best=lambda n: 1.0 / n,
        best_epoch=lambda n: n,
    ),
    utils.GradientFlow: callback_case(utils.GradientFlow),
    utils.History: Case(history),
    utils.JSONLinesLogger: callback_case(lambda: utils.JSONLinesLogger("log.jsonl")),
    utils.LearningRateLogger: callback_case(utils.LearningRateLogger),
    utils.PlainProgress: callback_case(utils.PlainProgress),
    utils.RichProgress: callback_case(utils.RichProgress),
    utils.Standardizer: Case(lambda n: utils.Standardizer().fit(np.arange(n * 6.0).reshape(-1, 3))),
    utils.StopOnNaN: callback_case(utils.StopOnNaN),
    utils.Table: Case(table),
    utils.TimeLimit: callback_case(lambda: utils.TimeLimit(60.0)),
    Run: Case(
        training,
        lambda run: [
            *(run.model, run.optimizer, run.scheduler, run.train_loader, run.validation),
            *(run.totals, *run.callbacks),
        ],
    ),
    utils.WeightAveraging: Case(
        lambda n: averaging(n), lambda callback: [callback.average, callback.average.model]
    ),
    metrics.Gathered: Case(lambda n: fitted_metric(metrics.Gathered(utils.mean_squared_error), n)),
    metrics.Mean: Case(lambda n: fitted_metric(metrics.Mean(utils.mean_squared_error), n)),
    metrics.Ratio: Case(lambda n: fitted_metric(metrics.Ratio(lambda o, t: (o.sum(), len(t))), n)),
}

# Those of which only subclasses have a state.
BASES = {
    optim.ElementwiseOptimizer,
    optim.LRScheduler,
    optim.Optimizer,
    optim.TensorwiseOptimizer,
    optim.WeightAverage,
    utils.Callback,
    metrics.StreamingMetric,
}


def plateau(n: int) -> Any:
    optimizer = optim.SGD([Parameter([1.0])], lr=0.1)
    scheduler = optim.ReduceLROnPlateau(optimizer, patience=0)
    for step in range(n):
        scheduler.step_metric(1.0 + step)
    return scheduler


def averaging(n: int) -> Any:
    callback = utils.WeightAveraging(CASES[optim.EMA].make(n))
    callback.updates = n
    return callback


def public_classes() -> Iterator[type]:
    """Every class with a state that a package shows, also through its public sub-packages."""
    for package in PACKAGES:
        root = importlib.import_module(f"neural_net_{package}")
        shown = [getattr(root, name) for name in root.__all__]
        for part in [thing for thing in shown if isinstance(thing, ModuleType)]:
            shown += [getattr(part, name) for name in part.__all__]
        for thing in shown:
            if inspect.isclass(thing) and hasattr(thing, "load_state_dict"):
                yield thing


# A checkpoint restores a run as well, though nobody but `fit` makes one.
CLASSES = sorted({*public_classes(), Run} - BASES, key=lambda cls: (cls.__module__, cls.__name__))


def case_of(cls: type) -> Case | None:
    """The case of a class; what needs no argument makes itself, optimizers are made alike."""
    if cls in CASES:
        return CASES[cls]
    if issubclass(cls, optim.Optimizer):
        return optimizer_case(cls)
    if issubclass(cls, Module):
        required = [
            p
            for p in inspect.signature(cls).parameters.values()
            if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        ]
        return None if required else module_case(cls)
    return None


def test_every_class_with_a_state_has_a_case() -> None:
    missing = [f"{cls.__module__}.{cls.__name__}" for cls in CLASSES if case_of(cls) is None]
    assert missing == [], "say in CASES how to make one that has lived for n steps"
    assert len(CLASSES) > 100


# What it is, to the last bit ---------------------------------------------------------------------


def frozen(value: Any) -> Any:
    """A state as something that is equal exactly if all its bits and types are."""
    if isinstance(value, np.ndarray | np.generic | core.Tensor):
        array = value.data if isinstance(value, core.Tensor) else np.asarray(value)
        return type(value).__name__, array.dtype.str, array.shape, array.tobytes()
    if isinstance(value, float):
        return "float", struct.pack("<d", value)
    if isinstance(value, dict):
        return "dict", [(frozen(k), frozen(v)) for k, v in value.items()]
    if isinstance(value, list | tuple):
        return type(value).__name__, [frozen(part) for part in value]
    return type(value).__name__, repr(value)


def snapshot(case: Case, thing: Any) -> Any:
    """The states of an object and of what it changes."""
    try:
        others = [o.state_dict() if hasattr(o, "state_dict") else o for o in case.beside(thing)]
        return frozen([thing.state_dict(), others])
    except Exception as error:
        return f"no state any more: {error!r:.200}"


# The wrong things --------------------------------------------------------------------------------


class Nothing:
    """A value of no kind that anybody expects."""

    def __repr__(self) -> str:
        return "Nothing()"


WRONG: list[Any] = [
    None, "text", "", b"bytes", math.nan, math.inf, -math.inf, -1, -1.5, 1.5, 2**64, 10**400,
    [], {}, (), [math.nan], ["text"], {"a": None}, Nothing(), Nothing, np.float64(math.nan),
    np.array(math.nan), np.array([object()]), np.array(["a"]), np.zeros((7, 7, 7)),
    np.zeros((2, 0)), np.array([1j]), np.array("2020-01-01", "datetime64[D]"), core.Tensor([1.0]),
    np.ones(3), np.array(["a", "b"]), [np.ones(3)], [[1.0], [1.0, 2.0]], core.Tensor(np.ones(4)),
]  # fmt: skip


def replaced(tree: Any, path: tuple[Any, ...], change: Callable[[Any, Any], Any]) -> Any:
    """A copy of a tree of which the node above a place is changed there."""
    if len(path) == 1:
        return change(copy.copy(tree), path[0])
    inner = copy.copy(tree) if not isinstance(tree, tuple) else list(tree)
    inner[path[0]] = replaced(tree[path[0]], path[1:], change)
    return tuple(inner) if isinstance(tree, tuple) else inner


def places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every node below the root."""
    pairs: Any = ()
    if isinstance(tree, dict):
        pairs = tree.items()
    elif isinstance(tree, list | tuple):
        pairs = enumerate(tree)
    for key, value in pairs:
        yield (*path, key)
        yield from places(value, (*path, key))


def put(value: Any) -> Callable[[Any, Any], Any]:
    def change(node: Any, key: Any) -> Any:
        if isinstance(node, tuple):
            return (*node[:key], value, *node[key + 1 :])
        node[key] = value
        return node

    return change


def without(node: Any, key: Any) -> Any:
    if isinstance(node, tuple):
        return node[:key] + node[key + 1 :]
    del node[key]
    return node


def with_one_more(node: Any, key: Any) -> Any:
    if isinstance(node, dict):
        return {**node, "more": 1}
    return type(node)([*node, node[key]])


def cut(node: Any, key: Any) -> Any:
    """Half of what stands at a place, if it has halves."""
    value = node[key]
    half = value[: len(value) // 2] if isinstance(value, list | tuple | str) else None
    half = value[:0] if isinstance(value, np.ndarray) and value.ndim else half
    return put(half)(node, key)


class Broken(dict[Any, Any]):
    """A mapping that raises when it is read for the n-th time, it and all mappings inside."""

    def __init__(self, tree: dict[Any, Any], left: list[int]) -> None:
        super().__init__(
            (k, Broken(v, left) if isinstance(v, dict) else v) for k, v in tree.items()
        )
        self.left = left

    def _count(self) -> None:
        self.left[0] -= 1
        if self.left[0] < 0:
            raise ConnectionError("the mapping cannot be read")

    def __getitem__(self, key: Any) -> Any:
        self._count()
        return super().__getitem__(key)

    def get(self, key: Any, default: Any = None) -> Any:
        self._count()
        return super().get(key, default)

    def __contains__(self, key: Any) -> bool:
        self._count()
        return super().__contains__(key)

    def __iter__(self) -> Iterator[Any]:
        for key in super().__iter__():
            self._count()
            yield key

    def keys(self) -> Any:
        return list(self)

    def items(self) -> Any:
        return [(key, self[key]) for key in self]

    def values(self) -> Any:
        return [self[key] for key in self]


def wrong_states(state: Any) -> Iterator[tuple[str, Any]]:
    """States that differ from a good one in one thing."""
    for value in WRONG:
        yield f"the state {value!r:.40}", value
    for path in places(state):
        for value in WRONG:
            yield f"{path}: {value!r:.40}", replaced(state, path, put(value))
        for change in (without, with_one_more, cut):
            yield f"{path}: {change.__name__}", replaced(state, path, change)


def calls(thing: Any) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """Calls of every public method with wrong arguments."""
    names = [name for name in dir(type(thing)) if not name.startswith("_")] + ["__call__"]
    for name in names:
        method = inspect.getattr_static(type(thing), name, None)
        if not inspect.isfunction(method) or name in ("state_dict", "load_state_dict"):
            continue
        parameters = list(inspect.signature(method).parameters.values())[1:]
        positional = [
            p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.VAR_POSITIONAL)
        ]
        required = [p for p in positional if p.default is p.empty]
        optional = [p.name for p in parameters if p.default is not p.empty]
        yield f"{name}()", lambda o, name=name: getattr(o, name)()
        for value in WRONG:
            wrong = [value] * len(required)
            if required:
                yield (
                    f"{name}({value!r:.40})",
                    (lambda o, name=name, wrong=wrong: getattr(o, name)(*wrong)),
                )
            for word in optional:
                yield (
                    f"{name}({word}={value!r:.40})",
                    (
                        lambda o, name=name, wrong=wrong, word=word: getattr(o, name)(
                            *wrong, **{word: wrong[0] if wrong else None}
                        )
                    ),
                )


def report(faults: list[str]) -> str:
    return "\n".join([f"{len(faults)} faults, such as", *faults[:: max(1, len(faults) // 20)]])


# The tests ---------------------------------------------------------------------------------------

every_class = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
quiet = pytest.mark.filterwarnings("ignore")


@every_class
@quiet
def test_after_a_refused_state_the_old_one_is_there(cls: type) -> None:
    """And what refuses is short, and an error of ours: no foreign one about arrays' truth."""
    case = case_of(cls)
    assert case is not None
    state = case.make(3).state_dict()
    thing = case.make(1)
    before = snapshot(case, thing)
    refused, faults = 0, []
    for what, wrong in wrong_states(state):
        try:
            thing.load_state_dict(wrong)
        except Exception as error:
            refused += 1
            if not isinstance(error, core.NeuralNetError):
                faults.append(f"{what}: a foreign error {error!r:.200}")
            if len(str(error)) > 2_000:
                faults.append(f"{what}: an error of {len(str(error))} letters")
            if snapshot(case, thing) == before:
                continue
            faults.append(f"{what}: half-changed after {error!r:.200}")
        thing = case.make(1)
    assert not faults, report(faults)
    assert refused or not state


@every_class
@quiet
def test_after_a_state_that_cannot_be_read_the_old_one_is_there(cls: type) -> None:
    case = case_of(cls)
    assert case is not None
    state = case.make(3).state_dict()
    thing = case.make(1)
    before = snapshot(case, thing)
    faults, loaded = [], False
    for n in range(1000):
        try:
            thing.load_state_dict(Broken(dict(state), [n]))
        except Exception as error:
            if snapshot(case, thing) != before:
                faults.append(f"read {n}: half-changed after {error!r:.200}")
                thing = case.make(1)
        else:
            loaded = True
            break
    assert not faults, report(faults)
    assert loaded


@every_class
@quiet
def test_after_a_failed_call_the_state_is_as_before(
    cls: type, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    case = case_of(cls)
    assert case is not None
    thing = case.make(1)
    before = snapshot(case, thing)
    faults = []
    for what, call in calls(thing):
        try:
            call(thing)
        except Exception as error:
            if snapshot(case, thing) == before:
                continue
            faults.append(f"{what}: half-changed after {error!r:.200}")
        thing = case.make(1)
    assert not faults, report(faults)


@every_class
@quiet
def test_after_a_step_that_fails_half_way_nothing_has_moved(cls: type) -> None:
    case = case_of(cls)
    assert case is not None
    faults = []
    for number, call in enumerate(case.fails):
        thing = case.make(1)
        before = snapshot(case, thing)
        try:
            # A long way to the failure is itself allowed to change what it did well.
            call(thing)
        except Exception as error:
            if call is not step_for_ever and snapshot(case, thing) != before:
                faults.append(f"call {number}: half-changed after {error!r:.200}")
            elif call is step_for_ever:
                at_the_end = snapshot(case, thing)
                for _ in range(2):
                    with pytest.raises(type(error)):
                        thing.step()
                    if snapshot(case, thing) != at_the_end:
                        faults.append(f"call {number}: moves on after {error!r:.200}")
        else:
            faults.append(f"call {number}: does not fail")
    assert not faults, report(faults)
