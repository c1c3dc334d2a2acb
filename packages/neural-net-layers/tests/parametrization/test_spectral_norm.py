"""Spectral normalization."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Dense, Parameter
from neural_net_core.testing import gradcheck
from neural_net_layers import (
    Conv2D,
    ConvTranspose1D,
    ConvTranspose2D,
    LayerNorm,
    remove_parametrizations,
    spectral_norm,
)
from neural_net_layers.parametrization.spectral_norm import SpectralNorm


def rng(seed=0):
    return np.random.default_rng(seed)


def vectors_of(layer, name="weight"):
    state = layer.state_dict()
    return [state[f"parametrizations.{name}.0.{which}"] for which in ("_u", "_v")]


@given(st.integers(0, 2**32 - 1))
def test_after_many_passes_no_vector_is_lengthened(seed):
    layer = Dense(5, 4, rng=rng(seed), dtype=np.float64)
    largest = np.linalg.svd(layer.weight.data, compute_uv=False)[0]
    before = layer.weight.data.copy()
    spectral_norm(layer, n_power_iterations=50, rng=rng(seed))
    x = rng(seed).normal(size=(20, 5))
    for _ in range(20):
        layer(x)
    # Two singular values that are nearly equal take very long to be told apart.
    np.testing.assert_allclose(layer.weight.data, before / largest, rtol=1e-3)
    y = layer(x).data - layer.bias.data
    assert (np.linalg.norm(y, axis=1) <= np.linalg.norm(x, axis=1) * 1.001).all()


def test_one_iteration_for_each_pass_of_training_and_none_in_evaluation():
    layer, x = spectral_norm(Dense(4, 3, rng=rng(), dtype=np.float64), rng=rng(1)), np.ones((2, 4))
    w = layer.parametrizations["weight"].original.data
    w[...] = rng(2).normal(size=(3, 4))  # so that the vectors have far to go
    u, v = vectors_of(layer)
    layer.eval()(x)
    assert [a.tobytes() for a in vectors_of(layer)] == [u.tobytes(), v.tobytes()]
    changes = [buffer.version for buffer in layer.buffers()]
    layer.train()(x)
    assert [buffer.version for buffer in layer.buffers()] == [n + 1 for n in changes]
    u = w @ v / np.linalg.norm(w @ v)
    v = w.T @ u / np.linalg.norm(w.T @ u)
    for found, expected in zip(vectors_of(layer), (u, v), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13)
    np.testing.assert_allclose(layer.weight.data, w / (u @ w @ v), rtol=1e-13)


def test_the_gradient_takes_the_vectors_as_constants():
    layer = spectral_norm(Dense(4, 3, rng=rng(), dtype=np.float64), rng=rng(1)).eval()
    w, (u, v) = layer.parametrizations["weight"].original, vectors_of(layer)
    dw = rng(2).normal(size=(3, 4))
    layer.weight.backward(dw)
    sigma = u @ w.data @ v
    expected = (dw - (dw * w.data).sum() / sigma * np.outer(u, v)) / sigma
    np.testing.assert_allclose(w.grad, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("shape", "axis"), [((3, 4), 0), ((3, 2, 4), 1), ((2, 3, 2, 2), 0), ((4,), 0)]
)
def test_gradcheck(shape, axis):
    w = rng().normal(size=shape)
    part = SpectralNorm(Parameter(w, np.float64), axis, 1, 1e-12, rng(1)).eval()

    def weight(w):
        vars(part)["original"] = w
        return part.weight()

    gradcheck(weight, [w])


@pytest.mark.parametrize(
    ("make", "rows"),
    [
        (lambda: Dense(4, 3), 3),
        (lambda: Conv2D(4, 3, 2), 3),
        (lambda: ConvTranspose1D(4, 3, 2), 3),
        (lambda: ConvTranspose2D(4, 3, 2), 3),
    ],
)
def test_the_rows_of_the_matrix_are_the_outputs(make, rows):
    layer = make()
    size = layer.weight.size
    u, v = vectors_of(spectral_norm(layer))
    assert (u.shape, v.shape) == ((rows,), (size // rows,))
    u, v = vectors_of(spectral_norm(make(), axis=-1))
    assert len(u) == make().weight.shape[-1]


def test_a_vector_is_divided_by_its_length():
    layer = LayerNorm(3)
    layer.weight.data[...] = [3.0, 0.0, 4.0]
    spectral_norm(layer)
    assert list(layer.state_dict()) == ["bias", "parametrizations.weight.original"]
    np.testing.assert_allclose(layer.weight.data, [0.6, 0, 0.8], rtol=1e-6)
    layer(np.ones((2, 3)))  # nothing to move
    transposed = spectral_norm(ConvTranspose1D(2, 3, 2), "bias")
    np.testing.assert_allclose(np.linalg.norm(transposed.bias.data), 1, rtol=1e-6)


def test_a_weight_of_zeros_stays_so():
    layer = Dense(3, 2)
    layer.weight.data[...] = 0
    y = spectral_norm(layer)(np.ones((1, 3)))
    np.testing.assert_allclose(y.data[0], layer.bias.data)
    y.sum().backward()
    assert all(np.isfinite(p.grad).all() for p in layer.parameters())


def test_the_first_vectors_are_drawn_from_the_generator_and_improved_15_times():
    draws = [spectral_norm(Dense(4, 3, rng=rng()), rng=rng(seed)) for seed in (1, 1, 2)]
    found = [vectors_of(layer)[0].tobytes() for layer in draws]
    assert found[0] == found[1] != found[2]
    w = draws[0].parametrizations["weight"].original.data.astype(np.float64)
    generator = rng(1)
    generator.normal(size=3)
    v = generator.normal(size=4)
    for _ in range(15):
        u = w @ v / np.linalg.norm(w @ v)
        v = w.T @ u / np.linalg.norm(w.T @ u)
    for values, expected in zip(vectors_of(draws[0]), (u, v), strict=True):
        np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-5)


def test_back_to_the_original_or_to_the_normalized_weight():
    for leave in (True, False):
        layer = Dense(4, 3, rng=rng())
        before = layer.weight.data.copy()
        spectral_norm(layer)
        expected = layer.weight.data if leave else before
        remove_parametrizations(layer, leave_parametrized=leave)
        np.testing.assert_array_equal(layer.weight.data, expected)


def test_settings():
    with pytest.raises(ValueError, match="spectral_norm: n_power_iterations must be an int >= 1"):
        spectral_norm(Dense(4, 3), n_power_iterations=0)
    with pytest.raises(ValueError, match="spectral_norm: eps must be a finite number > 0"):
        spectral_norm(Dense(4, 3), eps=0)
    shown = repr(spectral_norm(Dense(4, 3), n_power_iterations=2))
    assert "SpectralNorm(axis=0, n_power_iterations=2, eps=1e-12" in shown
