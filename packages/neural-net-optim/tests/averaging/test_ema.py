"""The exponential moving average."""

import numpy as np
import pytest

from neural_net_core import Parameter
from neural_net_optim import EMA

VALUES = [3.0, 6.0, -2.0, 8.0, 1.0]


def averages(decay, start, initial=100.0):
    """Return the average after each of the values."""
    p = Parameter([initial], "float64")
    ema = EMA([p], decay, start=start)
    found = []
    for value in VALUES:
        p.data[...] = value
        ema.update()
        found.append(float(ema.average["0"][0]))
    return found


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.9, 0.999])
def test_debiased_is_adams_corrected_average(decay):
    """Begun at 0 and divided by 1 − dᵗ; a constant stays what it is from the first update."""
    mean, expected = 0.0, []
    for t, value in enumerate(VALUES, 1):
        mean = decay * mean + (1 - decay) * value
        expected.append(mean / (1 - decay**t))
    assert averages(decay, "debias") == pytest.approx(expected, rel=1e-9)


def test_copy_warmup_and_initial_by_hand():
    """The three other beginnings."""
    assert averages(0.5, "copy") == [3.0, 4.5, 1.25, 4.625, 2.8125]
    assert averages(0.5, "initial") == [51.5, 28.75, 13.375, 10.6875, 5.84375]
    mean, expected = 100.0, []
    for t, value in enumerate(VALUES, 1):
        d = min(0.3, (1 + t) / (10 + t))
        mean = d * mean + (1 - d) * value
        expected.append(mean)
    assert averages(0.3, "warmup") == pytest.approx(expected)
    assert expected[0] == pytest.approx(2 / 11 * 100 + 9 / 11 * 3)


@pytest.mark.parametrize("start", ["copy", "debias"])
def test_the_first_update_copies_to_the_bit(start):
    """1e8 + (1 − 1e8) is 0 in float32."""
    p = Parameter([1e8])
    ema = EMA([p], start=start)
    p.data[...] = 1.0
    ema.update()
    assert ema.average["0"] == [1.0]


def test_defaults():
    """0.999 and debiased."""
    ema = EMA([Parameter([1.0])])
    assert (ema.decay, ema.start) == (0.999, "debias")


def test_an_update_is_the_formula_to_the_bit():
    """Also of weights that are a view of every second number."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 41)).astype(np.float32)
    y = rng.standard_normal((3, 41)).astype(np.float32)
    p, q = Parameter(x), Parameter(x)
    q.data = np.repeat(x, 2, axis=1)[:, ::2]
    a, b = EMA([p], 0.9, start="initial"), EMA([q], 0.9, start="initial")
    p.data[...] = y
    q.data[...] = y
    a.update()
    b.update()
    weight = 1 - 0.9
    np.testing.assert_array_equal(a.average["0"], x + weight * (y - x))
    np.testing.assert_array_equal(b.average["0"], a.average["0"])
    assert a.average["0"].dtype == np.float32


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"decay": 1.0}, r"EMA: decay must be a number in \[0, 1\), got 1.0"),
        ({"decay": -0.1}, "decay must be"),
        ({"start": "zero"}, "start must be one of 'debias', 'warmup', 'copy', 'initial', got 'zer"),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        EMA([Parameter([1.0])], **options)
