"""Results of another library, kept in a file, so that tests outlive the library they came from.

A comparison with PyTorch is worth having as long as PyTorch installs. So its results are recorded
once, with the inputs and the gradients, and replayed with NumPy alone:

    save_cases("results.safetensors", {"tanh": Case(inputs=[x], outputs=[y], dys=[dy], dxs=[dx])})
    check_case(load_cases("results.safetensors")["tanh"], tanh)
"""

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neural_net_core.dtypes import Array, default_dtype
from neural_net_core.files.tensors import load_tensors, save_tensors
from neural_net_core.op import Op
from neural_net_core.tape import grad
from neural_net_core.tensor import Tensor
from neural_net_core.testing.recorded import operations_of

__all__ = ["Case", "check_case", "load_cases", "relative_error", "save_cases"]

TOLERANCE = {"float32": 1e-5, "float64": 1e-12}

# A result that is zero but for rounding has no relative error; below this its size counts as this.
FLOOR = 1e-3


class Case(NamedTuple):
    """One recorded call of a function.

    Attributes:
        inputs: The arguments; floating ones have gradients if any are recorded.
        outputs: The results.
        dys: The gradient that came back into each result; empty where none were recorded.
        dxs: The gradient of each floating input; empty where none were recorded.
    """

    inputs: list[Array]
    outputs: list[Array]
    dys: list[Array]
    dxs: list[Array]


def save_cases(path: str | os.PathLike[str], cases: Mapping[str, Case]) -> None:
    """Write cases to one safetensors file.

    Args:
        path: The file.
        cases: By name; a name contains no `|`.
    """
    arrays = {
        f"{name}|{field}|{i}": array
        for name, case in cases.items()
        for field, group in zip(Case._fields, case, strict=True)
        for i, array in enumerate(group)
    }
    save_tensors(path, arrays)


def load_cases(path: str | os.PathLike[str]) -> dict[str, Case]:
    """Read the cases of a file, by name.

    Args:
        path: A file written by `save_cases`.
    """
    cases: dict[str, Case] = {}
    groups: dict[tuple[str, str], dict[int, Array]] = {}
    for key, array in load_tensors(path).items():
        name, field, index = key.split("|")
        cases.setdefault(name, Case([], [], [], []))
        groups.setdefault((name, field), {})[int(index)] = array
    for (name, field), group in groups.items():
        getattr(cases[name], field).extend(group[i] for i in sorted(group))
    return cases


def check_case(
    case: Case,
    fn: Callable[..., Any],
    dtype: npt.DTypeLike = np.float64,
    tolerance: float | None = None,
) -> set[type[Op]]:
    """Call a function with recorded inputs and compare its results and gradients.

    Args:
        case: What to compare with.
        fn: Called with Tensors for floating inputs and arrays for the others.
        dtype: The dtype in which to compute.
        tolerance: The relative error allowed; None means 1e-12 in float64 and 1e-5 in float32.

    Returns:
        The classes of the operations that ran.

    Raises:
        AssertionError: If a shape, a dtype, a result or a gradient differs.
    """
    dtype = np.dtype(dtype)
    bound = TOLERANCE[dtype.name] if tolerance is None else tolerance
    with default_dtype(dtype):
        arguments: list[Any] = [
            Tensor(x, dtype, requires_grad=bool(case.dxs)) if x.dtype.kind == "f" else x
            for x in case.inputs
        ]
        outputs = _as_list(fn(*arguments))
        ran = operations_of(outputs)
        if len(outputs) != len(case.outputs):
            raise AssertionError(f"expected {len(case.outputs)} results, got {len(outputs)}")
        for i, (y, expected) in enumerate(zip(outputs, case.outputs, strict=True)):
            _compare(f"result {i}", y, expected, dtype, bound)
        if case.dxs:
            losses = [(y * dy.astype(dtype)).sum() for y, dy in zip(outputs, case.dys, strict=True)]
            leaves = [x for x in arguments if isinstance(x, Tensor)]
            gradients = grad(sum(losses[1:], losses[0]), leaves)
            for i, (dx, expected) in enumerate(zip(gradients, case.dxs, strict=True)):
                _compare(f"gradient {i}", dx, expected, dtype, bound)
    return ran


def relative_error(found: Array, expected: Array) -> float:
    """Return the largest difference over the largest magnitude; inf where NaN or inf disagree.

    Args:
        found: What was computed.
        expected: What it is compared with, of the same shape.
    """
    if expected.size == 0:
        return 0.0
    finite = np.isfinite(expected)
    if not np.array_equal(found[~finite], expected[~finite], equal_nan=True):
        return float("inf")
    if not np.isfinite(found[finite]).all():
        return float("inf")
    difference = np.abs(found[finite].astype(np.float64) - expected[finite].astype(np.float64))
    scale = max(float(np.abs(expected[finite]).max(initial=0.0)), FLOOR)
    return float(difference.max(initial=0.0)) / scale


def _compare(what: str, found: Any, expected: Array, dtype: np.dtype[Any], bound: float) -> None:
    array = found.data if isinstance(found, Tensor) else np.asarray(found)
    if array.shape != expected.shape:
        raise AssertionError(f"{what}: expected shape {expected.shape}, got {array.shape}")
    if array.dtype.kind == "f" and array.dtype != dtype:
        raise AssertionError(f"{what}: expected dtype {dtype}, got {array.dtype}")
    error = relative_error(array, expected)
    if not error <= bound:
        raise AssertionError(f"{what}: relative error {error:.1e}, allowed {bound:.0e}")


def _as_list(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, tuple | list) else [outputs]
