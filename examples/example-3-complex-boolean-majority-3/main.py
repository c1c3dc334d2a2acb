"""Majority of three: a vote. It looks like parity, and is as easy as AND.

Both functions read three bits and answer one. Majority only counts, so one neuron with three equal
weights and a threshold between one and two does it: what makes a function hard is not its size.
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
from neural_net_utils import majority, parity

HERE = Path(__file__).parent
TABLE = majority(3)
SEEDS = 10
STEPS = 1_000
LEARNING_RATE, MOMENTUM = 0.5, 0.9
MARGIN = 0.1
KINDS = {"one neuron": (3, 1), "3 hidden units": (3, 3, 1)}


def network(kind: str, seed: int) -> FeedForward:
    """Return a network that gives logits."""
    return FeedForward(KINDS[kind], Tanh, rng=np.random.default_rng(seed))


def train(model: FeedForward, targets: np.ndarray, steps: int = STEPS) -> list[float]:
    """Descend the gradient of all eight rows; return the loss after each step."""
    loss_fn = BCEWithLogitsLoss()
    optimizer = SGD(model.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
    losses = []
    for _ in range(steps):
        loss = loss_fn(model(TABLE.inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def outputs(model: FeedForward) -> np.ndarray:
    """Return the eight probabilities, (8, 1)."""
    with no_grad():
        return sigmoid(model(TABLE.inputs)).numpy()


def worst_error(model: FeedForward, targets: np.ndarray = TABLE.outputs) -> float:
    """Return the largest distance between an answer and its target."""
    return float(np.abs(outputs(model) - targets).max())


def draw(model: FeedForward, name: str, images: Path) -> None:
    """Draw the network and what it answers."""
    title = f"Majority of three, {name}"
    names = {"input_names": TABLE.input_names, "output_names": TABLE.output_names}
    viz.network_diagram(model, **names, title=title).save(images / f"network_{name}.svg")
    viz.truth_table(
        TABLE.inputs, TABLE.outputs, outputs(model), **names, margin=MARGIN, title=title
    ).save(images / f"truth_table_{name}.svg")


@textbook()  # every operation in the form that the course derives
def main(quick: bool = False, folder: Path = HERE) -> dict[str, float]:
    """Train one neuron and a hidden layer on majority, and one neuron on parity."""
    images, checkpoints = folder / "images", folder / "checkpoints"
    images.mkdir(exist_ok=True)
    checkpoints.mkdir(exist_ok=True)
    seeds = range(3 if quick else SEEDS)

    model = network("one neuron", seed=0)
    result = {"before": worst_error(model)}
    draw(model, "before", images)
    save_checkpoint(checkpoints / "before.safetensors", model=model, metadata={"seed": 0})

    curves = {}
    for kind in KINDS:
        models = [network(kind, seed) for seed in seeds]
        curves[f"majority, {kind}"] = np.array([train(m, TABLE.outputs) for m in models])
        errors = [worst_error(m) for m in models]
        result[kind] = float(np.mean(np.array(errors) < MARGIN))
        print(
            f"majority, {kind}: {sum(e < MARGIN for e in errors)} of {len(models)} seeds solved, "
            f"median worst error {np.median(errors):.4f}"
        )
        if kind == "one neuron":
            model = models[0]
    weights, bias = (p.data.ravel() for p in model.parameters())
    print(
        f"the neuron of seed 0: weights {weights.round(2)}, bias {bias.round(2)}, "
        f"so it turns at {-bias[0] / weights.mean():.2f} ones"
    )
    result["threshold"] = float(-bias[0] / weights.mean())

    odd = parity(3).outputs
    same = [network("one neuron", seed) for seed in seeds]
    curves["parity, one neuron"] = np.array([train(m, odd) for m in same])
    errors = [worst_error(m, odd) for m in same]
    result["parity"] = float(np.mean(np.array(errors) < MARGIN))
    print(
        f"parity, one neuron: {sum(e < MARGIN for e in errors)} of {len(same)} seeds solved, "
        f"median worst error {np.median(errors):.4f}"
    )

    draw(model, "after", images)
    save_checkpoint(checkpoints / "after.safetensors", model=model, metadata={"seed": 0})
    viz.training_curves(curves, log_y=True, x_label="step", title="Majority and parity").save(
        images / "loss.svg"
    )
    return result


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    # A quick run is a look, not a result: its figures stay out of the repository.
    main(quick, Path(tempfile.mkdtemp()) if quick else HERE)
