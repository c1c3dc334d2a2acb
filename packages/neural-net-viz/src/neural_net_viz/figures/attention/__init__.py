"""Figures of attention and of sequences."""

__all__: list[str] = []
