"""What PyTorch and Keras call otherwise: constructors and calls of modules say the name here."""

import inspect
import re

import numpy as np
import pytest

import neural_net_core as core
from neural_net_core.called_differently import (
    ARGUMENTS,
    ATTRIBUTES,
    FUNCTIONS,
    WORDS,
    explained,
)
from neural_net_core.foreign_names import ARRAYS, CLASSES, MODULES


@pytest.mark.parametrize(
    ("call", "here"),
    [
        (lambda: core.Softmax(dim=1), "axis"),
        (lambda: core.Flatten(start_dim=1), "start_axis"),
        (lambda: core.Dense(3, units=4), "out_features"),
        (lambda: core.Dense(3, 4, use_bias=False), "bias"),
        (lambda: core.MSELoss(size_average=True), "reduction"),
        (lambda: core.ReLU()(input=[1.0]), "x"),
        (lambda: core.Sequential(core.Dense(1, 1))(input=[1.0]), "x"),
    ],
)
def test_an_argument_of_another_name_is_explained(call, here):
    with pytest.raises(TypeError, match=f"unknown argument '\\w+': here it is .*{here}"):
        call()


def test_a_module_of_ones_own_keeps_its_own_words_and_errors():
    class Mine(core.Module):
        def __init__(self, units):
            self.units = units

        def forward(self, x, mask=None):
            return x["no index"]

    assert Mine(units=3).units == 3
    with pytest.raises(TypeError, match="indices"):
        Mine(1)([1], mask=None)
    with pytest.raises(TypeError, match="unexpected keyword argument 'nonsense'"):
        Mine(nonsense=1)


def test_what_is_known_here_is_no_word_of_theirs():
    def f(a, dim, keepdims):
        """A function that has the word itself."""

    assert explained("f", f, ["dim"]) is None
    assert (
        explained("f", f, ["a", "keepdim"]) == "f: unknown argument 'keepdim': here it is keepdims"
    )
    assert explained("f", f, ["nonsense"]) is None
    # What ours is called is no argument of this one.
    assert explained("f", f, ["start_dim"]) == (
        "f: unknown argument 'start_dim': it takes a, dim, keepdims"
    )


def test_no_class_takes_an_argument_that_the_table_says_is_called_otherwise():
    names = {**ARGUMENTS, **WORDS}
    for value in vars(core).values():
        if inspect.isclass(value) and issubclass(value, core.Module) and value is not core.Module:
            for name, parameter in inspect.signature(value).parameters.items():
                if parameter.kind is parameter.KEYWORD_ONLY:
                    assert name not in names or name in ("index", "other"), (value, name)


@pytest.mark.parametrize("name", [*FUNCTIONS, *ARRAYS, *ATTRIBUTES])
def test_an_attribute_of_theirs_names_ours(name):
    x = core.Tensor([[1.0, 2.0]], requires_grad=True)
    if name in dir(core.Tensor) and hasattr(x, name):
        pytest.skip("here it is called so too")
    here = {**FUNCTIONS, **ARRAYS, **ATTRIBUTES}[name]
    said = re.escape(here[:5])
    with pytest.raises(AttributeError, match=f"no attribute '{name}': here it is .*{said}"):
        getattr(x, name)
    assert not hasattr(x, name)


@pytest.mark.parametrize("name", MODULES)
def test_an_attribute_of_their_modules_names_ours(name):
    m = core.Sequential(core.Dense(1, 1))
    with pytest.raises(AttributeError, match=f"no attribute '{name}': here it is ") as caught:
        getattr(m, name)
    assert str(caught.value).endswith(MODULES[name])
    assert not hasattr(m, name)
    setattr(m, name, core.Dense(1, 1))  # a name like any other
    assert f"{name}.weight" in m.state_dict()


def test_what_is_an_expression_of_numpys_computes():
    x, y = core.Tensor([[1.0, 0.0, 1.0, 2.0]]), core.Tensor([[1.0, 2.0, 3.0, 1.0]])
    for name, expression in ARRAYS.items():
        integer = name in ("bincount", "logical_and", "logical_or", "logical_not")
        a, b = (t.astype(int).flatten() if integer else t for t in (x, y))
        names = {"x": a, "y": b, "np": np, "axis": -1, "q": 0.5, "value": 1.0}
        scope = {**names, "ops": core.ops, "Tensor": core.Tensor, "default_rng": core.default_rng}
        result = eval(expression, scope)  # noqa: S307 (our own table)
        assert result is not None, name


@pytest.mark.parametrize("name", [*CLASSES, *FUNCTIONS, *ARRAYS])
def test_a_name_of_theirs_in_the_package_names_ours(name):
    if hasattr(core, name):
        pytest.skip("here it is called so too")
    with pytest.raises(AttributeError, match=f"'neural_net_core' has no attribute '{name}': here"):
        getattr(core, name)


def test_the_classes_that_are_named_are_there():
    for ours in CLASSES.values():
        if name := re.fullmatch(r"neural_net_core\.(\w+)", ours):
            assert name[1] in core.__all__


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_theirs_names_ours(name):
    if name in core.ops.__all__:
        pytest.skip("here it is called so too")
    with pytest.raises(AttributeError, match=f"no attribute '{name}': here it is "):
        getattr(core.ops, name)


def test_what_ours_is_called_is_there():
    for ours in FUNCTIONS.values():
        name = re.match(r"(?:neural_net_core\.)?(\w+)", ours).group(1)
        assert hasattr(core.ops, name) or hasattr(core, name), ours


def test_a_name_that_nobody_has_is_refused_as_ever():
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        core.Tensor([1.0]).nonsense  # noqa: B018
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        core.ops.nonsense  # noqa: B018


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x.sum(dim=0),
        lambda x: x.mean(axis=0, keepdim=True),
        lambda x: x.softmax(dim=0),
        lambda x: core.ops.sum(x, dim=0),
        lambda x: core.ops.concatenate([x], dim=0),
        lambda x: core.ops.softmax(x, dim=0),
        lambda x: core.ops.clip(x, min=0),
        lambda x: core.ops.var(x, correction=1),
        lambda x: core.softmax(x, dim=0),
        lambda x: core.glu(x, dim=0),
        lambda x: core.cosine_similarity(x, x, dim=0),
        lambda x: core.normalize(x, dim=0),
    ],
)
def test_a_keyword_of_theirs_names_ours(call):
    with pytest.raises(TypeError, match=r"unknown argument '\w+': here it is \w+"):
        call(core.Tensor([[1.0, 2.0]]))


def test_what_has_no_such_argument_says_which_it_has():
    x = core.Tensor([[1.0, 2.0]])
    with pytest.raises(TypeError, match="flatten: unknown argument 'start_dim': it takes none"):
        x.flatten(start_dim=1)
    with pytest.raises(TypeError, match="unknown argument 'keepdim': it takes a, b, p, eps"):
        core.pairwise_distance(x, x, keepdim=True)


def test_explaining_costs_a_class_no_fast_access_to_its_attributes():
    # A class with __getattr__ loses it: 20 % of a small network's step.
    assert not hasattr(core.Tensor, "__getattr__")
