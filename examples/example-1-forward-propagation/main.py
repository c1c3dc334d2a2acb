"""Forward propagation: a network is a formula, and its weights decide what it computes.

One network of two hidden units and one output looks at the four rows of XOR. With random weights
it answers nonsense; with nine numbers set by hand it is XOR. Nothing is learned here.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

import neural_net_viz as viz
from neural_net_core import (
    FeedForward,
    Sigmoid,
    load_checkpoint,
    no_grad,
    save_checkpoint,
    textbook,
)
from neural_net_utils import xor_gate

HERE = Path(__file__).parent
SIZES = (2, 2, 1)
RANDOM_NETWORKS = 10_000
SEED = 0  # of the one random network that is drawn; the share of all of them is what counts

# XOR is "OR and not AND". A weight of 20 makes the sigmoid a switch: σ(±10) is 0.99995 or 0.00005.
BY_HAND = {
    "layers.0.weight": [[20.0, 20.0], [-20.0, -20.0]],  # h1 = OR: on if any input is on
    "layers.0.bias": [-10.0, 30.0],  #                    h2 = NAND: off only if both are on
    "layers.1.weight": [[20.0, 20.0]],
    "layers.1.bias": [-30.0],  #                          y = AND: on only if h1 and h2 are on
}


def network(rng: np.random.Generator) -> FeedForward:
    """Return a 2-2-1 network with random weights."""
    return FeedForward(SIZES, Sigmoid, Sigmoid, rng=rng)


def answers(model: FeedForward) -> np.ndarray:
    """Return the network's output for the four rows, (4, 1)."""
    with no_grad():
        return model(xor_gate().inputs).numpy()


def rows_right(outputs: np.ndarray) -> int:
    """Count the rows on the right side of one half."""
    return int(((outputs > 0.5) == (xor_gate().outputs > 0.5)).sum())


def forward_by_hand(x: np.ndarray) -> list[str]:
    """Compute one row of the hand-set network step by step, with nothing but NumPy."""
    w1, b1, w2, b2 = (np.array(v) for v in BY_HAND.values())
    z1 = w1 @ x + b1
    h = 1 / (1 + np.exp(-z1))
    z2 = w2 @ h + b2
    y = 1 / (1 + np.exp(-z2))
    return [
        f"z1 = W1 x + b1 = {np.round(z1, 5)}",
        f"h  = sigmoid(z1) = {np.round(h, 5)}   (OR, NAND)",
        f"z2 = W2 h + b2 = {np.round(z2, 5)}",
        f"y  = sigmoid(z2) = {np.round(y, 5)}   (AND of both)",
    ]


def share_that_solve(count: int) -> tuple[float, np.ndarray]:
    """Return how many random networks get n rows right, n from 0 to 4, as shares."""
    rng = np.random.default_rng(1)
    right = [rows_right(answers(network(rng))) for _ in range(count)]
    return np.mean(np.equal(right, 4)), np.bincount(right, minlength=5) / count


def draw(model: FeedForward, name: str, title: str, images: Path) -> None:
    """Draw the network and what it answers."""
    table = xor_gate()
    outputs = answers(model)
    viz.network_diagram(
        model, input_names=table.input_names, output_names=table.output_names, title=title
    ).save(images / f"network_{name}.svg")
    viz.truth_table(
        table.inputs,
        table.outputs,
        outputs,
        input_names=table.input_names,
        output_names=table.output_names,
        margin=0.1,
        title=title,
    ).save(images / f"truth_table_{name}.svg")


@textbook()  # every operation in the form that the course derives
def main(quick: bool = False, folder: Path = HERE) -> dict[str, float]:
    """Compare random with hand-set weights; return what was measured."""
    images, checkpoints = folder / "images", folder / "checkpoints"
    images.mkdir(exist_ok=True)
    checkpoints.mkdir(exist_ok=True)

    model = network(np.random.default_rng(SEED))
    random_right = rows_right(answers(model))
    print(f"random weights: {answers(model).ravel().round(2)}, {random_right} of 4 rows right")
    draw(model, "random", "XOR by random weights", images)
    save_checkpoint(checkpoints / "random.safetensors", model=model, metadata={"seed": SEED})

    share, by_rows = share_that_solve(1_000 if quick else RANDOM_NETWORKS)
    print("random networks by rows right, 0 to 4:", ", ".join(f"{s:.1%}" for s in by_rows))

    model.load_state_dict(BY_HAND)
    print(f"set by hand:    {answers(model).ravel().round(4)}, {rows_right(answers(model))} of 4")
    print("the row A = 0, B = 1, worked by hand:")
    for line in forward_by_hand(np.array([0.0, 1.0])):
        print("  " + line)
    draw(model, "by_hand", "XOR by weights set by hand", images)
    path = checkpoints / "by_hand.safetensors"
    save_checkpoint(path, model=model, metadata={"made": "by hand, not by training"})

    again = network(np.random.default_rng(99))
    load_checkpoint(path, model=again)
    same = bool((answers(again) == answers(model)).all())
    print(f"saved, loaded into another network, same outputs to the last bit: {same}")
    error = float(np.abs(answers(model) - xor_gate().outputs).max())
    return {"random_right": random_right, "share": float(share), "error": error, "same": same}


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    # A quick run is a look, not a result: its figures stay out of the repository.
    main(quick, Path(tempfile.mkdtemp()) if quick else HERE)
