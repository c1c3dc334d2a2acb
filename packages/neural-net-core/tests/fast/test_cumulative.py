"""Running products of long lines: the gradients of one step after another, by parts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Tensor, grad, ops, textbook
from neural_net_core.fast import cumulative
from neural_net_core.fast.cumulative import FEW, MANY_LINES, STEPS, gathered_from_the_end

FACTORS = {
    "near 1": lambda rng, n: 1 + 0.01 * rng.normal(size=n),
    "normal, which soon makes zeros": lambda rng, n: rng.normal(size=n),
    "some zeros": lambda rng, n: np.where(rng.random(n) < 0.01, 0, 1 + 0.01 * rng.normal(size=n)),
    "a zero before large ones": lambda rng, n: np.where(np.arange(n) == 40, 0, 2.0),
    "large": lambda rng, n: np.where(np.arange(n) % 2 > 0, 1e20, 1e-20),
    "tiny": lambda rng, n: np.full(n, 1e-20),
    "NaN": lambda rng, n: np.where(np.arange(n) == 77, np.nan, 1.0),
    "infinity": lambda rng, n: np.where(np.arange(n) == 77, np.inf, 1.0),
    "infinity and zero": lambda rng, n: np.where(np.arange(n) == 77, np.inf, np.arange(n) != 99),
}


def both_forms(function, x, dy):
    """Return value and gradient of the fast form, and those of the textbook form."""
    results = []
    for use_textbook in (False, True):
        leaf = Tensor(x, x.dtype, requires_grad=True)
        if use_textbook:
            with textbook():
                y = function(leaf)
        else:
            y = function(leaf)
        results.append((y.data, grad(y, leaf, dy)))
    return results


@pytest.mark.filterwarnings("ignore:(overflow|invalid)")
@given(
    kind=st.sampled_from(list(FACTORS)),
    n=st.sampled_from([FEW, FEW + 1, 3 * FEW - 1]),
    dtype=st.sampled_from([np.float32, np.float64]),
    ends=st.sampled_from([(0, None), (0, 30), (2000, None)]),
    seed=st.integers(0, 99),
)
def test_factors_of_all_kinds(kind, n, dtype, ends, seed):
    rng = np.random.default_rng(seed)
    x = FACTORS[kind](rng, n).astype(dtype)
    dy = np.zeros(n, dtype)
    dy[slice(*ends)] = rng.normal(size=dy[slice(*ends)].shape)
    (y, dx), (y_text, dx_text) = both_forms(lambda x: ops.cumprod(x, 0), x, dy)
    np.testing.assert_array_equal(y, y_text)
    finite = dx_text[np.isfinite(dx_text)]
    limit = 500 * np.finfo(dtype).eps * np.abs(finite).max(initial=0)  # of up to 12,000 roundings
    np.testing.assert_allclose(dx, dx_text, rtol=1e-5 if dtype == np.float32 else 1e-13, atol=limit)
    assert dx.dtype == dtype


@pytest.mark.parametrize("function", [ops.cumprod, ops.logcumsumexp])
@pytest.mark.parametrize(
    ("shape", "axis"), [((500, 40), 0), ((20, 1000), 1), ((4, 300, 12), 1), ((9, 40, 60, 2), 0)]
)
def test_arrays_with_gaps_and_any_order_of_axes(function, shape, axis):
    rng = np.random.default_rng(0)
    x = 1 + 0.01 * rng.normal(size=shape)
    turned = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 0, -1)), -1, 0)
    for part in (x[::2], x[::-1], turned):
        dy = np.asfortranarray(rng.normal(size=part.shape))
        fast, text = both_forms(lambda x: function(x, axis), part, dy)
        for a, b in zip(fast, text, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def test_lines_are_cut_only_where_parts_pay():
    ones = np.ones((MANY_LINES, 2 * STEPS))
    assert gathered_from_the_end(ones, ones, 1) is None
    assert gathered_from_the_end(ones[1:], ones[1:], 1) is not None
    assert gathered_from_the_end(ones[1:, 1:], ones[1:, 1:], 1) is None
    assert gathered_from_the_end(ones[: FEW // 64 - 1], ones[: FEW // 64 - 1], 1) is None
    assert gathered_from_the_end(ones[: FEW // 64], ones[: FEW // 64], 1) is not None


def test_a_long_line_takes_few_steps(monkeypatch):
    """A million numbers are parts of parts of parts: about 100 steps."""
    gathers, gather = [], cumulative._gather

    def spy(d, a):
        gathers.append(d.shape)
        gather(d, a)

    monkeypatch.setattr(cumulative, "_gather", spy)
    n = 1 << 20
    g = gathered_from_the_end(np.ones(n, np.float32), np.ones(n, np.float32), 0)
    np.testing.assert_array_equal(g, np.arange(n, 0, -1))
    assert gathers == [(32, 32768), (32, 1024), (32, 32)]
