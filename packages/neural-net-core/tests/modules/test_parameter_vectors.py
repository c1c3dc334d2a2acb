"""All parameters as one vector, and back."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import (
    Buffer,
    Dense,
    FeedForward,
    GraphError,
    Parameter,
    ShapeError,
    Tensor,
    parameters_to_vector,
    vector_to_parameters,
)

SHAPES = st.lists(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3), min_size=1)


def some(shapes, dtype=np.float64):
    rng = np.random.default_rng(0)
    return [Parameter(rng.normal(size=shape), dtype) for shape in shapes]


@given(shapes=SHAPES)
def test_there_and_back_is_the_same(shapes):
    parameters = some(shapes)
    arrays, before = [p.data for p in parameters], [p.data.copy() for p in parameters]
    vector = parameters_to_vector(parameters)
    np.testing.assert_array_equal(vector.data, np.concatenate([x.ravel() for x in before]))
    vector_to_parameters(2 * vector.data, iter(parameters))
    for p, array, old in zip(parameters, arrays, before, strict=True):
        np.testing.assert_array_equal(p.data, 2 * old)
        assert p.data is array
        assert p.version == 1


@given(shapes=SHAPES)
def test_the_gradient_of_the_vector_flows_back(shapes):
    parameters = some(shapes)
    vector = parameters_to_vector(parameters)
    dy = np.arange(float(vector.size))
    vector.backward(dy)
    np.testing.assert_array_equal(np.concatenate([p.grad.ravel() for p in parameters]), dy)
    assert [p.grad.shape for p in parameters] == shapes


def test_a_penalty_on_the_distance_from_the_start():
    model = FeedForward((2, 3, 1))
    start = parameters_to_vector(model.parameters()).data
    distance = ((parameters_to_vector(model.parameters()) - start) ** 2).sum()
    distance.backward()
    assert distance.item() == 0
    assert all((p.grad == 0).all() for p in model.parameters())


def test_dtypes_stay_and_the_vector_has_the_widest():
    a, b = Parameter([1.0]), Parameter([2.0], np.float64)
    assert parameters_to_vector([a]).dtype == np.float32
    vector = parameters_to_vector([a, b])
    assert vector.dtype == np.float64
    vector_to_parameters(vector, [b, a])
    assert (a.dtype, b.dtype) == (np.float32, np.float64)
    assert (a.item(), b.item()) == (2, 1)


def test_a_vector_made_of_the_parameters_memory_can_be_written_back():
    memory = np.arange(4, dtype=np.float32)
    parameters = [Parameter(np.zeros(2)), Parameter(np.zeros(2))]
    for i, p in enumerate(parameters):
        p.data = memory[2 * i : 2 * i + 2]
    vector_to_parameters(memory[::-1], parameters)
    np.testing.assert_array_equal(memory, [3, 2, 1, 0])


def test_a_graph_recorded_before_the_change_gives_no_gradient():
    layer = Dense(2, 1)
    loss = layer(np.ones((1, 2))).sum()
    vector_to_parameters(np.zeros(3), layer.parameters())
    with pytest.raises(GraphError, match="was changed after the forward pass"):
        loss.backward()


def test_buffers_can_be_written_too():
    p, b = Parameter([1.0]), Buffer(np.array(2))
    vector_to_parameters([5, 6], [p, b])
    assert (p.item(), b.item(), b.dtype.kind) == (5, 6, "i")


@pytest.mark.parametrize(
    ("vector", "error", "message"),
    [
        (np.zeros(4), ShapeError, r"expected a vector of 3 elements for 2 parameters, got shape"),
        (np.zeros((3, 1)), ShapeError, "expected a vector of 3 elements"),
        (np.array([1.0, 2.0, 1e300]), ValueError, r"parameter 1 of shape \(1,\).*cannot hold"),
        (["a", "b", "c"], TypeError, "vector_to_parameters: vector"),
    ],
)
def test_what_does_not_fit_changes_nothing(vector, error, message):
    parameters = [Parameter([1.0, 2.0]), Parameter([3.0])]
    with pytest.raises(error, match=message):
        vector_to_parameters(vector, parameters)
    assert [p.tolist() for p in parameters] == [[1, 2], [3]]
    assert [p.version for p in parameters] == [0, 0]


def test_wrong_parameters_are_refused():
    for call in (parameters_to_vector, lambda p: vector_to_parameters(np.zeros(1), p)):
        with pytest.raises(ValueError, match="expected at least one parameter, got none"):
            call([])
        with pytest.raises(ValueError, match="each of parameters must be a"):
            call([1.0])
    with pytest.raises(ValueError, match="each of parameters must be a Parameter"):
        vector_to_parameters(np.zeros(1), [Tensor([1.0])])
