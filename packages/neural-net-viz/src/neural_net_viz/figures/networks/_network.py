"""What a network diagram is drawn from: layers that follow each other, read from either form."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neural_net_core import Dense, FeedForward, Module, ShapeError, Tensor
from neural_net_core.checks import shown
from neural_net_viz.drawing.inputs import Floats, as_floats, as_labels, evaluating

__all__ = ["Network", "read_network", "without_middle"]


@dataclass
class Network:
    """Weights, biases, values and names, layer by layer."""

    weights: list[Floats]  # (out, in) each
    biases: list[Floats | None]
    values: list[Floats] | None  # one array per layer of nodes
    activations: list[str]


def read_network(
    network: Any, biases: Any, values: Any, inputs: Any, activations: Sequence[object] | None
) -> Network:
    """Turn either form of the argument into weights, biases and values."""
    if isinstance(network, Module):
        layers = [m for m in network.modules() if isinstance(m, Dense)]
        if not layers:
            raise ValueError(f"network_diagram: {type(network).__name__} has no Dense layer")
        weights = [layer.weight.data.astype(np.float64) for layer in layers]
        shifts = [None if d.bias is None else d.bias.data.astype(np.float64) for d in layers]
        found = _activations_of(network, layers)
        if inputs is not None:
            values = _values_of(network, layers, inputs)
    else:
        stacked = isinstance(network, np.ndarray) and network.ndim == 3
        if not stacked and not isinstance(network, list | tuple):
            raise ValueError(
                "network_diagram(network): expected a Module or a list of weights, got "
                f"{shown(network)}"
            )
        weights = [as_floats("network_diagram(network)", w, 2, expected="(out, in) weights")
                   for w in network]  # fmt: skip
        if not weights:
            raise ValueError("network_diagram(network): expected at least one matrix of weights")
        given = list(biases) if biases is not None else [None] * len(weights)
        if len(given) != len(weights):
            raise ShapeError(
                f"network_diagram(biases): expected {len(weights)} biases, got {len(given)}"
            )
        shifts = [
            None if b is None else as_floats("network_diagram(biases)", b, 1, expected="(out,)")
            for b in given
        ]
        found = [""] * len(weights)
    for i, (w, b) in enumerate(zip(weights, shifts, strict=True)):
        if i and w.shape[1] != len(weights[i - 1]):
            raise ShapeError(
                f"network_diagram: layer {i} takes {w.shape[1]} inputs, but layer {i - 1} has "
                f"{len(weights[i - 1])} outputs"
            )
        if b is not None and len(b) != len(w):
            raise ShapeError(f"network_diagram: bias {i} is {b.shape}, expected ({len(w)},)")
    sizes = [weights[0].shape[1], *(len(w) for w in weights)]
    arrays = None
    if values is not None:
        arrays = [as_floats("network_diagram(values)", v, 1, expected="(nodes,)") for v in values]
        if [len(v) for v in arrays] != sizes:
            raise ShapeError(
                f"network_diagram(values): expected arrays of lengths {sizes}, "
                f"got {[len(v) for v in arrays]}"
            )
    if activations is not None:
        found = as_labels("network_diagram(activations)", activations, len(weights)) or found
    return Network(weights, shifts, arrays, found)


def _activations_of(network: Module, layers: list[Dense]) -> list[str]:
    """Name what follows each dense layer, where the order of the modules tells it."""
    if isinstance(network, FeedForward):
        kinds = [type(m).__name__ for m in network.activations]
        return ["" if kind == "Identity" else kind.lower() for kind in kinds]
    names = [""] * len(layers)
    at = -1
    for module in network.modules():
        if isinstance(module, Dense):
            at += 1
        elif at >= 0 and not names[at] and not list(module.children()):
            names[at] = type(module).__name__.lower()
    return names


def _values_of(network: Module, layers: list[Dense], inputs: Any) -> list[Any]:
    """Run one sample through and return what arrives at each layer, and the output."""
    sample = as_floats("network_diagram(inputs)", inputs, 1, expected="one sample (n,)")
    seen: dict[int, Any] = {}
    handles = [
        d.register_forward_hook(lambda m, args, _: seen.update({id(m): np.asarray(args[0])}))
        for d in layers
    ]
    try:
        with evaluating(network):
            y = network(Tensor(sample[None], layers[0].weight.dtype))
    finally:
        for handle in handles:
            handle.remove()
    return [*(seen[id(d)][0] for d in layers), np.asarray(y)[0]]


def without_middle(
    net: Network, sizes: list[int], heads: list[str], gap: int, left_out: int
) -> tuple[Network, list[int], list[str]]:
    """Leave out the layers of nodes from `gap` on; no weights lead over the place."""
    after = gap + left_out

    def cut(items: list[Any]) -> list[Any]:
        return items[:gap] + items[after:]

    nothing = np.zeros((sizes[after], 0))  # no line leads over the gap
    kept = Network(
        [*net.weights[: gap - 1], nothing, *net.weights[after:]],
        net.biases[: gap - 1] + net.biases[after - 1 :],
        None if net.values is None else cut(net.values),
        net.activations[: gap - 1] + net.activations[after - 1 :],
    )
    return kept, cut(sizes), cut(heads)
