"""Powers and roots, above all at zero."""

import numpy as np
import pytest

from neural_net_core import Tensor, grad, ops

X = np.array([0.5, 1.0, 2.0, 3.0], np.float32)


@pytest.mark.parametrize("n", [*range(-10, 11), 0.5, 1.5, -2.5])
def test_values_are_numpys(n):
    for exponent in (n, np.float64(n)):
        y = ops.power(X, exponent)
        np.testing.assert_allclose(y.data, X.astype(float) ** n, rtol=1e-6)
        assert y.dtype == np.float32
    if n == int(n):
        negative = -X.astype(float)
        y = ops.power(Tensor(negative, np.float64), n)
        np.testing.assert_allclose(y.data, negative ** int(n), rtol=1e-14)
    np.testing.assert_allclose(ops.power(X, np.full(4, n)).data, X**n, rtol=1e-6)
    np.testing.assert_allclose(ops.power(2.0, X * n).data, 2.0 ** (X * n), rtol=1e-6)


def test_x_to_the_0_has_no_gradient_even_at_zero():
    x = Tensor([0.0, -1.0, 2.0], requires_grad=True)
    assert grad(ops.power(x, 0).sum(), x).tolist() == [0, 0, 0]
    assert grad(ops.power(x, np.zeros(3)).sum(), x).tolist() == [0, 0, 0]


def test_powers_at_zero_have_finite_gradients_where_the_derivative_exists():
    x = Tensor([0.0], requires_grad=True)
    assert grad(ops.power(x, 1), x).tolist() == [1]
    assert grad(ops.power(x, 2), x).tolist() == [0]


def test_the_gradient_for_the_exponent_of_zero_is_zero():
    a, b = Tensor([0.0, 0.0, 2.0]), Tensor([2.0, 0.0, 1.0], requires_grad=True)
    np.testing.assert_allclose(grad(ops.power(a, b).sum(), b), [0, 0, 2 * np.log(2)], rtol=1e-6)
    assert grad(ops.power(0, b).sum(), b).tolist() == [0, 0, 0]


def test_the_gradient_for_the_exponent_of_a_negative_base_is_nan():
    b = Tensor([2.0], requires_grad=True)
    with pytest.warns(RuntimeWarning, match="invalid value"):
        assert np.isnan(grad(ops.power(np.array([-1.0]), b), b)).all()


def test_integers_stay_integers_unless_the_exponent_is_fractional():
    assert ops.power([2, 3], 2).data.tolist() == [4, 9]
    assert ops.power([2, 3], 2).dtype == np.int64
    assert ops.power([4, 9], 0.5).dtype == ops.power(0.5, Tensor([1, 2])).dtype == np.float32


def test_sqrt_has_an_infinite_gradient_at_zero():
    x = Tensor([0.0], requires_grad=True)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert grad(ops.sqrt(x), x).tolist() == [np.inf]


def test_sqrt_of_integers_is_float32():
    assert ops.sqrt([4, 9]).data.tolist() == [2.0, 3.0]
    assert ops.sqrt([4, 9]).dtype == np.float32
