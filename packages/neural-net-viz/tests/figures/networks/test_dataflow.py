"""The dataflow of a program: who reads what whom has written, and what is given."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

import neural_net_viz as viz


def line(text, reads, writes, section="forward"):
    return SimpleNamespace(text=text, reads=reads, writes=writes, section=section)


PROGRAM = SimpleNamespace(
    lines=[
        line("y = x @ w", ("x", "w"), ("y",)),
        line("d = y - t", ("y", "t"), ("d",)),
        line("d_w = x.T @ d", ("x", "d"), ("d_w",), "backward"),
        line("w -= d_w", ("w", "d_w"), ("w",), "update"),
    ]
)


def count_of_arrows(shown):
    return sum("stroke-muted" in path.get("class", "") for path in shown.all("path"))


def test_a_node_for_every_line_and_every_given_array(picture):
    figure = viz.dataflow(PROGRAM)
    shown = picture(figure)
    words = shown.words()
    # w is given, and made by the last line.
    assert sorted(words.count(name) for name in ("x", "t", "y", "d", "d_w", "w")) == [1] * 5 + [2]
    assert {"x @ w", "y - t", "x.T @ d", "w -= d_w"} <= set(words)
    assert count_of_arrows(shown) == 2 + 2 + 2 + 2
    assert figure.description == "Dataflow of 4 lines and 3 arrays that are given."


def test_a_line_reads_what_was_written_last(picture):
    """Both lines write a: the third reads the second's, so the first is read by the second only."""
    lines = [
        line("a = x + 1", ("x",), ("a",)),
        line("a *= 2", ("a",), ("a",)),
        line("b = a + a", ("a",), ("b",)),
    ]
    shown = picture(viz.dataflow(SimpleNamespace(lines=lines)))
    assert count_of_arrows(shown) == 3  # x to a, a to a, a to b: a chain


def test_sections_have_their_outline(picture):
    shown = picture(viz.dataflow(PROGRAM))
    outlines = [
        match[0]
        for rect in shown.all("rect")
        if (match := re.search(r"stroke-series-\d", rect.get("class", "")))
    ]
    assert sorted(outlines) == ["stroke-series-0"] * 2 + ["stroke-series-1", "stroke-series-2"]


def test_shapes_of_what_is_given_are_shown(picture):
    shapes = {"x": np.ones((2, 3)), "w": np.ones((3, 1)), "unused": np.ones(7)}
    shown = picture(viz.dataflow(SimpleNamespace(lines=PROGRAM.lines, inputs=shapes)))
    assert {"(2, 3)", "(3, 1)"} <= set(shown.words())
    assert "(7,)" not in shown.words()


def test_one_section_alone_is_given_what_the_others_made(picture):
    shown = picture(viz.dataflow(PROGRAM, section="backward"))
    assert {"x", "d", "d_w"} <= set(shown.words())
    assert "y" not in shown.words()


def test_what_is_not_drawn_is_counted(picture):
    figure = viz.dataflow(PROGRAM, max_lines=1)
    assert "… 3 more" in picture(figure).words()
    assert "3 more lines not drawn" in figure.description


def test_it_refuses_what_is_no_program():
    with pytest.raises(ValueError, match=r"dataflow\(program\): expected a program"):
        viz.dataflow(3)
    with pytest.raises(ValueError, match="line 0 has no text, section, reads and writes"):
        viz.dataflow(SimpleNamespace(lines=["y = x"]))
    with pytest.raises(ValueError, match="no line to draw in the section 'update'"):
        viz.dataflow(SimpleNamespace(lines=PROGRAM.lines[:2]), section="update")
    with pytest.raises(ValueError, match="max_lines"):
        viz.dataflow(PROGRAM, max_lines=0)
