"""Optimizers whose rule needs a whole weight at a time: norms, rows and columns, matrix products.

LAMB scales a layer's step by the layer's norm, Adafactor keeps sums over rows and columns, Muon
makes a matrix orthogonal: none of them can be cut into blocks. So the rule sees each parameter in
its own shape, and its state are arrays of whatever shape it wants.
"""

from typing import ClassVar

from neural_net_core.dtypes import Array, DType
from neural_net_optim.base._slot import Slot
from neural_net_optim.base.optimizer import Group, Optimizer, State

__all__ = ["TensorwiseOptimizer"]


class TensorwiseOptimizer(Optimizer):
    """Base of the optimizers that update one whole parameter at a time.

    A subclass writes `init_state` and `rule`.
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

    def _state_layout(
        self, slot: Slot, group: Group, scalars: State
    ) -> dict[str, tuple[tuple[int, ...], DType]]:
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
