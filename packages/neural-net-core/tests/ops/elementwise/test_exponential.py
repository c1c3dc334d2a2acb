"""Exponential and logarithm at the ends of their domains."""

import numpy as np
import pytest

from neural_net_core import Tensor, grad, ops


def test_expm1_and_log1p_keep_digits_near_zero():
    x = Tensor([1e-7], requires_grad=True)
    for fn in (ops.expm1, ops.log1p):
        np.testing.assert_allclose(fn(x).data, [1e-7], rtol=1e-6)
        np.testing.assert_allclose(grad(fn(x), x), [1], rtol=1e-6)


def test_integers_become_float32_not_float64():
    for fn in (ops.exp, ops.log, ops.expm1, ops.log1p):
        assert fn([1, 2]).dtype == fn(Tensor([True])).dtype == np.float32


def test_the_logarithm_of_zero_is_minus_infinity_with_numpys_warning():
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert ops.log([0.0]).item() == -np.inf
