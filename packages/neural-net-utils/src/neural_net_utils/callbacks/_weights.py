"""Copies of everything a model computes with, and the way back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from neural_net_core import Buffer, Module, Parameter
from neural_net_core.dtypes import Array

__all__ = ["copy_weights", "restore_weights"]


def copy_weights(model: Module) -> dict[str, Array]:
    """Copies of all parameters and buffers by path; non-persistent buffers, too."""
    return {name: tensor.data.copy() for name, tensor in _tensors(model)}


def restore_weights(model: Module, weights: Mapping[str, Array]) -> None:
    """Copy values back in place, so that optimizers keep their hold on the parameters."""
    for name, tensor in _tensors(model):
        np.copyto(tensor.data, weights[name])
        tensor.version += 1


def _tensors(model: Module) -> Iterator[tuple[str, Parameter | Buffer]]:
    yield from model.named_parameters()
    yield from model.named_buffers()
