"""The names that are shown instead of one that is not there: few, in order, and the right parts."""

from itertools import count

import pytest

from neural_net_core.files import _near_names
from neural_net_core.files._near_names import near


@pytest.mark.parametrize(
    ("name", "names", "shown"),
    [
        ("querry", ["a.query"], ["query", "a"]),  # and not nothing, which a dot more would give
        ("a.querry", ["x.y.a.query"], ["a.query", "x.y", "y.a"]),  # the last parts of it too
        ("a.b.c", ["a.b"], ["a.b"]),  # of more parts than there are: the whole name
        ("weight.", ["weights.more"], ["weights", "more"]),  # of one part, as a prefix is given
        ("abc", ["abcabdabeabf", "abx", "abc"], ["abc", "abx", "abcabdabeabf"]),
        ("w", ["a", "b", "c", "d"], ["a", "b", "c"]),
        ("w", ["w", "w", "w"], ["w"]),
    ],
)
def test_the_most_like_come_first(name: str, names: list[str], shown: list[str]) -> None:
    """Alike is what shares much of both: a long name that holds all of it is not."""
    assert near(name, names) == "; near it are " + ", ".join(map(repr, shown))


def test_of_a_strangers_names_only_so_many_are_looked_at() -> None:
    """A file may hold a million of them; the one that is asked for has no end."""
    numbers = count()
    near("w", (f"name-{i}" for i in numbers))
    assert next(numbers) == _near_names.COMPARED + 1


def test_of_a_long_name_only_the_beginning_is_looked_at() -> None:
    text = "x" * (_near_names.LONGEST - 1)
    # All that differs between the second and the third is beyond the limit: one run for both.
    assert near("w", ["w", text + "ab", text + "ac"]) == (
        f"; near it are 'w', '{'x' * 79}"  # of which 80 letters are shown
    )


def test_of_a_name_of_many_parts_only_the_first_are_looked_at() -> None:
    parts = [f"p{i}" for i in range(25)]
    assert near("p19", [".".join(parts)]).startswith("; near it are 'p19'")
    assert "'p20'" not in near("p20", [".".join(parts)])
