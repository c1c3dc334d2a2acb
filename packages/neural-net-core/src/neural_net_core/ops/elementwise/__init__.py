"""Functions of each element by itself; `neural_net_core.ops` re-exports them."""

__all__: list[str] = []
