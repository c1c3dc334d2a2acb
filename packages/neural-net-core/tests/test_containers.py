"""Sequential, ModuleList and ModuleDict: names, order, editing."""

import numpy as np
import pytest

from neural_net_core import Dense, ModuleDict, ModuleList, Sequential, Tanh, Tensor


def test_sequential_applies_in_order():
    a, b = Dense(2, 3), Dense(3, 1)
    x = Tensor(np.ones((4, 2)))
    np.testing.assert_array_equal(Sequential(a, Tanh(), b)(x).data, b(Tanh()(a(x))).data)


def test_sequential_takes_names():
    model = Sequential({"hidden": Dense(2, 3), "act": Tanh()})
    assert list(model.state_dict()) == ["hidden.weight", "hidden.bias"]
    assert model["act"] is model[1] is list(model)[1]


def test_a_slice_shares_its_modules():
    model = Sequential(Dense(2, 3), Tanh(), Dense(3, 1))
    assert len(model[:2]) == 2 and model[:2][0] is model[0]
    model.append(Tanh())
    assert len(model) == 4 and list(model.state_dict())[-1] == "2.bias"


def test_module_list_edits():
    items = ModuleList([Dense(1, 1)])
    items.append(Tanh())
    items.extend([Dense(1, 2)])
    items.insert(0, Tanh())
    items[1] = Dense(3, 1)
    assert [type(m).__name__ for m in items] == ["Tanh", "Dense", "Tanh", "Dense"]
    assert list(items.state_dict()) == ["1.weight", "1.bias", "3.weight", "3.bias"]
    assert isinstance(items[1:], ModuleList) and len(items[1:]) == 3


def test_module_dict_edits():
    items = ModuleDict({"a": Dense(1, 1)})
    items["b"] = Tanh()
    assert list(items) == ["a", "b"] == list(items.keys()) and "a" in items and len(items) == 2
    assert list(items.state_dict()) == ["a.weight", "a.bias"]
    assert [k for k, _ in items.items()] == ["a", "b"] and len(list(items.values())) == 2
    del items["a"]
    assert "a" not in items
    with pytest.raises(ValueError, match="without dots"):
        items["a.b"] = Tanh()


@pytest.mark.parametrize("build", [lambda: Sequential(np.tanh), lambda: ModuleList([3])])
def test_only_modules_go_in(build):
    with pytest.raises(TypeError, match=r"expected a Module, got (ufunc|int)"):
        build()
