"""Three-bit parity: is the number of ones odd? Every single bit matters, always.

Flipping any input flips the answer, so no input alone says anything about it. How many hidden
units does it take? With n bits, n step units suffice in theory; in practice a start matters too.
"""

import itertools
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
from neural_net_utils import parity

HERE = Path(__file__).parent
TABLE = parity(3)
HIDDEN = 6
WIDTHS = (1, 2, 3, 4, 6, 8)
SEEDS = 10
WIDTH_SEEDS = 20
STEPS = 1_000
LEARNING_RATE, MOMENTUM = 0.5, 0.9
MARGIN = 0.1


def network(seed: int, hidden: int = HIDDEN) -> FeedForward:
    """Return a 3-hidden-1 network of tanh units that gives logits."""
    return FeedForward((3, hidden, 1), Tanh, rng=np.random.default_rng(seed))


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


def outputs(model: FeedForward) -> np.ndarray:
    """Return the eight probabilities of "odd", (8, 1)."""
    with no_grad():
        return sigmoid(model(TABLE.inputs)).numpy()


def worst_error(model: FeedForward) -> float:
    """Return the largest distance between an answer and its target."""
    return float(np.abs(outputs(model) - TABLE.outputs).max())


def best_linear(levels: int = 9) -> int:
    """Return the most rows that any plane of a grid of planes gets right."""
    x, t = TABLE.inputs, TABLE.outputs[:, 0] > 0.5
    grid = np.linspace(-2, 2, levels)
    planes = np.array(list(itertools.product(grid, repeat=4)))
    right = ((x @ planes[:, :3].T + planes[:, 3] > 0) == t[:, None]).sum(axis=0)
    return int(right.max())


def solved_by_width(seeds: int) -> dict[int, float]:
    """Return the share of starts that reach the margin, for each hidden width."""
    shares = {}
    for width in WIDTHS:
        models = [network(seed, width) for seed in range(seeds)]
        for model in models:
            train(model)
        shares[width] = float(np.mean([worst_error(m) < MARGIN for m in models]))
    return shares


def draw(model: FeedForward, name: str, images: Path) -> None:
    """Draw the network and what it answers."""
    title = f"3-bit parity, {name}"
    names = {"input_names": TABLE.input_names, "output_names": TABLE.output_names}
    viz.network_diagram(model, **names, title=title).save(images / f"network_{name}.svg")
    viz.truth_table(
        TABLE.inputs, TABLE.outputs, outputs(model), **names, margin=MARGIN, title=title
    ).save(images / f"truth_table_{name}.svg")


@textbook()  # every operation in the form that the course derives
def main(quick: bool = False, folder: Path = HERE) -> dict[str, float]:
    """Train over several seeds and widths; return what was measured."""
    images, checkpoints = folder / "images", folder / "checkpoints"
    images.mkdir(exist_ok=True)
    checkpoints.mkdir(exist_ok=True)

    print(f"the best plane gets {best_linear()} of 8 rows right")
    model = network(seed=0)
    before = worst_error(model)
    draw(model, "before", images)
    save_checkpoint(checkpoints / "before.safetensors", model=model, metadata={"seed": 0})

    models = [network(seed) for seed in range(3 if quick else SEEDS)]
    curves = np.array([train(m) for m in models])
    errors = np.array([worst_error(m) for m in models])
    first = np.argmax(curves < 0.05, axis=1)[errors < MARGIN]
    print(
        f"{HIDDEN} hidden units: {(errors < MARGIN).sum()} of {len(models)} seeds solved; loss "
        f"below 0.05 after {np.median(first):.0f} steps (median, {first.min()} to {first.max()})"
    )
    draw(models[0], "after", images)
    save_checkpoint(checkpoints / "after.safetensors", model=models[0], metadata={"seed": 0})
    viz.training_curves(
        {f"{len(models)} seeds": curves}, log_y=True, x_label="step", title="3-bit parity"
    ).save(images / "loss.svg")

    shares = solved_by_width(2 if quick else WIDTH_SEEDS)
    print("solved by hidden width:", ", ".join(f"{w}: {s:.0%}" for w, s in shares.items()))
    viz.bar_chart(
        {f"{w} hidden": s for w, s in shares.items()},
        value_label="share of starts solved",
        title="Parity by hidden width",
    ).save(images / "solved_by_width.svg")
    solved = float((errors < MARGIN).mean())
    return {"before": before, "solved": solved, "one_unit": shares[1], "linear": best_linear()}


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    # A quick run is a look, not a result: its figures stay out of the repository.
    main(quick, Path(tempfile.mkdtemp()) if quick else HERE)
