"""What the recurrent layers share: parameters, states, lengths, layers and directions."""

import math
import warnings
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from neural_net_core import init as initializers
from neural_net_core.checks import check_array, check_count, check_flag, check_fraction, shown
from neural_net_core.drawing import drawn
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.init import Initializer
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.ops import concatenate, expand_dims, squeeze, stack, unstack
from neural_net_core.random import resolve_rng
from neural_net_core.tensor import Parameter, Tensor, as_tensor
from neural_net_layers._checks import MOST_LAYERS
from neural_net_layers._inputs import coerce
from neural_net_layers.fast.schedule import (
    Direction,
    FromRowsOp,
    Schedule,
    ToRowsOp,
    full,
    scatter,
    varied,
)
from neural_net_layers.regularization.dropout import dropout

__all__: list[str] = []

Watch = dict[str, dict[str, Array]]


class RecurrenceOp(Op):
    """All steps of a recurrence, in one direction; the kinds say what a step computes."""

    takes_none = True

    direction: Direction

    def values(self) -> dict[str, Array]:
        """Return what `forward` computed at every row, (N, D), by name."""
        raise NotImplementedError


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


class Recurrent(Module):
    """A stack of recurrences over sequences; the three kinds say what one of them computes.

    Args: those of the kinds, and
        gates: How many blocks of rows the weights have.
        init: See `draw`.
        recurrent_init: See `draw`.
    """

    gates: ClassVar[int]
    states: ClassVar[tuple[str, ...]] = ("h_0",)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        bias: bool,
        batch_first: bool,
        dropout: float,
        bidirectional: bool,
        init: Initializer | None,
        recurrent_init: Initializer | None,
        rng: np.random.Generator | None,
        dtype: npt.DTypeLike | None,
        proj_size: int = 0,
    ) -> None:
        layer = type(self).__name__
        self.input_size = check_count(layer, "input_size", input_size)
        self.hidden_size = check_count(layer, "hidden_size", hidden_size)
        self.num_layers = check_count(layer, "num_layers", num_layers, 1, MOST_LAYERS)
        self.proj_size = proj_size
        self.bias = check_flag(layer, "bias", bias)
        self.batch_first = check_flag(layer, "batch_first", batch_first)
        self.bidirectional = check_flag(layer, "bidirectional", bidirectional)
        self.dropout = check_fraction(layer, "dropout", dropout)
        if self.dropout and self.num_layers == 1:
            warnings.warn(
                f"{layer}: dropout={self.dropout} is between layers, and there is one only, so "
                "nothing is dropped; num_layers says how many there are",
                stacklevel=4,  # the caller's line, past the wrapper that explains arguments
            )
        self.rng = None if rng is None else resolve_rng(rng)
        state = proj_size or self.hidden_size
        rng = resolve_rng(rng)
        inputs = self.input_size
        for suffix in self._suffixes():
            if suffix == "_l1":
                inputs = state * (2 if bidirectional else 1)
            names = [f"weight_ih{suffix}", f"weight_hh{suffix}"]
            names += [f"bias_ih{suffix}", f"bias_hh{suffix}"] if bias else []
            made = draw(
                layer, self.gates, inputs, self.hidden_size, state, bias, init, recurrent_init,
                rng, dtype,
            )  # fmt: skip
            for name, parameter in zip(names, made, strict=False):
                setattr(self, name, parameter)
            if proj_size:
                bound = 1 / math.sqrt(self.hidden_size)
                shape = (proj_size, self.hidden_size)
                if init is None:
                    w = initializers.uniform(shape, -bound, bound, rng=rng, dtype=dtype)
                else:
                    w = drawn(layer, "init", init, shape, rng, dtype)
                setattr(self, f"weight_hr{suffix}", Parameter(w, dtype))

    def _suffixes(self) -> list[str]:
        """Return what the names of parameters end in, layer by layer."""
        ways = ("", "_reverse") if self.bidirectional else ("",)
        return [f"_l{k}{way}" for k in range(self.num_layers) for way in ways]

    def _own(self, suffix: str, *names: str) -> list[Any]:
        """Return parameters of one recurrence, None for those that it does not have."""
        return [getattr(self, name + suffix, None) for name in names]

    def _operation(self, direction: Direction) -> tuple[type[RecurrenceOp], dict[str, Any]]:
        """Return the operation that makes all steps of one recurrence, and its options."""
        raise NotImplementedError

    def _inputs_of(self, suffix: str, rows: Tensor, states: list[Any]) -> list[Any]:
        """Return what the operation is applied to, all in the dtype of the rows."""
        own = self._own(suffix, "weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return [rows, *states, *coerce(rows, *own)[1:]]

    def _run(
        self, x: Any, state: Any, lengths: Any, watch: Watch | None = None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Run all layers in all directions; return the outputs and the final states.

        `watch` gets what each recurrence computed on the way, see `unroll`.
        """
        parts = parts_of(self._label(), self.states, state)
        x, *states = coerce(x, *parts, self.weight_ih_l0)[:-1]  # type: ignore[attr-defined]
        batched = x.ndim == 3
        self._check_input(x)
        if not batched:
            if lengths is not None:
                raise ShapeError(f"{self._label()}: lengths need a batch, got input {x.shape}")
            x = expand_dims(x, 0 if self.batch_first else 1)
        steps, batch = x.shape[:2][::-1] if self.batch_first else x.shape[:2]
        schedule = full(steps, batch) if lengths is None else self._schedule(lengths, steps, batch)
        initial = self._initial(states, x, batch, batched)
        rows = ToRowsOp.apply(x, schedule=schedule, batch_first=self.batch_first)
        y, finals = self._stack(rows, initial, schedule, watch)
        y = FromRowsOp.apply(y, schedule=schedule, batch_first=self.batch_first)
        last = tuple(stack(list(kind)) for kind in zip(*finals, strict=True))  # (L·ways, B, D)
        if not batched:
            y = squeeze(y, 0 if self.batch_first else 1)
            last = tuple(squeeze(state, 1) for state in last)
        return y, last

    def _stack(
        self,
        rows: Tensor,
        initial: list[list[Any]],
        schedule: Schedule,
        watch: Watch | None,
    ) -> tuple[Tensor, list[tuple[Tensor, ...]]]:
        """Return the last layer's rows, and the final states of every layer and direction."""
        ways = 2 if self.bidirectional else 1
        finals: list[tuple[Tensor, ...]] = []
        outputs: list[Tensor] = []
        for i, suffix in enumerate(self._suffixes()):
            direction = schedule.backwards if i % ways else schedule.forwards
            inputs = self._inputs_of(suffix, rows, [s[i] for s in initial])
            kind, config = self._operation(direction)
            if watch is None:
                y, *final = kind.apply(*inputs, **config)
            else:
                op = kind(**config)
                arrays = [a.data if isinstance(a, Tensor) else a for a in inputs]
                y, *final = (as_tensor(a, a.dtype) for a in op.forward(*arrays))
                watch[suffix[1:]] = {
                    name: scatter(value, schedule, self.batch_first)
                    for name, value in op.values().items()
                }
            finals.append(tuple(final))
            outputs.append(y)
            if len(outputs) == ways:
                rows = outputs[0] if ways == 1 else concatenate(outputs, 1)  # (N, ways·D)
                outputs = []
                if self.dropout and i + 1 < ways * self.num_layers:
                    rows = dropout(rows, self.dropout, self.training, rng=self.rng)
        return rows, finals

    def _initial(
        self, states: list[Tensor | None], x: Tensor, batch: int, batched: bool
    ) -> list[list[Any]]:
        """Return the initial state of each kind for every layer and direction."""
        count = len(self._suffixes())
        widths = [self.proj_size or self.hidden_size, self.hidden_size][: len(self.states)]
        result: list[list[Any]] = []
        for name, state, width in zip(self.states, states, widths, strict=True):
            if state is None:
                result.append([np.zeros_like(x.data, shape=(batch, width))] * count)
                continue
            expected = (count, batch, width) if batched else (count, width)
            if state.shape != expected:
                raise ShapeError(
                    f"{self._label()}: expected state {name} {expected}, got {state.shape}"
                )
            result.append(list(unstack(state if batched else expand_dims(state, 1), 0)))
        return result

    def _check_input(self, x: Tensor) -> None:
        """Raise if the input is no batch of sequences, nor one, of the right features."""
        if x.ndim not in (2, 3) or x.shape[-1] != self.input_size:
            axes = "(B, T, " if self.batch_first else "(T, B, "
            raise ShapeError(
                f"{self._label()}: expected input {axes}{self.input_size}) or (T, "
                f"{self.input_size}), got {x.shape}"
            )

    def _schedule(self, lengths: Any, steps: int, batch: int) -> Schedule:
        """Return the schedule of sequences of different lengths, after checking them."""
        given = check_array(self._label(), "lengths", lengths, kinds="iu")
        if given.shape != (batch,):
            raise ShapeError(
                f"{self._label()}: expected lengths to be {batch} integers, one per sequence, got "
                f"{given.dtype} of shape {given.shape}"
            )
        if given.size and (given.min() < 0 or given.max() > steps):
            wrong = int(given.min() if given.min() < 0 else given.max())
            raise ShapeError(
                f"{self._label()}: expected lengths from 0 to {steps}, the steps of the input, "
                f"got {wrong}"
            )
        return varied(given.astype(np.intp), steps)

    def _label(self) -> str:
        return f"{type(self).__name__}({self.input_size} -> {self.hidden_size})"

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        parts = [f"{self.input_size} -> {self.hidden_size}"]
        if self.num_layers > 1:
            parts.append(f"{self.num_layers} layers")
        if self.bidirectional:
            parts.append("bidirectional")
        if self.proj_size:
            parts.append(f"proj_size={self.proj_size}")
        if self.dropout:
            parts.append(f"dropout={self.dropout}")
        if not self.bias:
            parts.append("bias=False")
        if not self.batch_first:
            parts.append("batch_first=False")
        return ", ".join(parts)


class RecurrentCell(Module):
    """One step of a recurrence, written in primitives; the three kinds say which."""

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
        zeros = as_tensor(np.zeros_like(x.data, shape=expected), x.dtype)
        return [x, *(zeros if part is None else part for part in given)]

    def extra_repr(self) -> str:
        """Return the sizes."""
        without = "" if self.bias_ih is not None else ", bias=False"
        return f"{self.input_size} -> {self.hidden_size}{without}"
