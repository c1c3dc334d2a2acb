"""The embedding table."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import (
    Dense,
    DTypeError,
    GraphError,
    Module,
    ShapeError,
    Tensor,
    load_checkpoint,
    save_checkpoint,
)
from neural_net_layers import Embedding, embedding


def rng():
    return np.random.default_rng(3)


def test_a_case_worked_by_hand():
    """Rows come in the order of the ids; a row looked up twice gets both gradients."""
    w = Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], requires_grad=True)
    y = embedding([[2, 0], [2, 2]], w)
    assert y.tolist() == [[[5, 6], [1, 2]], [[5, 6], [5, 6]]]
    y.backward(np.array([[[1, 10], [2, 20]], [[3, 30], [4, 40]]]))
    assert w.grad.tolist() == [[2, 20], [0, 0], [8, 80]]


@given(
    ids=st.lists(st.integers(0, 6), max_size=12),
    padding=st.one_of(st.none(), st.integers(-7, 6)),
    by_frequency=st.booleans(),
)
def test_it_is_a_product_with_one_hot_rows(ids, padding, by_frequency):
    """Value and gradient of the lookup and of the product that it stands for."""
    w = Tensor(rng().normal(size=(7, 3)), np.float64, requires_grad=True)
    hot = np.eye(7)[np.array(ids, dtype=int)]  # (N, V)
    y = embedding(ids, w, padding, scale_grad_by_freq=by_frequency)
    np.testing.assert_array_equal(y.data, hot @ w.data)
    dy = rng().normal(size=y.shape)
    y.backward(dy)
    expected = hot.T @ dy
    if by_frequency:
        expected /= np.maximum(hot.sum(axis=0), 1)[:, None]
    if padding is not None:
        expected[padding] = 0
    np.testing.assert_allclose(w.grad, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", [(), (0,), (4,), (2, 3), (2, 0, 3), (2, 3, 2)])
def test_ids_of_any_shape(shape):
    """The vectors' axis comes last; arrays, lists and Tensors of any integer type will do."""
    layer = Embedding(5, 4, rng=rng())
    ids = rng().integers(0, 5, shape)
    y = layer(ids)
    assert y.shape == (*shape, 4)
    for same in (ids.astype(np.uint8), ids.astype(np.int32), Tensor(ids)):
        assert np.array_equal(layer(same).data, y.data)
    assert layer([[0, 1]]).shape == (1, 2, 4)
    assert layer([]).shape == (0, 4)


def test_wrong_ids_are_named_with_their_place_and_the_range():
    """Negative ids do not count from the end, and floats are no ids."""
    layer = Embedding(5, 2)
    with pytest.raises(IndexError, match=r"Embedding\(5, 2\): expected ids from 0 to 4, got 5 at"):
        layer([[0, 1], [4, 5]])
    with pytest.raises(IndexError, match=r"got 5 at \(1, 0\)"):
        layer([[0, 1], [5, 4]])
    with pytest.raises(IndexError, match=r"got -1 at 2"):
        layer([0, 1, -1])
    with pytest.raises(IndexError, match=r"got 9\b(?! at)"):
        layer(9)
    for ids in ([0.0, 1.0], [True, False]):
        with pytest.raises(DTypeError, match="ids must be integers, got"):
            layer(ids)
    with pytest.raises(ShapeError, match=r"expected a weight \(V, D\), got \(3,\)"):
        embedding([0], np.zeros(3))


def test_the_padding_row_is_zero_and_stays_zero():
    """It gets no gradient, so neither steps nor weight decay move it."""
    layer = Embedding(4, 3, padding_idx=-2, rng=rng())
    assert layer.padding_idx == 2
    assert not layer([2]).data.any()
    assert layer.weight.data[[0, 1, 3]].all()
    for _ in range(3):
        layer.zero_grad()
        (layer([0, 2, 2, 3]) ** 2 + layer([0, 2, 2, 3])).sum().backward()
        assert not layer.weight.grad[2].any()
        assert layer.weight.grad[[0, 3]].any()
        layer.weight.data -= 0.1 * (layer.weight.grad + 0.01 * layer.weight.data)
    assert not layer([2]).data.any()


def test_rows_that_are_too_long_are_shortened_in_the_table():
    """Only those that are looked up; short ones stay; the direction stays."""
    start = np.array([[3.0, 4.0], [0.3, 0.4], [30.0, 40.0]], np.float32)
    layer = Embedding.from_pretrained(start, freeze=False, max_norm=1.0)
    y = layer([0, 1, 0])
    np.testing.assert_allclose(y.data, [[0.6, 0.8], [0.3, 0.4], [0.6, 0.8]], rtol=1e-6)
    np.testing.assert_allclose(layer.weight.data[:2], y.data[:2])
    assert layer.weight.data[2].tolist() == [30, 40]
    y.sum().backward()
    assert layer.weight.grad.tolist() == [[2, 2], [1, 1], [0, 0]]
    taxicab = Embedding.from_pretrained(start, max_norm=0.7, norm_type=1)
    np.testing.assert_allclose(taxicab([1, 2]).data, [[0.3, 0.4]] * 2, rtol=1e-6)


def test_a_gradient_from_before_a_row_was_shortened_is_refused():
    """The table changed under it; a second lookup that changes nothing is fine."""
    layer = Embedding.from_pretrained([[3.0, 4.0], [30.0, 40.0]], freeze=False, max_norm=1.0)
    first = layer([0])
    assert layer([0]).shape == (1, 2)
    (first**2).sum().backward()
    first = layer([0])
    layer([1])
    with pytest.raises(GraphError):
        (first**2).sum().backward()


def test_pretrained_vectors_are_copied_and_frozen():
    """They can be unfrozen; the given array never changes; padding keeps what it is given."""
    given_ = rng().normal(size=(4, 3)).astype(np.float32)
    layer = Embedding.from_pretrained(given_, padding_idx=1)
    assert layer.weight.data is not given_
    assert np.array_equal(layer([1, 3]).data, given_[[1, 3]])
    assert not layer([0]).requires_grad
    assert Embedding.from_pretrained(given_, freeze=False)([0]).requires_grad
    assert Embedding.from_pretrained(Tensor(given_, np.float64)).weight.dtype == np.float64
    with pytest.raises(ShapeError, match=r"from_pretrained: expected a weight \(V, D\)"):
        Embedding.from_pretrained(np.zeros(3))


class LanguageModel(Module):
    """Table, hidden layer, and the table again as output."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.tokens = Embedding(6, 4, rng=rng)
        self.hidden = Dense(4, 4, rng=rng)
        self.output = self.tokens.tied_output(bias=True)

    def forward(self, ids):
        return self.output(self.hidden(self.tokens(ids)))


def test_a_tied_output_is_one_parameter_with_both_gradients(tmp_path):
    """Counted once, saved under both names, loaded back as one; the gradient is the sum."""
    model = LanguageModel(0)
    assert model.output.weight is model.tokens.weight
    assert model.num_parameters() == 6 * 4 + 4 * 4 + 4 + 6
    assert len(list(model.parameters())) == 4
    (model([0, 5]) ** 2).sum().backward()
    tied = model.tokens.weight.grad
    untied = LanguageModel(0)
    untied.output = Dense(4, 6, rng=rng())
    untied.output.load_state_dict(model.output.state_dict())
    (untied([0, 5]) ** 2).sum().backward()
    np.testing.assert_allclose(
        tied, untied.tokens.weight.grad + untied.output.weight.grad, rtol=1e-5
    )
    save_checkpoint(tmp_path / "model", model=model)
    other = LanguageModel(1)
    load_checkpoint(tmp_path / "model", model=other)
    assert other.output.weight is other.tokens.weight
    assert np.array_equal(other([1, 2]).data, model([1, 2]).data)


def test_what_a_caller_who_says_nothing_gets():
    """Norms are Euclidean, and the tied output adds no bias."""
    layer = Embedding(1, 2, max_norm=1.0)
    layer.weight.data[...] = [[3.0, 4.0]]
    np.testing.assert_allclose(layer([0]).data, [[0.6, 0.8]], rtol=1e-5)
    assert layer.tied_output().bias is None


def test_first_vectors():
    """Unit normal without a wish, another distribution on request, and one seed one table."""
    values = Embedding(2000, 50, rng=rng()).weight.data
    assert values.dtype == np.float32
    assert abs(values.mean()) < 0.01
    assert abs(values.std() - 1) < 0.01
    twos = Embedding(3, 2, init=lambda shape, **_: np.full(shape, 2.0), padding_idx=0)
    assert twos.weight.tolist() == [[0, 0], [2, 2], [2, 2]]
    assert np.array_equal(values, Embedding(2000, 50, rng=rng()).weight.data)
    assert Embedding(2, 2, dtype=np.float64)([0]).dtype == np.float64


def test_bad_sizes_and_options_and_what_it_reads_like():
    """Each is named with what it may be."""
    with pytest.raises(ValueError, match=r"Embedding: num_embeddings .* got 0"):
        Embedding(0, 3)
    with pytest.raises(ValueError, match=r"Embedding: embedding_dim .* got 2\.5"):
        Embedding(3, 2.5)
    with pytest.raises(ValueError, match="padding_idx must be an int from -3 to 2, got 3"):
        Embedding(3, 2, padding_idx=3)
    for bound in (0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="max_norm must be a finite number > 0"):
            Embedding(3, 2, max_norm=bound)
    with pytest.raises(ValueError, match="norm_type must be a finite number > 0, got 0"):
        Embedding(3, 2, norm_type=0)
    assert repr(Embedding(3, 2)) == "Embedding(3, 2)"
    assert repr(Embedding(3, 2, -1, 1.5, 1, True)) == (
        "Embedding(3, 2, padding_idx=2, max_norm=1.5, norm_type=1, scale_grad_by_freq=True)"
    )
    text = repr(Embedding(3, 2)).removesuffix("(3, 2)")
    assert Embedding(3, 2).summary((1, 4), dtype=np.int64).count(text) == 1
