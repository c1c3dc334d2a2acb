"""One parameter's place in an optimizer: the parameter, its key in a state dict, and its state."""

from typing import Any

from neural_net_core import Parameter
from neural_net_core.dtypes import Array

__all__ = ["Slot"]


class Slot:
    """A parameter with what the optimizer remembers about it.

    Attributes:
        param: The parameter.
        key: Its name if it was given with one, else its position, as text.
        scalars: Numbers of its own: `step`, how often it was updated, and a rule's further ones.
        arrays: State arrays by name, such as the two moments of Adam.
        shape: The parameter's shape when the optimizer was made.
    """

    __slots__ = ("arrays", "key", "param", "scalars", "shape", "start", "stop", "view")

    def __init__(self, param: Parameter, key: str, scalars: dict[str, Any]) -> None:
        self.param = param
        self.key = key
        self.scalars: dict[str, Any] = {"step": 0, **scalars}
        self.arrays: dict[str, Array] = {}
        self.shape = param.shape
        # Where it lies in a flat buffer, and the view of it there (elementwise optimizers only).
        self.start = self.stop = 0
        self.view: Array = param.data

    @property
    def label(self) -> str:
        """How errors call the parameter."""
        name = self.key if not self.key.isdigit() else self.param.name
        return f"parameter {name!r}" if name else f"parameter {self.key}"
