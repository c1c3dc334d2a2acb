"""The canvas: ids, tips, cut labels and the order of things."""

import re
from xml.etree import ElementTree

import pytest

from neural_net_viz.drawing.canvas import Canvas


def test_a_cut_label_shows_whole_under_the_pointer(picture):
    canvas = Canvas()
    canvas.text(0, 10, "a label that is too long", max_width=50)
    shown = picture(canvas.figure(100, 20, "t", "d"))
    assert shown.words()[0].endswith("…")
    assert shown.tips() == ["a label that is too long"]


def test_ids_follow_the_content_and_references_follow_the_ids():
    def svg(radius):
        canvas = Canvas()
        clip = canvas.clip(0, 0, 5, 5)
        canvas.path("M0 0L9 9", "line stroke-text", clip=clip, name="p-1")
        canvas.circle(1, 1, radius, "fill-text", name="p-10")
        css = "@keyframes run{}.nnv #p-1{animation:run 1s}.nnv #p-10{animation:run 2s}"
        return canvas.figure(10, 10, "t", "d", css).to_string()

    one, other = svg(1), svg(2)
    assert svg(1) == one
    ids = re.findall(r' id="([^"]+)"', one)
    assert len(set(ids)) == len(ids) == 5
    assert not set(ids) & set(re.findall(r' id="([^"]+)"', other))
    root = ElementTree.fromstring(one)
    assert set(root.get("aria-labelledby").split()) <= set(ids)
    assert re.search(r'clip-path="url\(#([^)]+)\)"', one)[1] in ids
    assert {f"{name}" for name in re.findall(r"\.nnv #([\w-]+)\{", one)} <= set(ids)
    assert len(re.findall(r"@keyframes nnv-\w+-run\{", one)) == 1
    assert len(re.findall(r"animation:nnv-\w+-run ", one)) == 2


def test_the_page_lies_behind_everything(picture):
    canvas = Canvas()
    canvas.rect(1, 1, 2, 2, "raised")
    shown = picture(canvas.figure(10, 10, "t", "d"))
    assert [r.get("class") for r in shown.all("rect")] == ["nnv-surface", "nnv-raised"]


@pytest.mark.parametrize(("width", "height"), [(0, 5), (5, 0), (-1, 5)])
def test_an_empty_rectangle_is_left_out(width, height, picture):
    canvas = Canvas()
    canvas.rect(0, 0, width, height, "raised")
    assert len(picture(canvas.figure(10, 10, "t", "d")).all("rect")) == 1


def test_a_figure_scales_with_its_page(picture):
    shown = picture(Canvas().figure(10, 20, "t", "d"))
    assert shown.root.get("viewBox") == "0 0 10 20"
    assert "max-width:100%;height:auto" in shown.all("style")[0].text


def test_a_group_holds_what_is_drawn_in_its_block(picture):
    canvas = Canvas()
    with canvas.group("outer"):
        with canvas.group("inner"):
            canvas.circle(1, 1, 1, "text")
        canvas.rect(0, 0, 2, 2, "text")
    canvas.line(0, 0, 1, 1, "axis")
    shown = picture(canvas.figure(10, 10, "t", "d"))
    outer, inner = shown.all("g")
    assert [e.tag.rpartition("}")[2] for e in outer] == ["g", "rect"]
    assert [e.tag.rpartition("}")[2] for e in inner] == ["circle"]
    assert shown.all("line")[0] in list(shown.root)
