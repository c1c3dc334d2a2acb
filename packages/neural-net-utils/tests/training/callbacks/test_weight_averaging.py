"""WeightAveraging: updates, validation with the average, the average at the end, resume."""

from contextlib import contextmanager

import numpy as np
import pytest

from neural_net_core import cross_entropy
from neural_net_utils import (
    Callback,
    EarlyStopping,
    ModelCheckpoint,
    WeightAveraging,
    evaluate,
    fit,
    latest_checkpoint,
    predict,
)


class Mean:
    """The plain mean of all weights seen, in the shape that the callback asks for."""

    def __init__(self):
        self.model, self.sums, self.count = None, None, 0

    def watch(self, model):
        self.model = model
        if self.sums is None:
            self.sums = [np.zeros_like(p.data) for p in model.parameters()]

    def update(self):
        self.count += 1
        for total, p in zip(self.sums, self.model.parameters(), strict=True):
            total += p.data

    def put(self, arrays):
        for array, p in zip(arrays, self.model.parameters(), strict=True):
            p.data[...] = array
            p.version += 1

    def copy_to_model(self):
        self.put([total / self.count for total in self.sums])

    @contextmanager
    def swapped(self):
        held = [p.data.copy() for p in self.model.parameters()]
        self.copy_to_model()
        yield
        self.put(held)

    def state_dict(self):
        return {"count": self.count, "sums": self.sums}

    def load_state_dict(self, state):
        self.count = state["count"]
        self.sums = state["sums"] and [np.array(total) for total in state["sums"]]


class Watch(Callback):
    """Hands the model over (tiny.train makes it), and keeps every step's weights."""

    order = -20

    def __init__(self, mean):
        self.mean, self.weights = mean, []

    def on_train_start(self, training):
        self.mean.watch(training.model)

    def on_step_end(self, training):
        self.weights.append([p.data.copy() for p in training.model.parameters()])


def run(tiny, *callbacks, every=1, first_step=1, **options):
    mean = Mean()
    watch = Watch(mean)
    averaging = WeightAveraging(mean, every=every, first_step=first_step)
    model, history, _ = tiny.train(callbacks=[watch, averaging, *callbacks], **options)
    return model, history, watch.weights, averaging


def test_the_average_is_left_in_the_model(tiny):
    """The mean over the updates asked for; training itself goes on with the plain weights."""
    plain, _, _ = tiny.train(epochs=2)
    for every, first_step, wanted in ((1, 1, range(1, 17)), (3, 5, (6, 9, 12, 15))):
        model, history, weights, averaging = run(tiny, every=every, first_step=first_step, epochs=2)
        assert averaging.updates == len(list(wanted))
        kept = np.mean([weights[step - 1][0] for step in wanted], axis=0)
        assert np.allclose(averaging.average.sums[0] / averaging.updates, kept, atol=1e-6)
        # tiny.train's early stopping restored the better of the two validated averages.
        score = evaluate(model, cross_entropy, [tiny.small_digits(60)])["loss"]
        assert score == pytest.approx(min(history["val_loss"]), rel=1e-6)
        assert len(weights) == 16
    assert not np.array_equal(model.first.weight.data, plain.first.weight.data)


def test_validation_sees_the_average(tiny):
    """val_loss is the average's; the weights after validation are the trained ones."""
    seen = []

    class Look(Callback):
        def on_epoch_end(self, training):
            with training.weights_to_evaluate():
                loss = evaluate(training.model, cross_entropy, [tiny.small_digits(60)])["loss"]
            seen.append((loss, training.model.first.weight.data.copy()))

    _, history, weights, _ = run(tiny, Look(), epochs=2)
    assert [loss for loss, _ in seen] == history["val_loss"]
    assert np.array_equal(seen[0][1], weights[7][0])
    _, plain, _ = tiny.train(epochs=2)
    assert plain["loss"] == history["loss"]
    assert plain["val_loss"] != history["val_loss"]


def judged(tiny, *callbacks):
    """Train a model in plain lines; return it, its average and its history."""
    mean, model = Mean(), tiny.NoisyNet(rng=np.random.default_rng(0))
    mean.watch(model)
    x, y = tiny.small_digits(60)
    history = fit(
        model,
        cross_entropy,
        tiny.TinyMomentum(model.parameters()),
        [(x[:30], y[:30]), (x[30:], y[30:])],
        epochs=4,
        validation=[(x, y)],
        callbacks=[make(mean) for make in callbacks],
        progress="off",
    )
    return model, mean, history


def test_the_newest_average_is_left_where_nobody_chooses_another(tiny):
    averaging = WeightAveraging(Mean())
    assert averaging.updates == 0
    model, mean, _ = judged(tiny, WeightAveraging)
    assert mean.count == 8
    for total, parameter in zip(mean.sums, model.parameters(), strict=True):
        assert np.array_equal(parameter.data, total / 8)


@pytest.mark.parametrize("averaging_first", [True, False])
def test_an_earlier_average_is_left_if_it_was_the_best(tiny, averaging_first):
    """Whichever of the two callbacks was named first."""
    both = [WeightAveraging, lambda _: EarlyStopping("val_loss", mode="max", patience=9)]
    model, _, history = judged(tiny, *(both if averaging_first else both[::-1]))
    assert max(history["val_loss"]) > history["val_loss"][-1]
    score = evaluate(model, cross_entropy, [tiny.small_digits(60)])["loss"]
    assert score == pytest.approx(max(history["val_loss"]), rel=1e-6)


@pytest.mark.parametrize(("every", "last"), [(1, 11), (3, 15)])
def test_resumes_to_the_bit(tiny, tmp_path, every, last):
    """Averages, their count, and what is validated go on across a stop.

    After step 15 an epoch ends before there is a next update.
    """

    class Stop(Callback):
        def on_step_end(self, training):
            if training.step == last:
                training.stop("test")

    whole = run(tiny, every=every)
    run(tiny, Stop(), ModelCheckpoint(tmp_path), every=every)
    resumed = run(tiny, resume_from=latest_checkpoint(tmp_path), every=every)
    assert resumed[1] == whole[1]
    assert resumed[3].updates == whole[3].updates == 32 // every
    for name, value in whole[0].state_dict().items():
        assert np.array_equal(resumed[0].state_dict()[name], value)


def test_nothing_averaged_nothing_changed(tiny):
    """A run that ends before the first update keeps its weights."""
    plain, _, _ = tiny.train(epochs=1)
    model, _, _, averaging = run(tiny, first_step=99, epochs=1)
    assert averaging.updates == 0
    x, _ = tiny.small_digits(4)
    assert np.array_equal(predict(model, x), predict(plain, x))
    with pytest.raises(ValueError, match="every must be an int >= 1"):
        WeightAveraging(Mean(), every=0)


def test_the_average_of_another_model(tiny):
    """It would average weights that never change, and be judged in place of nothing: an error."""
    mean = Mean()
    mean.tensors = list(tiny.NoisyNet().parameters())
    with pytest.raises(ValueError, match=r"the average \(Mean\) is of another model than the one"):
        tiny.train(callbacks=[WeightAveraging(mean)])
    model = tiny.NoisyNet()
    mean.watch(model)
    mean.tensors = list(model.parameters())
    optimizer = tiny.TinyMomentum(model.parameters())
    averaging = WeightAveraging(mean)
    data = [tiny.small_digits(8)]
    fit(model, cross_entropy, optimizer, data, epochs=1, callbacks=[averaging], progress="off")
    assert averaging.updates == 1
