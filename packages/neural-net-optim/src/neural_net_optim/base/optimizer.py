"""What every optimizer shares: parameter groups, checked hyper-parameters, and saved state.

The paper's lines are an optimizer's `rule`. There are two kinds: of an `ElementwiseOptimizer` the
rule treats every number alike (SGD, Adam, …), of a `TensorwiseOptimizer` it needs a whole weight at
a time (LAMB, Adafactor, Muon).
"""

from collections.abc import Callable, Iterable, Mapping
from operator import is_
from typing import Any, ClassVar

import numpy as np

from neural_net_core import Module, Parameter, StateDictError, Tensor, observing
from neural_net_core.checks import check_array, check_dtype
from neural_net_core.dtypes import Array, DType, is_floating
from neural_net_core.errors import DTypeError
from neural_net_core.memory import keep_memory_of_steps
from neural_net_core.modules.state_report import shortened
from neural_net_core.plain import plain_array
from neural_net_optim.base._loading import Group, Loading, extra_limit, is_extra
from neural_net_optim.base._slot import Slot
from neural_net_optim.base.limits import Limit

__all__ = ["Group", "Optimizer", "Params", "State"]

State = dict[str, Any]
Params = Iterable[Parameter] | Iterable[tuple[str, Parameter]] | Iterable[Group]


class Optimizer:
    """Base of all optimizers; changes parameters by the gradients that a backward pass left.

    Args:
        params: Parameters; or (name, Parameter) pairs, as `model.named_parameters()` gives, whose
            names become the keys of `state_dict`; or groups, dicts with "params" and the
            hyper-parameters in which the group differs from the defaults.
        defaults: The hyper-parameters of a group that does not set its own.

    Attributes:
        param_groups: One dict per group: "params", a list, and every hyper-parameter. A value may
            be changed between steps, as schedules do; parameters are added by `add_param_group`.
        defaults: The hyper-parameters given to the constructor.

    The first optimizer of a process lets it keep freed memory for the next step; see
    `neural_net_core.memory`.

    Raises:
        ValueError: If there is no parameter, one is given twice, or a hyper-parameter is outside
            its range or unknown.
        TypeError: If something is not a `Parameter`.
    """

    # The hyper-parameters that a group may have, and what they may be.
    limits: ClassVar[dict[str, Limit]] = {}
    # Numbers that the rule keeps for each parameter besides `step`, with their initial values, and
    # what they may be in a saved state if not every number >= 0.
    scalar_state: ClassVar[dict[str, float]] = {}
    scalar_limits: ClassVar[dict[str, Limit]] = {}
    # Whether `step` must be given a closure, because it computes the loss several times.
    needs_closure: ClassVar[bool] = False
    # State arrays that cannot be negative, such as averages of squares; checked in saved states.
    nonnegative_state: ClassVar[tuple[str, ...]] = ()

    def __init__(self, params: Params, defaults: Group) -> None:
        self.defaults = dict(defaults)
        self._clear()
        for group in self._listed(params):
            self.add_param_group(group)
        if not any(self._slots):
            raise ValueError(f"{type(self).__name__}: got groups without any parameter")
        keep_memory_of_steps()

    def _clear(self) -> None:
        """Begin without any group; the kinds of optimizer add their storage."""
        self.param_groups: list[Group] = []
        self._slots: list[list[Slot]] = []
        # Each group's values when they were last found to be allowed.
        self._approved: list[list[Any]] = []

    # The rule -------------------------------------------------------------------------------

    def rule(
        self, p: Array, g: Array, state: State, group: Group, t: int
    ) -> tuple[Array, dict[str, Array]]:
        """Return a parameter and its state after a step; what it is given, it leaves as it is.

        Args:
            p: The parameter's values.
            g: Their gradient, negated already if the group maximizes.
            state: Its state arrays by name, and the numbers of `scalar_state`.
            group: The hyper-parameters.
            t: Which step of this parameter it is, from 1.

        Returns:
            The new values, and all state arrays by name.
        """
        raise NotImplementedError

    def coefficients(self, group: Group, t: int) -> tuple[Any, ...]:
        """Return what in the rule depends on the step alone, such as bias corrections.

        Every number that changes from step to step comes from here, or from the group.

        Args:
            group: The hyper-parameters.
            t: Which step it is, from 1.
        """
        return ()

    def advance(self, scalars: dict[str, Any], group: Group) -> None:
        """Count a step, in place; called before the rule.

        Args:
            scalars: A parameter's `step`, and the numbers of `scalar_state`.
            group: The hyper-parameters.
        """
        scalars["step"] += 1

    # The steps ------------------------------------------------------------------------------

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient.

        A parameter without gradient (`grad` is None) or frozen (`requires_grad` is False) is left
        alone entirely: no decay, no change of its state, no count of a step. After an error
        parameters and state are what they were before.

        Args:
            closure: Optional; called first, to compute the loss and the gradients.

        Returns:
            What the closure returned, else None.

        Raises:
            ShapeError: If a gradient has not its parameter's shape.
            DTypeError: If a gradient is not floating, or a parameter's dtype has changed since the
                optimizer was made.
            TypeError: If a gradient is no array, or the closure no function.
            ValueError: If a hyper-parameter was set to something outside its range.
        """
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
        for group, slot, g, arrays in ready:
            scalars = dict(slot.scalars)
            self.advance(scalars, group)
            if g.size:  # an empty weight has no norm and no mean
                p = slot.param.data
                if observing.watching:
                    owners = (slot.param, *arrays)
                    p, g, *rest = observing.handed_out(self, owners, [p, g, *arrays.values()])
                    arrays = dict(zip(arrays, rest, strict=True))
                direction = -g if group.get("maximize") else g
                after = self.rule(p, direction, {**arrays, **scalars}, group, scalars["step"])
                self._write(p, arrays, after)
            slot.scalars = scalars
            slot.param.version += 1
        return loss

    def _write(self, p: Array, arrays: dict[str, Array], after: Any) -> None:
        """Write what the rule returned into a parameter and its state arrays."""
        is_pair = isinstance(after, tuple) and len(after) == 2 and isinstance(after[1], Mapping)
        if not is_pair or not arrays.keys() <= after[1].keys():
            names = ", ".join(map(repr, arrays)) or "nothing"
            raise TypeError(
                f"{type(self).__name__}: rule must return the new values and a dict of the state "
                f"arrays, with {names} in it"
            )
        # What is among the inputs, or a view of one, must not change while the rest is written.
        inputs = [p, *arrays.values()]
        values = [
            value.copy() if any(np.may_share_memory(value, x) for x in inputs) else value
            for value in map(plain_array, (after[0], *(after[1][name] for name in arrays)))
        ]
        for x, value in zip(inputs, values, strict=True):
            x[...] = value

    def _evaluate(self, closure: Callable[[], Any]) -> Any:
        """Return what the closure of a step returns."""
        if not callable(closure):
            raise TypeError(
                f"{type(self).__name__}: step takes a function that computes the loss, or nothing, "
                f"got a {type(closure).__name__}"
            )
        return closure()

    def _is_approved(self) -> bool:
        """Tell whether all hyper-parameters are allowed as far as can be told in no time."""
        for group, approved in zip(self.param_groups, self._approved, strict=False):
            # By identity, which costs next to nothing and asks no array whether it is equal.
            if len(group) != len(approved):
                return False
            if not all(map(is_, group.values(), approved)):
                # Nearly always a schedule's new rate, and nothing else.
                lr = group.get("lr")
                if type(lr) is not float or not self.limits["lr"].accepts(lr):
                    return False
                approved[list(group).index("lr")] = lr
                if not all(map(is_, group.values(), approved)):
                    return False
        return len(self.param_groups) == len(self._approved)

    def _approve(self) -> None:
        """Test the hyper-parameters that somebody has changed since the last step.

        Raises:
            ValueError: If one is not allowed; then nothing has been changed.
        """
        if len(self.param_groups) != len(self._approved):
            raise ValueError(
                f"{type(self).__name__}: param_groups has {len(self.param_groups)} groups, but "
                f"{len(self._approved)} were added; add groups with add_param_group"
            )
        changes = [
            self._changed_settings(i, group, approved)
            for i, (group, approved) in enumerate(
                zip(self.param_groups, self._approved, strict=True)
            )
        ]
        for i, (group, changed) in enumerate(zip(self.param_groups, changes, strict=True)):
            group.update(changed)
            self._approved[i] = list(group.values())
            self._settings_changed(i, changed)

    def _changed_settings(self, i: int, group: Group, approved: list[Any]) -> Group:
        """Return a group's new hyper-parameters, tested."""
        if len(group) == len(approved):
            pairs = zip(group.items(), approved, strict=True)
            changed = {name: value for (name, value), old in pairs if value is not old}
        else:
            changed = dict(group)
            missing = [name for name in self.limits if name not in group]
            if missing:
                raise ValueError(f"{type(self).__name__}: group {i} has no {', '.join(missing)}")
        changed.pop("params", None)
        try:
            changed = self._checked(changed)
            self.check_group({**group, **changed})
        except ValueError as error:
            raise ValueError(f"{error} (in group {i})") from None
        return changed

    def _settings_changed(self, i: int, changed: Group) -> None:
        """Do what new hyper-parameters of a group ask for; the kinds of optimizer override it."""

    def zero_grad(self, *, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters.

        Args:
            set_to_none: True sets `grad` to None, so that a parameter that gets no gradient in the
                next backward pass is skipped; False fills it with zeros, so that it is updated.
        """
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none or p.grad is None:
                    p.grad = None
                else:
                    p.grad[...] = 0

    # Groups ---------------------------------------------------------------------------------

    def _listed(self, params: Any) -> list[Group]:
        """Return the constructor's argument as a list of groups."""
        owner = type(self).__name__
        if isinstance(params, Tensor | Module | Mapping | str):
            hint = "model.parameters()" if isinstance(params, Module) else "a list"
            raise TypeError(
                f"{owner}: expected parameters, (name, parameter) pairs or groups, got a "
                f"{type(params).__name__}; pass {hint}"
            )
        entries = _ordered(owner, params)
        if not entries:
            raise ValueError(
                f"{owner}: got an empty list of parameters"
                + ("; an iterator gives them only once" if iter(params) is params else "")
            )
        if not isinstance(entries[0], Mapping):
            return [{"params": entries}]
        for i, entry in enumerate(entries):
            if not isinstance(entry, Mapping):
                raise TypeError(
                    f"{owner}: entry 0 is a group but entry {i} is a {type(entry).__name__}; "
                    "give groups only, or parameters only"
                )
        return [dict(entry) for entry in entries]

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Add parameters, with hyper-parameters of their own where the group sets them.

        Useful to unfreeze layers during training.

        Args:
            group: A dict with "params" and any of the optimizer's hyper-parameters.

        Raises:
            ValueError: If a parameter is already here, or a hyper-parameter is outside its range.
            TypeError: If something is not a `Parameter`.
        """
        owner = type(self).__name__
        if not isinstance(group, Mapping):
            raise TypeError(
                f'{owner}: expected a group, {{"params": [...], ...}}, got a {type(group).__name__}'
            )
        group = dict(group)
        if "params" not in group:
            raise ValueError(f'{owner}: a group needs "params", got the keys {sorted(group)}')
        named = [
            _named(owner, i, entry) for i, entry in enumerate(_ordered(owner, group.pop("params")))
        ]
        known = {slot.param: slot.key for slots in self._slots for slot in slots}
        keys = set(known.values())
        slots = []
        for name, param in named:
            key = str(len(known)) if name is None else name
            if param in known:
                raise ValueError(
                    f"{owner}: the parameter {key!r} of shape {param.shape} is given twice (it is "
                    f"already here as {known[param]!r})"
                )
            if key in keys:
                raise ValueError(f"{owner}: two parameters are named {key!r}")
            known[param] = key
            keys.add(key)
            slots.append(Slot(param, key, self.scalar_state))
        group = self._checked({**self.defaults, **group})
        self.check_group(group)
        self._store(group, slots)
        self.param_groups.append({"params": [slot.param for slot in slots], **group})
        self._slots.append(slots)
        self._approved.append(list(self.param_groups[-1].values()))

    def _checked(self, group: Group) -> Group:
        """Return the hyper-parameters, each tested against its limit."""
        owner = type(self).__name__
        for name, value in group.items():
            if name in self.limits:
                group[name] = self.limits[name].check(owner, name, value)
            elif is_extra(name):
                group[name] = extra_limit(name).check(owner, name, value)
            else:
                raise ValueError(
                    f"{owner}: unknown hyper-parameter {name!r}; it has {', '.join(self.limits)}"
                )
        return group

    def check_group(self, group: Group) -> None:
        """Test what involves several hyper-parameters; an optimizer overrides it where needed.

        Raises:
            ValueError: If they do not go together.
        """

    def _store(self, group: Group, slots: list[Slot]) -> None:
        """Make room for a new group; the kinds of optimizer override it."""

    def _state_layout(
        self, slot: Slot, group: Group, scalars: dict[str, Any]
    ) -> dict[str, tuple[tuple[int, ...], DType]]:
        """Return shape and dtype of each state array a parameter has with these settings."""
        raise NotImplementedError

    def _state_arrays(self, slot: Slot, group: Group) -> dict[str, Array]:
        """Return a parameter's state arrays themselves, made if they are not there yet."""
        raise NotImplementedError

    def _take_arrays(self, slot: Slot, group: Group, arrays: dict[str, Array]) -> None:
        """Give a parameter's state arrays the values of loaded ones."""
        for name, own in self._state_arrays(slot, group).items():
            own[...] = arrays[name]

    def _reset_arrays(self, slot: Slot, group: Group) -> None:
        """Give a parameter's state arrays their values from before the first step."""
        raise NotImplementedError

    def _state_replaced(self) -> None:
        """Forget what was derived from the state, after it was loaded."""

    # Saving and loading -----------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of everything that is needed to go on exactly as from here.

        Returns:
            `{"state": {key: {name: array or number}}, "param_groups": [{"params": [keys], …}]}`. A
            key is the parameter's name if the optimizer was given names, else its position, as
            text. A parameter that was never updated has no state.
        """
        state = {
            slot.key: {
                **slot.scalars,
                **{name: array.copy() for name, array in self._state_arrays(slot, group).items()},
            }
            for group, slots in zip(self.param_groups, self._slots, strict=True)
            for slot in slots
            if slot.scalars["step"]
        }
        groups = [
            {**group, "params": [slot.key for slot in slots]}
            for group, slots in zip(self.param_groups, self._slots, strict=True)
        ]
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue from a saved state: hyper-parameters, step counts and arrays, bit for bit.

        Args:
            state_dict: What `state_dict()` of an optimizer over equal parameters returned.

        Raises:
            StateDictError: If anything does not fit; the message shows the first of it and how much
                more there is, and nothing has been changed.
        """
        loading = Loading(self, state_dict)
        if loading.problems:
            raise StateDictError(
                f"{type(self).__name__}: the state dict does not fit: "
                + shortened(loading.problems, "; ")
            )
        loading.apply()
        self._state_replaced()

    def __getstate__(self) -> dict[str, Any]:
        # Views of flat buffers do not survive deepcopy as views, so a copy is built anew.
        rest = {k: v for k, v in vars(self).items() if not k.startswith("_")}
        keys = [[slot.key for slot in slots] for slots in self._slots]
        return {**rest, "_keys": keys, "_saved": self.state_dict()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        keys, saved = state.pop("_keys"), state.pop("_saved")
        vars(self).update(state)
        groups = self.param_groups
        self._clear()
        for group, names in zip(groups, keys, strict=True):
            pairs = list(zip(names, group["params"], strict=True))
            self.add_param_group({**group, "params": pairs})
        # A copy is as good as its original, whatever that holds.
        Loading(self, saved, trusted=True).apply()
        self._state_replaced()

    def __repr__(self) -> str:
        lines = [type(self).__name__ + "("]
        for i, group in enumerate(self.param_groups):
            values = ", ".join(f"{k}={v!r}" for k, v in group.items() if k != "params")
            count = len(group["params"])
            lines.append(f"  group {i}: {count} parameter{'s' * (count != 1)}, {values}")
        return "\n".join([*lines, ")"])


def _ordered(owner: str, params: Any) -> list[Any]:
    """Return the entries as a list; a set has no order that a saved state could refer to."""
    if isinstance(params, set | frozenset):
        raise TypeError(f"{owner}: parameters need an order, got a set; pass a list")
    if isinstance(params, Tensor):
        return [params]
    try:
        return list(params)
    except TypeError:
        raise TypeError(
            f"{owner}: expected parameters in a list, got a {type(params).__name__}"
        ) from None


def _named(owner: str, i: int, entry: Any) -> tuple[str | None, Parameter]:
    """Return an entry of "params" as a name (or None) and a parameter."""
    name, param = entry if isinstance(entry, tuple) and len(entry) == 2 else (None, entry)
    if not isinstance(param, Parameter) or not isinstance(name, str | None):
        raise TypeError(
            f"{owner}: entry {i} of the parameters must be a Parameter or a (name, Parameter) "
            f"pair, got {type(param).__name__}"
        )
    array = check_array(f"{owner}: parameter {i}", "its data", param.data)
    if not is_floating(array):
        raise DTypeError(f"{owner}: parameter {i} must be floating, got {param.dtype}")
    check_dtype(f"{owner}: parameter {i}", param.dtype)
    return name, param
