"""The reverse pass step by step: the right gradients, in the tape's order, with the right code."""

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import Dense, Op, Tensor, mse_loss, no_grad, textbook, trace
from neural_net_core.ops import exp


def cubed():
    """y = (a a) a: a gradient comes to a from three sides."""
    a = Tensor(2.0, requires_grad=True)
    with textbook(), trace() as calls:
        square = a * a
        y = square * a
        y.backward()
    return calls, {"a": a, "square": square, "y": y}


def node(shown, name):
    """Return the lines of a node, from its name down."""
    texts = shown.texts()
    (head,) = (t for t in texts if t.content == name)
    middle = sum(x for x, _ in head.corners) / 4
    below = [
        t
        for t in texts
        if abs(sum(x for x, _ in t.corners) / 4 - middle) < 1
        and 0 <= t.corners[0][1] - head.corners[0][1] < 40
    ]
    return [t.content for t in sorted(below, key=lambda t: t.corners[0][1])]


def steps(picture, calls, names):
    count = len(calls.backward) + 1
    return [picture(viz.backward_graph(calls, k, names=names)) for k in range(count)]


def boxes(shown, role):
    return [e for e in shown.with_class(role) if e.tag.endswith("rect")]


def test_values_and_gradients_by_hand(picture):
    """dy = 1, d(square) = a = 2, da = square = 4 at first, and 4 + 2 · 2 · 2 = 12 at last."""
    calls, names = cubed()
    before, first, last = steps(picture, calls, names)
    assert node(before, "a") == ["a", "2", "grad —"]
    assert node(before, "y = Multiply") == ["y = Multiply", "8", "grad 1"]
    assert node(before, "square = Multiply") == ["square = Multiply", "4", "grad —"]
    assert node(first, "square = Multiply")[-1] == "grad 2"
    assert node(first, "a")[-1] == "grad 4"
    assert node(last, "a")[-1] == "grad 12"
    assert names["a"].grad == 12


def test_a_leaf_is_complete_when_all_sides_have_delivered(picture):
    """y is done after both steps, `a` after the last; square is at work then."""
    calls, names = cubed()
    complete = [len(boxes(shown, "stroke-series-2")) for shown in steps(picture, calls, names)]
    assert complete == [0, 0, 2]


def test_the_operation_at_work_is_framed_and_what_it_delivers_is_thick(picture):
    calls, names = cubed()
    shown = steps(picture, calls, names)
    assert [len(boxes(one, "stroke-series-1")) for one in shown] == [0, 2, 2]
    thick = [
        [e for e in one.with_class("stroke-series-1") if e.tag.endswith("path")] for one in shown
    ]
    assert list(map(len, thick)) == [0, 2, 2]


def test_the_code_is_the_textbooks_whatever_ran(picture):
    x = Tensor(np.linspace(-1, 1, 6, dtype=np.float32), requires_grad=True)
    with trace() as fast:
        (x * x).sum().backward()
    with textbook(), trace() as plain:
        (x * x).sum().backward()
    code = [picture(viz.backward_graph(calls)).words()[-2:] for calls in (fast, plain)]
    assert code[0] == code[1]
    assert code[0][0] == "step 2 of 2: MultiplyOp.backward"
    assert code[0][1].startswith("return ")


def test_nothing_moves_from_step_to_step(picture):
    calls, names = cubed()
    places = [
        {(t.content, t.corners) for t in shown.texts() if "=" in t.content or t.content == "a"}
        for shown in steps(picture, calls, names)
    ]
    assert len(places[0]) == 3
    assert places[0] == places[1] == places[2]


def test_arrays_are_written_out_or_told_by_shape_and_gradients_are_summed_to_them(picture):
    layer = Dense(3, 1)
    with trace() as calls:
        mse_loss(layer(np.ones((5, 3), np.float32)), np.zeros((5, 1), np.float32)).backward()
    figure = viz.backward_graph(calls)
    assert "(5, 3)" in picture(figure).words()
    assert f"bias is {layer.bias.grad[0]:.3g}.".replace("-", "−") in figure.description


def test_what_needs_no_gradient_gets_none(picture):
    x, t = Tensor([1.0], requires_grad=True), np.zeros(1, np.float32)
    with trace() as calls:
        mse_loss(x, t).backward()
    figure = viz.backward_graph(calls, names={"x": x})
    assert node(picture(figure), "t") == ["t", "0"]
    assert "gradient of t" not in figure.description


def test_code_that_stands_in_no_file_is_left_out(picture):
    space = {"Op": Op}
    exec(  # noqa: S102 (what is typed at a prompt)
        "class Typed(Op):\n    def forward(self, x): return x\n"
        "    def backward(self, dy): return dy",
        space,
    )
    x = Tensor(1.0, requires_grad=True)
    with trace() as calls:
        space["Typed"].apply(x).backward()
    assert picture(viz.backward_graph(calls)).words()[-1] == "step 1 of 1: Typed.backward"


def test_long_code_is_cut(picture):
    class Long(Op):
        """y = x"""

        def forward(self, x):
            return x

        def backward(self, dy):
            """dx = dy"""
            a = dy
            b = a
            c = b
            d = c
            e = d
            f = e
            g = f
            h = g
            i = h
            j = i
            k = j
            m = k + 0
            return m * 1

    x = Tensor(1.0, requires_grad=True)
    with trace() as calls:
        Long.apply(x).backward()
    words = picture(viz.backward_graph(calls)).words()
    assert words[words.index("step 1 of 1: Long.backward") + 1] == "a = dy"
    assert words[-2:] == ["k = j", "…"]


def test_names_may_be_all_that_there_is(picture):
    x = Tensor(1.0, requires_grad=True)
    with trace() as calls:
        y = exp(x)
        y.backward()
    everything = {"np": np, "x": x, "y": y, "n": 3}
    assert "y = Exp" in picture(viz.backward_graph(calls, names=everything)).words()


def test_an_operation_from_before_the_trace_is_a_step_without_a_node():
    x = Tensor(2.0, requires_grad=True)
    y = x * x
    with trace() as calls:
        exp(y).backward()
    assert len(calls.backward) == 2
    assert "MultiplyOp.backward" in viz.backward_graph(calls).description


def test_what_cannot_be_stepped_through_is_an_error():
    calls, _ = cubed()
    for step in (-1, 3):
        with pytest.raises(ValueError, match=r"backward_graph.* (step|at most)"):
            viz.backward_graph(calls, step)
    x = Tensor(2.0, requires_grad=True)
    with trace() as calls:
        x * x
    with pytest.raises(ValueError, match="no reverse pass ran in this trace"):
        viz.backward_graph(calls)
    with no_grad(), trace(arrays=False) as calls:
        x * x
    with pytest.raises(ValueError, match="has kept nothing"):
        viz.backward_graph(calls)
    with pytest.raises(ValueError, match="got a Tensor"):
        viz.backward_graph(x)
