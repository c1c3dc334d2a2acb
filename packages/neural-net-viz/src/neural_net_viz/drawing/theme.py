"""Colours in light and dark, and the style sheet that each figure carries.

A figure names *roles* (`text`, `grid`, `series-0`), never colours. Each role has one colour for
light pages and one for dark pages, written as CSS custom properties, so that the browser switches
by itself and a page may override a role. The series colours were found by a search that maximized
the smallest distance between any two of them, as seen with normal sight and with the three kinds
of colour blindness (Machado et al. 2009), under a least contrast against the background; the
search started from the hues of Okabe & Ito (2008).
"""

from collections.abc import Iterable

from neural_net_viz.drawing.ramps import ramp_color

__all__ = ["COLORS", "DASHES", "MARKERS", "SERIES", "color", "series_role", "style_sheet"]

# Role -> (on a light page, on a dark page).
COLORS: dict[str, tuple[str, str]] = {
    "surface": ("#ffffff", "#14171c"),
    "raised": ("#f3f5f8", "#20252c"),
    "text": ("#1d2127", "#e8eaed"),
    "muted": ("#59616b", "#a3abb5"),
    "axis": ("#8a929c", "#6d7681"),
    "grid": ("#e3e6ea", "#2b313a"),
    "positive": ("#0b62c4", "#6cb2ff"),
    "negative": ("#c2500a", "#ff9a52"),
    "right": ("#0a6b4d", "#5fd6a8"),
    "wrong": ("#b3261e", "#ff8a80"),
    "series-0": ("#4563fc", "#3a7ffe"),
    "series-1": ("#c67616", "#e17f1a"),
    "series-2": ("#077463", "#8fe2a0"),
    "series-3": ("#a34cb2", "#e89ffa"),
    "series-4": ("#825b20", "#f7e235"),
    "series-5": ("#10515b", "#d3f0f3"),
    "series-6": ("#43076c", "#9379b3"),
    "series-7": ("#812b28", "#f12575"),
}

# Pictures that exist twice, once for each kind of page, and show only there.
_SWITCHES = {"light-page": ("inline", "none"), "dark-page": ("none", "inline")}

SERIES = 8

# A series is told apart by its dash and its marker too, never by colour alone.
DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 2", "12 4", "6 2 2 2 2 2", "1 3")
MARKERS = ("circle", "square", "triangle", "diamond", "plus", "cross", "ring", "bar")

# Class -> declarations; `$role` stands for the role's colour.
_RULES: dict[str, str] = {
    "surface": "fill:$surface",
    "raised": "fill:$raised",
    "text": "fill:$text",
    "muted": "fill:$muted",
    "on-light": "fill:#000",
    "on-dark": "fill:#fff",
    "halo": "paint-order:stroke;stroke:$surface;stroke-width:3px;stroke-linejoin:round",
    "frame": "fill:none;stroke:$axis;stroke-width:1",
    "axis": "stroke:$axis;stroke-width:1;fill:none",
    "grid": "stroke:$grid;stroke-width:1;fill:none",
    "contour": "stroke:$axis;stroke-width:.5;stroke-opacity:.6",
    "rule": "stroke:$muted;stroke-width:1.5;stroke-dasharray:6 4;fill:none",
    "edge": "stroke:$text;stroke-width:1.2",
    "outline": "stroke:$surface;stroke-width:1.2",
    "node": "fill:$raised;stroke:$axis;stroke-width:1.2",
    "line": "fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round",
    "thin": "fill:none;stroke-width:1",
    "mark": "fill:none;stroke-width:2;stroke-linecap:round;stroke-linejoin:round",
    "band": "fill-opacity:.18;stroke:none",
    "soft": "fill-opacity:.55",
    "crisp": "shape-rendering:crispEdges",
    "none": "fill:none",
    "light-page": "display:$light-page",
    "dark-page": "display:$dark-page",
    "mono": "font-family:ui-monospace,'SF Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace",
}
_RULES |= {f"fill-{role}": f"fill:${role}" for role in COLORS}
_RULES |= {f"stroke-{role}": f"stroke:${role}" for role in COLORS}

# What a figure takes over from no page, neither by inheritance nor from rules for all elements.
# `all:initial` would do it in two words, but it undoes sizes and dashes given as attributes too.
_OWN = (
    "direction:ltr;unicode-bidi:normal;writing-mode:horizontal-tb;"
    "font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;"
    "font-style:normal;font-weight:400;font-stretch:100%;font-variant:tabular-nums;"
    "font-size-adjust:none;font-feature-settings:normal;letter-spacing:normal;"
    "word-spacing:normal;line-height:normal;text-indent:0;text-transform:none;"
    "text-decoration:none;text-shadow:none;text-anchor:start;dominant-baseline:auto;stroke:none"
)
# Attributes are weaker than any rule of a page, so the same is said again as rules.
_ATTRIBUTES = (
    ".nnv.nnv [text-anchor=middle]{text-anchor:middle}",
    ".nnv.nnv [text-anchor=end]{text-anchor:end}",
    ".nnv.nnv [font-weight=bold]{font-weight:700}",
)


def color(role: str) -> tuple[str, str]:
    """Return a role's colours on a light and on a dark page.

    Args:
        role: A key of `COLORS`, or a ramp's step such as `"sequential-12"`.

    Examples:
        >>> color("surface")
        ('#ffffff', '#14171c')
    """
    known = COLORS.get(role) or _SWITCHES.get(role)
    return known if known is not None else ramp_color(role)


def series_role(index: int) -> str:
    """Return the colour role of the series at `index`; after eight the colours start again.

    Examples:
        >>> series_role(0), series_role(9)
        ('series-0', 'series-1')
    """
    return f"series-{index % SERIES}"


def style_sheet(classes: list[str], sizes: Iterable[str] = (), extra: str = "") -> str:
    """Write the style sheet of one figure: the rules it uses and the colours these need.

    Args:
        classes: The classes that occur in the figure, without prefix.
        sizes: The font sizes that occur in it.
        extra: Further rules, for example what rests in an animation.

    Returns:
        CSS in which every selector begins with the class `nnv`, so that a figure put straight
        into a page styles nothing else there; and the page's own style, such as its direction or
        letter spacing, does not reach into the figure.
    """
    roles: dict[str, None] = {}
    rules = []
    for name in classes:
        declarations = _RULES.get(name)
        if declarations is None:
            prefix, _, role = name.partition("-")
            declarations = f"{prefix}:${role}"
        rules.append(f".nnv.nnv .nnv-{name}{{{_resolve(declarations, roles)}}}")
    light = "".join(f"--nnv-{role}:{color(role)[0]};" for role in roles)
    dark = "".join(f"--nnv-{role}:{color(role)[1]};" for role in roles)
    head = [
        f".nnv{{{light}max-width:100%;height:auto}}",
        f"@media (prefers-color-scheme:dark){{.nnv{{{dark}}}}}",
        # Twice the class outweighs the rules of a page for its SVG elements. A figure's rules reach
        # all figures of a page, so these weigh less than those of the classes, in any order.
        f".nnv.nnv,.nnv.nnv *{{{_OWN}}}",
        *_ATTRIBUTES,
        *(f'.nnv.nnv [font-size="{size}"]{{font-size:{size}px}}' for size in sizes),
    ]
    return "\n".join(head + rules + ([extra] if extra else []))


def _resolve(declarations: str, roles: dict[str, None]) -> str:
    """Replace `$role` by the light colour, then again by its property where those are known."""
    out = []
    for declaration in declarations.split(";"):
        name, _, value = declaration.partition(":")
        if value.startswith("$"):
            role = value[1:]
            roles[role] = None
            # Viewers without custom properties drop the second declaration and keep the first.
            out.append(f"{name}:{color(role)[0]};{name}:var(--nnv-{role})")
        else:
            out.append(declaration)
    return ";".join(out)
