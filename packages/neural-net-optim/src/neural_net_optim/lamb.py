r"""LAMB: Adam whose step is scaled to the size of each layer's weights, for very large batches."""

from typing import ClassVar

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_optim.adam import bias_corrections
from neural_net_optim.base.limits import Limit, at_least, flag, fraction, numbers, optional
from neural_net_optim.base.optimizer import Group, Params, State
from neural_net_optim.base.tensorwise import TensorwiseOptimizer

__all__ = ["LAMB"]


class LAMB(TensorwiseOptimizer):
    r"""Layer-wise adaptive moments.

    $$ r = \frac{\hat m}{\sqrt{\hat v} + \epsilon} + \lambda p \qquad
       p \leftarrow p - \eta\, \frac{\phi(\lVert p \rVert)}{\lVert r \rVert}\, r $$

    m̂ and v̂ are Adam's, and φ is the identity unless `norm_limits` says otherwise. So every weight
    matrix moves by the same fraction η of its own norm, and one rate fits layers of any scale.
    Where φ(‖p‖) or the step is zero the ratio is 1.

    Args:
        params: Parameters, (name, parameter) pairs, or groups; see `Optimizer`.
        lr: η, the learning rate, >= 0.
        betas: β₁ and β₂, in [0, 1).
        eps: ε, keeps the quotient finite, >= 0.
        weight_decay: λ, decoupled from the averages, >= 0. Biases and norms want 0.
        norm_limits: γₗ <= γᵤ, both >= 0, for φ(z) = min(max(z, γₗ), γᵤ): weights smaller than γₗ,
            such as those that begin at zero, move as if they were as large, and those larger than
            γᵤ no faster than that. None is no limit.
        maximize: Climb instead of descend.

    References:
        You et al. (2020), Large batch optimization for deep learning: training BERT in 76 minutes,
        arXiv:1904.00962, Algorithm 2; φ in section 3.

    Examples:
        r = (1, 1) after one step, of norm √2, and the weights' norm is 5:

        >>> import numpy as np
        >>> from neural_net_core import Parameter
        >>> p = Parameter([3.0, 4.0])
        >>> p.grad = np.array([2.0, 2.0], dtype=np.float32)
        >>> LAMB([p], lr=0.2 * 2**0.5, eps=0.0).step()
        >>> p.data
        array([2., 3.], dtype=float32)
    """

    limits: ClassVar = {
        "lr": at_least(0),
        "betas": numbers(2, fraction),
        "eps": at_least(0),
        "weight_decay": at_least(0),
        "norm_limits": optional(
            Limit(
                "two finite numbers γₗ <= γᵤ, both >= 0",
                lambda value: numbers(2, at_least(0)).accepts(value) and value[0] <= value[1],
            )
        ),
        "maximize": flag,
    }
    nonnegative_state = ("exp_avg_sq",)

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        norm_limits: tuple[float, float] | None = None,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "norm_limits": norm_limits,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def init_state(self, p: Array, group: Group) -> dict[str, Array]:
        return {"exp_avg": np.zeros_like(p), "exp_avg_sq": np.zeros_like(p)}

    def coefficients(self, group: Group, t: int) -> tuple[float, float]:
        """Return the bias corrections of both averages."""
        return bias_corrections(group["betas"], t)

    def rule(
        self, p: Array, g: Array, state: State, group: Group, t: int
    ) -> tuple[Array, dict[str, Array]]:
        lr, (beta1, beta2), eps = group["lr"], group["betas"], group["eps"]
        correction1, correction2 = self.coefficients(group, t)
        m = beta1 * state["exp_avg"] + (1 - beta1) * g
        v = beta2 * state["exp_avg_sq"] + (1 - beta2) * g**2
        m_hat, v_hat = m / correction1, v / correction2
        r = m_hat / (np.sqrt(v_hat) + eps)
        if group["weight_decay"]:
            r = r + group["weight_decay"] * p
        phi, r_norm = float(np.linalg.norm(p)), float(np.linalg.norm(r))
        if group["norm_limits"] is not None:
            low, high = group["norm_limits"]
            phi = min(max(phi, low), high)
        trust = phi / r_norm if phi > 0 and r_norm > 0 else 1.0
        return p - lr * trust * r, {"exp_avg": m, "exp_avg_sq": v}
