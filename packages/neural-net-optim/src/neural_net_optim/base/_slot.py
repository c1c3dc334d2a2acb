"""One parameter's place in an optimizer: the parameter, its key in a state dict, and its state."""

from typing import Any

import numpy as np

from neural_net_core import Parameter, ShapeError, Tensor
from neural_net_core.dtypes import Array, DType
from neural_net_core.errors import DTypeError
from neural_net_core.plain import plain_array

__all__ = ["Slot"]


class Slot:
    """A parameter with what the optimizer remembers about it.

    Attributes:
        param: The parameter.
        key: Its name if it was given with one, else its position, as text.
        scalars: Numbers of its own: `step`, how often it was updated, and a rule's further ones.
        arrays: State arrays by name, such as the two moments of Adam.
        shape: The parameter's shape when the optimizer was made.
        dtype: Its dtype then.
    """

    __slots__ = ("arrays", "dtype", "key", "param", "scalars", "shape")

    def __init__(self, param: Parameter, key: str, scalars: dict[str, Any]) -> None:
        self.param = param
        self.key = key
        self.scalars: dict[str, Any] = {"step": 0, **scalars}
        self.arrays: dict[str, Array] = {}
        self.shape = param.shape
        self.dtype: DType = param.dtype

    @property
    def label(self) -> str:
        """How errors call the parameter."""
        name = self.key if not self.key.isdigit() else self.param.name
        return f"parameter {name!r}" if name else f"parameter {self.key}"

    def check_data(self) -> None:
        """Raise if the parameter's array is no longer of the kind that the state was made for.

        Raises:
            ShapeError: If the shape is another.
            DTypeError: If the dtype is another.
            TypeError: If it is no array.
        """
        data: Any = self.param.data
        if not isinstance(data, np.ndarray) or isinstance(data, np.ma.MaskedArray):
            raise TypeError(
                f"{self.label}: expected its data to be an array, got a {type(data).__name__}"
            )
        if data.shape != self.shape:
            raise ShapeError(
                f"{self.label}: its shape was {self.shape} when the optimizer was made and is "
                f"{data.shape} now; make a new optimizer"
            )
        if data.dtype != self.dtype:
            raise DTypeError(
                f"{self.label}: its dtype was {self.dtype} when the optimizer was made and is "
                f"{data.dtype} now; make the optimizer after astype()"
            )

    def check_gradient(self, grad: Any) -> Array:
        """Return a gradient as a plain array of the parameter's dtype, in C order.

        Raises:
            TypeError: If it is no array, or a masked one.
            ShapeError: If it has not the parameter's shape.
            DTypeError: If it is not floating.
        """
        if not isinstance(grad, np.ndarray) or isinstance(grad, np.ma.MaskedArray):
            hint = "; take its .data" if isinstance(grad, Tensor) else ""
            raise TypeError(
                f"{self.label}: expected its gradient to be an array, got a "
                f"{type(grad).__name__}{hint}"
            )
        if grad.shape != self.shape:
            raise ShapeError(
                f"{self.label}: expected a gradient of shape {self.shape}, got {grad.shape}"
            )
        if grad.dtype.kind != "f":
            raise DTypeError(
                f"{self.label}: expected a gradient of dtype {self.dtype}, got {grad.dtype}"
            )
        return plain_array(grad).astype(self.dtype, order="C", copy=False)
