"""A factor of your own: a function of the step, for the rate or for any other hyper-parameter."""

from collections.abc import Callable, Sequence
from typing import Any

from neural_net_optim.base.limits import function, number
from neural_net_optim.schedules.scheduler import LRScheduler, PerGroup

__all__ = ["LambdaLR", "MultiplicativeLR"]

_Factor = Callable[[int], float]

# A product of so many factors is not computed for a step that only a damaged file can name.
_LONGEST_PRODUCT = 10_000_000


class LambdaLR(LRScheduler):
    r"""Multiply the initial rate by a function of the step.

    $$ \eta_t = \eta\,\lambda(t) $$

    Args:
        optimizer: The optimizer.
        lr_lambda: λ, or a list with one for each group.
        parameter: Which hyper-parameter to change, such as "weight_decay" or "momentum".

    Examples:
        >>> from neural_net_core import Parameter
        >>> from neural_net_optim import SGD
        >>> optimizer = SGD([Parameter([1.0])], lr=8.0)
        >>> scheduler = LambdaLR(optimizer, lambda t: 1 / (t + 1))
        >>> [scheduler.lr_at(t) for t in (0, 1, 3)]
        [[8.0], [4.0], [2.0]]
    """

    def __init__(
        self, optimizer: Any, lr_lambda: _Factor | Sequence[_Factor], *, parameter: str = "lr"
    ) -> None:
        self.lr_lambdas = PerGroup("LambdaLR", "lr_lambda", lr_lambda, optimizer, function)
        for i, group in enumerate(optimizer.param_groups):
            if not number.accepts(group.get(str(parameter))):
                raise ValueError(f"LambdaLR: group {i} has no number called {parameter!r}")
        self.parameter = parameter
        super().__init__(optimizer)

    def lr(self, step: int, base_lr: float, group: int) -> float:
        return float(base_lr * self.lr_lambdas[group](step))


class MultiplicativeLR(LRScheduler):
    r"""Multiply the rate at every step by a function of the step.

    $$ \eta_t = \eta \prod_{i=1}^{t} \lambda(i) $$

    Args:
        optimizer: The optimizer.
        lr_lambda: λ, or a list with one for each group.

    Examples:
        >>> from neural_net_core import Parameter
        >>> from neural_net_optim import SGD
        >>> optimizer = SGD([Parameter([1.0])], lr=8.0)
        >>> scheduler = MultiplicativeLR(optimizer, lambda t: 0.5 if t % 2 else 1.0)
        >>> [scheduler.lr_at(t) for t in range(4)]
        [[8.0], [4.0], [4.0], [2.0]]
    """

    def __init__(self, optimizer: Any, lr_lambda: _Factor | Sequence[_Factor]) -> None:
        owner = "MultiplicativeLR"
        self.lr_lambdas = PerGroup(owner, "lr_lambda", lr_lambda, optimizer, function)
        # The products so far, so that step t does not multiply t numbers again.
        self._products: dict[int, list[float]] = {}
        super().__init__(optimizer)

    def lr(self, step: int, base_lr: float, group: int) -> float:
        if step > _LONGEST_PRODUCT:
            raise ValueError(
                f"MultiplicativeLR: step {step} would be a product of as many factors; past "
                f"{_LONGEST_PRODUCT} use LambdaLR"
            )
        products = self._products.setdefault(group, [1.0])
        while len(products) <= step:
            products.append(products[-1] * self.lr_lambdas[group](len(products)))
        return float(base_lr * products[step])
