"""Training from a record is training: every optimizer and layer, beside the same loop as written.

The record has the loss and its backward pass; the optimizer runs as it is written. So what could go
wrong is what passes between them: arrays of gradients, parameters changed in place, buffers,
generators, and everything that somebody does to a model between two steps.
"""

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import neural_net_core as core
import neural_net_layers as layers
import neural_net_optim as optim
from neural_net_core import Dense, Flatten, Module, ReLU, Sequential, Tanh, Tensor
from neural_net_utils import RecordedStep

STEPS = 30
rng = np.random.default_rng(0)
X = rng.normal(size=(STEPS, 8, 5)).astype(np.float32)
Y = rng.normal(size=(STEPS, 8, 3)).astype(np.float32)
LABELS = rng.integers(0, 3, size=(STEPS, 8))
IMAGES = rng.normal(size=(STEPS, 4, 2, 6, 6)).astype(np.float32)
WORDS = rng.integers(0, 11, size=(STEPS, 4, 6))
SEQUENCES = rng.normal(size=(STEPS, 4, 6, 8)).astype(np.float32)
LENGTHS = rng.integers(1, 7, size=(STEPS, 4))
MASKS = (rng.random((STEPS, 4, 1, 6, 6)) > 0.3) | np.eye(6, dtype=bool)


class AsWritten:
    """What `RecordedStep` promises to do, in its own words."""

    why_eager = "always"

    def __init__(self, loss_of: Any, *, model: Module, optimizer: Any) -> None:
        self.loss_of, self.model, self.optimizer = loss_of, model, optimizer

    def gradients(self, *inputs: Any) -> Any:
        loss = self.loss_of(*inputs)
        loss.backward()
        return loss.detach()

    def __call__(self, *inputs: Any) -> Any:
        self.optimizer.zero_grad()
        loss = self.gradients(*inputs)
        self.optimizer.step()
        return loss


def told(x: Any) -> Any:
    """Return something as what can be compared, bit by bit."""
    if isinstance(x, dict):
        return {name: told(part) for name, part in x.items()}
    if isinstance(x, tuple | list):
        return [told(part) for part in x]
    if isinstance(x, Tensor):
        return told(x.data)
    if isinstance(x, np.ndarray | np.generic):
        return x.dtype.str, x.shape, x.tobytes()
    return x


def optimizer_state(optimizer: Any) -> Any:
    return told(optimizer.state_dict()) if hasattr(optimizer, "state_dict") else None


Make = Callable[[], tuple[Any, Any, Any]]
Script = Callable[[Any, int, Any, Any], Any]


def history(
    kind: Any, make: Make, script: Script, steps: int
) -> tuple[list[Any], list[str | None]]:
    core.seed(0)
    model, loss_of, optimizer = make()
    step = kind(loss_of, model=model, optimizer=optimizer)
    found: list[Any] = []
    reasons = []
    for i in range(steps):
        try:
            result = told(script(step, i, model, optimizer))
        except Exception as error:
            result = type(error), str(error), getattr(error, "__notes__", [])
        reasons.append(step.why_eager)
        found.append(
            {
                "result": result,
                "parameters": [told([p.data, p.grad]) for p in model.parameters()],
                "buffers": told(list(model.buffers())),
                "optimizer": optimizer_state(optimizer),
                "generator": core.default_rng().bit_generator.state,
            }
        )
    return found, reasons


def side_by_side(make: Make, script: Script, steps: int = STEPS) -> list[str | None]:
    """Compare step for step; return why each one was run as it is written."""
    wanted, _ = history(AsWritten, make, script, steps)
    found, reasons = history(RecordedStep, make, script, steps)
    for i, (a, b) in enumerate(zip(wanted, found, strict=True)):
        for what in a:
            assert a[what] == b[what], f"step {i} ({reasons[i]}): other {what}"
    return reasons


def network(*more: Any) -> Any:
    return Sequential(Dense(5, 7), *more, Tanh(), Dense(7, 3))


def trained(optimizer: Any = None, *more: Callable[[], Any]) -> Make:
    def make() -> tuple[Any, Any, Any]:
        model = network(*(m() for m in more))
        wanted = optimizer or (lambda ps: optim.SGD(ps, lr=0.05))
        return model, lambda x, y: core.mse_loss(model(x), y), wanted(list(model.parameters()))

    return make


def step_on(step: Any, i: int, model: Any, optimizer: Any) -> Any:
    return step(X[i % STEPS], Y[i % STEPS])


# Optimizers ------------------------------------------------------------------------------------

OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "SGD": lambda ps: optim.SGD(ps, lr=0.05),
    "momentum": lambda ps: optim.SGD(ps, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
    "Adam": optim.Adam,
    "AMSGrad": lambda ps: optim.Adam(ps, amsgrad=True, weight_decay=0.01),
    "AdamW": optim.AdamW,
    "Adamax": optim.Adamax,
    "NAdam": optim.NAdam,
    "RAdam": optim.RAdam,
    "RMSprop": lambda ps: optim.RMSprop(ps, momentum=0.5, centered=True),
    "Adagrad": optim.Adagrad,
    "Adadelta": optim.Adadelta,
    "Adafactor": optim.Adafactor,
    "LAMB": optim.LAMB,
    "Lion": optim.Lion,
    "Muon": optim.Muon,
    "Rprop": optim.Rprop,
    "Lookahead": lambda ps: optim.Lookahead(optim.Adam(ps), k=3),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer(name: str) -> None:
    make = trained(OPTIMIZERS[name], lambda: layers.Dropout(0.2), lambda: layers.BatchNorm1D(7))
    assert side_by_side(make, step_on)[4:] == [None] * (STEPS - 4)


def test_no_optimizer_is_missing() -> None:
    """LBFGS computes the loss several times in a step; the rest wrap others or are bases."""
    tried = {type(make([core.Parameter(np.ones((2, 2)))])) for make in OPTIMIZERS.values()}
    names = {kind.__name__ for kind in tried}
    kinds = {
        name
        for name in optim.__all__
        if isinstance(kind := getattr(optim, name), type) and issubclass(kind, optim.Optimizer)
    }
    bases = {"Optimizer", "ElementwiseOptimizer", "TensorwiseOptimizer"}
    assert kinds - names - bases == {"LBFGS"}


def test_schedules_and_every_change_of_a_setting() -> None:
    schedulers: list[Any] = []

    def make() -> tuple[Any, Any, Any]:
        model, loss_of, optimizer = trained(lambda ps: optim.Adam(ps, lr=0.01))()
        schedulers[:] = [optim.WarmupLR(optimizer, 5, optim.CosineAnnealingLR(optimizer, 30))]
        return model, loss_of, optimizer

    def script(step: Any, i: int, model: Any, optimizer: Any) -> Any:
        loss = step_on(step, i, model, optimizer)
        schedulers[0].step()
        if i == 12:
            optimizer.param_groups[0]["weight_decay"] = 0.1
        if i == 15:
            optimizer.param_groups[0]["betas"] = (0.5, 0.9)
        return loss

    assert side_by_side(make, script)[4:] == [None] * (STEPS - 4)


def test_clipping_accumulation_and_averages() -> None:
    averages: list[Any] = []

    def make() -> tuple[Any, Any, Any]:
        model, loss_of, optimizer = trained(optim.AdamW, lambda: layers.BatchNorm1D(7))()
        averages[:] = [optim.EMA(model, 0.9)]
        return model, loss_of, optimizer

    def script(step: Any, i: int, model: Any, optimizer: Any) -> Any:
        optimizer.zero_grad()
        losses = [step.gradients(X[i % STEPS][k::2], Y[i % STEPS][k::2]) for k in range(2)]
        norm = optim.clip_grad_norm(model.parameters(), 0.5)
        optimizer.step()
        averages[0].update()
        return losses, norm, averages[0].state_dict()

    assert side_by_side(make, script)[4:] == [None] * (STEPS - 4)


def test_groups_that_join_later() -> None:
    """The optimizer may lay its parameters out anew: then they have other arrays."""

    def make() -> tuple[Any, Any, Any]:
        model = network()
        loss_of = lambda x, y: core.mse_loss(model(x), y)  # noqa: E731
        return model, loss_of, optim.Adam(list(model[0].parameters()))

    def script(step: Any, i: int, model: Any, optimizer: Any) -> Any:
        if i == 8:
            optimizer.add_param_group({"params": list(model[2].parameters()), "lr": 0.1})
        step.model.zero_grad()
        return step_on(step, i, model, optimizer)

    reasons = side_by_side(make, script)
    assert reasons[4:8] == [None] * 4
    assert reasons[-10:] == [None] * 10


# Layers ----------------------------------------------------------------------------------------


def _case(build: Any, loss_of: Any, inputs: Any) -> Any:
    return build, loss_of, inputs


def _square(y: Any) -> Any:
    y = y[0] if isinstance(y, tuple) else y
    return (y**2).mean()


RECURRENT = {
    kind.__name__: _case(
        lambda kind=kind: kind(8, 5, num_layers=2, bidirectional=True, dropout=0.2),
        lambda m, x: _square(m(x)),
        lambda i: (SEQUENCES[i],),
    )
    for kind in (layers.VanillaRNN, layers.LSTM, layers.GRU)
}
NETWORKS: dict[str, Any] = RECURRENT | {
    "dropout": _case(
        lambda: network(layers.Dropout(0.3, rng=np.random.default_rng(1)), layers.Dropout(0.1)),
        lambda m, x: _square(m(x)),
        lambda i: (X[i],),
    ),
    "batch norm": _case(
        lambda: network(layers.BatchNorm1D(7)), lambda m, x: _square(m(x)), lambda i: (X[i],)
    ),
    "batch norm without averages": _case(
        lambda: network(layers.BatchNorm1D(7, track_running_stats=False)),
        lambda m, x: _square(m(x)),
        lambda i: (X[i],),
    ),
    "convolution": _case(
        lambda: Sequential(
            layers.Conv2D(2, 4, 3, padding=1), layers.BatchNorm2D(4), ReLU(), layers.MaxPool2D(2),
            Flatten(), Dense(36, 3),
        ),
        lambda m, x: _square(m(x)),
        lambda i: (IMAGES[i],),
    ),
    "embedding": _case(
        lambda: layers.Embedding(11, 5), lambda m, ids: _square(m(ids)), lambda i: (WORDS[i],)
    ),
    "attention with masks": _case(
        lambda: layers.MultiHeadAttention(8, 2, dropout=0.1),
        lambda m, x, mask: _square(m(x, keep=mask)),
        lambda i: (SEQUENCES[i], MASKS[i]),
    ),
    "transformer": _case(
        lambda: layers.TransformerEncoderLayer(8, 2, 16),
        lambda m, x: _square(m(x)),
        lambda i: (SEQUENCES[i],),
    ),
    "cross-entropy": _case(
        lambda: network(),
        lambda m, x, labels: core.cross_entropy(m(x), labels, label_smoothing=0.1),
        lambda i: (X[i], LABELS[i]),
    ),
    "weights that are computed": _case(
        lambda: Sequential(
            layers.spectral_norm(Dense(5, 7)), Tanh(), layers.weight_norm(Dense(7, 3))
        ),
        lambda m, x: _square(m(x)),
        lambda i: (X[i],),
    ),
    "focal loss": _case(
        lambda: network(),
        lambda m, x, labels: core.focal_loss(m(x), labels),
        lambda i: (X[i], LABELS[i]),
    ),
    "tied weights, a module twice": _case(
        lambda: (lambda d: Sequential(Dense(5, 5), d, Tanh(), d))(Dense(5, 5)),
        lambda m, x: _square(m(x)),
        lambda i: (X[i],),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_layers(name: str) -> None:
    build, loss_of, inputs = NETWORKS[name]

    def make() -> tuple[Any, Any, Any]:
        model = build()
        parameters = list(model.parameters())
        return model, lambda *args: loss_of(model, *args), optim.Adam(parameters, lr=0.01)

    reasons = side_by_side(make, lambda step, i, *_: step(*inputs(i)), 16)
    assert reasons[4:] == [None] * 12


def test_what_somebody_does_to_a_model_between_two_steps() -> None:
    def script(step: Any, i: int, model: Any, optimizer: Any) -> Any:
        if i % 6 == 5:
            model.eval()
            with core.no_grad():
                model(X[0])
            model.train()
        if i == 7:  # a step of one's own
            AsWritten(step.loss_of, model=model, optimizer=optimizer)(X[i], Y[i])
        if i == 9:
            model.load_state_dict({k: v // 2 for k, v in model.state_dict().items()})
        if i in (11, 17):
            model[0].requires_grad_(i == 17)
        if i == 20:
            optimizer.load_state_dict(optimizer.state_dict())
        if i == 22:
            core.seed(3)
        return step_on(step, i, model, optimizer)

    make = trained(optim.Adam, lambda: layers.Dropout(0.2), lambda: layers.BatchNorm1D(7))
    reasons = side_by_side(make, script)
    assert reasons[9:11] == [None] * 2
    assert reasons[15:] == [None] * 15


# What stays as it is written ---------------------------------------------------------------------


def _own_draw(model: Any, x: Any) -> Any:
    noise = core.default_rng().normal(size=x.shape).astype(np.float32)
    return _square(model(x + noise))


def _chosen_by_mask(model: Any, x: Any) -> Any:
    return _square(model(x)[x[:, 0] > 0])


STAYS: dict[str, tuple[Any, Any, Any, str]] = {
    "lengths that vary": (
        lambda: layers.LSTM(8, 5),
        lambda m, x, n: _square(m(x, lengths=n)),
        lambda i: (SEQUENCES[i], LENGTHS[i]),
        "direction_of did not do the same twice: ",
    ),
    "a cumulative average": (
        lambda: network(layers.BatchNorm1D(7, momentum=None)),
        lambda m, x: _square(m(x)),
        lambda i: (X[i],),
        "BatchNorm1D.forward did not do the same twice: ",
    ),
    "a draw of one's own": (
        network,
        _own_draw,
        lambda i: (X[i],),
        "test_recorded_step._own_draw computes with an array (8, 5) that it made unseen",
    ),
    "elements chosen by a mask": (
        network,
        _chosen_by_mask,
        lambda i: (X[i],),
        "FastGetItemOp.forward takes the elements that a mask chooses, whose number may change",
    ),
}


@pytest.mark.parametrize("name", STAYS)
def test_what_stays_as_it_is_written(name: str) -> None:
    """Nothing is replayed, and the reason is told."""
    build, loss_of, inputs, reason = STAYS[name]

    def make() -> tuple[Any, Any, Any]:
        model = build()
        return model, lambda *args: loss_of(model, *args), optim.Adam(list(model.parameters()))

    reasons = side_by_side(make, lambda step, i, *_: step(*inputs(i)), 24)
    assert None not in reasons
    assert reason in str(reasons[-1])


# All of it at random -----------------------------------------------------------------------------

MIDDLES: list[Callable[[], Any]] = [
    lambda: layers.Dropout(0.3),
    lambda: layers.BatchNorm1D(6),
    lambda: layers.LayerNorm(6),
    Tanh,
    ReLU,
    core.GELU,
    lambda: Dense(6, 6),
    lambda: layers.Residual(Dense(6, 6)),
]
EVENTS = ["nothing", "eval", "freeze", "load", "data", "seed", "lr", "rows", "textbook", "raise"]


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    middles=st.lists(st.sampled_from(range(len(MIDDLES))), max_size=4),
    optimizer=st.sampled_from(sorted(OPTIMIZERS)),
    loss=st.sampled_from(["mse", "cross-entropy", "ignored", "l1"]),
    events=st.lists(st.tuples(st.integers(0, 19), st.sampled_from(EVENTS)), max_size=4),
    accumulated=st.booleans(),
)
def test_random_networks(
    middles: list[int],
    optimizer: str,
    loss: str,
    events: list[tuple[int, str]],
    accumulated: bool,
) -> None:
    def make() -> tuple[Any, Any, Any]:
        model = Sequential(Dense(5, 6), *(MIDDLES[i]() for i in middles), Dense(6, 3))

        def loss_of(x: Any, y: Any, labels: Any) -> Any:
            z = model(x)
            if loss == "cross-entropy":
                return core.cross_entropy(z, labels)
            if loss == "ignored":
                return core.cross_entropy(z, labels, ignore_index=0)
            return core.mse_loss(z, y) if loss == "mse" else core.l1_loss(z, y)

        return model, loss_of, OPTIMIZERS[optimizer](list(model.parameters()))

    def script(step: Any, i: int, model: Any, its: Any) -> Any:
        happens = {event for at, event in events if at == i}
        x, y, labels = X[i], Y[i], LABELS[i].copy()
        if "eval" in happens:
            model.train(not model.training)
        if "freeze" in happens:
            model[0].requires_grad_(not model[0].weight.requires_grad)
        if "load" in happens:
            model.load_state_dict({k: v // 2 for k, v in model.state_dict().items()})
        if "data" in happens:
            model[0].bias.data = model[0].bias.data.copy()
        if "seed" in happens:
            core.seed(i)
        if "lr" in happens and hasattr(its, "param_groups"):
            its.param_groups[0]["lr"] *= 0.5
        if "rows" in happens:
            x, y, labels = x[:3], y[:3], labels[:3]
        if "raise" in happens:
            x = x[:, :4]
        if "textbook" in happens:
            with core.textbook():
                return step(x, y, labels)
        if not accumulated:
            return step(x, y, labels)
        its.zero_grad()
        losses = [step.gradients(x[k::2], y[k::2], labels[k::2]) for k in range(2)]
        its.step()
        return losses

    side_by_side(make, script, 20)
