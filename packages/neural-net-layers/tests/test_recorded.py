"""Layers against PyTorch's recorded results, without PyTorch (see tests/parity/freeze.py)."""

from pathlib import Path

import numpy as np
import pytest

import neural_net_layers as layers
from neural_net_core.recorded import load_cases, replay

CASES = load_cases(Path(__file__).parent / "fixtures" / "pytorch.safetensors")


def with_parameters(module):
    """Return a function of the input and of the module's parameters."""

    def run(x, *parameters):
        names = [name for name, _ in module.named_parameters()]
        for name, parameter in zip(names, parameters, strict=True):
            setattr(module, name, parameter)
        return module(x)

    return run


MODULES = {
    "LayerNorm": lambda: layers.LayerNorm(4),
    "LayerNorm two axes": lambda: layers.LayerNorm((3, 4), eps=1e-3),
    "LayerNorm plain": lambda: layers.LayerNorm(4, elementwise_affine=False),
    "RMSNorm": lambda: layers.RMSNorm(4, eps=1e-6),
    "GroupNorm": lambda: layers.GroupNorm(2, 4),
    "BatchNorm1D training": lambda: layers.BatchNorm1D(3),
    "Embedding": lambda: layers.Embedding(5, 3, padding_idx=2),
    "Embedding frequency": lambda: layers.Embedding(5, 3, scale_grad_by_freq=True),
    "EmbeddingBag mean": lambda: layers.EmbeddingBag(5, 3, padding_idx=2),
    "EmbeddingBag max": lambda: layers.EmbeddingBag(5, 3, mode="max"),
}


def test_here_and_in_the_file_are_the_same_cases():
    assert set(MODULES) == set(CASES)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_what_pytorch_computed(name, dtype):
    replay(CASES[name], with_parameters(MODULES[name]().astype(dtype)), dtype)
