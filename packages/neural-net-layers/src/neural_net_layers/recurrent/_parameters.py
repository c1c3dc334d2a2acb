"""The parameters and options of one recurrence, and the parts of a state."""

import math
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from neural_net_core import init as initializers
from neural_net_core.checks import check_number, shown
from neural_net_core.drawing import drawn
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.init import Initializer
from neural_net_core.tensor import Parameter, Tensor

__all__: list[str] = []

Nonlinearity = Literal["tanh", "relu"]


def draw(
    layer: str,
    gates: int,
    inputs: int,
    hidden: int,
    state: int,
    bias: bool,
    init: Initializer | None,
    recurrent_init: Initializer | None,
    rng: np.random.Generator,
    dtype: npt.DTypeLike | None,
) -> list[Parameter | None]:
    """Return the parameters of one recurrence: weight_ih, weight_hh, bias_ih, bias_hh.

    Args:
        layer: For messages.
        gates: How many blocks of rows the weights have.
        inputs: I.
        hidden: H, the rows of a block.
        state: The size of the state that is fed back, H or that of the projection.
        bias: Whether there are biases; two, because PyTorch has two.
        init: Called as `init((H, I), rng=…, dtype=…)` for each gate's block of weight_ih, and the
            biases are zero; None draws from uniform(-1/√H, 1/√H).
        recurrent_init: Likewise, `(H, state)`, for weight_hh; None means `init`.
        rng: The generator to draw from.
        dtype: The parameters' dtype.
    """
    rows, bound = gates * hidden, 1 / math.sqrt(hidden)

    def uniform(*shape: int) -> Array:
        return initializers.uniform(shape, -bound, bound, rng=rng, dtype=dtype)

    def weight(name: str, make: Initializer | None, columns: int) -> Array:
        if make is None:
            return uniform(rows, columns)
        shape = (hidden, columns)
        return np.concatenate([drawn(layer, name, make, shape, rng, dtype) for _ in range(gates)])

    again = "init" if recurrent_init is None else "recurrent_init"
    values = [
        weight("init", init, inputs),
        weight(again, init if recurrent_init is None else recurrent_init, state),
    ]
    if init is None and recurrent_init is None:
        values += [uniform(rows), uniform(rows)]
    else:
        values += [initializers.zeros((rows,), dtype=dtype)] * 2
    if not bias:
        values[2:] = []
    return [Parameter(value, dtype) for value in values] + [None] * (4 - len(values))


def parts_of(label: str, names: tuple[str, ...], state: Any) -> tuple[Any, ...]:
    """Return the parts of an initial state, None for zeros, or raise if it has others.

    Args:
        label: For messages.
        names: How the parts are called; a pair for long short-term memory, and else one alone.
        state: An array; or a tuple or list of two, each an array or None; or None.
    """
    if state is None:
        return (None,) * len(names)
    several = isinstance(state, tuple | list)
    what = f"a {type(state).__name__} of {len(state)}" if several else shown(state)
    if len(names) == 1:
        if several and any(part is None or isinstance(part, Tensor | np.ndarray) for part in state):
            raise ShapeError(f"{label}: expected state {names[0]}, one array, got {what}")
        return (state,)
    if not several or len(state) != len(names):
        raise ShapeError(f"{label}: expected state ({', '.join(names)}), a pair, got {what}")
    return tuple(state)


def check_forget_bias(layer: str, forget_bias: float | None, bias: bool) -> float | None:
    """Return the forget gates' bias, or raise if it is no number or there are no biases."""
    if forget_bias is None:
        return None
    if not bias:
        raise ValueError(f"{layer}: forget_bias={forget_bias} needs bias=True")
    value: float = check_number(layer, "forget_bias", forget_bias)
    return value


def set_forget_bias(value: float, bias_ih: Any, bias_hh: Any) -> None:
    """Set the forget gates' bias; the two biases are added, so only one of them gets it."""
    d = len(bias_ih) // 4
    bias_ih.data[d : 2 * d], bias_hh.data[d : 2 * d] = value, 0


def check_nonlinearity(layer: str, nonlinearity: Nonlinearity) -> Nonlinearity:
    if nonlinearity not in get_args(Nonlinearity):
        raise ValueError(f"{layer}: expected nonlinearity tanh or relu, got {nonlinearity!r}")
    return nonlinearity
