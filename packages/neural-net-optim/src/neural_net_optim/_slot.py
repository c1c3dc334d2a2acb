"""One parameter's place in an optimizer: the parameter, its key in a state dict, and its state."""

from typing import Any

from neural_net_core import Parameter, ShapeError
from neural_net_core.dtypes import Array, DType
from neural_net_core.errors import DTypeError

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

    __slots__ = ("arrays", "dtype", "key", "param", "scalars", "shape", "start", "stop")

    def __init__(self, param: Parameter, key: str, scalars: dict[str, Any]) -> None:
        self.param = param
        self.key = key
        self.scalars: dict[str, Any] = {"step": 0, **scalars}
        self.arrays: dict[str, Array] = {}
        self.shape = param.shape
        self.dtype: DType = param.dtype
        # Where it lies in a flat buffer (elementwise optimizers only).
        self.start = self.stop = 0

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
        """
        data = self.param.data
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

    def check_gradient(self, grad: Array) -> None:
        """Raise ShapeError if a gradient has not the parameter's shape."""
        if grad.shape != self.shape:
            raise ShapeError(
                f"{self.label}: expected a gradient of shape {self.shape}, got {grad.shape}"
            )
