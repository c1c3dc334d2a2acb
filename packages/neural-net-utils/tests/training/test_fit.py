"""The training loop: what it computes, records, and refuses."""

import inspect
import sys

import numpy as np
import pytest

from neural_net_core import Dense, Module, Parameter, ShapeError, cross_entropy, mse_loss, tanh
from neural_net_utils import (
    Callback,
    CSVLogger,
    DataLoader,
    EarlyStopping,
    accuracy,
    evaluate,
    f1_score,
    fit,
    mean_absolute_error,
    xor_gate,
)

rng = np.random.default_rng


class Line(Module):
    """y = w x, from a weight that is known."""

    def __init__(self, w=1.0):
        self.w = Parameter(np.array([w], dtype=np.float32))

    def forward(self, x):
        return x * self.w


def line_data(n=7):
    x = rng(0).standard_normal((n, 1)).astype(np.float32)
    return x, 3 * x


def quick(tiny, model=None, loss=mse_loss, loader=None, lr=0.1, momentum=0.0, **options):
    model = model or Line()
    optimizer = tiny.TinyMomentum(model.parameters(), lr, momentum)
    options.setdefault("progress", "off")
    loader = [line_data()] if loader is None else loader
    return model, fit(model, loss, optimizer, loader, **options)


def test_equals_a_loop_by_hand(tiny):
    """Weights and recorded losses are those of the plain loop, to the last bit."""
    x, y = tiny.small_digits()

    def start():
        model = tiny.NoisyNet(rng=rng(3))
        for p in model.parameters():
            p.data[...] = rng(1).standard_normal(p.shape) * 0.1
        return model, tiny.TinyMomentum(model.parameters())

    def loader():
        return DataLoader((x, y), 32, shuffle=True, rng=rng(2))

    model, optimizer = start()
    losses = []
    batches = loader()
    for _ in range(3):
        for inputs, target in batches:
            optimizer.zero_grad()
            loss = cross_entropy(model(inputs), target)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    fitted, optimizer = start()
    history = fit(fitted, cross_entropy, optimizer, loader(), epochs=3, progress="off")
    assert history.steps["loss"] == losses
    for name, value in model.state_dict().items():
        assert np.array_equal(fitted.state_dict()[name], value)
    # 120 samples in batches of 32, 32, 32, 24: the epoch's loss counts samples, not batches.
    weights = np.array([32, 32, 32, 24])
    assert history["loss"] == pytest.approx(
        [float(np.dot(losses[i : i + 4], weights)) / 120 for i in (0, 4, 8)]
    )


@pytest.mark.parametrize(
    ("n", "batch", "accumulate"), [(12, 3, 4), (12, 2, 3), (10, 4, 2), (7, 3, 5)]
)
def test_accumulated_batches_equal_one_large_batch(tiny, n, batch, accumulate):
    """Micro-batches, uneven ones included, give the large batch's steps and losses."""
    x, y = line_data(n)
    small, history = quick(
        tiny, loader=DataLoader((x, y), batch), accumulate=accumulate, epochs=3, momentum=0.9
    )
    large, wanted = quick(
        tiny, loader=DataLoader((x, y), batch * accumulate), epochs=3, momentum=0.9
    )
    assert small.w.data == pytest.approx(large.w.data, abs=1e-6)
    assert len(history.steps.index) == len(wanted.steps.index)
    assert history.steps["loss"] == pytest.approx(wanted.steps["loss"], abs=1e-6)


def test_metrics_on_training_and_validation(tiny):
    """Columns by name; F1 is that of the whole set, not a mean of batches; eval mode holds."""
    x, y = tiny.small_digits()
    model = tiny.NoisyNet(rng=rng(0))
    loader = DataLoader((x, y), 16)
    optimizer = tiny.TinyMomentum(model.parameters())
    metrics = {"accuracy": accuracy, "f1": f1_score}
    history = fit(
        model,
        cross_entropy,
        optimizer,
        loader,
        epochs=2,
        validation=loader,
        metrics=metrics,
        progress="off",
    )
    assert list(history) == ["loss", "accuracy", "f1", "val_loss", "val_accuracy", "val_f1"]
    assert history.index == [1, 2]
    model.eval()
    scores = model(x).data
    assert history["val_f1"][-1] == pytest.approx(f1_score(scores, y))
    assert history["val_accuracy"][-1] == pytest.approx(accuracy(scores, y))
    assert history["val_loss"][-1] == pytest.approx(cross_entropy(scores, y).item(), rel=1e-5)


def test_limits(tiny):
    """epochs, max_steps, both; a partial epoch has its row; stop reasons."""
    loader = DataLoader(line_data(10), 2)
    _, history = quick(tiny, loader=loader, epochs=2)
    assert (len(history.steps.index), history.index, history.stop_reason) == (10, [1, 2], "epochs")
    _, history = quick(tiny, loader=loader, max_steps=7)
    assert (history.steps.index[-1], history.index, history.stop_reason) == (7, [1, 2], "max_steps")
    _, history = quick(tiny, loader=loader, max_steps=7, epochs=1)
    assert (history.steps.index[-1], history.stop_reason) == (5, "epochs")

    def endless():
        while True:
            yield line_data()

    _, history = quick(tiny, loader=endless(), max_steps=4)
    assert history.steps.index == [1, 2, 3, 4]


def test_schedule_by_step_and_epoch(tiny):
    """A schedule is stepped after each step or whole epoch; one that monitors gets the value."""

    class Recorder:
        def __init__(self):
            self.calls = []

        def step(self, *values):
            self.calls.append(values)

    class Plateau(Recorder):
        def step_metric(self, value):
            self.calls.append(value)

        def step(self):
            raise AssertionError

    loader = DataLoader(line_data(6), 2)
    for every, count in (("step", 6), ("epoch", 2)):
        scheduler = Recorder()
        quick(tiny, loader=loader, epochs=2, scheduler=scheduler, scheduler_every=every)
        assert scheduler.calls == [()] * count
    # Two whole epochs and two steps of a third one, which does not count.
    options = {"loader": loader, "max_steps": 8, "metrics": {"mae": mean_absolute_error}}
    for monitor, validation, wanted in (
        (None, loader, "val_loss"),
        (None, None, "loss"),
        ("val_mae", loader, "val_mae"),
    ):
        scheduler = Plateau()
        _, history = quick(
            tiny, scheduler=scheduler, scheduler_monitor=monitor, validation=validation, **options
        )
        assert scheduler.calls == history[wanted][:2]
    with pytest.raises(ValueError, match=r"scheduler_monitor 'val_x' is none of \['loss', 'mae'"):
        quick(tiny, scheduler=Plateau(), scheduler_monitor="val_x", **options)
    with pytest.raises(ValueError, match="scheduler_every must be 'step' or 'epoch', got 'batch'"):
        quick(tiny, epochs=1, scheduler_every="batch")


def test_clip_gets_the_parameters_and_is_recorded(tiny):
    """The callable sees the gradients of each step; a returned norm stands in the history."""
    model, seen = Line(), []

    def clip(parameters):
        (p,) = parameters
        assert p is model.w
        seen.append(float(p.grad[0]))
        p.grad = p.grad * 0
        return abs(seen[-1])

    _, history = quick(tiny, model, clip=clip, epochs=3)
    assert model.w.data == [1.0]
    assert history.steps["gradient_norm"] == [abs(value) for value in seen]
    _, history = quick(tiny, clip=lambda parameters: None, epochs=1)
    assert "gradient_norm" not in history.steps


def test_several_inputs_and_tuple_outputs(tiny):
    """Batches (a, b, target) call model(a, b); the loss may take a tuple of outputs."""

    class Two(Module):
        def __init__(self):
            self.line = Line()

        def forward(self, a, b):
            return self.line(a), b

    def loss(output, target):
        first, second = output
        return mse_loss(first + second, target)

    x, _ = line_data()
    seen = []
    _, history = quick(
        tiny,
        Two(),
        loss,
        [(x, x, 4 * x)],
        epochs=100,
        metrics={"pair": lambda output, target: seen.append(output) or len(output)},
    )
    assert history["loss"][-1] < 1e-4
    assert history["pair"][-1] == 2
    assert all(isinstance(part, np.ndarray) for part in seen[0])


def test_callback_order_and_hooks(tiny):
    """Every hook is called, as documented, lower `order` first; an error closes everything."""
    calls = []

    class Spy(Callback):
        def __init__(self, name, order=0):
            self.name, self.order = name, order

    def hook(name):
        def method(self, training=None):
            calls.append((self.name, name))

        return method

    names = ["reset", "on_train_start", "on_epoch_start", "on_gradients", "on_step_end"]
    names += ["on_epoch_end", "on_train_end", "close"]
    for name in names:
        setattr(Spy, name, hook(name))
    quick(tiny, epochs=1, callbacks=[Spy("b", 5), Spy("a")])
    assert [name for _, name in calls[::2]] == names
    assert [who for who, _ in calls] == ["a", "b"] * len(names)
    calls.clear()
    with pytest.raises(ZeroDivisionError):
        quick(tiny, loss=lambda output, target: 1 / 0, epochs=1, callbacks=[Spy("a")])
    assert [name for _, name in calls] == ["reset", "on_train_start", "on_epoch_start", "close"]


def test_a_callback_may_stop(tiny):
    """stop() ends after the step; the half epoch gets its row unless there is no time for it."""

    class Stop(Callback):
        def __init__(self, now):
            self.now = now

        def on_step_end(self, training):
            if training.step == 3:
                training.stop("enough", now=self.now)
                training.stop("too late")

    loader = DataLoader(line_data(10), 2)
    for now, rows in ((False, [1]), (True, [])):
        _, history = quick(tiny, loader=loader, epochs=5, callbacks=[Stop(now)])
        assert history.stop_reason == "enough"
        assert history.steps.index == [1, 2, 3]
        assert history.index == rows


def test_modes_are_kept(tiny):
    """The model trains in training mode; a part put into evaluation mode by the user stays so."""
    seen = []

    class Watch(Callback):
        def on_gradients(self, training):
            seen.append((training.model.training, training.model.first.training))

    model = tiny.NoisyNet(rng=rng(0))
    model.first.eval()
    x, y = tiny.small_digits(20)
    optimizer = tiny.TinyMomentum(model.parameters())
    fit(
        model,
        cross_entropy,
        optimizer,
        [(x, y)],
        epochs=3,
        validation=[(x, y)],
        progress="off",
        callbacks=[Watch()],
    )
    assert seen == [(True, False)] * 3


def test_seed_orders_loader_and_noise(tiny):
    """Equal seeds give equal runs, also of a loader without a generator of its own."""

    def run(seed):
        loader = DataLoader(line_data(20), 3, shuffle=True)
        return quick(tiny, loader=loader, epochs=2, seed=seed)[1].steps["loss"]

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_learns_xor(tiny):
    """The smallest real problem: all four rows right."""
    x, y = xor_gate()

    class Net(Module):
        def __init__(self):
            self.hidden = Dense(2, 8, rng=rng(0))
            self.out = Dense(8, 1, rng=rng(1))

        def forward(self, x):
            return self.out(tanh(self.hidden(x)))

    model, history = quick(
        tiny,
        Net(),
        loader=[(x, y)],
        epochs=500,
        momentum=0.9,
        callbacks=[EarlyStopping("loss", patience=50)],
    )
    assert history["loss"][-1] < 0.01
    assert np.array_equal(model(x).data > 0.5, y > 0.5)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, ValueError, "give epochs or max_steps"),
        ({"epochs": 0}, ValueError, "fit: epochs must be an int >= 1, got 0"),
        ({"max_steps": 1.5}, ValueError, "fit: max_steps must be an int >= 1, got 1.5"),
        ({"epochs": 1, "accumulate": 0}, ValueError, "fit: accumulate must be an int >= 1"),
        ({"epochs": 1, "progress": "bar"}, ValueError, "progress must be .* got 'bar'"),
        (
            {"epochs": 1, "callbacks": [print]},
            TypeError,
            "must be a list of Callback objects, got <built-in",
        ),
        ({"epochs": 1, "metrics": {"loss": accuracy}}, ValueError, "taken by the loss"),
        ({"epochs": 1, "metrics": {"a": "accuracy"}}, TypeError, "got 'accuracy'"),
        ({"epochs": 1, "loader": line_data()}, ValueError, "got a ndarray.*DataLoader"),
        ({"epochs": 1, "loader": [line_data()[:1]]}, ValueError, "got a tuple of 1"),
        ({"epochs": 1, "loader": [(np.ones((2, 1)), 1.0)]}, ValueError, "must be an array"),
        (
            {"epochs": 1, "loader": DataLoader(line_data(3), 4, drop_last=True)},
            ValueError,
            "no batch",
        ),
        ({"epochs": 2, "loader": iter([line_data()])}, ValueError, "no batch in epoch 2"),
        ({"epochs": 1, "validation": iter([])}, ValueError, "evaluate: the loader gave no batch"),
        ({"epochs": 1, "loss": lambda o, t: 1.0}, ValueError, "scalar Tensor.*got float"),
        ({"epochs": 1, "loss": lambda o, t: o * t}, ValueError, r"got a Tensor \(7, 1\)"),
    ],
)
def test_bad_arguments(tiny, options, error, message):
    """Each mistake has a message that names it; the weights are as they were."""
    model = Line()
    with pytest.raises(error, match=message):
        quick(tiny, model, **options)
    if "validation" not in options and options.get("epochs") != 2:
        assert model.w.data == [1.0]


def ignored(n=4):
    """Rows whose first and last target count; the others are ignored by `cross_entropy`."""
    return np.array([[2.0, 0.0]] * n, dtype=np.float32), np.array([1] + [-100] * (n - 2) + [0])


class Scale(Module):
    """One weight, so that a gradient is one number."""

    def __init__(self):
        self.w = Parameter(np.ones(1, dtype=np.float32))

    def forward(self, x):
        return x * self.w


def weighted_loss(output, target):
    return cross_entropy(output, target, weight=np.array([0.2, 3.0], dtype=np.float32))


def own_mean(output, target):
    """A mean of one's own over what it likes, said in `counted`."""
    keep = target != -100
    loss = ((output[:, 1] - target) ** 2 * keep).sum() * (1 / max(keep.sum(), 1))
    loss.counted = keep.sum()
    return loss


COMPOSED = {
    "mean": (cross_entropy, 0.7616, 1.1269),
    "weighted": (weighted_loss, None, None),
    "own mean": (own_mean, None, None),
    "sum": (lambda z, t: cross_entropy(z, t, reduction="sum"), 1.5232, 2.2539),
    "sum / n": (lambda z, t: cross_entropy(z, t, reduction="sum") / len(t), 0.3808, 0.5635),
    "2 *": (lambda z, t: 2 * cross_entropy(z, t), 1.5232, 2.2539),
    "/ 2": (lambda z, t: cross_entropy(z, t) / 2, 0.3808, 0.5635),
    "penalty": (lambda z, t: cross_entropy(z, t) + 0 * z.sum(), 0.7616, 1.1269),
    "0 * mse": (lambda z, t: cross_entropy(z, t) + 0 * mse_loss(z, 0 * z.data), 0.7616, 1.1269),
    "twice": (lambda z, t: cross_entropy(z, t) + cross_entropy(z, t), 1.5232, 2.2539),
}


@pytest.mark.parametrize("name", COMPOSED)
@pytest.mark.parametrize("n", [2, 4, 5, 9])
@pytest.mark.parametrize("batch", [1, 2, 3, 4])
def test_batches_weigh_what_their_losses_counted(tiny, name, n, batch):
    """Ignored targets, class weights: accumulated and evaluated as if there were one batch.

    Likewise losses made of losses, and sums.
    """
    loss, *expected = COMPOSED[name]
    x, y = ignored(n)
    found = []

    class Look(Callback):
        def on_gradients(self, training):
            found.append((float(training.model.w.grad[0]), training.loss))

    for size, accumulate in ((n, 1), (batch, n)):
        options = {"accumulate": accumulate, "epochs": 1, "callbacks": [Look()]}
        model, history = quick(tiny, Scale(), loss, DataLoader((x, y), size), 0.0, **options)
        found.append(evaluate(model, loss, DataLoader((x, y), size))["loss"])
        found.append(history["loss"][0])
    (gradient, step), evaluated, epoch = found[:3]
    assert found[3] == pytest.approx((gradient, step), rel=1e-5)
    assert found[4:] == pytest.approx([evaluated, epoch], rel=1e-5)
    assert evaluated == pytest.approx(step, rel=1e-5)
    if expected[0] is not None and n == 4:
        assert (gradient, step) == pytest.approx(expected, abs=1e-4)


def test_a_step_in_which_nothing_counts(tiny):
    """All targets ignored, in a group and in an evaluation: loss 0, no NaN, nothing trained."""
    x, _ = ignored()
    data = DataLoader((x, np.full(4, -100)), 3)
    model, history = quick(tiny, Scale(), cross_entropy, data, accumulate=2, epochs=1)
    assert history["loss"] == history.steps["loss"] == [0.0]
    assert model.w.data == [1.0]
    assert evaluate(model, cross_entropy, data) == {"loss": 0.0}


def test_a_model_that_returns_its_loss(tiny):
    """Without loss_fn batches are inputs alone: equal to the same loss outside, to the bit."""

    class WithLoss(Module):
        def __init__(self):
            self.line = Line()

        def forward(self, x, y):
            return mse_loss(self.line(x), y)

    class Autoencoder(Module):
        def __init__(self):
            self.line = Line()

        def forward(self, x):
            return mse_loss(self.line(x), 2 * x)

    data = DataLoader(line_data(10), 3)
    for accumulate in (1, 2):
        options = {"epochs": 3, "accumulate": accumulate, "validation": data, "loader": data}
        plain, wanted = quick(tiny, **options)
        model, history = quick(tiny, WithLoss(), None, **options)
        assert model.line.w.data == plain.w.data
        assert repr(history) == repr(wanted)
    assert evaluate(model, None, data) == {"loss": history["val_loss"][-1]}
    # One input alone: what DataLoader(array) gives.
    model, history = quick(tiny, Autoencoder(), None, DataLoader(line_data(10)[0], 4), epochs=60)
    assert model.line.w.data == pytest.approx([2.0], abs=1e-2)
    with pytest.raises(ValueError, match="without loss_fn there are none"):
        quick(tiny, WithLoss(), None, data, epochs=1, metrics={"accuracy": accuracy})
    with pytest.raises(ShapeError, match=r"from loss_fn \(without one, from the model\)"):
        quick(tiny, Line(), None, DataLoader(line_data(10)[0], 4), epochs=1)
    with pytest.raises(ValueError, match=r"expected batches \(inputs, \.\.\.\), got a ndarray"):
        quick(tiny, Autoencoder(), None, line_data()[0], epochs=1)


class Closing(Callback):
    """Notes that it was closed, and fails if it is told to."""

    def __init__(self, closed, error=None):
        self.closed, self.error = closed, error

    def close(self):
        self.closed.append(self)
        if self.error is not None:
            raise self.error


class Failing(Callback):
    def on_step_end(self, training):
        raise ZeroDivisionError("training")


@pytest.mark.parametrize("first", [None, OSError("disk"), KeyboardInterrupt()])
@pytest.mark.parametrize("second", [None, ValueError("table"), KeyboardInterrupt()])
@pytest.mark.parametrize("fails", [False, True])
def test_all_callbacks_are_closed(tiny, tmp_path, first, second, fails):
    """Whichever close() raises: the first error comes out, with a note on each later one."""
    closed = []
    errors = [*([ZeroDivisionError("training")] if fails else []), first, second]
    errors = [error for error in errors if error is not None]
    logger = CSVLogger(tmp_path / "log.csv", per="step")
    callbacks = [Closing(closed, first), Closing(closed), logger, Closing(closed, second)]
    callbacks += [Closing(closed), *([Failing()] if fails else [])]
    if not errors:
        quick(tiny, epochs=1, callbacks=callbacks)
    else:
        with pytest.raises(type(errors[0])) as caught:
            quick(tiny, epochs=1, callbacks=callbacks)
        notes = getattr(caught.value, "__notes__", [])
        assert notes == [f"Closing.close() failed, too: {error!r}" for error in errors[1:]]
    assert closed == [c for c in callbacks if isinstance(c, Closing)]
    assert logger._stream is None
    for error in (first, second):  # the parameters are shared between cases
        vars(error or Line()).pop("__notes__", None)


def test_parts_that_would_train_nothing(tiny):
    """An optimizer of another model, a schedule of another optimizer: an error at the start."""
    model, other = Line(), Line()

    class Steps:
        def __init__(self, optimizer):
            self.optimizer = optimizer

        def step(self):
            self.optimizer.param_groups[0]["lr"] /= 2

    optimizer, foreign = (tiny.TinyMomentum(m.parameters()) for m in (model, other))
    options = {"epochs": 1, "progress": "off"}
    with pytest.raises(ValueError, match=r"optimizer \(TinyMomentum\) holds no parameter of the m"):
        fit(model, mse_loss, foreign, [line_data()], **options)
    with pytest.raises(ValueError, match=r"scheduler \(Steps\) sets the rates of another"):
        fit(model, mse_loss, optimizer, [line_data()], scheduler=Steps(foreign), **options)
    assert model.w.data == other.w.data == [1.0]
    fit(model, mse_loss, optimizer, [line_data()], scheduler=Steps(optimizer), **options)
    assert model.w.data != [1.0]

    class Learned(Module):
        """A loss with a parameter of its own; the model itself is frozen elsewhere."""

        def __init__(self):
            self.factor = Parameter(np.ones(1, dtype=np.float32))

        def forward(self, output, target):
            return mse_loss(output * self.factor, target)

    loss = Learned()
    fit(model, loss, tiny.TinyMomentum(loss.parameters()), [line_data()], **options)
    assert loss.factor.data != [1.0]


@pytest.mark.parametrize(
    "name", ["loss", "val_loss", "val_accuracy", "val_", "epoch", "lr", "lr_1"]
)
def test_reserved_names_of_metrics(tiny, name):
    """A metric whose column is somebody else's would be overwritten, or overwrite it."""
    model = Line()
    with pytest.raises(ValueError, match=f'the name {name!r}|the name "loss"'):
        quick(tiny, model, epochs=1, metrics={name: mean_absolute_error})
    assert model.w.data == [1.0]
    quick(tiny, epochs=1, metrics={"lr_error": mean_absolute_error, "epochs": accuracy_of_sign})


def accuracy_of_sign(output, target):
    return float(np.mean((output > 0) == (target > 0)))


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("model", [None, Line, lambda x: x, "model"]),
        ("loss_fn", ["mse", 3, 0.0]),
        ("optimizer", [None, 0.1, object(), [Parameter([1.0])]]),
        ("train_loader", [None, 3, 0.5, line_data]),
        ("validation", [3, line_data]),
        ("schedule", [0.1, "cosine", object()]),
        ("clip", [1.0, "norm"]),
        ("callbacks", [EarlyStopping(), [None], 3, [EarlyStopping]]),
        ("metrics", [accuracy, ["accuracy"], {1: accuracy}]),
    ],
)
def test_wrong_parts(tiny, part, value):
    """A part that cannot be one is refused with its name before anything runs."""
    for wrong in value:
        model = Line()
        options = {
            "model": model,
            "loss_fn": mse_loss,
            "optimizer": tiny.TinyMomentum(model.parameters()),
            "train_loader": [line_data()],
            part: wrong,
        }
        with pytest.raises((TypeError, ValueError), match=part.split("_")[0]):
            fit(**options, epochs=1, progress="off")
        assert model.w.data == [1.0]


def test_the_loop_stays_short():
    """The promise of the page: one loop that can be read at a glance."""
    source, _ = inspect.getsourcelines(sys.modules[fit.__module__])
    code = inspect.getsource(fit).split('"""')[2]
    assert len(source) < 160
    assert len([line for line in code.splitlines() if line.strip()]) < 70
