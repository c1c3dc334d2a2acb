"""Check a fast form against the textbook's.

Neither of two float32 results is right to the last digit, so both are judged by a third: the
textbook form in float64, on the same inputs. A fast form may be as far from it as rounding takes
anything, or twice as far as the textbook form in float32 is: it may add up in another order, and
must not lose digits that the definition keeps.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from neural_net_core.dtypes import Array, default_dtype
from neural_net_core.forms import fast_forms, textbook
from neural_net_core.tape import grad
from neural_net_core.tensor import Tensor
from neural_net_core.testing.recorded import nodes_of

__all__ = ["formcheck"]


def formcheck(
    fn: Callable[..., Any], inputs: Sequence[Any], *, units: float = 8, float64_units: float = 64
) -> bool:
    r"""Compare the fast forms that a function runs with their textbook forms.

    The reference y is the textbook form's result in float64, e the largest distance of a result
    from it, and ε the distance from 1 to the next number. For all outputs and gradients, in float32

    $$ e_{fast} \le \max(u \, \epsilon \max|y|, \; 2 e_{text}) $$

    with u for `units`, and in float64, with `float64_units`,

    $$ e_{fast} \le u \, \epsilon \max(1, \max|y|) $$

    Of several outputs, each is also used alone, so that the others have no gradient.

    Args:
        fn: Called with the inputs; returns a Tensor or several. It must give the same result each
            time, so a random layer needs its generator made anew inside.
        inputs: Floating arrays get gradients; arrays of other kinds are handed through.
        units: ε that a float32 element may be off, relative to the largest one.
        float64_units: ε that a float64 element may be off.

    Returns:
        True; a difference raises.

    Raises:
        AssertionError: If the forms differ by more; the text says where, and by how much.
        ValueError: If the operations have no fast form.

    Examples:
        >>> import numpy as np
        >>> from neural_net_core import Op, fast_form_of
        >>> class DoubleOp(Op):
        ...     def forward(self, x):
        ...         return 2 * x
        ...
        ...     def backward(self, dy):
        ...         return 2 * dy
        >>> @fast_form_of(DoubleOp)
        ... class FastDoubleOp(DoubleOp):
        ...     def forward(self, x):
        ...         return x + x
        >>> formcheck(DoubleOp.apply, [np.array([1.5, -0.1])])
        True
    """
    arrays = [np.asarray(x) for x in inputs]
    # What float32 can hold, so that all runs begin from the same numbers.
    arrays = [x.astype(np.float32) if x.dtype.kind == "f" else x for x in arrays]
    alone = range(len(_run(fn, arrays, np.float32).outputs))
    for used in [None, *alone] if len(alone) > 1 else [None]:
        with fast_forms():
            fast32, fast64 = (_run(fn, arrays, dtype, used) for dtype in (np.float32, np.float64))
        if not fast32.fast_forms:
            raise ValueError("formcheck: fn runs no operation that has a fast form")
        with textbook():
            text32, text64 = (_run(fn, arrays, dtype, used) for dtype in (np.float32, np.float64))
        for (name, y), a, b, c in zip(
            text64.named(), fast32.arrays(), text32.arrays(), fast64.arrays(), strict=True
        ):
            largest = float(np.max(np.abs(y), initial=0, where=np.isfinite(y)))
            ours, theirs, double = (_distance(found, y) for found in (a, b, c))
            allowed = max(units * float(np.finfo(np.float32).eps) * largest, 2 * theirs)
            _check(fast32, name, "float32", ours, allowed, f"the textbook form {theirs:.2e}")
            allowed = float64_units * float(np.finfo(np.float64).eps) * max(1.0, largest)
            _check(fast32, name, "float64", double, allowed, f"the largest element {largest:.2e}")
    return True


class _Run(NamedTuple):
    """What came out of one call, forward and backward."""

    outputs: list[Array]
    gradients: tuple[Array, ...]
    fast_forms: list[str]

    def arrays(self) -> list[Array]:
        return [*self.outputs, *self.gradients]

    def named(self) -> Iterator[tuple[str, Array]]:
        for i, y in enumerate(self.outputs):
            yield f"output {i}", y
        for i, dx in enumerate(self.gradients):
            yield f"the gradient of floating input {i}", dx


def _run(
    fn: Callable[..., Any], arrays: list[Array], dtype: type[np.floating], used: int | None = None
) -> _Run:
    """Run fn and its backward pass, from all outputs or from one of them."""
    leaves = [Tensor(x, dtype, requires_grad=True) if x.dtype.kind == "f" else x for x in arrays]
    with default_dtype(dtype):
        result = fn(*leaves)
    outputs = [
        y
        for y in (result if isinstance(result, tuple | list) else [result])
        if isinstance(y, Tensor) and y.requires_grad
    ]
    rng = np.random.default_rng(0)
    probes = [rng.normal(size=y.shape).astype(np.float32).astype(dtype) for y in outputs]
    losses = [(y * v).sum() for y, v in zip(outputs, probes, strict=True)]
    loss = sum(losses[1:], losses[0]) if used is None else losses[used]
    kinds = {type(node) for node in nodes_of(outputs)}
    forms = sorted(kind.__name__ for kind in kinds if kind is not kind.idea)
    gradients = grad(loss, [x for x in leaves if isinstance(x, Tensor)])
    return _Run([y.data for y in outputs], gradients, forms)


def _distance(found: Array, reference: Array) -> float:
    """Return the largest difference; infinity where one is not finite and the other differs."""
    with np.errstate(invalid="ignore", over="ignore"):
        difference = np.abs(found.astype(np.float64) - reference)
    equal = (found == reference) | (np.isnan(found) & np.isnan(reference))
    difference = np.where(equal, 0.0, np.where(np.isnan(difference), np.inf, difference))
    return float(np.max(difference, initial=0.0))


def _check(run: _Run, name: str, dtype: str, error: float, allowed: float, beside: str) -> None:
    if error > allowed:
        raise AssertionError(
            f"formcheck: {', '.join(run.fast_forms)} in {dtype}: {name} is {error:.2e} from the "
            f"textbook form in float64, allowed are {allowed:.2e} ({beside})"
        )
