"""A full adder: three bits in, sum and carry out; and four of them in a row add numbers.

The sum is the parity of the three bits and the carry is their majority: the two functions of the
examples before this one, learned by one network. Chained by the carry, copies of the trained
network add any two 4-bit numbers, though it never saw a number.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

import neural_net_viz as viz
from neural_net_core import (
    BCEWithLogitsLoss,
    FeedForward,
    Tanh,
    no_grad,
    save_checkpoint,
    sigmoid,
    textbook,
)
from neural_net_optim import SGD
from neural_net_utils import full_adder

HERE = Path(__file__).parent
TABLE = full_adder()
HIDDEN = 6
SEEDS = 10
STEPS = 1_000
LEARNING_RATE, MOMENTUM = 0.5, 0.9
MARGIN = 0.1
BITS = 4
SUM, CARRY = (TABLE.output_names.index(name) for name in ("sum", "carry out"))


def network(seed: int) -> FeedForward:
    """Return a 3-6-2 network of tanh units that gives logits."""
    return FeedForward((3, HIDDEN, 2), Tanh, rng=np.random.default_rng(seed))


def train(model: FeedForward, steps: int = STEPS) -> list[float]:
    """Descend the gradient of all eight rows; return the loss after each step."""
    loss_fn = BCEWithLogitsLoss()
    optimizer = SGD(model.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
    losses = []
    for _ in range(steps):
        loss = loss_fn(model(TABLE.inputs), TABLE.outputs)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def outputs(model: FeedForward, x: np.ndarray = TABLE.inputs) -> np.ndarray:
    """Return the probabilities of sum and carry, (rows, 2)."""
    with no_grad():
        return sigmoid(model(x)).numpy()


def right(model: FeedForward) -> np.ndarray:
    """Return which outputs are within the margin, (8, 2) booleans."""
    return np.abs(outputs(model) - TABLE.outputs) < MARGIN


def add(model: FeedForward, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Add whole numbers with the network as every bit's adder, from the lowest bit up."""
    carry = np.zeros(len(a), np.float32)
    total = np.zeros(len(a), int)
    for i in range(BITS):
        bits = np.stack([a >> i & 1, b >> i & 1, carry], axis=1).astype(np.float32)
        y = outputs(model, bits)
        total += (y[:, SUM] > 0.5).astype(int) << i
        carry = (y[:, CARRY] > 0.5).astype(np.float32)  # a clean bit again, not 0.97
    return total + (carry.astype(int) << BITS)


def sums_right(model: FeedForward) -> float:
    """Return the share of all pairs of 4-bit numbers that are added correctly."""
    a, b = (v.ravel() for v in np.meshgrid(np.arange(2**BITS), np.arange(2**BITS)))
    return float((add(model, a, b) == a + b).mean())


def draw(model: FeedForward, name: str, images: Path) -> None:
    """Draw the network and what it answers."""
    title = f"Full adder, {name}"
    names = {"input_names": TABLE.input_names, "output_names": TABLE.output_names}
    viz.network_diagram(model, **names, title=title).save(images / f"network_{name}.svg")
    viz.truth_table(
        TABLE.inputs, TABLE.outputs, outputs(model), **names, margin=MARGIN, title=title
    ).save(images / f"truth_table_{name}.svg")


@textbook()  # every operation in the form that the course derives
def main(quick: bool = False, folder: Path = HERE) -> dict[str, float]:
    """Train over several seeds, then add numbers; return what was measured."""
    images, checkpoints = folder / "images", folder / "checkpoints"
    images.mkdir(exist_ok=True)
    checkpoints.mkdir(exist_ok=True)

    model = network(seed=0)
    sums_before = sums_right(model)
    rows_before = float(right(model).all(axis=1).mean())
    draw(model, "before", images)
    save_checkpoint(checkpoints / "before.safetensors", model=model, metadata={"seed": 0})

    models = [network(seed) for seed in range(3 if quick else SEEDS)]
    curves = np.array([train(m) for m in models])
    marks = np.array([right(m) for m in models])  # (seeds, 8, 2)
    by_output = dict(zip(TABLE.output_names, marks.mean(axis=(0, 1)), strict=True))
    print(
        ", ".join(f"{k} {v:.0%} right" for k, v in by_output.items())
        + f", whole rows {marks.all(axis=2).mean():.0%}, "
        f"{marks.all(axis=(1, 2)).sum()} of {len(models)} seeds solved"
    )
    model = models[0]
    print(
        f"the 256 sums of two 4-bit numbers: {sums_before:.0%} right before training, "
        f"{sums_right(model):.0%} after"
    )
    a, b = np.array([13]), np.array([11])
    print(f"{a[0]} + {b[0]} = {add(model, a, b)[0]}")
    draw(model, "after", images)
    save_checkpoint(checkpoints / "after.safetensors", model=model, metadata={"seed": 0})
    viz.training_curves(
        {f"{len(models)} seeds": curves}, log_y=True, x_label="step", title="Full adder"
    ).save(images / "loss.svg")
    return {
        "rows_before": rows_before,
        "rows": float(marks.all(axis=2).mean()),
        "sums_before": sums_before,
        "sums": sums_right(model),
    }


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    # A quick run is a look, not a result: its figures stay out of the repository.
    main(quick, Path(tempfile.mkdtemp()) if quick else HERE)
