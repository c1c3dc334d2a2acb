"""Who owns an array: no two gradients share memory, and what a caller changes changes no gradient.

Both are looked at over every operation of the package, in the cases of the gradient checks, and
over random graphs.
"""

import copy
import importlib.util
import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import (
    Op,
    Parameter,
    Tensor,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    grad,
    multi_margin_loss,
    nll_loss,
    ops,
)
from neural_net_core.op import returns_new_arrays
from neural_net_core.testing.recorded import nodes_of

_spec = importlib.util.spec_from_file_location(
    "gradcheck_table", Path(__file__).with_name("test_gradcheck_table.py")
)
table = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(table)
PARAMETERS, arguments_of, outputs_of = table.PARAMETERS, table.arguments_of, table.outputs_of


def tensors(arguments):
    return [x for x in arguments if isinstance(x, Tensor)]


def arrays_below(value, depth=3):
    """Return the arrays that an object holds."""
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, tuple | list):
        return [a for part in value for a in arrays_below(part, depth)]
    if isinstance(value, dict):
        return [a for part in value.values() for a in arrays_below(part, depth)]
    if depth and hasattr(value, "__dict__") and not isinstance(value, Tensor):
        return arrays_below(dict(vars(value)), depth - 1)
    return []


def assert_disjoint(arrays):
    for a, b in itertools.combinations(arrays, 2):
        assert not np.shares_memory(a, b)


@pytest.mark.parametrize(("op", "fn", "inputs"), PARAMETERS)
def test_no_two_gradients_share_memory_nor_anything_else(op, fn, inputs):
    arguments = arguments_of(inputs, np.float64)
    # The same function twice, so that what an operation might keep for all its uses shows.
    outputs = outputs_of(fn, arguments, np.float64)
    others = arguments_of(inputs, np.float64)
    outputs += outputs_of(fn, others, np.float64)
    seeds, saved = [], []
    for node in nodes_of(outputs):
        saved += arrays_below(vars(node))
    for y in outputs:
        seeds.append(np.ones_like(y.data))
        y.backward(seeds[-1], retain_graph=True)
    leaves = tensors(arguments + others)
    grads = [x.grad for x in leaves if x.grad is not None]
    assert_disjoint(grads)
    for g in grads:
        assert type(g) is np.ndarray and g.flags.writeable
        for other in [*seeds, *saved, *(x.data for x in leaves), *(y.data for y in outputs)]:
            assert not np.shares_memory(g, other)


def build(draw, leaves):
    """Return a random graph over leaves of one shape, made of operations that hand dy on."""
    pool = list(leaves)
    for _ in range(draw(st.integers(1, 8))):
        a, b = draw(st.sampled_from(pool)), draw(st.sampled_from(pool))
        pool.append(
            draw(
                st.sampled_from(
                    [
                        lambda a, b: a + b,
                        lambda a, b: a - b,
                        lambda a, b: a * b,
                        lambda a, b: a.reshape(-1).reshape(2, 3),
                        lambda a, b: a.T.T,
                        lambda a, b: ops.concatenate([a, b])[:2],
                        lambda a, b: ops.stack([a, b]).sum(0),
                        lambda a, b: ops.where([[True], [False]], a, b),
                        lambda a, b: ops.broadcast_to(a, (2, 2, 3))[0],
                        lambda a, b: ops.split(ops.concatenate([a, b]), 2)[1],
                    ]
                )
            )(a, b)
        )
    return pool


@given(data=st.data())
def test_random_graphs(data):
    leaves = [Tensor(np.full((2, 3), float(i + 1)), requires_grad=True) for i in range(3)]
    pool = build(data.draw, leaves)
    root = pool[-1]
    kept = [y for y in pool if y.node is not None]
    for y in kept:
        y.retain_grad()
    seed = np.ones((2, 3), np.float32)
    for _ in range(data.draw(st.integers(1, 2))):
        root.backward(seed, retain_graph=True)
    results = grad(root, [*leaves, *leaves, root], seed, retain_graph=True)
    grads = [t.grad for t in [*leaves, *kept] if t.grad is not None]
    assert_disjoint([*grads, *results, seed])
    before = copy.deepcopy(grads)
    for i, g in enumerate(grads):
        g *= 2
        for j, other in enumerate(grads):
            np.testing.assert_array_equal(other, before[j] * (2 if j <= i else 1))
    np.testing.assert_array_equal(seed, 1)


class Constant(Op):
    """y = Σ x;  dx = an array that all uses share"""

    ones = np.ones(3, np.float32)

    def forward(self, x):
        return x.sum()

    def backward(self, dy):
        return self.ones


class Claims(Constant):
    """The same, marked as making new arrays, below a class that overrides the method again."""

    @returns_new_arrays
    def backward(self, dy):
        return np.ones(3, np.float32)


class Overrides(Claims):
    """Inherits the class but not the mark."""

    def backward(self, dy):
        return self.ones


@pytest.mark.parametrize("kind", [Constant, Claims, Overrides])
def test_an_array_of_the_operation_is_not_given_away(kind):
    a, b = (Tensor([1.0, 2.0, 3.0], requires_grad=True) for _ in range(2))
    (kind.apply(a) + kind.apply(b)).backward()
    a.grad *= 5
    assert b.grad.tolist() == [1, 1, 1]
    assert Constant.ones.tolist() == [1, 1, 1]
    assert kind.new_arrays == (kind is Claims)


def test_gradients_of_single_numbers_are_arrays_that_can_be_scaled():
    x = Tensor(2.0, requires_grad=True)
    for _ in range(3):
        (x * x).backward()
        assert type(x.grad) is np.ndarray
    x.grad *= 0.5
    assert x.grad == 6


def test_grad_writes_nothing_not_even_what_retain_grad_asked_for():
    x = Tensor([1.0], requires_grad=True)
    y = x * 2
    y.retain_grad()
    grad(y.sum(), x)
    assert y.grad is None and x.grad is None


# Arrays that a caller changes between the forward and the backward pass ---------------------


@pytest.mark.parametrize(("op", "fn", "inputs"), PARAMETERS)
def test_an_operand_without_gradient_may_be_changed_before_the_backward_pass(op, fn, inputs):
    floating = [i for i, x in enumerate(inputs) if np.asarray(x).dtype.kind == "f"]
    for constant in range(len(inputs)):
        rest = [i for i in floating if i != constant]
        if not rest:
            continue
        gradients = []
        for change in (False, True):
            arguments = arguments_of(inputs, np.float64)
            for wrap in (np.asarray, lambda x: Tensor(x, x.dtype)):  # neither copies
                mine = np.array(inputs[constant])
                arguments[constant] = wrap(mine)
                outputs = outputs_of(fn, arguments, np.float64)
                if change:
                    mine[...] = 77 if mine.dtype.kind == "f" else 1 - mine.astype(int)
                for i in rest:
                    arguments[i].grad = None
                for y in outputs:
                    y.backward(np.ones_like(y.data), retain_graph=True)
                gradients.append([arguments[i].grad for i in rest])
        for others in gradients[1:]:
            for a, b in zip(gradients[0], others, strict=True):
                np.testing.assert_array_equal(a, b)


def scores():
    return Tensor(np.linspace(-1, 1, 12).reshape(4, 3), requires_grad=True)


LABELS = np.array([0, 1, 2, 1])
HALF = np.full((4, 3), 0.5, np.float32)
# Function of the scores and of arrays that a caller owns; those arrays.
USES = {
    "index": (lambda x, i: x[i], [LABELS % 2]),
    "index in a tuple": (lambda x, i, j: x[i, j], [LABELS % 2, LABELS]),
    "list as index": (lambda x, i: x[i], [[0, 1, 1]]),
    "mask as index": (lambda x, m: x[m], [LABELS == 1]),
    "index as a Tensor": (lambda x, i: x[Tensor(i)], [LABELS % 2]),
    "getitem": (ops.getitem, [LABELS % 2]),
    "take_along_axis": (lambda x, i: ops.take_along_axis(x, i, 1), [LABELS[:, None]]),
    "where": (lambda x, c: ops.where(c, x, 0), [HALF > 0]),
    "multiply": (lambda x, w: x * w, [HALF]),
    "power": (lambda x, w: (x + 2) ** w, [HALF]),
    "matmul": (lambda x, w: x @ w, [HALF.T.copy()]),
    "linear": (lambda x, w: ops.linear(x, w), [HALF]),
    "einsum": (lambda x, w: ops.einsum("ij,ij->i", x, w), [HALF]),
    "maximum": (ops.maximum, [HALF]),
    "cross_entropy": (
        lambda x, t, w: cross_entropy(x, t, weight=w),
        [LABELS, np.array([1.0, 2.0, 3.0], np.float32)],
    ),
    "cross_entropy of probabilities": (
        lambda x, t, w: cross_entropy(x, t, weight=w),
        [HALF, np.array([1.0, 2.0, 3.0], np.float32)],
    ),
    "nll_loss": (
        lambda x, t, w: nll_loss(x, t, weight=w),
        [LABELS, np.array([1.0, 2.0, 3.0], np.float32)],
    ),
    "multi_margin_loss": (
        lambda x, t, w: multi_margin_loss(x, t, weight=w),
        [LABELS, np.array([1.0, 2.0, 3.0], np.float32)],
    ),
    "binary_cross_entropy": (
        lambda x, t, w: binary_cross_entropy(x * 0.4 + 0.5, t, weight=w),
        [HALF, HALF],
    ),
    "binary_cross_entropy_with_logits": (
        lambda x, t, w, p: binary_cross_entropy_with_logits(x, t, weight=w, pos_weight=p),
        [HALF, HALF, HALF],
    ),
}


@pytest.mark.parametrize(("fn", "arrays"), USES.values(), ids=USES)
def test_arrays_of_the_caller_may_be_changed_before_the_backward_pass(fn, arrays):
    expected = scores()
    fn(expected, *copy.deepcopy(arrays)).sum().backward()
    for which in range(len(arrays)):
        x, given_arrays = scores(), copy.deepcopy(arrays)
        y = fn(x, *given_arrays).sum()
        changed = given_arrays[which]
        changed[:] = [0] * len(changed) if isinstance(changed, list) else changed[::-1] * 0
        y.backward()
        np.testing.assert_array_equal(x.grad, expected.grad)


def test_a_large_operand_is_copied_too_and_what_is_repeated_stays_small():
    big = np.ones((300, 300), np.float32)
    x = Tensor(np.ones((300, 300)), requires_grad=True)
    y = (x * big * np.broadcast_to(np.float32(2), (300, 300))).sum()
    big[:] = 0
    y.backward()
    assert (x.grad == 2).all()


def test_a_frozen_parameter_is_not_copied_but_watched():
    p = Parameter([2.0], requires_grad=False)
    y = Tensor([1.0], requires_grad=True) * p
    assert y.node.b is p.data
