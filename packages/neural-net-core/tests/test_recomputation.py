"""Blocks whose activations are computed again: the same bits, and nothing moves twice."""

import functools
import gc
import random
import threading
import weakref
from collections import namedtuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import (
    Buffer,
    Dense,
    FeedForward,
    GraphError,
    GraphFreedError,
    Module,
    Parameter,
    ReLU,
    Sequential,
    Tanh,
    Tensor,
    cross_entropy,
    default_dtype,
    default_rng,
    functional_call,
    grad,
    is_grad_enabled,
    no_grad,
    ops,
    recompute,
    seed,
    tanh,
    textbook,
    trace,
)
from neural_net_core.random import resolve_rng
from neural_net_core.recomputation import RecomputeOp
from neural_net_core.testing import gradcheck
from neural_net_core.testing.recorded import nodes_of

GLOBAL = np.random.default_rng(0)
X = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)
Two = namedtuple("Two", "first second")


class Noisy(Module):
    """Adds numbers of a generator, and counts its calls, as layers of one's own do it."""

    def __init__(self, rng=None):
        self.rng = rng
        self.weight = Parameter(np.ones(4))
        self.calls = Buffer(np.zeros(1))

    def forward(self, x):
        self.calls.data += 1
        return x * self.weight * resolve_rng(self.rng).normal(size=x.shape).astype(np.float32)


def noisy(rng=None):
    return Sequential(Dense(4, 4, rng=np.random.default_rng(0)), Tanh(), Noisy(rng), ReLU())


def outcome(model, call, x=X):
    """Return all that one step leaves behind: results, gradients, buffers, the next numbers."""
    seed(0)
    leaf = Tensor(x, requires_grad=True)
    y = call(model, call(model, leaf * 2)) + leaf
    (y * y).sum().backward()
    drawn = [default_rng().random()]
    drawn += [m.rng.random() for m in model.modules() if getattr(m, "rng", None) is not None]
    state = [b.data for b in model.buffers()], [b.version for b in model.buffers()], drawn
    return [y.data, leaf.grad, *(p.grad for p in model.parameters()), *map(np.array, state)]


def plainly(model, x):
    return model(x)


def same_bits(a, b):
    return [x.tobytes() for x in a] == [y.tobytes() for y in b]


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize(
    "call",
    [
        recompute,
        lambda model, x: recompute(model.forward, x),
        lambda model, x: recompute(lambda x: model(x), x),
        lambda model, x: recompute(functools.partial(model), x),
        lambda model, x: recompute(Sequential(model), x),
        lambda model, x: recompute(lambda x, layers=list(model): layers_in_turn(layers, x), x),
        lambda model, x: recompute(recompute, model, x),
        lambda model, x: recompute(lambda x: recompute(recompute, model, x), x),
    ],
    ids=["module", "method", "closure", "partial", "inside", "default", "nested", "deeper"],
)
def test_all_is_as_without_to_the_last_bit(call, own):
    def model():
        return noisy(np.random.default_rng(3) if own else None)

    assert same_bits(outcome(model(), plainly), outcome(model(), call))


def layers_in_turn(layers, x):
    for layer in layers:
        x = layer(x)
    return x


def test_a_generator_of_the_module_s_own_is_found_as_an_argument_and_as_a_global():
    def drawing(x, rng):
        return x * rng.normal(size=x.shape)

    def from_the_global(x):
        return x * GLOBAL.normal(size=x.shape)

    for call in (lambda x: recompute(drawing, x, GLOBAL), lambda x: recompute(from_the_global, x)):
        GLOBAL.bit_generator.state = np.random.default_rng(4).bit_generator.state
        expected = np.random.default_rng(4).normal(size=(2, *X.shape))
        x = Tensor(X, np.float64, requires_grad=True)
        y = call(x)
        np.testing.assert_array_equal(y.data, X * expected[0])
        between = GLOBAL.normal(size=X.shape)
        np.testing.assert_array_equal(between, expected[1])
        y.sum().backward()
        np.testing.assert_array_equal(x.grad, expected[0])
        assert GLOBAL.random() == random_after(2 * X.size)


def random_after(count):
    rng = np.random.default_rng(4)
    rng.normal(size=count)
    return rng.random()


def test_old_generators_whose_state_is_an_array_work_too():
    rng = np.random.Generator(np.random.MT19937(0))
    assert same_bits(
        outcome(noisy(rng), plainly),
        outcome(noisy(np.random.Generator(np.random.MT19937(0))), recompute),
    )


def test_the_activations_are_dropped_and_those_of_the_second_run_too():
    model = Sequential(Dense(4, 4), Tanh(), Dense(4, 4), Tanh())
    seen = []
    handles = [
        layer.register_forward_hook(
            lambda _, __, y: seen.append((weakref.ref(y.node), weakref.ref(y)))
        )
        for layer in model
    ]
    x = Tensor(X, requires_grad=True)
    gc.disable()
    try:
        y = recompute(model, x)
        assert len(seen) == 4
        assert all(node() is None for node, _ in seen)
        assert [tensor() is None for _, tensor in seen] == [True, True, True, False]
        assert {type(node) for node in nodes_of([y])} == {RecomputeOp}
        loss = y.sum()
        del y
        loss.backward()
        assert len(seen) == 8
        assert all(node() is None and tensor() is None for node, tensor in seen)
    finally:
        gc.enable()
    for handle in handles:
        handle.remove()


def test_the_graph_has_one_node_with_all_that_was_used_from_outside():
    a, b = Tensor(X, requires_grad=True), Tensor(X, requires_grad=True) * 3
    w = Parameter(np.ones(4))
    captured = Tensor(X[0], requires_grad=True).exp()

    def block(a, *, b):
        return (a * w + b) * captured + a

    y = recompute(block, a, b=b)
    assert type(y.node) is RecomputeOp
    assert {id(parent[0]) for parent in y.node.parents} == {
        id(a), id(b.node), id(w), id(captured.node),
    }  # fmt: skip
    found = grad(y, [a, b, w, captured], X, retain_graph=True)
    for ours, expected in zip(found, grad(block(a, b=b), [a, b, w, captured], X), strict=True):
        np.testing.assert_array_equal(ours, expected)
    assert a.grad is None
    assert w.grad is None


@given(used=st.sets(st.integers(0, 4), min_size=1), wrapped=st.sampled_from([list, tuple, dict]))
def test_several_results_of_which_some_are_used(used, wrapped):
    w = Parameter(np.arange(4.0))

    def block(x, mask, options):
        parts = x * w, (x + w).exp(), ops.where(mask, x, w), [x], Two(x.sum(), w * options["by"])
        if wrapped is dict:
            return dict(enumerate(parts))
        return wrapped(parts)

    def loss(call):
        x = Tensor(X, requires_grad=True)
        result = call(block, x, X > 0, {"by": 2.0})
        results = [result[0], result[1], result[2], result[3][0], *result[4]]
        assert results[3] is x
        if call is recompute:
            assert {type(y.node) for i, y in enumerate(results) if i != 3} == {RecomputeOp}
        total = sum((results[i] * (i + 1.0)).sum() for i in used)
        total.backward()
        return total.data, x.grad

    def called(block, *inputs):
        return block(*inputs)

    expected, w_grad = loss(called), w.grad
    w.grad = None
    found = loss(recompute)
    assert (w.grad is None) == (w_grad is None)
    if w_grad is not None:
        np.testing.assert_allclose(w.grad, w_grad, rtol=1e-6)
    assert found[0] == expected[0]
    if expected[1] is not None:
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-6)


def test_results_of_integers_none_and_numbers_come_through():
    def block(x):
        y = x * 2
        return y, Tensor(np.argmax(y.data, axis=1)), None, 3, "text"

    x = Tensor(X, requires_grad=True)
    y, places, *rest = recompute(block, x)
    assert places.dtype.kind == "i"
    assert not places.requires_grad
    assert rest == [None, 3, "text"]
    np.testing.assert_array_equal(grad(y.sum(), x), np.full_like(X, 2))


def test_a_block_without_gradients_is_just_called():
    y = recompute(lambda x: x + 1, Tensor(X))
    assert y.node is None
    model = FeedForward((4, 3)).requires_grad_(False)
    assert recompute(model, X).node is None
    with no_grad():
        assert recompute(FeedForward((4, 3)), X).node is None


def test_inputs_without_gradients_and_raw_arrays():
    model = FeedForward((4, 3))
    recompute(model, X).sum().backward()
    found = [p.grad for p in model.parameters()]
    model.zero_grad()
    model(X).sum().backward()
    assert same_bits(found, [p.grad for p in model.parameters()])


def test_arrays_and_constants_may_be_changed_before_the_backward_pass():
    x, mask, constant = X.copy(), X > 0, Tensor(X.copy())
    w = Parameter(np.ones(4))

    def block(x, parts):
        return ops.where(parts["mask"], w * x, w * parts["constant"])

    y = recompute(block, x, {"mask": mask, "constant": constant})
    x[...], mask[...], constant.data[...] = 0, False, 7
    y.sum().backward()
    np.testing.assert_allclose(w.grad, X.sum(0), rtol=1e-6)


def test_several_floating_dtypes_stay_what_they_are():
    a, b = Tensor(X, requires_grad=True), Tensor(X, np.float64, requires_grad=True)
    y, z = recompute(lambda a, b: (a * 2, b / 3), a, b)
    loss = (y * y).sum() + (z * z).sum()
    loss.backward()
    assert (y.dtype, z.dtype, a.grad.dtype, b.grad.dtype) == (np.float32, np.float64) * 2
    np.testing.assert_array_equal(b.grad, 2 * (b.data / 3) / 3)


class Rebinding(Module):
    """Puts another array into its buffer, and has one that never changes."""

    def __init__(self):
        self.count, self.table = Buffer(np.zeros(1)), Buffer([1.0, np.nan])

    def forward(self, x):
        self.count.data = self.count.data + 1
        return x * 2


def test_of_buffers_only_those_that_move_are_copied_and_their_arrays_come_back():
    model = Rebinding()
    y = recompute(model, Tensor(X, requires_grad=True))
    assert [*y.node.surroundings.buffers] == [model.count]
    array = model.count.data
    y.sum().backward()
    assert model.count.data is array
    np.testing.assert_array_equal(array, [1])


def test_the_gradient_is_right():
    w = np.random.default_rng(2).normal(size=(4, 4))

    def fn(x, w):
        hidden = recompute(lambda x: tanh(ops.matmul(x, w)), x)
        return recompute(lambda a, b: (a @ w, b.exp()), hidden, x)

    assert gradcheck(fn, [X.astype(np.float64), w])


def test_a_second_pass_through_a_kept_graph_gives_the_same():
    model = noisy()
    x = Tensor(X, requires_grad=True)
    loss = recompute(model, x).sum()
    first = grad(loss, [x, *model.parameters()], retain_graph=True)
    second = grad(loss, [x, *model.parameters()])
    assert same_bits(first, second)
    with pytest.raises(GraphFreedError):
        loss.backward()


def test_a_hundred_blocks_one_after_another():
    layers = [Dense(4, 4, rng=np.random.default_rng(i)) for i in range(100)]

    def gradients(call):
        x = y = Tensor(X, requires_grad=True)
        for layer in layers:
            y = call(layer, y)
        return grad(y.sum(), [x, *(p for layer in layers for p in layer.parameters())])

    assert same_bits(gradients(recompute), gradients(plainly))


def test_an_exception_in_the_second_run_leaves_everything_as_it_was():
    model, other = noisy(np.random.default_rng(3)), Parameter(np.ones(4))
    runs = []

    def block(x):
        y = model(x)
        runs.append(default_rng().random())
        if len(runs) > 1:
            raise RuntimeError("the second time")
        return y

    y = recompute(block, Tensor(X, requires_grad=True)) * other
    buffer = next(model.buffers())
    before = buffer.item(), buffer.version
    states = [g.bit_generator.state for g in (default_rng(), model[2].rng)]
    with pytest.raises(RuntimeError, match="the second time") as caught:
        y.sum().backward()
    assert any("second run of a block" in note for note in caught.value.__notes__)
    assert (buffer.item(), buffer.version) == before
    assert [g.bit_generator.state for g in (default_rng(), model[2].rng)] == states
    assert all(p.grad is None for p in [*model.parameters(), other])
    assert runs[0] == runs[1]


def test_an_exception_in_the_first_run_comes_through():
    with pytest.raises(ValueError, match="expected input") as caught:
        recompute(Sequential(Dense(4, 3), Dense(4, 3)), X)
    assert "in 1 (Dense) of Sequential" in caught.value.__notes__
    with pytest.raises(ValueError, match="recompute: block must be a module or a function, got 3"):
        recompute(3, X)


@pytest.mark.parametrize("frozen", [False, True])
def test_a_parameter_changed_between_the_runs_is_an_error(frozen):
    model = FeedForward((4, 3, 2))
    first = next(model.parameters()).requires_grad_(not frozen)
    y = recompute(model, Tensor(X, requires_grad=True))
    with no_grad():
        first += 1
    with pytest.raises(GraphError, match=r"layers.0.weight was changed after the forward pass"):
        y.sum().backward()


class Averaging(Module):
    """Its result depends on a buffer that each call moves, as the iterations of a spectral norm."""

    def __init__(self):
        self.scale = Buffer(np.ones(1))

    def forward(self, x):
        with no_grad():
            self.scale *= 2
        return x * self.scale


def test_a_buffer_on_which_the_result_depends_begins_where_it_began():
    assert same_bits(outcome(Averaging(), plainly), outcome(Averaging(), recompute))


@pytest.mark.parametrize("meanwhile", ["eval", "values", "randomness"])
def test_another_result_of_the_second_run_is_an_error(meanwhile):
    class Switch(Module):
        def __init__(self):
            self.table = np.ones(4, np.float32)

        def forward(self, x):
            y = x * (2.0 if self.training else 1.0) * self.table
            return y * random.random() if meanwhile == "randomness" else y

    model = Switch()
    y = recompute(model, Tensor(X, requires_grad=True))
    if meanwhile == "eval":
        model.eval()
    elif meanwhile == "values":
        model.table[0] = 5
    with pytest.raises(GraphError, match="recompute: Switch computed something else when it ran"):
        y.sum().backward()


def test_another_way_to_the_same_result_is_an_error():
    a, b = Parameter(np.ones(4)), Parameter(np.ones(4))
    which = iter([a, b])
    y = recompute(lambda x: x * next(which), X)
    with pytest.raises(GraphError, match="used other parameters or inputs"):
        y.sum().backward()


def test_the_second_run_has_the_form_and_the_dtype_of_the_first():
    model, kinds = FeedForward((4, 3)), []

    def block(x):
        kinds.append((Tensor([0.5]).dtype, is_grad_enabled()))
        y = model(x)
        kinds.append(type(y.node))
        return y

    x = Tensor(X, np.float64, requires_grad=True)
    with textbook(), default_dtype(np.float64):
        y = recompute(block, x)
    with no_grad():
        y.backward(np.ones_like(y.data))
    assert kinds[:2] == kinds[2:]
    y = recompute(block, x)
    with textbook():
        y.backward(np.ones_like(y.data))
    assert kinds[4:6] == kinds[6:]


def test_the_backward_pass_may_run_in_another_thread():
    model = noisy()
    x = Tensor(X, requires_grad=True)
    loss = recompute(model, x).sum()
    thread = threading.Thread(target=loss.backward)
    thread.start()
    thread.join()
    found = x.grad
    assert found is not None
    buffer = next(model.buffers())
    assert buffer.item() == 1


def test_a_trace_sees_the_block_each_time_it_runs():
    model = Sequential(Sequential(Dense(4, 3), Tanh()))

    class Whole(Module):
        def __init__(self):
            self.block = model

        def forward(self, x):
            return recompute(self.block, x)

    whole, x = Whole(), Tensor(X, requires_grad=True)
    with trace() as calls:
        y = whole(x)
        forward = [(call.path, call.op.idea.__name__) for call in calls]
        y.sum().backward()
    assert forward == [("block.0.0", "LinearOp"), ("block.0.1", "TanhOp")]
    assert calls[0].inputs[0] is x
    assert calls[1].outputs[0] is y
    again = [(call.path, call.op.idea.__name__) for call in calls]
    assert again == [*forward, ("", "SumOp"), *forward]
    assert [step.op.idea.__name__ for step in calls.backward] == ["SumOp", "TanhOp", "LinearOp"]
    assert [step.call for step in calls.backward] == [calls[2], calls[4], calls[3]]


def test_summary_is_that_of_the_block_alone():
    class Whole(Module):
        def __init__(self):
            self.block = FeedForward((4, 3))

        def forward(self, x):
            return recompute(self.block, x)

    class Plain(Whole):
        def forward(self, x):
            return self.block(x)

    assert Whole().summary(example=X) == Plain().summary(example=X).replace("Plain", "Whole")


def test_weights_that_stand_in_place_of_the_modules_own_do_so_again():
    class Whole(Module):
        def __init__(self):
            self.block = FeedForward((4, 3, 4), Tanh, rng=np.random.default_rng(0))

        def forward(self, x, call):
            return call(self.block, call(self.block, x))

    def gradients(call):
        model = Whole()
        before = {name: (p, p.data.copy()) for name, p in model.named_parameters()}
        new = {
            name: Tensor(2 * p.data, requires_grad=True) * 1 for name, p in model.named_parameters()
        }
        loss = functional_call(model, new, X, call).sum()
        # The backward pass may itself be inside of a call with other weights.
        functional_call(Calls(lambda: results.append(grad(loss, list(new.values())))), {})
        after = dict(model.named_parameters())
        assert all(after[name] is p for name, (p, _) in before.items())
        assert all((p.data == values).all() for p, values in before.values())
        return [loss.data, *results.pop()]

    results = []

    for a, b in zip(gradients(recompute), gradients(plainly), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


class Calls(Module):
    """Calls a function."""

    def __init__(self, function):
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


def test_of_exchanges_within_exchanges_all_are_made_again_and_undone_in_their_order():
    model = FeedForward((4, 4, 4), Tanh)
    own = dict(model.named_parameters())
    new = {
        i: {name: Tensor(i * p.data, requires_grad=True) for name, p in own.items()} for i in (2, 3)
    }
    some = {"layers.0.weight": new[3]["layers.0.weight"]}
    named = {f"model.{name}": x for name, x in some.items()}
    inner = Calls(lambda x, call: functional_call(Recomputing(model, call), named, x))
    inner.model = model

    def gradients(call):
        loss = functional_call(inner, {f"model.{name}": x for name, x in new[2].items()}, X, call)
        loss = loss.sum()
        found = grad(loss, [*new[2].values(), *some.values()])
        assert all(after is own[name] for name, after in model.named_parameters())
        return [loss.data, *found]

    assert same_bits(gradients(recompute), gradients(plainly))


class Recomputing(Module):
    """Runs a module, recomputed or not."""

    def __init__(self, model, call):
        self.model, self.call = model, call

    def forward(self, x):
        return self.call(self.model, x)


def test_a_loss_inside_keeps_what_it_counted():
    model = FeedForward((4, 3))
    labels = np.arange(5) % 3
    loss = recompute(lambda x: cross_entropy(model(x), labels), Tensor(X, requires_grad=True))
    assert loss.counted == 5
    loss.backward()


def test_a_gradient_asked_for_inside_arrives_at_what_is_returned():
    def block(x):
        y = x * 3
        y.retain_grad()
        return y

    y = recompute(block, Tensor(X, requires_grad=True))
    (y * 2).sum().backward()
    np.testing.assert_array_equal(y.grad, np.full_like(X, 2))


@st.composite
def nested_blocks(draw, depth=2):
    """Draw a network as nested lists of layers; a list is run as one block."""
    layers = st.sampled_from(["dense", "tanh", "noisy", "residual"])
    parts = draw(st.lists(layers, min_size=1, max_size=4))
    if depth:
        parts += draw(st.lists(nested_blocks(depth - 1), max_size=2))
    return draw(st.permutations(parts))


@given(network=nested_blocks())
def test_however_a_network_is_cut_into_blocks_all_is_as_without(network):
    def run(call):
        seed(0)
        layers = []

        def made(name):
            kinds = {
                "dense": lambda: Dense(4, 4, rng=np.random.default_rng(len(layers))),
                "tanh": Tanh,
                "noisy": Noisy,
                "residual": lambda: Residual(len(layers)),
            }
            layers.append(kinds[name]())
            return layers[-1]

        def built(parts):
            return [built(part) if isinstance(part, list) else made(part) for part in parts]

        def through(parts, x):
            for part in parts:
                x = call(through, part, x) if isinstance(part, list) else part(x)
            return x

        x = Tensor(X, requires_grad=True)
        y = through([built(network)], x * 2)
        (y * y).sum().backward()
        tensors = [p for layer in layers for p in layer.parameters()]
        buffers = [b.data for layer in layers for b in layer.buffers()]
        return [y.data, x.grad, *(p.grad for p in tensors), *buffers, default_rng().random(3)]

    assert same_bits(run(recompute), run(lambda block, *inputs: block(*inputs)))


class Residual(Module):
    """x + tanh(x W), in which x is used twice."""

    def __init__(self, number):
        self.dense = Dense(4, 4, rng=np.random.default_rng(100 + number))

    def forward(self, x):
        return x + tanh(self.dense(x))


def test_training_goes_on_as_without():
    def weights(call):
        seed(0)
        model = noisy()
        for _ in range(3):
            model.zero_grad()
            (call(model, Tensor(X)) ** 2).mean().backward()
            with no_grad():
                for p in model.parameters():
                    p -= 0.1 * p.grad
        return [p.data for p in model.parameters()]

    assert same_bits(weights(recompute), weights(plainly))


def test_a_block_that_does_not_draw_leaves_the_generator_alone():
    y = recompute(FeedForward((4, 3)), X)
    assert y.node.surroundings.states == {}
    assert len(recompute(noisy(), X).node.surroundings.states) == 1
