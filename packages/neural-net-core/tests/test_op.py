"""Writing an operation of one's own with nothing but the public names."""

import numpy as np
import pytest

from neural_net_core import Dense, Op, Tensor, no_grad


class Scale(Op):
    """y = k x;  dx = k dy"""

    def __init__(self, k):
        self.k = k

    def forward(self, x):
        self.asked = self.needs(0)
        return self.k * x

    def backward(self, dy):
        return self.k * dy


class Spike(Op):
    """y = 1 where x > 0;  dx = dy / (1 + (πx)²), an arctangent in the step's place"""

    def forward(self, x):
        self.x = x
        return (x > 0).astype(x.dtype)

    def backward(self, dy):
        return dy / (1 + (np.pi * self.x) ** 2)


def test_hyper_parameters_go_to_init_and_arrays_to_forward():
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = Scale.apply(x, k=3.0)
    y.sum().backward()
    np.testing.assert_array_equal(y.data, [3, 6])
    np.testing.assert_array_equal(x.grad, [3, 3])


def test_needs_tells_forward_who_asked():
    assert Scale.apply(Tensor([1.0], requires_grad=True), k=1.0).node.asked
    seen = []

    class Peek(Scale):
        def forward(self, x):
            seen.append(self.needs(0))
            return x

    Peek.apply(Tensor([1.0]), k=1.0)
    with no_grad():
        Peek.apply(Tensor([1.0], requires_grad=True), k=1.0)
    assert seen == [False, False]


def test_a_surrogate_gradient_trains_through_a_step():
    layer = Dense(3, 2, rng=np.random.default_rng(0))
    y = Spike.apply(layer(np.ones((4, 3))))
    assert set(np.unique(y.data)) <= {0.0, 1.0}
    y.sum().backward()
    assert np.abs(layer.weight.grad).min() > 0


def test_an_operation_that_is_not_recorded_leaves_no_node():
    assert Scale.apply(Tensor([1.0]), k=2.0).node is None
    assert Scale.apply(np.ones(2), k=2.0).is_leaf


def test_repr_names_the_hyper_parameters():
    y = Scale.apply(Tensor([1.0], requires_grad=True), k=2.0)
    assert repr(y.node).startswith("Scale(k=2.0")


def test_integer_outputs_have_no_gradient():
    class WithIndex(Op):
        def forward(self, x):
            return x * 1, np.argsort(x)

        def backward(self, dy, _):
            return dy

    y, index = WithIndex.apply(Tensor([2.0, 1.0], requires_grad=True))
    assert y.requires_grad and not index.requires_grad and index.node is None


@pytest.mark.parametrize("kind", [float, int])
def test_python_numbers_reach_forward_as_they_are(kind):
    class Kind(Op):
        def forward(self, x, k):
            assert type(k) is kind
            return x * k

        def backward(self, dy):
            return dy, None

    Kind.apply(Tensor([1.0], requires_grad=True), kind(2))
