r"""Adafactor: Adam's second moment from the sums over rows and columns alone."""

import math
from typing import ClassVar, Literal

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.sums import sum_over
from neural_net_optim.base.limits import (
    Limit,
    above,
    at_least,
    at_most,
    choice,
    flag,
    fraction,
    optional,
)
from neural_net_optim.base.optimizer import Group, Params, State
from neural_net_optim.base.tensorwise import TensorwiseOptimizer

__all__ = ["Adafactor"]


class Adafactor(TensorwiseOptimizer):
    r"""Adaptive steps with sublinear memory.

    For a matrix (the last two axes of a larger array), with $\hat\beta_t = 1 - t^{c}$ and c = −0.8:

    $$ R \leftarrow \hat\beta_t R + (1 - \hat\beta_t)\, \operatorname{mean}_j G_{ij}^2 \qquad
       C \leftarrow \hat\beta_t C + (1 - \hat\beta_t)\, \operatorname{mean}_i G_{ij}^2 \qquad
       \hat V = \frac{R\, C}{\operatorname{mean} R} $$

    $$ U = \frac{G}{\sqrt{\hat V}} \qquad
       \hat U = \frac{U}{\max(1, \operatorname{RMS}(U) / d)} \qquad
       \alpha = \max(\epsilon_2, \operatorname{RMS}(X))\,\min(\eta, 1/\sqrt t) \qquad
       X \leftarrow X - \alpha \hat U $$

    An (n, m) weight has n + m numbers of state instead of 2 n m. A vector keeps its whole V. $\hat
    \beta_1 = 0$, so the averages need no bias correction.

    Args:
        params: Parameters, (name, parameter) pairs, or groups; see `Optimizer`.
        lr: η, the largest relative step size, >= 0. The paper's is 1e-2, as here.
        beta2_decay: c, the exponent of t, <= 0.
        eps: ε₁, which keeps V̂ from 0, and ε₂, which lets weights of zero move. None for ε₁ means
            the dtype's machine epsilon ("pytorch") or 1e-30 ("paper").
        d: The largest RMS of the update, > 0.
        weight_decay: λ, decoupled as in AdamW, >= 0.
        maximize: Climb instead of descend.
        beta1: Keep a moving average of the updates; None keeps none and needs no memory.
        scale_parameter: Multiply the step by the weights' RMS; False gives α = min(η, 1/√t).
        relative_step: Let the step fall as 1/√t; False uses η throughout.
        variant: Where ε₁ stands. "pytorch" lets nothing fall below it: mean R not below ε₁, V̂ not
            below ε₁². "paper" adds it to the squared gradients.

    References:
        Shazeer & Stern (2018), Adafactor: adaptive learning rates with sublinear memory cost,
        arXiv:1804.04235, Algorithms 4 and 5 with the constants of Algorithm 6. The authors' sums
        over rows and columns are means here, which changes nothing in V̂.

    Examples:
        G² has rank one, so V̂ is exact, U = sign G, and α = RMS(X) · min(0.5, 1) = 0.5:

        >>> import numpy as np
        >>> from neural_net_core import Parameter
        >>> p = Parameter([[1.0, 1.0], [-1.0, -1.0]])
        >>> p.grad = np.array([[1.0, -2.0], [2.0, 4.0]], dtype=np.float32)
        >>> Adafactor([p], lr=0.5).step()
        >>> p.data
        array([[ 0.5,  1.5], [-1.5, -1.5]], dtype=float32)
    """

    limits: ClassVar = {
        "lr": at_least(0),
        "beta2_decay": at_most(0),
        "eps": Limit(
            "(ε₁, ε₂), numbers >= 0, or None for ε₁",
            lambda eps: (
                isinstance(eps, tuple | list)
                and len(eps) == 2
                and optional(at_least(0)).accepts(eps[0])
                and at_least(0).accepts(eps[1])
            ),
        ),
        "d": above(0),
        "weight_decay": at_least(0),
        "maximize": flag,
        "beta1": optional(fraction),
        "scale_parameter": flag,
        "relative_step": flag,
        "variant": choice("pytorch", "paper"),
    }
    nonnegative_state = ("row_var", "col_var", "variance")
    layout_settings = ("beta1",)

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
        beta1: float | None = None,
        scale_parameter: bool = True,
        relative_step: bool = True,
        variant: Literal["pytorch", "paper"] = "pytorch",
    ) -> None:
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "beta1": beta1,
            "scale_parameter": scale_parameter,
            "relative_step": relative_step,
            "variant": variant,
        }
        super().__init__(params, defaults)

    def init_state(self, p: Array, group: Group) -> dict[str, Array]:
        if p.ndim > 1:
            state = {
                "row_var": np.zeros_like(p, shape=(*p.shape[:-1], 1)),
                "col_var": np.zeros_like(p, shape=(*p.shape[:-2], 1, p.shape[-1])),
            }
        else:
            state = {"variance": np.zeros_like(p)}
        if group["beta1"] is not None:
            state["exp_avg"] = np.zeros_like(p)
        return state

    def coefficients(self, group: Group, t: int) -> tuple[float, float]:
        """Return 1 − β̂_t, which is 1 in the first step, and the relative step size."""
        size = min(group["lr"], 1 / math.sqrt(t)) if group["relative_step"] else group["lr"]
        return t ** group["beta2_decay"], size

    def rule(
        self, p: Array, g: Array, state: State, group: Group, t: int
    ) -> tuple[Array, dict[str, Array]]:
        (_, eps2), beta1 = group["eps"], group["beta1"]
        new, alpha = self.coefficients(group, t)
        if group["scale_parameter"]:
            alpha *= max(eps2, rms(p))
        v_hat, after = second_moment(g, state, new, group)
        u = g / np.sqrt(v_hat)
        u = u / max(1.0, rms(u) / group["d"])
        if beta1 is not None:
            u = after["exp_avg"] = beta1 * state["exp_avg"] + (1 - beta1) * u
        return (1 - group["lr"] * group["weight_decay"]) * p - alpha * u, after


def rms(x: Array) -> float:
    """Return the root of the mean square."""
    return float(np.linalg.norm(x)) / math.sqrt(x.size)


def second_moment(
    g: Array, state: State, new: float, group: Group
) -> tuple[Array, dict[str, Array]]:
    """Return V̂ and the averages that it comes from, of which g² is a part of size `new`."""
    paper = group["variant"] == "paper"
    eps1 = group["eps"][0]
    if eps1 is None:
        eps1 = 1e-30 if paper else float(np.finfo(g.dtype).eps)
    squares = g**2 + eps1 if paper else g**2
    if g.ndim > 1:
        rows, columns = (sum_over(squares, axis) / g.shape[axis] for axis in (-1, -2))
        rows = (1 - new) * state["row_var"] + new * rows  # (..., n, 1)
        columns = (1 - new) * state["col_var"] + new * columns  # (..., 1, m)
        after = {"row_var": rows, "col_var": columns}
        mean = sum_over(rows, -2) / g.shape[-2]  # (..., 1, 1)
        # The quotient first: the product of two averages of 1e-30 would vanish in float32.
        v_hat = rows * (columns / (mean if paper else np.maximum(mean, eps1)))
    else:
        v_hat = (1 - new) * state["variance"] + new * squares
        after = {"variance": v_hat}
    return v_hat if paper else np.maximum(v_hat, eps1**2), after
