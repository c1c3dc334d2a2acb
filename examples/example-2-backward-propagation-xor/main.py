"""Backward propagation through a hidden layer: XOR, which no single layer can do.

The error of the output is sent back through the output weights to the hidden units, and from there
to their weights. All of it is worked by hand on one row below and compared with `.grad`.
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
from neural_net_utils import track, xor_gate

HERE = Path(__file__).parent
# A bar in a terminal; what is written to a file holds the results alone.
PROGRESS = "auto" if sys.stdout.isatty() else "off"
TABLE = xor_gate()
SIZES = (2, 4, 1)
SEEDS = 20
STEPS = 4_000
LEARNING_RATE = 1.0
MARGIN = 0.1
FILM_STEPS, FILM_EVERY = 1_200, 40


def network(seed: int, sizes: tuple[int, ...] = SIZES, bias: bool = True) -> FeedForward:
    """Return a network of sigmoid units."""
    rng = np.random.default_rng(seed)
    return FeedForward(sizes, output_activation=Sigmoid, bias=bias, rng=rng)


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


def backward_by_hand(model: FeedForward, row: int) -> dict[str, np.ndarray]:
    """Work out every gradient on one row, from the loss back to the first weights."""
    w1, b1, w2, b2 = (p.data.astype(np.float64) for p in model.parameters())
    x, t = TABLE.inputs[row], TABLE.outputs[row]
    h = 1 / (1 + np.exp(-(w1 @ x + b1)))  # forward: hidden
    y = 1 / (1 + np.exp(-(w2 @ h + b2)))  #          output
    dz2 = y - t  #               backward: cross-entropy through the output's sigmoid
    dh = w2.T @ dz2  #                     each hidden unit's share of the error
    dz1 = dh * h * (1 - h)  #              through the hidden sigmoids
    return {"dw1": np.outer(dz1, x), "db1": dz1, "dw2": np.outer(dz2, h), "db2": dz2}


def backward_by_library(model: FeedForward, row: int) -> list[np.ndarray]:
    """Return the same gradients from `loss.backward()`."""
    model.zero_grad()
    BCELoss()(model(TABLE.inputs[row]), TABLE.outputs[row]).backward()
    gradients = [p.grad for p in model.parameters()]
    model.zero_grad()
    return gradients


def draw(model: FeedForward, name: str, images: Path) -> None:
    """Draw the network, its answers and the regions it has carved."""
    title = f"XOR, {name}"
    names = {"input_names": TABLE.input_names, "output_names": TABLE.output_names}
    viz.network_diagram(model, **names, title=title).save(images / f"network_{name}.svg")
    viz.truth_table(
        TABLE.inputs, TABLE.outputs, outputs(model), **names, margin=MARGIN, title=title
    ).save(images / f"truth_table_{name}.svg")
    viz.decision_boundary(
        model, TABLE.inputs, TABLE.outputs[:, 0], names=TABLE.input_names, title=title
    ).save(images / f"boundary_{name}.svg")


def film(seed: int = 0) -> viz.Figure:
    """Draw the first steps of one training run as an animation."""
    model, snapshots, losses = network(seed), {}, []
    for step in range(0, FILM_STEPS + 1, FILM_EVERY):
        snapshots[step] = {name: np.array(value) for name, value in model.state_dict().items()}
        losses += train(model, FILM_EVERY)
    return viz.training_animation(
        model, snapshots, TABLE.inputs, TABLE.outputs[:, 0], losses[: FILM_STEPS + 1],
        title="A network learns XOR",
    )  # fmt: skip


def compare(kinds: dict[str, dict], seeds: int) -> tuple[dict[str, np.ndarray], dict[str, list]]:
    """Train each kind of network over the seeds; return loss curves and worst errors."""
    curves, errors = {}, {}
    for kind, settings in track(kinds.items(), "kinds of network", progress=PROGRESS):
        models = [network(seed, **settings) for seed in range(seeds)]
        curves[kind] = np.array([train(model) for model in models])
        errors[kind] = [worst_error(model) for model in models]
        solved = sum(e < MARGIN for e in errors[kind])
        print(
            f"{kind:<22} {solved:>2} of {seeds} solved, median worst error "
            f"{np.median(errors[kind]):.3f}"
        )
    return curves, errors


@textbook()  # every operation in the form that the course derives
def main(quick: bool = False, folder: Path = HERE) -> dict[str, float]:
    """Compare networks over several seeds, draw the first; return what was measured."""
    images, checkpoints = folder / "images", folder / "checkpoints"
    images.mkdir(exist_ok=True)
    checkpoints.mkdir(exist_ok=True)

    model = network(seed=0)
    before = worst_error(model)
    hand = backward_by_hand(model, row=1)
    library = backward_by_library(model, row=1)
    print("row A = 0, B = 1:    by hand                              .grad")
    for (name, a), b in zip(hand.items(), library, strict=True):
        # Adding zero turns -0. into 0.
        print(f"  {name:<4} {a.ravel().round(4) + 0.0!s:<42} {b.ravel().round(4) + 0.0}")
    draw(model, "before", images)
    save_checkpoint(checkpoints / "before.safetensors", model=model, metadata={"seed": 0})
    losses = train(model)
    draw(model, "after", images)
    save_checkpoint(checkpoints / "after.safetensors", model=model, metadata={"seed": 0})
    print(
        f"seed 0: worst error {before:.2f} before, {worst_error(model):.3f} after; "
        f"loss {losses[0]:.3f} before, {losses[-1]:.4f} after"
    )

    film().save(images / "training.svg")

    kinds = {
        "4 hidden units": {},
        "2 hidden units": {"sizes": (2, 2, 1)},
        "4 hidden, no biases": {"bias": False},
        "no hidden layer": {"sizes": (2, 1)},
    }
    curves, errors = compare(kinds, 3 if quick else SEEDS)
    viz.training_curves(curves, log_y=True, x_label="step", title="Learning XOR").save(
        images / "loss.svg"
    )
    difference = max(
        float(np.abs(a - b).max()) for a, b in zip(hand.values(), library, strict=True)
    )
    shares = {kind: float(np.mean(np.array(e) < MARGIN)) for kind, e in errors.items()}
    return {"before": before, "after": worst_error(model), "gradient_error": difference, **shares}


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    if not quick:
        print(
            "All of it takes about half a minute on one core; --quick shows it in small.",
            file=sys.stderr,
        )
    # A quick run is a look, not a result: its figures stay out of the repository.
    main(quick, Path(tempfile.mkdtemp()) if quick else HERE)
