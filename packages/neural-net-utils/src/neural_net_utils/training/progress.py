"""How training is going, on the terminal: a bar, or plain lines where there is none.

Control characters never reach a file or a log: `auto` draws the bar in a terminal only. Colours
follow the environment variable NO_COLOR, which rich respects. A loop of one's own gets the same
from `track`.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sized
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from neural_net_core.checks import check_word, shown
from neural_net_utils.training.callbacks.base import Callback
from neural_net_utils.training.training import Training

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

__all__ = ["PlainProgress", "ProgressMode", "RichProgress", "Tracked", "make_progress", "track"]

ProgressMode = Literal["auto", "rich", "plain", "off"]
T = TypeVar("T")

# Ten pictures a second look like motion; drawing each step would cost more than a small step.
REFRESH_SECONDS = 0.1
# A log of a run of any length has about so many lines …
PLAIN_LINES = 20
# … but says something at least this often.
SILENCE_SECONDS = 30.0


def make_progress(mode: ProgressMode) -> list[Callback]:
    """The callbacks for a mode: one, or none for "off"."""
    kind = _kind("fit", mode)
    return [RichProgress()] if kind == "rich" else [PlainProgress()] if kind == "plain" else []


def track(batches: Iterable[T], label: str = "", *, progress: ProgressMode = "auto") -> Tracked[T]:
    """The progress of a loop of one's own: a bar in a terminal, a line elsewhere.

    Args:
        batches: what the loop is over: a loader, a list, a range. With a length, the bar knows the
            end, and the time left.
        label: stands before the bar, such as "epoch 3/10".
        progress: "rich" draws a bar, "plain" prints a line at the end (and every half a minute),
            "auto" does the first in a terminal and the second elsewhere, "off" is silent.

    Returns:
        What to loop over; its method `show` sets the numbers beside the bar.

    Raises:
        TypeError: if there is nothing to loop over.
        ValueError: if `progress` is none of the four.

    Examples:
        >>> batches = track([1.0, 0.5, 0.25], "epoch 1/1", progress="off")
        >>> for loss in batches:
        ...     batches.show(loss=loss)
    """
    return Tracked(batches, label, progress)


class Tracked(Generic[T]):
    """What `track` returns: the same batches, and a display that follows them.

    Attributes:
        done: how many the loop has finished.
        total: how many there are; None if that is not known.
    """

    def __init__(self, batches: Iterable[T], label: str, progress: ProgressMode) -> None:
        given: Any = batches
        if not isinstance(given, Iterable) or getattr(given, "ndim", 1) == 0:
            raise TypeError(f"track: expected something to loop over, got {shown(given)}")
        self._batches = batches
        self._label = str(label)
        self._kind = _kind("track", progress)
        self._values: dict[str, float] = {}
        self.done = 0
        self.total = len(batches) if isinstance(batches, Sized) else None

    def show(self, **values: float) -> None:
        """Set numbers that stand beside the bar from now on.

        Args:
            **values: numbers by name, such as `loss=loss.item()`.
        """
        self._values |= {name: float(value) for name, value in values.items()}

    def __len__(self) -> int:
        if self.total is None:
            raise TypeError("track: what is looped over has no length")
        return self.total

    def __iter__(self) -> Iterator[T]:
        self.done, self._values = 0, {}
        began = drawn = time.monotonic()
        bar = _Bar(None, self.total) if self._kind == "rich" else None
        pause = REFRESH_SECONDS if bar else SILENCE_SECONDS
        try:
            if bar:  # at once: the first batch may take long
                self._draw(bar, 0.0)
            for batch in self._batches:
                yield batch
                self.done += 1
                now = time.monotonic()
                if self._kind != "off" and now - drawn > pause:
                    self._draw(bar, now - began)
                    drawn = now
        finally:  # also after `break`
            if self._kind != "off":
                self._draw(bar, time.monotonic() - began)
            if bar:
                bar.close()

    def _draw(self, bar: _Bar | None, used: float) -> None:
        place = str(self.done) if self.total is None else f"{self.done}/{self.total}"
        seconds = format_seconds(used)
        if self.total is not None and 0 < self.done < self.total:
            seconds = f"{format_seconds(used * (self.total - self.done) / self.done)} left"
        numbers = [f"{name} {format_value(value)}" for name, value in self._values.items()]
        if bar:
            bar.draw(self.done, f"{self._label} {place}".strip(), seconds, "  ".join(numbers))
        else:
            say("  ".join(filter(None, [self._label, place, *numbers, seconds])))


def _kind(where: str, mode: ProgressMode) -> Literal["rich", "plain", "off"]:
    """What a mode means here and now."""
    check_word(where, "progress", mode, ("auto", "rich", "plain", "off"))
    if mode == "auto":
        return "rich" if _draws(sys.stdout) else "plain"
    return mode


def _draws(stream: Any) -> bool:
    """Whether a stream is a terminal that moves its cursor."""
    if os.environ.get("TERM", "").lower() in ("dumb", "unknown"):
        return False
    return bool(_is_terminal(stream))


def _is_terminal(stream: Any) -> bool | None:
    """What a stream says of itself; None if it cannot say."""
    try:
        return bool(stream.isatty())
    # None, as under pythonw; a plain writer; closed; a terminal that has gone.
    except (AttributeError, TypeError, ValueError, OSError):
        return None


def _writable(stream: Any) -> bool:
    """Whether there is a stream to write to, and it is open."""
    try:
        return stream is not None and not getattr(stream, "closed", False)
    except (ValueError, OSError):  # its inner one was taken away
        return False


def say(line: str) -> None:
    """Print a line to standard output if there is one: progress must not end a run."""
    if not _writable(sys.stdout):
        return
    flush = hasattr(sys.stdout, "flush")
    with suppress(OSError):  # a full disk, a terminal that has gone
        try:
            print(line, flush=flush)
        except UnicodeEncodeError:  # a metric's name in letters that the stream lacks
            print(line.encode("ascii", "backslashreplace").decode("ascii"), flush=flush)


class PlainProgress(Callback):
    """Lines of text: the first epoch, the last, and about 20 in between.

    Args:
        lines: how many lines a run of many epochs prints.
    """

    order = 60
    first_rank_only = True

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
            say(f"stopped: {training.stop_reason}")

    def _say(self, training: Training, row: dict[str, float]) -> None:
        epochs = _epochs(training)
        of = "" if epochs is None else f"/{epochs}"
        width = len(str(epochs or 1))
        words = [f"epoch {training.epoch:{width}d}{of}", f"step {training.step}"]
        words += [f"{name} {format_value(value)}" for name, value in row.items()]
        if training.learning_rates and "lr" not in row:
            words.append(f"lr {training.learning_rates[0]:.3g}")
        words.append(self._clock.text(training))
        say("  ".join(words))
        self._spoken = time.monotonic()


class RichProgress(Callback):
    """A bar with loss, metrics, learning rate and the time left.

    Args:
        console: where to draw; None means standard output.
    """

    order = 60
    first_rank_only = True

    def __init__(self, console: Console | None = None) -> None:
        self.console = console
        self._clock = _Clock()
        self._bar: _Bar | None = None
        self._drawn = 0.0

    def on_train_start(self, training: Training) -> None:
        self._clock.start(training)
        self._bar = _Bar(self.console, training.total_steps)

    def on_step_end(self, training: Training) -> None:
        now = time.monotonic()
        if now - self._drawn > REFRESH_SECONDS:
            self._draw(training, {**training.history.last, "loss": training.totals.mean_loss})

    def on_epoch_end(self, training: Training) -> None:
        if time.monotonic() - self._drawn > REFRESH_SECONDS or training.stop_reason is not None:
            self._draw(training, training.history.last)

    def on_train_end(self, training: Training) -> None:
        if training.stop_reason not in ("epochs", "max_steps"):
            self._display().note(f"stopped: {training.stop_reason}")

    def close(self) -> None:
        """Give the terminal back."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _draw(self, training: Training, row: dict[str, float]) -> None:
        epochs = _epochs(training)
        numbers = [f"{name} {format_value(value)}" for name, value in row.items()]
        if training.learning_rates and "lr" not in row:
            numbers.append(f"lr {training.learning_rates[0]:.3g}")
        epoch = f"epoch {training.epoch}" + ("" if epochs is None else f"/{epochs}")
        time_left = self._clock.text(training)
        self._display().draw(training.step, epoch, time_left, "  ".join(numbers))
        self._drawn = time.monotonic()

    def _display(self) -> _Bar:
        assert self._bar is not None  # between the start and the end of training
        return self._bar


class _Bar:
    """rich's bar: a label, the bar and the time, and numbers in a line below."""

    def __init__(self, console: Console | None, total: int | None) -> None:
        # Imported here, because a script without a bar should not wait for it.
        from rich.console import Console
        from rich.live import Live
        from rich.progress import BarColumn, Progress, TextColumn

        # rich also flushes what it writes to.
        if console is None and not (_writable(sys.stdout) and hasattr(sys.stdout, "flush")):
            console = Console(quiet=True)
        elif console is None and _is_terminal(sys.stdout) is None:
            console = Console(force_terminal=False)  # or rich would ask, and pass on the error
        label, seconds = TextColumn("{task.fields[label]}"), TextColumn("{task.fields[time]}")
        self._progress = Progress(label, BarColumn(), seconds)
        self._task = self._progress.add_task("", total=total, label="", time="")
        self._live = Live(self._progress, console=console, auto_refresh=False)
        self._live.start()

    def draw(self, done: int, label: str, seconds: str, numbers: str) -> None:
        from rich.console import Group
        from rich.text import Text

        self._progress.update(self._task, completed=done, label=label, time=seconds)
        # The numbers stand below the bar: beside it they would not fit into 80 columns.
        lines: list[RenderableType] = [self._progress, *([Text(numbers)] if numbers else [])]
        self._live.update(Group(*lines), refresh=True)

    def note(self, line: str) -> None:
        self._live.console.print(line)

    def close(self) -> None:
        self._live.stop()


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
