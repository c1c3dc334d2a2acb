"""Borders of every kind, of sequences and images."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neural_net_layers as layers
from neural_net_core import ShapeError, Tensor, default_dtype, trace
from neural_net_layers import (
    CircularPad1D,
    CircularPad2D,
    ConstantPad1D,
    ConstantPad2D,
    Conv2D,
    ReflectionPad1D,
    ReflectionPad2D,
    ReplicationPad1D,
    ReplicationPad2D,
    ZeroPad1D,
    ZeroPad2D,
)

KINDS = ["Zero", "Constant", "Reflection", "Replication", "Circular"]
every_kind = pytest.mark.parametrize("kind", KINDS)


def make(kind, axes, padding):
    value = (2.5,) if kind == "Constant" else ()
    return getattr(layers, f"{kind}Pad{axes}D")(padding, *value)


def source(kind, i, n):
    """Return which of n elements stands at place i (from 0) beyond the ends, or None."""
    if 0 <= i < n:
        return i
    if kind == "Reflection":
        return -i if i < 0 else 2 * (n - 1) - i
    if kind == "Replication":
        return 0 if i < 0 else n - 1
    return i % n if kind == "Circular" else None


def by_definition(kind, x, widths, dy):
    """Return the input within its border and the input's gradient, element by element."""
    constant = 2.5 if kind == "Constant" else 0.0
    y, dx = np.full(dy.shape, constant), np.zeros(x.shape)
    n = len(widths)
    for place in np.ndindex(dy.shape[-n:]):
        shifted = [i - before for i, (before, _) in zip(place, widths, strict=True)]
        found = [source(kind, i, m) for i, m in zip(shifted, x.shape[-n:], strict=True)]
        if None not in found:
            y[(..., *place)] = x[(..., *found)]
            dx[(..., *found)] += dy[(..., *place)]
    return y, dx


def widest(kind, n):
    return {"Reflection": n - 1, "Circular": n}.get(kind, 5)


@every_kind
@given(st.data())
def test_every_place_shows_what_the_formula_says_and_gradients_add_up(kind, data):
    axes = data.draw(st.sampled_from([1, 2]))
    size = data.draw(st.tuples(*[st.integers(1, 5)] * axes))
    widths = [data.draw(st.tuples(*[st.integers(0, widest(kind, n))] * 2)) for n in size]
    batch = data.draw(st.sampled_from([(), (2,)]))
    rng = np.random.default_rng(0)
    x = rng.integers(-9, 9, size=(*batch, 2, *size)).astype(np.float32)
    leaf = Tensor(x, requires_grad=True)
    flat = [n for pair in reversed(widths) for n in pair]  # the last axis comes first
    y = make(kind, axes, flat)(leaf)
    assert y.dtype == np.float32
    dy = rng.integers(-9, 9, size=y.shape).astype(np.float32)
    y.backward(dy)
    expected, dx = by_definition(kind, x, widths, dy)
    np.testing.assert_array_equal(y.data, expected)
    np.testing.assert_array_equal(leaf.grad, dx)


def test_numbers_worked_by_hand():
    x = [[[1.0, 2.0], [3.0, 4.0]]]
    assert ZeroPad2D((1, 0, 0, 1))(x).tolist() == [[[0, 1, 2], [0, 3, 4], [0, 0, 0]]]
    assert ConstantPad1D((0, 2), 9)(x).tolist() == [[[1, 2, 9, 9], [3, 4, 9, 9]]]
    assert ReflectionPad1D(1)(x).tolist() == [[[2, 1, 2, 1], [4, 3, 4, 3]]]
    assert ReplicationPad1D((3, 0))(x).tolist() == [[[1, 1, 1, 1, 2], [3, 3, 3, 3, 4]]]
    assert CircularPad2D((0, 0, 2, 1))(x).tolist() == [[[1, 2], [3, 4], [1, 2], [3, 4], [1, 2]]]


def test_where_an_element_is_shown_more_often_its_gradients_add():
    x = Tensor([[1.0, 2.0, 3.0]], requires_grad=True)
    for layer, expected in {
        ZeroPad1D(2): [1, 1, 1],
        ReflectionPad1D(2): [2, 3, 2],
        ReplicationPad1D(2): [3, 1, 3],
        CircularPad1D(2): [2, 3, 2],
    }.items():
        x.grad = None
        layer(x).sum().backward()
        assert x.grad.tolist() == [expected], layer


@every_kind
def test_a_negative_width_takes_away_before_the_border_is_made(kind):
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 6)).astype(np.float32)
    leaf = Tensor(x, requires_grad=True)
    y = make(kind, 2, (-1, 2, 1, -2))(leaf)
    kept = make(kind, 2, (0, 2, 1, 0))(x[:, :, :3, 1:])
    np.testing.assert_array_equal(y.data, kept.data)
    y.sum().backward()
    outside = np.ones((5, 6), bool)
    outside[:3, 1:] = False
    assert (leaf.grad[:, :, outside] == 0).all()
    assert (leaf.grad[:, :, ~outside] != 0).all()
    nothing = make("Zero" if kind in ("Reflection", "Replication") else kind, 1, (-2, -1))
    assert nothing(np.ones((1, 3))).shape == (1, 0)


@pytest.mark.parametrize("mode", ["reflect", "circular"])
def test_the_border_of_a_convolution_is_refused_by_its_widest_side(mode):
    layer = Conv2D(1, 1, 3, padding=((1, 0), (2, 7)), padding_mode=mode)
    with pytest.raises(ShapeError, match=rf"padding 7 with padding_mode='{mode}' takes more than"):
        layer(np.zeros((1, 1, 5, 5)))


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_before_a_convolution_it_is_the_convolutions_own_border(mode):
    cls = {"reflect": ReflectionPad2D, "replicate": ReplicationPad2D, "circular": CircularPad2D}
    inside = Conv2D(2, 3, 3, padding=((1, 2), (0, 2)), padding_mode=mode)
    outside = Conv2D(2, 3, 3)
    outside.load_state_dict(inside.state_dict())
    x = np.random.default_rng(0).normal(size=(2, 2, 5, 6)).astype(np.float32)
    np.testing.assert_array_equal(inside(x).data, outside(cls[mode]((0, 2, 1, 2))(x)).data)


@every_kind
def test_moving_numbers_costs_no_operation(kind):
    with trace() as calls:
        make(kind, 2, 1)(np.zeros((2, 3, 4, 5), np.float32))
    assert [call.cost().operations for call in calls] == [0]


@every_kind
def test_an_empty_batch_stays_empty_and_dtypes_stay(kind):
    assert make(kind, 2, 1)(np.zeros((0, 2, 3, 3))).shape == (0, 2, 5, 5)
    with default_dtype(np.float64):
        assert make(kind, 1, 1)(np.zeros((2, 3))).dtype == np.float64


def test_the_constant_may_be_any_number():
    for value in (np.nan, -np.inf, np.float32(2), 3):
        y = ConstantPad2D(1, value)(np.zeros((1, 1, 1), np.float32)).data
        np.testing.assert_array_equal(y[0, 0], np.full(3, value))
        assert y.dtype == np.float32
    for wrong in ("0", None, [1.0]):
        with pytest.raises(ValueError, match=r"^ConstantPad1D: value must be a number, got"):
            ConstantPad1D(1, wrong)


def test_errors_name_the_layer_the_widths_and_the_shape():
    x = np.zeros((2, 3, 4, 5))
    for layer in (ReflectionPad2D((5, 0, 0, 0)), ReflectionPad2D((0, 0, 0, 4))):
        with pytest.raises(ShapeError, match=r"^ReflectionPad2D\(padding=\(.*takes more .* \(2, 3"):
            layer(x)
    ReflectionPad2D((4, 4, 3, 3))(x)
    with pytest.raises(ShapeError, match="takes more than the input has"):
        ReflectionPad1D(1)(np.zeros((2, 3, 1)))  # which has an edge and nothing behind it
    with pytest.raises(ShapeError, match=r"^CircularPad2D\(padding=\(6, 0, 0, 0\)\): the padding"):
        CircularPad2D((6, 0, 0, 0))(x)
    CircularPad2D((5, 5, 4, 4))(x)
    with pytest.raises(ShapeError, match="takes more than the input has"):
        ReplicationPad1D(1)(np.zeros((2, 3, 0)))
    with pytest.raises(ShapeError, match="takes more than the input has"):
        ZeroPad1D((-3, -2))(np.zeros((2, 3, 4)))
    with pytest.raises(
        ShapeError,
        match=r"^ZeroPad1D\(padding=\(1, 1\)\): expected input \(B, C, L\) or \(C, L\), got",
    ):
        ZeroPad1D(1)(x)
    with pytest.raises(
        ShapeError, match=r"expected input \(B, C, H, W\) or \(C, H, W\), got \(4, 5"
    ):
        ZeroPad2D(1)(np.zeros((4, 5)))
    for wrong in ((1, 2), (1, 2, 3), 1.5, None, "same", True, (1, 2, 3, 0.5), 1 << 40):
        with pytest.raises(
            ValueError, match=r"^ZeroPad2D: padding must be an int, or 4 of them .left"
        ):
            ZeroPad2D(wrong)
