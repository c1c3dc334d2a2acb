"""From scores of the next token to text: greedy, at random, and by beam search.

A model enters as a function `next_logits(tokens) -> logits` from ids (B, T) to scores (B, V) of
what comes next, so that a recurrent network, a transformer and a table of counts are the same here.
Probabilities are float64, as they are added up over the vocabulary and over the sequence.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from neural_net_core.checks import (
    check_array,
    check_callable,
    check_count,
    check_number,
    is_number,
    shown,
)
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.random import resolve_rng
from neural_net_core.tensor import TensorLike

__all__ = ["Beam", "beam_search", "generate", "sample_token", "token_probabilities"]

NextLogits = Callable[[Array], Any]


def token_probabilities(
    logits: TensorLike,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Array:
    r"""Turn scores into the probabilities that a token is drawn with.

    $$ p_i \propto \exp(z_i / \tau) $$

    Then all but the `top_k` likeliest tokens become impossible; of what is left, all but the
    smallest set of likeliest tokens that together have probability `top_p`.

    Args:
        logits: scores z (..., V); minus infinity forbids a token.
        temperature: τ >= 0. Below 1 the likely becomes likelier; 0 leaves the best token only
            (of equals, the one with the smallest id); infinity makes all equal.
        top_k: how many tokens stay, >= 1; None keeps all.
        top_p: in (0, 1]; at least one token stays. None keeps all.

    Returns:
        Probabilities (..., V), float64.

    Raises:
        ValueError: for a number out of range, for logits that are NaN or plus infinity, or if
            every token of a row is forbidden.

    Source: top-k: Fan et al. (2018), arXiv:1805.04833, section 5; top-p ("nucleus"): Holtzman
        et al. (2020), arXiv:1904.09751, section 3.1.

    Examples:
        >>> logits = np.log([0.5, 0.3, 0.15, 0.05])
        >>> token_probabilities(logits, top_k=2).round(3).tolist()
        [0.625, 0.375, 0.0, 0.0]
        >>> token_probabilities(logits, top_p=0.9).round(3).tolist()
        [0.526, 0.316, 0.158, 0.0]
        >>> token_probabilities(logits, temperature=0.5).round(3).tolist()
        [0.685, 0.247, 0.062, 0.007]
    """
    z = _checked_logits("token_probabilities", logits)
    top_k, top_p = _checked_options("token_probabilities", temperature, top_k, top_p)
    order = np.argsort(-z, axis=-1, kind="stable")  # likeliest first, of equals the smaller id
    z = np.take_along_axis(z, order, axis=-1)
    z -= z[..., :1]  # the best becomes 0: exp cannot overflow
    if temperature == 0:
        top_k = 1
    else:
        possible = z > -np.inf  # with τ = ∞, −∞/τ would be NaN
        with np.errstate(over="ignore"):  # a tiny τ: −∞ is the right answer
            np.divide(z, temperature, out=z, where=possible)
    p = np.exp(z)
    if top_k is not None:
        p[..., top_k:] = 0
    p /= p.sum(axis=-1, keepdims=True)
    if top_p is not None:
        before = np.cumsum(p, axis=-1) - p  # the probability of all better tokens
        p[before >= top_p] = 0  # the best always stays: before it there is nothing
        p /= p.sum(axis=-1, keepdims=True)
    out = np.empty_like(p)
    np.put_along_axis(out, order, p, axis=-1)
    return out


def sample_token(
    logits: TensorLike,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    rng: np.random.Generator | None = None,
) -> Array:
    """Draw one token per row of scores; `temperature=0` takes the best one ("greedy").

    Args:
        logits: scores (..., V).
        temperature: see `token_probabilities`.
        top_k: see `token_probabilities`.
        top_p: see `token_probabilities`.
        rng: None means the library's generator. One number is drawn per row, whatever the
            options, but none at temperature 0.

    Returns:
        Ids (...), int64.

    Examples:
        >>> sample_token([[0.0, 2.0, 1.0], [5.0, 0.0, 0.0]], temperature=0).tolist()
        [1, 0]
    """
    p = token_probabilities(logits, temperature=temperature, top_k=top_k, top_p=top_p)
    if temperature == 0:
        return np.asarray(np.argmax(p, axis=-1))
    up_to = np.cumsum(p, axis=-1)
    total = up_to[..., -1:]  # 1 but for rounding
    drawn = resolve_rng(rng).random(p.shape[:-1])[..., np.newaxis] * total
    drawn = np.minimum(drawn, np.nextafter(total, 0))
    passed = up_to <= drawn  # so the first that is not passed exists, and is possible
    return np.asarray(passed.sum(axis=-1))


def generate(
    next_logits: NextLogits,
    prompt: TensorLike,
    n: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    stop: int | None = None,
    rng: np.random.Generator | None = None,
) -> Array:
    """Continue a prompt token by token.

    Args:
        next_logits: from ids (B, T) to scores (B, V) of the next token. It is always given all
            tokens so far, one more at each call; a function that keeps a cache of keys and values
            reads only the columns it has not seen.
        prompt: ids (T,), or (B, T) for B texts at once; T may be 0 if the function allows it.
        n: how many tokens to add, at most.
        temperature: see `token_probabilities`; 0 is greedy.
        top_k: see `token_probabilities`.
        top_p: see `token_probabilities`.
        stop: the id of a token that ends a text. What would follow in its row is filled up
            with it, and when every row has ended, nothing more is computed.
        rng: None means the library's generator.

    Returns:
        Prompt and continuation, (T + n,) or (B, T + n); shorter if all texts ended.

    Raises:
        ShapeError: if the prompt or the scores have another shape.

    Examples:
        >>> def count_up(tokens):
        ...     return 9.0 * (np.arange(5) == tokens[:, -1:] + 1)
        >>> generate(count_up, [0, 1], 10, temperature=0, stop=4).tolist()
        [0, 1, 2, 3, 4]
    """
    n = check_count("generate", "n", n, 0)
    check_callable("generate", "next_logits", next_logits)
    _checked_options("generate", temperature, top_k, top_p)
    tokens, single = _checked_prompt("generate", prompt)
    ended = np.zeros(len(tokens), dtype=bool)
    for _ in range(n):
        logits = _row_logits("generate", next_logits(tokens), len(tokens), stop)
        drawn = sample_token(logits, temperature=temperature, top_k=top_k, top_p=top_p, rng=rng)
        if stop is not None:
            drawn = np.where(ended, stop, drawn)
            ended |= drawn == stop
        tokens = np.concatenate([tokens, drawn[:, np.newaxis]], axis=1)
        if ended.all():
            break
    return tokens[0] if single else tokens


class Beam(NamedTuple):
    """One result of a beam search.

    Attributes:
        tokens: ids (T + m,): the prompt and what was added. Of `ctc_beam_decode` the labels.
        log_probability: ln of the probability of what was added.
        score: what the results are ranked by.
    """

    tokens: Array
    log_probability: float
    score: float


def beam_search(
    next_logits: NextLogits,
    prompt: TensorLike,
    n: int,
    *,
    beams: int = 4,
    stop: int | None = None,
    length_penalty: float = 0.0,
) -> list[Beam]:
    r"""Look for the likeliest continuation, keeping the best `beams` unfinished ones at each step.

    $$ \text{score} = \frac{\ln P(y \mid x)}{((5 + |y|) / 6)^{\alpha}} $$

    At each step every kept text may end, and the `beams` likeliest that do not end are kept. What
    counts in the end is the score alone, of all texts that ended on the way: so one beam without
    a stop token is the greedy continuation, while with one it may find a text that ends earlier
    and scores better than the greedy one, and never a worse one. As many beams as there are
    continuations make it an exhaustive search.

    Args:
        next_logits: from ids (B, T) to scores (B, V) of the next token. The rows are the beams of
            the moment: they change places from call to call, so it must not keep a cache by row.
        prompt: ids (T,).
        n: how many tokens to add, at most.
        beams: how many continuations stay, >= 1.
        stop: the id of the token that ends a text; None means that all have n tokens.
        length_penalty: α; 0 ranks by probability, which favours short texts, 1 nearly by the
            probability per token.

    Returns:
        At most `beams` results, best first: texts that ended, and those that reached n tokens.

    Raises:
        ShapeError: if the prompt or the scores have another shape.

    Source: Wu et al. (2016), Google's Neural Machine Translation System, arXiv:1609.08144,
        section 7, eq. 14, without the coverage term.

    Examples:
        >>> table = np.log([[0.1, 0.55, 0.35], [0.4, 0.3, 0.3], [0.05, 0.05, 0.9]])
        >>> best = beam_search(lambda tokens: table[tokens[:, -1]], [0], 2, beams=3)[0]
        >>> best.tokens.tolist(), round(math.exp(best.log_probability), 3)  # greedy: [0, 1, 0]
        ([0, 2, 2], 0.315)
    """
    n = check_count("beam_search", "n", n, 1)
    beams = check_count("beam_search", "beams", beams, 1)
    check_callable("beam_search", "next_logits", next_logits)
    alpha = check_number("beam_search", "length_penalty", length_penalty, -100, 100)
    tokens, single = _checked_prompt("beam_search", prompt)
    if not single:
        raise ShapeError(f"beam_search: expected a prompt (T,), got {tokens.shape}")

    def score(log_probability: float, length: int) -> float:
        return log_probability / math.pow((5 + length) / 6, alpha)

    totals = np.zeros(1)  # ln P of each beam
    finished: list[Beam] = []
    for length in range(1, n + 1):
        logits = _checked_logits(
            "beam_search", _row_logits("beam_search", next_logits(tokens), len(tokens), stop)
        )
        high = logits.max(axis=1, keepdims=True)
        log_p = logits - high - np.log(np.exp(logits - high).sum(axis=1, keepdims=True))
        candidates = totals[:, np.newaxis] + log_p  # (beams, V)
        ends = (np.arange(log_p.shape[1]) == stop) | (length == n)
        texts, ln_p = _grown(tokens, np.where(ends, candidates, -np.inf), beams)
        finished += [
            Beam(text, total, score(total, length))
            for text, total in zip(texts, ln_p.tolist(), strict=True)
        ]
        finished = sorted(finished, key=lambda beam: -beam.score)[:beams]
        tokens, totals = _grown(tokens, np.where(ends, -np.inf, candidates), beams)
        if not len(tokens) or _settled(finished, beams, totals[0], n, score):
            break
    return finished


def _grown(tokens: Array, candidates: Array, most: int) -> tuple[Array, Array]:
    """Return the likeliest texts (at most `most`) with one token more, and their ln P."""
    flat = candidates.ravel()
    best = np.argsort(-flat, kind="stable")[:most]
    best = best[flat[best] > -np.inf]
    rows, last = np.divmod(best, candidates.shape[1])
    return np.concatenate([tokens[rows], last[:, np.newaxis]], axis=1), flat[best]


def _settled(
    finished: list[Beam],
    beams: int,
    total: float,
    n: int,
    score: Callable[[float, int], float],
) -> bool:
    """Whether no unfinished text can still get among the results: ln P only falls from here."""
    reachable = max(score(total, length) for length in (1, n))
    return len(finished) == beams and finished[-1].score >= reachable


def _checked_options(
    where: str, temperature: float, top_k: int | None, top_p: float | None
) -> tuple[int | None, float | None]:
    """Return top_k and top_p, or raise for what they and the temperature must not be."""
    if not (is_number(temperature) and temperature >= 0):  # infinity is fine
        raise ValueError(f"{where}: temperature must be >= 0, got {shown(temperature)}")
    if top_p is not None and not (is_number(top_p) and 0 < top_p <= 1):
        raise ValueError(f"{where}: top_p must be in (0, 1], got {shown(top_p)}")
    return None if top_k is None else check_count(where, "top_k", top_k, 1), top_p


def _checked_logits(where: str, logits: TensorLike) -> Array:
    """Return scores (..., V) as a new float64 array, or raise."""
    z = check_array(where, "logits", logits).astype(np.float64)
    if z.ndim == 0 or z.shape[-1] == 0:
        raise ShapeError(f"{where}: expected logits (..., V) with V >= 1, got {z.shape}")
    if z.size:
        best = z.max(axis=-1)
        if np.isnan(best).any() or (best == np.inf).any():
            raise ValueError(f"{where}: logits hold NaN or infinity")
        if (best == -np.inf).any():
            raise ValueError(f"{where}: every token of a row is forbidden (all logits −inf)")
    return z


def _row_logits(where: str, logits: Any, rows: int, stop: int | None) -> Array:
    """Return what `next_logits` gave as an array (B, V), or raise."""
    data = check_array(where, "what next_logits returns", logits)
    if data.ndim != 2 or len(data) != rows:
        raise ShapeError(
            f"{where}: next_logits must return (B, V) = ({rows}, V), got {data.shape}; "
            "of a model's (B, T, V) take the last step, [:, -1]"
        )
    if stop is not None and data.shape[1]:
        check_count(where, "stop", stop, 0, data.shape[1] - 1)
    return data


def _checked_prompt(where: str, prompt: TensorLike) -> tuple[Array, bool]:
    """Return the prompt as ids (B, T), and whether it was one row."""
    tokens = check_array(where, "prompt", prompt)
    if tokens.size == 0:
        tokens = tokens.astype(np.int64)  # an empty list is float
    if tokens.dtype.kind not in "iu" or tokens.ndim not in (1, 2):
        raise ShapeError(
            f"{where}: expected a prompt of ids (T,) or (B, T), got {tokens.dtype} {tokens.shape}"
        )
    return np.atleast_2d(tokens).astype(np.int64), tokens.ndim == 1
