"""Alpha dropout."""

import numpy as np
import pytest

from neural_net_core import Tensor
from neural_net_core.activations.selu import selu
from neural_net_layers import AlphaDropout, alpha_dropout

SATURATION = -1.7580993408473766


def test_a_case_worked_by_hand():
    """p = ½: a = (½ (1 + ½ α′²))^−½ = 0.88640, b = −½ a α′ = 0.77919."""
    kept = np.random.default_rng(5).random(3, dtype=np.float32) >= 0.5
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = alpha_dropout(x, 0.5, rng=np.random.default_rng(5))
    y.backward(np.ones(3))
    assert 0 < kept.sum() < 3
    a, b = 0.886405, 0.779194
    np.testing.assert_allclose(
        y.data, np.where(kept, a * np.array([1, 2, 3]) + b, a * SATURATION + b), rtol=1e-5
    )
    np.testing.assert_allclose(x.grad, np.where(kept, a, 0), rtol=1e-5)


def test_the_value_of_a_dropped_unit_is_selus_limit():
    np.testing.assert_allclose(selu([-50.0]).data, SATURATION, rtol=1e-6)


@pytest.mark.parametrize("p", [0.05, 0.3, 0.5, 0.8])
def test_mean_0_and_variance_1_stay(p):
    x = np.random.default_rng(1).normal(size=400_000)
    y = alpha_dropout(x, p, rng=np.random.default_rng(0)).data
    assert abs(y.mean()) < 0.01
    assert abs(y.var() - 1) < 0.02


def test_p_0_p_1_and_evaluation():
    x = Tensor([1.0, 2.0], requires_grad=True)
    assert alpha_dropout(x, 0.0) is x
    assert AlphaDropout(0.9).eval()(x) is x
    assert alpha_dropout(x, 0.9, training=False) is x
    y = alpha_dropout(x, 1.0)
    y.backward(np.ones(2))
    assert y.tolist() == [0, 0]
    assert x.grad.tolist() == [0, 0]


def test_a_wrong_probability_is_named():
    with pytest.raises(ValueError, match=r"AlphaDropout: p must .* 0.0 to 1.0, got 2"):
        AlphaDropout(2)
