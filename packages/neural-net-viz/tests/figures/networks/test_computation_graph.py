"""The computation graph: the right nodes and arrows, from any tensor, of any size."""

import re

import pytest

import neural_net_viz as viz
from neural_net_core import Dense, GraphFreedError, Op, Tensor, no_grad


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
    product = a @ b
    shown = picture(viz.computation_graph(product, names={"a": a, "b": b}))
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
    x = Tensor([[1.0, 2.0, 3.0]], requires_grad=True)
    y = layer(x)
    shown = picture(viz.computation_graph((y * y).sum() + y.mean(), names=layer))
    nodes = [box for group in boxes(shown).values() for box in group]
    for start, end in arrows(shown):
        assert start[1] < end[1]
    for i, a in enumerate(nodes):
        for b in nodes[:i]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    assert {"weight", "bias", "input"} <= set(shown.words())


def test_a_value_used_twice_is_one_node_with_two_edges(picture):
    x = Tensor(2.0, requires_grad=True)
    shown = picture(viz.computation_graph(x * x, names={"x": x}))
    assert len(boxes(shown)["x"]) == 1
    assert len(arrows(shown)) == 2


def test_a_large_graph_says_how_many_nodes_are_left_out(picture):
    y = x = Tensor(1.0, requires_grad=True)
    for _ in range(20_000):
        y = y + x
    figure = viz.computation_graph(y, max_nodes=5)
    # 20,000 additions and x; five are drawn.
    assert "… 19996 more" in picture(figure).words()
    assert "19996 more nodes not drawn" in figure.description


def test_several_outputs_of_one_operation_are_one_node(picture):
    class Halves(Op):
        """Two halves."""

        def forward(self, x):
            return x[:2], x[2:]

        def backward(self, *dys):
            raise NotImplementedError

    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    a, b = Halves.apply(x)
    shown = picture(viz.computation_graph(a.sum() * b.sum()))
    assert len(boxes(shown)["Halves"]) == 1
    assert "(2,); (1,)" in shown.words() or "(1,); (2,)" in shown.words()


def test_the_drawing_leaves_the_graph_usable():
    x = Tensor(3.0, requires_grad=True)
    y = x * x
    viz.computation_graph(y)
    y.backward()
    assert x.grad == 6.0
    with pytest.raises(GraphFreedError):
        viz.computation_graph(y)


def test_nothing_recorded_is_an_error():
    x = Tensor(1.0, requires_grad=True)
    with no_grad():
        y = x * x
    with pytest.raises(ValueError, match="nothing was recorded"):
        viz.computation_graph(y)
    with pytest.raises(ValueError, match="expected a Tensor, got float"):
        viz.computation_graph(1.0)
    with pytest.raises(ValueError, match="max_nodes"):
        viz.computation_graph(x * x, max_nodes=0)
