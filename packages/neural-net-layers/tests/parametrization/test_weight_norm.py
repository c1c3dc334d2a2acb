"""Weight normalization."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Dense, Parameter, Tensor, convert_state
from neural_net_core.testing import gradcheck
from neural_net_layers import Conv2D, remove_parametrizations, weight_norm
from neural_net_layers.parametrization.weight_norm import WeightNorm


def made(g, v, axis=0):
    part = WeightNorm(Parameter(v, np.float64), axis)
    part.original0.data[...] = g
    return part


@given(st.integers(0, 2**32 - 1))
def test_lengths_are_g_and_directions_those_of_v(seed):
    rng = np.random.default_rng(seed)
    g, v = rng.normal(size=(3, 1)), rng.normal(size=(3, 4))
    w = made(g, v).weight().data
    for row, length, direction in zip(w, g[:, 0], v, strict=True):
        size = sum(x * x for x in direction) ** 0.5
        np.testing.assert_allclose(row, [length * x / size for x in direction], rtol=1e-12)


@pytest.mark.parametrize(
    ("axis", "shape"), [(0, (4, 1, 1)), (1, (1, 3, 1)), (-1, (1, 1, 2)), (None, ())]
)
def test_vectors_stand_side_by_side_along_the_axis(axis, shape):
    layer = Conv2D(3, 4, (1, 2))
    before = layer.weight.data.copy()
    weight_norm(layer, axis=axis)
    g = layer.parametrizations["weight"].original0
    assert g.shape == (shape if axis is None else (*shape[:2], 1, shape[2]))
    np.testing.assert_allclose(layer.weight.data, before, rtol=1e-6)
    if axis is None:
        assert float(g.data) == pytest.approx(np.sqrt((before**2).sum()), rel=1e-6)


@given(st.integers(0, 2**32 - 1))
def test_the_gradients_are_those_of_equation_3_and_v_is_pushed_sideways(seed):
    rng = np.random.default_rng(seed)
    g, v, dw = rng.normal(size=(3, 1)), rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    part = made(g, v)
    part.weight().backward(dw)
    size = np.sqrt((v**2).sum(axis=1, keepdims=True))
    dg = (dw * v).sum(axis=1, keepdims=True) / size
    np.testing.assert_allclose(part.original0.grad, dg, rtol=1e-10, atol=1e-12)
    dv = g / size * dw - g * dg / size**2 * v
    np.testing.assert_allclose(part.original1.grad, dv, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose((part.original1.grad * v).sum(axis=1), 0, atol=1e-10)


@pytest.mark.parametrize("axis", [0, 1, None])
def test_gradcheck(axis):
    rng = np.random.default_rng(0)
    v = rng.normal(size=(3, 4))
    part = WeightNorm(Parameter(v, np.float64), axis)

    def weight(g, v):
        vars(part).update(original0=g, original1=v)
        return part.weight()

    gradcheck(weight, [rng.normal(size=part.original0.shape), v])


def test_a_vector_of_zeros_has_no_direction_and_gives_zeros_not_nan():
    layer = Dense(3, 2)
    layer.weight.data[0] = 0
    weight_norm(layer)
    y = layer(np.ones((1, 3)))
    y.sum().backward()
    assert np.isfinite(y.data).all()
    assert all(np.isfinite(p.grad).all() for p in layer.parameters())
    assert not layer.weight.data[0].any()


def test_a_state_of_pytorchs_older_names_loads():
    rng = np.random.default_rng(0)
    older = {
        "bias": rng.normal(size=2),
        "weight_g": rng.normal(size=(2, 1)),
        "weight_v": rng.normal(size=(2, 3)),
    }
    here = "parametrizations.weight.original"
    layer = weight_norm(Dense(3, 2))
    names = [("weight_g", f"{here}0"), ("weight_v", f"{here}1")]
    layer.load_state_dict(convert_state(older, rename=names))
    v = older["weight_v"]
    expected = older["weight_g"] * v / np.linalg.norm(v, axis=1, keepdims=True)
    np.testing.assert_allclose(layer.weight.data, expected, rtol=1e-6)


def test_there_is_no_original_to_go_back_to():
    layer = weight_norm(Dense(3, 2))
    with pytest.raises(ValueError, match="weight is made of several parameters, so there is no"):
        remove_parametrizations(layer, leave_parametrized=False)
    assert "parametrizations.weight.original0" in layer.state_dict()


def test_a_step_in_v_only_lengthens_it():
    """Pythagoras: |v − λ dv|² = |v|² + λ² |dv|², as the paper says after equation 3."""
    rng = np.random.default_rng(0)
    layer = weight_norm(Dense(4, 3, rng=rng, dtype=np.float64))
    v = layer.parametrizations["weight"].original1
    before = (v.data**2).sum(axis=1)
    for _ in range(20):
        layer.zero_grad()
        y = layer(Tensor(rng.normal(size=(5, 4)), np.float64))
        ((y - rng.normal(size=(5, 3))) ** 2).sum().backward()
        v.data -= 0.05 * v.grad
        v.version += 1
    assert ((v.data**2).sum(axis=1) > before).all()
