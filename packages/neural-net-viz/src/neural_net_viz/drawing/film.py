"""Frames of an animation that show one after the other, and the loss curve below them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from neural_net_viz.drawing.axes import MARGIN
from neural_net_viz.drawing.canvas import Canvas, polyline
from neural_net_viz.drawing.inputs import Floats, as_floats
from neural_net_viz.drawing.number_text import coordinate
from neural_net_viz.drawing.scales import make_scale

__all__ = ["check_film", "draw_loss_curve", "film_rules", "frames"]

# The part of a run, in percent, in which something moves; the rest is for the eye.
_MOVING = 86.0


def check_film(
    figure: str, snapshots: Iterable[int], losses: Any, seconds: float, most: int = 60
) -> tuple[list[int], Floats]:
    """Return the steps of the snapshots in order and the losses, or raise what is wrong.

    Of very many snapshots, the first, the last and evenly chosen ones between are kept.

    Args:
        figure: The function that asks, for messages.
        snapshots: The steps of which there is something to show.
        losses: (steps,) the loss after 0, 1, … steps.
        seconds: How long one run of the animation takes.
        most: The most frames.

    Raises:
        ShapeError: If the losses are no vector.
        ValueError: If there is no snapshot, one lies beyond the losses, or seconds is not above 0.
    """
    if not all(isinstance(step, int | np.integer) for step in snapshots):
        raise ValueError(f"{figure}(snapshots): expected whole numbers of steps as keys")
    steps = sorted(map(int, snapshots))
    curve = as_floats(f"{figure}(losses)", losses, 1, expected="(steps,)")
    if not steps:
        raise ValueError(f"{figure}(snapshots): expected at least one")
    if steps[0] < 0 or steps[-1] >= len(curve):
        raise ValueError(
            f"{figure}: snapshots from step {steps[0]} to {steps[-1]}, but losses after "
            f"0 to {len(curve) - 1} steps"
        )
    if not seconds > 0:
        raise ValueError(f"{figure}(seconds): expected more than 0, got {seconds}")
    keep = np.unique(np.linspace(0, len(steps) - 1, min(len(steps), most)).astype(int))
    return [steps[i] for i in keep], curve


def draw_loss_curve(
    canvas: Canvas, losses: Floats, top: float, page: float, height: float
) -> list[tuple[float, float]]:
    """Draw the loss on a logarithmic scale; return where each step lies.

    Args:
        canvas: What to draw on.
        losses: (steps,).
        top: Where the curve begins.
        page: Width of the page.
        height: Of the curve; its labels need 20 more below.
    """
    scale = make_scale(losses, log=True)
    left, right = MARGIN + 52, page - MARGIN
    for tick in scale.ticks(3):
        y = top + height * (1 - float(scale.fraction(tick.value)))
        if tick.label:
            canvas.line(left, y, right, y, "grid")
            canvas.text(left - 6, y, tick.label, size=11, anchor="end", classes="muted")
    xs = np.linspace(left, right, len(losses)) if len(losses) > 1 else np.array([left])
    # What cannot be shown lies at the upper end.
    ys = top + height * (1 - np.nan_to_num(scale.fraction(losses), nan=1.0))
    keep = np.unique(np.linspace(0, len(xs) - 1, min(len(xs), 300)).astype(int))
    spots = list(zip(xs.tolist(), ys.tolist(), strict=True))
    canvas.path(polyline([spots[i] for i in keep]), "line stroke-series-0")
    name = f"loss: {scale.empty}" if scale.empty else "loss"
    canvas.text(left, top + height + 14, name, size=12, classes="muted")
    last = f"step {len(losses) - 1}"
    canvas.text(right, top + height + 14, last, size=12, anchor="end", classes="muted")
    return spots


def frames(
    canvas: Canvas,
    steps: Sequence[int],
    spots: list[tuple[float, float]],
) -> Iterator[tuple[int, int]]:
    """Yield number and step of every frame; what is drawn meanwhile belongs to that frame.

    Args:
        canvas: What to draw on.
        steps: Of the frames.
        spots: Where each step lies on the loss curve; a mark is put there.
    """
    with canvas.group("film"):
        for k, step in enumerate(steps):
            with canvas.group(f"frame-{k}"):
                yield k, step
                canvas.circle(*spots[step], 5, "outline fill-text", tip=f"step {step}")


def film_rules(count: int, seconds: float, growing: bool = False) -> tuple[str, str]:
    """Return the rules of rest and of motion, by which one frame shows at any time.

    Readers who ask for less motion, and viewers without animation, see the last frame. All frames
    hang on one animation, that of the group "film" around them: it sets a property for each frame,
    which the frame inherits. Were each frame animated by itself, a frame could end before the next
    one begins, and the picture would be empty in between.

    Args:
        count: How many frames there are.
        seconds: How long all of them take.
        growing: Whether each frame also brings a group "kept-k" that stays from then on.
    """
    still = "\n".join(f".nnv #frame-{k}{{visibility:hidden}}" for k in range(count - 1))
    if count == 1:
        return still, ""
    kinds = ("frame", "kept") if growing else ("frame",)
    start = [_show(k, k == 0, kind) for kind in kinds for k in range(count)]
    keys = ["0%{" + ";".join(start) + "}"]
    for k in range(1, count):
        shown = [_show(k - 1, False), *(_show(k, True, kind) for kind in kinds)]
        keys.append(f"{coordinate(_MOVING * k / count)}%{{{';'.join(shown)}}}")
    rules = [f"@keyframes film{{{''.join(keys)}}}"]
    rules += [f".nnv #film{{animation:film {coordinate(seconds)}s step-end infinite}}"]
    rules += [
        f".nnv #{kind}-{k}{{visibility:var(--nnv-{kind}-{k})}}"
        for kind in kinds
        for k in range(count)
    ]
    return still, "\n".join(rules)


def _show(k: int, visible: bool, kind: str = "frame") -> str:
    return f"--nnv-{kind}-{k}:{'visible' if visible else 'hidden'}"
