"""Perplexity and calibration error."""

import math

import numpy as np
import pytest

from neural_net_core.errors import DTypeError, ShapeError
from neural_net_utils.metrics import expected_calibration_error, perplexity


def test_perplexity_values():
    """V for a uniform guess, 1 for certainty, the inverse geometric mean of p in between."""
    assert perplexity(np.zeros((4, 7)), [0, 1, 2, 3]) == pytest.approx(7)
    assert perplexity([[100.0, 0.0]], [0]) == pytest.approx(1)
    p = np.array([[0.5, 0.5], [0.125, 0.875]])
    assert perplexity(np.log(p), [0, 0]) == pytest.approx((0.5 * 0.125) ** -0.5)


def test_perplexity_is_stable_and_ignores_padding():
    """Huge float32 logits, certain errors, ignored targets."""
    logits = np.array([[1e4, -1e4], [0, 0]], dtype=np.float32)
    assert perplexity(logits, [0, 1]) == pytest.approx(math.sqrt(2))
    assert perplexity(logits, [1, 1]) == math.inf
    assert perplexity(logits, [-1, 1], ignore_index=-1) == pytest.approx(2)
    assert math.isnan(perplexity(logits, [-1, -1], ignore_index=-1))
    with pytest.raises(ShapeError, match="perplexity: expected logits"):
        perplexity(logits, [[0, 1]])
    with pytest.raises(DTypeError, match="integer class numbers as targets"):
        perplexity(logits, [0.5, 1.0])


def test_calibration_error_against_a_loop():
    """The weighted gaps of 15 bins, one bin at a time."""
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(3), 400)
    targets = rng.integers(0, 3, 400)
    confidence, right = p.max(axis=1), p.argmax(axis=1) == targets
    wanted = 0.0
    for b in range(15):
        inside = (confidence > b / 15) & (confidence <= (b + 1) / 15)
        if inside.any():
            wanted += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    assert expected_calibration_error(p, targets) == pytest.approx(wanted)
    # A confidence on a bin's upper edge belongs to that bin: gaps of 0 - 0.5 and 1 - 0.75.
    edge = expected_calibration_error([[0.5, 0.5], [0.75, 0.25]], [1, 0], bins=2)
    assert edge == pytest.approx((0.5 + 0.25) / 2)
    assert math.isnan(expected_calibration_error(np.ones((0, 2)), np.array([], int)))
    with pytest.raises(ValueError, match="apply softmax first"):
        expected_calibration_error([[3.0, -1.0]], [0])
