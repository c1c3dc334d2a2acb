r"""The transformer whole, as it was first published: an encoder reads, a decoder writes.

    memory = encoder(src)                  every position of the source sees all of it
    y = decoder(tgt, memory)               every position of the target sees those before it, and
                                           all of the source

What the source and the target are made of (token vectors, and marks of where they stand) and what
is made of y (scores of the next token) stand outside of it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, overload

import numpy as np
import numpy.typing as npt

from neural_net_core import init as initializers
from neural_net_core.checks import check_count, check_flag, check_instance
from neural_net_core.errors import ShapeError
from neural_net_core.init import Initializer
from neural_net_core.modules.inputs import as_input
from neural_net_core.modules.module import Module
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers.attention.multi_head_attention import Position
from neural_net_layers.transformers._feed_forward import Activation
from neural_net_layers.transformers.transformer_decoder import TransformerDecoder
from neural_net_layers.transformers.transformer_encoder import TransformerEncoder

__all__ = ["Transformer"]

Weights = tuple[list[Tensor], list[tuple[Tensor, Tensor]]]


class Options(TypedDict, total=False):
    """What a `Transformer` is called with, for the overloads."""

    src_keep: TensorLike | None
    src_key_keep: TensorLike | None
    src_bias: TensorLike | None
    src_causal: bool
    tgt_keep: TensorLike | None
    tgt_key_keep: TensorLike | None
    tgt_bias: TensorLike | None
    tgt_causal: bool
    memory_keep: TensorLike | None
    memory_key_keep: TensorLike | None


class Transformer(Module):
    r"""An encoder that reads one sequence, and a decoder that writes another with it in view.

    $$ y = \mathrm{decoder}(\text{tgt},\; \mathrm{encoder}(\text{src})) $$

    Called the same in PyTorch, whose parameters load as they are and give the same numbers. What
    differs there: the sequence comes first unless told otherwise; the target is **not causal**
    unless a mask says so; masks say what may *not* be attended to; `dim_feedforward` is 2048 at
    every width; and padding of the source is hidden from the encoder alone, so that the decoder
    reads what became of it, unless it is told of the padding a second time.

    To write token by token, read the source once and give the decoder a cache:

        memory = model.encoder(src)
        cache = model.decoder.new_cache()
        y = model.decoder(next_vector, memory, cache=cache)    under no_grad(), again and again

    Args:
        features: D, the width.
        num_heads: H, a divisor of D unless `head_features` is given.
        num_encoder_layers: How many layers read.
        num_decoder_layers: How many layers write.
        hidden_features: The width inside the feed-forward parts; None means 4 D.
        custom_encoder: A module to take the encoder's place, called as `TransformerEncoder` is.
        custom_decoder: A module to take the decoder's place, called as `TransformerDecoder` is.
        final_norm: Whether a norm follows the last layer of each. PyTorch's always have one.
        dropout: This and all that follow as in `TransformerEncoderLayer`.
        activation: Likewise.
        norm_first: Likewise.
        bias: Likewise.
        eps: Likewise, and of the norms at the ends.
        norm: Likewise, and makes the norms at the ends.
        num_kv_heads: Likewise, in all attentions.
        head_features: Likewise.
        value_head_features: Likewise.
        qk_norm: Likewise.
        out_bias: Likewise.
        position: Likewise, in the self-attentions of both.
        init: Initializer of all weights; None means Xavier-uniform, as in PyTorch.
        rng: Likewise; all layers draw from it, one after the other.
        dtype: Likewise.

    Shape:
        src (B, S, D), tgt (B, T, D) -> (B, T, D)

    Attributes:
        encoder: `TransformerEncoder`.
        decoder: `TransformerDecoder`.

    Raises:
        ShapeError: If batches or widths differ.

    References:
        Vaswani et al. (2017), arXiv:1706.03762, section 3 and figure 1; the norms at the ends are
        PyTorch's, the paper's last norms are those of the last layers.

    Examples:
        >>> import numpy as np
        >>> model = Transformer(8, 2, 1, 1)
        >>> model(np.ones((1, 5, 8), np.float32), np.ones((1, 3, 8), np.float32)).shape
        (1, 3, 8)
    """

    encoder: TransformerEncoder
    decoder: TransformerDecoder

    def __init__(
        self,
        features: int = 512,
        num_heads: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        hidden_features: int | None = None,
        *,
        custom_encoder: Module | None = None,
        custom_decoder: Module | None = None,
        final_norm: bool = True,
        dropout: float = 0.1,
        activation: Activation = "relu",
        norm_first: bool = False,
        bias: bool = True,
        eps: float = 1e-5,
        norm: Callable[[int], Module] | None = None,
        num_kv_heads: int | None = None,
        head_features: int | None = None,
        value_head_features: int | None = None,
        qk_norm: Callable[[int], Module] | None = None,
        out_bias: bool | None = None,
        position: Position | None = None,
        init: Initializer | None = None,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        name = "Transformer"
        self.features = check_count(name, "features", features)
        common: dict[str, Any] = {
            "final_norm": check_flag(name, "final_norm", final_norm),
            "dropout": dropout,
            "activation": activation,
            "norm_first": norm_first,
            "bias": bias,
            "eps": eps,
            "norm": norm,
            "num_kv_heads": num_kv_heads,
            "head_features": head_features,
            "value_head_features": value_head_features,
            "qk_norm": qk_norm,
            "out_bias": out_bias,
            "position": position,
            "init": initializers.xavier_uniform if init is None else init,
            "rng": rng,
            "dtype": dtype,
        }
        sizes = (features, num_heads, hidden_features)
        for kind, num_layers, custom in (
            (TransformerEncoder, num_encoder_layers, custom_encoder),
            (TransformerDecoder, num_decoder_layers, custom_decoder),
        ):
            what = kind.__name__.removeprefix("Transformer").lower()  # "encoder", "decoder"
            if custom is None:
                num_layers = check_count(name, f"num_{what}_layers", num_layers)
                part: Module = kind(num_layers, *sizes, **common)
            else:
                part = check_instance(name, f"custom_{what}", custom, Module)
            setattr(self, what, part)

    if TYPE_CHECKING:  # which result the flag gives; elsewhere checkers read it off forward

        @overload  # type: ignore[override]
        def __call__(
            self,
            src: TensorLike,
            tgt: TensorLike,
            *,
            need_weights: Literal[False] = False,
            **options: Unpack[Options],
        ) -> Tensor: ...
        @overload
        def __call__(
            self,
            src: TensorLike,
            tgt: TensorLike,
            *,
            need_weights: Literal[True],
            **options: Unpack[Options],
        ) -> tuple[Tensor, Weights]: ...
        @overload
        def __call__(
            self,
            src: TensorLike,
            tgt: TensorLike,
            *,
            need_weights: bool,
            **options: Unpack[Options],
        ) -> Tensor | tuple[Tensor, Weights]: ...
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

    def forward(
        self,
        src: TensorLike,
        tgt: TensorLike,
        *,
        src_keep: TensorLike | None = None,
        src_key_keep: TensorLike | None = None,
        src_bias: TensorLike | None = None,
        src_causal: bool = False,
        tgt_keep: TensorLike | None = None,
        tgt_key_keep: TensorLike | None = None,
        tgt_bias: TensorLike | None = None,
        tgt_causal: bool = True,
        memory_keep: TensorLike | None = None,
        memory_key_keep: TensorLike | None = None,
        need_weights: bool = False,
    ) -> Any:
        """Return what is written, after all layers.

        Args:
            src: What is read, (B, S, D).
            tgt: What is written so far, (B, T, D).
            src_keep: Booleans that broadcast to (B, H, S, S), **True = may be attended to**.
            src_key_keep: Booleans (B, S), True = a token of the source, False = padding.
            src_bias: Numbers that broadcast to (B, H, S, S), added to the encoder's scores.
            src_causal: Whether no position of the source may look ahead.
            tgt_keep: Booleans that broadcast to (B, H, T, T).
            tgt_key_keep: Booleans (B, T), True = a token of the target.
            tgt_bias: Numbers that broadcast to (B, H, T, T), added to the decoder's own scores.
            tgt_causal: Whether no position of the target may look ahead.
            memory_keep: Booleans that broadcast to (B, H, T, S).
            memory_key_keep: Booleans (B, S), True = a position of the source that the decoder may
                read; None means as `src_key_keep` says.
            need_weights: Whether to return the attentions' weights too.

        Returns:
            (B, T, D), or a pair of it and the weights: those of the encoder's layers in a list, and
            those of the decoder's, as the two return them.
        """
        src, tgt = as_input(self, src), as_input(self, tgt)
        batches = (src.shape[:1], tgt.shape[:1])
        if not src.ndim == tgt.ndim == 3 or len(set(batches)) > 1:
            raise ShapeError(
                f"Transformer: expected src (B, S, {self.features}) and tgt (B, T, "
                f"{self.features}), got {src.shape} and {tgt.shape}"
            )
        memory: Any = self.encoder(
            src,
            keep=src_keep,
            key_keep=src_key_keep,
            bias=src_bias,
            causal=src_causal,
            need_weights=need_weights,
        )
        memory, seen = memory if need_weights else (memory, None)
        y: Any = self.decoder(
            tgt,
            memory,
            keep=tgt_keep,
            key_keep=tgt_key_keep,
            bias=tgt_bias,
            causal=tgt_causal,
            memory_keep=memory_keep,
            memory_key_keep=src_key_keep if memory_key_keep is None else memory_key_keep,
            need_weights=need_weights,
        )
        if not need_weights:
            return y
        y, read = y
        return y, (seen, read)

    def extra_repr(self) -> str:
        """Return the width."""
        return f"{self.features}"
