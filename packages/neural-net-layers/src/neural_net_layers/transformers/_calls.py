"""How transformers are called, for type checkers: the weights come too where they are asked for.

`Cache` is what a call may keep for the next one, `Weights` what `need_weights=True` adds.
"""

from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, Unpack, overload

from neural_net_core.modules.module import Module
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers.attention._options import Masks

__all__: list[str] = []

Cache = TypeVar("Cache")
Weights = TypeVar("Weights")


class EncoderOptions(Masks, Generic[Cache], total=False):
    """Of `TransformerEncoder` and its layers."""

    causal: bool
    cache: Cache | None


class DecoderOptions(Masks, Generic[Cache], total=False):
    """Of `TransformerDecoder` and its layers."""

    causal: bool
    memory_keep: TensorLike | None
    memory_key_keep: TensorLike | None
    cache: Cache | None


class Encoding(Module, Generic[Cache, Weights]):
    """A module that is called with a sequence, or a stack of such."""

    if TYPE_CHECKING:

        @overload
        def __call__(
            self,
            x: TensorLike,
            *,
            need_weights: Literal[False] = False,
            **options: Unpack[EncoderOptions[Cache]],
        ) -> Tensor: ...
        @overload
        def __call__(
            self,
            x: TensorLike,
            *,
            need_weights: Literal[True],
            **options: Unpack[EncoderOptions[Cache]],
        ) -> tuple[Tensor, Weights]: ...
        @overload
        def __call__(
            self, x: TensorLike, *, need_weights: bool, **options: Unpack[EncoderOptions[Cache]]
        ) -> Tensor | tuple[Tensor, Weights]: ...
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...


class Decoding(Module, Generic[Cache, Weights]):
    """A module that is called with a sequence and a memory, or a stack of such."""

    if TYPE_CHECKING:

        @overload
        def __call__(
            self,
            x: TensorLike,
            memory: TensorLike,
            *,
            need_weights: Literal[False] = False,
            **options: Unpack[DecoderOptions[Cache]],
        ) -> Tensor: ...
        @overload
        def __call__(
            self,
            x: TensorLike,
            memory: TensorLike,
            *,
            need_weights: Literal[True],
            **options: Unpack[DecoderOptions[Cache]],
        ) -> tuple[Tensor, Weights]: ...
        @overload
        def __call__(
            self,
            x: TensorLike,
            memory: TensorLike,
            *,
            need_weights: bool,
            **options: Unpack[DecoderOptions[Cache]],
        ) -> Tensor | tuple[Tensor, Weights]: ...
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
