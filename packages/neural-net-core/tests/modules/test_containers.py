"""Sequential, ModuleList and ModuleDict: names, order, editing."""

import numpy as np
import pytest

from neural_net_core import (
    Buffer,
    Dense,
    FeedForward,
    Module,
    ModuleDict,
    ModuleList,
    Parameter,
    Sequential,
    StateDictError,
    Tanh,
    Tensor,
)


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


# Every class whose members are not simply its attributes, and how to make one with one Dense.
CONTAINERS = {
    Sequential: lambda cls: cls(Dense(2, 2)),
    ModuleList: lambda cls: cls([Dense(2, 2)]),
    ModuleDict: lambda cls: cls({"0": Dense(2, 2)}),
    FeedForward: lambda cls: cls([2, 2]),
}


def test_every_class_that_lists_its_members_itself_is_tried_below():
    def below(cls):
        return {cls}.union(*map(below, cls.__subclasses__()))

    ours = {cls for cls in below(Module) if cls.__module__.startswith("neural_net_core")}
    listing = {cls for cls in ours if "_members" in vars(cls)} - {Module}
    assert listing <= set(CONTAINERS)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_a_subclass_of_a_container_has_parts_of_its_own(container, first):
    """An attribute is listed like that of any module, before or after the modules inside."""

    class Net(container):
        def __init__(self, *args):
            if not first:
                super().__init__(*args)
            self.scale = Parameter([3.0])
            self.mean = Buffer([4.0])
            self.head = Dense(2, 1)
            self.more = [Tanh(), {"a": Dense(1, 1, bias=False)}]
            if first:
                super().__init__(*args)

        # What a subclass makes of these changes nothing of what it is made of.
        def __iter__(self):
            return iter(())

        def __len__(self):
            return 0

        def __getitem__(self, i):
            raise IndexError

        def items(self):
            return []

        def forward(self, x):
            return self.head(x)

    net = CONTAINERS[container](Net)
    plain = CONTAINERS[container](container)
    inside = [f"{k}" for k in plain.state_dict()]
    own = ["scale", "mean", "head.weight", "head.bias", "more.1.a.weight"]
    keys = own + inside if first else inside + own
    assert list(net.state_dict()) == keys
    assert [k for k, _ in net.named_parameters()] == [k for k in keys if k != "mean"]
    assert [k for k, _ in net.named_buffers()] == ["mean"]
    children = [k for k, _ in plain.named_children()]
    of_its_own = ["head", "more.0", "more.1.a"]
    assert [k for k, _ in net.named_children()] == (
        of_its_own + children if first else children + of_its_own
    )
    assert not any(module.training for module in net.eval().modules())
    assert net.head.training is False
    assert "(head): Dense(2 -> 1)" in repr(net)
    assert net.astype(np.float64).head.weight.dtype == np.float64
    assert "head Dense" in net.summary((1, 2))
    state = {k: v + 1 for k, v in net.state_dict().items()}
    net.load_state_dict(state)
    assert net.scale.data.tolist() == [4] and net.mean.data.tolist() == [5]
    net(np.ones((1, 2))).sum().backward()
    assert net.head.weight.grad is not None


@pytest.mark.parametrize("container", [Sequential, ModuleDict])
@pytest.mark.parametrize("name", ["a.b", "", ".", 1, None])
def test_a_name_is_a_text_without_dots(container, name):
    with pytest.raises(ValueError, match=f"{container.__name__}: expected a name without dots"):
        container({name: Tanh()})


def test_an_attribute_and_a_module_of_one_name_are_both_named():
    items = ModuleDict({"head": Dense(1, 1)})
    items.head = Dense(1, 2)
    with pytest.raises(StateDictError, match=r"self\.head \(Dense\) and self\.head \(Dense\)"):
        items.state_dict()


def test_what_is_appended_replaces_nothing():
    """Slices keep their names, so the number at the end may be taken."""
    model = Sequential(Dense(1, 1), Dense(1, 2), Dense(2, 3))[1:]
    model.append(Dense(3, 4))
    assert [k for k, _ in model.named_children()] == ["1", "2", "3"]
    named = Sequential({"1": Dense(1, 1)})
    named.append(Dense(1, 1))
    assert [k for k, _ in named.named_children()] == ["1", "2"]


def test_a_slice_of_a_subclass_with_a_constructor_of_its_own():
    class Blocks(ModuleList):
        def __init__(self, n, width):
            super().__init__(Dense(width, width) for _ in range(n))

    blocks = Blocks(3, 2)
    assert list(blocks[1:]) == list(blocks)[1:]


def test_a_failed_extension_adds_nothing():
    items = ModuleList([Tanh()])
    with pytest.raises(TypeError):
        items.extend([Dense(1, 1), None])
    assert len(items) == 1
