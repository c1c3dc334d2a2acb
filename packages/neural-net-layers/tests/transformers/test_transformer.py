"""The transformer whole: what reads, what writes, and what each may see."""

import inspect

import numpy as np
import pytest

from neural_net_core import Module, ShapeError, Tensor, no_grad
from neural_net_layers import (
    MultiHeadAttention,
    RMSNorm,
    RotaryEmbedding,
    Transformer,
    TransformerDecoder,
    TransformerDecoderLayer,
    TransformerEncoder,
    TransformerEncoderLayer,
    padding_keep,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def numbers(*shape, seed=0):
    return rng(seed).normal(size=shape).astype(np.float32)


def model(**options):
    sizes = {"num_encoder_layers": 2, "num_decoder_layers": 2, "hidden_features": 12}
    return Transformer(8, 2, **{"dropout": 0.0, "rng": rng(), **sizes, **options})


SRC, TGT = numbers(2, 6, 8), numbers(2, 5, 8, seed=1)


def test_it_is_the_encoder_and_then_the_decoder():
    net = model(norm_first=True, activation="gelu")
    expected = net.decoder(TGT, net.encoder(SRC))
    np.testing.assert_array_equal(net(SRC, TGT).data, expected.data)


def test_sizes_of_the_paper_unless_told_otherwise():
    parameters = inspect.signature(Transformer).parameters
    assert [p.default for p in parameters.values()][:5] == [512, 8, 6, 6, None]
    net = Transformer(8, 2, 3, 1)
    assert len(net.encoder.layers) == 3
    assert len(net.decoder.layers) == 1
    assert net.encoder.layers[0].linear1.weight.shape == (32, 8)


def test_parameters_carry_pytorchs_names():
    names = list(model().state_dict())
    assert names[0] == "encoder.layers.0.self_attn.in_proj_weight"
    assert "encoder.norm.weight" in names
    assert "decoder.layers.1.multihead_attn.out_proj.bias" in names
    assert names[-1] == "decoder.norm.bias"
    assert not any(".norm.bias" in name for name in model(final_norm=False).state_dict())


def test_weights_are_drawn_from_xaviers_distribution_as_in_pytorch():
    """Also those of the feed-forward parts, which a layer by itself draws as a `Dense` does."""
    for name, p in model(hidden_features=64).named_parameters():
        if p.ndim == 2:
            bound = np.sqrt(6 / sum(p.shape))
            assert 0.8 * bound < np.abs(p.data).max() <= bound, name


def changed(x, position):
    x = x.copy()
    x[:, position] += 1
    return x


def test_who_sees_what():
    """The target itself and what stands before it; all of the source; unless told otherwise."""
    net = model()
    y = net(SRC, TGT).data
    later = net(SRC, changed(TGT, 3)).data
    assert y[:, :3].tobytes() == later[:, :3].tobytes()
    assert (y[:, 3:] != later[:, 3:]).any(axis=(0, 2)).all()
    assert (y != net(changed(SRC, 5), TGT).data).any(axis=(0, 2)).all()
    free = [net(SRC, x, tgt_causal=False).data[:, :3] for x in (TGT, changed(TGT, 3))]
    assert free[0].tobytes() != free[1].tobytes()
    memory = [net.encoder(x, causal=True).data[:, :5] for x in (SRC, changed(SRC, 5))]
    assert memory[0].tobytes() == memory[1].tobytes()
    expected = net.decoder(TGT, net.encoder(SRC, causal=True)).data
    np.testing.assert_array_equal(net(SRC, TGT, src_causal=True).data, expected)


@pytest.mark.parametrize("filling", [0.0, 99.0, np.nan])
def test_padding_takes_part_in_nothing(filling):
    """Of the source in the decoder too, though nobody says so a second time."""
    net, src, tgt = model(), SRC.copy(), TGT.copy()
    src[1, 4:], tgt[1, 3:] = filling, filling
    masks = {"src_key_keep": padding_keep([6, 4]), "tgt_key_keep": padding_keep([5, 3])}
    y = net(src, tgt, **masks).data
    np.testing.assert_allclose(y[0], net(SRC[:1], TGT[:1]).data[0], rtol=1e-4, atol=1e-5)
    alone = net(SRC[1:, :4], TGT[1:, :3]).data[0]
    np.testing.assert_allclose(y[1, :3], alone, rtol=1e-4, atol=1e-5)


def test_the_decoder_may_be_told_otherwise_about_the_memory():
    net, keep = model(), padding_keep([6, 4])
    memory = net.encoder(SRC, key_keep=keep)
    for memory_keep in (padding_keep([6, 6]), padding_keep([2, 3], 6)):
        y = net(SRC, TGT, src_key_keep=keep, memory_key_keep=memory_keep)
        expected = net.decoder(TGT, memory, memory_key_keep=memory_keep)
        np.testing.assert_array_equal(y.data, expected.data)


def test_every_other_mask_reaches_its_attention():
    net, draw = model(), rng(3)
    keeps = {
        "src_keep": draw.random((6, 6)) < 0.7,
        "tgt_keep": draw.random((5, 5)) < 0.7,
        "memory_keep": draw.random((5, 6)) < 0.7,
    }
    biases = {"src_bias": numbers(6, 6), "tgt_bias": numbers(5, 5)}
    memory = net.encoder(SRC, keep=keeps["src_keep"], bias=biases["src_bias"])
    expected = net.decoder(
        TGT,
        memory,
        keep=keeps["tgt_keep"],
        bias=biases["tgt_bias"],
        memory_keep=keeps["memory_keep"],
    )
    np.testing.assert_array_equal(net(SRC, TGT, **keeps, **biases).data, expected.data)
    for name, mask in (keeps | biases).items():
        assert (net(SRC, TGT, **{name: mask}).data != net(SRC, TGT).data).any(), name


@pytest.mark.parametrize(
    "options", [{}, {"norm_first": True, "num_kv_heads": 1, "position": RotaryEmbedding(4)}]
)
def test_writing_token_by_token_with_a_cache_gives_the_same(options):
    net, keep = model(**options).eval(), padding_keep([6, 4])
    expected = net(SRC, TGT, src_key_keep=keep).data
    with no_grad():
        memory, cache = net.encoder(SRC, key_keep=keep), net.decoder.new_cache()
        parts = [
            net.decoder(piece, memory, memory_key_keep=keep, cache=cache).data
            for piece in np.split(TGT, 5, axis=1)
        ]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), expected, rtol=1e-4, atol=1e-5)


def test_the_weights_of_all_attentions():
    y, (seen, both) = model()(SRC, TGT, need_weights=True)
    assert y.shape == (2, 5, 8)
    assert [w.shape for w in seen] == [(2, 2, 6, 6)] * 2
    assert [(own.shape, read.shape) for own, read in both] == [((2, 2, 5, 5), (2, 2, 5, 6))] * 2
    np.testing.assert_array_equal(y.data, model()(SRC, TGT).data)


def test_parts_of_ones_own():
    class Doubled(Module):
        """An encoder that notes what it was called with."""

        def forward(self, x, *, keep, key_keep, bias, causal, need_weights):
            self.seen = (keep, key_keep, bias, causal, need_weights)
            return 2 * x

    net = model(custom_encoder=Doubled())
    expected = net.decoder(TGT, 2 * SRC)
    np.testing.assert_array_equal(net(SRC, TGT).data, expected.data)
    decoder = TransformerDecoder(1, 8, 2, dropout=0.0)
    assert model(custom_decoder=decoder).decoder is decoder


# The options of attention ------------------------------------------------------------------------

STACKS = [
    lambda **options: TransformerEncoderLayer(8, 2, dropout=0.0, **options),
    lambda **options: TransformerDecoderLayer(8, 2, dropout=0.0, **options),
    lambda **options: TransformerEncoder(2, 8, 2, dropout=0.0, **options),
    lambda **options: TransformerDecoder(2, 8, 2, dropout=0.0, **options),
    model,
]


def attentions(module):
    return [m for m in module.modules() if isinstance(m, MultiHeadAttention)]


def test_whatever_attention_can_be_told_the_blocks_and_stacks_can_be_told():
    """But the widths of its inputs, which follow from where it stands."""
    known = set(inspect.signature(MultiHeadAttention).parameters)
    for cls in (
        *(TransformerEncoderLayer, TransformerDecoderLayer),
        *(TransformerEncoder, TransformerDecoder, Transformer),
    ):
        lacking = known - set(inspect.signature(cls).parameters)
        assert lacking == {"key_features", "value_features"}, cls.__name__


@pytest.mark.parametrize("make", STACKS)
def test_they_hand_it_on_to_every_attention(make):
    net = make(
        num_kv_heads=1, head_features=6, value_head_features=3, qk_norm=RMSNorm, out_bias=False
    )
    assert attentions(net)
    for attention in attentions(net):
        assert attention.in_proj_weight.shape == (2 * 6 + 6 + 3, 8)
        assert attention.out_proj.weight.shape == (8, 2 * 3)
        assert attention.out_proj.bias is None
        assert attention.in_proj_bias is not None
        assert isinstance(attention.q_norm, RMSNorm)
        assert attention.k_norm.weight.shape == (6,)
    reads_one = isinstance(net, TransformerEncoder | TransformerEncoderLayer)
    assert (net(TGT) if reads_one else net(SRC, TGT)).shape[2] == 8


# Errors ------------------------------------------------------------------------------------------


def test_wrong_settings_and_inputs_are_named():
    with pytest.raises(ValueError, match="Transformer: num_encoder_layers must be an int >= 1"):
        Transformer(8, 2, 0)
    with pytest.raises(ValueError, match="Transformer: num_decoder_layers must be an int >= 1"):
        Transformer(8, 2, 1, 1.5)
    with pytest.raises(ValueError, match="Transformer: custom_encoder must be a Module, got"):
        Transformer(8, 2, custom_encoder=lambda x: x)
    for src, tgt in ((SRC[:1], TGT), (SRC[0], TGT), (SRC, TGT[0])):
        with pytest.raises(
            ShapeError, match=r"Transformer: expected src \(B, S, 8\) and tgt \(B, T, 8\), got \("
        ):
            model()(src, tgt)
    with pytest.raises(ShapeError, match=r"expected query \(B, T, 8\), got \(2, 5, 7\)"):
        model()(SRC, TGT[..., :7])
    with pytest.raises(TypeError, match=r"'src_mask': .*src_keep"):
        model()(SRC, TGT, src_mask=None)


def test_every_parameter_gets_a_gradient():
    net = model(norm_first=True, activation="gelu")
    y = net(Tensor(SRC, requires_grad=True), TGT)
    (y * numbers(*y.shape)).sum().backward()
    for name, p in net.named_parameters():
        assert p.grad is not None, name
