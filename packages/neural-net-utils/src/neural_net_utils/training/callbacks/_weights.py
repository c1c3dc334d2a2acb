"""Copies of everything a model computes with, and the way back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from neural_net_core import Buffer, Module, Parameter, StateDictError
from neural_net_core.dtypes import Array

__all__ = ["check_weights", "copy_weights", "restore_weights"]


def copy_weights(model: Module) -> dict[str, Array]:
    """Copies of all parameters and buffers by path; non-persistent buffers, too."""
    return {name: tensor.data.copy() for name, tensor in _tensors(model)}


def check_weights(where: str, model: Module, weights: Mapping[str, Array]) -> None:
    """Raise StateDictError unless the weights are the model's in names, shapes and dtypes."""
    own = {name: (tensor.shape, tensor.dtype) for name, tensor in _tensors(model)}
    saved = {name: (array.shape, array.dtype) for name, array in weights.items()}
    for name in own.keys() | saved.keys():
        if own.get(name) != saved.get(name):
            raise StateDictError(
                f"{where}: the saved weights do not fit the model: {name!r:.80} is "
                f"{saved.get(name, 'missing')}, expected {own.get(name, 'nothing of that name')}"
            )


def restore_weights(model: Module, weights: Mapping[str, Array]) -> None:
    """Copy values back in place, so that optimizers keep their hold on the parameters."""
    for name, tensor in _tensors(model):
        np.copyto(tensor.data, weights[name])
        tensor.version += 1


def _tensors(model: Module) -> Iterator[tuple[str, Parameter | Buffer]]:
    yield from model.named_parameters()
    yield from model.named_buffers()
