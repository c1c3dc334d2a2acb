"""How training is going, on the terminal: a bar, or plain lines where there is none.

Control characters never reach a file or a log: `auto` draws the bar in a terminal only. Colours
follow the environment variable NO_COLOR, which rich respects.
"""

from __future__ import annotations

import math
import sys
import time
from typing import TYPE_CHECKING, Any, Literal

from neural_net_utils.callbacks.base import Callback

if TYPE_CHECKING:
    from rich.console import Console

    from neural_net_utils.training import Training

__all__ = ["PlainProgress", "ProgressMode", "RichProgress", "make_progress"]

ProgressMode = Literal["auto", "rich", "plain", "off"]

# Ten pictures a second look like motion; drawing each step would cost more than a small step.
REFRESH_SECONDS = 0.1
# A log of a run of any length has about so many lines …
PLAIN_LINES = 20
# … but says something at least this often.
SILENCE_SECONDS = 30.0


def make_progress(mode: ProgressMode) -> list[Callback]:
    """The callbacks for a mode: one, or none for "off"."""
    if mode == "off":
        return []
    if mode == "rich" or (mode == "auto" and sys.stdout.isatty()):
        return [RichProgress()]
    if mode in ("auto", "plain"):
        return [PlainProgress()]
    raise ValueError(f'fit: progress must be "auto", "rich", "plain" or "off", got {mode!r}')


class PlainProgress(Callback):
    """Lines of text: the first epoch, the last, and about 20 in between.

    Args:
        lines: how many lines a run of many epochs prints.
    """

    order = 60

    def __init__(self, lines: int = PLAIN_LINES) -> None:
        self.lines = lines
        self._clock = _Clock()
        self._spoken = 0.0

    def on_train_start(self, training: Training) -> None:
        self._clock.start(training)
        self._spoken = time.monotonic()

    def on_step_end(self, training: Training) -> None:
        if time.monotonic() - self._spoken > SILENCE_SECONDS:
            self._say(training, {"loss": training.totals.mean_loss})

    def on_epoch_end(self, training: Training) -> None:
        epochs = _epochs(training)
        every = 1 if epochs is None else max(1, math.ceil(epochs / self.lines))
        if training.epoch == 1 or training.epoch % every == 0 or training.stop_reason is not None:
            self._say(training, training.history.last)

    def on_train_end(self, training: Training) -> None:
        if training.stop_reason not in ("epochs", "max_steps"):
            print(f"stopped: {training.stop_reason}", flush=True)

    def _say(self, training: Training, row: dict[str, float]) -> None:
        epochs = _epochs(training)
        of = "" if epochs is None else f"/{epochs}"
        width = len(str(epochs or 1))
        words = [f"epoch {training.epoch:{width}d}{of}", f"step {training.step}"]
        words += [f"{name} {format_value(value)}" for name, value in row.items()]
        if training.learning_rates and "lr" not in row:
            words.append(f"lr {training.learning_rates[0]:.3g}")
        words.append(self._clock.text(training))
        print("  ".join(words), flush=True)
        self._spoken = time.monotonic()


class RichProgress(Callback):
    """A bar with loss, metrics, learning rate and the time left.

    Args:
        console: where to draw; None means standard output.
    """

    order = 60

    def __init__(self, console: Console | None = None) -> None:
        self.console = console
        self._clock = _Clock()
        self._live: Any = None
        self._bar: Any = None
        self._task: Any = None
        self._drawn = 0.0

    def on_train_start(self, training: Training) -> None:
        # Imported here, because a script without a bar should not wait for it.
        from rich.live import Live
        from rich.progress import BarColumn, Progress, TextColumn

        self._clock.start(training)
        epoch, time_left = TextColumn("{task.fields[epoch]}"), TextColumn("{task.fields[time]}")
        self._bar = Progress(epoch, BarColumn(), time_left)
        self._task = self._bar.add_task("", total=training.total_steps, epoch="", time="")
        self._live = Live(self._bar, console=self.console, auto_refresh=False)
        self._live.start()

    def on_step_end(self, training: Training) -> None:
        now = time.monotonic()
        if now - self._drawn > REFRESH_SECONDS:
            self._draw(training, {**training.history.last, "loss": training.totals.mean_loss})

    def on_epoch_end(self, training: Training) -> None:
        if time.monotonic() - self._drawn > REFRESH_SECONDS or training.stop_reason is not None:
            self._draw(training, training.history.last)

    def on_train_end(self, training: Training) -> None:
        if training.stop_reason not in ("epochs", "max_steps"):
            self._live.console.print(f"stopped: {training.stop_reason}")

    def close(self) -> None:
        """Give the terminal back."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _draw(self, training: Training, row: dict[str, float]) -> None:
        from rich.console import Group
        from rich.text import Text

        epochs = _epochs(training)
        numbers = [f"{name} {format_value(value)}" for name, value in row.items()]
        if training.learning_rates and "lr" not in row:
            numbers.append(f"lr {training.learning_rates[0]:.3g}")
        self._bar.update(
            self._task,
            completed=training.step,
            epoch=f"epoch {training.epoch}" + ("" if epochs is None else f"/{epochs}"),
            time=self._clock.text(training),
        )
        # The numbers stand below the bar: beside it they would not fit into 80 columns.
        self._live.update(Group(self._bar, Text("  ".join(numbers))), refresh=True)
        self._drawn = time.monotonic()


class _Clock:
    """Time used, and an estimate of the time left, of this session."""

    def start(self, training: Training) -> None:
        self._began = time.monotonic()
        self._first_step = training.step  # a resumed run did those at another time

    def text(self, training: Training) -> str:
        used = time.monotonic() - self._began
        done, total = training.step - self._first_step, training.total_steps
        if total is None or done == 0 or training.step >= total or training.stop_reason is not None:
            return format_seconds(used)
        return f"{format_seconds(used * (total - training.step) / done)} left"


def _epochs(training: Training) -> int | None:
    """How many epochs the run will have, if that is known."""
    if training.max_steps is None or training.steps_per_epoch is None:
        return training.epochs
    by_steps = math.ceil(training.max_steps / max(training.steps_per_epoch, 1))
    return by_steps if training.epochs is None else min(by_steps, training.epochs)


def format_value(value: float) -> str:
    """A number for the eye: four digits, powers of ten only where they help.

    Examples:
        >>> [format_value(v) for v in (0.97222, 12.5, 0.000012345, float("nan"))]
        ['0.9722', '12.50', '1.234e-05', 'nan']
    """
    if value == 0 or 1e-3 <= abs(value) < 1:
        return f"{value:.4f}"
    return f"{value:#.4g}" if 1 <= abs(value) < 1e4 else f"{value:.4g}"


def format_seconds(seconds: float) -> str:
    """A time span for the eye.

    Examples:
        >>> [format_seconds(s) for s in (0.26, 75, 7265)]
        ['0.3 s', '1 min 15 s', '2 h 1 min']
    """
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
