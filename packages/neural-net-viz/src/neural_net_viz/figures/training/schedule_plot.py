"""Learning rates over steps, one line per schedule."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from neural_net_viz.drawing.inputs import as_floats, as_named, check_at_least, checked
from neural_net_viz.figure import Figure
from neural_net_viz.figures.charts.line_plot import line_plot

__all__ = ["schedule_plot"]


@checked
def schedule_plot(
    schedules: Mapping[str, Callable[[int], float] | Sequence[float]],
    *,
    steps: int | None = None,
    y_label: str = "learning rate",
    log_y: bool = False,
    title: str = "Learning-rate schedules",
    description: str | None = None,
) -> Figure:
    """Draw what each schedule gives at every step.

    Args:
        schedules: Name -> a function from the step (0, 1, …) to a value, or the values.
        steps: How many steps to ask a function for.
        y_label: What the values are.
        log_y: Whether the vertical axis is logarithmic.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ValueError: If there is a function and `steps` is not given.

    Examples:
        >>> schedule_plot({"halving": lambda t: 0.5**t}, steps=4).title
        'Learning-rate schedules'
    """
    if steps is not None:
        check_at_least("schedule_plot(steps)", steps, 0, 10**6)
    lines: dict[str, Any] = {}
    for name, schedule in as_named("schedule_plot(schedules)", schedules).items():
        where = f"schedule_plot(schedules[{name!r}])"
        if callable(schedule):
            if steps is None:
                raise ValueError("schedule_plot: give steps=, as some schedules are functions")
            values = [schedule(t) for t in range(steps)]
            lines[name] = as_floats(where, values, 1, expected="a number for each step")
        else:
            lines[name] = as_floats(where, schedule, 1, expected="a number for each step")
    return line_plot(
        lines, x_label="step", y_label=y_label, log_y=log_y, title=title, description=description
    )
