"""Augmentation: geometry checked against slow loops and known turns."""

import numpy as np
import pytest

from neural_net_core.errors import ShapeError
from neural_net_utils.datasets.digits import load_digits
from neural_net_utils.loading.augment import Augment, add_noise, mixup, rotate, shift


def rng(seed=0):
    return np.random.default_rng(seed)


class FixedRng(np.random.Generator):
    """A generator whose angles are what the test wants."""

    def __init__(self, angle):
        super().__init__(np.random.PCG64(0))
        self.angle = angle

    def uniform(self, low, high, size):
        self.limits = low, high
        return np.full(size, self.angle)


def slow_shift(image, down, right):
    out = np.zeros_like(image)
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            if 0 <= i - down < image.shape[0] and 0 <= j - right < image.shape[1]:
                out[i, j] = image[i - down, j - right]
    return out


@pytest.mark.parametrize("options", [(), (1,)], ids=["default", "1"])
def test_shift_equals_a_slow_loop(options):
    """Every image is some shift of its original, and all nine shifts of one pixel occur."""
    images = rng().random((80, 5, 4)).astype(np.float32) + 1
    moved = shift(images, *options, rng=rng(1))
    found = set()
    for before, after in zip(images, moved, strict=True):
        fits = [
            (down, right)
            for down in (-1, 0, 1)
            for right in (-1, 0, 1)
            if np.array_equal(slow_shift(before, down, right), after)
        ]
        assert len(fits) == 1
        found.add(fits[0])
    assert len(found) == 9


@pytest.mark.parametrize("change", [shift, rotate, add_noise])
def test_layouts_agree_and_inputs_stay(change):
    """Flat, plain and channel layouts give the same numbers; shape and dtype stay; no mutation."""
    flat = load_digits("test").images[:20]
    copy = flat.copy()
    results = [
        change(flat.reshape(shape), rng=rng(3)) for shape in ((20, 64), (20, 8, 8), (20, 1, 8, 8))
    ]
    assert np.array_equal(flat, copy)
    assert [r.shape for r in results] == [(20, 64), (20, 8, 8), (20, 1, 8, 8)]
    assert all(r.dtype == np.float32 for r in results)
    assert all(np.array_equal(r.reshape(20, 64), results[0]) for r in results)
    assert not np.array_equal(results[0], flat)


def test_channels_move_together():
    """Both channels of an image get the same shift and the same turn."""
    one = rng().random((30, 1, 6, 6)).astype(np.float32)
    two = np.concatenate([one, one * 2], axis=1)
    for change in (shift, rotate):
        out = change(two, rng=rng(1))
        assert np.allclose(out[:, 1], 2 * out[:, 0], atol=1e-6)


@pytest.mark.parametrize(("angle", "turns"), [(0, 0), (90, 1), (180, 2), (-90, -1)])
def test_quarter_turns_are_exact(angle, turns):
    """Turns by right angles equal np.rot90 (anti-clockwise as seen)."""
    images = rng().random((3, 7, 7)).astype(np.float32)
    out = rotate(images, 180, rng=FixedRng(angle))
    assert np.allclose(out, np.rot90(images, turns, axes=(1, 2)), atol=1e-5)


@pytest.mark.parametrize("angle", [0, 10, -37, 60, 90, 135, 180])
@pytest.mark.parametrize("shape", [(7, 4), (3, 8), (1, 5), (1, 1)])
def test_a_turn_equals_a_slow_loop(shape, angle):
    """Of images that are not square too, between pixels and beyond the edge."""
    (height, width), turn = shape, np.radians(angle)
    image = rng().random(shape) + 1
    expected = np.zeros(shape)
    for i, j in np.ndindex(shape):
        # Where this pixel comes from, seen from the centre; rows go down.
        y, x = i - (height - 1) / 2, j - (width - 1) / 2
        row = np.cos(turn) * y + np.sin(turn) * x + (height - 1) / 2
        column = np.cos(turn) * x - np.sin(turn) * y + (width - 1) / 2
        for k, m in np.ndindex(shape):
            near = max(0, 1 - abs(row - k)) * max(0, 1 - abs(column - m))
            expected[i, j] += near * image[k, m]
    out = rotate(image[np.newaxis], 180, rng=FixedRng(angle))
    np.testing.assert_allclose(out[0], expected, atol=1e-12)


def test_angles_are_drawn_to_both_sides():
    images, drawn = np.ones((1, 3, 3)), FixedRng(0)
    rotate(images, rng=drawn)
    assert drawn.limits == (-15, 15)
    rotate(images, 180, rng=drawn)
    assert drawn.limits == (-180, 180)


def test_rotation_interpolates():
    """By 45 degrees the centre stays, corners leave, and no value exceeds the original's range."""
    images = np.ones((1, 9, 9), dtype=np.float32)
    out = rotate(images, 180, rng=FixedRng(45))[0]
    assert out[4, 4] == pytest.approx(1)
    assert out[0, 0] == 0
    assert out.max() <= 1 + 1e-6
    assert out.min() >= 0
    assert np.allclose(out, out[::-1])
    assert np.allclose(out, out.T)


def test_noise_has_its_deviation():
    """Mean 0 and the deviation asked for."""
    out = add_noise(np.zeros((100, 64), dtype=np.float32), 0.3, rng=rng())
    assert abs(out.mean()) < 0.02
    assert abs(out.std() - 0.3) < 0.02


def test_mixup_blends_inputs_and_targets_alike():
    """With x equal to y, mixed x equals mixed y; rows still sum to 1."""
    y = np.eye(4, dtype=np.float32)[rng().integers(0, 4, 50)]
    mixed_x, mixed_y = mixup(y, y, alpha=1.0, rng=rng())
    assert np.array_equal(mixed_x, mixed_y)
    assert np.allclose(mixed_y.sum(axis=1), 1, atol=1e-6)
    assert np.any((mixed_y > 0.1) & (mixed_y < 0.9))
    with pytest.raises(ValueError, match="one_hot"):
        mixup(y, np.arange(50))
    with pytest.raises(ValueError, match="alpha must be a finite number > 0"):
        mixup(y, y, alpha=0)


def test_augment_joins_and_skips():
    """Only the first array changes; with everything at zero nothing does."""
    x, y = load_digits("test")
    out, labels = Augment(shift=1, rotate=10, noise=0.05)((x, y), rng())
    assert labels is y
    assert out.shape == x.shape
    assert not np.array_equal(out, x)
    assert Augment()((x, y), rng())[0] is x


def test_bad_arguments():
    """Shapes and ranges are named."""
    with pytest.raises(ShapeError, match=r"shift: expected .*got \(2, 10\)"):
        shift(np.ones((2, 10)))
    with pytest.raises(ValueError, match="max_degrees must be a number from 0 to 180, got 200"):
        rotate(np.ones((2, 4)), 200)
    with pytest.raises(ValueError, match="std must be a finite number >= 0, got -1"):
        add_noise(np.ones((2, 4)), -1)
    with pytest.raises(ValueError, match="Augment: rotate must be a number from 0 to 180"):
        Augment(rotate=180.5)
    with pytest.raises(ValueError, match="Augment: shift must be an int >= 0"):
        Augment(shift=0.5)
