"""Connectionist temporal classification: labels of a sequence without saying where they stand."""

import functools

import numpy as np

from neural_net_core.checks import check_array, check_count, check_flag
from neural_net_core.dtypes import Array
from neural_net_core.errors import PositionError, ShapeError
from neural_net_core.losses._loss import Loss, LossOp, Reduction, as_input, check_reduction
from neural_net_core.ops.softmaxes import largest
from neural_net_core.sums import sum_over
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["CTCLoss", "CTCLossOp", "ctc_loss"]

# ln 0 as a number, since −∞ − (−∞) is NaN. Logarithms of probabilities that are not 0 never add up
# to it, and 10⁸ of it are still finite in float32.
LN_0 = -1e30


class CTCLossOp(LossOp):
    """l = −ln p, p = Σ Π_t y_t(π_t) over all paths π that read as the labels;  dx_t(k) = −dl γ_t(k)

    x = ln y. A path π has a label or a blank in each frame, and is read by joining what repeats
    itself and then dropping the blanks: "a a ␣ a b b" reads as "a a b". With a blank around and
    between the labels, l' = ␣ l₁ ␣ l₂ … l_S ␣, each path is a walk through the places of l', from
    0 or 1 to 2S − 1 or 2S, that in each frame stays, goes on by one place, or skips a blank, which
    it may not between two equal labels: they would be joined.

    α_t(s) is the probability of all beginnings of such walks that are at place s in frame t,
    β_t(s) that of all endings that start there, both with the factor y_t(l'_s):

        α_t(s) = y_t(l'_s) (α_t₋₁(s) + α_t₋₁(s − 1) + α_t₋₁(s − 2) if one may skip to s)
        β_t(s) = y_t(l'_s) (β_t₊₁(s) + β_t₊₁(s + 1) + β_t₊₁(s + 2) if one may skip to s + 2)
        p = α_T(2S) + α_T(2S − 1) = Σ_s α_t(s) β_t(s) / y_t(l'_s) for every t

    The paths through s in frame t have the factor y_t(l'_s) there, hence ∂ ln p / ∂ ln y_t(k) is

        γ_t(k) = Σ_s [l'_s = k] α_t(s) β_t(s) / (y_t(k) p),

    the probability that frame t is a k, if the whole is known to read as l. Where p is 0, so is
    the gradient. Behind a log-softmax, x = log_softmax(u), it becomes du = dl (y − γ).

    Before the first frame all walks stand in the first blank. α has two places more in front of l',
    and β two behind it, which nobody reaches. All is computed with logarithms, and α_t and β_t are
    divided by their largest, c_t; for p the logarithms of those of α are added up. Inputs:
    x (B, T, C), labels (B, S), the numbers of frames and of labels (B,). Saves l', ln y(l'),
    ln α / c, and which frames count.
    """

    def __init__(self, reduction: Reduction, blank: int, zero_infinity: bool) -> None:
        self.reduction, self.blank, self.zero_infinity = reduction, blank, zero_infinity

    def forward(self, x: Array, labels: Array, frames: Array, lengths: Array) -> Array:
        (batch, steps, self.classes), places = x.shape, 2 * labels.shape[1] + 1
        samples, self.frames, self.ends = np.arange(batch), frames, 2 * lengths
        self.extended = np.full_like(labels, self.blank, shape=(batch, places))  # l'
        self.extended[:, 1::2] = labels
        log_y = np.take_along_axis(x, self.extended[:, None], axis=2).swapaxes(0, 1)
        here = np.arange(steps)[:, None, None] < frames[:, None]  # (T, B, 1)
        # Beyond its frames a sequence may have anything.
        self.log_y = np.where(here, np.maximum(log_y, LN_0), 0)  # (T, B, 2S + 1)
        self.skip = np.full_like(x, LN_0, shape=(batch, places + 2))  # ln 1 where one may skip to s
        # A blank has a blank two places before it, so this is: to a label that does not repeat.
        self.skip[:, 2:-2] = np.where(self.extended[:, 2:] == self.extended[:, :-2], LN_0, 0)

        log_a = np.full_like(x, LN_0, shape=(steps + 1, batch, places + 2))
        log_a[0, :, 2] = 0  # in the first blank
        log_c = np.empty_like(x, shape=(steps, batch, 1))
        for t in range(steps):
            stays, goes_on, skips = log_a[t, :, 2:], log_a[t, :, 1:-1], log_a[t, :, :-2]
            a = self.log_y[t] + log_sum(stays, goes_on, skips + self.skip[:, :-2])
            log_c[t] = largest(a, axis=1)
            log_a[t + 1, :, 2:] = a - log_c[t]
        log_p = sum_over(np.where(here, log_c, 0), 0).reshape(-1) + log_sum(
            log_a[frames, samples, self.ends + 2], log_a[frames, samples, self.ends + 1]
        )
        impossible = log_p < LN_0 / 2
        self.log_a, self.counts = log_a[1:, :, 2:], here & ~impossible[:, None]
        losses = np.where(impossible, 0 if self.zero_infinity else np.inf, -log_p)
        self.divisor = np.maximum(lengths, 1).astype(x.dtype) if self.reduction == "mean" else 1
        return self.reduce(losses / self.divisor)

    def backward(self, dy: Array) -> tuple[Array, None, None, None]:
        log_y, (steps, batch, places) = self.log_y, self.log_y.shape
        to_the_end = self.ends[:, None] - np.arange(places)
        ending = np.full_like(log_y, LN_0, shape=(batch, places))
        ending[(to_the_end == 0) | (to_the_end == 1)] = 0  # ln 1 at 2S and 2S − 1
        log_b = np.full_like(log_y, LN_0, shape=(steps + 1, batch, places + 2))
        for t in reversed(range(steps)):
            stays, goes_on, skips = log_b[t + 1, :, :-2], log_b[t + 1, :, 1:-1], log_b[t + 1, :, 2:]
            ways = log_sum(stays, goes_on, skips + self.skip[:, 2:])
            b = log_y[t] + np.where(self.frames[:, None] == t + 1, ending, ways)
            log_b[t, :, :-2] = b - largest(b, axis=1)
        log_gamma = self.log_a + log_b[:-1, :, :-2] - log_y
        gamma = np.exp(log_gamma - largest(log_gamma, axis=2))
        # At every t the sum over s is p, so p and all c fall out of the quotient.
        gamma = np.where(self.counts, gamma / gamma.sum(axis=2, keepdims=True), 0)
        one_hot = (self.extended[..., None] == np.arange(self.classes)).astype(gamma.dtype)
        dl = (self.spread(dy) / self.divisor).reshape(-1, 1, 1)
        return -dl * (gamma.swapaxes(0, 1) @ one_hot), None, None, None


def log_sum(*logs: Array) -> Array:
    """Return ln Σ eˣ over the arrays, element by element; faster than two `np.logaddexp`."""
    m = functools.reduce(np.maximum, logs)
    total: Array = m + np.log(functools.reduce(np.add, [np.exp(x - m) for x in logs]))
    return total


def ctc_loss(
    log_probs: TensorLike,
    targets: TensorLike,
    input_lengths: TensorLike,
    target_lengths: TensorLike,
    *,
    blank: int = 0,
    reduction: Reduction = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    r"""Return how surprising labels are that are known to come in this order, but not where.

    $$ l = -\ln \sum_{\pi \,\in\, B^{-1}(\text{labels})} \; \prod_{t=1}^{T} y_t(\pi_t) \qquad
       \frac{\partial l}{\partial \ln y_t(k)} = -\gamma_t(k) $$

    A path π has a label or the blank in each frame, and B reads it by joining what repeats itself
    and then dropping the blanks: "a a ␣ a b b" reads as "a a b". γ is the probability that frame t
    is a k among the paths that read as the labels. Both come from two passes over the frames, one
    forward and one backward, that `CTCLossOp` derives.

    Args:
        log_probs: ln y, logarithms of probabilities (B, T, C), or (T, C) of one sequence, such as
            `log_softmax(scores)`. PyTorch's order is (T, B, C); here batches come first, as in
            the recurrent layers.
        targets: Labels (B, S), padded with anything; or all one after another, (their number,).
            Integers from 0 to C − 1 other than the blank; those of one sequence are (S,).
        input_lengths: Frames of each sequence, (B,) integers from 0 to T, or one number. What
            comes beyond takes part in nothing.
        target_lengths: Labels of each sequence, (B,) integers from 0 to S, or one number.
        blank: The class that stands for no label.
        reduction: "mean" divides each loss by its number of labels (or 1, if there is none) and
            takes the mean over the batch; "sum" or "none".
        zero_infinity: Whether a loss counts as 0 where no path can read as the labels, since
            there are more of them, and of blanks between equal ones, than frames.

    Returns:
        A scalar, or (B,) without a reduction. Where no path fits the loss is infinite, and the
        gradient is 0 (PyTorch's is NaN unless `zero_infinity`).

        The gradient is the derivative with respect to `log_probs`, each taken as a number of its
        own. PyTorch's assumes that they come from a log-softmax and has its derivative y − γ in
        it; behind a log-softmax both are the same.

    Raises:
        ShapeError: If the shapes or lengths do not fit.
        DTypeError: If labels or lengths are not integers.
        IndexError: If a label is no class.
        ValueError: If a label or the setting is no possible one.

    Source:
        Graves, Fernández, Gomez & Schmidhuber (2006), Connectionist temporal classification,
        ICML, eqs. 5 to 16.

    Examples:
        Two frames, and one label of probability 0.5 in each: three of the four paths read as it.

        >>> import math
        >>> even = [[[math.log(0.5), math.log(0.5)]] * 2]
        >>> round(math.exp(-ctc_loss(even, [[1]], [2], [1]).item()), 4)
        0.75
    """
    name = "ctc_loss"
    check_reduction(name, reduction)
    zero_infinity = check_flag(name, "zero_infinity", zero_infinity)
    x = as_input(name, "log_probs", log_probs)
    if x.ndim not in (2, 3) or x.shape[-1] == 0:
        raise ShapeError(f"{name}: expected log_probs (B, T, C) or (T, C), got {x.shape}")
    blank = check_count(name, "blank", blank, 0, x.shape[-1] - 1)
    labels = check_array(name, "targets", targets, kinds="iu")
    one = x.ndim == 2
    if one:
        x, labels = x.reshape(1, *x.shape), labels[None] if labels.ndim == 1 else labels
    frames = _as_lengths(name, "input_lengths", input_lengths, x, x.shape[1], "frames")
    if labels.ndim == 1:
        most = labels.size
        lengths = _as_lengths(name, "target_lengths", target_lengths, x, most, "labels")
        labels = _padded(name, labels, lengths, blank)
    elif labels.ndim == 2 and len(labels) == x.shape[0]:
        most = labels.shape[1]
        lengths = _as_lengths(name, "target_lengths", target_lengths, x, most, "labels")
    else:
        raise ShapeError(
            f"{name}: for log_probs {x.shape[int(one) :]} expected targets "
            f"{'(S,)' if one else f'({x.shape[0]}, S) or one after another'}, got {labels.shape}"
        )
    labels = _checked_labels(name, labels, lengths, blank, x.shape[2])
    losses = CTCLossOp.apply(
        x, labels, frames, lengths, reduction=reduction, blank=blank, zero_infinity=zero_infinity
    )
    return losses.reshape(()) if one and reduction == "none" else losses


def _as_lengths(name: str, what: str, given: TensorLike, x: Tensor, most: int, of: str) -> Array:
    """Return one length for each sequence."""
    lengths = check_array(name, what, given, kinds="iu")
    if lengths.shape not in ((), (x.shape[0],)):
        hint = "; the batch comes first here: log_probs (B, T, C)"
        raise ShapeError(
            f"{name}: for log_probs {x.shape} expected {what} ({x.shape[0]},), got {lengths.shape}"
            + (hint if lengths.shape == x.shape[1:2] else "")
        )
    if lengths.size and (lengths.min() < 0 or lengths.max() > most):
        wrong = lengths.min() if lengths.min() < 0 else lengths.max()
        raise ShapeError(
            f"{name}: expected {what} from 0 to {most}, the {of} that there are, got {wrong}"
        )
    return np.broadcast_to(lengths.astype(np.intp), x.shape[:1])


def _padded(name: str, labels: Array, lengths: Array, blank: int) -> Array:
    """Return labels that came one after another as rows (B, S)."""
    if labels.size != lengths.sum():
        raise ShapeError(
            f"{name}: expected targets one after another, as many as target_lengths add up to, "
            f"{lengths.sum()}, got {labels.size}"
        )
    rows = np.full_like(labels, blank, shape=(len(lengths), int(lengths.max(initial=0))))
    rows[np.arange(rows.shape[1]) < lengths[:, None]] = labels
    return rows


def _checked_labels(name: str, labels: Array, lengths: Array, blank: int, classes: int) -> Array:
    """Return labels with the blank beyond their number."""
    given = np.arange(labels.shape[1]) < lengths[:, None]
    wrong = given & ((labels < 0) | (labels >= classes))
    if wrong.any():
        raise PositionError(
            f"{name}: label {labels[wrong][0]} is out of range for {classes} classes "
            f"(0 to {classes - 1})"
        )
    if (given & (labels == blank)).any():
        raise ValueError(f"{name}: expected labels without the blank, class {blank}, got one")
    return np.where(given, labels, blank).astype(np.intp)


class CTCLoss(Loss):
    """Connectionist temporal classification: trains on labels whose places are not known.

    It takes log-probabilities, those of a `LogSoftmax` over the labels and the blank.

    Args:
        blank: The class that stands for no label.
        reduction: "mean" (of the losses per label), "sum" or "none".
        zero_infinity: Whether a loss counts as 0 where no path can read as the labels.

    Shape:
        log-probabilities (B, T, C), labels (B, S) and both lengths (B,) -> ()

    References:
        Graves, Fernández, Gomez & Schmidhuber (2006), Connectionist temporal classification:
        labelling unsegmented sequence data with recurrent neural networks, ICML.

    Examples:
        >>> import math
        >>> even = [[[math.log(0.5), math.log(0.5)]] * 2]
        >>> round(CTCLoss()(even, [[1]], [2], [1]).item(), 4)
        0.2877
    """

    def __init__(
        self, blank: int = 0, reduction: Reduction = "mean", zero_infinity: bool = False
    ) -> None:
        super().__init__(reduction)
        self.blank = check_count("CTCLoss", "blank", blank, 0)
        self.zero_infinity = check_flag("CTCLoss", "zero_infinity", zero_infinity)

    def forward(
        self,
        log_probs: TensorLike,
        targets: TensorLike,
        input_lengths: TensorLike,
        target_lengths: TensorLike,
    ) -> Tensor:
        """Return the loss."""
        return ctc_loss(
            log_probs,
            targets,
            input_lengths,
            target_lengths,
            blank=self.blank,
            reduction=self.reduction,
            zero_infinity=self.zero_infinity,
        )
