"""Comparing a saved state with an optimizer, before anything is changed."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Protocol

import numpy as np

from neural_net_core.checks import shown
from neural_net_core.dtypes import Array, DType
from neural_net_core.modules.state_report import shortened
from neural_net_optim.base._slot import Slot
from neural_net_optim.base.limits import Limit, at_least, number, whole

__all__ = [
    "Group",
    "Loading",
    "extra_limit",
    "is_extra",
    "missing_keys",
    "other_schedule",
    "saved_array",
]

Group = dict[str, Any]


def is_extra(key: Any) -> bool:
    """Tell whether a group's key is no hyper-parameter of the rule.

    Those are a label for people, and the values that schedules started from, like `initial_lr`.
    """
    return isinstance(key, str) and (key == "name" or key.startswith("initial_"))


def extra_limit(key: str) -> Limit:
    """Return what the value of such a key may be."""
    return _LABEL if key == "name" else number


def missing_keys(state_dict: Any, names: Iterable[str]) -> list[str]:
    """Return what a state dict lacks, as problems; anything else than a dict lacks everything."""
    if not isinstance(state_dict, Mapping):
        return [f"it is a {type(state_dict).__name__}"]
    return [f"missing {name!r}" for name in names if name not in state_dict]


def other_schedule(own: str, came: Any) -> list[str]:
    """Return that a state is of another schedule, as a problem; of none if the name is no text."""
    if not isinstance(came, str):
        return [f"bad schedule {shown(came)}"]
    return [] if came == own else [f"it is of a {came:.80}"]


def saved_array(came: Any) -> Array:
    """Return what a state holds as an array; one of objects, which fits nowhere, if it is none."""
    try:
        return np.asarray(came)
    except (TypeError, ValueError):  # such as a list of lists of unequal lengths
        return np.empty(0, object)


_LABEL = Limit("a text", lambda value: isinstance(value, str))
_STEP = whole(1)


class Loadable(Protocol):
    """What loading asks of an optimizer, whose own file imports this one."""

    param_groups: list[Group]
    _slots: list[list[Slot]]
    scalar_state: ClassVar[dict[str, float]]
    scalar_limits: ClassVar[dict[str, Limit]]
    nonnegative_state: ClassVar[tuple[str, ...]]

    def _checked(self, group: Group) -> Group: ...

    def check_group(self, group: Group) -> None:
        """Test what involves several hyper-parameters."""

    def _state_layout(
        self, slot: Slot, group: Group, scalars: dict[str, Any]
    ) -> dict[str, tuple[tuple[int, ...], DType]]: ...

    def _take_arrays(self, slot: Slot, group: Group, arrays: dict[str, Array]) -> None: ...

    def _reset_arrays(self, slot: Slot, group: Group) -> None: ...


class Loading:
    """A state dict compared with an optimizer: what does not fit, and the way to apply it.

    Args:
        optimizer: The optimizer.
        state_dict: What came.
        trusted: Whether arrays may hold anything, as those of a run that has diverged do.
    """

    def __init__(self, optimizer: Loadable, state_dict: Any, *, trusted: bool = False) -> None:
        self.optimizer = optimizer
        self.trusted = trusted
        self.groups: list[tuple[Group, Group]] = []
        self.slots: list[tuple[Slot, Group, dict[str, Any], dict[str, Array] | None]] = []
        self.problems: list[str] = missing_keys(state_dict, ("state", "param_groups"))
        if self.problems:
            return
        saved, saved_groups = state_dict["state"], state_dict["param_groups"]
        if not isinstance(saved, Mapping) or not isinstance(saved_groups, list | tuple):
            self.problems.append("state is no dict, or param_groups no list")
            return
        if len(saved_groups) != len(optimizer.param_groups):
            self.problems.append(
                f"expected {len(optimizer.param_groups)} parameter groups, got {len(saved_groups)}"
            )
            return
        saved = dict(saved)
        for i, (group, slots) in enumerate(
            zip(optimizer.param_groups, optimizer._slots, strict=True)
        ):
            merged = self._group(i, group, saved_groups[i], slots)
            for slot in slots:
                if slot.key in saved:
                    self._slot(merged, slot, saved.pop(slot.key))
                else:  # never updated
                    self.slots.append((slot, merged, self._initial(), None))
        self.problems += [f"state of an unknown parameter {key!r}" for key in saved]

    def _group(self, i: int, own: Group, came: Any, slots: list[Slot]) -> Group:
        """Compare one group's parameters and hyper-parameters; return the latter merged."""
        own = {k: v for k, v in own.items() if k != "params"}
        if not isinstance(came, Mapping):
            self.problems.append(f"group {i}: expected a dict, got a {type(came).__name__}")
            return own
        came = dict(came)
        keys = [slot.key for slot in slots]
        params = came.pop("params", [])
        # The type first: an array among the names would be compared element by element.
        names = isinstance(params, list | tuple) and all(isinstance(k, str | int) for k in params)
        if not names or list(params) != keys:
            self.problems.append(
                f"group {i}: the parameters are not [{shortened([repr(key) for key in keys])}]"
            )
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

    def _slot(self, group: Group, slot: Slot, came: Any) -> None:
        """Compare one parameter's state."""
        initial = self._initial()
        if not isinstance(came, Mapping):
            self.problems.append(f"{slot.key}: expected a dict, got a {type(came).__name__}")
            return
        scalars = {name: self._scalar(slot, name, came[name]) for name in initial if name in came}
        expected = self.optimizer._state_layout(slot, group, scalars)
        self.problems += [
            f"{slot.key}: missing {name!r}" for name in (*initial, *expected) if name not in came
        ]
        self.problems += [
            f"{slot.key}: unexpected {name!r}"
            for name in came
            if name not in expected and name not in initial
        ]
        arrays = {
            name: self._array(slot, name, came[name], shape, dtype)
            for name, (shape, dtype) in expected.items()
            if name in came
        }
        self.slots.append((slot, group, scalars, arrays))

    def _initial(self) -> dict[str, Any]:
        """Return a parameter's numbers before its first step."""
        return {"step": 0, **self.optimizer.scalar_state}

    def _scalar(self, slot: Slot, name: str, came: Any) -> Any:
        """Compare a number of the rule."""
        if isinstance(came, np.ndarray) and came.ndim == 0:
            came = came[()]
        limit = _STEP if name == "step" else self.optimizer.scalar_limits.get(name, at_least(0))
        try:
            return limit.check(slot.key, name, came)
        except ValueError:
            self.problems.append(f"{slot.key}: bad {name} {shown(came)}, must be {limit.text}")
            return None

    def _array(
        self, slot: Slot, name: str, came: Any, shape: tuple[int, ...], dtype: DType
    ) -> Array:
        """Compare a state array."""
        array = saved_array(came)
        if array.shape != shape or array.dtype != dtype:
            self.problems.append(
                f"{slot.key}: {name}: expected {dtype} {shape}, got {array.dtype} {array.shape}"
            )
        elif not self.trusted:
            if not np.isfinite(array).all():
                self.problems.append(f"{slot.key}: {name} holds NaN or infinity")
            elif name in self.optimizer.nonnegative_state and (array < 0).any():
                self.problems.append(f"{slot.key}: {name} holds negative numbers")
        return array

    def apply(self) -> None:
        """Write the loaded values; only if there are no problems."""
        for group, merged in self.groups:
            group.update(merged)
        for slot, group, scalars, arrays in self.slots:
            slot.scalars = scalars
            self.optimizer._reset_arrays(slot, group)
            if arrays is not None:
                self.optimizer._take_arrays(slot, group, arrays)
