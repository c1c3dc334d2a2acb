"""A text as a language model writes it: token by token, with how sure it was of each."""

from collections.abc import Iterable

import numpy as np

from neural_net_core import ShapeError
from neural_net_core.tensor import TensorLike
from neural_net_viz.drawing.axes import MARGIN, draw_title
from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.color_bar import COLOR_BAR_HEIGHT, draw_color_bar
from neural_net_viz.drawing.film import film_rules
from neural_net_viz.drawing.inputs import Floats, as_floats, as_labels, check_at_least, checked
from neural_net_viz.drawing.number_text import format_value
from neural_net_viz.drawing.ramps import STEPS, ramp_role, text_class
from neural_net_viz.drawing.text import fit_text, listed, text_width
from neural_net_viz.figure import Figure

__all__ = ["text_animation"]

_PAGE, _SIZE, _LINE = 640.0, 14.0, 28.0
_GAP, _PAD = 2.0, 3.0
_MOST = 300
_MOST_TOKEN = 200.0


@checked
def text_animation(
    tokens: Iterable[object],
    probabilities: TensorLike | None = None,
    *,
    prompt: int = 0,
    seconds: float = 12.0,
    title: str = "A text, token by token",
    description: str | None = None,
) -> Figure:
    """Show a text as it is written: the prompt stands there, then one token after the other.

    A token's shade is the probability with which the model chose it. Blanks at a token's ends show
    as signs, and a line's end begins a new line. Readers who ask for less motion, and viewers
    without animation, see the whole text.

    Args:
        tokens: The text in its pieces, at most 300 of them; of more, the first ones are shown.
        probabilities: The probability of each token, in [0, 1]; those of the prompt count for
            nothing. None leaves the tokens without shade.
        prompt: How many tokens were given and not written by the model.
        seconds: How long the writing takes.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If there are not as many probabilities as tokens.
        ValueError: If the prompt is longer than the text, or seconds is not above 0.

    Examples:
        >>> text_animation(["to", " be", " or"], [1.0, 0.5, 0.25], prompt=1).description
        'A text of 3 tokens, the first 1 given: to␣be␣or. Least likely: ␣or (0.25).'
    """
    name = "text_animation"
    given = as_labels(f"{name}(tokens)", tokens, None)
    if not seconds > 0:
        raise ValueError(f"{name}(seconds): expected more than 0, got {seconds}")
    check_at_least(f"{name}(prompt)", prompt, 0, len(given))
    shares = None
    if probabilities is not None:
        shares = as_floats(f"{name}(probabilities)", probabilities, 1, expected="(tokens,)")
        if len(shares) != len(given):
            raise ShapeError(
                f"{name}(probabilities): expected {len(given)}, one per token, got {len(shares)}"
            )
    shown = given[:_MOST]
    if len(given) > _MOST:
        title = f"{title} (… {len(given) - _MOST} more)"
    canvas = Canvas()
    top = draw_title(canvas, title, _PAGE) + 8
    places = _lay_out(shown)
    start = min(prompt, len(shown))
    for k in range(start):
        _draw_token(canvas, shown[k], places[k], top, "muted", "")
    written = range(start, len(shown))
    with canvas.group("film"):
        for frame, k in enumerate(written):
            with canvas.group(f"kept-{frame}"):
                fill, text, tip = _look(shown[k], None if shares is None else shares[k])
                _draw_token(canvas, shown[k], places[k], top, text, fill, tip)
        for frame, k in enumerate(written):
            with canvas.group(f"frame-{frame}"):
                x, line, wide = places[k]
                y = top + line * _LINE
                canvas.rect(x + wide + 1, y + 3, 3, _LINE - 8, "fill-series-1")
    below = top + (max((line for _, line, _ in places), default=0) + 1) * _LINE + 8
    if not shown:
        canvas.text(MARGIN, top + 10, "no text", classes="muted")
    if shares is not None:
        draw_color_bar(
            canvas, MARGIN, below, 0.0, 1.0, "sequential", label="probability",
            width=_PAGE - 2 * MARGIN,
        )  # fmt: skip
        below += COLOR_BAR_HEIGHT
    words = description or _describe(given, shares, prompt)
    rules = film_rules(len(written), seconds, growing=True) if written else ("", "")
    return canvas.figure(_PAGE, below + MARGIN - 6, title, words, *rules)


def _lay_out(tokens: list[str]) -> list[tuple[float, int, float]]:
    """Return left edge, line and width of every token."""
    places = []
    x, line = MARGIN, 0
    for token in tokens:
        wide = min(text_width(token, _SIZE), _MOST_TOKEN) + 2 * _PAD
        if x > MARGIN and x + wide > _PAGE - MARGIN - 6:
            x, line = MARGIN, line + 1
        places.append((x, line, wide))
        x += wide + _GAP
        if token.endswith("⏎"):
            x, line = MARGIN, line + 1
    return places


def _look(token: str, share: float | None) -> tuple[str, str, str]:
    """Return the fill, the text's class and the tip of a token."""
    if share is None:
        return "raised", "text", ""
    if not np.isfinite(share):
        return "raised", "text", f"{token}: {format_value(share)}"
    step = round(min(max(float(share), 0.0), 1.0) * (STEPS - 1))
    role = ramp_role("sequential", step / (STEPS - 1))
    return f"fill-{role}", text_class(role), f"{token}: {format_value(share)}"


def _draw_token(
    canvas: Canvas,
    token: str,
    place: tuple[float, int, float],
    top: float,
    text: str,
    fill: str,
    tip: str = "",
) -> None:
    x, line, wide = place
    y = top + line * _LINE
    if fill:
        canvas.rect(x, y + 1, wide, _LINE - 4, fill, radius=3, tip=tip or None)
    canvas.text(x + _PAD, y + _LINE / 2 - 1, token, size=_SIZE, classes=text, max_width=_MOST_TOKEN)


def _describe(tokens: list[str], shares: Floats | None, prompt: int) -> str:
    text = fit_text("".join(tokens), 2000, 12)
    given = f", the first {prompt} given" if prompt else ""
    words = f"A text of {len(tokens)} tokens{given}: {text or 'nothing'}."
    if shares is not None and np.isfinite(shares[prompt:]).any():
        at = prompt + int(np.where(np.isfinite(shares[prompt:]), shares[prompt:], 2.0).argmin())
        words += f" Least likely: {listed([tokens[at]])} ({format_value(shares[at])})."
    return words
