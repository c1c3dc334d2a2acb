"""Multi-head attention: what each option does, and what the names mean."""

import math

import numpy as np
import pytest

from neural_net_core import GraphError, Module, ShapeError, StateDictError, Tensor, grad, no_grad
from neural_net_core.ops import softmax
from neural_net_layers import (
    KeyValueCache,
    LayerNorm,
    MultiHeadAttention,
    RMSNorm,
    RotaryEmbedding,
    alibi_bias,
    causal_keep,
    padding_keep,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def numbers(*shape, seed=0):
    return rng(seed).normal(size=shape).astype(np.float32)


def composed(layer, query, key, value):
    """The definition, one head at a time, from primitive operations."""
    each, of_values = layer.head_features, layer.value_head_features
    groups = layer.num_heads // layer.num_kv_heads
    first, last = layer.num_heads * each, layer.num_kv_heads * of_values
    if layer.in_proj_weight is not None:
        w = layer.in_proj_weight
        wq, wk, wv = w[:first], w[first:-last], w[-last:]
    else:
        wq, wk, wv = layer.q_proj_weight, layer.k_proj_weight, layer.v_proj_weight
    rows = first + layer.num_kv_heads * (each + of_values)
    b = np.zeros(rows) if layer.in_proj_bias is None else layer.in_proj_bias
    q = query @ wq.T + b[:first]
    k = key @ wk.T + b[first:-last]
    v = value @ wv.T + b[-last:]
    y = 0
    for h in range(layer.num_heads):

        def part(x, head, size):
            return x[..., head * size : (head + 1) * size]

        head_q, head_k = part(q, h, each), part(k, h // groups, each)
        if layer.q_norm is not None:
            head_q, head_k = layer.q_norm(head_q), layer.k_norm(head_k)
        p = softmax(head_q @ head_k.swapaxes(-1, -2) / math.sqrt(each))
        gathered = p @ part(v, h // groups, of_values)
        y = y + gathered @ part(layer.out_proj.weight, h, of_values).T
    return y if layer.out_proj.bias is None else y + layer.out_proj.bias


OPTIONS = {
    "plain": {},
    "wide heads": {"head_features": 5},
    "one feature of values": {"value_head_features": 1, "out_bias": False},
    "other values": {"head_features": 3, "value_head_features": 4, "qk_norm": LayerNorm},
    "norms": {"qk_norm": RMSNorm, "out_bias": False},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("shared", [4, 2, 1])
@pytest.mark.parametrize("kind", ["self", "cross", "other widths"])
def test_equals_its_definition_head_by_head(kind, shared, options):
    widths = {"key_features": 5, "value_features": 3} if kind == "other widths" else {}
    layer = MultiHeadAttention(8, 4, num_kv_heads=shared, rng=rng(), **widths, **options)
    layer.astype(np.float64)
    for parameter in layer.parameters():
        if parameter.ndim == 1:  # biases, and what the norms multiply by
            parameter.data[...] = rng(1).normal(size=parameter.shape)
    x = Tensor(rng(2).normal(size=(2, 6, 8)), np.float64, requires_grad=True)
    inputs = [x, x, x]
    if kind != "self":
        inputs[1:] = [
            Tensor(rng(3).normal(size=(2, 7, n)), np.float64, requires_grad=True)
            for n in (widths.get("key_features", 8), widths.get("value_features", 8))
        ]
    y, expected = layer(*inputs), composed(layer, *inputs)
    np.testing.assert_allclose(y.data, expected.data, rtol=1e-10, atol=1e-12)
    wanted = [*dict.fromkeys(inputs), *layer.parameters()]
    dy = rng(4).normal(size=y.shape)
    for one, other in zip(grad(y, wanted, dy), grad(expected, wanted, dy), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)


def test_attention_to_itself_may_be_said_in_every_way():
    layer, x = MultiHeadAttention(8, 2, rng=rng()), numbers(2, 5, 8)
    expected = layer(x).data
    for inputs in ((x, x), (x, x, x), (x, x.copy()), (x, x.copy(), x.copy())):
        np.testing.assert_allclose(layer(*inputs).data, expected, rtol=1e-5, atol=1e-6)


def test_values_of_their_own_with_the_queries_as_keys():
    layer, x, value = (
        MultiHeadAttention(8, 2, rng=rng()),
        numbers(2, 5, 8),
        numbers(2, 5, 8, seed=1),
    )
    expected = composed(layer, Tensor(x), Tensor(x), Tensor(value)).data
    tensor = Tensor(x)
    for inputs in ((x, x, value), (x, None, value), (tensor, tensor, value), (tensor, None, value)):
        np.testing.assert_allclose(layer(*inputs).data, expected, rtol=1e-5, atol=1e-6)


def test_without_biases_other_widths_are_projected_too():
    layer = MultiHeadAttention(8, 2, key_features=3, value_features=5, bias=False, rng=rng())
    inputs = [Tensor(numbers(2, n, m)) for n, m in ((4, 8), (6, 3), (6, 5))]
    expected = composed(layer, *inputs).data
    np.testing.assert_allclose(layer(*inputs).data, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("own", ["queries", "keys", "keys and values"])
def test_padding_may_hold_anything(own):
    """NaN in the padding of what is read reaches no token, and no gradient."""
    layer = MultiHeadAttention(8, 2, rng=rng())
    keep = np.array([[True, True, True, False, False], [True] * 5])
    results = []
    for number in (0.0, np.nan):
        streams = [numbers(2, 5, 8, seed=i) for i in range(3)]
        for x in streams[{"queries": 0}.get(own, 1) :]:
            x[~keep] = number
        inputs = streams[: {"queries": 1, "keys": 2}.get(own, 3)]
        layer.zero_grad()
        y = layer(*inputs, key_keep=keep)
        y[keep].sum().backward()
        results.append([y.data[keep], *(p.grad for p in layer.parameters())])
    for clean, poisoned in zip(*results, strict=True):
        np.testing.assert_array_equal(clean, poisoned)


@pytest.mark.parametrize("own", ["queries", "keys", "values", "keys and values"])
def test_padding_is_as_if_it_were_not_there(own):
    layer = MultiHeadAttention(8, 2, rng=rng())
    x, key, value = (Tensor(numbers(2, 5, 8, seed=i)) for i in range(3))
    given = {"queries": (x, x, x), "keys": (x, key, key), "values": (x, x, value)}
    query, key, value = given.get(own, (x, key, value))
    keep = np.array([[True, True, True, False, False]] * 2)
    y = layer(query, key, value, key_keep=keep)
    expected = composed(layer, query, key[:, :3], value[:, :3])
    np.testing.assert_allclose(y.data, expected.data, rtol=1e-5, atol=1e-6)


def test_what_is_no_cache_is_named():
    with no_grad(), pytest.raises(ValueError, match=r"8, 2 heads\): cache must be a KeyValueCache"):
        MultiHeadAttention(8, 2)(numbers(1, 2, 8), cache=[KeyValueCache()])


def test_parameters_carry_pytorchs_names():
    def shapes(**options):
        state = MultiHeadAttention(8, 4, **options).state_dict()
        return {name: array.shape for name, array in state.items()}

    out = {"out_proj.weight": (8, 8), "out_proj.bias": (8,)}
    assert shapes() == {"in_proj_weight": (24, 8), "in_proj_bias": (24,)} | out
    assert shapes(bias=False) == {"in_proj_weight": (24, 8), "out_proj.weight": (8, 8)}
    assert shapes(out_bias=False) == {
        "in_proj_weight": (24, 8),
        "in_proj_bias": (24,),
        "out_proj.weight": (8, 8),
    }
    assert "in_proj_bias" not in shapes(bias=False, out_bias=True)
    assert shapes(head_features=5, value_head_features=3, num_kv_heads=1, qk_norm=RMSNorm) == {
        "in_proj_weight": (20 + 5 + 3, 8),
        "in_proj_bias": (28,),
        "out_proj.weight": (8, 12),
        "out_proj.bias": (8,),
        "q_norm.weight": (5,),
        "k_norm.weight": (5,),
    }
    assert shapes(num_kv_heads=1) == {"in_proj_weight": (12, 8), "in_proj_bias": (12,)} | out
    assert (
        shapes(key_features=3, num_kv_heads=2)
        == {
            "q_proj_weight": (8, 8),
            "k_proj_weight": (4, 3),
            "v_proj_weight": (4, 8),
            "in_proj_bias": (16,),
        }
        | out
    )


def test_biases_begin_at_zero_and_an_initializer_fills_every_weight():
    layer = MultiHeadAttention(8, 2)
    assert not layer.in_proj_bias.data.any() and not layer.out_proj.bias.data.any()
    ones = lambda shape, **_: np.ones(shape)  # noqa: E731
    for widths in ({}, {"key_features": 3}):
        layer = MultiHeadAttention(8, 2, init=ones, **widths)
        for name, parameter in layer.named_parameters():
            assert (parameter.data == (0 if "bias" in name else 1)).all(), name


def test_weights_per_head_or_averaged():
    layer, x = MultiHeadAttention(8, 4, rng=rng()), numbers(2, 5, 8)
    y, weights = layer(x, causal=True, need_weights=True)
    assert weights.shape == (2, 4, 5, 5)
    np.testing.assert_allclose(weights.data.sum(-1), 1, rtol=1e-6)
    assert not weights.data[..., ~causal_keep(5)].any()
    _, mean = layer(x, causal=True, need_weights=True, average_weights=True)
    np.testing.assert_allclose(mean.data, weights.data.mean(1), rtol=1e-6)
    np.testing.assert_allclose(layer(x, causal=True).data, y.data, rtol=1e-6)


def test_padding_changes_nothing_for_the_tokens():
    layer, x = MultiHeadAttention(8, 2, rng=rng()), numbers(2, 6, 8)
    alone = layer(x[:1, :4]).data
    padded = layer(x, key_keep=padding_keep([4, 6])).data
    np.testing.assert_allclose(padded[:1, :4], alone, rtol=1e-5, atol=1e-6)


def test_a_sequence_of_nothing_but_padding_gives_the_bias_and_finite_gradients():
    layer = MultiHeadAttention(8, 2, rng=rng())
    layer.out_proj.bias.data[...] = 3
    x = Tensor(numbers(2, 3, 8), requires_grad=True)
    y = layer(x, key_keep=padding_keep([0, 3]))
    assert (y.data[0] == 3).all()
    (y**2).sum().backward()
    assert not x.grad[0].any() and x.grad[1].any()
    assert all(np.isfinite(p.grad).all() for p in layer.parameters())


def test_without_positions_the_order_of_the_input_is_the_order_of_the_output():
    layer, x, order = MultiHeadAttention(8, 2, rng=rng()), numbers(1, 6, 8), rng(1).permutation(6)
    np.testing.assert_allclose(
        layer(x[:, order]).data, layer(x).data[:, order], rtol=1e-5, atol=1e-6
    )


def test_rotary_positions_make_scores_depend_on_the_distance():
    """The same token everywhere: all that tells keys apart is how far away they are."""
    layer = MultiHeadAttention(8, 2, position=RotaryEmbedding(4), rng=rng())
    x = np.broadcast_to(numbers(1, 1, 8), (1, 12, 8))
    _, weights = layer(x, need_weights=True)
    scores = np.log(weights.data[0, 0])
    differences = scores[:, :-1] - scores[:, 1:]
    np.testing.assert_allclose(differences[3:9, 2:8], differences[4:10, 3:9], atol=1e-5)
    assert np.ptp(differences) > 0.01


class Told(Module):
    """A position that writes down what it was told."""

    def __init__(self):
        self.calls = []

    def forward(self, x, offset=0):
        self.calls.append((x.shape, offset))
        return x * 0.5


def test_positions_are_told_to_queries_and_keys_with_their_offset():
    told = Told()
    layer = MultiHeadAttention(8, 2, num_kv_heads=1, position=told, rng=rng())
    x = numbers(1, 5, 8)
    layer(x)
    assert told.calls == [((1, 2, 5, 4), 0), ((1, 1, 5, 4), 0)]
    told.calls.clear()
    layer(x, numbers(1, 3, 8, seed=1), offset=2)
    assert told.calls == [((1, 2, 5, 4), 2), ((1, 1, 3, 4), 0)]
    told.calls.clear()
    cache = KeyValueCache()
    with no_grad():
        layer(x, cache=cache)
        layer(x[:, :1], cache=cache)
    assert [offset for _, offset in told.calls] == [0, 0, 5, 5]


@pytest.mark.parametrize("position", [None, lambda: RotaryEmbedding(2)], ids=["plain", "rotary"])
@pytest.mark.parametrize("shared", [4, 1])
@pytest.mark.parametrize("pieces", [[1] * 7, [3, 1, 1, 2], [6, 1], [7]])
def test_a_sequence_read_in_pieces_with_a_cache_gives_the_same(pieces, shared, position):
    layer = MultiHeadAttention(
        8, 4, num_kv_heads=shared, position=position and position(), rng=rng()
    )
    x, bias = numbers(2, 7, 8), alibi_bias(4, 7)
    key_keep = padding_keep([7, 5])
    whole = layer(x, causal=True, bias=bias, key_keep=key_keep).data
    cache, parts, start = KeyValueCache(), [], 0
    with no_grad():
        for n in pieces:
            stop = start + n
            part = layer(
                x[:, start:stop],
                causal=True,
                cache=cache,
                bias=alibi_bias(4, n, stop),
                key_keep=key_keep[:, :stop],
            )
            parts.append(part.data)
            start = stop
    assert cache.length == 7 and cache.keys.shape == (2, shared, 7, 2)
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, rtol=1e-5, atol=1e-6)


def test_another_sequence_is_projected_once_and_then_taken_from_the_cache():
    layer, memory = MultiHeadAttention(8, 2, rng=rng()), numbers(2, 5, 8, seed=1)
    x, cache = numbers(2, 3, 8), KeyValueCache()
    expected = layer(x, memory).data
    with no_grad():
        first = layer(x[:, :1], memory, cache=cache)
        # What the memory says now no longer counts: its keys and values are there.
        rest = layer(x[:, 1:], memory * 0, cache=cache)
    np.testing.assert_allclose(first.data, expected[:, :1], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(rest.data, expected[:, 1:], rtol=1e-5, atol=1e-6)
    with no_grad(), pytest.raises(ShapeError, match=r"the cache holds 5 keys.*got one of 4"):
        layer(x, memory[:, :4], cache=cache)


def test_where_queries_stand_among_foreign_keys_must_be_said():
    layer, x = MultiHeadAttention(8, 2), numbers(1, 3, 8)
    with no_grad(), pytest.raises(ValueError, match="give offset="):
        layer(x, x.copy(), causal=True, cache=KeyValueCache())


def test_a_cache_while_gradients_are_recorded_is_an_error():
    layer = MultiHeadAttention(8, 2)
    with pytest.raises(GraphError, match="a cache has no gradient; generate under no_grad"):
        layer(numbers(1, 3, 8), cache=KeyValueCache())


def test_dropout_only_in_training_and_from_its_own_generator():
    x = numbers(1, 4, 8)

    def run(layer):
        return layer(x).data.tobytes()

    layer, twin = (MultiHeadAttention(8, 2, dropout=0.5, rng=rng()) for _ in range(2))
    first = run(layer)
    assert first == run(twin)
    assert first != run(layer)
    assert run(layer.eval()) == run(MultiHeadAttention(8, 2, rng=rng()))


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((2, 3, 7),), r"expected query \(B, T, 8\), got \(2, 3, 7\)"),
        (((3, 8),), r"expected query \(B, T, 8\), got \(3, 8\)"),
        (((2, 3, 8), (2, 3, 5)), r"expected key \(B, T, 8\), got \(2, 3, 5\)"),
        (((2, 3, 8), (2, 4, 8), (2, 3, 8)), "expected query .* got"),
        (((2, 3, 8), (1, 3, 8)), "expected query .* got"),
    ],
)
def test_wrong_inputs_are_named(shapes, message):
    with pytest.raises(ShapeError, match=r"MultiHeadAttention\(8, 2 heads\): " + message):
        MultiHeadAttention(8, 2)(*map(np.zeros, shapes))


@pytest.mark.parametrize(
    ("sizes", "options", "message"),
    [
        ((8, 3), {}, "expected features to be a multiple of num_heads = 3, got 8"),
        ((8, 4), {"num_kv_heads": 3}, "expected num_heads to be a multiple of num_kv_heads = 3"),
        ((8, 0), {}, "num_heads must be an int >= 1, got 0"),
        ((8, 2), {"key_features": 0}, "key_features must be an int >= 1"),
        ((8, 2), {"dropout": 1.5}, "dropout must be"),
        ((8, 2), {"rng": 3}, "rng: expected"),
    ],
)
def test_wrong_sizes_are_named(sizes, options, message):
    with pytest.raises(ValueError, match=message):
        MultiHeadAttention(*sizes, **options)


def test_the_state_of_another_form_does_not_load():
    with pytest.raises(StateDictError, match=r"unexpected:? in_proj_weight"):
        MultiHeadAttention(8, 2, key_features=4).load_state_dict(
            MultiHeadAttention(8, 2).state_dict()
        )


def test_a_memory_of_one_key_is_read_once_too():
    layer, memory = MultiHeadAttention(4, 2), np.ones((1, 1, 4), np.float32)
    cache, query = KeyValueCache(), np.ones((1, 2, 4), np.float32)
    with no_grad():
        first, second = (layer(query, memory, cache=cache).data for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert cache.length == 1


def test_a_cache_is_refused_where_only_the_queries_have_a_gradient():
    layer, memory = MultiHeadAttention(4, 2), np.ones((1, 3, 4), np.float32)
    layer.requires_grad_(False)
    query = Tensor(np.ones((1, 2, 4), np.float32), requires_grad=True)
    with pytest.raises(GraphError, match="a cache has no gradient"):
        layer(query, memory, cache=KeyValueCache())
