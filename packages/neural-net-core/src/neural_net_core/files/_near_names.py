"""What a name that is not there was probably meant to be."""

from collections.abc import Iterable
from itertools import islice, pairwise

__all__ = ["near"]

# A stranger's file may hold a million names, each of a million letters.
COMPARED = 500
LONGEST = 200


def near(name: str, names: Iterable[str]) -> str:
    """Return the end of a sentence: the names most like one, or that there are none.

    A name of a few parts, such as `attention.query`, is compared with as many neighbouring parts of
    the others, so that it is found inside `layer.0.attention.query.weight`.

    Args:
        name: What was asked for.
        names: What there is.

    Examples:
        >>> near("attention.querry", ["layer.0.attention.query.weight"])
        "; near it are 'attention.query', '0.attention', 'query.weight'"
        >>> near("w", [])
        '; there are none'
    """
    count = name.strip(".").count(".") + 1
    runs: dict[str, None] = {}
    for other in names:
        parts = other[:LONGEST].split(".")
        pieces = (".".join(parts[i : i + count]) for i in range(max(1, len(parts) - count + 1)))
        runs.update(dict.fromkeys(islice(pieces, 20)))
        if len(runs) > COMPARED:
            break
    if not runs:
        return "; there are none"
    own = _pairs(name[:LONGEST])

    def likeness(run: str) -> float:
        theirs = _pairs(run)
        return len(own & theirs) / len(own | theirs)

    nearest = sorted(runs, key=likeness, reverse=True)[:3]
    return f"; near it are {', '.join(f'{run!r:.80}' for run in nearest)}"


def _pairs(text: str) -> set[str]:
    """Return what stands side by side in a text; two texts are alike if they share much of it."""
    return set(map("".join, pairwise(f" {text} ")))
