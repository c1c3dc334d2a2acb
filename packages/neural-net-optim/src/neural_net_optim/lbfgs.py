r"""L-BFGS: steps that know the curvature from the last few steps, for the loss of all the data.

The classic for small problems where the whole loss can be computed: it takes tens of steps where
gradient descent takes thousands. It asks for the loss several times in a step, by a function:

    def closure():
        optimizer.zero_grad()
        loss = cross_entropy(model(x), y)
        loss.backward()
        return loss

    optimizer = LBFGS(model.parameters(), line_search_fn="strong_wolfe")
    for _ in range(10):
        optimizer.step(closure)
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from neural_net_core import TrainingError
from neural_net_core.checks import shown
from neural_net_core.dtypes import Array, DType
from neural_net_optim.base._slot import Slot
from neural_net_optim.base.limits import above, at_least, choice, optional, whole
from neural_net_optim.base.optimizer import Group, Optimizer, Params
from neural_net_optim.line_search import Place, strong_wolfe

__all__ = ["LBFGS", "Pair", "two_loop_recursion"]

# Where the curvature along a step is no larger, the step teaches nothing but rounding errors.
SMALLEST_CURVATURE = 1e-10


class Pair(NamedTuple):
    r"""A step and what it did to the gradient: all that is known of the curvature along it.

    Attributes:
        step: s, the way from one place to the next.
        change: y, the gradient there minus the gradient here.
        rho: ρ = 1 / yᵀs.
    """

    step: Array
    change: Array
    rho: float


def two_loop_recursion(g: Array, pairs: Sequence[Pair], gamma: float = 1.0) -> Array:
    r"""Return the inverse Hessian, as far as the pairs tell it, times a vector.

    A quadratic with the Hessian B has y = B s for every step. BFGS keeps an estimate H of the
    inverse; after each step it takes the symmetric one nearest to the old that maps y to s:

    $$ H^+ = (I - \rho\, s y^\top)\, H\, (I - \rho\, y s^\top) + \rho\, s s^\top
       \qquad \rho = \frac{1}{y^\top s} $$

    H has as many numbers as the parameters have, squared. But only the product H⁺g is needed, and
    that asks for one product of H with another vector. With $\alpha = \rho\, s^\top g$ and
    $q = g - \alpha y$, the right bracket is done; with $r = H q$ and $\beta = \rho\, y^\top r$,

    $$ H^+ g = r - \rho\, s\, y^\top r + \alpha s = r + (\alpha - \beta)\, s $$

    H itself came from the pair before: so a first loop computes q from the newest pair to the
    oldest, $H_0 = \gamma I$ stands at the bottom, and a second loop computes r on the way back.

    Args:
        g: The vector, (n,).
        pairs: The steps and changes, from the oldest to the newest.
        gamma: γ, the scale of the first estimate; yᵀs / yᵀy of the newest pair is a good one.

    Returns:
        The product, (n,); 4 n m multiplications for m pairs.

    References:
        Nocedal (1980), Updating quasi-Newton matrices with limited storage; Nocedal & Wright
        (2006), Numerical Optimization, algorithm 7.4, and equation 7.20 for γ.

    Examples:
        >>> hessian = np.diag([2.0, 4.0])
        >>> steps = np.eye(2)
        >>> pairs = [Pair(s, hessian @ s, 1 / (s @ hessian @ s)) for s in steps]
        >>> two_loop_recursion(np.array([2.0, 4.0]), pairs)  # two pairs tell all of two directions
        array([1., 1.])
    """
    q, alphas = g, []
    for s, y, rho in reversed(pairs):
        alpha = rho * float(s @ q)
        q = q - alpha * y
        alphas.append(alpha)
    r = gamma * q
    for (s, y, rho), alpha in zip(pairs, reversed(alphas), strict=True):
        beta = rho * float(y @ r)
        r = r + (alpha - beta) * s
    return r


class Memory(NamedTuple):
    """What goes on from step to step; a new one takes its place when a step has succeeded.

    Attributes:
        iterations: How many directions were taken.
        evaluations: How often the loss was computed.
        t: How far the newest step went along its direction.
        gamma: The scale of the first estimate of the inverse Hessian.
        direction: The newest direction, (n,); None before the first.
        gradient: The gradient where that began, (n,).
        pairs: The newest steps, at most `history_size`.
    """

    iterations: int = 0
    evaluations: int = 0
    t: float = 0.0
    gamma: float = 1.0
    direction: Array | None = None
    gradient: Array | None = None
    pairs: tuple[Pair, ...] = ()

    def with_newest_pair(self, g: Array, history_size: int) -> "Memory":
        """Add the newest step and what it did to the gradient, if that tells of curvature."""
        if self.direction is None or self.gradient is None:
            return self
        s, y = self.t * self.direction, g - self.gradient
        curvature = float(y @ s)
        if not curvature > SMALLEST_CURVATURE:
            return self
        pairs = (*self.pairs, Pair(s, y, 1.0 / curvature))[-history_size:]
        return self._replace(pairs=pairs, gamma=curvature / float(y @ y))


class LBFGS(Optimizer):
    r"""Limited-memory BFGS: Newton's step, with the curvature as the last m steps showed it.

    $$ d_k = -H_k\, \nabla f(x_k) \qquad x_{k+1} = x_k + t_k d_k $$

    $$ s_k = x_{k+1} - x_k \qquad y_k = \nabla f(x_{k+1}) - \nabla f(x_k) $$

    H, the estimate of the inverse Hessian, is never written down: `two_loop_recursion` multiplies
    by it from the newest m pairs (s, y). The step's length t is lr, or what the strong Wolfe search
    finds from there (`strong_wolfe`), with which the loss never rises. The first step has length
    lr · min(1, 1/‖∇f‖₁), as nothing is known of the curvature yet.

    For a loss that is the same at every call: all the data at once and no dropout. On changing
    batches y compares two functions, and curvature is what such a difference drowns first. One
    step makes up to `max_iter` iterations. Between steps nothing else may move the parameters.

    Args:
        params: Parameters, or (name, parameter) pairs; one group at most, since all parameters move
            along one direction.
        lr: The first length that is tried, >= 0; 1 is Newton's.
        max_iter: Iterations per step, >= 1.
        max_eval: How often a step computes the loss at most, >= 1; None means 5/4 of `max_iter`.
            Without a search it is looked at after each iteration.
        tolerance_grad: Where no element of the gradient is larger, the step ends.
        tolerance_change: Where the loss or every parameter changes by no more, the step ends.
        history_size: m, how many pairs are kept, >= 1; each takes twice the parameters' memory.
        line_search_fn: None or "strong_wolfe". Without it nothing keeps the loss from rising.

    Raises:
        ValueError: If there is a second group, or a hyper-parameter is outside its range.

    References:
        Liu & Nocedal (1989), On the limited memory BFGS method for large scale optimization;
        Nocedal & Wright (2006), Numerical Optimization, algorithm 7.5. Called `LBFGS` in PyTorch,
        whose iterates these are. Three things differ: a loss of NaN or infinity ends a step with an
        error and all as it was, within a line search it counts as too high; the state of all stands
        in arrays with the first parameter; and parameters without gradient stay where they are.

    Examples:
        >>> from neural_net_core import Parameter
        >>> p = Parameter([-1.2, 1.0], "float64")
        >>> optimizer = LBFGS([p], line_search_fn="strong_wolfe", max_iter=50)
        >>> def rosenbrock():
        ...     optimizer.zero_grad()
        ...     loss = (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2
        ...     loss.backward()
        ...     return loss
        >>> f"{float(optimizer.step(rosenbrock)):.3f}"  # the loss before the step
        '24.200'
        >>> p.data.round(3)
        array([1., 1.])
    """

    needs_closure = True
    limits: ClassVar = {
        "lr": at_least(0),
        "max_iter": whole(1),
        "max_eval": optional(whole(1)),
        "tolerance_grad": at_least(0),
        "tolerance_change": at_least(0),
        "history_size": whole(1),
        "line_search_fn": choice(None, "strong_wolfe"),
    }
    scalar_state: ClassVar = {"func_evals": 0, "t": 0.0, "gamma": 1.0, "pairs": 0}
    scalar_limits: ClassVar = {"func_evals": whole(0), "gamma": above(0), "pairs": whole(0)}

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: Literal["strong_wolfe"] | None = None,
    ) -> None:
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)

    def _clear(self) -> None:
        super()._clear()
        self._memory = Memory()

    # The step -------------------------------------------------------------------------------

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make up to `max_iter` iterations.

        After an error, of the closure's too, parameters and state are what they were before.

        Args:
            closure: Sets the gradients to those of the loss, and returns the loss; it is called
                several times, each time at other values of the parameters.

        Returns:
            What the closure returned first: the loss before the step.

        Raises:
            TypeError: If there is no closure, or it returns no number.
            TrainingError: If the loss or a gradient is NaN or infinite before the step, after an
                iteration without search, or wherever a search has looked.
            ShapeError: If a gradient has not its parameter's shape.
            DTypeError: If a gradient is not floating.
            ValueError: If a hyper-parameter was set to something outside its range.
        """
        if closure is None:
            raise TypeError(
                f"{type(self).__name__}: step needs a function that computes the loss and the "
                "gradients, as it does so several times: optimizer.step(closure)"
            )
        if not self._is_approved():
            self._approve()
        before = [(slot.param, slot.param.version, slot.param.data) for slot in self._slots[0]]
        x = self._values()
        try:
            result, memory = self._iterations(closure, x)
        except BaseException:
            for (p, version, data), (slot, part) in zip(before, self._parts(x), strict=True):
                if p.version != version:
                    p.data = data
                    data[...] = part.reshape(slot.shape)
                    p.version += 1
            raise
        self._keep(memory)
        return result

    def _iterations(self, closure: Callable[[], Any], x: Array) -> tuple[Any, Memory]:
        """Return what the closure returned first, and what is remembered after the step."""
        group, memory = self.param_groups[0], self._memory
        lr, history, tiny = group["lr"], group["history_size"], group["tolerance_change"]
        most = group["max_eval"] or group["max_iter"] * 5 // 4
        result, loss, g = self._compute(closure)
        _check_finite(type(self).__name__, loss, g, "before the step")
        evaluations = 1
        memory = memory._replace(evaluations=memory.evaluations + 1)
        for iteration in range(1, group["max_iter"] + 1):
            if _largest(g) <= group["tolerance_grad"]:
                break
            memory = memory.with_newest_pair(g, history)
            d = self._of_moving(-two_loop_recursion(g, memory.pairs, memory.gamma))
            t = lr if memory.iterations else lr * min(1.0, 1.0 / float(np.abs(g).sum()))
            count = memory.iterations + 1
            memory = memory._replace(iterations=count, t=0.0, direction=d, gradient=g)
            slope = float(g @ d)
            if slope > -tiny or t * slope == 0:
                break
            loss_before, looks = loss, 0
            if group["line_search_fn"] is not None:
                start = Place(0.0, loss, slope, g)
                found, looks = self._search(closure, x, d, start, t, most - evaluations)
                t, loss, g = found.t, found.loss, found.gradient
                self._move_to(_along(x, t, d))
            else:
                self._move_to(_along(x, t, d))
                if iteration < group["max_iter"]:  # on changing batches the last would be wasted
                    _, loss, g = self._compute(closure)
                    _check_finite(type(self).__name__, loss, g, f"after {iteration} iterations")
                    looks = 1
            x = self._values()
            evaluations += looks
            memory = memory._replace(t=t, evaluations=memory.evaluations + looks)
            stuck = t * _largest(d) <= tiny or abs(loss - loss_before) < tiny
            if evaluations >= most or stuck:
                break
        return result, memory

    def _search(
        self, closure: Callable[[], Any], x: Array, d: Array, start: Place, t: float, most: int
    ) -> tuple[Place, int]:
        """Return the place that the line search finds, and how often it looked."""
        finite = False

        def look(t: float) -> Place:
            nonlocal finite
            self._move_to(_along(x, t, d))
            _, loss, g = self._compute(closure)
            if not (math.isfinite(loss) and np.isfinite(g).all()):
                return Place(t, math.inf, 0.0, g)
            finite = True
            return Place(t, loss, float(g @ d), g)

        found, looks = strong_wolfe(look, start, t, most=most, width=1e-9 / _largest(d))
        if not finite:
            raise TrainingError(
                f"{type(self).__name__}: the loss or its gradient is NaN or infinite wherever the "
                f"line search looked, {looks} times; the loss before was {start.loss:.6g}. Nothing "
                "was changed; a smaller lr looks closer"
            )
        return found, looks

    # Parameters as one vector -----------------------------------------------------------------

    def _values(self) -> Array:
        """Return all parameters' values end to end."""
        for slot in self._slots[0]:
            slot.check_data()
        return np.concatenate([slot.param.data.reshape(-1) for slot in self._slots[0]])

    def _move_to(self, x: Array) -> None:
        """Write the values of all parameters that move."""
        for slot, part in self._parts(x):
            if _moves(slot):
                slot.param.data[...] = part.reshape(slot.shape)
                slot.param.version += 1

    def _compute(self, closure: Callable[[], Any]) -> tuple[Any, float, Array]:
        """Return what the closure returns, the loss as a number, and all gradients end to end."""
        result = self._evaluate(closure)
        try:
            loss = float(result if not isinstance(result, str) else "no number")
        except (TypeError, ValueError):
            raise TypeError(
                f"{type(self).__name__}: the closure must return the loss, one number, got "
                f"{shown(result)}"
            ) from None
        gradients = []
        for slot in self._slots[0]:
            slot.check_data()
            if _moves(slot):
                gradients.append(slot.check_gradient(slot.param.grad).reshape(-1))
            else:
                gradients.append(np.zeros_like(slot.param.data).reshape(-1))
        return result, loss, np.concatenate(gradients)

    def _of_moving(self, d: Array) -> Array:
        """Make a direction leave alone what is frozen or has no gradient."""
        for slot, part in self._parts(d):
            if not _moves(slot):
                part[...] = 0
        return d

    def _parts(self, x: Array) -> list[tuple[Slot, Array]]:
        """Return each parameter's slot and its part of a vector."""
        ends = np.cumsum([math.prod(slot.shape) for slot in self._slots[0]])
        return list(zip(self._slots[0], np.split(x, ends[:-1]), strict=True))

    # The state --------------------------------------------------------------------------------

    def _store(self, group: Group, slots: list[Slot]) -> None:
        if self.param_groups:
            raise ValueError(
                f"{type(self).__name__}: takes one group of parameters, since all move along one "
                "direction, got another one"
            )

    def _keep(self, memory: Memory) -> None:
        """Remember what a step has found; its numbers stand with the first parameter."""
        self._memory = memory
        numbers = {"t": memory.t, "gamma": memory.gamma, "pairs": len(memory.pairs)}
        self._slots[0][0].scalars = {
            "step": memory.iterations,
            "func_evals": memory.evaluations,
            **numbers,
        }

    def _state_layout(
        self, slot: Slot, group: Group, scalars: dict[str, Any]
    ) -> dict[str, tuple[tuple[int, ...], DType]]:
        if slot is not self._slots[0][0]:
            return {}
        n = sum(math.prod(slot.shape) for slot in self._slots[0])
        dtype = np.result_type(*(slot.dtype for slot in self._slots[0]))
        count = scalars.get("pairs") or 0
        history = {"steps": ((count, n), dtype), "changes": ((count, n), dtype)}
        return {
            "direction": ((n,), dtype),
            "gradient": ((n,), dtype),
            **history,
            "rho": ((count,), np.dtype(np.float64)),
        }

    def _state_arrays(self, slot: Slot, group: Group) -> dict[str, Array]:
        memory = self._memory
        if slot is not self._slots[0][0] or memory.direction is None or memory.gradient is None:
            return {}
        empty = memory.direction[None][:0]
        return {
            "direction": memory.direction,
            "gradient": memory.gradient,
            "steps": np.stack([pair.step for pair in memory.pairs]) if memory.pairs else empty,
            "changes": np.stack([pair.change for pair in memory.pairs]) if memory.pairs else empty,
            "rho": np.array([pair.rho for pair in memory.pairs], np.float64),
        }

    def _take_arrays(self, slot: Slot, group: Group, arrays: dict[str, Array]) -> None:
        if slot is not self._slots[0][0]:
            return
        rows = zip(arrays["steps"], arrays["changes"], arrays["rho"].tolist(), strict=True)
        self._keep(
            Memory(
                iterations=slot.scalars["step"],
                evaluations=slot.scalars["func_evals"],
                t=slot.scalars["t"],
                gamma=slot.scalars["gamma"],
                direction=arrays["direction"].copy(),
                gradient=arrays["gradient"].copy(),
                pairs=tuple(Pair(s.copy(), y.copy(), rho) for s, y, rho in rows),
            )
        )

    def _reset_arrays(self, slot: Slot, group: Group) -> None:
        if slot is self._slots[0][0]:
            self._memory = Memory()


def _moves(slot: Slot) -> bool:
    """Tell whether a parameter takes part in a step."""
    return slot.param.grad is not None and slot.param.requires_grad


def _largest(x: Array) -> float:
    """Return the largest magnitude, 0 of nothing."""
    return float(np.abs(x).max(initial=0.0))


def _along(x: Array, t: float, d: Array) -> Array:
    """Return the place so far along a direction; a search may look beyond the largest number."""
    with np.errstate(over="ignore"):
        return x + t * d


def _check_finite(owner: str, loss: float, g: Array, when: str) -> None:
    """Raise TrainingError if the loss or a gradient is no finite number."""
    if not math.isfinite(loss):
        raise TrainingError(f"{owner}: the loss is {loss} {when}; nothing was changed")
    if not np.isfinite(g).all():
        raise TrainingError(
            f"{owner}: the loss is {loss:.6g} {when}, but its gradient holds NaN or infinity; "
            "nothing was changed"
        )
