"""Draws the figures of the site that belong to no example, into docs/assets/figures.

`nox -s figures` runs it; tests/test_figures.py runs it again and compares byte for byte.
"""

import base64
import json
import math
import re
import runpy
import struct
import sys
import textwrap
import zlib
from pathlib import Path

import numpy as np

import neural_net_viz as viz
from neural_net_core import (
    Dense,
    Sequential,
    Tanh,
    Tensor,
    default_dtype,
    grad,
    init,
    load_tensors,
    mse_loss,
    no_grad,
    relu,
    sigmoid,
    tanh,
    textbook,
    trace,
)
from neural_net_core.modules.dense import Initializer
from neural_net_core.ops import log
from neural_net_optim import SGD
from neural_net_utils import record, xor_gate
from neural_net_viz.drawing.axes import draw_title
from neural_net_viz.drawing.canvas import Canvas

FOLDER = Path(__file__).parent / "assets" / "figures"
MEASURED = Path(__file__).parents[1] / "benchmarks" / "results" / "distributed.json"
DEPTH, WIDTH, BATCH = 30, 128, 256


def dependencies() -> viz.Figure:
    """The five packages and what each imports."""
    canvas = Canvas()
    wide, tall, top, middle, low = 146, 58, 20, 140, 258

    def box(x: float, y: float, width: float, name: str, holds: str) -> None:
        canvas.rect(x, y, width, tall, "node", radius=8)
        centre, room = x + width / 2, width - 8
        canvas.text(centre, y + 20, name, size=13, anchor="middle", bold=True, max_width=room)
        style = {"anchor": "middle", "classes": "muted", "max_width": room}
        canvas.text(centre, y + 40, holds, size=10, **style)  # type: ignore[arg-type]

    def outside(centre: float, start: float, name: str) -> None:
        canvas.line(centre, start, centre, low, "rule")
        canvas.rect(centre - 50, low, 100, 28, "node", radius=6)
        canvas.text(centre, low + 14, name, size=12, anchor="middle", classes="muted")

    packages = {
        "optim": "optimizers, schedules",
        "layers": "CNN, RNN, attention, …",
        "viz": "SVG figures",
        "utils": "data, metrics, training loop",
    }
    for i, (name, holds) in enumerate(packages.items()):
        x = 16 + i * (wide + 14)
        start, end = x + wide / 2, 50 + 78 * i
        canvas.line(start, top + tall, end, middle - 6, "edge")
        canvas.path(f"M{end - 5} {middle - 9}L{end + 5} {middle - 9}L{end} {middle}Z", "text")
        if i > 1:
            outside(start, top + tall, {2: "svgwrite", 3: "rich"}[i])
        box(x, top, wide, f"neural-net-{name}", holds)
    box(16, middle, 2 * wide + 14, "neural-net-core", "tensors, gradients, modules, losses, files")
    outside(89, middle + tall, "numpy")
    words = (
        "neural-net-optim, -layers, -viz and -utils each import neural-net-core and not each "
        "other. Core needs numpy, viz also svgwrite, utils also rich."
    )
    return canvas.figure(658, 302, "The packages and what they import", words)


def idea() -> viz.Figure:
    """Where one idea, the LSTM, has its textbook form, and what stands around it."""
    canvas = Canvas()
    wide, tall, left, middle, right = 180, 58, 16, 246, 476

    def box(x: float, y: float, name: str, place: str) -> None:
        canvas.rect(x, y, wide, tall, "node", radius=8)
        style = {"anchor": "middle", "max_width": wide - 10}
        canvas.text(x + wide / 2, y + 20, name, size=13, bold=True, **style)  # type: ignore[arg-type]
        canvas.text(x + wide / 2, y + 40, place, size=10, classes="muted", **style)  # type: ignore[arg-type]

    def arrow(x1: float, y1: float, x2: float, y2: float, word: str) -> None:
        """Draw who uses whom; the word stands in the middle, above a level arrow, beside others."""
        canvas.line(x1, y1, x2, y2, "edge")
        if y1 == y2:
            step = 5 if x2 > x1 else -5
            canvas.path(
                f"M{x2 - 1.8 * step} {y2 - 5}L{x2 - 1.8 * step} {y2 + 5}L{x2} {y2}Z", "text"
            )
            canvas.text((x1 + x2) / 2, y1 - 9, word, size=10, anchor="middle", classes="muted")
        else:
            step = 5 if y2 > y1 else -5
            canvas.path(
                f"M{x2 - 5} {y2 - 1.8 * step}L{x2 + 5} {y2 - 1.8 * step}L{x2} {y2}Z", "text"
            )
            canvas.text(x1 + 8, (y1 + y2) / 2, word, size=10, classes="muted")

    top, centre, low = 16, 126, 236
    box(left, centre, "fast form", "fast/recurrent/lstm.py")
    box(middle, centre, "textbook form", "recurrent/lstm.py")
    box(right, centre, "test", "tests/recurrent/test_lstm.py")
    box(left, top, "benchmark row", "benchmarks/rows.py")
    box(middle, top, "tutorial and reference", "tutorials/7-rnns.md, api/")
    box(left, low, "walker", "tests/test_gradcheck_table.py")
    box(right, low, "PyTorch beside it", "tests/parity/test_recurrent.py")
    arrow(left + wide, centre + tall / 2, middle, centre + tall / 2, "is a")
    arrow(right, centre + tall / 2, middle + wide, centre + tall / 2, "tests")
    arrow(left + wide / 2, top + tall, left + wide / 2, centre, "pays for it")
    arrow(middle + wide / 2, top + tall, middle + wide / 2, centre, "shows")
    arrow(left + wide / 2, low, left + wide / 2, centre + tall, "compares")
    for end, x, word in ((left + wide, middle + 40, "checks"), (right, middle + 110, "compares")):
        canvas.line(end, low + tall / 2, x, low + tall / 2, "edge")
        arrow(x, low + tall / 2, x, centre + tall, word)
    words = (
        "The textbook form of the LSTM in the middle. Its fast form is a subclass of it and stands "
        "for a benchmark row; a walker checks the gradient of the one and compares the other with "
        "it. Tests, comparison with PyTorch, tutorial and reference are about the textbook form."
    )
    return canvas.figure(672, 310, "Where one idea is", words)


def layers(initializer: Initializer | None, seed: int) -> list[Dense]:
    """Return a deep stack of square layers without biases."""
    rng = np.random.default_rng(seed)
    return [Dense(WIDTH, WIDTH, bias=False, init=initializer, rng=rng) for _ in range(DEPTH)]


def signal() -> dict[str, tuple[list[float], list[float]]]:
    """Measure the size of values and of gradients, layer by layer, in untrained stacks."""
    kinds = {
        "sigmoid, Xavier": (sigmoid, init.xavier_normal),
        "tanh, Xavier": (tanh, init.xavier_normal),
        "ReLU, Xavier": (relu, init.xavier_normal),
        "ReLU, Kaiming": (relu, init.kaiming_normal),
        "ReLU, PyTorch's default": (relu, None),
    }
    found = {}
    for name, (activation, initializer) in kinds.items():
        # In float64, so that a last digit that differs between processors moves no line.
        x = Tensor(np.random.default_rng(0).normal(size=(BATCH, WIDTH)), requires_grad=True)
        values = [x]
        for layer in layers(initializer, seed=1):
            values.append(activation(layer(values[-1])))
        out = np.random.default_rng(2).normal(size=(BATCH, WIDTH))
        gradients = grad((values[-1] * out).sum(), values)
        found[name] = (
            [float(v.data.std()) for v in values],
            [float(np.sqrt(np.mean(np.square(g)))) for g in gradients],
        )
    return found


def cancellation() -> viz.Figure:
    """The relative error of ln(1 + eˣ) in float32, as written and rearranged."""

    # Every step rounded to float32, as its arithmetic is; NumPy's own float32 exp differs by a last
    # digit between processors, and this figure has to be the same on all of them.
    def f32(value: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            return value.astype(np.float32).astype(np.float64)

    x = f32(np.linspace(-30, 100, 521))
    exact = np.logaddexp(0, x)
    naive = f32(np.log(f32(1 + f32(np.exp(x)))))
    stable = f32(np.maximum(x, 0) + f32(np.log1p(f32(np.exp(-np.abs(x))))))
    errors = {
        "ln(1 + eˣ) as written": np.abs(naive - exact) / exact,
        "max(x, 0) + ln1p(e⁻|x|)": np.abs(stable - exact) / exact,
    }
    return viz.line_plot(
        {name: np.maximum(error, 1e-9) for name, error in errors.items()},
        x=x,
        log_y=True,
        x_label="x",
        y_label="relative error in float32",
        title="The same function, written twice",
        description="As written, ln(1 + eˣ) has lost all digits below −17 and overflows above 88; "
        "rearranged it is right to a few units in the last place everywhere.",
    )


def attention() -> viz.Figure:
    """Three tokens, two features: numbers to compute along with."""
    return viz.attention_diagram(
        [[2.0, 0.0], [0.0, 2.0], [2.0, 2.0]],
        [[2.0, 0.0], [0.0, 2.0], [1.0, 1.0]],
        [[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]],
        query_labels=["the", "cat", "sat"],
        key_labels=["the", "cat", "sat"],
    )


def spikes() -> viz.Figure:
    """Neurons that leak, add up a noisy current, fire and start again."""
    rng = np.random.default_rng(0)
    voltage = np.zeros(20)
    fired = np.zeros((200, 20))
    current = np.linspace(0.06, 0.3, 20)
    for t in range(200):
        voltage = 0.9 * voltage + current * rng.uniform(0.5, 1.5, 20)
        fired[t] = voltage > 1
        voltage = np.where(fired[t] > 0, 0.0, voltage)
    return viz.raster_plot(
        fired, title="Twenty neurons, each with a stronger current", x_label="step"
    )


def training_step() -> viz.Figure:
    """All that one step of gradient descent on XOR computes, from line to line."""
    rng = np.random.default_rng(0)
    model = Sequential(Dense(2, 4, rng=rng), Tanh(), Dense(4, 1, rng=rng))
    optimizer = SGD(model.parameters(), lr=0.5)

    def train_step(x: np.ndarray, y: np.ndarray) -> Tensor:
        optimizer.zero_grad()
        loss = mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    table = xor_gate()
    return viz.dataflow(record(train_step, table.inputs, table.outputs), title="A training step")


def portrait() -> viz.Figure:
    """What P-Net, a network that others trained, sees in a portrait of Grace Hopper."""
    place = Path(__file__).parents[1] / "tests/pretrained"
    model = runpy.run_path(str(place / "mtcnn.py"))["PNet"]()
    model.load_state_dict(load_tensors(place / "p_net/weights.safetensors"))
    pixels = load_tensors(place / "p_net/recorded.safetensors")["pixels"]  # (40, 34, 3)
    picture = ((pixels.astype(np.float32) - 127.5) / 128).transpose(2, 0, 1)[None]
    with no_grad():
        first = model.prelu1(model.conv1(picture)).data[0]  # (10, 38, 32)
        boxes, probabilities = model(picture)
    faces, moves = probabilities.data[0, 1], boxes.data[0]  # (15, 12), (4, 15, 12)

    canvas, wide, gap = Canvas(), 600.0, 16.0
    top = draw_title(canvas, "A portrait, and what P-Net sees in it", wide)

    def show(image: np.ndarray, x: float, y: float, scale: float, name: str) -> None:
        """Draw an image (H, W) or (H, W, 3), from 0 to 255, and its name below."""
        height, width = scale * image.shape[0], scale * image.shape[1]
        canvas.image(x, y, width, height, png(image.astype(np.uint8)))
        canvas.rect(x, y, width, height, "frame")
        canvas.text(x + width / 2, y + height + 13, name, anchor="middle", max_width=width + gap)

    scale = 5.0
    show(pixels, gap, top, scale, "40 × 34 pixels")
    row, column = np.unravel_index(faces.argmax(), faces.shape)
    corners = np.array([2 * column, 2 * row, 2 * column + 12, 2 * row + 12])
    left, high, right, low = scale * (corners + 12 * moves[:, row, column]) + [gap, top] * 2
    outline = f"M{left:.1f} {high:.1f}H{right:.1f}V{low:.1f}H{left:.1f}Z"
    canvas.path(outline, "mark stroke-series-1")
    # Each window is shown by the 2 x 2 pixels in its middle; near the edge there is none.
    sure = np.zeros(pixels.shape[:2])
    sure[5 : 5 + 2 * len(faces), 5 : 5 + 2 * faces.shape[1]] = np.kron(faces, np.ones((2, 2)))
    show(255 * sure, 2 * gap + scale * pixels.shape[1], top, scale, "probability of a face")
    x, y = 3 * gap + 2 * scale * pixels.shape[1], top + 16
    words = [
        *("Black is a probability of 0,", "white of 1. The orange box is"),
        *("the surest window, moved by", "its four numbers.", ""),
        *("Below: the ten maps of the", "first layer; grey is 0, white", "more, black less."),
    ]
    for line in words:
        canvas.text(x, y, line, classes="muted", max_width=wide - gap - x)
        y += 18
    top += scale * pixels.shape[0] + 36
    scale = (wide - 6 * gap) / 5 / first.shape[2]
    for i, values in enumerate(first):
        x = gap + i % 5 * (scale * first.shape[2] + gap)
        y = top + i // 5 * (scale * first.shape[1] + 32)
        grey = 127.5 + 127.5 * values / np.abs(values).max()
        show(grey, x, y, scale, f"filter {i + 1}")
    return canvas.figure(
        wide,
        top + 2 * (scale * first.shape[1] + 32),
        "A portrait, and what P-Net sees in it",
        "A portrait of 40 × 34 pixels; a map that is dark but for the windows in whose middle the "
        "face is; and the maps of ten filters: some show edges in one direction, some areas.",
    )


def png(pixels: np.ndarray) -> str:
    """Return pixels (H, W) or (H, W, 3) as the address of a picture, the same on every machine."""
    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    # Stored as it is: compressors differ from one zlib to the next.
    length = struct.pack("<H", len(rows))
    stored = b"\1" + length + bytes(255 - b for b in length) + rows
    data = b"\x78\x01" + stored + struct.pack(">I", zlib.adler32(rows))
    header = struct.pack(">IIBBBBB", width, height, 8, 0 if pixels.ndim == 2 else 2, 0, 0, 0)
    out = b"\x89PNG\r\n\x1a\n"
    for kind, part in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b"")):
        checksum = struct.pack(">I", zlib.crc32(kind + part))
        out += struct.pack(">I", len(part)) + kind + part + checksum
    return "data:image/png;base64," + base64.b64encode(out).decode("ascii")


def cells() -> dict[str, viz.Figure]:
    """The three recurrent cells with one step of one unit, in the numbers of tutorial 7."""

    def squash(z: float) -> float:
        return 1 / (1 + math.exp(-z))

    x, h, z = 1.0, 0.5, 1.0 * 1.0 + 2.0 * 0.5
    plain = viz.rnn_diagram({"x": x, "h_before": h, "z": z, "h": math.tanh(z)})
    r, z, n = squash(0.5), squash(1.0), math.tanh(0.3 * x - 2.0 * squash(0.5) * h)
    step = {"r": r, "z": z, "n": n, "h": z * h + (1 - z) * n}
    gru = viz.gru_diagram({"x": x, "h_before": h} | step)
    before, f, i, g, o = 2.0, squash(1.0), squash(0.0), math.tanh(0.5), squash(0.0)
    c = f * before + i * g
    gates = {"c_before": before, "f": f, "i": i, "g": g, "o": o}
    lstm = viz.lstm_diagram(gates | {"c": c, "h": o * math.tanh(c)})
    return {"rnn-cell": plain, "gru-cell": gru, "lstm-cell": lstm}


def heads() -> viz.Figure:
    """Two heads over four tokens: one looks at the token before, the other one at the noun."""
    angle = np.pi / 3 * np.arange(4)
    places = 2.2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    before = 2.2 * np.stack([np.cos(angle - np.pi / 3), np.sin(angle - np.pi / 3)], axis=1)
    noun = np.array([[0.0, 1.0], [2.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    wants = np.tile([2.0, 0.0], (4, 1))
    return viz.multi_head_diagram(
        np.concatenate([before, wants], axis=1),
        np.concatenate([places, noun], axis=1),
        [[1.0, 0.0, 0.5, 0.0], [0.0, 1.0, 0.0, 1.0], [-1.0, 0.5, 0.5, 0.5], [0.0, -1.0, 1.0, -0.5]],
        query_labels=["the", "cat", "sat", "down"],
    )


def neuron() -> tuple[viz.Figure, viz.Figure]:
    """The neuron of tutorial 2 as a graph, with values and gradients: at the end, and halfway."""
    w, b = Tensor([0.5, 0.3], requires_grad=True), Tensor(-0.8, requires_grad=True)
    x = Tensor([1.0, 1.0])
    with textbook(), trace() as calls:
        z = (w * x).sum() + b
        y = sigmoid(z)
        loss = -log(y)
        loss.backward()
    names = {"w": w, "x": x, "b": b, "z": z, "y": y, "L": loss}
    at_last = viz.computation_graph(
        calls, names=names, values=True, title="One neuron, forward and backward"
    )
    return at_last, viz.backward_graph(calls, 3, names=names)


def flat_ends() -> viz.Figure:
    """The sigmoid, and its slope below it: both ends are flat."""
    x = np.linspace(-8, 8, 161)
    y = 1 / (1 + np.exp(-x))
    return viz.line_plot(
        {"σ(x)": y, "its slope σ′(x)": y * (1 - y)},
        x=x,
        x_label="x",
        title="The sigmoid and its slope",
    )


def slope() -> viz.Figure:
    """A step down the loss of the neuron of tutorial 2 over its first weight."""
    return viz.gradient_step(
        lambda w: np.log1p(np.exp(-(w + 0.3 - 0.8))),
        0.5,
        lr=1.0,
        weight_range=(-1.0, 2.0),
        weight_label="w₁",
        title="The loss over one weight, and one step down its slope",
    )


def machines() -> dict[str, viz.Figure]:
    """How much faster a step becomes on many machines, as benchmarks/distributed.py models it."""
    record = json.loads(MEASURED.read_text(encoding="utf-8"))
    found: dict[str, dict[str, tuple[list[int], list[float]]]] = {}
    for line in record["model"]:
        ranks, seconds = zip(*((int(n), s) for n, s in line["step_s"].items()), strict=True)
        gains = [seconds[0] / s for s in seconds]
        found.setdefault(line["network"], {})[line["row"].split(",")[0]] = (list(ranks), gains)
    figures = {}
    for network, lines in found.items():
        every = next(iter(lines.values()))[0]
        figures[network.split()[-1].lower()] = viz.line_plot(
            {"as many times as ranks": (every, every), **lines},
            log_x=True,
            log_y=True,
            markers=True,
            x_label="ranks, with 512 samples together",
            y_label="times as fast as one process",
            title=f"Data parallelism over {network}",
        )
    return figures


def writing() -> viz.Figure:
    """What the transformer of example 9 wrote, from the output that its README holds."""
    readme = FOLDER.parents[2] / "examples" / "example-9-attention" / "README.md"
    printed = re.search(
        r"^    ROSALIND:\n(?:    .*\n|\n)*", readme.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert printed
    text = textwrap.dedent(printed[0])[:125]
    return viz.text_animation(
        text, prompt=len("ROSALIND:\n"), seconds=20.0, title="What the larger transformer writes"
    )


def lattices() -> dict[str, viz.Figure]:
    """What CTC adds up for the labels a and b in three frames, forward and in the end."""
    y = np.array([[0.2, 0.7, 0.1], [0.5, 0.3, 0.2], [0.3, 0.1, 0.6]])[:, [0, 1, 0, 2, 0]]
    # To each place from: itself, the one before, and for a label the label before.
    ways = np.eye(5) + np.eye(5, k=1)
    ways[1, 3] = 1
    alpha, beta = np.zeros((3, 5)), np.zeros((3, 5))
    alpha[0, :2], beta[2, 3:] = y[0, :2], y[2, 3:]
    for t in (1, 2):
        alpha[t] = y[t] * (alpha[t - 1] @ ways)
        beta[2 - t] = y[2 - t] * (ways @ beta[3 - t])
    gamma = alpha * beta / y / alpha[2, 3:].sum()
    return {
        "ctc-alpha": viz.ctc_lattice(
            alpha, "ab", value_label="α", title="All paths that read as a b, from left to right"
        ),
        "ctc-gamma": viz.ctc_lattice(
            gamma, "ab", value_label="probability", title="Where a path is, if it reads as a b"
        ),
    }


def main(folder: Path = FOLDER) -> None:
    """Draw all of them."""
    with default_dtype(np.float64):
        measured = signal()
    pairs = (("forward", 0, "of the values"), ("backward", 1, "of the gradient"))
    for name, which, what in pairs:
        viz.line_plot(
            {kind: sizes[which] for kind, sizes in measured.items()},
            log_y=True,
            x_label="layer",
            y_label=f"standard deviation {what}",
            title=f"Thirty untrained layers: size {what}",
        ).save(folder / f"signal-{name}.svg")
    cancellation().save(folder / "cancellation.svg")
    dependencies().save(folder / "dependencies.svg")
    idea().save(folder / "idea.svg")
    for name, figure in cells().items():
        figure.save(folder / f"{name}.svg")
    heads().save(folder / "heads.svg")
    for name, figure in zip(("neuron-graph", "backward-step"), neuron(), strict=True):
        figure.save(folder / f"{name}.svg")
    flat_ends().save(folder / "sigmoid.svg")
    writing().save(folder / "writing.svg")
    slope().save(folder / "gradient-step.svg")
    attention().save(folder / "attention-steps.svg")
    viz.transformer_diagram(title="The norm last, as published").save(folder / "norm-last.svg")
    viz.transformer_diagram(norm_first=True, title="The norm first").save(folder / "norm-first.svg")
    spikes().save(folder / "spikes.svg")
    for name, figure in lattices().items():
        figure.save(folder / f"{name}.svg")
    training_step().save(folder / "training-step.svg")
    portrait().save(folder / "p-net.svg")
    for network, figure in machines().items():
        figure.save(folder / f"machines-{network}.svg")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
