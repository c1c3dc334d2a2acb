"""One-dimensional digits: shapes, balance, seeds, and each step of the recipe for itself."""

import numpy as np
import pytest

from neural_net_utils.datasets.one_dimensional_digits import _smooth, mnist_1d, mnist_1d_templates


def rng(seed=0):
    return np.random.default_rng(seed)


def quiet(n, **options):
    """Signals without any noise."""
    return mnist_1d(n, correlated_noise=0, noise=0, rng=rng(), **options)


@pytest.mark.parametrize("n", [1, 2, 101])
def test_shapes_balance_and_seed(n):
    x, y = mnist_1d(n, rng=rng())
    assert (x.shape, x.dtype) == ((n, 40), np.float32)
    assert (y.shape, y.dtype) == ((n,), np.int64)
    counts = np.bincount(y, minlength=10)
    assert counts.max() - counts.min() <= 1
    again = mnist_1d(n, rng=rng())
    assert np.array_equal(again[0], x)
    assert np.array_equal(again[1], y)
    assert not np.array_equal(mnist_1d(n, rng=rng(1))[0], x)


def test_templates_are_ten_different_strokes_of_one_size():
    strokes = mnist_1d_templates()
    assert (strokes.shape, strokes.dtype) == ((10, 12), np.float32)
    np.testing.assert_allclose(strokes.std(axis=1), strokes[0].std(), rtol=1e-5)
    assert (strokes[:, [0, -1]] == 0).all()
    distances = np.linalg.norm(strokes[:, None] - strokes[None], axis=-1)
    assert distances[~np.eye(10, dtype=bool)].min() > 0.5
    strokes[...] = 9  # a copy
    assert mnist_1d_templates().max() < 1


def test_without_noise_a_signal_is_its_stroke_on_a_ramp():
    """With the ramp known from the silent end, the rest is the stroke in some width and size."""
    x, y = quiet(200, max_translation=0)
    strokes = mnist_1d_templates()
    for signal, digit in zip(x, y, strict=True):
        ramp = np.polyval(np.polyfit(np.arange(20, 40), signal[20:], 1), np.arange(40))
        rest = signal - ramp
        assert np.abs(rest[12:]).max() < 1e-5  # 18 points of 72 at most
        fits = []
        for width in np.linspace(6, 12, 200):
            place = np.arange(40) / width * 11
            stroke = np.interp(place, np.arange(12), strokes[digit], right=0)
            scale = stroke @ rest / (stroke @ stroke)
            fits.append((np.abs(rest - scale * stroke).max(), scale))
        error, scale = min(fits)
        assert error < 0.15
        assert 0.75 < scale < 1.25


def test_translation_moves_the_stroke_round_the_end():
    def centers(far):
        x, _ = quiet(400, max_translation=far)
        flat = x - np.linspace(0, 1, 40) * (x[:, -1:] - x[:, :1]) - x[:, :1]
        return np.abs(flat).argmax(axis=1)

    assert centers(0).max() < 12
    assert centers(48).max() > 25


def test_the_ramp_is_at_most_as_steep_as_said():
    x, _ = quiet(500, max_translation=0)
    rise = (x[:, -1] - x[:, 20]) * 39 / 19
    assert 0.3 < np.abs(rise).max() <= 0.375 + 1e-6
    assert abs(rise.mean()) < 0.05


def test_white_noise_covers_everything():
    x, y = quiet(300)
    noisy, same = mnist_1d(300, correlated_noise=0, noise=0.05, rng=rng())
    assert np.array_equal(y, same)
    # The slope is drawn after the noise, so compare second differences, which a ramp leaves alone.
    assert np.abs(np.diff(noisy, 2)).mean() > np.abs(np.diff(x, 2)).mean() + 0.02


def test_smooth_noise_is_in_the_silence_only_and_smooth():
    x, _ = mnist_1d(500, max_translation=0, correlated_noise=1.0, noise=0, rng=rng())
    silence = np.diff(x[:, 14:], axis=1)  # no longer a ramp
    assert silence.std() > 0.1
    rows = rng().standard_normal((50, 72))
    assert np.diff(_smooth(rows)).std() < 0.25 * np.diff(rows).std()


def test_the_low_pass_filter_keeps_constants_and_the_mean():
    assert np.allclose(_smooth(np.full((1, 72), 3.0)), 3)
    spike = np.zeros((1, 72))
    spike[0, 36] = 1
    answer = _smooth(spike)[0]
    assert np.isclose(answer.sum(), 1)
    assert answer.argmax() == 36
    assert np.allclose(answer, answer[np.arange(72, 0, -1) % 72][:72], atol=1e-12)
    ratio = answer[38] / answer[36]
    assert np.isclose(ratio, np.exp(-0.5))  # one standard deviation away


def test_a_nearest_centre_classifier_is_far_from_both_guessing_and_knowing():
    x, y = mnist_1d(3_000, rng=rng())
    centers = np.stack([x[:2_000][y[:2_000] == c].mean(axis=0) for c in range(10)])
    answers = ((x[2_000:, None] - centers) ** 2).sum(axis=-1).argmin(axis=1)
    assert 0.13 < (answers == y[2_000:]).mean() < 0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "n must be an int >= 1"),
        ({"n": 5, "max_translation": -1}, "max_translation must be an int >= 0"),
        ({"n": 5, "max_translation": 72}, "max_translation must be less than 72, got 72"),
        ({"n": 5, "noise": -1}, "noise must be a finite number >= 0"),
        (
            {"n": 5, "correlated_noise": float("nan")},
            "correlated_noise must be a finite number >= 0",
        ),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        mnist_1d(**options)
