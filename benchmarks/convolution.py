"""Times convolution layers, poolings and small CNNs beside PyTorch and prints the ratios.

    env -u OPENBLAS_CORETYPE python benchmarks/convolution.py [--rounds 15] [--rows "28x28,CNN"]

Both libraries run in one process with the same number of threads, in turns of a few calls each, so
that whatever else the machine is doing hits both sides alike. Shown are medians over the rounds,
the ratio of each round taken within it, with the quartiles of the ratios.

A layer's row is its forward and backward pass. The first layer of a network (one channel) needs no
gradient for its input, the others do.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable

THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
os.environ.setdefault("OPENBLAS_NUM_THREADS", str(THREADS))
os.environ.setdefault("OMP_NUM_THREADS", str(THREADS))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from networks import WIDE, cnn_ours, cnn_torch, wide_ours, wide_torch  # noqa: E402
from torch import nn as tnn  # noqa: E402

import neural_net_core as nn  # noqa: E402
import neural_net_layers as layers  # noqa: E402
import neural_net_optim as optim  # noqa: E402

Pair = tuple[str, Callable[[], object], Callable[[], object]]

SECONDS = 0.05  # how long one side's turn should take


def same_weights(ours, theirs):
    # The keys may differ by the place of a flattening; the order is the same.
    values = (torch.from_numpy(np.asarray(value)) for value in ours.state_dict().values())
    theirs.load_state_dict(dict(zip(theirs.state_dict(), values, strict=True)))


def layer(name, ours, theirs, shape, *, needs_dx=True) -> Pair:
    """Return a row for a layer alone: forward, and backward from a fixed output gradient."""
    rng = np.random.default_rng(0)
    data = rng.normal(size=shape).astype(np.float32)
    same_weights(ours, theirs)
    # In the middle of a network each library has its own memory order.
    x = nn.Tensor(in_our_order(data) if needs_dx else data, requires_grad=needs_dx)
    xt = torch.tensor(data, requires_grad=needs_dx)
    dy = rng.normal(size=ours(x).shape).astype(np.float32)
    dy_ours, dy_theirs = in_our_order(dy), torch.from_numpy(dy)

    def step():
        ours(x).backward(dy_ours)
        ours.zero_grad()
        x.grad = None

    def step_torch():
        theirs(xt).backward(dy_theirs)
        theirs.zero_grad()
        xt.grad = None

    return name, step, step_torch


def in_our_order(x):
    """Return (B, C, …) with the channels last in memory."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)


def conv(batch, channels, size, kernel, out, **options) -> Pair:
    text = "".join(f" {k} {v}" for k, v in options.items())
    options = {"padding": kernel // 2, **options}
    return layer(
        f"conv {batch}x{channels}x{size}x{size} k{kernel} -> {out}{text}",
        layers.Conv2D(channels, out, kernel, **options),
        tnn.Conv2d(channels, out, kernel, **options),
        (batch, channels, size, size),
        needs_dx=channels > 1,
    )


def model(name, ours, theirs, shape, classes=10) -> Pair:
    """Return a row for a training step with SGD."""
    same_weights(ours, theirs)
    rng = np.random.default_rng(0)
    data = rng.normal(size=shape).astype(np.float32)
    labels = rng.integers(0, classes, shape[0])
    x, xt, labels_t = nn.Tensor(data), torch.from_numpy(data), torch.from_numpy(labels)
    opt = optim.SGD(ours.parameters(), lr=0.01)
    opt_t = torch.optim.SGD(theirs.parameters(), lr=0.01)
    loss_fn, loss_fn_t = nn.CrossEntropyLoss(), tnn.CrossEntropyLoss()

    def step():
        loss_fn(ours(x), labels).backward()
        opt.step()
        opt.zero_grad()

    def step_torch():
        loss_fn_t(theirs(xt), labels_t).backward()
        opt_t.step()
        opt_t.zero_grad()

    return name, step, step_torch


def cnn(size, kernel) -> Pair:
    """Two convolutions with pooling and a classifier, batch 64."""
    return model(
        f"CNN {size}x{size} k{kernel} 1-16-32 batch 64",
        cnn_ours(size, kernel),
        cnn_torch(size, kernel),
        (64, 1, size, size),
    )


def wide() -> Pair:
    """Convolutions with batch norm."""
    name = "CNN 32x32 k3 32-64-64 with BatchNorm batch 32"
    return model(name, wide_ours(), wide_torch(), WIDE)


ROWS: list[Callable[[], Pair]] = [
    lambda: conv(64, 1, 28, 5, 16),
    lambda: conv(64, 16, 14, 5, 32),
    lambda: conv(64, 1, 8, 3, 16),
    lambda: conv(64, 16, 4, 3, 32),
    lambda: conv(32, 32, 32, 3, 64),
    lambda: conv(32, 64, 32, 3, 64),
    lambda: conv(32, 3, 32, 3, 32),
    lambda: conv(32, 64, 32, 3, 128, stride=2),
    lambda: conv(32, 64, 16, 1, 64),
    lambda: conv(32, 64, 16, 3, 64, dilation=2, padding=2),
    lambda: conv(32, 64, 16, 3, 64, groups=4),
    lambda: conv(32, 64, 16, 3, 64, groups=64),
    lambda: conv(8, 256, 8, 3, 256),
    lambda: layer(
        "conv1d 32x64x128 k5 -> 64",
        layers.Conv1D(64, 64, 5, padding=2),
        tnn.Conv1d(64, 64, 5, padding=2),
        (32, 64, 128),
    ),
    lambda: layer(
        "transposed conv 32x64x8x8 k4 stride 2 -> 32",
        layers.ConvTranspose2D(64, 32, 4, stride=2, padding=1),
        tnn.ConvTranspose2d(64, 32, 4, stride=2, padding=1),
        (32, 64, 8, 8),
    ),
    lambda: layer(
        "max pool 2 64x16x28x28", layers.MaxPool2D(2), tnn.MaxPool2d(2), (64, 16, 28, 28)
    ),
    lambda: layer(
        "max pool 3 stride 2 32x64x32x32",
        layers.MaxPool2D(3, 2, 1),
        tnn.MaxPool2d(3, 2, 1),
        (32, 64, 32, 32),
    ),
    lambda: layer(
        "avg pool 2 64x16x28x28", layers.AvgPool2D(2), tnn.AvgPool2d(2), (64, 16, 28, 28)
    ),
    lambda: layer(
        "bilinear x2 32x64x16x16",
        layers.Upsample(scale_factor=2, mode="bilinear"),
        tnn.Upsample(scale_factor=2, mode="bilinear"),
        (32, 64, 16, 16),
    ),
    lambda: cnn(8, 3),
    lambda: cnn(28, 5),
    wide,
]


def turn(step, repeats):
    start = time.perf_counter()
    for _ in range(repeats):
        step()
    return (time.perf_counter() - start) / repeats


def measure(row: Pair, rounds: int) -> float:
    name, *steps = row
    repeats = []
    for step in steps:
        turn(step, 3)
        repeats.append(max(1, round(SECONDS / turn(step, 2))))
    times = [[], []]
    for i in range(rounds):
        for side in (0, 1) if i % 2 == 0 else (1, 0):
            steps[side]()  # the other library's threads may still be spinning
            times[side].append(turn(steps[side], repeats[side]))
    ratios = [a / b for a, b in zip(*times, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    ours, theirs = (statistics.median(t) * 1e6 for t in times)
    print(
        f"{name:<50} {ours:>9,.0f} {theirs:>9,.0f} {middle:>6.2f}   {low:.2f} to {high:.2f}",
        flush=True,
    )
    return middle


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--rows", default="", help="only rows whose name contains one of these")
    args = parser.parse_args()
    torch.set_num_threads(THREADS)
    wanted = [w for w in args.rows.split(",") if w]
    if "OPENBLAS_CORETYPE" in os.environ:
        print("OPENBLAS_CORETYPE is set: it may halve the speed of NumPy's products")
    print(f"{THREADS} threads, numpy {np.__version__}, torch {torch.__version__}")
    print(f"{'forward and backward; step':<50} {'ours us':>9} {'torch us':>9}  ratio   quartiles")
    ratios = []
    for make in ROWS:
        row = make()
        if not wanted or any(w in row[0] for w in wanted):
            ratios.append(measure(row, args.rounds))
    print(f"{'geometric mean of the ratios':<70} {statistics.geometric_mean(ratios):>6.2f}")


if __name__ == "__main__":
    main()
