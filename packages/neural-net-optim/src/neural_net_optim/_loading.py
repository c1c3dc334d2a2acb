"""Comparing a saved state with an optimizer, before anything is changed."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_optim._slot import Slot

if TYPE_CHECKING:
    from neural_net_optim.optimizer import Optimizer

__all__ = ["Group", "Loading", "is_extra"]

Group = dict[str, Any]


def is_extra(key: str) -> bool:
    """Tell whether a group's key is no hyper-parameter of the rule.

    Those are a label for people, and the values that schedules started from, like `initial_lr`.
    """
    return key == "name" or key.startswith("initial_")


class Loading:
    """A state dict compared with an optimizer: what does not fit, and the way to apply it."""

    def __init__(self, optimizer: "Optimizer", state_dict: Mapping[str, Any]) -> None:
        self.optimizer = optimizer
        self.problems: list[str] = []
        self.groups: list[tuple[Group, Group]] = []
        self.slots: list[tuple[Slot, Group, dict[str, Any], dict[str, Array] | None]] = []
        absent = [k for k in ("state", "param_groups") if k not in state_dict]
        if absent:
            self.problems += [f"missing {k!r}" for k in absent]
            return
        saved_groups = list(state_dict["param_groups"])
        if len(saved_groups) != len(optimizer.param_groups):
            self.problems.append(
                f"expected {len(optimizer.param_groups)} parameter groups, got {len(saved_groups)}"
            )
            return
        saved = dict(state_dict["state"])
        for i, (group, slots) in enumerate(
            zip(optimizer.param_groups, optimizer._slots, strict=True)
        ):
            merged = self._group(i, group, dict(saved_groups[i]), slots)
            for slot in slots:
                self._slot(merged, slot, saved.pop(slot.key, None))
        self.problems += [f"state of an unknown parameter {key!r}" for key in saved]

    def _group(self, i: int, own: Group, came: Group, slots: list[Slot]) -> Group:
        """Compare one group's parameters and hyper-parameters; return the latter merged."""
        keys = [slot.key for slot in slots]
        if list(came.pop("params", [])) != keys:
            self.problems.append(f"group {i}: the parameters are not {keys}")
        own = {k: v for k, v in own.items() if k != "params"}
        missing = [k for k in own if k not in came and not is_extra(k)]
        self.problems += [f"group {i}: missing hyper-parameter {k!r}" for k in missing]
        # JSON knows no tuples.
        came = {k: tuple(v) if isinstance(v, list) else v for k, v in came.items()}
        merged = {**own, **came}
        try:
            merged = self.optimizer._checked(merged)
            self.optimizer.check_group(merged)
        except ValueError as error:
            self.problems.append(f"group {i}: {error}")
            return own
        self.groups.append((self.optimizer.param_groups[i], merged))
        return merged

    def _slot(self, group: Group, slot: Slot, came: Mapping[str, Any] | None) -> None:
        """Compare one parameter's state; None stands for a parameter that was never updated."""
        if came is None:
            self.slots.append((slot, group, {"step": 0, **self.optimizer.scalar_state}, None))
            return
        expected = self.optimizer._state_layout(slot, group)
        scalars = {}
        for name, initial in {"step": 0, **self.optimizer.scalar_state}.items():
            kind = type(initial)
            if name not in came:
                self.problems.append(f"{slot.key}: missing {name!r}")
            elif np.ndim(came[name]) or kind(came[name]) != came[name] or came[name] < 0:
                self.problems.append(f"{slot.key}: bad {name} {came[name]!r}")
            else:
                scalars[name] = kind(came[name])
        arrays = {}
        for name, (shape, dtype) in expected.items():
            if name not in came:
                self.problems.append(f"{slot.key}: missing {name!r}")
                continue
            arrays[name] = array = np.asarray(came[name])
            if array.shape != shape or array.dtype != dtype:
                self.problems.append(
                    f"{slot.key}: {name}: expected {dtype} {shape}, got {array.dtype} {array.shape}"
                )
        extra = [k for k in came if k not in expected and k not in slot.scalars]
        self.problems += [f"{slot.key}: unexpected {k!r}" for k in extra]
        self.slots.append((slot, group, scalars, arrays))

    def apply(self) -> None:
        """Write the loaded values; only if there are no problems."""
        for group, merged in self.groups:
            group.update(merged)
        for slot, group, scalars, arrays in self.slots:
            slot.scalars = scalars
            self.optimizer._reset_arrays(slot, group)
            if arrays is not None:
                for name, own in self.optimizer._state_arrays(slot, group).items():
                    own[...] = arrays[name]
