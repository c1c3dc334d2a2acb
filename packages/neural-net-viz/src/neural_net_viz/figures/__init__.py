"""The figures, one file each; `neural_net_viz` re-exports their functions."""

__all__: list[str] = []
