"""Training stopped, broken and resumed in any order, beside a run that nothing ever happened to.

Each step of the machine is a call of `fit`: new, or resumed from any file that an earlier one
wrote, with new objects or with those that an error left behind; and something ends it, a limit, a
callback, Ctrl-C, or an exception in the loss, in the data, in a callback or in validation. Whatever
came before, the n-th step has the loss, the learning rate and the weights of the undisturbed run,
to the bit. STATE_MACHINE_EXAMPLES in the environment says how many sequences are tried.
"""

import functools
import importlib.util
import itertools
import os
import signal
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from neural_net_core import CheckpointError, cross_entropy, default_rng, seed
from neural_net_utils import (
    Callback,
    DataLoader,
    EarlyStopping,
    GradientFlow,
    LearningRateLogger,
    WeightAveraging,
    accuracy,
    evaluate,
    fit,
)

spec = importlib.util.spec_from_file_location("tiny_run", Path(__file__).with_name("tiny_run.py"))
tiny = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tiny)

EXAMPLES = int(os.environ.get("STATE_MACHINE_EXAMPLES", "12"))
EPOCHS = 4
NUMBERS = itertools.count()
X = np.random.default_rng(1).normal(size=(23, 5)).astype(np.float32)
Y = (X[:, 0] + X[:, 1] ** 2 > 0.7).astype(np.int64)


class BrokenError(Exception):
    """What a test raises in the middle of a run."""


class TinyAverage:
    """The mean of the newest weights and of what it was."""

    def __init__(self, model):
        self.tensors = list(model.parameters())
        self.means = [p.data.copy() for p in self.tensors]

    def update(self):
        for mean, p in zip(self.means, self.tensors, strict=True):
            mean += (p.data - mean) / 2

    @contextmanager
    def swapped(self):
        before = [p.data.copy() for p in self.tensors]
        self.copy_to_model()
        try:
            yield
        finally:
            for p, kept in zip(self.tensors, before, strict=True):
                p.data[...] = kept

    def copy_to_model(self):
        for mean, p in zip(self.means, self.tensors, strict=True):
            p.data[...] = mean

    def state_dict(self):
        return {"means": [mean.copy() for mean in self.means]}

    def load_state_dict(self, state):
        for mean, saved in zip(self.means, state["means"], strict=True):
            mean[...] = saved


class Breaking:
    """Ends a run in its way at a given step; says where it may."""

    def __init__(self, how="", step=0):
        self.how, self.step = how, step

    def raise_if(self, how, step):
        if self.how == how and self.step == step:
            self.how = ""
            raise BrokenError


class Watch(Callback):
    """Records every step, saves where it is told to, and ends the run."""

    order = 100

    def __init__(self, breaking, folder=None, saves=()):
        self.breaking, self.folder, self.saves = breaking, folder, saves
        self.steps, self.files = {}, {}
        self.training = None

    def on_train_start(self, training):
        self.training = training

    def on_gradients(self, training):
        self.breaking.raise_if("in a callback", training.step + 1)
        if (self.breaking.how, self.breaking.step) == ("by Ctrl-C", training.step + 1):
            signal.raise_signal(signal.SIGINT)

    def on_step_end(self, training):
        weights = b"".join(p.data.tobytes() for p in training.parameters)
        record = (training.loss, training.gradient_norm, training.learning_rates, weights)
        assert training.step not in self.steps
        self.steps[training.step] = record
        self.save(training, "step", training.step)
        if self.breaking.step == training.step and self.breaking.how in ("early", "at once"):
            training.stop("told to", now=self.breaking.how == "at once")

    def on_epoch_end(self, training):
        self.save(training, "epoch", training.epoch)
        self.breaking.raise_if("at an epoch's end", training.step)

    def save(self, training, kind, number):
        if (kind, number) in self.saves:
            path = Path(self.folder) / f"{kind}-{number}-{next(NUMBERS)}"
            training.save(path)
            self.files[path] = training.step


class Objects:
    """All that takes part in a run, as a program makes it anew each time."""

    def __init__(self, accumulate, patience, averaged, held_out, listed):
        seed(0)
        self.breaking = Breaking()
        self.model = tiny.NoisyNet(5, 4, 2, rng=np.random.default_rng(5))
        self.optimizer = tiny.TinyMomentum(self.model.parameters())
        self.schedule = tiny.TinySchedule(self.optimizer)
        self.loader = DataLoader((X, Y), 4, shuffle=True, transform=self.noisy)
        if listed:
            self.loader = [(X[i : i + 4], Y[i : i + 4]) for i in range(0, len(X), 4)]
        self.validation = {
            "none": None,
            "list": [(X[:9], Y[:9]), (X[9:], Y[9:])],
            "loader": DataLoader((X, Y), 9, shuffle=True, transform=self.noisy),
        }[held_out]
        monitor = "loss" if self.validation is None else "val_loss"
        self.average = TinyAverage(self.model)
        self.callbacks = [
            EarlyStopping(monitor, patience=patience),
            GradientFlow(every=2),
            LearningRateLogger(),
            *([WeightAveraging(self.average, every=2, first_step=3)] if averaged else []),
        ]
        self.accumulate = accumulate
        self.batches = 0

    def noisy(self, batch, rng):
        noise = rng.normal(0, 0.3, batch[0].shape).astype(np.float32)
        if self.breaking.how == "in the data":
            self.breaking.step -= 1
            self.breaking.raise_if("in the data", 0)
        return (batch[0] + noise, *batch[1:])

    def loss(self, output, target):
        if self.breaking.how == "in the loss":
            self.breaking.step -= 1
            self.breaking.raise_if("in the loss", 0)
        return cross_entropy(output, target)

    def fit(self, watch, **options):
        return fit(
            self.model,
            self.loss,
            self.optimizer,
            self.loader,
            epochs=EPOCHS,
            validation=self.validation,
            metrics={"accuracy": accuracy},
            scheduler=self.schedule,
            clip=tiny.clip,
            accumulate=self.accumulate,
            callbacks=[*self.callbacks, watch],
            progress="off",
            seed=1,
            **options,
        )

    def everything(self):
        """All that training changes, for a comparison."""
        loaders = (self.loader, self.validation)
        return repr(
            (
                {name: x.tobytes() for name, x in self.model.state_dict().items()},
                self.optimizer.state_dict(),
                self.schedule.state_dict(),
                self.model.rng.bit_generator.state,
                default_rng().bit_generator.state,
                [x.state_dict() for x in loaders if isinstance(x, DataLoader)],
                self.average.state_dict(),
                self.model.training,
            )
        )


def finished(objects, history):
    """What a run leaves behind when nothing stopped it."""
    flow = objects.callbacks[1].norms
    return repr((dict(history.items()), history.index, history.stop_reason)) + repr(
        (
            {name: x.tobytes() for name, x in objects.model.state_dict().items()},
            objects.model.rng.bit_generator.state,
            default_rng().bit_generator.state,
            dict(flow.items()),
            list(history.steps.items()),
        )
    )


@functools.cache
def undisturbed(options):
    """The steps, the rows and the end of a run to which nothing happens."""
    objects = Objects(*options)
    watch = Watch(objects.breaking)
    history = objects.fit(watch)
    rows = [repr(row) for row in zip(*(history[name] for name in history), strict=True)]
    return watch.steps, rows, finished(objects, history)


ENDINGS = ["early", "at once", "by Ctrl-C", "in a callback", "in the loss", "in the data"]
ENDINGS += ["at an epoch's end", "max_steps", ""]


class TrainingMachine(RuleBasedStateMachine):
    files = Bundle("files")

    @initialize(
        accumulate=st.integers(1, 3),
        patience=st.sampled_from([1, 2, 50]),
        averaged=st.booleans(),
        held_out=st.sampled_from(["none", "list", "loader"]),
        listed=st.booleans(),
    )
    def make(self, accumulate, patience, averaged, held_out, listed):
        self.folder = tempfile.TemporaryDirectory()
        self.handler = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.options = (accumulate, patience, averaged, held_out, listed)
        self.steps, self.rows, self.end = undisturbed(self.options)
        self.objects = Objects(*self.options)

    def teardown(self):
        if hasattr(self, "folder"):
            signal.signal(signal.SIGINT, self.handler)
            self.folder.cleanup()

    @rule(
        target=files,
        how=st.sampled_from(ENDINGS),
        step=st.integers(1, 26),
        saves=st.sets(
            st.tuples(st.sampled_from(["step", "epoch"]), st.integers(1, 12)), max_size=3
        ),
    )
    def train(self, how, step, saves):
        self.objects = Objects(*self.options)
        return self.run(None, 0, how, step, saves)

    @rule(
        target=files,
        file=files,
        anew=st.booleans(),
        how=st.sampled_from(ENDINGS),
        step=st.integers(1, 26),
        saves=st.sets(
            st.tuples(st.sampled_from(["step", "epoch"]), st.integers(1, 26)), max_size=3
        ),
    )
    def resume(self, file, anew, how, step, saves):
        if file is None:
            return None
        if anew:
            self.objects = Objects(*self.options)
        path, before = file
        return self.run(path, before, how, step, saves)

    def run(self, path, before, how, step, saves):
        objects = self.objects
        objects.breaking.how, objects.breaking.step = ("", 0) if how == "max_steps" else (how, step)
        watch = Watch(objects.breaking, self.folder.name, saves)
        limit = {"max_steps": max(step, before)} if how == "max_steps" else {}
        history = None
        try:
            history = objects.fit(watch, resume_from=path, **limit)
        except BrokenError:
            assert how.startswith(("in", "at an"))
        ended = history is not None and history.stop_reason in ("epochs", "early stopping")
        objects.breaking.how = ""
        done = sorted(watch.steps)
        assert done == list(range(before + 1, before + 1 + len(done)))
        for number in done:
            assert watch.steps[number] == self.steps[number], f"step {number}"
        record = watch.training.history
        rows = [repr(row) for row in zip(*(record[name] for name in record), strict=True)]
        whole = rows if watch.training.epoch_complete else rows[:-1]
        assert whole == self.rows[: len(whole)]
        if ended:
            assert finished(objects, history) == self.end
        return next(iter(watch.files.items()), None)

    @rule()
    def evaluate(self):
        objects = self.objects
        before = objects.everything()
        scores = evaluate(objects.model, cross_entropy, [(X, Y)], {"accuracy": accuracy})
        assert objects.everything() == before
        objects.model.eval()
        output = objects.model(X)
        assert scores["loss"] == pytest.approx(cross_entropy(output, Y).item(), rel=1e-5)
        objects.model.train()

    @rule()
    def draw(self):
        default_rng().random(3)

    @rule(file=files, place=st.floats(0, 1, exclude_max=True), cut=st.booleans())
    def resume_from_a_damaged_file(self, file, place, cut):
        if file is None:
            return
        content = bytearray(file[0].read_bytes())
        at = int(place * len(content))
        if cut:
            del content[at:]
        else:
            content[at] ^= 0x55
        damaged = Path(self.folder.name) / "damaged"
        damaged.write_bytes(content)
        before = self.objects.everything()
        with pytest.raises(CheckpointError):
            self.objects.fit(Watch(Breaking()), resume_from=damaged)
        assert self.objects.everything() == before

    @invariant()
    def ctrl_c_is_as_before(self):
        if hasattr(self, "folder"):
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


TrainingMachine.TestCase.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=12, deadline=None, report_multiple_bugs=False
)
TestTraining = TrainingMachine.TestCase
