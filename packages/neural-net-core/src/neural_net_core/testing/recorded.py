"""The operations that led to a result, read from its graph."""

from collections.abc import Iterable
from typing import Any

from neural_net_core.op import Op
from neural_net_core.tensor import Tensor

__all__ = ["nodes_of", "operations_of"]


def nodes_of(outputs: Iterable[Any]) -> set[Op]:
    """Return all operations recorded on the way to some results.

    Args:
        outputs: Tensors; anything else counts as made by none.
    """
    seen: set[Op] = set()
    waiting = [y.node for y in outputs if isinstance(y, Tensor)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Op) and node not in seen:
            seen.add(node)
            waiting.extend(parent[0] for parent in node.parents or () if parent is not None)
    return seen


def operations_of(outputs: Iterable[Any]) -> set[type[Op]]:
    """Return their classes: of a fast form, that of the operation which it computes.

    Args:
        outputs: See `nodes_of`.
    """
    return {node.idea for node in nodes_of(outputs)}
