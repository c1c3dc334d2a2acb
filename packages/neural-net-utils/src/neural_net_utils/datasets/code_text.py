"""Lines of code-like text in which some words are used exactly alike: planted synonyms.

Whether embeddings find that "function" and "def" mean the same can be tested only where it is
known. So this text is made up: each line follows one of a few forms, and where a form has two
words for one thing, a coin decides between them. What a method finds here says that it works, not
that real code has such structure.
"""

from __future__ import annotations

from bisect import bisect
from itertools import accumulate

import numpy as np

from neural_net_core.checks import check_count
from neural_net_core.random import resolve_rng

__all__ = ["CODE_SYNONYMS", "code_lines"]

# Pairs that occur in the same places. The first word of a pair is drawn 60 % of the time.
CODE_SYNONYMS = (
    ("function", "def"),
    ("class", "struct"),
    ("while", "until"),
    ("if", "when"),
    ("print", "echo"),
    ("import", "include"),
    ("int", "integer"),
    ("str", "text"),
)

# What the forms below draw from; earlier words are drawn more often.
WORDS = {
    "VERB": [
        "load",
        "save",
        "parse",
        "merge",
        "split",
        "render",
        "fetch",
        "count",
        "sort",
        "update",
    ],
    "ARGUMENT": ["path", "data", "key", "value", "items", "limit", "name", "source"],
    "NOUN": ["Point", "Circle", "Account", "Vector", "Matrix", "Order", "User", "Node"],
    "FIELD": ["width", "height", "owner", "total", "radius", "color", "size", "label"],
    "COUNTER": ["i", "j", "k", "step", "index", "round"],
    "FLAG": ["ready", "done", "empty", "valid", "open", "failed"],
    "MESSAGE": ["hello", "warning", "finished", "started", "result", "error", "retry", "bye"],
    "MODULE": ["math", "json", "random", "socket", "logging", "time", "regex", "graph"],
    "NUMBER": ["0", "1", "2", "10", "100"],
    "OPERATOR": ["+", "-", "*", "/"],
    "COMPARE": ["<", ">", "=="],
}

# Sums of 1, 1/2, 1/3, …: a word's chance is proportional to 1 / rank, as Zipf found it.
ZIPF = list(accumulate(1 / rank for rank in range(1, 20)))

FORMS = [
    form.split()
    for form in (
        "function VERB ( ARGUMENT , ARGUMENT ) : return ARGUMENT OPERATOR ARGUMENT",
        "function VERB ( ARGUMENT ) : return VERB ( ARGUMENT )",
        "class NOUN : int FIELD ; str FIELD",
        "class NOUN ( NOUN ) : str FIELD",
        "while COUNTER COMPARE NUMBER : COUNTER = COUNTER OPERATOR NUMBER",
        "if FLAG : print ( MESSAGE )",
        "if FLAG : VERB ( ARGUMENT )",
        "print ( MESSAGE , COUNTER )",
        "import MODULE ; import MODULE",
        "int COUNTER = NUMBER",
        "str ARGUMENT = MESSAGE",
    )
]


def code_lines(n: int, *, rng: np.random.Generator | None = None) -> list[list[str]]:
    """Make lines of code-like text, each a list of words.

    Args:
        n: number of lines.
        rng: None means the library's generator.

    Returns:
        The lines; together about 100 different words.

    Examples:
        >>> for line in code_lines(3, rng=np.random.default_rng(1)):
        ...     print(" ".join(line))
        when failed : echo ( warning )
        if done : print ( hello )
        import json ; include logging
    """
    n = check_count("code_lines", "n", n, 1)
    rng = resolve_rng(rng)
    twins = dict(CODE_SYNONYMS)

    def word(part: str) -> str:
        if part in WORDS:
            up_to = ZIPF[: len(WORDS[part])]
            return WORDS[part][bisect(up_to, rng.random() * up_to[-1])]
        if part in twins and rng.random() < 0.4:
            return twins[part]
        return part

    return [[word(part) for part in FORMS[i]] for i in rng.integers(0, len(FORMS), n)]
