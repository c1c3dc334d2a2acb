"""Backward propagation: one neuron learns OR, and what its bias is for.

A neuron without bias answers σ(0) = 0.5 to the row 0, 0, whatever its weights are: it cannot learn
OR to a margin. A hidden layer without biases can, because its units answer 0.5 there too and so
act as the missing bias for the next layer. The network of the original workspace had none.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

import neural_net_viz as viz
from neural_net_core import (
    BCELoss,
    FeedForward,
    Sigmoid,
    no_grad,
    save_checkpoint,
    textbook,
)
from neural_net_optim import SGD
from neural_net_utils import or_gate

HERE = Path(__file__).parent
TABLE = or_gate()
SEEDS = 20
STEPS = 2_000
LEARNING_RATE = 1.0
MARGIN = 0.1
KINDS = {  # sizes, and whether there are biases
    "one neuron": ((2, 1), True),
    "one neuron, no bias": ((2, 1), False),
    "2 hidden units, no biases": ((2, 2, 1), False),
}


def network(kind: str, seed: int) -> FeedForward:
    """Return one of the three networks that are compared."""
    sizes, bias = KINDS[kind]
    return FeedForward(sizes, output_activation=Sigmoid, bias=bias, rng=np.random.default_rng(seed))


def train(model: FeedForward, steps: int = STEPS) -> list[float]:
    """Descend the gradient of all four rows; return the loss after each step."""
    loss_fn, optimizer = BCELoss(), SGD(model.parameters(), lr=LEARNING_RATE)
    losses = []
    for _ in range(steps):
        loss = loss_fn(model(TABLE.inputs), TABLE.outputs)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def outputs(model: FeedForward) -> np.ndarray:
    """Return the four answers, (4, 1)."""
    with no_grad():
        return model(TABLE.inputs).numpy()


def worst_error(model: FeedForward) -> float:
    """Return the largest distance between an answer and its target."""
    return float(np.abs(outputs(model) - TABLE.outputs).max())


def batch_gradient_by_hand(model: FeedForward) -> tuple[np.ndarray, np.ndarray]:
    """Work out the gradient of the mean loss of one neuron: average of (y − t) times the input."""
    w, b = (p.data.astype(np.float64) for p in model.parameters())
    y = 1 / (1 + np.exp(-(TABLE.inputs @ w.T + b)))  # (4, 1)
    dz = (y - TABLE.outputs) / len(TABLE)
    return dz.T @ TABLE.inputs, dz.sum(axis=0)


def batch_gradient_by_library(model: FeedForward) -> tuple[np.ndarray, np.ndarray]:
    """Return the same gradients from `loss.backward()`."""
    model.zero_grad()
    BCELoss()(model(TABLE.inputs), TABLE.outputs).backward()
    dw, db = (p.grad for p in model.parameters())
    model.zero_grad()
    return dw, db


def draw(model: FeedForward, name: str, images: Path) -> None:
    """Draw the neuron, its answers and the line where it changes its mind."""
    title = f"OR, {name}"
    names = {"input_names": TABLE.input_names, "output_names": TABLE.output_names}
    viz.network_diagram(model, **names, title=title).save(images / f"network_{name}.svg")
    viz.truth_table(
        TABLE.inputs, TABLE.outputs, outputs(model), **names, margin=MARGIN, title=title
    ).save(images / f"truth_table_{name}.svg")
    viz.decision_boundary(
        model, TABLE.inputs, TABLE.outputs[:, 0], names=TABLE.input_names, title=title
    ).save(images / f"boundary_{name}.svg")


@textbook()  # every operation in the form that the course derives
def main(quick: bool = False, folder: Path = HERE) -> dict[str, float]:
    """Train the three networks over several seeds; return what was measured."""
    images, checkpoints = folder / "images", folder / "checkpoints"
    images.mkdir(exist_ok=True)
    checkpoints.mkdir(exist_ok=True)
    seeds = range(3 if quick else SEEDS)

    model = network("one neuron", seed=0)
    result = {"before": worst_error(model)}
    (dw, db), (gw, gb) = batch_gradient_by_hand(model), batch_gradient_by_library(model)
    print(f"gradient by hand: dw = {dw.round(4).ravel()}, db = {db.round(4)}")
    print(f"gradient, .grad:  dw = {gw.round(4).ravel()}, db = {gb.round(4)}")
    result["gradient_error"] = float(max(abs(dw - gw).max(), abs(db - gb).max()))
    draw(model, "before", images)
    save_checkpoint(checkpoints / "before.safetensors", model=model, metadata={"seed": 0})

    curves = {}
    for kind in KINDS:
        trained = [network(kind, seed) for seed in seeds]
        curves[kind] = np.array([train(m) for m in trained])
        solved = sum(worst_error(m) < MARGIN for m in trained)
        worst = np.median([worst_error(m) for m in trained])
        print(f"{kind}: {solved} of {len(trained)} seeds solved, median worst error {worst:.3f}")
        result[kind] = solved / len(trained)
        if kind == "one neuron":
            model = trained[0]
    result["after"] = worst_error(model)
    draw(model, "after", images)
    save_checkpoint(checkpoints / "after.safetensors", model=model, metadata={"seed": 0})
    viz.training_curves(curves, log_y=True, x_label="step", title="OR with and without bias").save(
        images / "loss.svg"
    )
    return result


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    # A quick run is a look, not a result: its figures stay out of the repository.
    main(quick, Path(tempfile.mkdtemp()) if quick else HERE)
