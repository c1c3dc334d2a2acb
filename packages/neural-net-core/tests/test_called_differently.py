"""What PyTorch and Keras call otherwise: constructors and calls of modules say the name here."""

import inspect

import pytest

import neural_net_core as core
from neural_net_core.called_differently import ARGUMENTS, WORDS, explained


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
    def f(a, dim):
        """A function that has the word itself."""

    assert explained("f", f, ["dim"]) is None
    assert (
        explained("f", f, ["a", "keepdim"]) == "f: unknown argument 'keepdim': here it is keepdims"
    )
    assert explained("f", f, ["nonsense"]) is None


def test_no_class_takes_an_argument_that_the_table_says_is_called_otherwise():
    names = {**ARGUMENTS, **WORDS}
    for value in vars(core).values():
        if inspect.isclass(value) and issubclass(value, core.Module) and value is not core.Module:
            for name, parameter in inspect.signature(value).parameters.items():
                if parameter.kind is parameter.KEYWORD_ONLY:
                    assert name not in names or name in ("index", "other"), (value, name)
