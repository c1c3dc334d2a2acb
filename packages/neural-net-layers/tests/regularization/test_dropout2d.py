"""Dropout of whole channels."""

import numpy as np
import pytest

from neural_net_core import ShapeError, Tensor
from neural_net_layers import Dropout2D, dropout2d


@pytest.mark.parametrize("shape", [(20, 10, 3, 4), (200, 3, 4)])
def test_channels_fall_as_a_whole_and_each_by_itself(shape):
    x = Tensor(np.ones(shape), requires_grad=True)
    y = dropout2d(x, 0.25, rng=np.random.default_rng(0))
    y.backward(np.ones(shape))
    channels = y.data.reshape(-1, 12)
    assert (channels == channels[:, :1]).all()
    assert set(np.unique(channels)) == {0, np.float32(4 / 3)}
    np.testing.assert_array_equal(x.grad, y.data)
    # 200 channels: five standard deviations
    assert abs((channels[:, 0] == 0).mean() - 0.25) < 5 * (0.25 * 0.75 / 200) ** 0.5


def test_p_0_p_1_and_evaluation():
    x = Tensor(np.ones((2, 3, 2, 2)))
    assert dropout2d(x, 0.0) is x
    assert not dropout2d(x, 1.0).data.any()
    assert Dropout2D(0.9).eval()(x) is x
    assert dropout2d(x, 0.9, training=False) is x


@pytest.mark.parametrize("shape", [(3, 4), (1, 2, 3, 4, 5), ()])
def test_a_wrong_input_is_named(shape):
    with pytest.raises(
        ShapeError, match=r"dropout2d: expected input \(B, C, H, W\) or \(C, H, W\)"
    ):
        Dropout2D()(np.ones(shape))


def test_a_wrong_probability_is_named():
    with pytest.raises(ValueError, match=r"Dropout2D: p must be .* from 0.0 to 1.0, got 2"):
        Dropout2D(2)
