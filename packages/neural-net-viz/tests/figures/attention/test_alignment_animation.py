"""The animation of attention: what each frame shows, and where its mark stands."""

import re

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import ShapeError

SOURCE, TARGET = ["x", "y"], ["b", "a"]
EVEN, SHARP = [[0.5, 0.5], [0.5, 0.5]], [[0.1, 0.9], [0.8, 0.2]]


def styles(shown):
    """Return the style sheets: of what rests, and at the end of what moves."""
    assert len(shown.all("style")) == 2
    return "\n".join(e.text for e in shown.all("style"))


def animate(snapshots, losses=(2.0, 1.0, 0.5), **options):
    return viz.alignment_animation(snapshots, SOURCE, TARGET, losses, **options)


def frame(shown, k):
    return next(g for g in shown.all("g") if g.get("id").endswith(f"-frame-{k}"))


def texts(element):
    return [e.text for e in element.iter() if e.tag.endswith("text")]


def test_every_frame_holds_its_weights_and_says_its_step(picture):
    shown = picture(animate({2: SHARP, 0: EVEN}))
    first, last = texts(frame(shown, 0)), texts(frame(shown, 1))
    assert {"0.50", "step 0: loss 2"} <= set(first)
    assert {"0.10", "0.90", "0.80", "0.20", "step 2: loss 0.5"} <= set(last)


def test_colours_mean_the_same_in_all_frames(picture):
    """The ends are 0 and 1, whatever a frame's own largest weight is."""
    even, sharp, one = (picture(animate({0: w})) for w in (EVEN, SHARP, [[0.5, 1], [0, 0.5]]))

    def colours(shown):
        found = (re.search(r"nnv-fill-sequential-(\d+)", e.get("class") or "") for e in
                 frame(shown, 0).iter())  # fmt: skip
        return {int(match[1]) for match in found if match}

    assert len(colours(even)) == 1
    assert colours(even) < colours(one)
    assert len(colours(sharp)) == 4


def test_the_mark_stands_on_the_curve(picture, coordinates):
    shown = picture(animate({0: EVEN, 2: SHARP}))
    curve = np.array(coordinates(shown.with_class("stroke-series-0")[0].get("d")))
    for k, at in ((0, 0), (1, 2)):
        (mark,) = [e for e in frame(shown, k).iter() if e.get("cx")]
        np.testing.assert_allclose(
            [float(mark.get("cx")), float(mark.get("cy"))], curve[at], atol=0.01
        )


def test_readers_who_want_no_motion_see_the_last_frame(picture):
    style = styles(picture(animate({0: EVEN, 2: SHARP}, seconds=4)))
    assert style.count("4s step-end infinite") == 1
    still = re.sub(r"(?s)@media \(prefers-reduced-motion:no-preference\).*", "", style)
    assert "animation" not in still
    assert re.findall(r"-frame-(\d)\{visibility:hidden\}", still) == ["0"]


def test_bad_input():
    with pytest.raises(
        ValueError, match=r"alignment_animation\(snapshots\): expected at least one"
    ):
        animate({})
    with pytest.raises(ValueError, match="from step 0 to 3, but losses after 0 to 2 steps"):
        animate({0: EVEN, 3: SHARP})
    with pytest.raises(ValueError, match="more than 0, got -1"):
        animate({0: EVEN}, seconds=-1)
    with pytest.raises(ShapeError, match=r"one shape, got \(1, 2\) and \(2, 2\)"):
        animate({0: EVEN, 1: SHARP[:1]})
    with pytest.raises(ShapeError, match=r"alignment_animation\(target\)"):
        animate({0: SHARP[:1]})


def test_rows_columns_and_colours_can_stand_for_other_things():
    svg = animate(
        {0: EVEN, 1: SHARP}, row_label="network", column_label="lag", value_label="g"
    ).to_string()
    assert "rows: network; columns: lag" in svg
    assert ">g<" in svg
    assert ">weight<" not in svg
