r"""Check a gradient against central differences.

A derivative written by hand is checked by the definition of a derivative:

$$ \frac{\partial L}{\partial x_i} \approx \frac{L(x + \epsilon e_i) - L(x - \epsilon e_i)}
   {2 \epsilon} $$

The error of this quotient falls with ε² until rounding takes over, so everything runs in float64:
in float32 it could not tell a wrong gradient from a right one. Outputs that are no scalar are
projected on a random vector v, L = v · y: a gradient that is right for a random v is right for
all, but for a coincidence of probability 0.
"""

import importlib
import math
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import numpy as np

from neural_net_core.dtypes import Array, default_dtype
from neural_net_core.errors import DTypeError
from neural_net_core.grad_mode import no_grad
from neural_net_core.op import Op
from neural_net_core.tape import grad, strict_dtypes
from neural_net_core.tensor import Tensor

__all__ = ["gradcheck", "op_classes"]

Mode = Literal["projection", "jacobian", "direction"]


def gradcheck(
    fn: Callable[..., Any],
    inputs: Sequence[Any],
    eps: float = 1e-5,
    atol: float = 1e-7,
    rtol: float = 1e-5,
    rng: np.random.Generator | None = None,
    *,
    mode: Mode = "projection",
) -> bool:
    """Compare the gradients of a function with central differences in float64.

    Args:
        fn: Called with the inputs; returns a Tensor or several. It must give the same result each
            time, so a random layer needs its generator made anew inside.
        inputs: Floating arrays are checked, in float64. Arrays of integers and booleans are handed
            through. A Tensor is used itself, its data changed and put back, so that the parameters
            of a float64 module can be checked: `gradcheck(lambda x, *_: net(x), [x,
            *net.parameters()])`.
        eps: The step, small against the distance over which fn bends, and to the nearest kink.
        atol: The difference that is always allowed.
        rtol: The difference allowed relative to the central difference.
        rng: Where the projection comes from; None means a fixed seed.
        mode: `"projection"` steps along every element of the inputs, which costs two calls of fn
            per element. `"jacobian"` also looks at every element of the outputs by itself, for
            small functions and for the exact place of an error. `"direction"` takes one step along
            a random direction of all inputs at once: two calls, for large models.

    Returns:
        True; a wrong gradient raises.

    Raises:
        AssertionError: If a gradient differs; the text says where most.
        DTypeError: If something to be checked is not float64, or an operation whose inputs are
            float32 gives a float64 gradient (looked at where all inputs are arrays).
        ValueError: If there is nothing to check, or fn is not deterministic.

    Source:
        The random projection is that of HIPS autograd's `check_vjp`.

    Examples:
        >>> from neural_net_core import ops
        >>> gradcheck(ops.exp, [[0.0, 1.0]])
        True
    """
    if mode not in ("projection", "jacobian", "direction"):
        raise ValueError(f"gradcheck: expected mode projection, jacobian or direction, got {mode}")
    rng = np.random.default_rng(0) if rng is None else rng
    arguments = [_prepare(x) for x in inputs]
    checked = {i: x for i, x in enumerate(arguments) if isinstance(x, Tensor) and x.requires_grad}
    if not checked:
        raise ValueError("gradcheck: expected a floating input to check, got none")
    before = [x.data.copy() for x in checked.values()]
    call = _Evaluation(fn, arguments)
    shapes = [y.shape for y in call.outputs()]
    if mode == "jacobian":
        probes = list(_one_at_a_time(shapes))
    else:
        probes = [("", [rng.normal(size=shape) for shape in shapes])]
    gradients = [call.gradients(list(checked.values()), probe) for _, probe in probes]
    for x, data in zip(checked.values(), before, strict=True):
        if not np.array_equal(x.data, data, equal_nan=True):
            raise AssertionError("gradcheck: fn or its backward pass changed an input in place")
    if mode == "direction":
        _check_direction(
            call, list(checked.values()), probes[0][1], gradients[0], rng, eps, (atol, rtol)
        )
        return True
    _check_dtypes(fn, inputs)
    for k, (i, x) in enumerate(checked.items()):
        numeric = _central_differences(call, x, [probe for _, probe in probes], eps)
        for (label, _), dxs, expected in zip(probes, gradients, numeric, strict=True):
            _compare(f"input {i}{label}", dxs[k], expected, atol, rtol)
    return True


def _check_dtypes(fn: Callable[..., Any], inputs: Sequence[Any]) -> None:
    """Run both passes once in float32, where a gradient that turns into float64 is an error.

    Tensors and what fn holds itself are float64: with them the graph is no float32 graph.
    """
    arrays = [x if isinstance(x, Tensor) else np.asarray(x) for x in inputs]
    if any(isinstance(x, Tensor) for x in arrays):
        return
    arguments = [
        Tensor(x, np.float32, requires_grad=True) if x.dtype.kind == "f" else x for x in arrays
    ]
    token = strict_dtypes.set(True)
    try:
        with default_dtype(np.float32):
            result = fn(*arguments)
            for y in result if isinstance(result, tuple | list) else [result]:
                if isinstance(y, Tensor) and y.requires_grad:
                    grad(
                        y,
                        [x for x in arguments if isinstance(x, Tensor)],
                        np.ones_like(y.data),
                        retain_graph=True,
                    )
    finally:
        strict_dtypes.reset(token)


class _Evaluation:
    """The function under test with its arguments, in float64."""

    def __init__(self, fn: Callable[..., Any], arguments: list[Any]) -> None:
        self.fn = fn
        self.arguments = arguments

    def outputs(self) -> list[Array]:
        """Return the floating outputs, after checking that a second call gives the same."""
        first, second = self.values(), self.values()
        for y, again in zip(first, second, strict=True):
            if not np.array_equal(y, again, equal_nan=True):
                raise ValueError(
                    "gradcheck: two calls of fn with the same inputs gave different results; "
                    "make its random generator inside fn, from a fixed seed"
                )
        return first

    def values(self) -> list[Array]:
        """Return the floating outputs as arrays, without recording."""
        with no_grad():
            # Copies: an output may be a view of an input, which is about to change.
            return [y.data.copy() for y in self._call()]

    def gradients(self, wrt: list[Tensor], probe: list[Array]) -> tuple[Array, ...]:
        """Return what the backward pass says about v · y."""
        outputs = [(y, v) for y, v in zip(self._call(), probe, strict=True) if y.requires_grad]
        if not outputs:
            return tuple(np.zeros_like(x.data) for x in wrt)
        losses = [(y * v).sum() for y, v in outputs]
        return grad(sum(losses[1:], losses[0]), wrt)

    def _call(self) -> list[Tensor]:
        with default_dtype(np.float64):
            result = self.fn(*self.arguments)
        outputs = list(result) if isinstance(result, tuple | list) else [result]
        floating = [y for y in outputs if isinstance(y, Tensor) and y.dtype.kind == "f"]
        if not floating:
            raise ValueError(f"gradcheck: expected a floating Tensor from fn, got {result!r}")
        for y in floating:
            if y.dtype != np.float64:
                raise DTypeError(f"gradcheck: expected a float64 result from fn, got {y.dtype}")
        return floating


def _prepare(x: Any) -> Any:
    """Return an input as a float64 Tensor that requires a gradient, or untouched."""
    if isinstance(x, Tensor):
        if x.requires_grad and x.dtype != np.float64:
            raise DTypeError(f"gradcheck: expected float64 Tensors, got {x.dtype}")
        return x
    array = np.asarray(x)
    if array.dtype.kind != "f":
        return array
    return Tensor(np.array(array, np.float64), np.float64, requires_grad=True)


def _one_at_a_time(shapes: list[tuple[int, ...]]) -> Iterator[tuple[str, list[Array]]]:
    """Yield a vector of zeros with a single 1 for every element of the outputs, with a name."""
    for k, shape in enumerate(shapes):
        for index in np.ndindex(shape):
            probe = [np.zeros(other) for other in shapes]
            probe[k][index] = 1
            where = "" if len(shapes) == 1 else f" {k}"
            yield f", for the output{where} at {index}", probe


def _central_differences(
    call: _Evaluation, x: Tensor, probes: list[list[Array]], eps: float
) -> list[Array]:
    """Return d(v · y)/dx for every v by stepping along each element of x and back."""
    results = [np.zeros_like(x.data) for _ in probes]
    for index in np.ndindex(x.shape):
        middle = x.data[index]
        try:
            x.data[index] = upper = middle + eps
            plus = call.values()
            x.data[index] = lower = middle - eps
            minus = call.values()
        finally:
            x.data[index] = middle
        # Subtracting before projecting loses fewer digits.
        slopes = [(p - m) / (upper - lower) for p, m in zip(plus, minus, strict=True)]
        for result, probe in zip(results, probes, strict=True):
            result[index] = _dot(slopes, probe)
    return results


def _check_direction(
    call: _Evaluation,
    tensors: list[Tensor],
    probe: list[Array],
    gradients: tuple[Array, ...],
    rng: np.random.Generator,
    eps: float,
    tolerance: tuple[float, float],
) -> None:
    """Compare v · J u with one central difference along a random direction u of length 1."""
    u = [rng.normal(size=x.shape) for x in tensors]
    length = math.sqrt(_dot(u, u))
    u = [part / length for part in u]
    middle = [x.data.copy() for x in tensors]

    def values_at(step: float) -> list[Array]:
        for x, data, part in zip(tensors, middle, u, strict=True):
            x.data[...] = data + step * part
        return call.values()

    try:
        plus, minus = values_at(eps), values_at(-eps)
    finally:
        for x, data in zip(tensors, middle, strict=True):
            x.data[...] = data
    slopes = [(p - m) / (2 * eps) for p, m in zip(plus, minus, strict=True)]
    expected = np.asarray(_dot(slopes, probe))
    found = np.asarray(_dot(list(gradients), u))
    _compare("all inputs, along a random direction", found, expected, *tolerance)


def _compare(what: str, found: Array, expected: Array, atol: float, rtol: float) -> None:
    """Raise with the worst element if the two gradients differ by more than allowed."""
    error = np.abs(found - expected)
    allowed = atol + rtol * np.abs(expected)
    wrong = ~(error <= allowed)  # NaN is wrong too
    if not wrong.any():
        return
    excess = np.where(np.isnan(error), np.inf, error / allowed)
    index = tuple(int(i) for i in np.unravel_index(int(excess.argmax()), excess.shape))
    raise AssertionError(
        f"gradcheck: wrong gradient of {what}: backward gives {found[index]:.9g}, central "
        f"differences give {expected[index]:.9g} (difference {error[index]:.2e}, allowed "
        f"{allowed[index]:.2e}) at index {index} of shape {found.shape}; "
        f"{int(wrong.sum())} of {wrong.size} elements differ"
    )


def _dot(a: list[Array], b: list[Array]) -> float:
    return float(np.sum([np.sum(x * y) for x, y in zip(a, b, strict=True)]))


def op_classes(package: str) -> list[type[Op]]:
    """Return every concrete operation that a package defines, for tests that must miss none.

    Args:
        package: The package's import name; all its modules are imported. Classes whose name
            begins with an underscore, and those without `forward`, count as bases.

    Returns:
        The classes, by module and name.

    Examples:
        >>> [op.__name__ for op in op_classes("neural_net_core.ops.arithmetic")]
        ['AddOp', 'DivideOp', 'MultiplyOp', 'NegativeOp', 'SubtractOp']
    """
    root = importlib.import_module(package)
    for module in pkgutil.walk_packages(getattr(root, "__path__", []), f"{package}."):
        importlib.import_module(module.name)
    found: set[type[Op]] = set()
    waiting: list[type[Op]] = [Op]
    while waiting:
        subclasses = waiting.pop().__subclasses__()
        found.update(subclasses)
        waiting.extend(subclasses)
    return sorted(
        (
            op
            for op in found
            if f"{op.__module__}.".startswith(f"{package}.")
            and hasattr(op, "forward")
            and not op.__name__.startswith("_")
            and op.idea is op  # no fast form of another
        ),
        key=lambda op: (op.__module__, op.__name__),
    )
