"""EarlyStopping against a table of cases: a given course of the monitored value, a given end."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from neural_net_core import Buffer, Module, Parameter, StateDictError, mse_loss
from neural_net_utils import Callback, EarlyStopping, fit

nan = math.nan


class Counter(Module):
    """Its weight and its buffers count the epochs, so that restored values tell theirs."""

    def __init__(self):
        self.w = Parameter(np.zeros(1, dtype=np.float32))
        self.seen = Buffer(np.zeros(1, dtype=np.float32))
        self.cache = Buffer(np.zeros(1, dtype=np.float32), persistent=False)

    def forward(self, x):
        return x * self.w


class CountEpochs(Callback):
    """Sets the counters, and puts the next value of the course into the history."""

    order = -1

    def __init__(self, course, name="score"):
        self.course, self.name = course, name

    def on_epoch_end(self, training):
        model = training.model
        for tensor in (model.w, model.seen, model.cache):
            tensor.data[...] = training.epoch
            tensor.version += 1
        training.history.add(self.name, self.course[training.epoch - 1])


def run(tiny, course, stopping, name="score", epochs=None):
    model = Counter()
    data = [(np.ones((2, 1), dtype=np.float32), np.ones((2, 1), dtype=np.float32))]
    optimizer = tiny.TinyMomentum(model.parameters(), lr=0.0)
    history = fit(
        model,
        mse_loss,
        optimizer,
        data,
        epochs=epochs or len(course),
        progress="off",
        callbacks=[CountEpochs(course, name), stopping],
    )
    restored = {float(t.data[0]) for t in (model.w, model.seen, model.cache)}
    assert len(restored) == 1
    return len(history.index), restored.pop(), history.stop_reason


# course of the value, options, epochs run, epoch whose weights are there at the end
CASES = {
    "falls to the end": ([5, 4, 3, 2], {"patience": 1}, 4, 4),
    "stops at the first rise": ([5, 4, 6, 1], {"patience": 1}, 3, 2),
    "patience 0 is patience 1": ([5, 4, 6, 1], {"patience": 0}, 3, 2),
    "patience 2 survives one": ([5, 6, 4, 6, 6, 1], {"patience": 2}, 5, 3),
    "equal is no improvement": ([5, 5, 5], {"patience": 2}, 3, 1),
    "best is restored at a normal end": ([5, 2, 3], {"patience": 9}, 3, 2),
    "not restored on request": ([5, 2, 3], {"patience": 9, "restore_best": False}, 3, 3),
    "max mode": ([1, 3, 2, 9], {"patience": 1, "mode": "max"}, 3, 2),
    "small improvements do not count": ([5, 4.95, 4.9], {"patience": 2, "min_delta": 0.2}, 3, 1),
    "slow improvement adds up": ([5, 4.9, 4.7, 4.69], {"patience": 3, "min_delta": 0.2}, 4, 3),
    "min_delta in max mode": (
        [1, 1.1, 1.2],
        {"patience": 2, "mode": "max", "min_delta": 0.5},
        3,
        1,
    ),
    "so much is not enough": ([5, 4.875, 4.75], {"patience": 2, "min_delta": 0.25}, 3, 1),
    "so much more is not enough": (
        [1, 1.125, 1.25],
        {"patience": 2, "mode": "max", "min_delta": 0.25},
        3,
        1,
    ),
    "nan counts as worse": ([5, nan, nan, 1], {"patience": 2}, 3, 1),
    "nan first": ([nan, 3, 4], {"patience": 2}, 3, 2),
    "only nan": ([nan, nan, nan], {"patience": 2}, 2, 2),
    "infinity improves on nothing but itself counts": ([math.inf, 3, 4], {"patience": 1}, 3, 2),
    "baseline not reached": ([5, 4, 3.5, 1], {"patience": 3, "baseline": 3}, 3, 3),
    "baseline reached": ([5, 4, 2, 2.5, 2.5, 2.5, 1], {"patience": 3, "baseline": 3}, 6, 3),
    "late start": ([1, 5, 4, 6, 6, 0], {"patience": 2, "start_from_epoch": 2}, 5, 3),
    "late start after the end": ([1, 2, 3], {"patience": 1, "start_from_epoch": 9}, 3, 3),
}


@pytest.mark.parametrize("case", CASES)
def test_table(tiny, case):
    """Epochs run, and the epoch whose weights and buffers the model has at the end."""
    course, options, epochs, best = CASES[case]
    stopping = EarlyStopping("score", **{"mode": "min", **options})
    assert run(tiny, course, stopping)[:2] == (epochs, best)
    if epochs < len(course):
        assert stopping.stopped_epoch == epochs


def test_stop_reason_and_attributes(tiny):
    """History and callback say what happened; a second run begins afresh."""
    stopping = EarlyStopping("score", mode="min", patience=2)
    for _ in range(2):
        assert run(tiny, [3, 2, 4, 4, 1], stopping)[2] == "early stopping"
        assert (stopping.best, stopping.best_epoch, stopping.stopped_epoch) == (2, 2, 4)
    assert run(tiny, [3, 2, 1], stopping)[2] == "epochs"
    assert stopping.stopped_epoch is None


@pytest.mark.parametrize(
    ("name", "best"),
    [("val_loss", 3), ("mean_error", 3), ("val_accuracy", 2), ("f1", 2), ("roc_auc", 2)],
)
def test_auto_mode_reads_the_name(tiny, name, best):
    """Losses and errors fall, accuracies and scores rise."""
    stopping = EarlyStopping(name, patience=9)
    if name.startswith("val_"):
        stopping.monitor.check = lambda training: None  # no validation data in this test
    assert run(tiny, [2, 3, 1], stopping, name)[1] == best


@pytest.mark.parametrize("limit", [2, 4, 6])
@pytest.mark.parametrize("patience", [1, 2, 3])
def test_an_epoch_that_was_cut_short_and_gone_on_with_is_judged_once(
    tiny, tmp_path, limit, patience
):
    """A file written with half an epoch's row leads to the same end as no stop at all."""
    course = [3, 2, 4, 4, 1]

    class Save(Callback):
        order = 100

        def on_epoch_end(self, training):
            training.save(tmp_path / "file")

    def train(**options):
        model, stopping = Counter(), EarlyStopping("score", mode="min", patience=patience)
        callbacks = [CountEpochs(course), stopping, Save()]
        fit(
            model,
            mse_loss,
            tiny.TinyMomentum(model.parameters(), lr=0.0),
            [(np.ones((2, 1), np.float32), np.ones((2, 1), np.float32))] * 3,
            progress="off",
            callbacks=callbacks,
            **options,
        )
        return float(model.w.data[0]), stopping._known() | {"best_weights": None}

    whole = train(epochs=5)
    cut = train(max_steps=limit)
    assert train(max_steps=limit, resume_from=tmp_path / "file") == cut
    assert train(epochs=5, resume_from=tmp_path / "file") == whole


STATE = {"best": 2.0, "best_epoch": 1, "wait": 3, "stopped_epoch": 1, "best_weights": None}


def test_state_goes_over(tiny):
    """All that is known, now and before an epoch that was cut short."""
    stopping = EarlyStopping("score", mode="min")
    nothing = dict.fromkeys([*STATE, "before_cut"]) | {"wait": 0}
    assert stopping.state_dict() == nothing
    weights = {name: np.ones(1, np.float32) for name in ("w", "seen", "cache")}
    before = {**STATE, "wait": 2, "stopped_epoch": None, "best_weights": weights}
    stopping.load_state_dict({**STATE, "before_cut": before})
    assert stopping.state_dict() == {**STATE, "before_cut": before}
    assert (stopping.best, stopping.best_epoch) == (2, 1)
    assert (stopping.wait, stopping.stopped_epoch) == (3, 1)
    stopping.check(SimpleNamespace(model=Counter(), validation=None))
    for name, wrong in zip(STATE, ["x", 0, "x", 0, "x"], strict=True):
        with pytest.raises(StateDictError):
            stopping.load_state_dict({**STATE, "before_cut": None, name: wrong})
    assert stopping.state_dict() == {**STATE, "before_cut": before}
    stopping.reset()
    assert stopping.state_dict() == nothing


@pytest.mark.parametrize("cut", [False, True])
def test_saved_weights_of_another_model_are_refused(cut):
    known = {**STATE, "best_weights": {"w": np.ones(2)}}
    stopping = EarlyStopping("score", mode="min")
    stopping.load_state_dict(
        {**STATE, "before_cut": known} if cut else {**known, "before_cut": None}
    )
    with pytest.raises(StateDictError, match="EarlyStopping: the saved weights do not fit"):
        stopping.check(SimpleNamespace(model=Counter(), validation=None))


def test_bad_arguments(tiny):
    """Names without direction, missing columns, ranges."""
    with pytest.raises(ValueError, match="cannot tell whether 'score_loss' should fall or rise"):
        EarlyStopping("score_loss")
    with pytest.raises(ValueError, match="cannot tell whether 'x'"):
        EarlyStopping("x")
    with pytest.raises(ValueError, match="monitor must be a str, got 3"):
        EarlyStopping(3, mode="min")
    with pytest.raises(ValueError, match="mode must be 'auto', 'min' or 'max', got 'down'"):
        EarlyStopping(mode="down")
    with pytest.raises(ValueError, match="min_delta must be a finite number >= 0, got -1"):
        EarlyStopping(min_delta=-1)
    with pytest.raises(ValueError, match="patience must be an int >= 0, got -1"):
        EarlyStopping(patience=-1)
    with pytest.raises(ValueError, match="start_from_epoch must be an int >= 0"):
        EarlyStopping(start_from_epoch=0.5)
    with pytest.raises(ValueError, match="monitors 'val_loss', but fit was given no validation"):
        run(tiny, [1], EarlyStopping())
    with pytest.raises(
        ValueError, match=r"monitors 'error', but the history has \['loss', 'score'"
    ):
        run(tiny, [1], EarlyStopping("error"))
