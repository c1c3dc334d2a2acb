"""Gated linear units."""

import numpy as np
import pytest

from neural_net_core import (
    GLU,
    ShapeError,
    SwiGLU,
    Tensor,
    geglu,
    gelu,
    glu,
    ops,
    sigmoid,
    silu,
    swiglu,
)


@pytest.mark.parametrize(("shape", "axis"), [((3, 8), -1), ((4, 3), 0), ((2, 6, 5), 1)])
@pytest.mark.parametrize("name", ["glu", "swiglu"])
def test_each_equals_its_composition(name, shape, axis):
    fused = {"glu": glu, "swiglu": swiglu}[name]

    def composed(x, axis):
        a, b = ops.split(x, 2, axis)
        return a * sigmoid(b) if name == "glu" else silu(a) * b

    data = np.random.default_rng(0).normal(size=shape)
    results = []
    for function in (fused, composed):
        x = Tensor(data, np.float64, requires_grad=True)
        y = function(x, axis)
        (y * y).sum().backward()
        results.append((y.data, x.grad))
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_geglu_is_gated_by_the_first_half(approximate):
    x = Tensor(np.random.default_rng(0).normal(size=(2, 6, 5)), np.float64)
    a, b = ops.split(x, 2, 1)
    expected = gelu(a, approximate) * b
    np.testing.assert_array_equal(geglu(x, 1, approximate=approximate).data, expected.data)


@pytest.mark.parametrize("fn", [glu, swiglu, geglu])
def test_an_odd_length_is_refused(fn):
    with pytest.raises(ShapeError, match=r"even length along axis -1, got \(2, 3\)"):
        fn(np.ones((2, 3)))
    with pytest.raises(ShapeError, match=r"even length|axis must be"):
        fn(np.ones(4), axis=1)
    with pytest.raises(ShapeError, match=r"even length|axis must be"):
        fn(1.0)


def test_the_glu_module_splits_along_its_axis():
    x = np.random.default_rng(0).normal(size=(4, 6))
    np.testing.assert_array_equal(GLU(0)(x).data, glu(x, 0).data)


def test_the_feed_forward_part_is_its_formula():
    rng = np.random.default_rng(0)
    block = SwiGLU(6, 5, rng=rng)
    assert {k: v.shape for k, v in block.state_dict().items()} == {
        "w1.weight": (5, 6),
        "w2.weight": (6, 5),
        "w3.weight": (5, 6),
    }
    x = rng.normal(size=(2, 3, 6)).astype(np.float32)
    w1, w2, w3 = (p.data.astype(float) for p in block.parameters())
    gate = x @ w1.T
    expected = (gate / (1 + np.exp(-gate)) * (x @ w3.T)) @ w2.T
    np.testing.assert_allclose(block(x).data, expected, rtol=1e-4, atol=1e-6)


def test_the_default_width_keeps_the_number_of_weights():
    plain = 2 * 96 * 4 * 96
    assert SwiGLU(96).num_parameters() == plain
    assert SwiGLU(6, 5, bias=True).num_parameters() == 3 * 30 + 5 + 6 + 5
