"""A block of a transformer: attention, a feed-forward network, and the sums around them."""

from neural_net_viz.drawing.arrows import draw_arrow, draw_box, draw_sign
from neural_net_viz.drawing.axes import MARGIN, draw_title
from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.inputs import check_at_least, checked
from neural_net_viz.drawing.ramps import text_class
from neural_net_viz.drawing.text import text_width
from neural_net_viz.figure import Figure

__all__ = ["transformer_diagram"]

_WIDE, _TALL, _NORM = 168.0, 40.0, 30.0
_RISE = 168.0  # from where one part begins to where the next one does
_SIDE = 62.0  # the room for the path around a part


@checked
def transformer_diagram(
    norm_first: bool = False,
    *,
    decoder: bool = False,
    layers: int = 1,
    title: str = "A block of a transformer",
    description: str | None = None,
) -> Figure:
    r"""Draw the parts of a transformer block and the path of the data through them, upwards.

    Around each part leads a path on which the input is added to what the part has made of it. With
    the norm last, as it was published, and first, which trains without warm-up:

    $$ y = \mathrm{norm}(x + f(x)) \qquad y = x + f(\mathrm{norm}(x)) $$

    Args:
        norm_first: Whether the norm stands before each part, or after the sum.
        decoder: Whether the block also attends to what an encoder has made of its input.
        layers: How many such blocks stand on each other, 1 or more.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ValueError: If there are no layers.

    References:
        Vaswani et al. (2017), Attention is all you need, arXiv:1706.03762, figure 1; Xiong et al.
        (2020), On layer normalization in the transformer architecture, arXiv:2002.04745, figure 1.

    Examples:
        >>> transformer_diagram(norm_first=True).description.partition(".")[0]
        'Upwards: layer norm, self-attention, sum; layer norm, feed-forward, sum'
    """
    check_at_least("transformer_diagram(layers)", layers, 1)
    parts = [("self-attention", "queries, keys, values")]
    if decoder:
        parts.append(("cross-attention", "keys, values: memory"))
    parts.append(("feed-forward", "each place for itself"))
    tall = len(parts) * _RISE + 18
    x = MARGIN + _SIDE + 12 + _WIDE / 2
    left, right = MARGIN, x + _WIDE / 2 + 24
    times = f"× {layers:,}" if layers > 1 else ""
    beside = max(text_width(times, 15, bold=True) + 12, 104.0 if decoder else 0.0)
    page = max(320.0, right + beside + MARGIN)
    canvas = Canvas()
    top = draw_title(canvas, title, page) + 34
    bottom = top + tall
    canvas.rect(left, top, right - left, tall, "raised", radius=10)
    canvas.rect(left, top, right - left, tall, "frame", radius=10)
    canvas.text(right + 12, top + 20, times, size=15, bold=True)
    canvas.text(x, bottom + 36, "input", anchor="middle", classes="muted")
    at = bottom + 26  # how far up the data have come
    for k, (name, what) in enumerate(parts):
        base = bottom - k * _RISE
        if norm_first:
            norm, part, added = base - 49, base - 110, base - 158
            boxes = [(norm, _NORM), (part, _TALL)]
        else:
            part, added, norm = base - 56, base - 106, base - 151
            boxes = [(part, _TALL)]
        draw_arrow(
            canvas, [(x, base - 16), (x - _WIDE / 2 - _SIDE / 2, base - 16),
                     (x - _WIDE / 2 - _SIDE / 2, added), (x - 11, added)], "stroke-series-0",
        )  # fmt: skip
        for middle, height in boxes:
            draw_arrow(canvas, [(x, at), (x, middle + height / 2 + 1)])
            at = middle - height / 2
        draw_arrow(canvas, [(x, at), (x, added + 11)])
        at = added - 10
        if not norm_first:
            draw_arrow(canvas, [(x, at), (x, norm + _NORM / 2 + 1)])
            at = norm - _NORM / 2
        role = "signed-12" if name == "feed-forward" else "sequential-6"
        _draw_part(canvas, x, part, name, what, role)
        if name == "cross-attention":
            draw_arrow(canvas, [(right + 46, part), (x + _WIDE / 2 + 1, part)])
            canvas.text(right + 52, part, "memory", classes="muted")
        draw_sign(canvas, (x, added), "+", f"the input and the answer of {name}")
        draw_box(canvas, (x, norm), (_WIDE, _NORM), "layer norm")
    draw_arrow(canvas, [(x, at), (x, top - 13)])
    canvas.text(x, top - 26, "output", anchor="middle", classes="muted")
    words = description or _describe([name for name, _ in parts], norm_first, layers)
    return canvas.figure(page, bottom + 44 + MARGIN, title, words)


def _draw_part(canvas: Canvas, x: float, y: float, name: str, what: str, role: str) -> None:
    fill, text = f"fill-{role} stroke-axis", text_class(role)
    canvas.rect(x - _WIDE / 2, y - _TALL / 2, _WIDE, _TALL, fill, radius=6)
    canvas.text(x, y - 7, name, anchor="middle", classes=text, bold=True, max_width=_WIDE - 8)
    canvas.text(x, y + 9, what, size=10, anchor="middle", classes=text, max_width=_WIDE - 8)


def _describe(parts: list[str], norm_first: bool, layers: int) -> str:
    order = "layer norm, {}, sum" if norm_first else "{}, sum, layer norm"
    words = f"Upwards: {'; '.join(order.format(part) for part in parts)}. "
    words += "Each sum adds a part's answer and what went in"
    words += " before its norm." if norm_first else "."
    return words + (f" {layers} such blocks stand on each other." if layers > 1 else "")
