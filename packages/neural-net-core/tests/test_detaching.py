"""A state without its history keeps its structure, its types and its numbers."""

from collections import OrderedDict, defaultdict, namedtuple
from typing import Any

import numpy as np
import pytest

from neural_net_core import Parameter, Tensor, detach

Pair = namedtuple("Pair", ["h", "c"])


class Named(list):
    """A list of somebody's own."""


def recorded() -> Tensor:
    return Tensor([1.0], requires_grad=True) * 2


def leaves(state: Any) -> list[Any]:
    if isinstance(state, dict):
        state = list(state.values())
    return (
        [x for part in state for x in leaves(part)] if isinstance(state, list | tuple) else [state]
    )


@pytest.mark.parametrize(
    "state",
    [
        recorded(),
        (recorded(), recorded()),
        [recorded(), (recorded(),)],
        {"lstm": (recorded(), recorded()), "list": [recorded()], "none": None},
        Pair(recorded(), [recorded()]),
        Named([recorded(), None]),
        OrderedDict(b=recorded(), a=Pair(recorded(), None)),
        defaultdict(list, {3: recorded(), "array": np.ones(2)}),
        Parameter([3.0]),
        (),
        {},
        None,
    ],
    ids=lambda state: type(state).__name__,
)
def test_every_structure_is_kept_and_every_history_cut(state: Any) -> None:
    def outline(part: Any) -> Any:
        if isinstance(part, dict):
            return type(part), [(key, outline(value)) for key, value in part.items()]
        if isinstance(part, list | tuple):
            return type(part), [outline(value) for value in part]
        return part is None

    before = [x.requires_grad for x in leaves(state) if isinstance(x, Tensor)]
    cut = detach(state)
    assert outline(cut) == outline(state)
    assert not any(x.requires_grad for x in leaves(cut) if isinstance(x, Tensor))
    for ours, theirs in zip(leaves(cut), leaves(state), strict=True):
        assert getattr(ours, "data", None) is getattr(theirs, "data", None) or ours is theirs
    # The state itself is as it was.
    assert [x.requires_grad for x in leaves(state) if isinstance(x, Tensor)] == before


def test_a_default_dict_goes_on_as_one() -> None:
    assert detach(defaultdict(list, {"a": None}))["new"] == []


def test_a_state_in_itself_is_refused() -> None:
    state: list[Any] = [recorded()]
    state.append((state,))
    with pytest.raises(TypeError, match="detach: expected a state that ends"):
        detach(state)


@pytest.mark.parametrize("wrong", [3, "text", {1.5}, object()], ids=repr)
def test_what_is_no_state_is_refused_by_its_type(wrong: Any) -> None:
    for state in (wrong, (recorded(), wrong), {"a": [wrong]}):
        with pytest.raises(
            TypeError, match=f"detach: expected Tensors.*got {type(wrong).__name__}"
        ):
            detach(state)
