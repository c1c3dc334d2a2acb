"""Global average pooling."""

import numpy as np
import pytest

from neural_net_core import ShapeError, Tensor
from neural_net_layers import GlobalAvgPool2D, global_avg_pool2d


def test_it_is_the_mean_of_every_channel_and_spreads_its_gradient():
    x = Tensor([[[[1.0, 2.0], [3.0, 6.0]], [[0.0, 0.0], [0.0, 4.0]]]], requires_grad=True)
    y = global_avg_pool2d(x)
    assert y.data.tolist() == [[3, 1]]
    y.backward([[4.0, 8.0]])
    assert x.grad.tolist() == [[[[1, 1], [1, 1]], [[2, 2], [2, 2]]]]


def test_the_axes_of_the_image_stay_on_request():
    x = np.ones((2, 3, 4, 5))
    assert GlobalAvgPool2D()(x).shape == (2, 3)
    assert GlobalAvgPool2D(keepdims=True)(x).shape == (2, 3, 1, 1)


def test_an_input_without_image_axes_is_an_error():
    with pytest.raises(ShapeError, match=r"expected input \(B, C, H, W\), got \(2, 3\)"):
        GlobalAvgPool2D()(np.ones((2, 3)))
