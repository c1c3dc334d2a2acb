"""`fit(record=True)`: the same run to the bit, and a reason where it cannot be recorded."""

import numpy as np
import pytest

from neural_net_core import cross_entropy
from neural_net_utils import Callback, DataLoader, accuracy, fit

rng = np.random.default_rng


class Reasons(Callback):
    """Keeps why each step ran as it is written."""

    def __init__(self):
        self.found = []

    def on_step_end(self, training):
        self.found.append(training.why_eager)


def run(tiny, record, loss=cross_entropy, **options):
    """Train on the digits, and return all that comes out."""
    x, y = tiny.small_digits()
    model = tiny.NoisyNet(rng=rng(3))
    for p in model.parameters():
        p.data[...] = rng(1).standard_normal(p.shape) * 0.1
    reasons = Reasons()
    history = fit(
        model,
        loss,
        tiny.TinyMomentum(model.parameters()),
        DataLoader((x, y), 16, shuffle=True, drop_last=True, rng=rng(2)),
        epochs=4,
        callbacks=[reasons],
        progress="off",
        record=record,
        **options,
    )
    bits = [p.data.tobytes() for p in model.parameters()]
    steps = {name: list(history.steps[name]) for name in history.steps}
    return bits, steps, dict(history.items()), reasons.found, history


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"accumulate": 3},
        {"metrics": {"accuracy": accuracy}},
        {"loss": lambda output, target: cross_entropy(output, target) * 2.0},
        {"loss": lambda output, target: cross_entropy(output, target, reduction="sum")},
        {"accumulate": 2, "loss": lambda z, t: cross_entropy(z, t, ignore_index=3)},
    ],
)
def test_a_recorded_run_is_the_same_run(tiny, options):
    """Weights, losses and metrics are equal to the bit, whatever a step is made of."""
    written, recorded = run(tiny, False, **options), run(tiny, True, **options)
    assert written[:3] == recorded[:3]
    assert set(written[3]) == {None}


@pytest.mark.parametrize("accumulate", [1, 2])
def test_most_steps_are_run_from_the_record(tiny, accumulate):
    """After the calls in which it is made and proven, the record is what runs."""
    *_, reasons, history = run(tiny, True, accumulate=accumulate)
    assert reasons[-1] is None
    assert reasons.count(None) > len(reasons) // 2
    assert history.why_eager is None


def test_the_reason_is_on_record(tiny):
    """A loss that a record would not be the same as runs as it is written, and it is said why."""
    seen = []

    def loss(output, target):
        seen.append(len(target))
        return cross_entropy(output, target)

    *_, reasons, history = run(tiny, True, loss=loss)
    assert None not in reasons
    assert len(seen) == len(reasons)
    assert "has changed" in history.why_eager


def test_record_is_a_flag(tiny):
    """Anything but True and False is refused before anything runs."""
    with pytest.raises(ValueError, match="record"):
        run(tiny, "yes")
