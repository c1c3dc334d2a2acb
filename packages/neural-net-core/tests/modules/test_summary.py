"""The table of a network: shapes and parameters of a shape; with an example also what it costs."""

import numpy as np
import pytest

from neural_net_core import Dense, Module, ReLU, Sequential, Tanh, Tensor


class Two(Module):
    """Takes two inputs, uses one layer twice, and adds up itself."""

    def __init__(self):
        self.shared = Dense(3, 3)

    def forward(self, x, mask):
        return self.shared(self.shared(x)) * mask


def test_with_a_shape_it_is_what_it_was():
    assert Sequential(Dense(4, 3), Tanh()).summary((2, 4)).splitlines() == [
        "module      output shape  parameters",
        "------------------------------------",
        "Sequential  (2, 3)                 0",
        "  0 Dense   (2, 3)                15",
        "  1 Tanh    (2, 3)                 0",
        "------------------------------------",
        "15 parameters",
    ]


def test_with_an_example_it_counts_operations_and_bytes_of_each_layer():
    model = Sequential(Dense(4, 3), Tanh())
    assert model.summary(example=np.ones((2, 4), np.float32)).splitlines() == [
        "module      output shape  parameters  operations  bytes",
        "-------------------------------------------------------",
        "Sequential  (2, 3)                 0           0      0",
        # x, w, then the product and b are read; the product and the result are written
        f"  0 Dense   (2, 3)                15          54    {4 * (8 + 12 + 6 + 6 + 3 + 6)}",
        f"  1 Tanh    (2, 3)                 0           6     {4 * 12}",
        "-------------------------------------------------------",
        "15 parameters, 60 operations, 212 bytes",
    ]


def test_several_inputs_a_layer_that_runs_twice_and_a_modules_own_operations():
    text = Two().summary(example=(np.ones((2, 3), np.float32), np.ones((2, 1), np.float32)))
    rows, total = text.splitlines()[2:-2], text.splitlines()[-1]
    assert rows[0].split()[-2] == "6"
    assert rows[1].split()[-2] == str(2 * (2 * 2 * 3 * 3 + 6))
    assert total.startswith("12 parameters, 90 operations")


def test_an_example_leaves_everything_as_it_was():
    model, x = Sequential(Dense(4, 3), ReLU()), Tensor(np.ones((2, 4)), requires_grad=True)
    model[1].eval()
    model.summary(example=x)
    assert [module.training for module in model.modules()] == [True, True, False]
    assert not model[0]._forward_hooks
    assert x.grad is None and model[0].weight.grad is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "got neither"),
        ({"input_shape": (1, 4), "example": np.ones((1, 4))}, "got both"),
        ({"example": np.ones((1, 4)), "dtype": np.float32}, "an example has its own"),
    ],
)
def test_a_shape_or_an_example_is_needed(given, message):
    with pytest.raises(TypeError, match=message):
        Dense(4, 3).summary(**given)
