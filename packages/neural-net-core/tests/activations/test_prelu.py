"""PReLU: one slope, or one per channel."""

import numpy as np
import pytest

from neural_net_core import PReLU, ShapeError, Tensor, prelu


def test_the_channels_stand_on_axis_1():
    x = -np.ones((2, 3, 4, 5), np.float32)
    y = prelu(x, [0.1, 0.2, 0.3])
    np.testing.assert_allclose(y.data[:, :, 0, 0], [[-0.1, -0.2, -0.3]] * 2)
    assert y.shape == x.shape


def test_the_gradient_of_each_slope_sums_the_negative_inputs_of_its_channel():
    module = PReLU(2)
    module([[-1.0, 5.0], [-3.0, -7.0]]).sum().backward()
    np.testing.assert_allclose(module.weight.grad, [-4, -7])


def test_one_slope_for_inputs_of_any_number_of_axes():
    module = PReLU()
    assert module.weight.shape == (1,)
    for shape in [(), (3,), (2, 3), (2, 3, 4)]:
        assert (module(np.full(shape, -4.0)).data == -1).all()
    module.zero_grad()
    module(-2.0).backward()
    np.testing.assert_array_equal(module.weight.grad, [-2])


def test_slopes_that_do_not_fit():
    with pytest.raises(ShapeError, match=r"expected weight \(1,\) or \(3,\) for input \(2, 3\)"):
        prelu(np.ones((2, 3)), [0.1, 0.2])
    with pytest.raises(ShapeError, match="prelu"):
        prelu(np.ones((2, 3)), np.ones((3, 1)))
    with pytest.raises(ValueError, match="num_parameters must be an int >= 1"):
        PReLU(0)


def test_a_large_array_takes_the_same_branches():
    x = Tensor(np.tile([-2.0, 3.0], 5000), requires_grad=True)
    a = Tensor([0.5], requires_grad=True)
    prelu(x, a).sum().backward()
    np.testing.assert_array_equal(x.grad, np.tile([0.5, 1], 5000))
    assert a.grad == [-10_000]
