r"""Muon: momentum whose step is made orthogonal, for the weight matrices of hidden layers."""

import math
from typing import ClassVar, Literal

import numpy as np

from neural_net_core.checks import check_array
from neural_net_core.dtypes import Array
from neural_net_optim.adam import adam, bias_corrections
from neural_net_optim.base._checked import check_all
from neural_net_optim.base.limits import at_least, between, choice, flag, fraction, numbers, whole
from neural_net_optim.base.optimizer import Group, Params, State
from neural_net_optim.base.tensorwise import TensorwiseOptimizer

__all__ = ["Muon", "orthogonalize"]

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)

LIMITS = {"coefficients": numbers(3), "steps": whole(1, 99), "eps": at_least(0)}


def orthogonalize(
    g: Array,
    coefficients: tuple[float, float, float] = _COEFFICIENTS,
    steps: int = 5,
    eps: float = 1e-7,
) -> Array:
    r"""Return roughly the orthogonal matrix nearest to a matrix, by Newton-Schulz iterations.

    $$ X \leftarrow a X + b\,(X X^\top) X + c\,(X X^\top)^2 X $$

    With $G = U S V^\top$ each iteration applies $a s + b s^3 + c s^5$ to the singular values and
    leaves U and V alone. The default coefficients lift small values as fast as possible and end
    between about 0.7 and 1.2 instead of at 1, which serves training as well and takes fewer steps.

    Args:
        g: A matrix, (n, m).
        coefficients: a, b and c.
        steps: How many iterations, in 1 … 99.
        eps: The smallest norm that g is divided by, >= 0.

    Returns:
        A matrix of the same shape.

    Raises:
        ShapeError: If g is no matrix.
        DTypeError: If it is not floating.
        ValueError: If another argument is outside its range.

    References:
        Jordan et al. (2024), Muon: an optimizer for hidden layers in neural networks; Bernstein &
        Newhouse (2024), Old optimizer, new norm, arXiv:2409.20325, for the iteration.
    """
    g = check_array("orthogonalize", "g", g, ndim=2, kinds="f")
    settings = check_all("orthogonalize", LIMITS, coefficients=coefficients, steps=steps, eps=eps)
    return _newton_schulz(g, *settings)


def _newton_schulz(
    g: Array, coefficients: tuple[float, float, float], steps: int, eps: float
) -> Array:
    a, b, c = coefficients
    # The smaller side's Gram matrix is the cheaper one.
    x = g.T if g.shape[0] > g.shape[1] else g
    # Singular values are at most the Frobenius norm; the iteration needs them at most 1.
    x = x * (1 / max(float(np.linalg.norm(x)), eps))
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x.T if g.shape[0] > g.shape[1] else x


class Muon(TensorwiseOptimizer):
    r"""Momentum, orthogonalized by Newton-Schulz; AdamW for what is not a matrix.

    $$ B \leftarrow B + (1 - \mu)(G - B) \qquad
       D = \begin{cases} G + \mu (B - G) & \text{Nesterov} \\ B & \text{else} \end{cases} \qquad
       O = \operatorname{NewtonSchulz}(D) \qquad
       X \leftarrow (1 - \eta\lambda) X - \eta\, s\, O $$

    A gradient matrix is usually dominated by a few directions; O moves all of them equally far. s
    makes up for the shape (n, m): $\sqrt{\max(1, n/m)}$ ("original"), or $0.2 \sqrt{\max(n, m)}$,
    whose steps have the size of AdamW's, so that AdamW's rate and decay can be used as they are
    ("match_rms_adamw").

    Embeddings and the last layer are matrices too but better left to AdamW: put them into a group
    with `"rule": "adamw"`.

    Args:
        params: Parameters, (name, parameter) pairs, or groups; see `Optimizer`.
        lr: η, the learning rate, >= 0.
        weight_decay: λ, decoupled, of both rules, >= 0.
        momentum: μ, in [0, 1].
        nesterov: Use the look-ahead direction.
        ns_coefficients: a, b, c of the iteration.
        eps: The smallest norm that D is divided by, >= 0.
        ns_steps: How many iterations, in 1 … 99.
        adjust_lr_fn: "original" (also None) or "match_rms_adamw".
        rule: "auto" takes Muon for two axes and AdamW otherwise; "muon" takes Muon, and more than
            two axes as a matrix of the first by the rest; "adamw" takes AdamW.
        adamw_betas: β₁ and β₂ of AdamW, in [0, 1).
        adamw_eps: ε of AdamW, >= 0.
        maximize: Climb instead of descend.

    References:
        Jordan et al. (2024), Muon: an optimizer for hidden layers in neural networks. Liu et al.
        (2025), Muon is scalable for LLM training, arXiv:2502.16982, for decay and the second s.
        PyTorch iterates in bfloat16 and has no AdamW part; here the weights' dtype is kept.

    Examples:
        >>> import numpy as np
        >>> from neural_net_core import Parameter
        >>> p = Parameter([[2.0, 0.0], [0.0, 2.0]])
        >>> p.grad = np.array([[30.0, 0.0], [0.0, 0.03]], dtype=np.float32)
        >>> Muon(
        ...     [p], lr=1.0, weight_decay=0.0, ns_coefficients=(1.5, -0.5, 0.0), ns_steps=30
        ... ).step()
        >>> p.data.round(3)  # both directions move by 1, though one gradient is 1000 times larger
        array([[1., 0.], [0., 1.]], dtype=float32)
    """

    limits: ClassVar = {
        "lr": at_least(0),
        "weight_decay": at_least(0),
        "momentum": between(0, 1),
        "nesterov": flag,
        "ns_coefficients": LIMITS["coefficients"],
        "eps": LIMITS["eps"],
        "ns_steps": LIMITS["steps"],
        "adjust_lr_fn": choice(None, "original", "match_rms_adamw"),
        "rule": choice("auto", "muon", "adamw"),
        "adamw_betas": numbers(2, fraction),
        "adamw_eps": at_least(0),
        "maximize": flag,
    }
    nonnegative_state = ("exp_avg_sq",)
    layout_settings = ("rule",)

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = _COEFFICIENTS,
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: Literal["original", "match_rms_adamw"] | None = None,
        *,
        rule: Literal["auto", "muon", "adamw"] = "auto",
        adamw_betas: tuple[float, float] = (0.9, 0.999),
        adamw_eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
            "rule": rule,
            "adamw_betas": adamw_betas,
            "adamw_eps": adamw_eps,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def init_state(self, p: Array, group: Group) -> dict[str, Array]:
        if _is_matrix(p, group):
            return {"momentum_buffer": np.zeros_like(p)}
        return {"exp_avg": np.zeros_like(p), "exp_avg_sq": np.zeros_like(p)}

    def coefficients(self, group: Group, t: int) -> tuple[float, float]:
        """Return the bias corrections of AdamW's averages."""
        return bias_corrections(group["adamw_betas"], t)

    def rule(
        self, p: Array, g: Array, state: State, group: Group, t: int
    ) -> tuple[Array, dict[str, Array]]:
        lr, momentum = group["lr"], group["momentum"]
        p = (1 - lr * group["weight_decay"]) * p
        if not _is_matrix(p, group):
            adamw = {"betas": group["adamw_betas"], "eps": group["adamw_eps"], "amsgrad": False}
            return adam(p, g, state, {**group, **adamw}, self.coefficients(group, t))
        b = momentum * state["momentum_buffer"] + (1 - momentum) * g
        d = g + momentum * (b - g) if group["nesterov"] else b
        n, m = p.shape[0], math.prod(p.shape[1:])
        o = _newton_schulz(
            d.reshape(n, m), group["ns_coefficients"], group["ns_steps"], group["eps"]
        )
        if group["adjust_lr_fn"] == "match_rms_adamw":
            s = 0.2 * math.sqrt(max(n, m))
        else:
            s = math.sqrt(max(1.0, n / m))
        return p - lr * s * o.reshape(p.shape), {"momentum_buffer": b}


def _is_matrix(p: Array, group: Group) -> bool:
    """Tell whether a parameter is Muon's; else it is AdamW's."""
    if group["rule"] == "auto":
        return p.ndim == 2
    return bool(group["rule"] == "muon") and p.ndim >= 2
