"""Progress: a bar in a terminal, plain lines elsewhere, silence on request."""

import io
import re

import pytest
from rich.console import Console

from neural_net_utils import Callback, PlainProgress, RichProgress
from neural_net_utils.progress import format_seconds, format_value, make_progress


def test_auto_knows_a_terminal(monkeypatch):
    """A pipe gets lines, a terminal the bar, "off" nothing."""
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert [type(c) for c in make_progress("auto")] == [PlainProgress]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert [type(c) for c in make_progress("auto")] == [RichProgress]
    assert [type(c) for c in make_progress("plain")] == [PlainProgress]
    assert make_progress("off") == []


def test_plain_lines(tiny, capsys):
    """One line per epoch with everything in it, no control characters."""
    tiny.train(epochs=3, callbacks=[PlainProgress()])
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert [line.split("  ")[0] for line in lines] == [f"epoch {i}/3" for i in (1, 2, 3)]
    assert "\r" not in out
    assert "\x1b" not in out
    for word in ("step 8", "loss ", "accuracy ", "val_loss ", "val_f1 ", "lr 0.0", " s left"):
        assert word in lines[0], word
    assert not lines[-1].endswith("left")


def test_plain_lines_are_few_for_many_epochs(tiny, capsys):
    """About 20 lines, the first and last epoch among them."""
    from neural_net_core import cross_entropy
    from neural_net_utils import fit

    model = tiny.NoisyNet()
    optimizer = tiny.TinyMomentum(model.parameters())
    fit(model, cross_entropy, optimizer, [tiny.small_digits(4)], epochs=150, progress="plain")
    lines = capsys.readouterr().out.splitlines()
    assert 15 <= len(lines) <= 25
    assert lines[0].startswith("epoch   1/150")
    assert lines[-1].startswith("epoch 150/150")


def test_long_epochs_are_not_silent(tiny, capsys, monkeypatch):
    """In the middle of an epoch a line appears when nothing was said for long."""
    monkeypatch.setattr("neural_net_utils.progress.SILENCE_SECONDS", -1)
    tiny.train(epochs=1, callbacks=[PlainProgress()])
    assert len(capsys.readouterr().out.splitlines()) == 8 + 1


def test_early_stop_is_said(tiny, capsys):
    """The reason, when it is not the planned end."""

    class Stop(Callback):
        def on_step_end(self, training):
            training.stop("enough")

    tiny.train(callbacks=[PlainProgress(), Stop()])
    assert capsys.readouterr().out.splitlines()[-1] == "stopped: enough"


def drawn(tiny, **console):
    stream = io.StringIO()
    progress = RichProgress(Console(file=stream, width=160, **console))
    tiny.train(epochs=2, callbacks=[progress])
    return stream.getvalue()


def test_rich_bar(tiny):
    """The last picture shows the whole run; the cursor is given back."""
    out = drawn(tiny, force_terminal=True)
    for word in ("epoch 2/2", "loss", "val_accuracy", "lr 0.0", "━"):
        assert word in out
    assert out.rstrip("\n").endswith("\x1b[?25h")


def test_rich_respects_no_color(tiny, monkeypatch):
    """NO_COLOR takes the colours away and leaves the bar."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    colour = re.compile(r"\x1b\[(3|9)\d[;m]")
    assert colour.search(drawn(tiny, force_terminal=True, color_system="256"))
    monkeypatch.setenv("NO_COLOR", "1")
    plain = drawn(tiny, force_terminal=True, color_system="256")
    assert not colour.search(plain)
    assert "━" in plain


def test_rich_closes_after_an_error(tiny):
    """The terminal is given back even when training fails."""

    class Fail(Callback):
        def on_step_end(self, training):
            raise ZeroDivisionError

    stream = io.StringIO()
    progress = RichProgress(Console(file=stream, force_terminal=True))
    with pytest.raises(ZeroDivisionError):
        tiny.train(callbacks=[progress, Fail()])
    assert stream.getvalue().rstrip("\n").endswith("\x1b[?25h")


def test_numbers_for_the_eye():
    """Four digits and no more."""
    assert format_value(0.0) == "0.0000"
    assert format_value(-0.5) == "-0.5000"
    assert format_value(123456.0) == "1.235e+05"
    assert format_value(float("inf")) == "inf"
    assert format_seconds(59.96) == "1 min 0 s"
    assert format_seconds(3600) == "1 h 0 min"


def test_bar_fits_into_80_columns(tiny):
    """No line is wider, and no number is cut off."""
    stream = io.StringIO()
    tiny.train(
        epochs=2, callbacks=[RichProgress(Console(file=stream, force_terminal=True, width=80))]
    )
    text = re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", stream.getvalue())
    assert max(len(line) for line in re.split(r"[\r\n]", text)) <= 80
    assert "…" not in text
    assert all(name in text for name in ("val_f1", "lr 0.0"))
