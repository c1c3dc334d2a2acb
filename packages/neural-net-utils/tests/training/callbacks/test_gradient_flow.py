"""GradientFlow: norms by layer, before clipping, right for extreme gradients too."""

import math

import numpy as np
import pytest

from neural_net_utils import Callback, GradientFlow
from neural_net_utils.training.callbacks.gradient_flow import _norm


class Record(Callback):
    def __init__(self):
        self.gradients = []

    def on_gradients(self, training):
        self.gradients.append({n: p.grad.copy() for n, p in training.model.named_parameters()})


def test_norms_by_layer_and_parameter(tiny):
    """Each recorded step's norms, from the gradients before clip() shrinks them."""
    record, layers, parameters = Record(), GradientFlow(), GradientFlow(3, by="parameter")
    tiny.train(epochs=1, callbacks=[record, layers, parameters])
    assert layers.norms.index == list(range(1, 9))
    assert list(layers.norms) == ["first", "second"]
    assert parameters.norms.index == [3, 6]
    assert list(parameters.norms) == [
        f"{layer}.{kind}" for layer in ("first", "second") for kind in ("weight", "bias")
    ]
    for row, gradients in enumerate(record.gradients):
        both = [*gradients["first.weight"].ravel(), *gradients["first.bias"]]
        assert layers.norms["first"][row] == pytest.approx(np.linalg.norm(both), rel=1e-5)
    third = np.linalg.norm(record.gradients[2]["second.bias"])
    assert parameters.norms["second.bias"][0] == pytest.approx(third, rel=1e-5)


def test_missing_gradients_are_zero(tiny):
    """A frozen parameter has norm 0, not a gap."""

    class Freeze(Callback):
        order = -1

        def on_gradients(self, training):
            training.model.first.weight.grad = None
            training.model.first.bias.grad = None

    flow = GradientFlow()
    tiny.train(epochs=1, callbacks=[Freeze(), flow])
    assert flow.norms["first"] == [0.0] * 8
    assert min(flow.norms["second"]) > 0


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_norm_does_not_overflow(scale):
    """Squares beyond float32's range do not make the norm 0 or infinite."""
    gradient = np.array([3 * scale, 4 * scale], dtype=np.float32)
    assert _norm(gradient) == pytest.approx(5 * scale, rel=1e-6, abs=0)
    assert _norm(np.zeros(3)) == 0
    assert _norm(np.zeros(0)) == 0
    assert math.isinf(_norm(np.array([1.0, np.inf])))
    assert math.isnan(_norm(np.array([1.0, np.nan])))


def test_reset_and_arguments(tiny):
    """A second run starts a new record; by and every are checked."""
    flow = GradientFlow()
    assert (flow.norms.index, dict(flow.norms)) == ([], {})
    for _ in range(2):
        tiny.train(epochs=1, callbacks=[flow])
        assert len(flow.norms.index) == 8
    other = GradientFlow()
    other.load_state_dict(flow.state_dict())
    assert (other.norms.index, dict(other.norms)) == (flow.norms.index, dict(flow.norms))
    with pytest.raises(ValueError, match="by must be 'layer' or 'parameter', got 'module'"):
        GradientFlow(by="module")
    with pytest.raises(ValueError, match="every must be an int >= 1, got 0"):
        GradientFlow(0)
