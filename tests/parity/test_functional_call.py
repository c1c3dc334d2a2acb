"""Networks with other weights in place of their own, and weights as vectors, against PyTorch."""

from typing import Any

import numpy as np
import pytest
import torch
from harness import TOLERANCE, relative_error

from neural_net_core import (
    Dense,
    Sequential,
    Tanh,
    Tensor,
    default_dtype,
    functional_call,
    grad,
    parameters_to_vector,
    vector_to_parameters,
)
from neural_net_layers import BatchNorm1D


def networks(dtype: str, seed: int) -> tuple[Any, Any]:
    """Return two networks with the same weights."""
    rng = np.random.default_rng(seed)
    with default_dtype(dtype):
        ours = Sequential(Dense(3, 5, rng=rng), Tanh(), BatchNorm1D(5), Dense(5, 2, rng=rng))
    theirs = torch.nn.Sequential(
        torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.BatchNorm1d(5), torch.nn.Linear(5, 2)
    ).to(getattr(torch, dtype))
    theirs.load_state_dict({k: torch.tensor(v) for k, v in ours.state_dict().items()})
    return ours, theirs


def mixed(t: Any, a: Any, b: Any) -> dict[str, Any]:
    """Return the weights of a mixture, for either library."""
    pairs = zip(a.named_parameters(), b.parameters(), strict=True)
    return {name: (1 - t) * p + t * q for (name, p), q in pairs}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_mixture_of_two_networks(dtype: str) -> None:
    (a, b), (c, d) = networks(dtype, 0), networks(dtype, 1)
    x = np.random.default_rng(2).normal(size=(6, 3)).astype(dtype)
    t = Tensor(0.3, dtype, requires_grad=True)
    s = torch.tensor(0.3, dtype=getattr(torch, dtype), requires_grad=True)
    ours = mixed(t, a, c)
    theirs = mixed(s, b, d)
    y, z = (
        functional_call(a, ours, Tensor(x, dtype)),
        torch.func.functional_call(b, theirs, torch.tensor(x)),
    )
    assert relative_error(y.data, z.detach().numpy()) <= TOLERANCE[dtype]
    found = grad((y**2).sum(), [t, *a.parameters(), *c.parameters()])
    expected = torch.autograd.grad((z**2).sum(), [s, *b.parameters(), *d.parameters()])
    for dx, other in zip(found, expected, strict=True):
        assert relative_error(dx, other.numpy()) <= TOLERANCE[dtype]
    # A running average that is not named is the module's own.
    assert relative_error(a[2].running_mean.data, b[2].running_mean.numpy()) <= TOLERANCE[dtype]


def test_running_averages_that_come_along_are_written() -> None:
    a, b = networks("float64", 0)
    x = np.random.default_rng(2).normal(size=(6, 3))
    ours = {k: v.copy() for k, v in a.state_dict().items()}
    theirs = {k: v.clone() for k, v in b.state_dict().items()}
    functional_call(a, ours, Tensor(x, np.float64), strict=True)
    torch.func.functional_call(b, theirs, torch.tensor(x), strict=True)
    for name, value in theirs.items():
        np.testing.assert_allclose(ours[name], value.numpy(), rtol=1e-12)
        np.testing.assert_array_equal(a.state_dict()[name], b.state_dict()[name].numpy())


def test_weights_as_a_vector_and_back() -> None:
    a, b = networks("float64", 0)
    y, z = parameters_to_vector(a.parameters()), torch.nn.utils.parameters_to_vector(b.parameters())
    np.testing.assert_array_equal(y.data, z.detach().numpy())
    vector = np.arange(float(y.size))
    vector_to_parameters(vector, a.parameters())
    torch.nn.utils.vector_to_parameters(torch.tensor(vector), b.parameters())
    for p, q in zip(a.parameters(), b.parameters(), strict=True):
        np.testing.assert_array_equal(p.data, q.detach().numpy())
