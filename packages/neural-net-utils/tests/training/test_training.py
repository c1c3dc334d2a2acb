"""Ctrl-C, second Ctrl-C, and what the run tells its callbacks."""

import signal
import threading

import numpy as np
import pytest

from neural_net_core import cross_entropy, load_checkpoint
from neural_net_utils import Callback, DataLoader, ModelCheckpoint, fit, latest_checkpoint


@pytest.fixture(autouse=True)
def listening():
    """Hear Ctrl-C, which a process that was started in the background does not."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


class CtrlC(Callback):
    """Press Ctrl-C at a hook of a step, once or twice."""

    def __init__(self, hook, step, times=1):
        setattr(self, hook, self.press)
        self.step, self.times = step, times

    def press(self, training):
        if training.step == self.step:
            for _ in range(self.times):
                signal.raise_signal(signal.SIGINT)

    # Overridden in __init__; fit looks at the class.
    def on_gradients(self, training): ...

    def on_step_end(self, training): ...

    def on_epoch_end(self, training): ...


@pytest.mark.parametrize(
    ("hook", "step", "last"),
    [
        ("on_gradients", 4, 5),  # in the middle of step 5: the step is finished
        ("on_step_end", 5, 6),  # after step 5's check: one more step
        ("on_epoch_end", 8, 9),
    ],
)
def test_ctrl_c_ends_cleanly_with_a_checkpoint(tiny, tmp_path, hook, step, last):
    """fit returns, the file is of the last step, and resuming ends as if never interrupted."""
    whole = tiny.outcome(*tiny.train())
    before = signal.getsignal(signal.SIGINT)
    _, history, _ = tiny.train(tmp_path, callbacks=[CtrlC(hook, step)])
    assert signal.getsignal(signal.SIGINT) is before
    assert history.stop_reason == "interrupted"
    assert history.steps.index[-1] == last
    file = latest_checkpoint(tmp_path)
    assert load_checkpoint(file).metadata["step"] == last
    resumed = tiny.outcome(*tiny.train(tmp_path, resume_from=file))
    for name, value in whole.items():
        assert np.array_equal(resumed[name], value, equal_nan=True), name


def test_interrupted_epoch_has_no_row(tiny, tmp_path):
    """Half an epoch is neither validated nor recorded: the resumed run will do it whole."""
    _, history, _ = tiny.train(tmp_path, callbacks=[CtrlC("on_gradients", 10)])
    assert history.index == [1]
    assert len(history.steps.index) == 11


def test_second_ctrl_c_is_an_exception(tiny):
    """Whoever presses twice wants out at once, and gets the usual KeyboardInterrupt."""
    closed = []

    class Close(Callback):
        def close(self):
            closed.append(True)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        tiny.train(callbacks=[CtrlC("on_gradients", 3, times=2), Close()])
    assert closed == [True]
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_train_without_a_handler(tiny):
    """signal.signal would raise there."""
    results = []
    thread = threading.Thread(target=lambda: results.append(tiny.train(max_steps=2)))
    thread.start()
    thread.join()
    assert results[0][1].steps.index == [1, 2]


def test_steps_are_foretold(tiny):
    """Totals with both limits, with accumulation, and without a length."""
    seen = []

    class Totals(Callback):
        def on_train_start(self, training):
            seen.append((training.steps_per_epoch, training.total_steps, training.learning_rates))

    x, y = tiny.small_digits(50)
    loader = DataLoader((x, y), 8)  # 7 batches

    def batches():
        while True:
            yield x, y

    for options, data in (
        ({"epochs": 3}, loader),
        ({"epochs": 3, "accumulate": 3}, loader),
        ({"epochs": 3, "max_steps": 5}, loader),
        ({"max_steps": 2}, batches()),
    ):
        model = tiny.NoisyNet()
        optimizer = tiny.TinyMomentum(model.parameters(), lr=0.5)
        fit(model, cross_entropy, optimizer, data, callbacks=[Totals()], progress="off", **options)
    assert seen == [(7, 21, [0.5]), (3, 9, [0.5]), (7, 5, [0.5]), (None, 2, [0.5])]


def test_saving_needs_an_optimizer_with_state(tiny, tmp_path):
    """The message names the class; training without checkpoints needs none."""

    class Bare:
        lr = 0.1

        def step(self): ...

        def zero_grad(self): ...

    model = tiny.NoisyNet()
    data = [tiny.small_digits(10)]
    fit(model, cross_entropy, Bare(), data, epochs=1, progress="off")
    with pytest.raises(TypeError, match="Bare has no state_dict"):
        fit(
            model,
            cross_entropy,
            Bare(),
            data,
            epochs=1,
            progress="off",
            callbacks=[ModelCheckpoint(tmp_path)],
        )
    assert list(tmp_path.iterdir()) == []
