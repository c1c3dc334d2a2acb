"""Colours: readable on their pages, and apart for every kind of sight."""

import itertools

import numpy as np
import pytest

from neural_net_viz.drawing.ramps import RAMPS, STEPS, contrast, luminance, ramp_color, ramp_role
from neural_net_viz.drawing.theme import (
    COLORS,
    DASHES,
    MARKERS,
    SERIES,
    color,
    series_role,
    style_sheet,
)

# How linear RGB looks without one kind of cone (Machado, Oliveira & Fernandes 2009, table 1).
SIGHTS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


def linear(hex_color):
    channels = np.array([int(hex_color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def oklab(rgb):
    """Convert linear RGB by the matrices of Ottosson's definition."""
    to_cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return to_lab @ np.cbrt(to_cones @ np.clip(rgb, 0, 1))


def distance(a, b, sight):
    return float(np.linalg.norm(oklab(sight @ linear(a)) - oklab(sight @ linear(b))))


@pytest.mark.parametrize("page", [0, 1])
@pytest.mark.parametrize("role", ["text", "muted", "right", "wrong"])
def test_words_have_the_contrast_that_wcag_asks_of_text(role, page):
    for ground in ("surface", "raised"):
        assert contrast(COLORS[role][page], COLORS[ground][page]) >= 4.5


@pytest.mark.parametrize("page", [0, 1])
@pytest.mark.parametrize(
    "role", ["axis", "positive", "negative", *(f"series-{i}" for i in range(SERIES))]
)
def test_lines_have_the_contrast_that_wcag_asks_of_graphics(role, page):
    assert contrast(COLORS[role][page], COLORS["surface"][page]) >= 3


@pytest.mark.parametrize("page", [0, 1])
@pytest.mark.parametrize("sight", SIGHTS)
def test_series_are_told_apart_by_every_kind_of_sight(sight, page):
    colors = [COLORS[f"series-{i}"][page] for i in range(SERIES)]
    pairs = itertools.combinations(colors, 2)
    # 0.02 is about the least difference seen between two patches side by side.
    assert min(distance(a, b, SIGHTS[sight]) for a, b in pairs) > 0.06
    first = itertools.combinations(colors[:4], 2)
    assert min(distance(a, b, SIGHTS[sight]) for a, b in first) > 0.09


@pytest.mark.parametrize("page", [0, 1])
@pytest.mark.parametrize("sight", SIGHTS)
def test_the_two_signs_are_told_apart(sight, page):
    assert distance(COLORS["positive"][page], COLORS["negative"][page], SIGHTS[sight]) > 0.12


def test_series_differ_in_dash_and_marker_too():
    assert len(set(DASHES)) == len(set(MARKERS)) == SERIES
    assert series_role(SERIES + 1) == "series-1"


@pytest.mark.parametrize("ramp", RAMPS)
@pytest.mark.parametrize("page", [0, 1])
def test_text_stands_out_from_every_step(ramp, page):
    for step in range(STEPS):
        ground = ramp_color(f"{ramp}-{step}")[page]
        assert contrast(ramp_color(f"{ramp}-{step}-on")[page], ground) >= 4.5


@pytest.mark.parametrize("page", [0, 1])
@pytest.mark.parametrize("ramp", ["sequential", "ink"])
def test_lightness_runs_one_way_along_a_ramp(ramp, page):
    lights = np.array([luminance(ramp_color(f"{ramp}-{step}")[page]) for step in range(STEPS)])
    assert (np.diff(lights) * (1 if page else -1) > 0).all()  # high values stand out on any page


@pytest.mark.parametrize("page", [0, 1])
def test_the_middle_of_the_signed_ramp_is_neutral_and_closest_to_the_page(page):
    middle = oklab(linear(ramp_color("signed-16")[page]))
    assert np.hypot(*middle[1:]) < 0.02
    ground = COLORS["surface"][page]
    nearness = [contrast(ramp_color(f"signed-{step}")[page], ground) for step in range(STEPS)]
    assert int(np.argmin(nearness)) == 16


def test_grey_is_the_same_on_every_page_and_goes_by_the_pixel_value():
    assert ramp_color("grey-0") == ("#000000", "#000000")
    assert ramp_color("grey-16") == ("#808080", "#808080")
    assert ramp_color("grey-32") == ("#ffffff", "#ffffff")


@pytest.mark.parametrize("role", ["nothing", "sequential-x", "rainbow-3"])
def test_an_unknown_role_is_an_error(role):
    with pytest.raises(KeyError):
        color(role)


def test_values_beyond_a_ramp_take_its_ends():
    assert ramp_role("ink", -3) == "ink-0" and ramp_role("ink", 7) == "ink-32"


def test_the_style_sheet_holds_what_is_used_and_nothing_else():
    css = style_sheet(["text", "fill-sequential-3"])
    assert "--nnv-text:" in css and "--nnv-sequential-3:" in css and "--nnv-grid" not in css
    for line in css.splitlines():
        assert line.startswith((".nnv", "@media (prefers-color-scheme:dark){.nnv{"))


def test_viewers_without_custom_properties_see_the_light_colours():
    css = style_sheet(["text"])
    assert f"fill:{COLORS['text'][0]};fill:var(--nnv-text)" in css
