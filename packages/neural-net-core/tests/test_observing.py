"""Who observes may hand out the arrays that are computed with; nobody else notices."""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from neural_net_core import Buffer, Dense, Parameter, Sequential, Tensor, no_grad, observing, relu
from neural_net_core.observing import array_of, observed_by, viewed_by


class Marked(np.ndarray[Any, Any]):
    """An array that can be told from others, and means its values."""

    means_its_values = True


def marked(by: Any, of: tuple[Any, ...], arrays: Sequence[Any]) -> list[Any]:
    return [x.view(Marked) if isinstance(x, np.ndarray) else x for x in arrays]


def test_an_operation_computes_with_what_is_handed_out() -> None:
    x = Tensor([1.0, -1.0], requires_grad=True)
    with viewed_by(marked):
        y = relu(x)
    assert type(y.data) is Marked
    assert type(x.data) is np.ndarray
    assert type(relu(x).data) is np.ndarray


def test_the_reverse_pass_keeps_what_it_is_given() -> None:
    w = Parameter(np.ones((2, 3)))
    with viewed_by(marked):
        x = Tensor(np.ones((4, 2)))
        y = x @ w
        (y * y).sum().backward()
        (y_again := x @ w).sum().backward()  # the second gradient is added to the first
    assert type(w.grad) is Marked
    assert w.grad.tolist() == np.full((2, 3), 4 * 2 * 2 + 4).tolist()
    assert y_again.shape == (4, 3)


def test_who_hands_out_is_told_what_the_arrays_belong_to() -> None:
    seen = []

    def view(by: Any, of: tuple[Any, ...], arrays: Sequence[Any]) -> Sequence[Any]:
        seen.append((type(by).__name__, of, [np.shape(x) for x in arrays], observing.modules()))
        return arrays

    model = Sequential(Dense(2, 3, bias=False))
    x = Tensor(np.ones((4, 2)))
    with viewed_by(view):
        model(x)
    ((name, of, shapes, modules),) = seen
    assert name.endswith("LinearOp")
    assert of[0] is x
    assert of[1] is model[0].weight
    assert shapes[:2] == [(4, 2), (3, 2)]
    assert modules == (model, model[0])


def test_assignment_in_place_writes_into_what_is_handed_out() -> None:
    buffer, seen = Buffer([1.0, 2.0]), []

    def view(by: Any, of: tuple[Any, ...], arrays: Sequence[Any]) -> Sequence[Any]:
        seen.append((by, of))
        return arrays

    with viewed_by(view), no_grad():
        buffer += 1
    assert seen == [(None, (buffer,))] * 2  # once to read, once to write
    assert array_of(buffer) is buffer.data
    assert buffer.data.tolist() == [2, 3]


def test_views_nest_and_belong_to_a_thread() -> None:
    order: list[str] = []

    def note(name: str) -> Any:
        def view(by: Any, of: tuple[Any, ...], arrays: Sequence[Any]) -> Sequence[Any]:
            order.append(name)
            return arrays

        return view

    with viewed_by(note("outer")), viewed_by(note("inner")):
        relu([1.0])
        thread = threading.Thread(target=relu, args=([1.0],))
        thread.start()
        thread.join()
    relu([1.0])
    assert order == ["outer", "inner"]
    assert observing.watching == 0


def test_observers_and_views_are_counted_together() -> None:
    with observed_by(lambda *_: None), viewed_by(marked):
        assert observing.watching == 2
    assert observing.watching == 0
