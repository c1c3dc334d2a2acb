"""Weights that are computed from others: of a given length, or of a bounded effect."""

__all__: list[str] = []
