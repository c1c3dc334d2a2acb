"""A transformer's block: the order of its parts upwards, and where the paths around begin."""

import re

import pytest

import neural_net_viz as viz


def heights(shown):
    """Return (name, height) of the boxes from the bottom to the top; sums are "+"."""
    names = ("layer norm", "self-attention", "cross-attention", "feed-forward")
    found = [(t.corners[0][1], t.content) for t in shown.texts() if t.content in names]
    found += [(float(e.get("cy")), "+") for e in shown.all("circle")]
    return [name for _, name in sorted(found, reverse=True)]


def test_the_norm_stands_where_it_is_asked_for(picture):
    last = heights(picture(viz.transformer_diagram()))
    assert last == ["self-attention", "+", "layer norm", "feed-forward", "+", "layer norm"]
    first = heights(picture(viz.transformer_diagram(norm_first=True)))
    assert first == ["layer norm", "self-attention", "+", "layer norm", "feed-forward", "+"]


@pytest.mark.parametrize("norm_first", [False, True])
def test_the_path_around_begins_below_the_norm_or_the_part(picture, norm_first):
    shown = picture(viz.transformer_diagram(norm_first=norm_first))
    paths = [e.get("d") for e in shown.with_class("stroke-series-0")]
    starts = sorted((float(re.match(r"M[\d.]+ ([\d.]+)", d)[1]) for d in paths), reverse=True)
    lowest = max(t.corners[2][1] for t in shown.texts() if t.content != "input")
    assert starts[0] > lowest  # below every box
    first_sum = max(float(e.get("cy")) for e in shown.all("circle"))
    ends = [float(re.findall(r"L[\d.]+ ([\d.]+)$", d)[0]) for d in paths]
    assert any(abs(end - first_sum) < 0.1 for end in ends)


def test_a_decoder_reads_the_memory_between(picture):
    shown = picture(viz.transformer_diagram(norm_first=True, decoder=True, layers=6))
    parts = [name for name in heights(shown) if "a" in name and name != "layer norm"]
    assert parts == ["self-attention", "cross-attention", "feed-forward"]
    assert {"memory", "× 6"} <= set(shown.words())
    assert "6 such blocks" in shown.figure.description


def test_bad_input():
    with pytest.raises(ValueError, match=r"layers\): expected 1 or more, got 0"):
        viz.transformer_diagram(layers=0)
