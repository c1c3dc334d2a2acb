"""The computation graph: the right nodes and arrows, from any tensor, of any size."""

import re

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import (
    Dense,
    Op,
    Sequential,
    Tensor,
    cross_entropy,
    no_grad,
    textbook,
    trace,
)
from neural_net_core.ops import exp


def boxes(shown):
    """Return name -> (left, top, right, bottom) of every node's box, by the text inside."""
    found = {}
    for rect in shown.all("rect"):
        if "fill-surface" in rect.get("class") or "node" in rect.get("class"):
            x, y, w, h = (float(rect.get(k)) for k in ("x", "y", "width", "height"))
            for text in shown.texts():
                (left, top), _, (right, bottom), _ = text.corners
                if x <= left and right <= x + w and y <= top and bottom <= y + 24:
                    found.setdefault(text.content, []).append((x, y, x + w, y + h))
    return found


def dashed_boxes(shown):
    """Return the names in boxes that are drawn with a dashed line."""
    lines = {
        (float(rect.get("x")), float(rect.get("y")))
        for rect in shown.all("rect")
        if rect.get("stroke-dasharray")
    }
    return {name for name, found in boxes(shown).items() if any(b[:2] in lines for b in found)}


def arrows(shown):
    """Return the start and the end of every edge."""
    ends = []
    for path in shown.with_class("stroke-muted"):
        numbers = re.findall(r"-?[\d.]+", path.get("d"))
        x, y = map(float, numbers[:2])
        to_x, to_y = map(float, numbers[-2:])
        ends.append(((x, y), (to_x, to_y)))
    return ends


def test_one_product_has_three_nodes_and_two_edges(picture):
    a = Tensor([[1.0, 2.0]], requires_grad=True)
    b = Tensor([[3.0], [4.0]], requires_grad=True)
    with trace() as calls:
        product = a @ b
    shown = picture(viz.computation_graph(calls, names={"a": a, "b": b}))
    nodes = boxes(shown)
    ran = type(product.grad_fn).__name__.removesuffix("Op")  # the form that ran, as everywhere
    assert ran in ("MatMul", "FastMatMul")
    assert {"a", "b", ran} <= set(nodes)
    assert {"(1, 2)", "(2, 1)", "(1, 1)"} <= set(shown.words())
    (target,) = nodes[ran]
    starts = sorted(start for start, _ in arrows(shown))
    expected = sorted(((n[0] + n[2]) / 2, n[3]) for (n,) in (nodes["a"], nodes["b"]))
    for start, source in zip(starts, expected, strict=True):
        assert start == pytest.approx(source, abs=0.02)
    for _, (x, y) in arrows(shown):
        assert target[0] < x < target[2] and y == pytest.approx(target[1] - 5, abs=0.02)


def test_a_parent_stands_above_its_child_and_boxes_never_overlap(picture):
    layer = Dense(3, 2)
    with trace() as calls:
        y = layer(np.array([[1.0, 2.0, 3.0]], np.float32))
        (y * y).sum() + y.mean()
    shown = picture(viz.computation_graph(calls))
    nodes = [box for group in boxes(shown).values() for box in group]
    for start, end in arrows(shown):
        assert start[1] < end[1]
    for i, a in enumerate(nodes):
        for b in nodes[:i]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    assert {"weight", "bias", "input"} <= set(shown.words())


def test_a_value_used_twice_is_one_node_with_two_edges(picture):
    x = Tensor(2.0, requires_grad=True)
    with trace() as calls:
        x * x
    shown = picture(viz.computation_graph(calls, names={"x": x}))
    assert len(boxes(shown)["x"]) == 1
    assert len(arrows(shown)) == 2


def test_what_has_no_gradient_is_there_and_dashed(picture):
    """The input and the targets, by the operations' names for them; the layer has gradients."""
    head, x, labels = Dense(4, 3), np.ones((3, 4), np.float32), np.array([1, 0, 2])
    with trace() as calls:
        cross_entropy(head(x), labels)
    assert dashed_boxes(picture(viz.computation_graph(calls))) == {"input", "targets"}
    with no_grad(), trace() as calls:
        cross_entropy(head(x), labels)
    shown = picture(viz.computation_graph(calls))
    assert {"input", "targets"} < dashed_boxes(shown)
    assert len(shown.all("rect")) - len(boxes(shown)) <= 1  # the page's own
    assert len(dashed_boxes(shown)) == 4  # both operations


def test_masks_and_lengths_are_there(picture):

    class Averaged(Op):
        """The mean over the first steps, without those that are hidden."""

        def forward(self, x, mask, lengths, weights=None):
            return x

        def backward(self, dy):
            return dy, None, None, None

    with trace() as calls:
        Averaged.apply(Tensor([1.0, 2.0]), np.array([True, False]), np.array([4, 2]), None)
    shown = picture(viz.computation_graph(calls))
    assert {"input", "mask", "lengths"} <= set(boxes(shown))
    assert len(arrows(shown)) == 3  # nothing for what was left out


def test_an_array_among_the_options_is_an_input(picture):
    table = Tensor(np.ones((7, 4)), requires_grad=True)
    with trace() as calls:
        table[np.array([0, 6, 6]), 1:]
    shown = picture(viz.computation_graph(calls, names={"table": table}))
    assert {"table", "index"} <= set(boxes(shown))
    assert dashed_boxes(shown) == {"index"}


def test_numbers_stand_with_their_operation(picture):
    x = Tensor([1.0, 2.0], requires_grad=True)
    with trace() as calls:
        x * 2.5
    words = " ".join(picture(viz.computation_graph(calls)).words())
    assert "(2,); b = 2.5" in words


def test_names_come_from_the_modules_that_ran(picture):
    model = Sequential(Dense(2, 3), Dense(3, 1))
    with trace() as calls:
        model(np.ones((4, 2), np.float32))
    assert {"0.weight", "0.bias", "1.weight", "1.bias"} <= set(
        picture(viz.computation_graph(calls)).words()
    )


def test_a_detached_result_is_what_it_was_made_by(picture):
    x = Tensor([1.0], requires_grad=True)
    with trace() as calls:
        y = (x * x).detach()
        y + y
    shown = picture(viz.computation_graph(calls, names={"x": x}))
    assert len(boxes(shown)) == 3
    assert len(arrows(shown)) == 4


def test_a_large_graph_says_how_many_nodes_are_left_out(picture):
    y = x = Tensor(1.0, requires_grad=True)
    with trace() as calls:
        for _ in range(20_000):
            y = y + x
    figure = viz.computation_graph(calls, max_nodes=5)
    # 20,000 additions and x; five are drawn.
    assert "… 19996 more" in picture(figure).words()
    assert "19996 more nodes not drawn" in figure.description


def test_several_results_are_all_drawn(picture):
    """Also what does not lead to the last one."""
    x = Tensor([1.0], requires_grad=True)
    with trace() as calls:
        exp(x)
        x * x
    assert len(boxes(picture(viz.computation_graph(calls, names={"x": x})))) == 3


def test_several_outputs_of_one_operation_are_one_node(picture):
    class Halves(Op):
        """Two halves."""

        def forward(self, x):
            return x[:2], x[2:]

        def backward(self, *dys):
            raise NotImplementedError

    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    with trace() as calls:
        a, b = Halves.apply(x)
        a.sum() * b.sum()
    shown = picture(viz.computation_graph(calls))
    assert len(boxes(shown)["Halves"]) == 1
    assert "(2,); (1,)" in shown.words()


def test_an_operation_that_returns_what_it_was_given_is_no_circle(picture):
    class Same(Op):
        """y = x"""

        def forward(self, x):
            return x

        def backward(self, dy):
            return dy

    x = Tensor([1.0], requires_grad=True)
    with trace() as calls:
        Same.apply(Same.apply(x)) + x
    shown = picture(viz.computation_graph(calls, names={"x": x}))
    assert len(boxes(shown)["Same"]) == 2
    assert len(boxes(shown)["x"]) == 1


def test_the_drawing_needs_no_graph_and_leaves_it_usable():
    x = Tensor(3.0, requires_grad=True)
    with trace() as calls:
        y = x * x
    before = viz.computation_graph(calls)
    y.backward()
    assert x.grad == 6.0
    assert viz.computation_graph(calls) == before


def test_what_is_no_trace_is_an_error():
    x = Tensor(1.0, requires_grad=True)
    with trace() as calls:
        pass
    with pytest.raises(ValueError, match="no operation ran in this trace"):
        viz.computation_graph(calls)
    with pytest.raises(ValueError, match="as calls:` gives, got a Tensor"):
        viz.computation_graph(x * x)
    with trace() as calls:
        x * x
    with pytest.raises(ValueError, match="max_nodes"):
        viz.computation_graph(calls, max_nodes=0)


def test_values_and_gradients_are_those_of_the_tape(picture):
    w, x = Tensor([0.5, -0.25], requires_grad=True), Tensor([2.0, 4.0])
    with textbook(), trace() as calls:
        product = w * x
        z = product.sum()
        y = exp(z)
        y.backward()
    figure = viz.computation_graph(
        calls, names={"w": w, "x": x, "p": product, "z": z, "y": y}, values=True
    )
    words = picture(figure).words()
    for name, value, gradient in (
        ("w", "0.5, −0.25", "grad 2, 4"),
        ("p = Multiply", "1, −1", "grad 1, 1"),
        ("z = Sum", "0", "grad 1"),
        ("y = Exp", "1", "grad 1"),
    ):
        at = words.index(name)
        assert words[at : at + 3] == [name, value, gradient]
        assert f"{name} {value}, {gradient}" in figure.description
    at = words.index("x")
    assert words[at + 1] == "2, 4"
    assert not words[at + 2 : at + 3] or not words[at + 2].startswith("grad")


def test_without_a_backward_pass_there_are_values_only(picture):
    w = Tensor(3.0, requires_grad=True)
    (w * 5.0).backward()  # outside of the trace: what .grad holds is of something else
    with trace() as calls:
        y = w * w
    words = picture(viz.computation_graph(calls, names={"w": w, "y": y}, values=True)).words()
    assert {"3", "9"} <= set(words) and not any("grad " in word for word in words)


def test_many_numbers_stay_a_shape(picture):
    w = Tensor(np.ones((3, 4)), requires_grad=True)
    with trace() as calls:
        exp(w).sum().backward()
    words = picture(viz.computation_graph(calls, names={"w": w}, values=True)).words()
    assert words.count("(3, 4)") == 2 and words.count("grad (3, 4)") == 2
