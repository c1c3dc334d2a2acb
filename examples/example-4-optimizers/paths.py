"""Four optimizers walking down three famous surfaces of two parameters, as animations.

A surface is a loss, its two numbers are the parameters, and the gradients come from the engine as
for any network. In the valleys each optimizer walks at the rate that ends lowest, out of one grid
for all; on the saddle, where lower has no end, all walk at one rate.
"""

import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

import neural_net_viz as viz
from neural_net_core import Parameter, Tensor
from neural_net_optim import SGD, Adam, Optimizer, RMSprop

HERE = Path(__file__).parent
OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "SGD": SGD,
    "momentum 0.9": lambda params, lr: SGD(params, lr, momentum=0.9),
    "RMSprop": RMSprop,
    "Adam": Adam,
}
RATES = (1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3)
STEPS = {"rosenbrock": 500, "beale": 100, "saddle": 200}
SADDLE_RATE = 0.03


def rosenbrock(x: Tensor, y: Tensor) -> Tensor:
    """(1 − x)² + 100 (y − x²)²"""
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2


def beale(x: Tensor, y: Tensor) -> Tensor:
    """(1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)²"""
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def saddle(x: Tensor, y: Tensor) -> Tensor:
    """x² − y²"""
    return x * x - y * y


# Where Beale's function is not all walls and plateaus.
RANGES = {"beale": ((-0.5, 3.5), (-2.0, 2.0))}
# Name -> loss, start. The saddle's is a hair off the line on which nobody would ever leave it.
SURFACES: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], tuple[float, float]]] = {
    "rosenbrock": (rosenbrock, (-1.5, 2.0)),
    "beale": (beale, (1.0, 1.5)),
    "saddle": (saddle, (1.6, 0.001)),
}


def walk(surface: str, make: Callable[..., Optimizer], lr: float, steps: int) -> np.ndarray:
    """Return where the optimizer stands before and after every step, (steps + 1, 2)."""
    loss_fn, start = SURFACES[surface]
    point = Parameter(start)
    optimizer = make([point], lr=lr)
    places = [point.data.copy()]
    with np.errstate(over="ignore", invalid="ignore"):  # a rate too high leaves the page
        for _ in range(steps):
            loss = loss_fn(point[0], point[1])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            places.append(point.data.copy())
    return np.array(places)


def height(surface: str, place: np.ndarray) -> float:
    """Return the loss at a place; infinity where it is no number."""
    with np.errstate(over="ignore", invalid="ignore"):
        value = float(SURFACES[surface][0](Tensor(place[0]), Tensor(place[1])).data)
    return value if math.isfinite(value) else math.inf


def left_after(path: np.ndarray) -> float:
    """Return the steps until a path has left the saddle's picture; infinity if it never does."""
    outside = np.abs(path[:, 1]) > 2
    return float(outside.argmax()) if outside.any() else math.inf


def main(quick: bool = False, folder: Path = HERE) -> dict[str, float]:
    """Choose each rate, draw the paths; return the last heights, and the steps on the saddle."""
    (folder / "images").mkdir(exist_ok=True)
    result: dict[str, float] = {}
    for surface, most in STEPS.items():
        steps = 60 if quick else most
        paths = {}
        for name, make in OPTIMIZERS.items():
            rates = (SADDLE_RATE,) if surface == "saddle" else RATES
            walks = {lr: walk(surface, make, lr, steps) for lr in rates}
            heights = {lr: height(surface, path[-1]) for lr, path in walks.items()}
            lr = min(rates, key=heights.__getitem__)
            paths[f"{name}, {lr:g}"] = walks[lr]
            key = f"{surface} {name}"
            result[key] = left_after(walks[lr]) if surface == "saddle" else heights[lr]
            what = "leaves after" if surface == "saddle" else "ends at height"
            print(f"{surface:<12}{name:<14}rate {lr:<7g}{what:>15} {result[key]:.3g}")
        title = f"{surface.capitalize()}, {steps} steps"
        wide, tall = RANGES.get(surface, (None, None))
        viz.optimizer_paths(surface, paths, x_range=wide, y_range=tall, title=title).save(
            folder / "images" / f"path_{surface}.svg"
        )
    return result


if __name__ == "__main__":
    main(quick="--quick" in sys.argv)
