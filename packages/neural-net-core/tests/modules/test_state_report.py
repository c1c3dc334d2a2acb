"""What does not fit is reported in groups, counted, and with a way out if one prefix differs."""

import numpy as np
import pytest

from neural_net_core import Module, Parameter, StateDictError
from neural_net_core.modules.state_report import as_mapping, shortened, state_dict_error


class Named(Module):
    """A module with a parameter at each of the paths."""

    def __init__(self, keys):
        self.b = None
        vars(self).update({key: Parameter([1.0]) for key in keys})


OWN = ["layer.0.weight", "layer.0.bias", "layer.10.weight", "head.weight"]


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("", "module."),
        ("", "model."),
        ("", "_orig_mod."),
        ("", "model.encoder.0."),
        ("model.", ""),
        ("a.b.", ""),
        ("encoder.", "bert.encoder."),
        ("encoder.", "decoder."),
        ("a.b.", "c."),
    ],
)
@pytest.mark.parametrize("more", [[], ["other.x", "zzz"]], ids=["alone", "with others"])
def test_one_prefix_that_differs_is_found_and_the_given_code_mends_it(mine, theirs, more):
    model = Named([mine + key for key in OWN])
    state = {theirs + key: np.array([3.0]) for key in OWN} | {key: np.zeros(1) for key in more}
    with pytest.raises(StateDictError) as caught:
        model.load_state_dict(state)
    *_, hint, code = [line.strip() for line in str(caught.value).splitlines()]
    assert hint.startswith("all missing keys are there with")
    # Those of other parts may be passed over, but every missing one is there.
    renamed = eval(code, {"state": state})  # noqa: S307
    assert model.load_state_dict(renamed, strict=False).missing_keys == []
    assert all(p.data == 3 for p in model.parameters())


@pytest.mark.parametrize(
    "theirs",
    [
        [],
        ["x", "y", "z", "w"],
        ["m.layer.0.weight", "n.layer.0.bias", "m.layer.10.weight", "m.head.weight"],
        ["m.layer.0.weight", "m.layer.0.bias", "m.layer.10.weight"],
        ["mlayer.0.weight", "mlayer.0.bias", "mlayer.10.weight", "mhead.weight"],
    ],
)
def test_no_hint_where_no_one_prefix_helps(theirs):
    with pytest.raises(StateDictError) as caught:
        Named(OWN).load_state_dict({key: np.zeros(1) for key in theirs})
    assert "before them" not in str(caught.value)
    assert "in place of" not in str(caught.value)


def test_each_kind_is_counted_and_the_first_of_each_are_shown():
    text = str(
        state_dict_error(
            "Net",
            missing=[f"m{i}" for i in range(100)],
            unexpected={f"u{i}": "(3,)" for i in range(7)},
            unfit=["w: expected shape (1,), got (2,)"],
        )
    )
    assert text.splitlines() == [
        "Net: the state dict does not fit:",
        "  missing m0, m1, m2, m3, m4, and 95 more (100 in all)",
        "  unexpected u0 (3,), u1 (3,), u2 (3,), u3 (3,), u4 (3,), and 2 more (7 in all)",
        "  w: expected shape (1,), got (2,)",
    ]


@pytest.mark.parametrize("count", [1, 5, 6, 7, 100_000])
def test_any_number_of_keys_makes_a_short_error(count):
    names = ["n" * 1000 + str(i) for i in range(count)]
    assert len(str(state_dict_error("Net", missing=names, unexpected=names[::-1]))) < 10_000


def test_a_hundred_thousand_keys_of_a_stranger_take_no_time_to_report():
    own = [f"layer.{i}.weight" for i in range(1_000)]
    theirs = [f"{i}.layer.{i % 7}.weight" for i in range(100_000)]
    assert len(str(state_dict_error("Net", missing=own, unexpected=theirs))) < 1_000


def test_keys_of_any_kind_are_shown():
    text = str(state_dict_error("Net", unexpected=[1, None, ("a", 2)]))
    assert "unexpected 1, None, ('a', 2)" in text


def test_six_are_shown_in_full():
    assert shortened(list("abcdef")) == "a, b, c, d, e, f"
    assert shortened(list("abcdefg")) == "a, b, c, d, e, and 2 more"


def test_a_mapping_is_read_once():
    class Once(dict):
        def items(self):
            items, self.items = super().items(), None
            return items

    assert as_mapping("Net", Once(a=1)) == {"a": 1}
