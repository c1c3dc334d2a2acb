"""Checks that several files share: a function and its class accept the same by one table."""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from neural_net_optim.base.limits import Limit

__all__ = ["check_all", "check_optimizer", "checked", "unchecked"]

F = TypeVar("F", bound=Callable[..., Any])


def check_all(owner: str, limits: Mapping[str, Limit], **values: Any) -> list[Any]:
    """Return the values in the order given, each tested against the limit of its name.

    Raises:
        ValueError: If a value is not allowed; see `Limit.check`.
    """
    return [limits[name].check(owner, name, value) for name, value in values.items()]


def checked(limits: Mapping[str, Limit]) -> Callable[[F], F]:
    """Make a function test its arguments, each against the limit of its name.

    Classes that tested the same values once call what `unchecked` gives.

    Args:
        limits: One for each argument of the function.
    """

    def decorate(formula: F) -> F:
        signature = inspect.signature(formula)

        @functools.wraps(formula)
        def function(*args: Any, **keywords: Any) -> Any:
            given = signature.bind(*args, **keywords)
            given.apply_defaults()
            return formula(*check_all(formula.__name__, limits, **given.arguments))

        return cast("F", function)

    return decorate


def unchecked(function: F) -> F:
    """Return the formula of a function that tests its arguments, without the tests."""
    return cast("F", function.__wrapped__)  # type: ignore[attr-defined]


def check_optimizer(owner: str, optimizer: Any) -> None:
    """Raise TypeError if something has no parameter groups with a rate."""
    groups = getattr(optimizer, "param_groups", None)
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        raise TypeError(f"{owner}: expected an optimizer, got a {type(optimizer).__name__}")
