"""Deep stacks that differ in one thing: what goes around each pair of layers.

A network of depth L is a first layer, (L - 2) / 2 blocks of two layers each, and a last layer. All
kinds have the same layers of 32 units; they begin with the weights that PyTorch draws by default
unless their name says otherwise.

Several starts are trained side by side, as one network whose weights have one more axis, S: a step
of five small networks costs little more than a step of one. They share nothing.
"""

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from neural_net_core import Dense, Module, Parameter, ReLU, Sequential, Tensor, init
from neural_net_layers import BatchNorm1D, LayerNorm, Residual

WIDTH = 32


class Layers(Module):
    """A dense layer of each of S networks: (S, B, I) -> (S, B, O)."""

    def __init__(
        self, inputs: int, outputs: int, start: Callable | None, rngs: list[np.random.Generator]
    ) -> None:
        layers = [Dense(inputs, outputs, init=start, rng=rng) for rng in rngs]
        self.weight = Parameter(np.stack([layer.weight.numpy().T for layer in layers]))  # (S, I, O)
        self.bias = Parameter(np.stack([layer.bias.numpy()[None] for layer in layers]))  # (S, 1, O)

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight + self.bias


class BatchNorms(Module):
    """Batch normalization of each of S networks by itself: each has its own 32 features."""

    def __init__(self, starts: int) -> None:
        self.norm = BatchNorm1D(starts * WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        starts, batch, width = x.shape
        rows = x.transpose(1, 0, 2).reshape(batch, starts * width)
        return self.norm(rows).reshape(batch, starts, width).transpose(1, 0, 2)


class Kind(NamedTuple):
    """What goes around a pair of layers."""

    residual: bool = False  # x + f(x), or f(x)
    norm: Callable[[int], Module] | None = None  # before each activation
    start: Callable | None = init.kaiming_normal
    scaled: bool = True  # the last weights of each of the B branches begin 1/√B times as large


KINDS = {
    "plain, PyTorch's default": Kind(start=None),
    "plain": Kind(),
    "plain, BatchNorm": Kind(norm=BatchNorms),
    "residual": Kind(residual=True),
    "residual, not scaled": Kind(residual=True, scaled=False),
    "residual, LayerNorm": Kind(residual=True, norm=lambda starts: LayerNorm(WIDTH)),
}


def network(kind: str, depth: int, seeds: Iterable[int], sizes: tuple[int, int]) -> Sequential:
    """Return networks of one kind, one for each seed, with `depth` layers of weights."""
    residual, norm, start, scaled = KINDS[kind]
    rngs = [np.random.default_rng(seed) for seed in seeds]

    def activated(outputs: int) -> list[Module]:
        before: list[Module] = [norm(len(rngs))] if norm else []
        return [*before, ReLU(), Layers(WIDTH, outputs, start, rngs)]

    parts: list[Module] = [Layers(sizes[0], WIDTH, start, rngs)]
    blocks = (depth - 2) // 2
    for _ in range(blocks):
        block = Sequential(*activated(WIDTH), *activated(WIDTH))
        if residual and scaled:
            block[-1].weight.data *= 1 / math.sqrt(blocks)
        parts.append(Residual(block) if residual else block)
    return Sequential(*parts, *activated(sizes[1]))


def weights(model: Module) -> list[Parameter]:
    """Return the weights of every layer, first to last, each (S, I, O)."""
    return [layer.weight for layer in model.modules() if isinstance(layer, Layers)]
