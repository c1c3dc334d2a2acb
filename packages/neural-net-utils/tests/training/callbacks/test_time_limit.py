"""TimeLimit ends after the step in which time ran out; the clock is the test's own."""

import pytest

from neural_net_utils import ModelCheckpoint, TimeLimit, latest_checkpoint


def test_stops_and_saves(tiny, tmp_path, monkeypatch):
    """Each look at the clock takes a second; 4 seconds are over after 4 steps."""
    clock = iter(range(1000))
    monkeypatch.setattr(
        "neural_net_utils.training.callbacks.time_limit.time.monotonic", lambda: next(clock)
    )
    _, history, _ = tiny.train(callbacks=[TimeLimit(4), ModelCheckpoint(tmp_path)])
    assert history.stop_reason == "time limit"
    assert history.steps.index == [1, 2, 3, 4]
    assert history.index == []  # no time for validation
    assert latest_checkpoint(tmp_path).name == "step-00000004.safetensors"


def test_enough_time(tiny):
    """A limit that is not reached changes nothing."""
    _, history, _ = tiny.train(epochs=1, callbacks=[TimeLimit(1e6)])
    assert history.stop_reason == "epochs"


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
def test_bad_limits(seconds):
    """The range is named."""
    with pytest.raises(ValueError, match="TimeLimit: seconds must be a finite number > 0, got"):
        TimeLimit(seconds)
