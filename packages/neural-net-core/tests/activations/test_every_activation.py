"""What all elementwise activations have in common."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neural_net_core
from neural_net_core import Module, Tensor, no_grad, seed

# function -> a module that computes the same
TWINS = {
    neural_net_core.sigmoid: neural_net_core.Sigmoid(),
    neural_net_core.tanh: neural_net_core.Tanh(),
    neural_net_core.relu: neural_net_core.ReLU(),
    neural_net_core.leaky_relu: neural_net_core.LeakyReLU(),
    neural_net_core.elu: neural_net_core.ELU(),
    neural_net_core.selu: neural_net_core.SELU(),
    neural_net_core.gelu: neural_net_core.GELU(),
    neural_net_core.silu: neural_net_core.SiLU(),
    neural_net_core.swish: neural_net_core.Swish(),
    neural_net_core.softplus: neural_net_core.Softplus(),
    neural_net_core.mish: neural_net_core.Mish(),
    neural_net_core.softsign: neural_net_core.Softsign(),
    neural_net_core.logsigmoid: neural_net_core.LogSigmoid(),
    neural_net_core.hardtanh: neural_net_core.Hardtanh(),
    neural_net_core.relu6: neural_net_core.ReLU6(),
    neural_net_core.hardsigmoid: neural_net_core.Hardsigmoid(),
    neural_net_core.hardswish: neural_net_core.Hardswish(),
    neural_net_core.celu: neural_net_core.CELU(),
    neural_net_core.hardshrink: neural_net_core.Hardshrink(),
    neural_net_core.softshrink: neural_net_core.Softshrink(),
}
FUNCTIONS = {
    **{fn.__name__: fn for fn in TWINS},
    "gelu_tanh": lambda x: neural_net_core.gelu(x, "tanh"),
    "leaky_relu_steep": lambda x: neural_net_core.leaky_relu(x, 1.5),
    "elu_half": lambda x: neural_net_core.elu(x, 0.5),
    "softplus_sharp": lambda x: neural_net_core.softplus(x, 3.0, 2.0),
    "celu_half": lambda x: neural_net_core.celu(x, 0.5),
    "threshold": lambda x: neural_net_core.threshold(x, 0.3, -2.0),
    "prelu": lambda x: neural_net_core.prelu(x, 0.25),
    "softmax": neural_net_core.softmax,
    "log_softmax": neural_net_core.log_softmax,
    "softmin": neural_net_core.softmin,
    "glu": lambda x: neural_net_core.glu(np.concatenate([x, x], -1) if x.ndim else [x, x]),
    "geglu": lambda x: neural_net_core.geglu(np.concatenate([x, x], -1) if x.ndim else [x, x]),
    "swiglu": lambda x: neural_net_core.swiglu(np.concatenate([x, x], -1) if x.ndim else [x, x]),
}
ELEMENTWISE = {k: fn for k, fn in FUNCTIONS.items() if "glu" not in k}
every_function = pytest.mark.parametrize("fn", FUNCTIONS.values(), ids=FUNCTIONS)
every_elementwise = pytest.mark.parametrize("fn", ELEMENTWISE.values(), ids=ELEMENTWISE)

ARRAYS = hnp.arrays(
    st.sampled_from([np.float32, np.float64]),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    elements=st.floats(-1e4, 1e4, width=32),
)


@every_elementwise
@given(x=ARRAYS)
def test_shape_and_dtype_stay_and_the_input_is_not_written_to(fn, x):
    before = x.copy()
    leaf = Tensor(x, x.dtype, requires_grad=True)
    y = fn(leaf)
    y.sum().backward()
    assert (y.shape, y.dtype) == (x.shape, x.dtype)
    assert (leaf.grad.shape, leaf.grad.dtype) == (x.shape, x.dtype)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@every_function
def test_stable_from_minus_to_plus_ten_thousand(fn, dtype):
    # More than SMALL elements, so that the branch-free path runs too; and a few, where it does not.
    for size in (9, 2001):
        x = np.linspace(-1e4, 1e4, size, dtype=dtype)
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            if fn not in ELEMENTWISE.values():
                assert np.isfinite(fn(x).data).all()
                continue
            leaf = Tensor(x, dtype, requires_grad=True)
            y = fn(leaf)
            y.backward(np.ones_like(y.data))
        assert np.isfinite(y.data).all()
        assert np.isfinite(leaf.grad).all()


@every_elementwise
def test_a_large_array_gives_the_same_as_its_pieces(fn):
    if fn in (neural_net_core.softmax, neural_net_core.log_softmax, neural_net_core.softmin):
        pytest.skip("not elementwise")
    x = np.random.default_rng(0).normal(scale=5, size=(100, 1000)).astype(np.float32)
    whole = Tensor(x, requires_grad=True)
    y = fn(whole)
    y.backward(x)
    for row in (0, 57, 99):
        piece = Tensor(x[row, :100], requires_grad=True)
        z = fn(piece)
        z.backward(x[row, :100])
        np.testing.assert_array_max_ulp(y.data[row, :100], z.data, 2)
        np.testing.assert_allclose(whole.grad[row, :100], piece.grad, rtol=1e-5, atol=1e-6)


@every_elementwise
def test_the_order_of_memory_does_not_matter(fn):
    x = np.random.default_rng(0).normal(size=(40, 40)).astype(np.float32)
    wide = np.zeros((40, 80), np.float32)
    wide[:, ::2] = x
    for other in (np.asfortranarray(x), wide[:, ::2]):
        a, b = Tensor(x, requires_grad=True), Tensor(other, requires_grad=True)
        y, z = fn(a), fn(b)
        y.backward(x)
        z.backward(x)
        np.testing.assert_allclose(z.data, y.data, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(b.grad, a.grad, rtol=1e-5, atol=1e-6)


@every_elementwise
def test_recording_changes_nothing(fn):
    x = np.random.default_rng(0).normal(size=(300, 400)).astype(np.float32)
    recorded = fn(Tensor(x, requires_grad=True))
    with no_grad():
        plain = fn(Tensor(x, requires_grad=True))
    np.testing.assert_array_equal(recorded.data, plain.data)
    assert recorded.requires_grad
    assert not plain.requires_grad


@every_elementwise
def test_a_second_backward_pass_gives_the_same(fn):
    x = Tensor(np.linspace(-3, 3, 600), requires_grad=True)
    y = fn(x)
    dy = np.cos(np.arange(600, dtype=np.float32))
    y.backward(dy, retain_graph=True)
    first, x.grad = x.grad, None
    y.backward(dy)
    np.testing.assert_array_equal(x.grad, first)


@every_elementwise
def test_nan_stays_visible(fn):
    assert np.isnan(fn([np.nan]).data).all()


@every_elementwise
def test_integers_and_lists_are_accepted(fn):
    np.testing.assert_array_equal(fn([1, -2]).data, fn(np.array([1.0, -2.0])).data)
    assert fn([1, -2]).dtype == np.float32


@pytest.mark.parametrize("fn", TWINS, ids=lambda fn: fn.__name__)
def test_the_module_is_the_function(fn):
    x = np.linspace(-4, 4, 9)
    np.testing.assert_array_equal(TWINS[fn](x).data, fn(x).data)


REQUIRED = {"SwiGLU": (4,), "Threshold": (0.3, -2.0)}


def test_every_module_has_a_readable_repr_and_trains_or_not_alike():
    seed(0)
    shown = []
    for name in neural_net_core.__all__:
        cls = getattr(neural_net_core, name)
        if getattr(cls, "__module__", "").startswith("neural_net_core.activations.") and (
            isinstance(cls, type) and issubclass(cls, Module)
        ):
            module = cls(*REQUIRED.get(name, ()))
            assert repr(module).startswith(name + "(")
            x = np.linspace(-1, 1, 8).reshape(2, 4)
            np.testing.assert_array_equal(module.train()(x), module.eval()(x))
            shown.append(repr(module))
    assert "LeakyReLU(negative_slope=0.01)" in shown
    assert "GELU(approximate='none')" in shown
    assert "Threshold(threshold=0.3, value=-2.0)" in shown
    assert len(shown) == 28


def test_rectifiers_pass_no_gradient_where_they_are_off_even_if_it_is_infinite():
    # 0 · inf would be NaN.
    for size in (4, 4000):
        x = Tensor(np.tile([-1.0, 8.0], size // 2), requires_grad=True)
        for fn in (
            neural_net_core.relu,
            neural_net_core.relu6,
            neural_net_core.hardsigmoid,
            lambda x: neural_net_core.hardshrink(x, 2.0),
            lambda x: neural_net_core.softshrink(x, 2.0),
            lambda x: neural_net_core.threshold(x, 0.0, 0.0),
        ):
            x.grad = None
            fn(x).backward(np.full(size, np.inf, np.float32))
            assert (x.grad[0::2] == (0 if fn is not neural_net_core.hardsigmoid else np.inf)).all()
