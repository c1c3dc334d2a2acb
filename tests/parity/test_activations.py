"""Every activation against PyTorch, on at least 20 shapes each: values and all gradients."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's habit)
from harness import check, random_axis, unary_shapes

import neural_net_core
from neural_net_core import Tensor
from neural_net_core.activations import GumbelSoftmaxOp
from neural_net_core.testing import op_classes

WIDE = {"low": -3.0, "high": 4.0}
# Past the corners at ±3 and 6. The others' slopes vanish there but for rounding, on both sides.
WIDER = {"low": -8.0, "high": 8.0}

# name -> our function, PyTorch's, and options
ELEMENTWISE = {
    "sigmoid": (neural_net_core.sigmoid, torch.sigmoid),
    "tanh": (neural_net_core.tanh, torch.tanh),
    "relu": (neural_net_core.relu, F.relu),
    "leaky_relu": (neural_net_core.leaky_relu, F.leaky_relu),
    "leaky_relu 1.5": (
        lambda x: neural_net_core.leaky_relu(x, 1.5),
        lambda x: F.leaky_relu(x, 1.5),
    ),
    "elu": (neural_net_core.elu, F.elu),
    "elu 0.5": (lambda x: neural_net_core.elu(x, 0.5), lambda x: F.elu(x, 0.5)),
    "selu": (neural_net_core.selu, F.selu),
    "gelu": (neural_net_core.gelu, F.gelu),
    "gelu tanh": (
        lambda x: neural_net_core.gelu(x, "tanh"),
        lambda x: F.gelu(x, approximate="tanh"),
    ),
    "silu": (neural_net_core.silu, F.silu),
    "softplus": (neural_net_core.softplus, F.softplus),
    "softplus sharp": (
        lambda x: neural_net_core.softplus(x, 2.5, 3.0),
        lambda x: F.softplus(x, 2.5, 3.0),
    ),
    "mish": (neural_net_core.mish, F.mish),
    "softsign": (neural_net_core.softsign, F.softsign),
    "logsigmoid": (neural_net_core.logsigmoid, F.logsigmoid),
    "hardtanh": (neural_net_core.hardtanh, F.hardtanh),
    "relu6": (neural_net_core.relu6, F.relu6),
    "hardsigmoid": (neural_net_core.hardsigmoid, F.hardsigmoid),
    "hardswish": (neural_net_core.hardswish, F.hardswish),
    "celu": (neural_net_core.celu, F.celu),
    "celu 0.5": (lambda x: neural_net_core.celu(x, 0.5), lambda x: F.celu(x, 0.5)),
    "hardshrink": (neural_net_core.hardshrink, F.hardshrink),
    "softshrink": (neural_net_core.softshrink, F.softshrink),
    "softshrink 2": (lambda x: neural_net_core.softshrink(x, 2.0), lambda x: F.softshrink(x, 2.0)),
    "threshold": (
        lambda x: neural_net_core.threshold(x, 0.3, -2.0),
        lambda x: F.threshold(x, 0.3, -2.0),
    ),
}
# PyTorch multiplies by 1/6 rounded to float32, also in float64.
TOLERANCE = {"hardsigmoid": {"float64": 3e-8}}

RAN = set()


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise(name):
    ours, theirs = ELEMENTWISE[name]
    shapes = [*unary_shapes(), ((30, 40),)]  # the last is large enough for every fast path
    span = WIDER if name.startswith(("relu", "hard", "leaky")) else WIDE
    RAN.update(check(name, ours, theirs, shapes, tolerance=TOLERANCE.get(name), **span))


def channel_shapes():
    cases = [((), (1,)), ((5,), (1,)), ((0, 3), (3,)), ((2, 1, 3), (1,)), ((30, 40), (40,))]
    for (shape,) in unary_shapes(16, seed=1, least=2):
        cases += [(shape, (shape[1],)), (shape, (1,))]
    return cases


def test_prelu():
    RAN.update(check("prelu", neural_net_core.prelu, F.prelu, channel_shapes(), **WIDE))


def test_swish():
    shapes = [(shape, ()) for (shape,) in unary_shapes()]
    shapes += [(shape, shape[-1:]) for (shape,) in unary_shapes(seed=1)]

    def theirs(x, beta):
        return x * torch.sigmoid(beta * x)

    # Not wider: dβ is a sum in which much cancels, on both sides in float32.
    RAN.update(check("swish", neural_net_core.swish, theirs, shapes))


def even_axis(rng, shapes):
    shape = shapes[0]
    return {"axis": int(rng.choice([i for i, n in enumerate(shape) if n % 2 == 0]))}


@pytest.mark.parametrize("name", ["glu", "swiglu"])
def test_gated(name):
    ours = getattr(neural_net_core, name)

    def theirs(x, axis):
        a, b = x.chunk(2, axis)
        return F.glu(x, axis) if name == "glu" else F.silu(a) * b

    shapes = [((*shape[:-1], 2 * shape[-1]),) for (shape,) in unary_shapes(22, least=1)]
    RAN.update(check(name, ours, theirs, shapes, config=even_axis, **WIDE))


@pytest.mark.parametrize(
    ("module", "theirs"),
    [
        (neural_net_core.Softmax, torch.nn.Softmax),
        (neural_net_core.LogSoftmax, torch.nn.LogSoftmax),
        (neural_net_core.Softmin, torch.nn.Softmin),
    ],
)
def test_softmax_modules(module, theirs):
    check(
        f"{module.__name__} module",
        lambda x, axis: module(axis)(x),
        lambda x, axis: theirs(axis)(x),
        unary_shapes(),
        config=random_axis,
        **WIDE,
    )


def test_the_feed_forward_part():
    shapes = [((*shape, 6), (5, 6), (6, 5), (5, 6)) for (shape,) in unary_shapes()]

    def ours(x, w1, w2, w3):
        block = neural_net_core.SwiGLU(6, 5)
        for layer, weight in ((block.w1, w1), (block.w2, w2), (block.w3, w3)):
            vars(layer).update(weight=weight)
        return block(x)

    def theirs(x, w1, w2, w3):
        return F.linear(F.silu(F.linear(x, w1)) * F.linear(x, w3), w2)

    check("SwiGLU module", ours, theirs, shapes)


def noise_of_pytorch(x):
    """Return what PyTorch's function adds to the scores after `torch.manual_seed(0)`."""
    torch.manual_seed(0)
    dtype = getattr(torch, str(x.dtype))
    return -torch.empty(x.shape, dtype=dtype).exponential_().log().numpy()


def gumbel_softmax_of_pytorch(x, axis, **options):
    torch.manual_seed(0)
    return F.gumbel_softmax(x, dim=axis, **options)


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_draws_of_categories(temperature, hard):
    RAN.update(
        check(
            f"gumbel_softmax {temperature}{' hard' * hard}",
            lambda x, axis: GumbelSoftmaxOp.apply(
                x, noise_of_pytorch(x), temperature=temperature, hard=hard, axis=axis
            ),
            lambda x, axis: gumbel_softmax_of_pytorch(x, axis, tau=temperature, hard=hard),
            [case for case in unary_shapes(30, least=1) if 0 not in case[0]],
            config=random_axis,
        )
    )


@pytest.mark.parametrize("name", [*ELEMENTWISE, "softmax", "log_softmax"])
def test_far_out_as_in_pytorch(name):
    ours, theirs = ELEMENTWISE.get(
        name, (getattr(neural_net_core, name, None), lambda x: getattr(torch, name)(x, -1))
    )
    points = [-1e4, -100.0, -88.0, -50.0, -20.0, -1e-3, 1e-6, 20.5, 50.0, 88.0, 100.0, 1e4]
    x = Tensor(points, requires_grad=True)
    y = ours(x)
    y.backward(np.ones_like(y.data))
    z_in = torch.tensor(points, requires_grad=True)
    z = theirs(z_in)
    z.backward(torch.ones_like(z))
    np.testing.assert_allclose(y.data, z.detach().numpy(), rtol=3e-6, atol=1e-6)
    np.testing.assert_allclose(x.grad, z_in.grad.numpy(), rtol=3e-6, atol=3e-6)


def test_the_sigmoid_has_pytorchs_digits_in_the_tail():
    x = np.linspace(-85, 0, 1001, dtype=np.float32)
    theirs = torch.sigmoid(torch.tensor(x)).numpy()
    np.testing.assert_allclose(neural_net_core.sigmoid(x).data, theirs, rtol=1e-6)


def test_at_the_kinks_as_in_pytorch():
    # hardswish at its lower kink is left out: PyTorch's versions differ there.
    for name in (
        *("relu", "leaky_relu", "elu", "selu", "hardtanh", "relu6", "hardsigmoid", "celu 0.5"),
        *("hardshrink", "softshrink", "softshrink 2", "threshold"),
    ):
        ours, theirs = ELEMENTWISE[name]
        points = [-3.0, -2.0, -1.0, -0.5, 0.0, 0.3, 0.5, 1.0, 2.0, 3.0, 6.0]
        x, z = Tensor(points, requires_grad=True), torch.tensor(points, requires_grad=True)
        ours(x).sum().backward()
        theirs(z).sum().backward()
        np.testing.assert_allclose(x.grad, z.grad.numpy(), rtol=1e-6, atol=1e-7, err_msg=name)


@pytest.mark.parametrize("size", [1, 5000])
def test_nan_stops_no_gradient_as_in_pytorch(size):
    # hardtanh, relu6 and both shrinkages are left out: PyTorch's vectorized version differs from
    # its other one.
    for name in ("relu", "leaky_relu", "hardsigmoid", "threshold"):
        ours, theirs = ELEMENTWISE[name]
        points = [np.nan, 0.5] * size
        x, z = Tensor(points, requires_grad=True), torch.tensor(points, requires_grad=True)
        ours(x).sum().backward()
        theirs(z).sum().backward()
        np.testing.assert_allclose(x.grad, z.grad.numpy(), rtol=1e-6, err_msg=name)


def test_every_activation_was_compared():
    # Last in the file, and only meaningful when the whole file ran.
    if len(RAN) > 1:
        missing = [op for op in op_classes("neural_net_core.activations") if op not in RAN]
        assert missing == []
