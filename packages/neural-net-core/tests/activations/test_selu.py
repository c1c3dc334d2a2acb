"""SELU."""

import numpy as np

from neural_net_core import SELU_ALPHA, SELU_SCALE, Dense, Tensor, elu, init, selu


def test_it_is_a_scaled_elu():
    x = Tensor(np.linspace(-5, 5, 101), np.float64)
    np.testing.assert_allclose(selu(x).data, (SELU_SCALE * elu(x, SELU_ALPHA)).data, rtol=1e-14)


def test_the_constants_are_the_fixed_point_of_mean_zero_and_variance_one():
    # The integrals of selu and selu² over a unit normal, by the trapezium rule.
    z = np.linspace(-12, 12, 200_001)
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    y = selu(Tensor(z, np.float64)).data
    step = z[1] - z[0]
    assert abs(np.sum(y * density) * step) < 1e-8
    assert abs(np.sum(y * y * density) * step - 1) < 1e-8


def test_thirty_layers_keep_mean_zero_and_variance_one():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(256, 200)).astype(np.float32)
    for _ in range(30):
        x = selu(Dense(200, 200, bias=False, init=init.lecun_normal, rng=rng)(x)).data
    assert abs(x.mean()) < 0.1
    assert 0.8 < x.std() < 1.2
