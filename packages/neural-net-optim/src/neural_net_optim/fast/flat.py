"""Parameters laid end to end in one array, and the blocks in which an optimizer walks over it.

A network of fifty small arrays costs fifty times the overhead of a NumPy call, and a huge array
costs memory traffic: every operation of an update rule streams all of it through the cache. Both
are cured by one layout. The parameters become views of one flat buffer, the moments lie in buffers
of the same layout, and the rule runs over blocks that fit into the cache: small parameters share
a block, large ones are cut.
"""

import math
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import numpy as np

from neural_net_core import Parameter
from neural_net_core.dtypes import Array, DType
from neural_net_optim.base._slot import Slot

__all__ = ["BLOCK_BYTES", "Block", "FlatBuffer", "Run", "Workspace"]

# 32 K elements of float32. Measured for Adam over 10 million parameters: smaller blocks pay more
# for the calls (and two threads get in each other's way), larger ones fall out of the L2 cache.
BLOCK_BYTES = 128 * 1024


class Workspace:
    """Scratch memory of one thread: a block's gathered gradient, and arrays for the rule.

    Args:
        size: The elements of the largest block.
        dtype: The blocks' dtype.
        count: How many scratch arrays the rule wants.
    """

    def __init__(self, size: int, dtype: DType, count: int) -> None:
        self.size, self.dtype = size, dtype
        self._scratch = [np.empty(size, dtype) for _ in range(count)]
        self._gradient: Array | None = None
        self._views: dict[int, tuple[Array, ...]] = {}
        self._gradients: dict[int, Array] = {}

    def scratch(self, n: int) -> tuple[Array, ...]:
        """Return the rule's scratch arrays, n elements long."""
        views = self._views.get(n)
        if views is None:
            views = self._views[n] = tuple(array[:n] for array in self._scratch)
        return views

    def gradient(self, n: int) -> Array:
        """Return room for a gradient of n elements."""
        view = self._gradients.get(n)
        if view is None:
            if self._gradient is None:
                # Made when first needed: large parameters lend slices of their own gradients.
                self._gradient = np.empty(self.size, self.dtype)
            view = self._gradients[n] = self._gradient[:n]
        return view


class Block:
    """A stretch of the flat buffer that is updated at one go.

    Attributes:
        p: The parameters' values there, a view of the flat buffer.
        state: Views of the state arrays by name, and the run's scalars if the rule has any.
        first: The index of the first parameter in it.
        last: One past the index of the last parameter in it.
        shapes: The shapes of these parameters.
        offset: Where it begins within its parameter, if that is cut; None if it holds whole ones.
    """

    __slots__ = ("_room", "first", "last", "offset", "p", "shapes", "state")

    def __init__(
        self,
        p: Array,
        state: dict[str, Any],
        first: int,
        last: int,
        offset: int | None,
        shapes: list[tuple[int, ...]],
    ) -> None:
        self.p = p
        self.state = state
        self.first = first
        self.last = last
        self.offset = offset
        self.shapes = shapes
        # Where its gradient was gathered last, whole and parameter by parameter.
        self._room: tuple[Array, list[Array]] | None = None

    def gradient(self, grads: list[Array], workspace: Workspace) -> Array:
        """Return the gradient of the block: a view of one parameter's, or several gathered."""
        n = self.p.size
        if self.offset is not None:
            return grads[self.first].reshape(-1)[self.offset : self.offset + n]
        if self.last - self.first == 1:
            return grads[self.first].reshape(-1)
        gathered = workspace.gradient(n)
        if self._room is None or self._room[0] is not gathered:
            self._room = gathered, self._parts(gathered)
        # For small arrays in half the time of np.concatenate.
        for part, grad in zip(self._room[1], grads[self.first : self.last], strict=True):
            part[...] = grad
        return gathered

    def _parts(self, gathered: Array) -> list[Array]:
        """Return a view of each parameter's stretch, in its shape."""
        parts = np.split(gathered, list(accumulate(map(math.prod, self.shapes)))[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, self.shapes, strict=True)]


class Run:
    """Neighbouring parameters that have been updated equally often, so that one step serves all.

    Attributes:
        scalars: Their common step count and further numbers of the rule.
        blocks: Their blocks.
    """

    __slots__ = ("blocks", "scalars")

    def __init__(self, scalars: dict[str, Any], blocks: list[Block]) -> None:
        self.scalars = scalars
        self.blocks = blocks


class FlatBuffer:
    """The parameters of one group and dtype, as views of one array.

    Args:
        slots: The parameters' slots; the parameters' `data` become views.
    """

    def __init__(self, slots: list[Slot]) -> None:
        self.slots = slots
        self.dtype: DType = slots[0].param.dtype
        stops = list(accumulate(slot.param.size for slot in slots))
        # Where each parameter begins and ends.
        self._places = list(zip([0, *stops], stops, strict=False))
        self.block_size = BLOCK_BYTES // self.dtype.itemsize
        self.data: Array = np.empty(stops[-1], self.dtype)
        self.state: dict[str, Array] = {}
        self._runs: list[Run] | None = None
        self._skipped: list[int] = []
        # What `gradients` looks at in every step: parameter, view, shape, whether it is cut.
        self._members: list[tuple[Parameter, Array, tuple[int, ...], bool]] = []
        for slot, (start, stop) in zip(slots, self._places, strict=True):
            view = self.data[start:stop].reshape(slot.shape)
            is_cut = stop - start > self.block_size
            self._members.append((slot.param, view, slot.shape, is_cut))
            self._adopt(slot, view)

    def _adopt(self, slot: Slot, view: Array) -> None:
        """Copy a parameter's values into the buffer and make its array a view of it."""
        slot.check_data()
        view[...] = slot.param.data
        slot.param.data = view

    def gradients(self) -> tuple[list[Any], list[int]]:
        """Return each parameter's gradient, and the indices of those to skip.

        Parameters whose array was replaced by somebody are taken in again.

        Raises:
            ShapeError: If a gradient has not its parameter's shape.
            DTypeError: If it is not floating.
            TypeError: If it is no array.
        """
        grads: list[Any] = []
        skipped: list[int] = []
        ndarray, dtype = np.ndarray, self.dtype
        for param, view, shape, is_cut in self._members:
            if param.data is not view:
                self._adopt(self.slots[len(grads)], view)
            grad = param.grad
            if grad is None or not param.requires_grad:
                skipped.append(len(grads))
            elif type(grad) is not ndarray or grad.shape != shape or grad.dtype is not dtype:
                grad = self.slots[len(grads)].check_gradient(grad)
            elif is_cut and not grad.flags.c_contiguous:
                # Once here, instead of once for every block that takes a slice of it.
                grad = np.ascontiguousarray(grad)
            grads.append(grad)
        return grads, skipped

    def count_change(self, skipped: list[int]) -> None:
        """Tell the parameters, except the skipped ones, that their values change."""
        for i, member in enumerate(self._members):
            if not skipped or i not in skipped:
                member[0].version += 1

    def ensure_state(self, names: tuple[str, ...], initial: dict[str, float]) -> None:
        """Make the state arrays that are not there yet.

        Args:
            names: The arrays that the rule wants.
            initial: Their values at the beginning where these are not 0.
        """
        for name in names:
            if name not in self.state:
                array = np.zeros(self.data.size, self.dtype)
                if initial.get(name):
                    array.fill(initial[name])
                self.state[name] = array
                for slot, (start, stop) in zip(self.slots, self._places, strict=True):
                    slot.arrays[name] = array[start:stop].reshape(slot.shape)
                self._runs = None

    def runs(self, skipped: list[int]) -> list[Run]:
        """Return the runs of all parameters but the skipped ones, in order.

        They are kept from step to step, since the same parameters usually have gradients.
        """
        if self._runs is None or skipped != self._skipped:
            self._runs = self._planned(set(skipped))
            self._skipped = skipped
        return self._runs

    def forget_runs(self) -> None:
        """Plan anew at the next step, because step counts were replaced."""
        self._runs = None

    def _planned(self, skipped: set[int]) -> list[Run]:
        # Parameters of one run share their scalars; whoever leaves it needs them for himself.
        for slot in self.slots:
            slot.scalars = dict(slot.scalars)
        active = [i for i in range(len(self.slots)) if i not in skipped]
        runs = []
        while active:
            first = active[0]
            scalars = self.slots[first].scalars
            last = first
            while active and active[0] == last and self.slots[last].scalars == scalars:
                self.slots[last].scalars = scalars
                last += 1
                del active[0]
            runs.append(Run(scalars, list(self._blocks(first, last))))
        return runs

    def _blocks(self, first: int, last: int) -> Iterator[Block]:
        """Cut the parameters first … last − 1 into blocks: small ones together, large ones cut."""
        while first < last:
            start, stop = self._places[first]
            if stop - start > self.block_size:
                pieces = -(-(stop - start) // self.block_size)
                for k in range(pieces):
                    a = start + (stop - start) * k // pieces
                    b = start + (stop - start) * (k + 1) // pieces
                    yield self._block(a, b, first, first + 1, a - start)
                first += 1
                continue
            end = first + 1
            while end < last and self._places[end][1] - start <= self.block_size:
                end += 1
            stop = self._places[end - 1][1]
            if stop > start:
                yield self._block(start, stop, first, end, None)
            first = end

    def _block(self, start: int, stop: int, first: int, last: int, offset: int | None) -> Block:
        state = {name: array[start:stop] for name, array in self.state.items()}
        shapes = [slot.shape for slot in self.slots[first:last]]
        return Block(self.data[start:stop], state, first, last, offset, shapes)
