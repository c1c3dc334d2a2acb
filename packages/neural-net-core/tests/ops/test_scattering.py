"""Adding and writing at positions: the reverse of gathering, duplicates included."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import DTypeError, PositionError, ShapeError, Tensor, grad, ops

SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4)
DTYPES = st.sampled_from([np.float32, np.float64])


def whole(rng, shape, dtype):
    """Return whole numbers as floats, whose sums are exact."""
    return rng.integers(-50, 50, size=shape).astype(dtype)


def leaf(x):
    return Tensor(x, x.dtype, requires_grad=True)


@given(shape=SHAPES, dtype=DTYPES, m=st.integers(0, 7), seed=st.integers(0, 99), data=st.data())
def test_slices_of_one_position_add_up(shape, dtype, m, seed, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    rng, n = np.random.default_rng(seed), shape[axis]
    of_source = list(shape)
    of_source[axis] = m
    x, source = leaf(whole(rng, shape, dtype)), leaf(whole(rng, of_source, dtype))
    indices = rng.integers(-n, n, m)
    y = ops.index_add(x, indices, source, axis)
    wanted = np.moveaxis(x.data.copy(), axis, 0)
    for i, s in zip(indices, np.moveaxis(source.data, axis, 0), strict=True):
        wanted[i] += s  # one at a time
    np.testing.assert_array_equal(np.moveaxis(y.data, axis, 0), wanted)
    assert y.dtype == dtype
    dy = whole(rng, shape, dtype)
    dx, ds = grad(y, [x, source], dy)
    np.testing.assert_array_equal(dx, dy)
    np.testing.assert_array_equal(ds, np.take(dy, indices, axis))
    assert dx.dtype == ds.dtype == dtype


def lines(draw, shape, m, seed):
    """Return an axis, indices along it, and the shape that they and a source have."""
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    full = list(shape)
    full[axis] = m
    rng = np.random.default_rng(seed)
    # The other axes of the indices, and of the source, may be of length 1.
    own = [1 if a != axis % len(shape) and draw(st.booleans()) else n for a, n in enumerate(full)]
    indices = rng.integers(-shape[axis], shape[axis], own)
    sources = [1 if draw(st.booleans()) else n for n in full]
    return axis, indices, full, sources


@given(shape=SHAPES, dtype=DTYPES, m=st.integers(0, 6), seed=st.integers(0, 99), data=st.data())
def test_numbers_are_added_in_every_line(shape, dtype, m, seed, data):
    axis, indices, full, of_source = lines(data.draw, shape, m, seed)
    rng = np.random.default_rng(seed + 1)
    x, source = leaf(whole(rng, shape, dtype)), leaf(whole(rng, of_source, dtype))
    y = ops.scatter_add(x, indices, source, axis)
    wanted = x.data.copy()
    positions, numbers = np.broadcast_to(indices, full), np.broadcast_to(source.data, full)
    for at in np.ndindex(*full):
        place = list(at)
        place[axis] = positions[at]
        wanted[tuple(place)] += numbers[at]
    np.testing.assert_array_equal(y.data, wanted)
    dy = whole(rng, shape, dtype)
    dx, ds = grad(y, [x, source], dy)
    np.testing.assert_array_equal(dx, dy)
    gathered = np.take_along_axis(dy, positions, axis)
    summed = tuple(a for a, n in enumerate(of_source) if n == 1)
    np.testing.assert_array_equal(ds, gathered.sum(axis=summed, keepdims=True))


@given(shape=SHAPES, dtype=DTYPES, m=st.integers(0, 6), seed=st.integers(0, 99), data=st.data())
def test_values_are_put_and_those_that_stay_learn(shape, dtype, m, seed, data):
    axis, indices, full, _ = lines(data.draw, shape, m, seed)
    rng = np.random.default_rng(seed + 1)
    x = leaf(whole(rng, shape, dtype))
    # All different, so that it shows which one stayed.
    values = leaf(100.0 + rng.permutation(int(np.prod(full))).reshape(full).astype(dtype))
    y = ops.put_along_axis(x, indices, values, axis)
    assert y.dtype == dtype
    named = np.zeros(shape, bool)
    np.put_along_axis(named, np.broadcast_to(indices, full), True, axis)
    np.testing.assert_array_equal(y.data[~named], x.data[~named])
    dy = 1 + whole(rng, shape, dtype) ** 2
    dx, dv = grad(y, [x, values], dy)
    np.testing.assert_array_equal(dx, np.where(named, 0, dy))
    # A change of a value that stayed changes y where it stands; no other does.
    wanted = np.zeros_like(values.data)
    for value, d in zip(y.data[named], dy[named], strict=True):
        wanted[values.data == value] = d
    np.testing.assert_array_equal(dv, wanted)


def test_scatter_add_is_the_gradient_of_take_along_axis_and_the_other_way_round():
    rng = np.random.default_rng(0)
    x, i = leaf(rng.normal(size=(3, 5))), rng.integers(0, 5, (3, 7))
    dy = rng.normal(size=(3, 7))
    found = ops.scatter_add(np.zeros((3, 5)), i, Tensor(dy, np.float64), 1)
    np.testing.assert_allclose(found.data, grad(ops.take_along_axis(x, i, 1), x, dy), rtol=1e-12)


def test_x_itself_stays_as_it_is_also_what_stands_behind_a_view():
    base = np.zeros((2, 6))
    x = Tensor(base[:, ::2], np.float64)
    ops.index_add(x, [0], np.ones((1, 3)))
    ops.scatter_add(x, [[0]], 1.0, 1)
    ops.put_along_axis(x, [[0]], 1.0, 1)
    assert not base.any()


def test_a_new_array_in_the_place_of_x_needs_no_gradient():
    s = leaf(np.ones((3, 2), np.float32))
    y = ops.index_add(np.zeros((2, 2)), [0, 0, 1], s)
    assert (y.dtype, y.data.tolist()) == (np.float32, [[2, 2], [1, 1]])
    assert grad(y.sum(), s).tolist() == [[1, 1]] * 3


@pytest.mark.parametrize("fn", [ops.scatter_add, ops.put_along_axis])
def test_numbers_and_lists_take_the_dtype_of_the_tensor(fn):
    for x, source in [
        (Tensor([1.0, 2.0]), np.ones(1)),
        (Tensor([1.0, 2.0]), 3),
        (np.ones(2), Tensor([1.0])),
        ([1.0, 2.0], [1.0]),
        ([1.0, 2.0], 1),
    ]:
        assert fn(x, [0], source, 0).dtype == np.float32
    assert fn(Tensor([1.0], np.float64), [0], [1], 0).dtype == np.float64


def test_indices_that_the_caller_changes_later_change_no_gradient():
    i = np.array([0, 0])
    s = leaf(np.ones((2, 1)))
    y = ops.index_add(np.zeros((2, 1)), i, s)
    i[:] = 1
    assert grad(y, s, np.array([[3.0], [5.0]])).tolist() == [[3], [3]]


def test_what_does_not_fit_is_refused():
    x = np.ones((3, 2))
    for wrong in (np.ones((3, 2)), np.ones(2), np.ones((2, 3)), 1.0):
        with pytest.raises(ShapeError, match=r"index_add: expected a source of shape \(2, 2\)"):
            ops.index_add(x, [0, 1], wrong)
    with pytest.raises(ShapeError, match="index_add: indices must have 1 axis"):
        ops.index_add(x, [[0]], np.ones((1, 2)))
    for fn in (ops.scatter_add, ops.put_along_axis):
        with pytest.raises(ShapeError, match=r"expected indices with the 2 axes of x"):
            fn(x, [0, 1], x, 0)
        with pytest.raises(ShapeError, match=fn.__name__.split("_")[0].title()):
            fn(x, [[0, 1]], np.ones((3, 3)), 0)
        with pytest.raises(PositionError, match="out of bounds"):
            fn(x, [[3, 0]], 1.0, 0)
    with pytest.raises(PositionError, match="out of bounds"):
        ops.index_add(x, [3], np.ones((1, 2)))
    for fn, i in (
        (ops.index_add, [0.0]),
        (ops.scatter_add, [[0.0]]),
        (ops.put_along_axis, [[0.0]]),
    ):
        with pytest.raises(DTypeError, match=f"{fn.__name__}: indices must be integers"):
            fn(x, i, np.ones((1, 2)), 0)
        with pytest.raises(PositionError, match=f"{fn.__name__}: axis must be an int"):
            fn(x, np.asarray(i, int), np.ones((1, 2)), 2)


@pytest.mark.parametrize("shape", [(1, 6), (3, 6), (2, 3, 6)], ids=str)
@pytest.mark.parametrize(
    "layout",
    [
        lambda a: a[..., ::-1],
        lambda a: a[::-1],
        np.asfortranarray,
        lambda a: a.T.copy().T[..., ::-1],
        lambda a: np.repeat(a, 2, -1)[..., ::2],
    ],
    ids=["from the end", "last line first", "Fortran", "Fortran, from the end", "with gaps"],
)
def test_what_stays_is_what_learns_however_the_values_lie_in_memory(shape, layout):
    """NumPy may go through arrays in the order of memory, and so meet a position otherwise."""
    rng = np.random.default_rng(0)
    x, indices = np.zeros((*shape[:-1], 4)), rng.integers(0, 2, shape)
    values = 1.0 + np.arange(indices.size).reshape(shape)
    for i in (indices, layout(indices)):
        v = leaf(layout(values))
        y = ops.put_along_axis(x, i, v, -1)
        assert set(y.data[y.data > 0]) == set(v.data[grad(y.sum(), v) > 0])
