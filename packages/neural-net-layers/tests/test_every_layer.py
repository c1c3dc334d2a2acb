"""What holds for every public layer, found by walking: what it draws, and what it must not see.

`RECIPES` has one small example of each class: arguments, and what it is called with. A class
without one fails the first test.
"""

import inspect
import sys

import numpy as np
import pytest

import neural_net_layers as layers
from neural_net_core import Dense, DTypeError, Module, SwiGLU, Tensor, default_rng, init, no_grad
from neural_net_layers import causal_keep, padding_keep


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


IMAGES, WAVES, ROWS = numbers(4, 3, 6, 6), numbers(4, 3, 8), numbers(6, 3)
SEQUENCE, STEPS, MEMORY = numbers(2, 5, 8), numbers(2, 5, 3), numbers(2, 4, 8)
IDS = np.array([[1, 2, 0], [3, 3, 4]])
KEY_KEEP, MEMORY_KEEP = padding_keep([5, 3]), padding_keep([2, 4])
LENGTHS = np.array([5, 2])

# name: (arguments, what it is called with, and what by name)
RECIPES = {
    "AdaptiveAvgPool1D": ((3,), (WAVES,), {}),
    "AdaptiveAvgPool2D": ((2,), (IMAGES,), {}),
    "AdaptiveLayerNorm": ((8, 4), (SEQUENCE, numbers(2, 4)), {}),
    "AdaptiveMaxPool1D": ((3,), (WAVES,), {}),
    "AdaptiveMaxPool2D": ((4,), (IMAGES,), {}),
    "AlphaDropout": ((), (ROWS,), {}),
    "AvgPool1D": ((2,), (WAVES,), {}),
    "AvgPool2D": ((2,), (IMAGES,), {}),
    "BatchNorm1D": ((3,), (ROWS,), {}),
    "BatchNorm2D": ((3,), (IMAGES,), {}),
    "CircularPad1D": ((2,), (WAVES,), {}),
    "CircularPad2D": ((2,), (IMAGES,), {}),
    "ConstantPad1D": ((2, 1.5), (WAVES,), {}),
    "ConstantPad2D": ((2, 1.5), (IMAGES,), {}),
    "Conv1D": ((3, 4, 3), (WAVES,), {}),
    "Conv2D": ((3, 4, 3), (IMAGES,), {}),
    "ConvTranspose1D": ((3, 4, 3), (WAVES,), {}),
    "ConvTranspose2D": ((3, 4, 3), (IMAGES,), {}),
    "DropPath": ((), (ROWS,), {}),
    "Dropout": ((), (ROWS,), {}),
    "Dropout2D": ((), (IMAGES,), {}),
    "Embedding": ((5, 4), (IDS,), {}),
    "EmbeddingBag": ((5, 4), (IDS.ravel(),), {"offsets": np.array([0, 2])}),
    "Fold": ((4, 2), (numbers(2, 12, 9),), {}),
    "GRU": ((3, 4), (STEPS,), {"lengths": LENGTHS}),
    "GRUCell": ((3, 4), (ROWS,), {}),
    "GlobalAvgPool1D": ((), (WAVES,), {}),
    "GlobalAvgPool2D": ((), (IMAGES,), {}),
    "GlobalMaxPool1D": ((), (WAVES,), {}),
    "GlobalMaxPool2D": ((), (IMAGES,), {}),
    "GroupNorm": ((3, 3), (IMAGES,), {}),
    "InstanceNorm1D": ((3,), (WAVES,), {}),
    "InstanceNorm2D": ((3,), (IMAGES,), {}),
    "LSTM": ((3, 4), (STEPS,), {"lengths": LENGTHS}),
    "LSTMCell": ((3, 4), (ROWS,), {}),
    "LayerNorm": ((3,), (ROWS,), {}),
    "LearnedPositionalEmbedding": ((8, 6), (SEQUENCE,), {}),
    "MaxPool1D": ((2,), (WAVES,), {}),
    "MaxPool2D": ((2,), (IMAGES,), {}),
    "MaxUnpool2D": ((2,), (numbers(2, 1, 1, 2), np.array([[[[0, 7]]], [[[5, 2]]]])), {}),
    "MultiHeadAttention": ((8, 2), (SEQUENCE, MEMORY), {"key_keep": MEMORY_KEEP}),
    "PixelShuffle": ((2,), (numbers(2, 8, 3, 4),), {}),
    "PixelUnshuffle": ((2,), (IMAGES,), {}),
    "PositionalEncoding": ((8, 6), (SEQUENCE,), {}),
    "RMSNorm": ((3,), (ROWS,), {}),
    "RNNCell": ((3, 4), (ROWS,), {}),
    "ReflectionPad1D": ((2,), (WAVES,), {}),
    "ReflectionPad2D": ((2,), (IMAGES,), {}),
    "ReplicationPad1D": ((2,), (WAVES,), {}),
    "ReplicationPad2D": ((2,), (IMAGES,), {}),
    "Residual": (lambda: (Dense(3, 3),), (ROWS,), {}),
    "ResidualBlock": ((3, 4), (ROWS,), {}),
    "RotaryEmbedding": ((8, 6), (SEQUENCE,), {}),
    "SelfAttention": ((8, 2), (SEQUENCE,), {"key_keep": KEY_KEEP}),
    "TimestepEmbedding": ((8,), (np.array([0.0, 3.0]),), {}),
    "Transformer": (
        (8, 2, 1, 1),
        (MEMORY, SEQUENCE),
        {"src_key_keep": MEMORY_KEEP, "tgt_key_keep": KEY_KEEP},
    ),
    "TransformerDecoder": (
        (2, 8, 2),
        (SEQUENCE, MEMORY),
        {"key_keep": KEY_KEEP, "memory_key_keep": MEMORY_KEEP},
    ),
    "TransformerDecoderLayer": (
        (8, 2),
        (SEQUENCE, MEMORY),
        {"key_keep": KEY_KEEP, "memory_key_keep": MEMORY_KEEP},
    ),
    "TransformerEncoder": ((2, 8, 2), (SEQUENCE,), {"key_keep": KEY_KEEP}),
    "TransformerEncoderLayer": ((8, 2), (SEQUENCE,), {"key_keep": KEY_KEEP}),
    "Unfold": ((2,), (IMAGES,), {}),
    "Upsample": ((9,), (IMAGES,), {}),
    "VanillaRNN": ((3, 4), (STEPS,), {"lengths": LENGTHS}),
    "ZeroPad1D": ((2,), (WAVES,), {}),
    "ZeroPad2D": ((2,), (IMAGES,), {}),
}
every_layer = pytest.mark.parametrize("name", RECIPES)


def parameters_of(cls):
    return inspect.signature(cls).parameters


def class_of(name):
    return getattr(layers, name)


def make(name, **options):
    arguments, _, _ = RECIPES[name]
    return class_of(name)(*(arguments() if callable(arguments) else arguments), **options)


def called(layer, name):
    """Return what a layer gives, as a list of Tensors."""
    _, inputs, options = RECIPES[name]
    return flat(layer(*inputs, **options))


def flat(result):
    if isinstance(result, tuple):
        return [part for each in result for part in flat(each)]
    return [result]


def state_of(rng):
    return str(rng.bit_generator.state)


def test_every_layer_has_a_recipe():
    public = {
        name
        for name in layers.__all__
        if inspect.isclass(cls := class_of(name)) and issubclass(cls, Module)
    }
    assert public == set(RECIPES)


# --- what is drawn ---------------------------------------------------------------------------


@every_layer
def test_the_weights_of_a_matrix_differ_and_have_both_signs(name):
    """Equal ones would learn the same for ever; zeros are there on purpose."""
    layers_made = [make(name)]
    if "proj_size" in parameters_of(class_of(name)):
        layers_made.append(make(name, proj_size=2))
    for path, p in (pair for layer in layers_made for pair in layer.named_parameters()):
        if p.ndim > 1 and p.data.any():
            assert len(np.unique(p.data)) > 0.9 * p.data.size, path
            assert p.data.min() < 0 < p.data.max(), path


@every_layer
def test_what_draws_when_it_is_made_takes_init_rng_and_dtype_and_draws_from_no_other(name):
    if name == "Residual":
        pytest.skip("draws nothing; the block that it is given does")
    before = state_of(default_rng())
    make(name)
    if state_of(default_rng()) == before:
        return
    options = parameters_of(class_of(name))
    for option in ("init", "rng", "dtype"):
        assert options[option].kind is inspect.Parameter.KEYWORD_ONLY, option
        assert options[option].default is None, option
    before = state_of(default_rng())
    make(name, rng=np.random.default_rng(0))
    assert state_of(default_rng()) == before


@pytest.mark.parametrize("cls", [SwiGLU, Dense, *map(class_of, RECIPES)])
def test_init_makes_all_weights_and_nothing_else_is_drawn(cls):
    if "init" not in parameters_of(cls):
        pytest.skip("draws nothing, or its parts do")
    arguments = (4, 4) if cls in (SwiGLU, Dense) else RECIPES[cls.__name__][0]
    shapes = []

    def quarter(shape, *, rng, dtype):
        shapes.append(shape)
        return np.full(shape, 0.25, dtype or np.float32)

    rng = np.random.default_rng(0)
    before = state_of(rng), state_of(default_rng())
    layer = cls(*arguments, init=quarter, rng=rng)
    assert (state_of(rng), state_of(default_rng())) == before
    assert shapes
    for key, p in layer.named_parameters():
        if "norm" in key:
            continue
        expected = 0.25 if p.ndim > 1 else 0.0
        assert (p.data == expected).all(), key


@every_layer
def test_an_init_that_is_none_is_named(name):
    cls = class_of(name)
    for option in {"init", "recurrent_init"} & set(parameters_of(cls)):
        for wrong in (3, "xavier", [None], object()):
            with pytest.raises(ValueError, match=f"{option} must be"):
                make(name, **{option: wrong})
        with pytest.raises(ValueError, match=option):
            make(name, **{option: lambda shape, **_: np.zeros((7, 7), np.float32)})


QUIET = {"p": 0.0, "dropout": 0.0, "drop_path": 0.0}


def quiet(name):
    """Return the options with which nothing is random in training."""
    return {key: value for key, value in QUIET.items() if key in parameters_of(class_of(name))}


@every_layer
@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("own", [False, True], ids=["library's", "own"])
def test_nothing_is_drawn_where_nothing_is_random(name, mode, own):
    rng = np.random.default_rng(0)
    options = {"rng": rng} if own and "rng" in parameters_of(class_of(name)) else {}
    layer = make(name, **options, **(quiet(name) if mode == "train" else {}))
    layer.train(mode == "train")
    before = state_of(rng), state_of(default_rng())
    loss = Tensor(0.0)
    for y in called(layer, name):
        loss = loss + (y * y).sum()
    if loss.requires_grad:
        loss.backward()
    with no_grad():
        called(layer, name)
    assert (state_of(rng), state_of(default_rng())) == before


# --- what the caller changes between forward and backward ----------------------------------------


def gradients(layer, name, change):
    """Return all gradients, with what is called beside the input changed before backward."""
    _, inputs, options = RECIPES[name]
    leaves = [Tensor(x, requires_grad=True) if x.dtype.kind == "f" else x.copy() for x in inputs]
    options = {key: value.copy() for key, value in options.items()}
    total = Tensor(0.0)
    for i, y in enumerate(flat(layer(*leaves, **options))):
        total = total + (y * numbers(*y.shape, seed=i)).sum()
    if change:
        for array in [*leaves, *options.values()]:
            if isinstance(array, np.ndarray):
                array[...] = ~array if array.dtype == bool else 0
    if total.requires_grad:
        total.backward()
    grads = [x.grad for x in leaves if isinstance(x, Tensor)]
    return [g for g in (*grads, *(p.grad for p in layer.parameters())) if g is not None]


@every_layer
def test_ids_lengths_and_masks_may_be_changed_before_the_backward_pass(name):
    layer = make(name, **quiet(name)).eval()
    expected = gradients(layer, name, change=False)
    layer.zero_grad()
    found = gradients(layer, name, change=True)
    assert len(found) == len(expected)
    for g, h in zip(found, expected, strict=True):
        np.testing.assert_array_equal(g, h)


@pytest.mark.parametrize("blocked", [False, True])
def test_a_mask_may_be_changed_before_the_backward_pass_of_attention(blocked, monkeypatch):
    """Also where the scores are computed a second time on the way back."""
    if tiles := sys.modules.get("neural_net_layers.fast.attention_tiles"):
        monkeypatch.setattr(tiles, "KEPT", 0)
    grads = []
    for change in (False, True):
        q, k, v = (Tensor(numbers(2, 3, 7, 4, seed=i), requires_grad=True) for i in range(3))
        keep = causal_keep(7)
        y = layers.scaled_dot_product_attention(q, k, v, keep=keep, blocked=blocked)
        if change:
            keep[...] = ~keep
        (y * y).sum().backward()
        grads.append([x.grad for x in (q, k, v)])
    for a, b in zip(*grads, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_weights_of_a_bag_may_be_changed_before_the_backward_pass():
    s, w = np.array([[2.0, 3.0]], np.float32), Tensor(numbers(3, 2), requires_grad=True)
    y = layers.embedding_bag([[0, 1]], w, per_sample_weights=s, mode="sum")
    s[...] = 0
    y.sum().backward()
    assert w.grad.tolist() == [[2, 2], [3, 3], [0, 0]]


# --- what an array means ---------------------------------------------------------------------


def as_matrix(x):
    return x.view(np.matrix) if x.ndim == 2 else x


def as_masked(x):
    return np.ma.masked_array(x, mask=False)


class Strange(np.ndarray):
    """An array whose operators mean something else."""

    def __mul__(self, other):
        raise AssertionError("asked for another meaning")

    __add__ = __sub__ = __matmul__ = __mul__


@every_layer
@pytest.mark.parametrize("view", [as_matrix, as_masked, lambda x: x.view(Strange)])
def test_a_subclass_of_array_counts_as_the_numbers_that_it_holds(name, view):
    layer = make(name, **quiet(name))
    _, inputs, options = RECIPES[name]
    expected = called(layer.eval(), name)
    found = flat(layer(*map(view, inputs), **{k: view(v) for k, v in options.items()}))
    for y, z in zip(found, expected, strict=True):
        assert type(y.data) is np.ndarray
        assert y.dtype == z.dtype
        np.testing.assert_array_equal(y.data, z.data)


@every_layer
def test_an_array_that_hides_something_is_refused(name):
    layer = make(name, **quiet(name))
    _, inputs, options = RECIPES[name]
    hiding = [*inputs, *options.values()]
    keys = [*range(len(inputs)), *options]
    for key, array in zip(keys, hiding, strict=True):
        masked = np.ma.masked_array(array, mask=np.arange(array.size).reshape(array.shape) == 1)
        positional, named = list(inputs), dict(options)
        (positional if isinstance(key, int) else named)[key] = masked
        with pytest.raises(DTypeError, match="masked array"):
            layer(*positional, **named)


# --- what is masked takes part in nothing ----------------------------------------------------


def run(name, layer, poison, options):
    """Return outputs where they count, and gradients, with a number in all that is masked."""
    _, inputs, given = RECIPES[name]
    masks = {0: given.get("key_keep"), 1: given.get("memory_key_keep")}
    if name == "MultiHeadAttention":
        masks = {0: None, 1: given["key_keep"]}
    if "lengths" in given:
        masks = {0: padding_keep(given["lengths"], 5)}
    leaves = []
    for i, x in enumerate(inputs):
        x = x.copy()
        if masks.get(i) is not None:
            x[~masks[i]] = poison
        leaves.append(Tensor(x, requires_grad=True))
    y, *others = flat(layer(*leaves, **given, **options))
    kept = np.ones(y.shape[:2], bool) if masks[0] is None else masks[0]
    loss = (y[kept] * numbers(*y[kept].shape)).sum()
    for i, other in enumerate(others):
        loss = loss + (other * numbers(*other.shape, seed=i)).sum()
    loss.backward()
    grads = [x.grad[masks[i]] if masks.get(i) is not None else x.grad for i, x in enumerate(leaves)]
    grads += [p.grad for p in layer.parameters()]
    return [y.data[kept], *(other.data for other in others), *grads]


MASKED = [name for name, (_, _, given) in RECIPES.items() if {"key_keep", "lengths"} & set(given)]


@pytest.mark.parametrize("name", MASKED)
@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("variant", [0, 1])
def test_what_is_masked_takes_part_in_nothing(name, poison, variant):
    """NaN or infinity in it changes neither outputs nor gradients of the rest."""
    cls = class_of(name)
    variants = {
        "norm_first": {"norm_first": True},
        "bidirectional": {"bidirectional": True, "num_layers": 2},
        "causal": {"causal": True},
    }
    options = {}
    if variant:
        fitting = [value for key, value in variants.items() if key in parameters_of(cls)]
        if not fitting:
            pytest.skip("has no other form")
        options = fitting[0]
    layer = make(name, **options, **quiet(name), rng=np.random.default_rng(1))
    expected = run(name, layer, 0.0, {})
    layer.zero_grad()
    found = run(name, layer, poison, {})
    for g, h in zip(found, expected, strict=True):
        np.testing.assert_allclose(g, h, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("blocked", [False, True])
@pytest.mark.parametrize("heads", [1, 2, None])
@pytest.mark.parametrize("kind", ["keys", "queries and keys", "causal"])
def test_keys_that_no_query_sees_take_part_in_nothing(blocked, heads, kind):
    """Whatever shape the mask comes in."""
    shapes = [(2, 2, 3, 4), (2, heads, 5, 4), (2, heads, 5, 4)]
    if heads is None:
        shapes = [(3, 4), (5, 4), (5, 4)]
    hidden = np.array([False, False, True, False, True])
    options = {"keep": ~hidden}
    if kind == "queries and keys":
        options = {"keep": np.broadcast_to(~hidden, (3, 5))}
    if kind == "causal":
        hidden, options = np.arange(5) > 2, {"causal": True}
    results = []
    for poison in (0.0, np.nan):
        arrays = [numbers(*shape, seed=i) for i, shape in enumerate(shapes)]
        for x in arrays[1:]:
            x[..., hidden, :] = poison
        leaves = [Tensor(x, requires_grad=True) for x in arrays]
        y = layers.scaled_dot_product_attention(*leaves, blocked=blocked, **options)
        (y * y).sum().backward()
        results.append([y.data, *(x.grad for x in leaves)])
        assert not leaves[1].grad[..., hidden, :].any()
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_a_padding_row_takes_part_in_no_bag():
    table = np.array([[np.nan] * 2, [1, 2], [3, 4]], np.float32)
    for mode in ("sum", "mean", "max"):
        w = Tensor(table, requires_grad=True)
        y = layers.embedding_bag([[0, 1], [2, 0]], w, mode=mode, padding_idx=0)
        assert y.tolist() == [[1, 2], [3, 4]]
        y.sum().backward()
        assert w.grad.tolist() == [[0, 0], [1, 1], [1, 1]]


# --- one order -----------------------------------------------------------------------------------

# PyTorch's own orders, which contradict each other.
AS_IN_PYTORCH = {
    *(frozenset({f"ConvTranspose{n}D", f"Conv{m}D"}) for n in (1, 2) for m in (1, 2)),
    *(frozenset({f"conv_transpose{n}d", f"conv{m}d"}) for n in (1, 2) for m in (1, 2)),
    *(
        frozenset({one, f"{other}{n}D"})
        for one in ("Unfold", "Fold")
        for other in ("Conv", "ConvTranspose", "MaxPool", "AvgPool")
        for n in (1, 2)
    ),
    *(
        frozenset(pair)
        for pair in (
            ("Unfold", "MaxUnpool2D"),
            ("Fold", "MaxUnpool2D"),
            ("unfold", "max_unpool2d"),
            ("fold", "max_unpool2d"),
        )
    ),
    *(
        frozenset({one, f"{other}{n}d"})
        for one in ("unfold", "fold")
        for other in ("conv", "conv_transpose", "max_pool", "avg_pool")
        for n in (1, 2)
    ),
    frozenset({"Embedding", "EmbeddingBag"}),
    frozenset({"embedding", "embedding_bag"}),
    frozenset({"VanillaRNN", "RNNCell"}),
}


def positional(call):
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [key for key, p in inspect.signature(call).parameters.items() if p.kind in kinds]


@pytest.mark.parametrize("kind", ["classes", "functions"])
def test_sisters_take_their_arguments_in_one_order(kind):
    names = [
        name
        for name in layers.__all__
        if inspect.isclass(getattr(layers, name)) == (kind == "classes")
    ]
    wrong = []
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            a, b = positional(getattr(layers, one)), positional(getattr(layers, other))
            if [n for n in a if n in b] != [n for n in b if n in a]:
                wrong.append((one, other))
    assert {frozenset(pair) for pair in wrong} == {
        pair for pair in AS_IN_PYTORCH if all(name in names for name in pair)
    }


def test_an_initializer_of_the_library_fits_everywhere():
    for name in RECIPES:
        if "init" in parameters_of(class_of(name)):
            layer = make(name, init=init.kaiming_uniform)
            assert all(np.isfinite(p.data).all() for p in layer.parameters())


# --- arguments of other names -------------------------------------------------------------------

PYTORCHS = [
    (lambda: layers.TransformerEncoderLayer(8, nhead=2), "num_heads"),
    (lambda: layers.TransformerEncoderLayer(d_model=8, num_heads=2), "features"),
    (lambda: layers.TransformerEncoderLayer(8, 2, dim_feedforward=9), "hidden_features"),
    (lambda: layers.TransformerDecoder(2, 8, 2, layer_norm_eps=1e-6), "eps"),
    (lambda: layers.TransformerEncoder(2, 8, 2, pre_norm=True), "norm_first"),
    (lambda: layers.MultiHeadAttention(8, 2, batch_first=True), "the batch comes first"),
    (lambda: layers.MultiHeadAttention(8, 2, kdim=3), "key_features"),
    (lambda: layers.Conv2D(3, filters=4, kernel_size=3), "out_channels"),
    (lambda: layers.Embedding(3, 4, sparse=True), "gradients are dense"),
    (lambda: layers.Dropout(inplace=True), "results are new arrays"),
    (lambda: layers.LayerNorm(3, device="cpu"), "main memory"),
    (lambda: layers.LSTM(3, 4)(STEPS, hx=None), "state"),
    (lambda: layers.MultiHeadAttention(8, 2)(SEQUENCE, attn_mask=None), "keep"),
    (lambda: layers.SelfAttention(8, 2)(SEQUENCE, key_padding_mask=None), "key_keep"),
    (lambda: layers.TransformerEncoder(1, 8, 2)(SEQUENCE, is_causal=True), "causal"),
    (lambda: layers.Transformer(d_model=8), "features"),
    (lambda: layers.Transformer(8, 2, 1, 1)(SEQUENCE, SEQUENCE, src_mask=None), "src_keep"),
    (
        lambda: layers.Transformer(8, 2, 1, 1)(SEQUENCE, SEQUENCE, tgt_key_padding_mask=None),
        "tgt_key_keep",
    ),
    (
        lambda: layers.Transformer(8, 2, 1, 1)(SEQUENCE, SEQUENCE, tgt_is_causal=True),
        "tgt_causal",
    ),
]


@pytest.mark.parametrize(("call", "here"), PYTORCHS)
def test_an_argument_of_another_name_is_explained(call, here):
    with pytest.raises(TypeError, match=rf"\w+: unknown argument '\w+': here it is .*{here}"):
        call()


@every_layer
def test_other_wrong_calls_are_python_s_own_errors(name):
    with pytest.raises(TypeError, match="unexpected keyword argument 'nonsense'"):
        make(name, nonsense=1)
    signature = inspect.signature(class_of(name))
    assert "self" not in signature.parameters and "kwargs" not in signature.parameters
