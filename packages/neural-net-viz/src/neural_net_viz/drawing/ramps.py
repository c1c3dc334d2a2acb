"""Colour ramps for heat maps and contours, even to the eye, in light and dark.

A ramp is a curve through OKLab (Ottosson 2020), a space in which equal distances look equal. It
is cut into 33 steps, so that a figure can name the step as a class and carry two colours for it:
on a light page high values are dark, on a dark page high values are bright. The middle step of
the signed ramp is a neutral close to the page. The grey ramp is the exception: black to white on
every page, for photographs.
"""

import math
from functools import lru_cache
from typing import Literal, get_args

import numpy as np

__all__ = [
    "RAMPS",
    "STEPS",
    "Ramp",
    "contrast",
    "luminance",
    "ramp_color",
    "ramp_role",
    "text_class",
]

Ramp = Literal["sequential", "signed", "ink", "grey"]
STEPS = 33

# Ramp -> (control points on a light page, on a dark page); a point is (L, chroma, hue in degrees).
_POINTS: dict[str, tuple[list[tuple[float, float, float]], list[tuple[float, float, float]]]] = {
    "sequential": (
        [
            (0.965, 0.018, 200), (0.80, 0.085, 215), (0.62, 0.125, 250),
            (0.43, 0.135, 275), (0.24, 0.09, 290),
        ],
        [
            (0.24, 0.03, 280), (0.42, 0.11, 275), (0.60, 0.12, 240),
            (0.80, 0.10, 190), (0.96, 0.09, 120),
        ],
    ),
    "signed": (
        [
            (0.42, 0.12, 42), (0.68, 0.135, 52), (0.955, 0.006, 90),
            (0.68, 0.115, 250), (0.40, 0.135, 258),
        ],
        [
            (0.84, 0.105, 60), (0.58, 0.12, 48), (0.29, 0.008, 260),
            (0.56, 0.12, 255), (0.84, 0.085, 245),
        ],
    ),
    "ink": (
        [(0.97, 0.004, 250), (0.60, 0.01, 250), (0.20, 0.01, 250)],
        [(0.24, 0.01, 250), (0.60, 0.01, 250), (0.96, 0.004, 250)],
    ),
}  # fmt: skip

RAMPS: tuple[Ramp, ...] = get_args(Ramp)


def ramp_role(ramp: Ramp, fraction: float) -> str:
    """Return the colour role of a value on a ramp.

    Args:
        ramp: One of `RAMPS`.
        fraction: Position from 0 to 1; values outside are clipped.

    Examples:
        >>> ramp_role("signed", 0.5)
        'signed-16'
    """
    step = round(min(max(fraction, 0.0), 1.0) * (STEPS - 1))
    return f"{ramp}-{step}"


@lru_cache(maxsize=512)
def ramp_color(role: str) -> tuple[str, str]:
    """Return the light-page and the dark-page colour of a ramp's step or of the text on it.

    Args:
        role: `"sequential-12"` for the step, `"sequential-12-on"` for text that stands on it.

    Raises:
        KeyError: If there is no such role.
    """
    ramp, _, rest = role.partition("-")
    if ramp not in RAMPS or not rest.split("-")[0].isdecimal():
        raise KeyError(f"no colour role named {role!r}")
    if role.endswith("-on"):
        light, dark = ramp_color(role.removesuffix("-on"))
        return _readable_on(light), _readable_on(dark)
    fraction = int(rest) / (STEPS - 1)
    if ramp == "grey":  # a photograph keeps its own greys on any page
        return (f"#{round(255 * fraction):02x}" + f"{round(255 * fraction):02x}" * 2,) * 2
    light, dark = (_to_hex(*_along(points, fraction)) for points in _POINTS[ramp])
    return light, dark


def text_class(role: str) -> str:
    """Return the class of text that stands on a cell filled with a ramp's step."""
    return f"fill-{role}-on"


def luminance(hex_color: str) -> float:
    """Return the relative luminance of a colour as WCAG 2 defines it, from 0 to 1.

    Examples:
        >>> luminance("#ffffff"), luminance("#000000")
        (1.0, 0.0)
    """
    h = hex_color.lstrip("#")
    channels = [int(h[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return round(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2], 12)


def contrast(first: str, second: str) -> float:
    """Return the WCAG 2 contrast ratio of two colours, from 1 to 21.

    Examples:
        >>> contrast("#ffffff", "#000000")
        21.0
    """
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def _readable_on(background: str) -> str:
    return max(("#000000", "#ffffff"), key=lambda text: contrast(text, background))


def _along(points: list[tuple[float, float, float]], fraction: float) -> tuple[float, float, float]:
    """Interpolate the control points in OKLab; return L, a and b."""
    at = np.linspace(0.0, 1.0, len(points))
    lab = [
        (light, chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue)))
        for light, chroma, hue in points
    ]
    values = [float(np.interp(fraction, at, channel)) for channel in zip(*lab, strict=True)]
    return values[0], values[1], values[2]


def _to_hex(light: float, a: float, b: float) -> str:
    """Convert OKLab to a hexadecimal sRGB colour, clipping what sRGB cannot show."""
    # The cube roots of the cone responses, then the responses, then linear RGB.
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    rgb = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return "#" + "".join(f"{round(255 * _gamma(channel)):02x}" for channel in rgb)


def _gamma(linear: float) -> float:
    linear = min(max(linear, 0.0), 1.0)
    return 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
