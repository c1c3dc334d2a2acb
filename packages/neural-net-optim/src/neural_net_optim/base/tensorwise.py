"""Optimizers whose rule needs a whole weight at a time: norms, rows and columns, matrix products.

LAMB scales a layer's step by the layer's norm, Adafactor keeps sums over rows and columns, Muon
makes a matrix orthogonal: none of them can be cut into blocks. So each parameter is updated by
itself, in its own array, and its state are arrays of whatever shape the rule wants.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from neural_net_core.dtypes import Array, DType
from neural_net_optim.base._slot import Slot
from neural_net_optim.base.optimizer import Group, Optimizer

__all__ = ["TensorwiseOptimizer"]


class TensorwiseOptimizer(Optimizer):
    """Base of the optimizers that update one whole parameter at a time.

    A subclass writes `init_state` and `update`.
    """

    # The hyper-parameters on which it depends which state arrays there are.
    layout_settings: ClassVar[tuple[str, ...]] = ()

    def init_state(self, p: Array, group: Group) -> dict[str, Array]:
        """Return the state arrays of a parameter before its first step.

        Args:
            p: The parameter's values.
            group: The hyper-parameters.
        """
        raise NotImplementedError

    def update(self, p: Array, g: Array, state: dict[str, Array], group: Group, t: int) -> None:
        """Change a parameter and its state, both in place.

        Args:
            p: Its values; to be written.
            g: Its gradient, negated already if the group maximizes; not to be written.
            state: Its state arrays; to be written.
            group: The hyper-parameters.
            t: Which step of this parameter it is, from 1.
        """
        raise NotImplementedError

    def _state_layout(self, slot: Slot, group: Group) -> dict[str, tuple[tuple[int, ...], DType]]:
        arrays = self.init_state(slot.param.data, group)
        return {name: (array.shape, array.dtype) for name, array in arrays.items()}

    def _state_arrays(self, slot: Slot, group: Group) -> dict[str, Array]:
        if not slot.arrays:
            slot.arrays = self.init_state(slot.param.data, group)
        return slot.arrays

    def _reset_arrays(self, slot: Slot, group: Group) -> None:
        slot.arrays = {}

    def _settings_changed(self, i: int, changed: Group) -> None:
        if not any(name in changed for name in self.layout_settings):
            return
        for slot in self._slots[i]:
            if slot.arrays:
                fresh = self.init_state(slot.param.data, self.param_groups[i])
                slot.arrays = {name: slot.arrays.get(name, new) for name, new in fresh.items()}

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """See `Optimizer.step`."""
        loss = self._evaluate(closure) if closure is not None else None
        # First everything that can fail, so that an error leaves all parameters as they were.
        if not self._is_approved():
            self._approve()
        ready = []
        for group, slots in zip(self.param_groups, self._slots, strict=True):
            for slot in slots:
                if slot.param.grad is not None and slot.param.requires_grad:
                    slot.check_data()
                    g = slot.check_gradient(slot.param.grad)
                    ready.append((group, slot, g, self._state_arrays(slot, group)))
        for group, slot, g, state in ready:
            param = slot.param
            slot.scalars["step"] += 1
            direction = np.negative(g) if group.get("maximize") else g
            if g.size:  # an empty weight has no norm and no mean
                self.update(param.data, direction, state, group, slot.scalars["step"])
            param.version += 1
        return loss
