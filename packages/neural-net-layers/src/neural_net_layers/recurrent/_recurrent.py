"""What the recurrent layers share: layers that stand on each other, directions, states, lengths."""

import math
import warnings
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from neural_net_core import init as initializers
from neural_net_core.checks import check_array, check_count, check_flag, check_fraction
from neural_net_core.drawing import drawn
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.init import Initializer
from neural_net_core.modules.module import Module
from neural_net_core.ops import concatenate, expand_dims, squeeze, stack, swapaxes, unstack
from neural_net_core.random import resolve_rng
from neural_net_core.tensor import Parameter, Tensor, as_tensor
from neural_net_layers._checks import MOST_LAYERS
from neural_net_layers._inputs import coerce
from neural_net_layers.recurrent._parameters import draw, parts_of
from neural_net_layers.recurrent._recurrence import RecurrenceOp
from neural_net_layers.regularization.dropout import dropout

__all__: list[str] = []

Watch = dict[str, dict[str, Array]]


class Recurrent(Module):
    """A stack of recurrences over sequences; the three kinds say what one of them computes.

    Args: those of the kinds, and
        gates: How many blocks of rows the weights have.
        init: See `draw`.
        recurrent_init: See `draw`.
    """

    gates: ClassVar[int]
    states: ClassVar[tuple[str, ...]] = ("h_0",)
    weights: ClassVar[tuple[str, ...]] = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")

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

    def _operation(self) -> tuple[type[RecurrenceOp], dict[str, Any]]:
        """Return the operation that makes all steps of one recurrence, and its options."""
        raise NotImplementedError

    def _run(
        self, x: Any, state: Any, lengths: Any, watch: Watch | None = None
    ) -> tuple[Tensor, Any]:
        """Run all layers in all directions; return the outputs and the final state, or the pair.

        `watch` gets what each recurrence computed on the way, see `unroll`.
        """
        parts = parts_of(self._label(), self.states, state)
        x, *states = coerce(x, *parts, self.weight_ih_l0)[:-1]  # type: ignore[attr-defined]
        batched = x.ndim == 3
        self._check_input(x)
        if not batched:
            if lengths is not None:
                raise ShapeError(f"{self._label()}: lengths need a batch, got input {x.shape}")
            x = expand_dims(x, 0)
        elif not self.batch_first:
            x = swapaxes(x, 0, 1)  # (B, T, I)
        batch, steps = x.shape[:2]
        if lengths is not None:
            lengths = self._checked(lengths, steps, batch)
        initial = self._initial(states, x, batch, batched)
        y, finals = self._stack(x, initial, lengths, watch)
        last = tuple(stack(list(kind)) for kind in zip(*finals, strict=True))  # (L·ways, B, D)
        if not batched:
            y = squeeze(y, 0)
            last = tuple(squeeze(state, 1) for state in last)
        elif not self.batch_first:
            y = swapaxes(y, 0, 1)
        return y, last if len(last) > 1 else last[0]

    def _stack(
        self, x: Tensor, initial: list[list[Any]], lengths: Array | None, watch: Watch | None
    ) -> tuple[Tensor, list[tuple[Tensor, ...]]]:
        """Return the last layer's outputs, and the final states of every layer and direction."""
        ways = 2 if self.bidirectional else 1
        finals: list[tuple[Tensor, ...]] = []
        outputs: list[Tensor] = []
        kind, config = self._operation()
        for i, suffix in enumerate(self._suffixes()):
            parameters = coerce(x, *self._own(suffix, *self.weights))[1:]
            inputs = [x, *(s[i] for s in initial), *parameters, lengths]
            reverse = i % ways == 1
            if watch is None:
                y, *final = kind.apply(*inputs, reverse=reverse, **config)
            else:
                op = kind(reverse=reverse, **config)  # the textbook form, which the reader sees
                arrays = [a.data if isinstance(a, Tensor) else a for a in inputs]
                y, *final = (as_tensor(a, a.dtype) for a in op.forward(*arrays))
                watch[suffix[1:]] = op.values(self.hidden_size)
            finals.append(tuple(final))
            outputs.append(y)
            if len(outputs) == ways:
                x = outputs[0] if ways == 1 else concatenate(outputs, 2)  # (B, T, ways·D)
                outputs = []
                if self.dropout and i + 1 < ways * self.num_layers:
                    x = dropout(x, self.dropout, self.training, rng=self.rng)
        return x, finals

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

    def _checked(self, lengths: Any, steps: int, batch: int) -> Array:
        """Return the lengths, or raise if they are none of these sequences."""
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
        return given.astype(np.intp)

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
