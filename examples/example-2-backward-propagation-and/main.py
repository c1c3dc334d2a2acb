"""Backward propagation, the smallest case: one neuron learns AND.

The gradient of the loss says for each weight which way is downhill. For one neuron it takes four
lines of arithmetic, which are done here by hand and compared with what the library computes.
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
from neural_net_utils import and_gate

HERE = Path(__file__).parent
TABLE = and_gate()
SEEDS = 20
STEPS = 2_000
LEARNING_RATE = 1.0  # one neuron with this loss has a single valley: large steps are safe
MARGIN = 0.1  # an answer counts as right within this distance of 0 or 1


def network(seed: int) -> FeedForward:
    """Return a single neuron, y = σ(w₁ A + w₂ B + b)."""
    return FeedForward((2, 1), output_activation=Sigmoid, rng=np.random.default_rng(seed))


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


def worst_error(model: FeedForward) -> float:
    """Return the largest distance between an answer and its target."""
    with no_grad():
        return float(np.abs(model(TABLE.inputs).numpy() - TABLE.outputs).max())


def backward_by_hand(model: FeedForward, row: int) -> dict[str, np.ndarray]:
    """Work the gradient out on one row: loss, then output, then sum, then weights."""
    w, b = (p.data.astype(np.float64) for p in model.parameters())
    x, t = TABLE.inputs[row], TABLE.outputs[row]
    z = w @ x + b
    y = 1 / (1 + np.exp(-z))
    dy = (y - t) / (y * (1 - y))  #  loss = −t log y − (1 − t) log(1 − y)
    dz = dy * y * (1 - y)  #         σ' = y (1 − y), so dz = y − t
    return {"z": z, "y": y, "dy": dy, "dz": dz, "dw": np.outer(dz, x), "db": dz}


def backward_by_library(model: FeedForward, row: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the same gradients from `loss.backward()`."""
    model.zero_grad()
    BCELoss()(model(TABLE.inputs[row]), TABLE.outputs[row]).backward()
    dw, db = (p.grad for p in model.parameters())
    model.zero_grad()
    return dw, db


def draw(model: FeedForward, name: str, images: Path) -> None:
    """Draw the neuron, its answers and the line where it changes its mind."""
    title = f"AND, {name}"
    with no_grad():
        outputs = model(TABLE.inputs).numpy()
    names = {"input_names": TABLE.input_names, "output_names": TABLE.output_names}
    viz.network_diagram(model, **names, title=title).save(images / f"network_{name}.svg")
    viz.truth_table(TABLE.inputs, TABLE.outputs, outputs, **names, margin=MARGIN, title=title).save(
        images / f"truth_table_{name}.svg"
    )
    viz.decision_boundary(
        model, TABLE.inputs, TABLE.outputs[:, 0], names=TABLE.input_names, title=title
    ).save(images / f"boundary_{name}.svg")


@textbook()  # every operation in the form that the course derives
def main(quick: bool = False, folder: Path = HERE) -> dict[str, float]:
    """Train over several seeds, draw the first; return what was measured."""
    images, checkpoints = folder / "images", folder / "checkpoints"
    images.mkdir(exist_ok=True)
    checkpoints.mkdir(exist_ok=True)

    model = network(seed=0)
    before = worst_error(model)
    hand = backward_by_hand(model, row=3)
    dw, db = backward_by_library(model, row=3)
    print(f"row A = 1, B = 1: y = {hand['y'][0]:.4f}, dz = y - t = {hand['dz'][0]:.4f}")
    print(f"  by hand:  dw = {hand['dw'].round(4).ravel()}, db = {hand['db'].round(4)}")
    print(f"  .grad:    dw = {dw.round(4).ravel()}, db = {db.round(4)}")
    draw(model, "before", images)
    save_checkpoint(checkpoints / "before.safetensors", model=model, metadata={"seed": 0})

    curves, solved = [], 0
    for seed in range(3 if quick else SEEDS):
        trained = network(seed)
        curves.append(train(trained))
        solved += worst_error(trained) < MARGIN
        if seed == 0:
            model = trained
    print(f"solved with margin {MARGIN}: {solved} of {len(curves)} seeds, {STEPS} steps each")
    print(f"seed 0: worst error {before:.2f} before, {worst_error(model):.3f} after")
    draw(model, "after", images)
    save_checkpoint(checkpoints / "after.safetensors", model=model, metadata={"seed": 0})
    viz.training_curves(
        {f"{len(curves)} seeds": np.array(curves)}, log_y=True, x_label="step", title="AND"
    ).save(images / "loss.svg")
    return {
        "before": before,
        "after": worst_error(model),
        "solved": solved / len(curves),
        "gradient_error": float(max(abs(hand["dw"] - dw).max(), abs(hand["db"] - db).max())),
    }


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    # A quick run is a look, not a result: its figures stay out of the repository.
    main(quick, Path(tempfile.mkdtemp()) if quick else HERE)
