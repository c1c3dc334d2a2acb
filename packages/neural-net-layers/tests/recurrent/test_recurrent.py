"""What all recurrent layers have in common: the cell's steps, lengths, states, and errors."""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_net_core import (
    Dense,
    DTypeError,
    NeuralNetError,
    ShapeError,
    Tensor,
    detach,
    grad,
    init,
    no_grad,
    ops,
)
from neural_net_layers import (
    GRU,
    LSTM,
    GRUCell,
    LSTMCell,
    RNNCell,
    VanillaRNN,
)

KINDS = {
    "tanh": (VanillaRNN, RNNCell, {}),
    "relu": (VanillaRNN, RNNCell, {"nonlinearity": "relu"}),
    "LSTM": (LSTM, LSTMCell, {}),
    "GRU": (GRU, GRUCell, {}),
    "GRU paper": (GRU, GRUCell, {"reset_after": False}),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def numbers(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def as_tuple(state):
    return state if isinstance(state, tuple) else (state,)


def like(state, parts):
    return tuple(parts) if isinstance(state, tuple) else parts[0]


def make(kind, inputs=3, width=4, **options):
    layer, _, own = KINDS[kind]
    return layer(inputs, width, **own, **options, dtype=np.float64, rng=np.random.default_rng(1))


def cell_of(kind, layer, suffix):
    """Return a cell that shares its parameters with one recurrence of a layer."""
    _, cell_class, own = KINDS[kind]
    weight = getattr(layer, f"weight_ih{suffix}")
    cell = cell_class(weight.shape[1], layer.hidden_size, bias=layer.bias, **own)
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        setattr(cell, name, getattr(layer, name + suffix, None))
    return cell


def step_by_step(kind, layer, x, state, lengths):
    """Return outputs and final states of a layer from cells alone, one sequence after another."""
    states = as_tuple(state)
    ways = ("", "_reverse") if layer.bidirectional else ("",)
    outputs, finals = [], []
    for b, length in enumerate(lengths):
        below = [x[b, t : t + 1] for t in range(length)]
        ends = []
        for k in range(layer.num_layers):
            found = []
            for way, suffix in enumerate(ways):
                cell = cell_of(kind, layer, f"_l{k}{suffix}")
                now = [s[k * len(ways) + way, b : b + 1] for s in states]
                order = range(length)[:: -1 if suffix else 1]
                seen = {}
                for t in order:
                    now = list(as_tuple(cell(below[t], like(state, now))))
                    seen[t] = now[0]
                found.append(seen)
                ends.append(now)
            below = [ops.concatenate([seen[t] for seen in found], 1) for t in range(length)]
        width = layer.hidden_size * len(ways)
        padding = np.zeros((x.shape[1] - length, width))
        outputs.append(ops.concatenate([*below, Tensor(padding, np.float64)], 0))
        finals.append([ops.concatenate(list(kind_of), 0) for kind_of in zip(*ends, strict=True)])
    y = ops.stack(outputs)
    return y, tuple(ops.stack(list(parts), 1) for parts in zip(*finals, strict=True))


@every_kind
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("lengths", [[5, 5, 5], [2, 5, 1], [0, 3, 2], [1, 1, 1]])
def test_the_layer_equals_its_cell_step_by_step(kind, bias, lengths):
    """The fused operation against the composition from primitives: values and all gradients."""
    layer = make(kind, num_layers=2, bidirectional=True, bias=bias)
    x = Tensor(numbers(3, 5, 3), np.float64, requires_grad=True)
    count = 2 if kind == "LSTM" else 1
    states = [
        Tensor(numbers(4, 3, 4, seed=i), np.float64, requires_grad=True) for i in range(count)
    ]
    state = like((0, 0) if count == 2 else 0, states)
    y, last = layer(x, state, lengths=lengths)
    expected, ends = step_by_step(kind, layer, x, state, lengths)
    leaves = [x, *states, *layer.parameters()]
    for got, want in zip([y, *as_tuple(last)], [expected, *ends], strict=True):
        np.testing.assert_allclose(got.data, want.data, rtol=1e-12, atol=1e-13)

    def gradients(parts):
        loss = sum((p * numbers(*p.shape, seed=i)).sum() for i, p in enumerate(parts))
        return grad(loss, leaves)

    found = gradients([y, *as_tuple(last)])
    for got, want in zip(found, gradients([expected, *ends]), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12)


@every_kind
@pytest.mark.parametrize("batch", [(), (2,)])
def test_a_cell_equals_one_step_of_the_layer(kind, batch):
    layer = make(kind)
    cell = cell_of(kind, layer, "_l0")
    x = numbers(*batch, 3)
    states = [numbers(*batch, 4, seed=i + 1) for i in range(2 if kind == "LSTM" else 1)]
    got = cell(x, like((0, 0) if len(states) == 2 else 0, states))
    initial = [s[None] for s in states]  # one layer
    y, last = layer(x[..., None, :], like((0, 0) if len(states) == 2 else 0, initial))
    np.testing.assert_allclose(as_tuple(got)[0].data, y.data[..., 0, :], rtol=1e-12)
    for a, b in zip(as_tuple(got), as_tuple(last), strict=True):
        np.testing.assert_allclose(a.data, b.data[0], rtol=1e-12)


@every_kind
def test_without_a_state_a_cell_and_a_layer_begin_with_zeros(kind):
    layer = make(kind)
    cell = cell_of(kind, layer, "_l0")
    x = numbers(2, 3)
    got = as_tuple(cell(x))[0].data
    np.testing.assert_allclose(got, layer(x[:, None])[0].data[:, 0], rtol=1e-12)


@every_kind
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_padding_is_without_effect_whatever_stands_in_it(kind, data):
    """Outputs, states and gradients equal those of each sequence alone; padding gets zeros."""
    steps = data.draw(st.integers(1, 6))
    lengths = data.draw(st.lists(st.integers(0, steps), min_size=1, max_size=5))
    layer = make(kind, num_layers=2, bidirectional=data.draw(st.booleans()))
    x = numbers(len(lengths), steps, 3)
    for b, length in enumerate(lengths):
        x[b, length:] = np.nan
    leaf = Tensor(x, np.float64, requires_grad=True)
    y, last = layer(leaf, lengths=lengths)
    weights = list(layer.parameters())
    dy = numbers(*y.shape, seed=3)
    together = grad((y * dy).sum() + sum(s.sum() for s in as_tuple(last)), [leaf, *weights])
    sums = [np.zeros_like(w.data) for w in weights]
    for b, length in enumerate(lengths):
        assert not y.data[b, length:].any()
        assert not together[0][b, length:].any()
        if length == 0:
            assert all(not s.data[:, b].any() for s in as_tuple(last))
            continue
        alone = Tensor(x[b, :length], np.float64, requires_grad=True)
        z, end = layer(alone)
        np.testing.assert_allclose(y.data[b, :length], z.data, rtol=1e-10, atol=1e-12)
        for s, e in zip(as_tuple(last), as_tuple(end), strict=True):
            np.testing.assert_allclose(s.data[:, b], e.data, rtol=1e-10, atol=1e-12)
        loss = (z * dy[b, :length]).sum() + sum(e.sum() for e in as_tuple(end))
        dx, *dws = grad(loss, [alone, *weights])
        np.testing.assert_allclose(together[0][b, :length], dx, rtol=1e-9, atol=1e-12)
        for total, dw in zip(sums, dws, strict=True):
            total += dw
    for got, want in zip(together[1:], sums, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-11)


@every_kind
def test_full_lengths_are_as_no_lengths_bit_by_bit(kind):
    layer = make(kind, bidirectional=True)
    x = numbers(3, 5, 3)
    y, last = layer(x)
    z, end = layer(x, lengths=np.array([5, 5, 5]))
    assert y.data.tobytes() == z.data.tobytes()
    for a, b in zip(as_tuple(last), as_tuple(end), strict=True):
        assert a.data.tobytes() == b.data.tobytes()


@every_kind
def test_a_long_sequence_takes_many_blocks_and_equals_its_pieces(kind):
    """The state handed on makes two halves one sequence; sizes at which blocks are cut."""
    layer = make(kind, width=70)
    x = numbers(40, 30, 3)
    y, last = layer(x)
    first, state = layer(x[:, :13])
    second, end = layer(x[:, 13:], state)
    np.testing.assert_allclose(y.data[:, :13], first.data, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(y.data[:, 13:], second.data, rtol=1e-10, atol=1e-12)
    for a, b in zip(as_tuple(last), as_tuple(end), strict=True):
        np.testing.assert_allclose(a.data, b.data, rtol=1e-10, atol=1e-12)
    leaf = Tensor(x, np.float64, requires_grad=True)
    weights = list(layer.parameters())
    whole = grad((layer(leaf)[0] ** 2).sum(), [leaf, *weights])
    first, state = layer(leaf[:, :13])
    second, _ = layer(leaf[:, 13:], state)
    parts = grad((first**2).sum() + (second**2).sum(), [leaf, *weights])
    for got, want in zip(whole, parts, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-9)


@every_kind
def test_detach_stops_the_gradient_and_not_the_state(kind):
    layer = make(kind)
    x = Tensor(numbers(2, 6, 3), np.float64, requires_grad=True)
    whole, _ = layer(x)
    _, state = layer(x[:, :3])
    y, _ = layer(x[:, 3:], detach(state))
    np.testing.assert_allclose(y.data, whole.data[:, 3:], rtol=1e-12)
    y.sum().backward()
    assert not x.grad[:, :3].any()
    assert x.grad[:, 3:].any()


@every_kind
def test_time_first_gives_the_same(kind):
    layer, other = make(kind, bidirectional=True), make(kind, bidirectional=True, batch_first=False)
    x = numbers(2, 5, 3)
    y, last = layer(x, lengths=[3, 5])
    z, end = other(x.swapaxes(0, 1), lengths=[3, 5])
    assert y.data.tobytes() == z.data.swapaxes(0, 1).tobytes()
    for a, b in zip(as_tuple(last), as_tuple(end), strict=True):
        assert a.data.tobytes() == b.data.tobytes()
    assert "batch_first=False" in repr(other)


@every_kind
@pytest.mark.parametrize("batch_first", [True, False])
def test_one_sequence_without_a_batch_axis(kind, batch_first):
    layer = make(kind, num_layers=2, batch_first=batch_first)
    x = numbers(5, 3)
    axis = 0 if batch_first else 1
    initial = [numbers(2, 4, seed=i) for i in range(2 if kind == "LSTM" else 1)]
    with_batch = [s[:, None] for s in initial]
    pair = (0, 0) if kind == "LSTM" else 0
    y, last = layer(x, like(pair, initial))
    z, end = layer(np.expand_dims(x, axis), like(pair, with_batch))
    assert y.data.tobytes() == z.data.tobytes()
    assert y.shape == (5, 4)
    for a, b in zip(as_tuple(last), as_tuple(end), strict=True):
        assert a.shape == (2, 4)
        assert a.data.tobytes() == b.data.tobytes()


@every_kind
@pytest.mark.parametrize(("batch", "steps"), [(2, 0), (0, 4), (1, 1), (0, 0)])
def test_no_steps_no_sequences_and_one_of_each(kind, batch, steps):
    layer = make(kind, bidirectional=True)
    x = Tensor(numbers(batch, steps, 3), np.float64, requires_grad=True)
    states = [numbers(2, batch, 4, seed=i) for i in range(2 if kind == "LSTM" else 1)]
    state = like((0, 0) if kind == "LSTM" else 0, states)
    for lengths in (None, np.full(batch, steps)):
        y, last = layer(x, state, lengths=lengths)
        assert y.shape == (batch, steps, 8)
        if steps == 0:
            for s, initial in zip(as_tuple(last), states, strict=True):
                np.testing.assert_array_equal(s.data, initial)
        loss = (y**2).sum() + sum((s**2).sum() for s in as_tuple(last))
        assert all(np.isfinite(g).all() for g in grad(loss, [x, *layer.parameters()]))


@every_kind
@pytest.mark.parametrize(("batch", "steps"), [(2, 0), (2, 3), (0, 3)])
def test_without_steps_parameters_get_zeros_as_their_gradient(kind, batch, steps):
    """As those of a dense layer do of an empty batch: an optimizer goes on counting for all."""
    layer = make(kind)
    y, last = layer(numbers(batch, steps, 3), lengths=np.zeros(batch, int))
    (y.sum() + as_tuple(last)[0].sum()).backward()
    for p in layer.parameters():
        assert p.grad is not None
        assert p.grad.shape == p.shape
        assert not p.grad.any()


@every_kind
def test_dropout_stands_between_layers_only_and_only_in_training(kind):
    x = numbers(3, 4, 3)
    two = make(kind, num_layers=2, dropout=0.5)
    plain = make(kind, num_layers=2)
    plain.load_state_dict(two.state_dict())
    assert two.eval()(x)[0].data.tobytes() == plain(x)[0].data.tobytes()
    two.train()
    a, b = two(x)[0].data, two(x)[0].data
    assert not np.array_equal(a, b)
    # The first layer's states are whole; the second's outputs are not dropped themselves.
    _, state = two(x)
    first = as_tuple(state)[0].data[0]
    np.testing.assert_array_equal(first, as_tuple(plain(x)[1])[0].data[0])
    assert (a != 0).all() or kind == "relu"
    text = r"dropout=0.5 is between layers, and there is one only"
    with pytest.warns(UserWarning, match=text) as warned:
        one = KINDS[kind][0](3, 4, dropout=0.5, **KINDS[kind][2])
    assert warned[0].filename == __file__
    assert one(x)[0].data.tobytes() == one.eval()(x)[0].data.tobytes()


@every_kind
def test_dropping_all_makes_the_second_layer_see_zeros(kind):
    layer = make(kind, num_layers=2, dropout=1.0)
    y, _ = layer(numbers(2, 4, 3))
    z, _ = layer(numbers(2, 4, 3, seed=8))
    np.testing.assert_array_equal(y.data, z.data)


@every_kind
def test_what_does_not_fit_is_named(kind):
    layer = make(kind)
    name = type(layer).__name__
    with pytest.raises(ShapeError, match=rf"{name}\(3 -> 4\): expected input \(B, T, 3\)"):
        layer(np.zeros((2, 5, 4)))
    with pytest.raises(ShapeError, match=r"got \(3,\)"):
        layer(np.zeros(3))
    wrong = [np.zeros((1, 3, 4))] * (2 if kind == "LSTM" else 1)
    with pytest.raises(ShapeError, match=r"state h_0 \(1, 2, 4\), got \(1, 3, 4\)"):
        layer(np.zeros((2, 5, 3)), like((0, 0) if kind == "LSTM" else 0, wrong))
    with pytest.raises(ShapeError, match="lengths to be 2 integers, one per sequence"):
        layer(np.zeros((2, 5, 3)), lengths=[1, 2, 3])
    with pytest.raises(DTypeError, match="lengths must be integers"):
        layer(np.zeros((2, 5, 3)), lengths=[1.0, 2.0])
    with pytest.raises(ShapeError, match="from 0 to 5, the steps of the input, got 6"):
        layer(np.zeros((2, 5, 3)), lengths=[6, 2])
    with pytest.raises(ShapeError, match="got -1"):
        layer(np.zeros((2, 5, 3)), lengths=[-1, 2])
    with pytest.raises(ShapeError, match="lengths need a batch"):
        layer(np.zeros((5, 3)), lengths=[5])
    with pytest.raises(ShapeError, match=r"expected input \(T, B, 3\)"):
        make(kind, batch_first=False)(np.zeros((5, 2, 1)))
    cell = cell_of(kind, layer, "_l0")
    with pytest.raises(ShapeError, match=r"Cell\(3 -> 4\): expected input \(B, 3\) or \(3,\)"):
        cell(np.zeros((2, 5)))
    state = [np.zeros((3, 4))] * (2 if kind == "LSTM" else 1)
    with pytest.raises(ShapeError, match=r"expected state h \(2, 4\), got \(3, 4\)"):
        cell(np.zeros((2, 3)), like((0, 0) if kind == "LSTM" else 0, state))


@every_kind
@pytest.mark.parametrize(
    "options", [{"input_size": 0}, {"hidden_size": 1.5}, {"num_layers": 0}, {"dropout": 1.5}]
)
def test_options_out_of_range_are_errors(kind, options):
    layer, _, own = KINDS[kind]
    with pytest.raises(ValueError, match=rf"{layer.__name__}: {next(iter(options))} must be"):
        layer(**{"input_size": 3, "hidden_size": 4, **own, **options})


@every_kind
def test_the_recurrent_weights_can_begin_orthogonal_or_as_the_identity(kind):
    layer = make(kind, num_layers=2, bidirectional=True, recurrent_init=init.orthogonal)
    for suffix in ("_l0", "_l1", "_l0_reverse", "_l1_reverse"):
        blocks = getattr(layer, f"weight_hh{suffix}").data.reshape(-1, 4, 4)
        for block in blocks:
            np.testing.assert_allclose(block @ block.T, np.eye(4), atol=1e-12)
        assert len({block.tobytes() for block in blocks}) == len(blocks)
        assert not getattr(layer, f"bias_ih{suffix}").data.any()
        assert not getattr(layer, f"bias_hh{suffix}").data.any()
    layer = make(kind, recurrent_init=init.identity)
    np.testing.assert_array_equal(layer.weight_hh_l0.data[:4], np.eye(4))


@every_kind
def test_the_parameters_are_uniform_within_one_over_the_root_of_the_width(kind):
    layers = [make(kind, inputs=50, width=25)]
    if kind == "LSTM":
        layers.append(make(kind, inputs=50, width=25, proj_size=10))
    for parameter in (p for layer in layers for p in layer.parameters()):
        assert -0.2 <= parameter.data.min() < -0.15
        assert 0.15 < parameter.data.max() <= 0.2
        assert parameter.data.std() == pytest.approx(0.2 / math.sqrt(3), rel=0.25)


@every_kind
def test_two_layers_from_one_seed_are_equal_and_share_nothing(kind):
    a, b = make(kind, num_layers=2), make(kind, num_layers=2)
    for p, q in zip(a.parameters(), b.parameters(), strict=True):
        np.testing.assert_array_equal(p.data, q.data)
        assert p.data is not q.data


@every_kind
def test_float32_lasts_and_a_float64_input_widens(kind):
    layer = make(kind).astype(np.float32)
    y, last = layer(numbers(2, 3, 3))
    assert {t.dtype for t in (y, *as_tuple(last))} == {np.dtype(np.float32)}
    y, last = layer(Tensor(numbers(2, 3, 3), np.float64))
    assert {t.dtype for t in (y, *as_tuple(last))} == {np.dtype(np.float64)}
    y, _ = layer(np.ones((2, 3, 3), np.int64))
    assert y.dtype == np.float32


@every_kind
def test_a_model_around_it_trains(kind):
    """Only with a memory of the first step can the last output be right."""
    rng = np.random.default_rng(0)
    layer, head = make(kind, inputs=1, width=16), Dense(16, 1, rng=rng, dtype=np.float64)
    x = rng.choice([-1.0, 1.0], size=(64, 4, 1))
    y = x[:, 0]
    parameters = [*layer.parameters(), *head.parameters()]
    losses = []
    for _ in range(300):
        states, _ = layer(x)
        error = head(states[:, -1]) - Tensor(y, np.float64)
        loss = (error**2).mean()
        losses.append(loss.item())
        for p, g in zip(parameters, grad(loss, parameters), strict=True):
            p.data -= 0.1 * g
            p.version += 1
    with no_grad():
        assert losses[0] > 0.7
        assert losses[-1] < 0.1


ARRAY, TALL = np.zeros((1, 2, 4), np.float32), np.zeros((3, 2, 4), np.float32)
NO_STATES = {
    "an array for a pair": lambda two: np.zeros((2, 1, 2, 4)) if two else (ARRAY, ARRAY),
    "one": lambda two: (ARRAY,),
    "three": lambda two: (ARRAY, ARRAY, ARRAY),
    "a list of three": lambda two: [ARRAY, ARRAY, ARRAY],
    "nothing in it": lambda two: () if two else (None,),
    "a number": lambda two: 0.0,
    "a dictionary": lambda two: {"h": ARRAY},
    "words": lambda two: ("h", "c") if two else "h",
    "an object": lambda two: object(),
    "objects": lambda two: (object(), object()) if two else [object()],
    "rows of other lengths": lambda two: ([[1.0], [1.0, 2.0]], ARRAY) if two else [[1.0], [1, 2]],
    "another shape": lambda two: (TALL, TALL) if two else TALL,
    "another shape, second": lambda two: (ARRAY, TALL) if two else TALL,
}


@every_kind
@pytest.mark.parametrize("wrong", NO_STATES.values(), ids=NO_STATES.keys())
@pytest.mark.parametrize("cell", [False, True], ids=["layer", "cell"])
def test_a_state_that_is_none_is_named_and_nothing_else_is_said(kind, wrong, cell):
    layer = make(kind)
    state = wrong(kind == "LSTM")
    if cell:
        layer = cell_of(kind, layer, "_l0")
        x = np.zeros((2, 3), np.float32)
    else:
        x = np.zeros((2, 5, 3), np.float32)
    with pytest.raises(NeuralNetError) as caught:
        layer(x, state)
    message = f"{caught.value} {caught.value.__notes__}"
    assert type(layer).__name__ in message
    assert not re.search(r"zip|truth value|unpack|NoneType", message)


@every_kind
def test_a_state_may_come_as_a_list_and_in_part(kind):
    layer, x = make(kind), numbers(2, 5, 3)
    zeros = np.zeros((1, 2, 4), np.float32)
    expected = layer(x)[0].data
    states = [[zeros, zeros], (None, None), (zeros, None), (None, zeros)]
    for state in states if kind == "LSTM" else [zeros, zeros.tolist()]:
        np.testing.assert_array_equal(layer(x, state)[0].data, expected)
    cell = cell_of(kind, layer, "_l0")
    expected = as_tuple(cell(x[:, 0]))[0].data
    states = [[zeros[0], zeros[0]], (None, None), (zeros[0], None)]
    for state in states if kind == "LSTM" else [zeros[0], zeros[0].tolist()]:
        np.testing.assert_array_equal(as_tuple(cell(x[:, 0], state))[0].data, expected)


def test_the_forget_bias_is_a_number():
    for kind in (LSTM, LSTMCell):
        for wrong in ([None], None, "1", math.nan, [1.0], True):
            if wrong is None:
                kind(3, 4, forget_bias=wrong)
                continue
            with pytest.raises(ValueError, match="forget_bias must be a finite number"):
                kind(3, 4, forget_bias=wrong)
        with pytest.raises(ValueError, match="needs bias=True"):
            kind(3, 4, bias=False, forget_bias=1.0)


@every_kind
@pytest.mark.parametrize(
    "wrong",
    [
        "ab",
        2,
        [None, 1],
        [[1], [1, 2]],
        object(),
        {"a": 1},
        [True, False],
        [math.nan, 1],
        [1e30, 1],
    ],
)
def test_lengths_that_are_none_are_named(kind, wrong):
    layer = make(kind)
    with pytest.raises(NeuralNetError, match=rf"{type(layer).__name__}\(3 -> 4\): .*lengths"):
        layer(np.zeros((2, 5, 3)), lengths=wrong)
