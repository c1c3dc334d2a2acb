"""Drop path."""

import numpy as np
import pytest

from neural_net_core import ShapeError, Tensor
from neural_net_layers import DropPath, drop_path


@pytest.mark.parametrize("shape", [(400,), (400, 3), (400, 2, 3)])
def test_examples_fall_as_a_whole_and_each_by_itself(shape):
    x = Tensor(np.ones(shape), requires_grad=True)
    y = drop_path(x, 0.25, rng=np.random.default_rng(0))
    y.backward(np.ones(shape))
    examples = y.data.reshape(400, -1)
    assert (examples == examples[:, :1]).all()
    assert set(np.unique(examples)) == {0, np.float32(4 / 3)}
    np.testing.assert_array_equal(x.grad, y.data)
    assert abs((examples[:, 0] == 0).mean() - 0.25) < 5 * (0.25 * 0.75 / 400) ** 0.5


def test_p_0_p_1_and_evaluation():
    x = Tensor(np.ones((2, 3)))
    assert drop_path(x, 0.0) is x
    assert not drop_path(x, 1.0).data.any()
    assert DropPath(0.9).eval()(x) is x
    assert drop_path(x, 0.9, training=False) is x


def test_a_wrong_input_is_named():
    with pytest.raises(ShapeError, match=r"drop_path: expected input \(B, \.\.\.\), got \(\)"):
        DropPath(0.5)(1.0)


def test_a_wrong_probability_is_named():
    with pytest.raises(ValueError, match=r"DropPath: p must be .* from 0.0 to 1.0, got -1"):
        DropPath(-1)
