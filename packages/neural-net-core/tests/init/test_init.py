"""Initial weights: each distribution has the spread that its formula says."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import ShapeError, default_dtype, init

WIDE = (300, 200, 3)  # fan_in 600, fan_out 900

# For each: the standard deviation, and the largest value possible (None: unbounded).
SPREADS = {
    "xavier_uniform": (lambda: init.xavier_uniform, math.sqrt(2 / 1500), math.sqrt(6 / 1500)),
    "xavier_normal": (lambda: init.xavier_normal, math.sqrt(2 / 1500), None),
    "kaiming_uniform": (lambda: init.kaiming_uniform, math.sqrt(2 / 600), math.sqrt(6 / 600)),
    "kaiming_normal": (lambda: init.kaiming_normal, math.sqrt(2 / 600), None),
    "lecun_uniform": (lambda: init.lecun_uniform, math.sqrt(1 / 600), math.sqrt(3 / 600)),
    "lecun_normal": (lambda: init.lecun_normal, math.sqrt(1 / 600), None),
    "normal": (lambda: init.normal, 1.0, None),
    "truncated_normal": (lambda: init.truncated_normal, 1.0, 2 / 0.8796256610342398),
    "uniform": (lambda: lambda s, rng: init.uniform(s, -1, 1, rng=rng), 1 / math.sqrt(3), 1.0),
}


@pytest.mark.parametrize("name", SPREADS)
def test_the_spread_is_what_the_formula_says(name):
    function, std, bound = SPREADS[name]
    w = function()(WIDE, rng=np.random.default_rng(0))
    assert w.shape == WIDE and w.dtype == np.float32
    # 180,000 draws: the deviation is known to better than 0.5 %, the mean to 0.7 % of it.
    assert w.std() == pytest.approx(std, rel=0.01)
    assert abs(w.mean()) < 0.01 * std
    if bound is None:
        assert np.abs(w).max() > 3.5 * std
    else:
        assert 0.999 * bound < np.abs(w).max() <= bound * (1 + 1e-6)


def test_kaiming_of_another_slope_and_direction():
    rng = np.random.default_rng(0)
    w = init.kaiming_normal(WIDE, a=math.sqrt(5), rng=rng)
    assert w.std() == pytest.approx(math.sqrt(2 / 6) / math.sqrt(600), rel=0.01)
    w = init.kaiming_uniform(WIDE, mode="fan_out", nonlinearity="linear", rng=rng)
    assert w.std() == pytest.approx(1 / math.sqrt(900), rel=0.01)
    with pytest.raises(ValueError, match="'fan_in' or 'fan_out', got 'both'"):
        init.kaiming_normal(WIDE, mode="both")


def test_the_signal_keeps_its_size_through_fifty_rectified_layers():
    rng = np.random.default_rng(0)
    h = rng.normal(size=(64, 256))
    for _ in range(50):
        h = np.maximum(h @ init.kaiming_normal((256, 256), rng=rng, dtype=np.float64).T, 0)
    assert 0.1 < (h**2).mean() < 10


@given(st.integers(1, 12), st.integers(1, 6), st.integers(1, 3), st.floats(0.1, 3))
def test_orthogonal_keeps_lengths(out, columns, kernel, gain):
    rng = np.random.default_rng(0)
    w = init.orthogonal((out, columns, kernel), gain, rng=rng, dtype=np.float64).reshape(out, -1)
    gram = w @ w.T if out <= columns * kernel else w.T @ w
    np.testing.assert_allclose(gram, gain**2 * np.eye(len(gram)), atol=1e-12)


def test_orthogonal_signs_do_not_come_from_the_algorithm():
    # LAPACK's Q alone has a diagonal of one sign; a uniform rotation has both.
    first = [init.orthogonal((3, 3), rng=np.random.default_rng(i))[0, 0] for i in range(200)]
    assert 60 < sum(v > 0 for v in first) < 140


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("tanh", np.tanh),
        ("gelu", lambda z: z * 0.5 * (1 + np.vectorize(math.erf)(z / math.sqrt(2)))),
        ("silu", lambda z: z / (1 + np.exp(-z))),
        ("relu", lambda z: np.maximum(z, 0)),
        ("leaky_relu", lambda z: np.where(z > 0, z, 0.01 * z)),
    ],
)
def test_a_gain_restores_the_second_moment_of_a_unit_normal(name, function):
    z = np.linspace(-10, 10, 20_001)
    moment = np.trapezoid(function(z) ** 2 * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi), z)
    # PyTorch's 5/3 for tanh is a convention: exact would be 1.5925.
    tolerance = 0.05 if name == "tanh" else 1e-6
    assert init.calculate_gain(name) == pytest.approx(1 / math.sqrt(moment), rel=tolerance)


def test_gains_with_parameter_and_of_unknown_names():
    assert init.calculate_gain("leaky_relu", math.sqrt(5)) == pytest.approx(math.sqrt(1 / 3))
    with pytest.raises(ValueError, match=r"must be .*'relu'.*, got 'rleu'"):
        init.calculate_gain("rleu")


def test_constants_and_identity():
    assert not init.zeros((2, 3)).any() and (init.ones((2,)) == 1).all()
    np.testing.assert_array_equal(init.constant((2,), 3.5), [3.5, 3.5])
    np.testing.assert_array_equal(init.identity((2, 3), 2.0), [[2, 0, 0], [0, 2, 0]])
    with pytest.raises(ShapeError, match=r"expected a shape \(out, in\), got \(2, 2, 2\)"):
        init.identity((2, 2, 2))


def test_dtypes():
    assert init.normal((2,), dtype=np.float64).dtype == np.float64
    with default_dtype(np.float64):
        assert init.orthogonal((2, 2)).dtype == init.zeros((2,)).dtype == np.float64


@pytest.mark.parametrize("name", ["xavier_uniform", "kaiming_normal", "lecun_normal", "orthogonal"])
def test_one_axis_has_no_fans(name):
    with pytest.raises(ShapeError, match=r"two axes or more, got \(3,\)"):
        getattr(init, name)((3,))


def test_negative_spreads_are_refused():
    with pytest.raises(ValueError, match="std must be a finite number >= 0, got -1"):
        init.normal((2,), std=-1)
    with pytest.raises(ValueError, match="std must be a finite number >= 0, got nan"):
        init.truncated_normal((2,), std=math.nan)
    with pytest.raises(ValueError, match="low <= high, got 1 and 0"):
        init.uniform((2,), 1, 0)


def test_empty_shapes():
    assert init.kaiming_uniform((0, 3)).shape == (0, 3)
    assert init.truncated_normal((0,)).shape == (0,)
