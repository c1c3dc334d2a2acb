"""A half adder: two bits in, sum and carry out. One hidden layer serves both outputs.

Sum is XOR and carry is AND. The easy output is learned first, and the hidden units that it found
are there for the hard one. A row counts as right only if both of its outputs are.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

import neural_net_viz as viz
from neural_net_core import (
    FeedForward,
    Tanh,
    binary_cross_entropy_with_logits,
    no_grad,
    save_checkpoint,
    sigmoid,
    textbook,
)
from neural_net_optim import SGD
from neural_net_utils import half_adder

HERE = Path(__file__).parent
TABLE = half_adder()
HIDDEN = 4
SEEDS = 10
STEPS = 600
LEARNING_RATE, MOMENTUM = 0.5, 0.9
MARGIN = 0.1


def network(seed: int, hidden: int = HIDDEN) -> FeedForward:
    """Return a network with two logits; without hidden units it is two separate neurons."""
    sizes = (2, hidden, 2) if hidden else (2, 2)
    return FeedForward(sizes, Tanh, rng=np.random.default_rng(seed))


def train(model: FeedForward, steps: int = STEPS) -> np.ndarray:
    """Descend the mean gradient of all outputs; return each output's loss by step, (steps, 2)."""
    optimizer = SGD(model.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
    losses = []
    for _ in range(steps):
        by_output = binary_cross_entropy_with_logits(
            model(TABLE.inputs), TABLE.outputs, reduction="none"
        ).mean(axis=0)
        optimizer.zero_grad()
        by_output.mean().backward()
        optimizer.step()
        losses.append(by_output.numpy())
    return np.array(losses)


def outputs(model: FeedForward) -> np.ndarray:
    """Return the probabilities of sum and carry, (4, 2)."""
    with no_grad():
        return sigmoid(model(TABLE.inputs)).numpy()


def right(model: FeedForward) -> np.ndarray:
    """Return which outputs are within the margin, (4, 2) booleans."""
    return np.abs(outputs(model) - TABLE.outputs) < MARGIN


def draw(model: FeedForward, name: str, images: Path) -> None:
    """Draw the network and what it answers."""
    title = f"Half adder, {name}"
    names = {"input_names": TABLE.input_names, "output_names": TABLE.output_names}
    viz.network_diagram(model, **names, title=title).save(images / f"network_{name}.svg")
    viz.truth_table(
        TABLE.inputs, TABLE.outputs, outputs(model), **names, margin=MARGIN, title=title
    ).save(images / f"truth_table_{name}.svg")


@textbook()  # every operation in the form that the course derives
def main(quick: bool = False, folder: Path = HERE) -> dict[str, float]:
    """Train over several seeds with and without hidden units; return what was measured."""
    images, checkpoints = folder / "images", folder / "checkpoints"
    images.mkdir(exist_ok=True)
    checkpoints.mkdir(exist_ok=True)
    seeds = range(3 if quick else SEEDS)

    model = network(seed=0)
    before = float(right(model).all(axis=1).mean())
    draw(model, "before", images)
    save_checkpoint(checkpoints / "before.safetensors", model=model, metadata={"seed": 0})

    result: dict[str, float] = {"rows_before": before}
    for hidden in (HIDDEN, 0):
        models = [network(seed, hidden) for seed in seeds]
        curves = np.array([train(m) for m in models])  # (seeds, steps, 2)
        marks = np.array([right(m) for m in models])  # (seeds, 4, 2)
        rows = marks.all(axis=2).mean()
        by_output = dict(zip(TABLE.output_names, marks.mean(axis=(0, 1)), strict=True))
        kind = f"{hidden} hidden units" if hidden else "no hidden layer"
        print(
            f"{kind}: "
            + ", ".join(f"{k} {v:.0%} right" for k, v in by_output.items())
            + f", whole rows {rows:.0%}, {marks.all(axis=(1, 2)).sum()} of {len(models)} solved"
        )
        result[kind] = float(rows)
        if hidden:
            model = models[0]
            steps = [int(np.median((curves[..., i] < 0.1).argmax(axis=1))) for i in (0, 1)]
            print(
                "loss below 0.1 after "
                + ", ".join(
                    f"{s} steps ({n})" for n, s in zip(TABLE.output_names, steps, strict=True)
                )
            )
            result |= {"sum_steps": steps[0], "carry_steps": steps[1]}
            viz.training_curves(
                {n: curves[..., i] for i, n in enumerate(TABLE.output_names)},
                log_y=True,
                x_label="step",
                title="Half adder, each output",
            ).save(images / "loss.svg")
    draw(model, "after", images)
    save_checkpoint(checkpoints / "after.safetensors", model=model, metadata={"seed": 0})
    return result


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    # A quick run is a look, not a result: its figures stay out of the repository.
    main(quick, Path(tempfile.mkdtemp()) if quick else HERE)
