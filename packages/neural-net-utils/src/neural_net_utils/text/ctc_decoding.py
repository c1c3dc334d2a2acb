"""From the probabilities of connectionist temporal classification to labels.

A path, one label or blank for each frame, is read by joining what repeats itself and then dropping
the blanks, and the probability of labels is that of all paths that read as them (see
`neural_net_core.ctc_loss`). The likeliest labels need not be those of the likeliest path, and to
find them for certain may take a time that grows exponentially with the frames.
"""

from __future__ import annotations

import numpy as np

from neural_net_core.checks import check_array, check_count
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.tensor import TensorLike
from neural_net_utils.text.sampling import Beam

__all__ = ["ctc_beam_decode", "ctc_greedy_decode"]


def ctc_greedy_decode(
    log_probs: TensorLike, input_lengths: TensorLike | None = None, *, blank: int = 0
) -> list[Array]:
    r"""Read the path that takes the likeliest label, or the blank, in each frame.

    $$ h(x) = B(\pi^*), \quad \pi^*_t = \operatorname{argmax}_k y_t(k) $$

    where B joins what repeats itself and drops the blanks. Fast, and right where the network is
    sure; where many paths that read as the same share a probability, see `ctc_beam_decode`.

    Args:
        log_probs: ln y (B, T, C), or scores of any kind of which the highest is the likeliest.
        input_lengths: frames of each sequence, (B,) integers from 0 to T; None means all.
        blank: the class that stands for no label.

    Returns:
        For each sequence its labels, as many as there are.

    Raises:
        ShapeError: if the shapes or lengths do not fit.
        ValueError: if a score is NaN.

    Source: Graves et al. (2006), Connectionist temporal classification, section 3.2, "best path
        decoding".

    Examples:
        >>> path = [1, 1, 0, 1, 2, 2, 0]
        >>> ctc_greedy_decode([np.eye(3)[path]])[0].tolist()
        [1, 1, 2]
    """
    x, frames, blank = _checked("ctc_greedy_decode", log_probs, input_lengths, blank)
    decoded = []
    for path, n in zip(x.argmax(axis=2), frames, strict=True):
        begins = np.append(True, path[1:n] != path[: max(n - 1, 0)])[:n]
        decoded.append(path[:n][begins & (path[:n] != blank)])
    return decoded


def ctc_beam_decode(
    log_probs: TensorLike,
    input_lengths: TensorLike | None = None,
    *,
    blank: int = 0,
    beams: int = 8,
) -> list[list[Beam]]:
    r"""Look for the likeliest labels, keeping the best `beams` beginnings in each frame.

    $$ p_t(h) = p_t^{\text{blank}}(h) + p_t^{\text{label}}(h) $$

    is the probability of all paths of t frames that read as h; two sums are kept, of those that
    end in a blank and of those that end in the last label of h. With h' the labels without the
    last one, k,

    $$ p_t^{\text{blank}}(h) = y_t(\text{blank})\, p_{t-1}(h) \qquad
       p_t^{\text{label}}(h) = y_t(k) \, \big( p_{t-1}^{\text{label}}(h) + q(h') \big) $$

    where q(h') is $p_{t-1}(h')$, or $p_{t-1}^{\text{blank}}(h')$ if h' ends in k itself. As many
    beams as there are beginnings make it exact.

    Args:
        log_probs: ln y (B, T, C), logarithms of probabilities.
        input_lengths: frames of each sequence, (B,) integers from 0 to T; None means all.
        blank: the class that stands for no label.
        beams: how many beginnings stay, >= 1.

    Returns:
        For each sequence at most `beams` results, the likeliest first. Their probability is that
        of the paths that were kept, so at most that of `ctc_loss`.

    Raises:
        ShapeError: if the shapes or lengths do not fit.
        ValueError: if a number is NaN.

    Source: Hannun et al. (2014), First-pass large vocabulary continuous speech recognition using
        bi-directional recurrent DNNs, arXiv:1408.2873, algorithm 1 without a language model.

    Examples:
        The likeliest path of two frames is two blanks, 0.36; but three others read as "1".

        >>> even = np.log([[[0.6, 0.4], [0.6, 0.4]]])
        >>> ctc_greedy_decode(even)[0].tolist()
        []
        >>> best = ctc_beam_decode(even)[0][0]
        >>> best.tokens.tolist(), round(float(np.exp(best.log_probability)), 2)
        ([1], 0.64)
    """
    x, frames, blank = _checked("ctc_beam_decode", log_probs, input_lengths, blank)
    beams = check_count("ctc_beam_decode", "beams", beams, 1)
    return [_beams(y[:n], blank, beams) for y, n in zip(x.astype(float), frames, strict=True)]


def _beams(y: Array, blank: int, beams: int) -> list[Beam]:
    """Return the results for one sequence of logarithms (T, C)."""
    heads: list[tuple[int, ...]] = [()]
    in_blank, in_label = np.zeros(1), np.full(1, -np.inf)
    for y_t in y:
        total, rows = np.logaddexp(in_blank, in_label), np.arange(len(heads))
        # The empty beginning has no last label; its `in_label` is −∞.
        last = np.array([head[-1] if head else blank for head in heads], dtype=np.intp)
        longer = np.repeat(total[:, None], len(y_t), axis=1)  # (beams, C): head and k
        longer[rows, last] = in_blank
        longer += y_t
        longer[:, blank] = -np.inf
        in_blank, in_label = total + y_t[blank], in_label + y_t[last]
        place = {head: i for i, head in enumerate(heads)}
        for i, head in enumerate(heads):
            if head and (j := place.get(head[:-1])) is not None:  # it was reached in two ways
                in_label[i] = np.logaddexp(in_label[i], longer[j, head[-1]])
                longer[j, head[-1]] = -np.inf
        scores = np.append(np.logaddexp(in_blank, in_label), longer)
        best = np.argsort(-scores, kind="stable")[:beams]
        best = best[scores[best] > -np.inf]
        kept, grown = best[best < len(heads)], best[best >= len(heads)] - len(heads)
        which, k = np.divmod(grown, len(y_t))
        in_blank = np.append(in_blank[kept], np.full(len(grown), -np.inf))
        in_label = np.append(in_label[kept], longer[which, k])
        heads = [heads[i] for i in kept] + [
            (*heads[i], label) for i, label in zip(which.tolist(), k.tolist(), strict=True)
        ]
    total = np.logaddexp(in_blank, in_label)
    order = np.argsort(-total, kind="stable")
    return [Beam(np.array(heads[i], np.int64), float(total[i]), float(total[i])) for i in order]


def _checked(
    where: str, log_probs: TensorLike, input_lengths: TensorLike | None, blank: int
) -> tuple[Array, Array, int]:
    """Return log-probabilities (B, T, C), frames (B,) and the blank, or raise."""
    x = check_array(where, "log_probs", log_probs)
    if x.ndim != 3 or x.shape[2] == 0:
        raise ShapeError(f"{where}: expected log_probs (B, T, C), got {x.shape}")
    blank = check_count(where, "blank", blank, 0, x.shape[2] - 1)
    batch, steps = x.shape[:2]
    given = np.full(batch, steps) if input_lengths is None else input_lengths
    frames = check_array(where, "input_lengths", given, kinds="iu")
    if frames.shape != (batch,) or ((frames < 0) | (frames > steps)).any():
        raise ShapeError(
            f"{where}: expected input_lengths ({batch},) from 0 to {steps}, got "
            f"{frames.tolist() if frames.size <= 8 else frames.shape}"
        )
    here = np.arange(steps) < frames[:, None]
    x = np.where(here[..., None], x, 0)  # beyond, there may be anything
    if np.isnan(x).any() or (x == np.inf).any():
        raise ValueError(f"{where}: log_probs hold NaN or infinity")
    return x, frames.astype(np.intp), blank
