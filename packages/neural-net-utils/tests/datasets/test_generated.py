"""Generated 2-D data: shapes, geometry, balance, seeds."""

import numpy as np
import pytest

from neural_net_utils.datasets.generated import blobs, circles, moons, two_spirals, xor_points

MAKERS = [two_spirals, moons, circles, blobs, xor_points]


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("n", [1, 2, 101])
def test_shapes_balance_and_seed(make, n):
    """float32 points, int64 classes of equal size, the same for the same seed only."""
    x, y = make(n, rng=rng())
    assert (x.shape, x.dtype) == ((n, 2), np.float32)
    assert (y.shape, y.dtype) == ((n,), np.int64)
    counts = np.bincount(y)
    assert n < len(counts) or counts.max() - counts.min() <= 1
    again = make(n, rng=rng())
    assert np.array_equal(again[0], x)
    assert np.array_equal(again[1], y)
    if n > 100:
        assert not np.array_equal(make(n, rng=rng(1))[0], x)
        assert not np.all(np.diff(y[:50]) >= 0)  # shuffled


def test_spirals_lie_on_their_curve():
    """Without noise the angle follows from radius and class, and the arms are opposite."""
    x, y = two_spirals(400, turns=1.5, rng=rng())
    radius = np.linalg.norm(x, axis=1)
    assert np.isclose(radius.max(), 1, atol=1e-5)
    angle = 2 * np.pi * 1.5 * radius + np.pi * y
    assert np.allclose(x, radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1), atol=1e-4)


def test_moons_lie_on_half_circles():
    """Class 0 is the upper half of the unit circle, class 1 the lower half about (1, 0.5)."""
    x, y = moons(200, noise=0, rng=rng())
    upper, lower = x[y == 0], x[y == 1] - (1, 0.5)
    assert np.allclose(np.linalg.norm(upper, axis=1), 1, atol=1e-5)
    assert np.allclose(np.linalg.norm(lower, axis=1), 1, atol=1e-5)
    assert upper[:, 1].min() > -1e-5
    assert lower[:, 1].max() < 1e-5


def test_circles_have_their_radii():
    """Radius 1 outside, `factor` inside; noise widens them."""
    x, y = circles(100, noise=0, factor=0.3, rng=rng())
    radius = np.linalg.norm(x, axis=1)
    assert np.allclose(radius, np.where(y == 1, 0.3, 1), atol=1e-6)
    noisy, _ = circles(2000, noise=0.1, factor=1.0, rng=rng())
    assert 0.09 < (np.linalg.norm(noisy, axis=1) - 1).std() < 0.11


def test_blobs_stand_around_their_centres():
    """Means and deviations of each class; centres of any dimension."""
    centers = [[0, 0, 9], [5, 5, 5]]
    x, y = blobs(4000, centers, spread=0.5, rng=rng())
    for c in (0, 1):
        assert np.allclose(x[y == c].mean(axis=0), centers[c], atol=0.05)
        assert np.allclose(x[y == c].std(axis=0), 0.5, atol=0.05)
    assert len(np.unique(blobs(50, 7, rng=rng())[1])) == 7


def test_xor_points_follow_the_signs():
    """Class 1 exactly where the signs differ, all four corners used."""
    x, y = xor_points(500, rng=rng())
    assert np.array_equal((x[:, 0] * x[:, 1] < 0).astype(int), y)
    assert len({(a > 0, b > 0) for a, b in x}) == 4


def test_bad_arguments():
    """Counts, noise and shapes are checked."""
    with pytest.raises(ValueError, match="two_spirals: n must be an int >= 1, got 0"):
        two_spirals(0)
    with pytest.raises(ValueError, match=r"moons: noise must be a finite number >= 0, got -0.1"):
        moons(noise=-0.1)
    with pytest.raises(ValueError, match="circles: factor must be a number from 0 to 1, got 2"):
        circles(factor=2)
    with pytest.raises(ValueError, match=r"centers must be \(K, D\)"):
        blobs(centers=[1, 2])
