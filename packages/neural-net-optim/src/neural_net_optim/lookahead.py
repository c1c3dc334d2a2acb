"""Lookahead: let any optimizer run ahead, then go a part of the way."""

from collections.abc import Callable, Mapping
from typing import Any

from neural_net_core import Parameter, StateDictError, observing
from neural_net_core.checks import shown
from neural_net_core.dtypes import Array
from neural_net_core.modules.state_report import shortened
from neural_net_optim.base._loading import missing_keys, saved_array
from neural_net_optim.base.limits import between, whole
from neural_net_optim.base.optimizer import Group, Optimizer

__all__ = ["Lookahead"]


class Lookahead:
    r"""An optimizer around an optimizer: k steps forward, one step back.

    $$ \phi \leftarrow \phi + \alpha\,(\theta - \phi), \qquad \theta \leftarrow \phi
       \qquad \text{every } k \text{ steps} $$

    θ are the weights that the inner optimizer moves; φ are the slow ones, which average its zigzag
    away.

        optimizer = Lookahead(SGD(model.parameters(), lr=0.1, momentum=0.9))

    Args:
        optimizer: The inner optimizer; its state is kept when the weights jump.
        k: How many steps it runs ahead, >= 1.
        alpha: α, which part of the way is taken, in [0, 1].

    Raises:
        TypeError: If it is no optimizer.
        ValueError: If the optimizer needs a closure, or a number is outside its range.

    Attributes:
        optimizer: The inner optimizer.
        param_groups: Its groups, so that schedules work on either.
        num_steps: How many steps were taken.

    References:
        Zhang et al. (2019), Lookahead optimizer, arXiv:1907.08610, Algorithm 1.

    Examples:
        >>> import numpy as np
        >>> from neural_net_optim import SGD
        >>> p = Parameter([8.0])
        >>> optimizer = Lookahead(SGD([p], lr=1.0), k=2, alpha=0.5)
        >>> for _ in range(2):
        ...     p.grad = np.array([2.0], dtype=np.float32)
        ...     optimizer.step()
        ...     print(p.data)  # 6, then half the way from 8 to 4
        [6.]
        [6.]
    """

    def __init__(self, optimizer: Optimizer, k: int = 5, alpha: float = 0.5) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"Lookahead: expected an Optimizer, got a {type(optimizer).__name__}")
        if optimizer.needs_closure:
            raise ValueError(
                f"Lookahead: {type(optimizer).__name__} learns the curvature from its own steps, "
                "which jumps in between would falsify"
            )
        self.optimizer = optimizer
        self.k = whole(1).check("Lookahead", "k", k)
        self.alpha = between(0, 1).check("Lookahead", "alpha", alpha)
        self.num_steps = 0
        self._slow: dict[Parameter, Array] = {}
        self._remember_new()

    @property
    def param_groups(self) -> list[Group]:
        """The inner optimizer's groups."""
        return self.optimizer.param_groups

    def _remember_new(self) -> None:
        """Begin the slow weights of parameters that have none."""
        for group in self.param_groups:
            for p in group["params"]:
                if p not in self._slow:
                    self._slow[p] = p.data.copy()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a step of the inner optimizer, and every k-th time the slow step.

        Args:
            closure: As of the inner optimizer.

        Returns:
            What the closure returned, else None.
        """
        if sum(len(group["params"]) for group in self.param_groups) != len(self._slow):
            self._remember_new()  # of a group that was added to the inner optimizer
        loss = self.optimizer.step(closure)
        self.num_steps += 1
        if self.num_steps % self.k == 0:
            for p, slow in self._slow.items():
                fast = observing.array_of(p)
                slow += self.alpha * (fast - slow)
                fast[...] = slow
                p.version += 1
        return loss

    def zero_grad(self, *, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters; see `Optimizer.zero_grad`."""
        self.optimizer.zero_grad(set_to_none=set_to_none)

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Add parameters; see `Optimizer.add_param_group`."""
        self.optimizer.add_param_group(group)
        self._remember_new()

    def state_dict(self) -> dict[str, Any]:
        """Return the inner optimizer's state, the slow weights and the number of steps."""
        return {
            "optimizer": self.optimizer.state_dict(),
            "slow": [slow.copy() for slow in self._slow.values()],
            "num_steps": self.num_steps,
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state, bit for bit.

        Args:
            state_dict: What `state_dict()` returned.

        Raises:
            StateDictError: If anything does not fit; then nothing has been changed.
        """
        self._remember_new()
        own = list(self._slow.values())
        names = ("optimizer", "slow", "num_steps")
        problems = missing_keys(state_dict, names)
        if not problems:
            inner, slow, count = (state_dict[name] for name in names)
            arrays = [saved_array(a) for a in slow] if isinstance(slow, list | tuple) else []
            came = [(a.shape, a.dtype) for a in arrays]
            if came != [(a.shape, a.dtype) for a in own]:
                problems.append(f"the slow weights are [{shortened([str(one) for one in came])}]")
            if not whole(0).accepts(count):
                problems.append(f"bad num_steps {shown(count)}")
        if problems:
            raise StateDictError("Lookahead: the state dict does not fit: " + "; ".join(problems))
        self.optimizer.load_state_dict(inner)
        self.num_steps = count
        for array, saved in zip(own, arrays, strict=True):
            array[...] = saved

    def __repr__(self) -> str:
        return f"Lookahead(k={self.k}, alpha={self.alpha}, {self.optimizer!r})"
