"""What the cells share: one step of a recurrence, for loops of a user's own."""

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from neural_net_core.checks import check_count
from neural_net_core.errors import ShapeError
from neural_net_core.init import Initializer
from neural_net_core.modules.module import Module
from neural_net_core.random import resolve_rng
from neural_net_core.tensor import Parameter, Tensor, as_tensor
from neural_net_layers._inputs import coerce
from neural_net_layers.recurrent._parameters import draw, parts_of

__all__: list[str] = []


class RecurrentCell(Module):
    """One step of a recurrence; the three kinds say which."""

    gates: ClassVar[int]
    states: ClassVar[tuple[str, ...]] = ("h",)

    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        init: Initializer | None,
        recurrent_init: Initializer | None,
        rng: np.random.Generator | None,
        dtype: npt.DTypeLike | None,
    ) -> None:
        cell = type(self).__name__
        self.input_size = check_count(cell, "input_size", input_size)
        self.hidden_size = check_count(cell, "hidden_size", hidden_size)
        made = draw(
            cell, self.gates, self.input_size, self.hidden_size, self.hidden_size, bias, init,
            recurrent_init, resolve_rng(rng), dtype,
        )  # fmt: skip
        self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh = made  # type: ignore[assignment]

    def _inputs(self, x: Any, state: Any) -> list[Tensor]:
        """Return input and states as Tensors of one dtype; states that are None are zeros."""
        label = f"{type(self).__name__}({self.input_size} -> {self.hidden_size})"
        parts = parts_of(label, self.states, state)
        x, *given = coerce(x, *parts, self.weight_ih)[:-1]
        if x.ndim not in (1, 2) or x.shape[-1] != self.input_size:
            raise ShapeError(
                f"{label}: expected input (B, {self.input_size}) or ({self.input_size},), got "
                f"{x.shape}"
            )
        expected = (*x.shape[:-1], self.hidden_size)
        for name, part in zip(self.states, given, strict=True):
            if part is not None and part.shape != expected:
                raise ShapeError(f"{label}: expected state {name} {expected}, got {part.shape}")
        if any(part is None for part in given):
            zeros = as_tensor(np.zeros_like(x.data, shape=expected), x.dtype)
            given = [zeros if part is None else part for part in given]
        return [x, *given]

    def extra_repr(self) -> str:
        """Return the sizes."""
        without = "" if self.bias_ih is not None else ", bias=False"
        return f"{self.input_size} -> {self.hidden_size}{without}"
