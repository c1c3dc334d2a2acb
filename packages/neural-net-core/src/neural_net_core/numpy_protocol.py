"""What happens when a Tensor is given to a function of NumPy.

NumPy would convert it to an array and compute on: the result would have no history, nothing before
it would learn, and nobody would be told. So NumPy is told to ask here. Its operators come back to
the Tensor's own; questions about the shape are answered; everything else is refused with the name
of the function that records. `np.asarray(t)` is what to write where an array is wanted.
"""

import operator
import sys
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from neural_net_core.errors import HistoryError
from neural_net_core.grad_mode import is_grad_enabled

__all__ = ["NoData", "numpy_function", "numpy_ufunc", "refuse_inside_numpy"]

# What NumPy's arrays call when a Tensor stands at the right of an operator.
_OPERATORS: dict[Any, Callable[..., Any]] = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.true_divide: operator.truediv,
    np.power: operator.pow,
    np.matmul: operator.matmul,
    np.equal: operator.eq,
    np.not_equal: operator.ne,
    np.less: operator.lt,
    np.less_equal: operator.le,
    np.greater: operator.gt,
    np.greater_equal: operator.ge,
}

# Functions whose answers have no gradient: shapes, comparisons, text.
_ANSWERED = frozenset(
    (
        np.shape,
        np.ndim,
        np.size,
        np.array_equal,
        np.array_equiv,
        np.allclose,
        np.isclose,
        np.may_share_memory,
        np.shares_memory,
        np.iscomplexobj,
        np.isrealobj,
        np.result_type,
        np.can_cast,
        np.array2string,
        np.array_repr,
        np.array_str,
    )
)

_COMPOSE = "compose it of the functions of neural_net_core.ops"

# Where ours has another name.
_RENAMED = {
    "amax": "max",
    "amin": "min",
    "vstack": "concatenate",
    "hstack": "concatenate",
    "column_stack": "concatenate",
    "dstack": "stack",
    "dot": "matmul",
    "inner": "matmul",
    "tensordot": "einsum",
    "vdot": "einsum",
    "repeat": "repeat_interleave",
    "rint": "round",
    "around": "round",
    "take": "getitem",
    "ravel": "reshape",
    "array_split": "split",
    "vsplit": "split",
    "hsplit": "split",
    "rollaxis": "moveaxis",
    "fabs": "absolute",
    "square": "power",
    "float_power": "power",
    "fmax": "maximum",
    "fmin": "minimum",
    "linalg.norm": "norm",
    "linalg.matmul": "matmul",
}

# Those of `numpy.linalg` that record in `neural_net_core.linalg`.
LINALG = frozenset(
    ("linalg.cholesky", "linalg.det", "linalg.inv", "linalg.slogdet", "linalg.solve")
)


def numpy_function(
    function: Any, args: Any, kwargs: Mapping[str, Any], recorded: Collection[str]
) -> Any:
    """Answer a function of NumPy that was given a Tensor, or refuse it.

    Args:
        function: What was called.
        args: Its arguments, with the Tensor among them or within them.
        kwargs: Those given by name.
        recorded: The names of the functions that record, of which a refusal names one.

    Raises:
        HistoryError: If the function would return an array without history.
    """
    if function in _ANSWERED:
        return function(*map(_as_array, args), **{k: _as_array(v) for k, v in kwargs.items()})
    raise _refusal(function, recorded)


def numpy_ufunc(
    ufunc: np.ufunc, method: str, inputs: Any, kwargs: Mapping[str, Any], recorded: Collection[str]
) -> Any:
    """Answer an operator between an array and a Tensor, or refuse an elementwise function.

    Args:
        ufunc: What was called.
        method: How: "__call__", "reduce", …
        inputs: The operands.
        kwargs: The other arguments.
        recorded: The names of the functions that record, of which a refusal names one.

    Raises:
        HistoryError: If the function would return an array without history.
    """
    if method == "__call__" and ufunc in _OPERATORS and not kwargs:
        array, other = inputs
        if isinstance(array, np.ndarray | np.generic):
            # Asks the Tensor on the right, since the array's own answer would lead back here.
            return _REFLECTED[ufunc](other, array)
        return _OPERATORS[ufunc](array, other)
    raise _refusal(ufunc, recorded)


_REFLECTED: dict[Any, Callable[[Any, Any], Any]] = {
    np.add: lambda t, x: t.__radd__(x),
    np.subtract: lambda t, x: t.__rsub__(x),
    np.multiply: lambda t, x: t.__rmul__(x),
    np.true_divide: lambda t, x: t.__rtruediv__(x),
    np.power: lambda t, x: t.__rpow__(x),
    np.matmul: lambda t, x: t.__rmatmul__(x),
    np.equal: lambda t, x: t == x,
    np.not_equal: lambda t, x: t != x,
    np.less: lambda t, x: t > x,
    np.less_equal: lambda t, x: t >= x,
    np.greater: lambda t, x: t < x,
    np.greater_equal: lambda t, x: t <= x,
}


def _as_array(x: Any) -> Any:
    return np.asarray(x) if hasattr(x, "requires_grad") else x


def refuse_inside_numpy(tensor: Any) -> None:
    """Raise if NumPy's own code converts a Tensor with a history, as in `np.mean([t1, t2])`.

    Functions see only the list then, and do not ask. The conversion is asked for either by the
    caller, in whose code `np.asarray(t)` stands, or by Python code of NumPy, on nobody's request.

    Raises:
        HistoryError: If it is NumPy's code, the tensor requires a gradient, and history is kept.
    """
    if not tensor.requires_grad or not is_grad_enabled():
        return
    frame = sys._getframe(2)
    module = frame.f_globals.get("__name__", "")
    if module.startswith("numpy.") and not module.startswith("numpy.testing"):
        raise _history_lost(frame.f_code.co_name)


class NoData:
    """The attribute by which functions of `np.ma` ask for an array: refused like NumPy's others."""

    def __get__(self, tensor: Any, owner: type) -> Any:
        if tensor is None:
            return self
        raise _history_lost("ma")


def _history_lost(name: str, instead: str = _COMPOSE) -> HistoryError:
    """Return the error for a function of NumPy that would drop a Tensor's history.

    Args:
        name: The function, without `numpy.`.
        instead: What to use.
    """
    return HistoryError(
        f"numpy.{name}: a Tensor would become an array without history, and nothing before it "
        f"would learn; {instead}, or give t.numpy() where no gradient is needed"
    )


def _refusal(function: Any, recorded: Collection[str]) -> HistoryError:
    module = getattr(function, "__module__", None) or "numpy"
    name = f"{module}.{function.__name__}".removeprefix("numpy.")
    if name in LINALG:
        return _history_lost(name, f"use neural_net_core.{name}")
    ours = _RENAMED.get(name, name.rpartition(".")[2])
    if ours in recorded:
        return _history_lost(name, f"use neural_net_core.ops.{ours}")
    return _history_lost(name)
