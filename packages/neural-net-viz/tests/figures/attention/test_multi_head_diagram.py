"""Heads: each has features of its own, and its weights are the softmax of its own scores."""

import re

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import ShapeError


def data(rows=4, features=4):
    return np.random.default_rng(3).normal(size=(3, rows, features))


def softmax(z):
    powers = np.exp(z - z.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("causal", [False, True])
def test_the_description_tells_where_each_head_looks(causal):
    q, k, v = data()
    words = viz.multi_head_diagram(q, k, v, heads=2, causal=causal, query_labels="abcd").description
    for head in range(2):
        part = slice(2 * head, 2 * head + 2)
        scores = q[:, part] @ k[:, part].T / np.sqrt(2)
        if causal:
            scores = np.where(np.tri(4) > 0, scores, -np.inf)
        p = softmax(scores)
        said = words.partition(f"Head {head + 1}: ")[2].partition(". ")[0]
        found = re.findall(r"(\w) (?:looks )?most at (\w) \(([\d.]+)\)", said)
        assert [(a, b) for a, b, _ in found] == [
            ("abcd"[i], "abcd"[p[i].argmax()]) for i in range(4)
        ]
        shares = [float(share.rstrip(".")) for *_, share in found]
        assert shares == pytest.approx(p.max(axis=1), rel=5e-3)


def test_rows_and_names(picture):
    words = picture(viz.multi_head_diagram(*data(features=6), heads=3)).words()
    for name in ("Q: queries", "K: keys", "V: values", "P: weights", "Y: side by side"):
        assert words.count(name) == 1
    assert [w for w in words if w.startswith("head")] == ["head 1", "head 2", "head 3"]


def test_one_head_is_plain_attention():
    q, k, v = data(3, 2)
    one = viz.multi_head_diagram(q, k, v, heads=1).description.partition("Head 1: ")[2]
    plain = viz.attention_diagram(q, k, v).description
    for row, other in re.findall(r"(\d) (?:looks )?most at (\d)", one):
        assert f"{row}: most to {other}" in plain


def test_wrong_arguments_are_named():
    q, k, v = data()
    with pytest.raises(ShapeError, match="multi_head_diagram: expected queries"):
        viz.multi_head_diagram(q, k[:, :2], v)
    with pytest.raises(ValueError, match="4 features cannot be shared by 3 heads"):
        viz.multi_head_diagram(q, k, v, heads=3)
    with pytest.raises(ValueError, match=r"heads.*at most 4"):
        viz.multi_head_diagram(*data(2, 8), heads=8)
    with pytest.raises(ValueError, match="at most 8"):
        viz.multi_head_diagram(*data(9))
    with pytest.raises(ShapeError, match="query_labels"):
        viz.multi_head_diagram(q, k, v, query_labels="ab")
