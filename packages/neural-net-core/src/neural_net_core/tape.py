"""The reverse pass: walk the recorded operations backwards and collect the gradients.

The pass is pure. Gradients live in a dictionary and are popped as they are used; nothing is
written on operations or modules, so two losses can share a trunk, passes can nest, and threads
can run their own. Order is found by counting: an operation is ready when all its consumers have
delivered their gradients. No recursion, so a chain of 100,000 operations is as safe as one of 10.

The reverse mode is described in Griewank & Walther, Evaluating Derivatives (2008), chapter 3.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextvars import ContextVar
from time import perf_counter
from typing import Any, overload

import numpy as np

from neural_net_core import observing
from neural_net_core.checks import check_flag
from neural_net_core.dtypes import Array, DType
from neural_net_core.errors import DTypeError, GraphError, ShapeError
from neural_net_core.op import Op
from neural_net_core.plain import plain_array
from neural_net_core.sums import sum_over
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["backward", "grad", "strict_dtypes", "unbroadcast"]


def unbroadcast(dx: Array, shape: tuple[int, ...]) -> Array:
    """Sum a gradient over the axes along which its input was broadcast.

    If x was repeated to make the larger shape, each copy has a gradient, and x has their sum.

    Args:
        dx: A gradient in the broadcast shape.
        shape: The input's own shape.

    Returns:
        A gradient of that shape.

    Examples:
        >>> import numpy as np
        >>> unbroadcast(np.ones((3, 2)), (1, 2))
        array([[3., 3.]])
    """
    if dx.shape == shape:
        return dx
    leading = dx.ndim - len(shape)
    axes = tuple(range(leading)) + tuple(
        leading + i for i, n in enumerate(shape) if n == 1 and dx.shape[leading + i] != 1
    )
    return sum_over(dx, axes).reshape(shape)


def _count_consumers(roots: Iterable[Op]) -> dict[Any, int]:
    """Count, for every node that the roots depend on, how many uses will deliver a gradient.

    Raises:
        GraphFreedError: If a part of the graph was freed by an earlier pass.
        GraphError: If a parameter has been changed since an operation used it.
    """
    pending: dict[Any, int] = dict.fromkeys(roots, 0)
    stack = list(pending)
    while stack:
        op = stack.pop()
        if op.parents is None:
            op.check_usable()  # raises
        for parent in op.parents or ():
            if parent is None:
                continue
            node = parent[0]
            if isinstance(node, Op):
                if node in pending:
                    pending[node] += 1
                else:
                    pending[node] = 1
                    stack.append(node)
            else:
                if node.version != parent[1]:
                    _raise_changed(op, node)
                pending[node] = pending.get(node, 0) + 1
        for leaf, version in op.frozen:
            if leaf.version != version:
                _raise_changed(op, leaf)
    return pending


def _raise_changed(op: Op, leaf: Tensor) -> None:
    name = getattr(leaf, "name", None) or f"of shape {leaf.shape}"
    raise GraphError(
        f"{type(op).__name__}: the parameter {name} was changed after the forward pass "
        "(by an optimizer step or by loading a state dict), so its gradient would be "
        "wrong; run the forward pass again"
    )


def _gradients_of_inputs(op: Op, dys: list[Array | None]) -> tuple[Array | None, ...]:
    """Run one operation's backward and check that it answered for every input."""
    if op.outputs > 1 and not op.takes_none:
        like = next(dy for dy in dys if dy is not None)
        dys = [
            np.zeros_like(like, shape=shape) if dy is None else dy
            for dy, shape in zip(dys, op.output_shapes, strict=True)
        ]
    answer = op.backward(*dys)
    dxs: tuple[Array | None, ...] = answer if type(answer) is tuple else (answer,)
    parents = op.parents or ()
    if len(dxs) != len(parents):
        raise GraphError(
            f"{type(op).__name__}.backward: expected one gradient (or None) for each of the "
            f"{len(parents)} inputs, got {len(dxs)}"
        )
    return dxs


# Whether a gradient in another dtype than its input's is an error; gradcheck switches it on.
strict_dtypes: ContextVar[bool] = ContextVar("strict_dtypes", default=False)


def _fitted(op: Op, i: int, dx: Any, shape: tuple[int, ...], dtype: DType) -> Array:
    """Return a gradient in the shape and dtype of its input: itself or a new array."""
    if isinstance(dx, Tensor) or not hasattr(dx, "dtype"):
        raise GraphError(f"{_name(op, i)}: expected an array, got {type(dx).__name__}")
    if dx.dtype != dtype:
        # Where the inputs differ in dtype, the result and with it dy have the wider one.
        same = op.result_dtype == dtype
        if dx.dtype.kind not in "fiub" or (same and strict_dtypes.get()):
            raise DTypeError(f"{_name(op, i)}: expected the input's {dtype}, got {dx.dtype}")
        dx = dx.astype(dtype)
    if dx.shape == shape:
        plain = plain_array(dx)
        return plain if plain is dx else plain.copy("K")
    lengths = dx.shape[dx.ndim - len(shape) :] if dx.ndim >= len(shape) else ()
    if len(lengths) != len(shape) or any(
        n not in (1, m) for n, m in zip(shape, lengths, strict=True)
    ):
        raise ShapeError(
            f"{_name(op, i)}: expected the input's shape {shape} or one that it broadcasts to, "
            f"got {dx.shape}"
        )
    return unbroadcast(dx, shape)


def _sum(a: Array, b: Array) -> Array:
    """Return the sum of two gradients as an array, also where NumPy gives a scalar."""
    total: Any = a + b
    return np.asarray(total) if isinstance(total, np.generic) else total


def _name(op: Op, i: int) -> str:
    return f"{type(op).__name__}.backward: the gradient of input {i}"


def _run(
    roots: Sequence[tuple[Tensor, Array]],
    *,
    retain_graph: bool,
    watched: frozenset[Op] = frozenset(),
    retained: list[tuple[Tensor, Array]] | None = None,
) -> tuple[dict[Tensor, Array], dict[Op, list[Array | None]]]:
    """Return the gradients of the leaves, and those of the watched operations' outputs.

    Args:
        roots: Where the pass begins: one loss and its gradient, or several results of operations.
        retain_graph: Whether the saved arrays are kept.
        watched: The operations whose outputs' gradients are wanted.
        retained: Receives the gradients that are kept by `retain_grad`.
    """
    seen: dict[Op, list[Array | None]] = {}
    if roots[0][0].node is None:
        return {roots[0][0]: roots[0][1].copy("K")}, seen
    # The gradients on their way, summed where one value was used several times.
    gradients: dict[Any, list[Array | None]] = {}
    for root, dy in roots:
        node: Any = root.node
        dys_of = gradients.setdefault(node, [None] * node.outputs)
        before = dys_of[root.index]
        dys_of[root.index] = dy if before is None else _sum(before, dy)
    pending = _count_consumers(gradients)
    # Those whose array is in nobody else's hands: a further gradient is added in place, and a leaf
    # may keep it. All other arrays may be shared, as y = a + b hands dy to both.
    owned: set[tuple[Any, int]] = set()
    leaves: list[Tensor] = []
    ready: list[Op] = [node for node in gradients if pending[node] == 0]
    ndarray = np.ndarray
    observed = observing.watching
    while ready:
        op = ready.pop()
        dys = gradients.pop(op, None)
        parents = op.parents or ()
        if dys is None:
            dxs: tuple[Array | None, ...] = (None,) * len(parents)
        else:
            if op in watched:
                seen[op] = dys
            if op.retained and retained is not None:
                _collect_retained(op.retained, dys, retained)
            told = observed and not op.composed
            if told:
                start = perf_counter()
            dxs = _gradients_of_inputs(op, dys)
            if told:
                observing.tell_backward(op, dys, dxs, perf_counter() - start)
        for i, parent in enumerate(parents):
            if parent is None:
                continue
            node, stamp, shape = parent
            dx = dxs[i]
            if isinstance(node, Op):
                index, outputs, dtype, own = stamp, node.outputs, node.result_dtype, False
            else:
                index, outputs, dtype, own = 0, 1, node.data.dtype, op.new_arrays
            if dx is not None:
                if type(dx) is not ndarray or dx.shape != shape or dx.dtype is not dtype:
                    fitted = _fitted(op, i, dx, shape, dtype)  # type: ignore[arg-type]
                    if fitted is not dx:
                        dx, own = fitted, True
                slots = gradients.get(node)
                if slots is None:
                    gradients[node] = slots = [None] * outputs
                so_far = slots[index]
                if so_far is None:
                    slots[index] = dx
                    if own:
                        owned.add((node, index))
                elif (node, index) in owned and so_far.ndim:
                    slots[index] = np.add(so_far, dx, out=so_far)
                else:
                    slots[index] = _sum(so_far, dx)
                    owned.add((node, index))
            pending[node] -= 1
            if pending[node] == 0:
                (ready if isinstance(node, Op) else leaves).append(node)
        if not retain_graph:
            op.free()
        del dxs, dys, parents
        dx = parent = node = None
    return _of_leaves(leaves, gradients, owned), seen


def leaf_gradients(results: Sequence[tuple[Tensor, Array]]) -> dict[Tensor, Array]:
    """Return the gradients of all leaves behind results of operations, and free the graph.

    Args:
        results: The results, with their gradients.

    Returns:
        Arrays that nobody else holds, by leaf.
    """
    return _run(results, retain_graph=False)[0] if results else {}


def _of_leaves(
    leaves: list[Tensor], gradients: dict[Any, list[Array | None]], owned: set[tuple[Any, int]]
) -> dict[Tensor, Array]:
    """Return each leaf's gradient as an array whose memory nothing else shares."""
    result = {}
    for leaf in leaves:
        slots = gradients.pop(leaf, None)
        if slots is not None and (dx := slots[0]) is not None:
            result[leaf] = dx if (leaf, 0) in owned else dx.copy("K")
    return result


def _collect_retained(
    references: dict[int, Any], dys: list[Array | None], retained: list[tuple[Tensor, Array]]
) -> None:
    """Keep copies of the gradients that somebody asked for with `retain_grad`."""
    for index, reference in references.items():
        tensor, dy = reference(), dys[index]
        if tensor is not None and dy is not None:
            retained.append((tensor, dy.copy("K")))


def _seed_gradient(root: Tensor, gradient: Any, what: str) -> Array:
    """Return dL/d(root): ones for a scalar, else what the caller gave."""
    if not root.requires_grad:
        raise GraphError(
            f"{what}: the tensor of shape {root.shape} does not require a gradient; none of its "
            "inputs does, or it was computed under no_grad() or detached"
        )
    if gradient is None:
        if root.size != 1:
            raise GraphError(
                f"{what}: expected a scalar loss, got shape {root.shape}; reduce it with .mean() "
                "or .sum(), or give the gradient of the loss with respect to it"
            )
        like = root.data
        # `ones_like` is for arrays of other libraries; it takes twice as long.
        return np.ones(like.shape, like.dtype) if type(like) is np.ndarray else np.ones_like(like)
    seed = plain_array(gradient)
    if seed.dtype.kind not in "fiub":
        raise DTypeError(f"{what}: expected numbers as gradient, got {seed.dtype}")
    if seed.shape != root.shape:
        raise ShapeError(f"{what}: expected a gradient of shape {root.shape}, got {seed.shape}")
    return seed.astype(root.dtype, copy=False)


def backward(
    root: Tensor, gradient: TensorLike | None = None, *, retain_graph: bool = False
) -> None:
    """Add the gradient of a loss to the `.grad` of every leaf that it depends on.

    Args:
        root: The loss; a scalar unless `gradient` is given.
        gradient: dL/d(root), of root's shape; None means 1 for a scalar.
        retain_graph: Keep the saved arrays, so that a second pass can go through them.

    Raises:
        GraphError: If root does not require a gradient, is no scalar, or a parameter was changed
            since the forward pass.
        GraphFreedError: If an earlier pass has freed the graph.
    """
    if retain_graph is not False:
        retain_graph = check_flag("backward", "retain_graph", retain_graph)
    seed = _seed_gradient(root, gradient, "backward")
    retained: list[tuple[Tensor, Array]] = []
    leaves, _ = _run([(root, seed)], retain_graph=retain_graph, retained=retained)
    for leaf, dx in leaves.items():
        leaf.grad = dx if leaf.grad is None else _sum(leaf.grad, dx)
    for tensor, dx in retained:
        tensor.grad = dx if tensor.grad is None else _sum(tensor.grad, dx)


@overload
def grad(
    loss: Tensor, wrt: Tensor, gradient: TensorLike | None = None, *, retain_graph: bool = False
) -> Array: ...
@overload
def grad(
    loss: Tensor,
    wrt: Sequence[Tensor],
    gradient: TensorLike | None = None,
    *,
    retain_graph: bool = False,
) -> tuple[Array, ...]: ...
def grad(
    loss: Tensor,
    wrt: Tensor | Sequence[Tensor],
    gradient: TensorLike | None = None,
    *,
    retain_graph: bool = False,
) -> Array | tuple[Array, ...]:
    """Return the gradient of a loss with respect to tensors, and write nothing anywhere.

    Args:
        loss: A scalar, unless `gradient` is given.
        wrt: One tensor or several; leaves, or results on the way to the loss.
        gradient: dL/d(loss), of the loss's shape; None means 1.
        retain_graph: Keep the saved arrays for another pass.

    Returns:
        An array of the shape of `wrt`, or a tuple of them; zeros where the loss does not depend
        on the tensor.

    Raises:
        GraphError: If a tensor of `wrt` does not require a gradient, and as in `backward`.

    Examples:
        >>> from neural_net_core import Tensor
        >>> x = Tensor([3.0], requires_grad=True)
        >>> grad((x * x).sum(), x)
        array([6.], dtype=float32)
    """
    if retain_graph is not False:
        retain_graph = check_flag("grad", "retain_graph", retain_graph)
    if not isinstance(loss, Tensor):
        raise TypeError(f"grad: expected the loss as a Tensor, got {type(loss).__name__}")
    if not isinstance(wrt, Sequence | Iterator):
        if not isinstance(wrt, Tensor):
            raise TypeError(
                f"grad: expected a Tensor or a sequence of them, such as model.parameters(), "
                f"got {type(wrt).__name__}"
            )
        wanted: tuple[Tensor, ...] = (wrt,)
    else:
        wanted = tuple(wrt)
    for i, tensor in enumerate(wanted):
        if not isinstance(tensor, Tensor):
            raise TypeError(f"grad: expected Tensors, got {type(tensor).__name__} at {i} of wrt")
        if not tensor.requires_grad:
            raise GraphError(f"grad: tensor {i} of wrt does not require a gradient")
    seed = _seed_gradient(loss, gradient, "grad")
    watched = frozenset(tensor.node for tensor in wanted if tensor.node is not None)
    leaves, seen = _run([(loss, seed)], retain_graph=retain_graph, watched=watched)
    results = []
    for tensor in wanted:
        if tensor.node is None:
            dx = leaves.get(tensor)
        else:
            dx = seen[tensor.node][tensor.index] if tensor.node in seen else None
        results.append(np.zeros_like(tensor.data) if dx is None else dx.copy("K"))
    return results[0] if isinstance(wrt, Tensor) else tuple(results)
