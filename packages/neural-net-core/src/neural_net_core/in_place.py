"""Augmented assignment to what belongs to a module: in place, and counted.

`p -= 0.1 * p.grad` on a plain Tensor makes a new Tensor and binds the name to it, as Python does
for numbers. On a module's attribute that would put a result in the parameter's place. So parameters
and buffers change their own data, and stay what they are.
"""

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from neural_net_core import observing
from neural_net_core.errors import DTypeError, GraphError, ShapeError
from neural_net_core.grad_mode import is_grad_enabled
from neural_net_core.plain import plain_array

if TYPE_CHECKING:
    from neural_net_core.dtypes import Array

__all__ = ["InPlace"]


class InPlace:
    """The operators `+=`, `-=`, … of a tensor that a module owns.

    Raises:
        GraphError: If the change would have to be recorded: it happens outside `no_grad`, and the
            tensor or the operand requires a gradient.
        ShapeError: If the result has not the tensor's shape.
        DTypeError: If the tensor's dtype cannot hold the result, such as a fraction in integers.
    """

    __slots__ = ()

    data: "Array"
    requires_grad: bool
    version: int

    def __iadd__(self, other: Any) -> Self:
        return self._change(operator.add, "+=", other)

    def __isub__(self, other: Any) -> Self:
        return self._change(operator.sub, "-=", other)

    def __imul__(self, other: Any) -> Self:
        return self._change(operator.mul, "*=", other)

    def __itruediv__(self, other: Any) -> Self:
        return self._change(operator.truediv, "/=", other)

    def __ifloordiv__(self, other: Any) -> Self:
        return self._change(operator.floordiv, "//=", other)

    def __imod__(self, other: Any) -> Self:
        return self._change(operator.mod, "%=", other)

    def __ipow__(self, other: Any) -> Self:
        return self._change(operator.pow, "**=", other)

    def __imatmul__(self, other: Any) -> Self:
        return self._change(operator.matmul, "@=", other)

    def __iand__(self, other: Any) -> Self:
        return self._change(operator.and_, "&=", other)

    def __ior__(self, other: Any) -> Self:
        return self._change(operator.or_, "|=", other)

    def __ixor__(self, other: Any) -> Self:
        return self._change(operator.xor, "^=", other)

    def __ilshift__(self, other: Any) -> Self:
        return self._change(operator.lshift, "<<=", other)

    def __irshift__(self, other: Any) -> Self:
        return self._change(operator.rshift, ">>=", other)

    def _change(self, compute: Callable[[Any, Any], Any], sign: str, other: Any) -> Self:
        """Compute with the data and the operand, and write the result into the data."""
        kind = type(self).__name__
        name = getattr(self, "name", None) or f"of shape {self.data.shape}"
        if is_grad_enabled() and (self.requires_grad or getattr(other, "requires_grad", False)):
            raise GraphError(
                f"{kind} {name}: {sign} changes it in place, which cannot be recorded; write it "
                "inside `with no_grad():`, or give a new name to the result, `y = p + x`"
            )
        # A number stays one, so that it takes the data's dtype.
        operand = other if isinstance(other, int | float) else plain_array(other)
        try:
            result = compute(observing.array_of(self), operand)
        except TypeError as error:
            raise DTypeError(f"{kind} {name}: {sign} {other!r:.80}: {error}") from error
        except ValueError as error:
            raise ShapeError(f"{kind} {name}: {sign}: {error}") from error
        if result.shape != self.data.shape:
            raise ShapeError(
                f"{kind} {name}: {sign} would change its shape {self.data.shape} to {result.shape}"
            )
        if not np.can_cast(result.dtype, self.data.dtype, "same_kind"):
            raise DTypeError(
                f"{kind} {name}: {sign} gives {result.dtype}, which {self.data.dtype} cannot hold"
            )
        observing.array_of(self)[...] = result
        self.version += 1  # type: ignore[misc]
        return self
