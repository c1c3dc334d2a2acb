"""Optimizers whose rule treats every number alike: SGD, Adam, RMSprop and most others.

To write one, give the names of its state arrays and the rule itself:

    class SignSGD(ElementwiseOptimizer):
        limits = {"lr": at_least(0)}

        def __init__(self, params, lr=1e-3):
            super().__init__(params, {"lr": lr})

        def rule(self, p, g, state, group, t):
            return p - group["lr"] * np.sign(g), {}

Such a rule does not see where one parameter ends and the next begins. So all of them can lie end to
end in one array, over which `fast` walks in blocks that fit into the cache, with the rule or with a
form of it that works in place (see `fast_update_of`). Inside `textbook()`, and where there is no
folder `fast`, the rule is run once for each parameter.
"""

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from neural_net_core import forms
from neural_net_core.dtypes import Array, DType
from neural_net_optim.base._slot import Slot
from neural_net_optim.base.limits import whole
from neural_net_optim.base.optimizer import Group, Optimizer, State

__all__ = [
    "Coefficients",
    "ElementwiseOptimizer",
    "FastUpdate",
    "Layout",
    "Scratch",
    "Update",
    "fast_update_of",
]

Scratch = tuple[Array, ...]
Coefficients = tuple[Any, ...]
# See `fast_update_of`.
Update = Callable[[Array, Array, State, Scratch, Group, Coefficients], None]


class FastUpdate(NamedTuple):
    """What `fast_update_of` registers.

    Attributes:
        update: The function.
        scratch: How many scratch arrays it wants.
        rule: The rule that it computes; an optimizer with another one does not use it.
    """

    update: Update
    scratch: int
    rule: Callable[..., Any]


class Layout(Protocol):
    """Where parameters lie and how a step walks over them, if not one by one; `fast` has one."""

    def add(self, slots: list[Slot]) -> None:
        """Take in the parameters of a new group."""

    def make_state(self, slot: Slot, names: tuple[str, ...], initial: dict[str, float]) -> None:
        """Make the state arrays that a parameter lacks."""

    def settings_changed(self) -> None:
        """Ask at the next step whether other state arrays are needed."""

    def forget_counts(self) -> None:
        """Ask at the next step which parameters have been updated equally often."""

    def step(self, optimizer: Any) -> None:
        """Update every parameter that has a gradient."""


class ElementwiseOptimizer(Optimizer):
    """Base of the optimizers that update each number by itself; a subclass writes `rule`."""

    # What `fast` registers: a way to lay out all parameters, and a form of this class's rule.
    layout: ClassVar[Callable[[type["ElementwiseOptimizer"]], Layout] | None] = None
    fast_update: ClassVar[FastUpdate | None] = None

    def state_names(self, group: Group) -> tuple[str, ...]:
        """Return which state arrays the rule needs under these hyper-parameters."""
        return ()

    def initial_state(self, group: Group) -> dict[str, float]:
        """Return what state arrays hold before the first step, where that is not 0."""
        return {}

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """See `Optimizer.step`."""
        layout = self._layout
        if layout is None:
            return super().step(closure)
        if forms.careful and forms.is_textbook():
            layout.forget_counts()
            return super().step(closure)
        loss = self._evaluate(closure) if closure is not None else None
        if not self._is_approved():
            self._approve()
        layout.step(self)
        return loss

    # Storage ----------------------------------------------------------------------------------

    def _clear(self) -> None:
        super()._clear()
        cls = type(self)
        self._layout = None if cls.layout is None else cls.layout(cls)

    def _store(self, group: Group, slots: list[Slot]) -> None:
        if self._layout is not None:
            self._layout.add(slots)

    def _settings_changed(self, i: int, changed: Group) -> None:
        if self._layout is not None and not changed.keys() <= {"lr"}:
            self._layout.settings_changed()

    def _state_layout(
        self, slot: Slot, group: Group, scalars: State
    ) -> dict[str, tuple[tuple[int, ...], DType]]:
        return dict.fromkeys(self.state_names(group), (slot.shape, slot.dtype))

    def _state_arrays(self, slot: Slot, group: Group) -> dict[str, Array]:
        names, initial = self.state_names(group), self.initial_state(group)
        if any(name not in slot.arrays for name in names):
            if self._layout is not None:
                self._layout.make_state(slot, names, initial)
            else:
                fresh = {n: np.full_like(slot.param.data, initial.get(n, 0)) for n in names}
                slot.arrays = {**fresh, **slot.arrays}
        return {name: slot.arrays[name] for name in names}

    def _reset_arrays(self, slot: Slot, group: Group) -> None:
        initial = self.initial_state(group)
        for name, array in slot.arrays.items():
            array.fill(initial.get(name, 0.0))

    def _state_replaced(self) -> None:
        if self._layout is not None:
            self._layout.settings_changed()
            self._layout.forget_counts()


def fast_update_of(
    optimizer_class: type[ElementwiseOptimizer], *, scratch: int = 1
) -> Callable[[Update], Update]:
    """Register a function as the fast form of an optimizer's rule: in place, in scratch memory.

    It counts for this class and for subclasses that keep its rule; one that overrides `rule` runs
    its own until it is given a fast form of its own.

    Args:
        optimizer_class: The class whose rule it computes.
        scratch: How many scratch arrays it wants.

    Returns:
        A decorator for the function `update(p, g, state, scratch, group, coefficients)`. It
        changes p and the arrays of `state` in place and writes nothing else but scratch memory.
        All arrays are (n,): a part of the parameters laid end to end. `coefficients` is what the
        optimizer's method of this name returns for the step.

    Raises:
        TypeError: If the class is no elementwise optimizer.
        ValueError: If it has a fast form already, or `scratch` is no count.

    Examples:
        >>> import numpy as np
        >>> from neural_net_optim.base.limits import at_least
        >>> class SignSGD(ElementwiseOptimizer):
        ...     limits = {"lr": at_least(0)}
        ...
        ...     def __init__(self, params, lr=1e-3):
        ...         super().__init__(params, {"lr": lr})
        ...
        ...     def rule(self, p, g, state, group, t):
        ...         return p - group["lr"] * np.sign(g), {}
        >>> @fast_update_of(SignSGD)
        ... def update(p, g, state, scratch, group, coefficients):
        ...     (a,) = scratch
        ...     p -= np.multiply(np.sign(g, out=a), group["lr"], out=a)
        >>> from neural_net_core import Parameter
        >>> p = Parameter([1.0, 1.0])
        >>> p.grad = np.array([0.5, -7.0], dtype=np.float32)
        >>> SignSGD([p], lr=0.25).step()
        >>> p.data
        array([0.75, 1.25], dtype=float32)
    """
    cls: Any = optimizer_class
    if not isinstance(cls, type) or not issubclass(cls, ElementwiseOptimizer):
        raise TypeError(f"fast_update_of: expected a subclass of ElementwiseOptimizer, got {cls!r}")
    scratch = whole(0).check("fast_update_of", "scratch", scratch)
    if "fast_update" in vars(optimizer_class):
        raise ValueError(f"fast_update_of({optimizer_class.__name__}): it has a fast form already")

    def register(update: Update) -> Update:
        optimizer_class.fast_update = FastUpdate(update, scratch, optimizer_class.rule)
        return update

    return register
