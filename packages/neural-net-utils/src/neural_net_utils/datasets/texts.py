"""A text of its own for language models: Shakespeare's As You Like It, in the public domain.

Source, edition, checksum and every change made to it stand in `data/TEXT.md` beside the file.
"""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import Literal

import numpy as np

from neural_net_core.checks import check_array, check_count, check_word
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.random import resolve_rng
from neural_net_core.tensor import TensorLike

__all__ = ["load_text", "random_windows"]

SHA256 = "decc2b3cb83c27f902a411e84db9ed9ebd5a352d608619512f66603fa299f470"


def load_text(split: Literal["train", "validation"] | None = None) -> str:
    """Load the play As You Like It: 122,930 characters, 64 different ones, plain ASCII.

    By convention a language model trains on the first 90 % and is judged on the last 10 %, so
    that figures of different models compare. One play is about a ninth of what is known as "tiny
    Shakespeare": losses on it are higher than those published for that file.

    Args:
        split: "train" (the first 110,637 characters), "validation" (the last 12,293), or None
            for the whole text.

    Returns:
        The text; a speaker's name stands on a line of its own, before what is said.

    Raises:
        ValueError: for an unknown split, or if the file does not match its checksum.

    Examples:
        >>> print(load_text()[70:124])
        ORLANDO:
        As I remember, Adam, it was upon this fashion
        >>> len(load_text("train")), len(load_text("validation"))
        (110637, 12293)
    """
    check_word("load_text", "split", split, ("train", "validation", None))
    path = resources.files("neural_net_utils") / "data" / "as_you_like_it.txt"
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ValueError(f"{path} does not match its checksum: reinstall neural-net-utils")
    text = content.decode("ascii")
    cut = len(text) * 9 // 10
    return {None: text, "train": text[:cut], "validation": text[cut:]}[split]


def random_windows(
    tokens: TensorLike, n: int, length: int, *, rng: np.random.Generator | None = None
) -> tuple[Array, Array]:
    """Cut random pieces out of a long text: the inputs, and at every place the token after it.

    Args:
        tokens: the text as ids (N,), N > length.
        n: number of pieces.
        length: T.
        rng: None means the library's generator.

    Returns:
        `x` and `y` (n, T), with `y[:, t]` the token that follows `x[:, t]` in the text.

    Raises:
        ShapeError: if the text is not one row of more than `length` ids.

    Examples:
        >>> x, y = random_windows([5, 6, 7, 8], n=1, length=3)
        >>> x.tolist(), y.tolist()
        ([[5, 6, 7]], [[6, 7, 8]])
    """
    ids = check_array("random_windows", "tokens", tokens)
    n = check_count("random_windows", "n", n, 1)
    length = check_count("random_windows", "length", length, 1)
    if ids.ndim != 1 or len(ids) <= length:
        raise ShapeError(
            f"random_windows: expected tokens (N,) with N > length = {length}, got {ids.shape}"
        )
    starts = resolve_rng(rng).integers(0, len(ids) - length, n)
    pieces = ids[starts[:, np.newaxis] + np.arange(length + 1)]  # (n, T + 1)
    return pieces[:, :-1], pieces[:, 1:]
