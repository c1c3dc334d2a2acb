"""The functions themselves, and their slopes, which are what the gradient is multiplied by."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

import neural_net_viz as viz
from neural_net_core import Module, Tensor, grad

X = np.linspace(-4, 4, 161, dtype=np.float32)
FAMILIES = {
    "squashing": ("Sigmoid", "Tanh"),
    "kinked": ("ReLU", "LeakyReLU", "ELU", "SELU"),
    "smooth": ("GELU", "SiLU", "Mish"),
}


def value_and_slope(make: Callable[[], Module], x: np.ndarray = X) -> tuple[np.ndarray, np.ndarray]:
    """Return f(x) and f'(x), the latter from the library's own backward pass."""
    x = Tensor(x, requires_grad=True)
    y = make()(x)
    return y.numpy(), grad(y.sum(), [x])[0]


def steepest(make: Callable[[], Module]) -> float:
    """Return the largest slope anywhere."""
    return float(value_and_slope(make)[1].max())


def draw(activations: Mapping[str, Callable[[], Module]], images: Path) -> None:
    """Draw each family's functions, and their slopes."""
    for family, names in FAMILIES.items():
        curves = {name: value_and_slope(activations[name]) for name in names}
        for i, what in enumerate(("functions", "slopes")):
            viz.line_plot(
                {name: curve[i] for name, curve in curves.items()},
                x=X,
                x_label="x",
                y_label=("f(x)", "f′(x)")[i],
                title=f"{what.capitalize()}: {family}",
            ).save(images / f"{what}_{family}.svg")
