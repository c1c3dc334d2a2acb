"""Progress: a bar in a terminal, plain lines elsewhere, silence on request."""

import io
import re

import numpy as np
import pytest
from rich.console import Console

from neural_net_utils import Callback, PlainProgress, RichProgress, track
from neural_net_utils.training.progress import format_seconds, format_value, make_progress


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
    monkeypatch.setattr("neural_net_utils.training.progress.SILENCE_SECONDS", -1)
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


class Writer:
    """A stream that can only write, such as a logger put in place of standard output."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


def detached():
    stream = io.TextIOWrapper(io.BytesIO())
    stream.detach()
    return stream


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Gone(io.StringIO):
    """A terminal that has hung up: asked what it is, the system answers with an error."""

    def isatty(self):
        raise OSError(5, "Input/output error")


class Full(Gone):
    """A log on a full disk."""

    def write(self, text):
        raise OSError(28, "No space left on device")


class Attribute(io.StringIO):
    """A stand-in that has the answer where others have a method."""

    isatty = False


STREAMS = {
    "none": lambda: None,
    "closed": closed,
    "detached": detached,
    "writer": Writer,
    "gone": Gone,
    "full": Full,
    "attribute": Attribute,
}


@pytest.mark.parametrize("mode", ["auto", "plain", "rich"])
@pytest.mark.parametrize("stream", STREAMS)
def test_a_run_without_a_terminal_to_speak_of(tiny, monkeypatch, stream, mode):
    """Standard output missing, closed, or poor: the run goes on, in `fit` and in a loop."""
    from neural_net_core import cross_entropy
    from neural_net_utils import fit

    out = STREAMS[stream]()
    monkeypatch.setattr("sys.stdout", out)
    model = tiny.NoisyNet()
    optimizer = tiny.TinyMomentum(model.parameters())
    data = [tiny.small_digits(4)]
    if stream == "full" and mode == "rich":
        pytest.skip("what rich cannot write it raises; it was asked for by name")
    history = fit(model, cross_entropy, optimizer, data, epochs=2, progress=mode)
    assert len(history["loss"]) == 2
    batches = track(data, "epoch 1/1", progress=mode)
    for _ in batches:
        batches.show(loss=1.0)
    assert batches.done == 1
    if stream == "writer" and mode != "rich":
        assert [line.split("  ")[0] for line in out.text.splitlines()] == [
            *("epoch 1/2", "epoch 2/2", "epoch 1/1"),
        ]


def test_a_stream_closed_while_training(tiny, monkeypatch):
    """The lines after that are lost, the run is not."""
    out = io.StringIO()
    monkeypatch.setattr("sys.stdout", out)

    class Close(Callback):
        def on_epoch_end(self, training):
            out.close()

    _, history, _ = tiny.train(epochs=2, callbacks=[PlainProgress(), Close()])
    assert len(history.index) == 2


def test_names_that_the_stream_cannot_spell(tiny, monkeypatch):
    """A log in ASCII gets them escaped, and the run goes on."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", out)

    class Name(Callback):
        def on_epoch_end(self, training):
            training.history.add("précision", 0.5)

    tiny.train(epochs=1, callbacks=[Name(), PlainProgress()])
    out.flush()
    assert b"pr\\xe9cision 0.5000" in out.buffer.getvalue()


@pytest.mark.parametrize("term", ["dumb", "unknown", "DUMB"])
def test_a_dumb_terminal_gets_lines(monkeypatch, term):
    """It cannot move its cursor; so an editor's shell or a log viewer says."""
    monkeypatch.setattr("sys.stdout", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    assert [type(c) for c in make_progress("auto")] == [RichProgress]
    monkeypatch.setenv("TERM", term)
    assert [type(c) for c in make_progress("auto")] == [PlainProgress]
    monkeypatch.delenv("TERM")
    assert [type(c) for c in make_progress("auto")] == [RichProgress]


def test_track_in_a_log(capsys, monkeypatch):
    """One line a loop, with the numbers shown last; more when it is long."""
    for epoch in range(2):
        batches = track(range(3), f"epoch {epoch + 1}/2")
        assert len(batches) == 3
        assert list(batches) == [0, 1, 2]
        for i in batches:
            batches.show(loss=1 / (i + 1), accuracy=0.5)
    out = capsys.readouterr().out
    lines = [re.sub(r"[0-9.]+ s$", "0 s", line) for line in out.splitlines()]
    shown = "epoch {}/2  3/3  loss 0.3333  accuracy 0.5000  0 s"
    assert lines == [
        *("epoch 1/2  3/3  0 s", shown.format(1)),
        *("epoch 2/2  3/3  0 s", shown.format(2)),
    ]
    assert "\x1b" not in out
    monkeypatch.setattr("neural_net_utils.training.progress.SILENCE_SECONDS", -1)
    assert sum(track(iter([1, 2]))) == 3  # without a length, and without a label
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["1", "2", "2"]


def test_track_in_a_terminal(monkeypatch):
    """A bar that gives the cursor back: at the end, after `break`, after an error."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("neural_net_utils.training.progress.REFRESH_SECONDS", -1)

    def until_the_end(batches):
        for i in batches:
            batches.show(loss=i)

    def until_a_break(batches):
        for i in batches:
            batches.show(loss=i)
            if i == 2:
                break

    def until_an_error(batches):
        for i in batches:
            batches.show(loss=i)
            if i == 2:
                raise ZeroDivisionError

    for loop, place in ((until_the_end, "4/4"), (until_a_break, "2/4"), (until_an_error, "2/4")):
        out = Terminal()
        monkeypatch.setattr("sys.stdout", out)
        monkeypatch.setattr("rich._console", None)  # rich remembers what the last stream was
        try:
            loop(track(range(4), "epoch 1"))
        except ZeroDivisionError:
            assert loop is until_an_error
        text = out.getvalue()
        assert "epoch 1 0/4" in text  # before the first batch is done
        assert f"epoch 1 {place}" in text
        assert "loss 2.000" in text
        assert "━" in text
        assert text.rstrip("\n").endswith("\x1b[?25h")


def test_track_is_silent_on_request_and_checks(capsys):
    """ "off" prints nothing; what cannot be looped over, or no mode, is refused."""
    assert list(track("ab", progress="off")) == ["a", "b"]
    assert capsys.readouterr().out == ""
    with pytest.raises(TypeError, match="track: expected something to loop over, got 3"):
        track(3)
    with pytest.raises(ValueError, match="track: progress must be 'auto', 'rich', 'plain' or"):
        track([], progress="bar")
    with pytest.raises(TypeError, match="has no length"):
        len(track(iter([])))


def test_track_passes_batches_on(tiny):
    """The loader's own batches, in the loader's own order, epoch after epoch."""
    from neural_net_utils import DataLoader

    def loader():
        return DataLoader(tiny.small_digits(20), 6, shuffle=True, rng=np.random.default_rng(0))

    plain, tracked = loader(), track(loader(), progress="off")
    for _ in range(2):
        for (x, y), (a, b) in zip(plain, tracked, strict=True):
            assert np.array_equal(x, a)
            assert np.array_equal(y, b)
        assert tracked.done == tracked.total == 4
