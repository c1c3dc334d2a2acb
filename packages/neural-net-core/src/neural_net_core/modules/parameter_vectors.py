"""All parameters of a network as one long vector, and back.

Many methods see a network as a point: line searches, averages of networks, the distance of two of
them, optimizers written for vectors. `neural_net_optim` has its own flat storage and needs neither.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from neural_net_core.checks import check_array, check_instance, check_items
from neural_net_core.errors import ShapeError
from neural_net_core.modules._fitting import fitted, root_of
from neural_net_core.ops.joining import concatenate
from neural_net_core.tensor import Buffer, Parameter, Tensor, TensorLike

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    r"""Return the elements of all parameters, one parameter after the other, as one vector.

    $$ v = (p_{1,1}, p_{1,2}, \dots, p_{2,1}, \dots) $$

    The gradient of the vector flows back to the parameters, so that a penalty on it, such as the
    distance from where training began, is a line.

    Args:
        parameters: Of any shapes, such as `model.parameters()`; each counts as often as it comes.
            Of several floating dtypes, the widest is the vector's.

    Returns:
        (N,), with N elements in all.

    Raises:
        ValueError: If there is none, or one is no Tensor.

    Examples:
        >>> from neural_net_core import Dense
        >>> layer = Dense(3, 2)
        >>> parameters_to_vector(layer.parameters()).shape
        (8,)
    """
    tensors = _checked("parameters_to_vector", parameters, Tensor, "a Tensor")
    return concatenate([p.reshape(p.size) for p in tensors])


def vector_to_parameters(vector: TensorLike, parameters: Iterable[Parameter | Buffer]) -> None:
    """Write the elements of one vector into all parameters, in place, one after the other.

    The parameters stay the same objects, as after `load_state_dict`, and no gradient flows from
    them to the vector: for that, `functional_call` uses Tensors in their place.

    Args:
        vector: (N,), as from `parameters_to_vector`.
        parameters: With N elements in all, such as `model.parameters()`. Each keeps its dtype.

    Raises:
        ShapeError: If the vector has another shape, or other numbers of elements.
        ValueError: If there is no parameter, one is none, or its dtype cannot hold its elements; in
            all cases nothing has been changed.

    Examples:
        >>> from neural_net_core import Dense
        >>> layer = Dense(1, 2)
        >>> vector_to_parameters([1.0, 2.0, 3.0, 4.0], layer.parameters())
        >>> layer.weight.tolist(), layer.bias.tolist()
        ([[1.0], [2.0]], [3.0, 4.0])
    """
    where = "vector_to_parameters"
    found = _checked(where, parameters, (Parameter, Buffer), "a Parameter")
    array = check_array(where, "vector", vector)
    total = sum(p.size for p in found)
    if array.shape != (total,):
        raise ShapeError(
            f"{where}: expected a vector of {total} elements for {len(found)} parameters, got "
            f"shape {array.shape}"
        )
    roots = {id(root_of(p.data)) for p in found}
    parts = np.split(array, np.cumsum([p.size for p in found])[:-1])
    arrays = []
    for i, (p, part) in enumerate(zip(found, parts, strict=True)):
        try:
            arrays.append(fitted(p, part.reshape(p.shape), roots))
        except ValueError as error:
            raise ValueError(f"{where}: parameter {i} of shape {p.shape}: {error}") from None
    for p, part in zip(found, arrays, strict=True):
        np.copyto(p.data, part)
        p.version += 1


def _checked(where: str, parameters: Any, kind: Any, what: str) -> list[Any]:
    items = check_items(where, "parameters", parameters, "Tensors, such as model.parameters()")
    if not items:
        raise ValueError(f"{where}: expected at least one parameter, got none")
    return [check_instance(where, "each of parameters", p, kind, what) for p in items]
