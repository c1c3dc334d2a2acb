"""Matrices as squares, and as bitmaps when they are large."""

import base64
import struct
import zlib

import numpy as np
import pytest

from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.pixels import data_range, draw_pixels, ramp_steps
from neural_net_viz.drawing.ramps import STEPS, ramp_color


def drawn(image, picture, colors="ink"):
    canvas = Canvas()
    low, high = data_range(image, colors)
    draw_pixels(canvas, image, 0, 0, 100, 50, low, high, colors)
    return picture(canvas.figure(100, 50, "t", "d"))


def read_png(address):
    """Read back a palette PNG without filters: (rows, columns) of indices, and its palette."""
    data = base64.b64decode(address.removeprefix("data:image/png;base64,"))
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0] == zlib.crc32(
            kind + body
        )
        chunks[kind] = body
        at += 12 + length
    columns, rows = struct.unpack(">II", chunks[b"IHDR"][:8])
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(rows, columns + 1)
    assert not lines[:, 0].any()
    return lines[:, 1:], chunks[b"PLTE"], chunks[b"tRNS"]


def test_steps_run_over_the_whole_ramp_and_nan_has_none():
    values = np.array([-np.inf, 0.0, 0.5, 1.0, np.inf, np.nan])
    assert ramp_steps(values, 0.0, 1.0).tolist() == [0, 0, 16, 32, 32, -1]


def test_steps_of_huge_ranges_do_not_overflow():
    assert ramp_steps(np.array([-1e308, 0.0, 1e308]), -1e308, 1e308).tolist() == [0, 16, 32]


@pytest.mark.parametrize(
    ("values", "colors", "expected"),
    [
        ([2.0, 5.0, np.nan], "ink", (2.0, 5.0)),
        ([2.0, -5.0, np.inf], "signed", (-5.0, 5.0)),
        ([3.0], "sequential", (3.0, 4.0)),
        ([0.0], "signed", (-1.0, 1.0)),
        ([], "ink", (0.0, 1.0)),
        ([np.nan], "signed", (-1.0, 1.0)),
    ],
)
def test_the_range_of_the_colours(values, colors, expected):
    assert data_range(np.array(values), colors) == expected


def test_a_small_matrix_is_one_path_per_shade_and_nan_is_left_out(picture):
    shown = drawn(np.array([[0.0, 0.0, 1.0], [np.nan, 1.0, 0.0]]), picture)
    (white,) = shown.with_class("fill-ink-0")
    (black,) = shown.with_class("fill-ink-32")
    assert white.get("d") == "M0 0H66.67V25H0ZM66.67 25H100V50H66.67Z"
    assert black.get("d") == "M66.67 0H100V25H66.67ZM33.33 25H66.67V50H33.33Z"


def test_a_large_matrix_is_a_bitmap_for_each_kind_of_page(picture):
    rng = np.random.default_rng(0)
    image = rng.uniform(size=(120, 100))
    image[3, 4] = np.nan
    shown = drawn(image, picture, "sequential")
    images = shown.all("image")
    assert [e.get("class") for e in images] == ["nnv-light-page", "nnv-dark-page"]
    low, high = data_range(image, "sequential")
    for page, element in enumerate(images):
        indices, palette, clear = read_png(element.get("href"))
        expected = ramp_steps(image, low, high)
        expected[3, 4] = STEPS
        np.testing.assert_array_equal(indices, expected)
        assert palette[:3].hex() == ramp_color("sequential-0")[page].lstrip("#")
        assert clear[STEPS] == 0 and set(clear[:STEPS]) == {255}


def test_a_huge_matrix_is_averaged(picture):
    image = np.repeat(np.arange(1024.0)[None], 600, axis=0)
    indices, _, _ = read_png(drawn(image, picture).all("image")[0].get("href"))
    assert indices.shape == (512, 512)
    np.testing.assert_array_equal(indices[0], np.sort(indices[0]))
