"""What all losses share: the reduction of many numbers to one, and the check of the two shapes."""

from contextvars import ContextVar
from typing import Any, Literal, get_args

import numpy as np

from neural_net_core.checks import check_word
from neural_net_core.dtypes import Array, DType
from neural_net_core.errors import NeuralNetError, ShapeError
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.ops.selection import where
from neural_net_core.plain import plain_array
from neural_net_core.tensor import Tensor, TensorLike, as_tensor

__all__: list[str] = []

Reduction = Literal["none", "mean", "sum"]
BatchReduction = Literal["none", "mean", "sum", "batchmean"]  # that of `kl_div`
REDUCTIONS: tuple[str, ...] = get_args(Reduction)

# What the newest mean divided by, on its way from `reduce` to the Tensor that `apply` returns.
_newest_count: ContextVar[float | None] = ContextVar("newest_count", default=None)


# `super().apply` without the search for it, which a small step would notice.
_apply: Any = vars(Op)["apply"].__func__


class LossOp(Op):
    """Base of the losses: reduces the single losses to what the user wants to see.

    A mean over nothing (an empty batch, or all targets ignored) is 0 with the gradient 0, where
    PyTorch gives NaN: a batch that says nothing should not destroy the weights.
    """

    reduction: BatchReduction

    def __init__(self, reduction: Reduction) -> None:
        self.reduction = reduction

    @classmethod
    def apply(cls, *inputs: Any, **config: Any) -> Tensor:
        """Run the operation; the result says what it is a mean or sum of, see `Tensor.counted`."""
        loss: Tensor = _apply(cls, *inputs, **config)
        reduction = config["reduction"]
        if reduction == "mean" or reduction == "batchmean":
            loss.counted = _newest_count.get()
        elif reduction == "sum":
            loss.counts = (None,)
        return loss

    def reduce(self, losses: Array, count: float | None = None) -> Array:
        """Return the losses, their sum, or their sum over the count.

        Args:
            losses: One number per sample or element.
            count: What the mean divides by; None means the number of losses.
        """
        if self.reduction == "none":
            return losses
        total: Array = np.add.reduce(losses, axis=None)
        if self.reduction == "sum":
            return total
        self.count = losses.size if count is None else count
        _newest_count.set(self.count)
        return total / self.count if self.count else total

    def spread(self, dy: Array) -> Array:
        """Return the gradient that each single loss receives: an array of their shape, or one."""
        if self.reduction != "mean":
            return dy
        return dy / self.count if self.count else 0 * dy


class ReduceOp(LossOp):
    """y = l, its mean or its sum;  dl = dy, the same for every loss"""

    def forward(self, losses: Array) -> Array:
        self.shape = losses.shape
        return self.reduce(losses)

    def backward(self, dy: Array) -> Array:
        return np.broadcast_to(self.spread(dy), self.shape)


def reduce_losses(losses: Tensor, reduction: Reduction) -> Tensor:
    """Return the losses of a composed loss, their mean (0 of nothing) or their sum."""
    return losses if reduction == "none" else ReduceOp.apply(losses, reduction=reduction)


class Loss(Module):
    """Base of the loss modules, which hold the function's settings."""

    reduction: Reduction

    def __init__(self, reduction: Reduction = "mean") -> None:
        check_reduction(type(self).__name__, reduction)
        self.reduction = reduction

    def extra_repr(self) -> str:
        """Return the settings; of an array only the shape."""
        return ", ".join(
            f"{name}={value.shape if isinstance(value, np.ndarray) else repr(value)}"
            for name, value in vars(self).items()
            if value is not None and name != "training"
        )


def check_reduction(name: str, reduction: Any, allowed: tuple[str, ...] = REDUCTIONS) -> None:
    """Raise ValueError if the reduction is not one of those allowed."""
    if type(reduction) is not str or reduction not in allowed:
        check_word(name, "reduction", reduction, allowed)


def as_input(name: str, what: str, x: TensorLike, dtype: DType | None = None) -> Tensor:
    """Return x as a Tensor of that dtype, or of floating numbers.

    Raises:
        NeuralNetError: Of the kind that fits, with the loss's name, if x holds no numbers.
    """
    try:
        return as_floating(x) if dtype is None else as_tensor(x, dtype)
    except NeuralNetError as error:
        raise type(error)(f"{name}: {what}: {error}") from None


def as_plain(name: str, what: str, x: TensorLike) -> Array:
    """Return x as an array of whatever dtype; errors as of `as_input`."""
    try:
        return plain_array(x)
    except NeuralNetError as error:
        raise type(error)(f"{name}: {what}: {error}") from None


def as_pair(
    name: str, predictions: TensorLike, targets: TensorLike, what: str = "predictions and targets"
) -> tuple[Tensor, Tensor]:
    """Return both as Tensors of the predictions' dtype and of one shape; `what` names them.

    Raises:
        ShapeError: If the shapes differ. Broadcasting (4, 1) against (4,) would silently compare
            every prediction with every target.
        DTypeError: If they are no numbers.
    """
    try:
        x = as_floating(predictions)
        t = as_tensor(targets, x.data.dtype)
    except NeuralNetError as error:
        raise type(error)(f"{name}: {what}: {error}") from None
    if x.data.shape != t.data.shape:
        raise ShapeError(f"{name}: expected {what} of one shape, got {x.shape} and {t.shape}")
    return x, t


def as_factor(
    name: str, weight: TensorLike | None, like: Tensor, what: str = "weight"
) -> Array | None:
    """Return a constant factor that broadcasts to the shape of the losses.

    Raises:
        ShapeError: If it does not.
    """
    factor = as_weight(name, weight, like, what)
    if factor is None:
        return None
    lacking = like.ndim - factor.ndim
    if lacking < 0 or any(
        m not in (1, n) for m, n in zip(factor.shape, like.shape[lacking:], strict=True)
    ):
        raise ShapeError(
            f"{name}: expected a {what} that broadcasts to {like.shape}, got {factor.shape}"
        )
    return factor


def as_weight(
    name: str, weight: TensorLike | None, like: Tensor, what: str = "weight"
) -> Array | None:
    """Return a constant factor on the losses as an array of the predictions' dtype."""
    if weight is None:
        return None
    # A copy, since the caller may change his array before the backward pass.
    return as_input(name, what, weight, like.dtype).data.copy()


def weighted(w: Array | float, losses: Array) -> Array:
    """Return w · l, where 0 · ∞ is 0: what has no weight costs nothing, however bad it is."""
    return w * np.where(w == 0, 0, losses)


def without_ignored(x: Tensor, ignored: Array, value: float) -> Tensor:
    """Return x with a harmless number where a loss is ignored, so that nothing else counts there.

    A factor of 0 alone would not do: 0 · NaN and 0 · ∞ are NaN.
    """
    return where(np.broadcast_to(ignored, x.shape), value, x) if ignored.any() else x


def check_probabilities(name: str, what: str, x: Array, hint: str = "") -> None:
    """Raise ValueError if not all numbers are in [0, 1]."""
    if x.size:
        low, high = np.minimum.reduce(x, axis=None), np.maximum.reduce(x, axis=None)
        if not (low >= 0 and high <= 1):  # False for NaN
            raise ValueError(
                f"{name}: expected {what} in [0, 1], got values from {low:g} to {high:g}{hint}"
            )


def check_signs(name: str, targets: Array) -> None:
    """Raise ValueError if targets that say "yes" and "no" are not all 1 or −1."""
    wrong = np.abs(targets) != 1
    if wrong.any():
        raise ValueError(f"{name}: expected targets 1 or -1, got {targets[wrong].flat[0]:g}")
