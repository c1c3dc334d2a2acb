"""Dropout of single elements."""

import copy

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Tensor, default_rng, load_checkpoint, save_checkpoint, seed
from neural_net_layers import Dropout, dropout


def test_a_case_worked_by_hand():
    """With the first three draws 0.05, 0.81 and 0.81 the first element falls at p = 0.5."""
    rng = np.random.default_rng(5)
    kept = rng.random(3, dtype=np.float32) >= 0.5
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = dropout(x, 0.5, rng=np.random.default_rng(5))
    y.backward(np.array([1.0, 10.0, 100.0]))
    assert 0 < kept.sum() < 3
    np.testing.assert_array_equal(y.data, np.where(kept, [2.0, 4.0, 6.0], 0))
    np.testing.assert_array_equal(x.grad, np.where(kept, [2.0, 20.0, 200.0], 0))


@given(
    x=hnp.arrays(np.float32, (4, 5), elements=st.floats(-10, 10, width=32)),
    p=st.floats(0, 0.999),
    number=st.integers(0, 2**32),
)
def test_every_element_is_dropped_or_scaled_and_so_is_its_gradient(x, p, number):
    leaf = Tensor(x, requires_grad=True)
    y = dropout(leaf, p, rng=np.random.default_rng(number))
    y.backward(np.ones_like(x))
    scale = np.float32(1 / (1 - p))
    assert np.isin(leaf.grad, [0, scale]).all()
    np.testing.assert_allclose(y.data, x * leaf.grad, rtol=1e-6)


@pytest.mark.parametrize("p", [0.01, 0.1, 0.5, 0.9])
def test_the_share_dropped_is_p_and_the_mean_stays(p):
    """Five standard deviations of a binomial distribution."""
    n = 100_000
    y = dropout(np.ones(n), p, rng=np.random.default_rng(0)).data
    assert abs((y == 0).mean() - p) < 5 * (p * (1 - p) / n) ** 0.5
    assert abs(y.mean() - 1) < 5 * (p / (1 - p) / n) ** 0.5


def test_p_0_keeps_everything_and_draws_nothing():
    rng = np.random.default_rng(0)
    x = Tensor([1.0, 2.0])
    assert dropout(x, 0.0, rng=rng) is x
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


def test_p_1_gives_zeros_and_zero_gradients_never_nan():
    x = Tensor([1.0, -2.0], requires_grad=True)
    y = dropout(x, 1.0)
    y.backward(np.ones(2))
    assert y.tolist() == [0, 0]
    assert x.grad.tolist() == [0, 0]


def test_evaluation_returns_the_input_itself():
    layer, x = Dropout(0.9), Tensor([1.0, 2.0])
    assert layer.eval()(x) is x
    assert dropout(x, 0.9, training=False) is x
    assert not np.array_equal(layer.train()(np.ones(100)).data, np.ones(100))


def test_each_call_draws_anew():
    layer = Dropout(0.5, rng=np.random.default_rng(0))
    x = np.ones(100)
    assert not np.array_equal(layer(x).data, layer(x).data)


def test_layers_with_generators_of_their_own_do_not_disturb_each_other():
    def masks(between):
        a, b = (Dropout(0.5, rng=np.random.default_rng(i)) for i in (1, 2))
        first = a(np.ones(20)).tolist()
        for _ in range(between):
            b(np.ones(20))
        return [first, a(np.ones(20)).tolist()]

    assert masks(0) == masks(3)


def test_without_a_generator_the_librarys_is_used_and_seed_resets_it():
    state = default_rng().bit_generator.state
    try:
        seed(3)
        first = Dropout(0.5)(np.ones(20)).tolist()
        seed(3)
        assert Dropout(0.5)(np.ones(20)).tolist() == first
    finally:
        default_rng().bit_generator.state = state


def test_numpys_global_generator_is_not_touched():
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    dropout(np.ones(10))
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_a_float64_model_drops_the_same_units():
    single = dropout(np.ones(50, np.float32), 0.5, rng=np.random.default_rng(0))
    double = dropout(Tensor(np.ones(50), np.float64), 0.5, rng=np.random.default_rng(0))
    assert single.tolist() == double.tolist()


def test_a_copied_layer_has_a_generator_of_its_own_that_goes_on_alike():
    layer = Dropout(0.5, rng=np.random.default_rng(0))
    twin = copy.deepcopy(layer)
    first = layer(np.ones(20)).tolist()
    assert twin(np.ones(20)).tolist() == first


def test_masks_go_on_after_a_checkpoint(tmp_path):
    layer = Dropout(0.5, rng=np.random.default_rng(0))
    layer(np.ones(7))
    save_checkpoint(tmp_path / "run", rng=layer.rng)
    expected = layer(np.ones(20)).tolist()
    other = Dropout(0.5, rng=np.random.default_rng(9))
    load_checkpoint(tmp_path / "run", rng=other.rng)
    assert other(np.ones(20)).tolist() == expected


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_a_wrong_probability_is_named(p):
    with pytest.raises(ValueError, match=r"Dropout: p must be .* from 0.0 to 1.0, got"):
        Dropout(p)
    with pytest.raises(ValueError, match=r"dropout: p must be .* from 0.0 to 1.0, got"):
        dropout([1.0], p)


def test_a_wrong_generator_is_named():
    with pytest.raises(ValueError, match=r"expected a np\.random\.Generator or None, got int"):
        Dropout(0.5, rng=3)
