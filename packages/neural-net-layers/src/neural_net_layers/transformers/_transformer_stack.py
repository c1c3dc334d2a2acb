"""What the transformer's two stacks share: layers one after the other, and a norm at the end."""

from collections.abc import Callable, Sequence
from typing import Any

from neural_net_core.checks import check_count, shown
from neural_net_core.modules.containers import ModuleList
from neural_net_core.modules.inputs import as_input
from neural_net_core.modules.module import Module
from neural_net_core.tensor import TensorLike
from neural_net_layers._checks import MOST_LAYERS
from neural_net_layers.attention.key_value_cache import unchanged_by_errors

__all__: list[str] = []


class TransformerStack(Module):
    """Layers one after the other, and a norm at the end or none."""

    layers: ModuleList
    norm: Module | None

    def _stack(
        self, num_layers: int, layer: Callable[[], Module], norm: Callable[[], Module] | None
    ) -> None:
        """Make the layers, one after the other, and then the norm at the end.

        Args:
            num_layers: How many.
            layer: Makes a layer.
            norm: Makes the norm; None means that there is none.
        """
        count = check_count(type(self).__name__, "num_layers", num_layers, 1, MOST_LAYERS)
        self.layers = ModuleList([layer() for _ in range(count)])
        self.norm = None if norm is None else norm()

    def _through(self, *inputs: TensorLike, cache: Any, need_weights: bool, **options: Any) -> Any:
        """Return what comes out at the end, and with `need_weights` what each layer attended to.

        Args:
            *inputs: What flows through the layers, then what each of them reads besides.
            cache: One for every layer, in a list, or None.
            need_weights: Whether to return the weights of every layer too.
            **options: What else each layer is called with.
        """
        y: Any
        y, *memory = (as_input(self, x) for x in inputs)
        weights, caches = [], self._caches(cache)
        with unchanged_by_errors(*caches):
            for layer, held in zip(self.layers, caches, strict=True):
                y = layer(y, *memory, cache=held, need_weights=need_weights, **options)
                if need_weights:
                    y, seen = y
                    weights.append(seen)
            y = y if self.norm is None else self.norm(y)
        return (y, weights) if need_weights else y

    def _caches(self, caches: Any) -> Sequence[Any]:
        """Return a cache for every layer, None for each if there are none, or raise."""
        layers = len(self.layers)
        if caches is None:
            return [None] * layers
        if isinstance(caches, list | tuple) and len(caches) == layers:
            return caches
        raise ValueError(
            f"{type(self).__name__}: cache must be a list of {layers}, one for each layer, as "
            f"new_cache() makes it, got {shown(caches)}"
        )
