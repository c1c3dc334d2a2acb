"""The reverse pass: order, sums, purity, memory, and the errors that replace wrong gradients."""

import gc
import threading
import weakref

import numpy as np
import pytest

from neural_net_core import (
    GraphError,
    GraphFreedError,
    Op,
    Parameter,
    ShapeError,
    Tensor,
    grad,
    no_grad,
    ops,
)
from neural_net_core.tape import unbroadcast


def leaf(*values):
    return Tensor(np.array(values, np.float32), requires_grad=True)


def test_a_value_used_twice_gets_the_sum_of_both_gradients():
    # b = a + a; c = b + b: without an order by dependency, b is visited too early.
    a = leaf(1.0)
    b = a + a
    c = b + b
    c.backward()
    np.testing.assert_array_equal(a.grad, [4.0])


def test_one_node_used_a_thousand_times():
    x = leaf(2.0, 3.0)
    y = x * x
    total = y
    for _ in range(999):
        total = total + y
    total.sum().backward()
    np.testing.assert_allclose(x.grad, 1000 * 2 * x.data, rtol=1e-6)


def test_a_chain_of_100000_operations():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y + 1.0
    y.backward()
    np.testing.assert_array_equal(x.grad, [1.0])
    assert float(y) == 100_001.0


def test_a_graph_with_16000_leaves():
    leaves = [leaf(float(i)) for i in range(16_000)]
    total = leaves[0]
    for x in leaves[1:]:
        total = total + x
    total.backward()
    assert all(x.grad is not None and x.grad[0] == 1 for x in leaves)


def test_gradients_of_two_leaves_never_share_memory():
    # y = a + b hands the very same dy to both.
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    seed = np.ones(2, np.float32)
    (a + b).backward(seed)
    assert not np.shares_memory(a.grad, b.grad)
    assert not np.shares_memory(a.grad, seed) and not np.shares_memory(b.grad, seed)
    a.grad *= 0
    np.testing.assert_array_equal(b.grad, [1, 1])


def test_gradients_do_not_share_memory_with_saved_arrays():
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = (a * b).sum()
    y.backward(retain_graph=True)
    a.grad *= 0
    b.grad *= 0
    y.backward()
    np.testing.assert_array_equal(a.grad, b.data)
    np.testing.assert_array_equal(b.grad, a.data)


def test_backward_accumulates_and_grad_does_not():
    x = leaf(3.0)
    (x * x).backward()
    (x * x).backward()
    np.testing.assert_array_equal(x.grad, [12.0])
    np.testing.assert_array_equal(grad(x * x, x), [6.0])
    np.testing.assert_array_equal(x.grad, [12.0])


def test_grad_of_several_including_a_result_on_the_way():
    x = leaf(3.0)
    y = x * x
    z = y * x
    dx, dy = grad(z, [x, y])
    np.testing.assert_array_equal(dx, [27.0])
    np.testing.assert_array_equal(dy, [3.0])


def test_grad_is_zero_where_the_loss_does_not_depend():
    x, y = leaf(3.0), leaf(4.0, 5.0)
    np.testing.assert_array_equal(grad(x * 2, y), [0.0, 0.0])


def test_grad_with_respect_to_the_loss_itself():
    x = leaf(3.0)
    np.testing.assert_array_equal(grad(x, x), [1.0])
    y = x * 2
    np.testing.assert_array_equal(grad(y, y), [1.0])


def test_two_losses_share_a_trunk():
    x = leaf(2.0)
    trunk = x * x
    grad(trunk * 3, x, retain_graph=True)
    np.testing.assert_array_equal(grad(trunk * 5, x), [20.0])


def test_a_second_pass_says_that_the_graph_is_freed():
    x = leaf(2.0)
    y = x * x
    y.backward()
    with pytest.raises(GraphFreedError, match="retain_graph=True"):
        y.backward()


def test_retain_graph_allows_a_second_pass():
    x = leaf(2.0)
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    np.testing.assert_array_equal(x.grad, [8.0])


def test_retain_grad_keeps_the_gradient_of_a_result():
    x = leaf(2.0)
    y = x * x
    y.retain_grad()
    (y * 3).backward()
    np.testing.assert_array_equal(y.grad, [3.0])


def test_a_parameter_changed_after_the_forward_pass_is_named():
    w = Parameter([2.0], name="encoder.weight")
    y = w * 3.0
    w.data[:] = 5.0
    w.version += 1
    with pytest.raises(GraphError, match=r"MultiplyOp: the parameter encoder\.weight was changed"):
        y.backward()


def test_a_frozen_parameter_changed_after_the_forward_pass_is_found_too():
    w = Parameter([2.0], requires_grad=False, name="frozen")
    x = leaf(1.0)
    y = w * x
    w.data[:] = 5.0
    w.version += 1
    with pytest.raises(GraphError, match="frozen"):
        y.backward()


def test_a_loss_without_gradient_is_refused():
    with pytest.raises(GraphError, match="does not require a gradient"):
        Tensor([1.0]).backward()
    with no_grad():
        y = leaf(1.0) * 2
    with pytest.raises(GraphError, match="no_grad"):
        y.backward()


def test_a_loss_that_is_no_scalar_is_refused():
    with pytest.raises(GraphError, match=r"expected a scalar loss, got shape \(2,\)"):
        (leaf(1.0, 2.0) * 2).backward()


def test_a_seed_of_the_wrong_shape_is_refused():
    with pytest.raises(ShapeError, match=r"expected a gradient of shape \(2,\), got \(3,\)"):
        (leaf(1.0, 2.0) * 2).backward(np.ones(3))


def test_a_backward_that_forgets_an_input_is_named():
    class Forgetful(Op):
        def forward(self, x, y):
            return x + y

        def backward(self, dy):
            return dy

    with pytest.raises(GraphError, match=r"Forgetful\.backward: expected one gradient .* 2 inputs"):
        Forgetful.apply(leaf(1.0), leaf(1.0)).backward()


def test_no_gradient_flows_where_backward_returns_none():
    class Stop(Op):
        def forward(self, x):
            return x * 1

        def backward(self, dy):
            return None

    x = leaf(1.0)
    (Stop.apply(x * 2) + x).backward()
    np.testing.assert_array_equal(x.grad, [1.0])


def test_memory_is_freed_after_backward_without_the_collector():
    class Saving(Op):
        def forward(self, x):
            self.x = x * 1
            saved.append(weakref.ref(self))
            return self.x

        def backward(self, dy):
            return dy

    saved = []
    gc.disable()
    try:
        x = leaf(1.0)
        y = Saving.apply(x)
        for _ in range(10):
            y = Saving.apply(y)
        y.backward()
        # Only the last node lives, through y; its arrays and parents are gone.
        assert [r() is not None for r in saved] == [False] * 10 + [True]
        assert vars(y.node) == {"parents": None}
        del y
        assert saved[-1]() is None
    finally:
        gc.enable()


def test_what_backward_does_not_need_dies_at_once():
    x = leaf(1.0, 2.0)
    y = x + 1.0
    array = weakref.ref(y.data)
    z = y + 1.0
    del y
    assert array() is None
    z.backward(np.ones(2))


def test_threads_run_their_own_passes():
    w = Parameter(np.arange(1.0, 5.0))
    results = {}

    def work(k):
        for _ in range(50):
            results[k] = grad((w * w * float(k)).sum(), w)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k, dw in results.items():
        np.testing.assert_allclose(dw, 2 * k * w.data)
    assert len(results) == 4


def test_mixed_dtypes_give_the_leaf_its_own_dtype():
    x = leaf(1.0)
    y = Tensor(np.array([2.0]), dtype=np.float64)
    (x * y).backward()
    assert x.grad.dtype == np.float32


@pytest.mark.parametrize("shape", [(), (1,), (3,), (1, 3), (2, 1), (2, 3), (4, 1, 3)])
def test_unbroadcast_sums_what_broadcasting_repeated(shape):
    full = np.random.default_rng(0).normal(size=(4, 2, 3))
    repeats = np.broadcast_to(np.zeros(shape), (4, 2, 3)).size // max(np.zeros(shape).size, 1)
    result = unbroadcast(full, shape)
    assert result.shape == shape
    np.testing.assert_allclose(result.sum(), full.sum())
    np.testing.assert_array_equal(unbroadcast(np.ones((4, 2, 3)), shape), np.full(shape, repeats))


def test_empty_arrays_pass_through():
    x = Tensor(np.zeros((0, 3)), requires_grad=True)
    w = Tensor(np.ones((1, 3)), requires_grad=True)
    ops.sum(x * w).backward()
    assert x.grad.shape == (0, 3)
    np.testing.assert_array_equal(w.grad, np.zeros((1, 3)))
