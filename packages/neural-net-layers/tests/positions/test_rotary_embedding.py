"""Rotary positions."""

import cmath

import numpy as np
import pytest

from neural_net_core import ShapeError, Tensor
from neural_net_layers import RotaryEmbedding

LAYOUTS = pytest.mark.parametrize("interleaved", [False, True])


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def by_complex_numbers(x, base, interleaved, offset):
    """Each pair as one complex number, multiplied by e^(i p ω), in loops."""
    y = np.empty_like(x)
    d = x.shape[-1]
    for place in np.ndindex(x.shape[:-1]):
        for i in range(d // 2):
            one, other = (2 * i, 2 * i + 1) if interleaved else (i, i + d // 2)
            angle = (offset + place[-1]) * base ** (-2 * i / d)
            z = complex(x[place][one], x[place][other]) * cmath.exp(1j * angle)
            y[place][one], y[place][other] = z.real, z.imag
    return y


@LAYOUTS
@pytest.mark.parametrize("offset", [0, 3])
def test_it_multiplies_complex_numbers(interleaved, offset):
    """The formula by another road."""
    layer = RotaryEmbedding(6, 10, base=50.0, interleaved=interleaved, dtype=np.float64)
    x = numbers(2, 3, 5, 6)
    y = layer(Tensor(x, np.float64), offset)
    np.testing.assert_allclose(y.data, by_complex_numbers(x, 50.0, interleaved, offset), atol=1e-13)


@LAYOUTS
def test_products_depend_on_the_distance_only(interleaved):
    """q at m times k at n is the same for all m and n with one difference; lengths stay."""
    layer = RotaryEmbedding(8, 40, interleaved=interleaved, dtype=np.float64)
    q, k = numbers(8), numbers(8, seed=1)

    def turned(x, place):
        return layer(Tensor(x[None], np.float64), offset=place).data[0]

    products = [turned(q, n + 4) @ turned(k, n) for n in range(30)]
    np.testing.assert_allclose(products, products[0], rtol=1e-12)
    assert abs(turned(q, 5) @ turned(k, 0) - products[0]) > 1e-3
    np.testing.assert_allclose(np.linalg.norm(turned(q, 17)), np.linalg.norm(q))


def test_the_layouts_are_one_after_sorting_the_features():
    """Interleaved features moved apart give the other layout's result, moved apart."""
    x = numbers(2, 3, 6)
    apart = [0, 2, 4, 1, 3, 5]
    pairs = RotaryEmbedding(6, interleaved=True, dtype=np.float64)(x)
    halves = RotaryEmbedding(6, dtype=np.float64)(x[..., apart])
    np.testing.assert_allclose(pairs.data[..., apart], halves.data, rtol=1e-6)
    assert not np.allclose(pairs.data, RotaryEmbedding(6)(x).data)


@LAYOUTS
def test_the_gradient_is_turned_back(interleaved):
    """A rotation's transpose is its inverse: the gradient of ½‖y‖² is x itself."""
    x = Tensor(numbers(2, 4, 6), np.float64, requires_grad=True)
    y = RotaryEmbedding(6, interleaved=interleaved, dtype=np.float64)(x)
    y.backward(y.data)
    np.testing.assert_allclose(x.grad, x.data, rtol=1e-12)


def test_an_offset_continues_a_sequence():
    """With a cache: the last keys by themselves are what they are in the whole."""
    layer = RotaryEmbedding(4, 9)
    x = numbers(1, 2, 7, 4).astype(np.float32)
    whole = layer(x).data
    for t in range(7):
        assert np.array_equal(layer(x[:, :, t : t + 1], offset=t).data, whole[:, :, t : t + 1])


def test_tables_are_not_saved_and_far_places_are_exact():
    """Angles in float64; state dicts hold nothing."""
    layer = RotaryEmbedding(8, 5000)
    assert layer.state_dict() == {}
    assert layer.num_parameters() == 0
    assert layer.cos.dtype == np.float32
    exact = RotaryEmbedding(8, 5000, dtype=np.float64)
    np.testing.assert_allclose(layer.cos.data, exact.cos.data, atol=1e-7)


def test_odd_widths_and_places_beyond_the_table():
    """Pairs need an even number; the message says how to go farther."""
    with pytest.raises(ValueError, match="expected features to be even, got 5"):
        RotaryEmbedding(5)
    layer = RotaryEmbedding(4, max_length=6)
    with pytest.raises(ShapeError, match=r"RotaryEmbedding\(4\): places 5 to 6 are not all among"):
        layer(np.zeros((1, 1, 2, 4)), offset=5)
    with pytest.raises(ShapeError, match=r"expected input \(..., T, 4\), got \(1, 1, 2, 6\)"):
        layer(np.zeros((1, 1, 2, 6)))
