"""Compare what we compute with what PyTorch computes: values, shapes, dtypes and all gradients.

One call checks one operation on at least 20 random cases in float32 and in float64:

    check("sum", ops.sum, lambda x, axis: x.sum(axis), unary_shapes(), config=random_axis)

The same arrays go to both sides, the same random upstream gradient comes back through both, and
the error is the largest difference over the largest magnitude of PyTorch's result. The worst case
of every name is printed at the end of the run (see conftest.py).
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from neural_net_core import Op, Tensor, default_dtype, grad
from neural_net_core.testing.recorded import operations_of
from neural_net_core.testing.reference import TOLERANCE, relative_error

Array = npt.NDArray[Any]
Shape = tuple[int, ...]
Shapes = tuple[Shape, ...]
Make = Callable[[np.random.Generator, Shapes], Sequence[Array]]
Config = Callable[[np.random.Generator, Shapes], dict[str, Any]]

MINIMUM_CASES = 20


@dataclasses.dataclass
class Worst:
    """The largest relative errors seen under one name and dtype."""

    cases: int = 0
    forward: float = 0.0
    gradient: float = 0.0
    where: str = ""


WORST: dict[tuple[str, str], Worst] = {}


def unary_shapes(count: int = MINIMUM_CASES, *, seed: int = 0, least: int = 0) -> list[Shapes]:
    """Return shapes for one operand: 0-d, empty batches, axes of length 1, and random ones.

    `least` is the smallest number of axes.
    """
    fixed: list[Shape] = [(), (1,), (5,), (0, 3), (1, 1), (4, 1), (1, 6), (0, 2, 5), (2, 1, 3)]
    shapes = [shape for shape in fixed if len(shape) >= least]
    rng = np.random.default_rng(seed)
    while len(shapes) < count:
        ndim = int(rng.integers(max(least, 1), 5))
        shapes.append(tuple(int(n) for n in rng.integers(1, 7, size=ndim)))
    return [(shape,) for shape in shapes]


def broadcast_shapes(
    operands: int = 2, count: int = MINIMUM_CASES, *, seed: int = 0
) -> list[Shapes]:
    """Return shapes that broadcast together: missing axes, axes of length 1, empty batches."""
    rng = np.random.default_rng(seed)
    cases: list[Shapes] = [((),) * operands, ((0, 3), *[(3,)] * (operands - 1))]
    while len(cases) < count:
        full = tuple(int(n) for n in rng.integers(1, 6, size=int(rng.integers(1, 5))))
        if rng.random() < 0.1:
            full = (0, *full[1:])
        case = []
        for _ in range(operands):
            kept = full[int(rng.integers(0, len(full) + 1)) :] if rng.random() < 0.4 else full
            case.append(tuple(1 if rng.random() < 0.25 else n for n in kept))
        case[int(rng.integers(operands))] = full
        cases.append(tuple(case))
    return cases


def random_axis(rng: np.random.Generator, shapes: Shapes) -> dict[str, Any]:
    """Return `{"axis": …}`: one axis of the first operand, from the front or from the back."""
    ndim = len(shapes[0])
    return {"axis": int(rng.integers(-ndim, ndim)) if ndim else -1}


def check(
    name: str,
    ours: Callable[..., Any],
    theirs: Callable[..., Any],
    shapes: Sequence[Shapes],
    *,
    low: float = -2.0,
    high: float = 2.0,
    make: Make | None = None,
    config: Config | None = None,
    gradients: bool = True,
    tolerance: dict[str, float] | None = None,
    seed: int = 0,
) -> set[type[Op]]:
    """Assert that both sides agree on every case, in float32 and in float64.

    Args:
        name: The row under which the worst case is reported.
        ours: Called with our Tensors (integer and boolean arrays come as plain arrays).
        theirs: Called with PyTorch's tensors.
        shapes: The cases; each gives the shape of every operand.
        low: The smallest value of a random operand.
        high: The largest value of a random operand.
        make: Makes the operands of a case instead of uniform numbers. Floating arrays (float64)
            get gradients; integer and boolean ones do not.
        config: Makes keyword arguments for a case, handed to both sides.
        gradients: False for what has none.
        tolerance: Another bound per dtype; say why where it is used.
        seed: Where the random numbers start.

    Returns:
        The classes of our operations that ran, so that a test can see that none is left out.
    """
    ran: set[type[Op]] = set()
    assert len(shapes) >= MINIMUM_CASES, f"{name}: {len(shapes)} cases, {MINIMUM_CASES} wanted"
    bounds = TOLERANCE | (tolerance or {})
    for dtype in ("float32", "float64"):
        rng = np.random.default_rng(seed)
        worst = WORST.setdefault((name, dtype), Worst())
        for case in shapes:
            if make is None:
                operands = [rng.uniform(low, high, size=shape) for shape in case]
            else:
                operands = list(make(rng, case))
            options = config(rng, case) if config else {}
            cast = [x.astype(dtype) if x.dtype.kind == "f" else x for x in operands]
            label = f"{name} {dtype} shapes={case} {options or ''}"
            forward, gradient = _compare(label, ours, theirs, cast, options, gradients, rng, ran)
            worst.cases += 1
            if max(forward, gradient) >= max(worst.forward, worst.gradient):
                worst.where = str(case)
            worst.forward = max(worst.forward, forward)
            worst.gradient = max(worst.gradient, gradient)
            assert forward <= bounds[dtype], f"{label}: forward differs by {forward:.2e}"
            assert gradient <= bounds[dtype], f"{label}: a gradient differs by {gradient:.2e}"
    return ran


def _compare(
    label: str,
    ours: Callable[..., Any],
    theirs: Callable[..., Any],
    operands: list[Array],
    options: dict[str, Any],
    gradients: bool,
    rng: np.random.Generator,
    ran: set[type[Op]],
) -> tuple[float, float]:
    """Run both sides once and return the relative errors of the values and of the gradients."""
    floating = [x.dtype.kind == "f" for x in operands]
    wanted = operands[floating.index(True)].dtype
    with default_dtype(wanted):
        mine = [
            Tensor(x.copy(), x.dtype, requires_grad=gradients) if f else x.copy()
            for x, f in zip(operands, floating, strict=True)
        ]
        my_outputs = _as_tuple(ours(*mine, **options))
        ran |= operations_of(list(my_outputs))
        torches = [
            torch.tensor(x, requires_grad=f and gradients)
            for x, f in zip(operands, floating, strict=True)
        ]
        their_outputs = _as_tuple(theirs(*torches, **options))
        assert len(my_outputs) == len(their_outputs), label
        forward = 0.0
        for y, z in zip(my_outputs, their_outputs, strict=True):
            expected = z.detach().numpy()
            assert y.dtype == expected.dtype, f"{label}: {y.dtype}, expected {expected.dtype}"
            assert y.shape == expected.shape, f"{label}: {y.shape}, expected {expected.shape}"
            forward = max(forward, relative_error(y.data, expected))
        for x, tensor in zip(operands, mine, strict=True):
            data = tensor.data if isinstance(tensor, Tensor) else tensor
            assert np.array_equal(x, data, equal_nan=x.dtype.kind == "f"), (
                f"{label}: an input was changed"
            )
        if not gradients:
            return forward, 0.0
        upstream = [rng.normal(size=y.shape).astype(wanted) for y in my_outputs]
        leaves = [x for x in mine if isinstance(x, Tensor)]
        my_loss = sum((y * dy).sum() for y, dy in zip(my_outputs, upstream, strict=True))
        my_gradients = grad(my_loss, leaves)
        their_loss = sum(
            (z * torch.tensor(dy)).sum() for z, dy in zip(their_outputs, upstream, strict=True)
        )
        their_leaves = [x for x, f in zip(torches, floating, strict=True) if f]
        their_gradients = torch.autograd.grad(their_loss, their_leaves, allow_unused=True)
    gradient = 0.0
    for leaf, dx, dz in zip(leaves, my_gradients, their_gradients, strict=True):
        expected = np.zeros_like(leaf.data) if dz is None else dz.numpy()
        assert dx.dtype == leaf.dtype, f"{label}: gradient {dx.dtype}, expected {leaf.dtype}"
        assert dx.shape == expected.shape, f"{label}: gradient {dx.shape}"
        gradient = max(gradient, relative_error(dx, expected))
    return forward, gradient


def _as_tuple(outputs: Any) -> tuple[Any, ...]:
    return tuple(outputs) if isinstance(outputs, tuple | list) else (outputs,)


def report() -> list[str]:
    """Return the lines of the summary: the worst case of every name."""
    if not WORST:
        return []
    width = max(len(name) for name, _ in WORST)
    lines = [f"{'':{width}} dtype    cases   forward  gradient  worst case"]
    lines += [
        f"{name:{width}} {dtype:8} {w.cases:5d} {w.forward:9.1e} {w.gradient:9.1e}  {w.where}"
        for (name, dtype), w in sorted(WORST.items())
    ]
    return lines
