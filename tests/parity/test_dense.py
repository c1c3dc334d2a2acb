"""Dense layers and containers against torch.nn: same keys, same weights, same results."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from neural_net_core import Dense, Flatten, ModuleList, ReLU, Sequential, Sigmoid, Tanh, Tensor

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}
ACTIVATIONS = [(ReLU, torch.nn.ReLU), (Tanh, torch.nn.Tanh), (Sigmoid, torch.nn.Sigmoid)]


def worst(ours, theirs):
    """Return the largest difference, relative to the largest number."""
    theirs = theirs.detach().numpy()
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
    scale = max(np.abs(theirs).max(initial=0), 1e-3)
    return np.abs(ours - theirs).max(initial=0) / scale


@pytest.mark.parametrize("dtype", TOLERANCE, ids=lambda t: t.__name__)
@pytest.mark.parametrize("case", range(24))
def test_a_perceptron_loaded_from_torch_gives_the_same_outputs_and_gradients(case, dtype):
    rng = np.random.default_rng(case)
    sizes = rng.integers(1, 20, rng.integers(2, 5)).tolist()
    leading = [(int(rng.integers(1, 9)),), (0,), (1,), (2, 3), ()][case % 5]
    bias = case % 3 != 2
    ours, theirs = [], []
    for m, n in pairwise(sizes):
        our_activation, their_activation = ACTIVATIONS[case % 3]
        ours += [Dense(m, n, bias, dtype=dtype), our_activation()]
        theirs += [torch.nn.Linear(m, n, bias), their_activation()]
    model = Sequential(*ours)
    reference = torch.nn.Sequential(*theirs).to(getattr(torch, dtype.__name__))
    state = {key: value.numpy() for key, value in reference.state_dict().items()}
    assert list(model.state_dict()) == list(state)
    model.load_state_dict(state)

    data = rng.normal(size=(*leading, sizes[0])).astype(dtype)
    x = Tensor(data, dtype=dtype, requires_grad=True)
    u = torch.tensor(data, requires_grad=True)
    y, v = model(x), reference(u)
    seed = rng.normal(size=v.shape).astype(dtype)
    y.backward(seed)
    v.backward(torch.tensor(seed))
    errors = {"output": worst(y.data, v), "input": worst(x.grad, u.grad)}
    for (name, ours_p), theirs_p in zip(
        model.named_parameters(), reference.parameters(), strict=True
    ):
        errors[name] = worst(ours_p.grad, theirs_p.grad)
    assert max(errors.values()) < TOLERANCE[dtype], errors


def test_flatten_and_module_lists_have_torch_s_shapes_and_keys():
    x = np.zeros((2, 3, 4, 5), np.float32)
    for start, end in [(1, -1), (0, -1), (1, 2), (-2, -1), (2, 2)]:
        expected = torch.nn.Flatten(start, end)(torch.tensor(x)).shape
        assert Flatten(start, end)(x).shape == tuple(expected)
    ours = ModuleList([Dense(2, 3), Sequential(Dense(3, 1))])
    theirs = torch.nn.ModuleList(
        [torch.nn.Linear(2, 3), torch.nn.Sequential(torch.nn.Linear(3, 1))]
    )
    assert list(ours.state_dict()) == list(theirs.state_dict())


def test_the_default_initialization_has_torch_s_distribution():
    torch.manual_seed(0)
    reference = torch.nn.Linear(300, 400)
    layer = Dense(300, 400, rng=np.random.default_rng(0))
    for ours, theirs in [(layer.weight, reference.weight), (layer.bias, reference.bias)]:
        theirs = theirs.detach().numpy()
        np.testing.assert_allclose(np.abs(ours.data).max(), np.abs(theirs).max(), rtol=0.01)
        np.testing.assert_allclose(ours.data.std(), theirs.std(), rtol=0.1)
