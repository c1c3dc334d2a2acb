"""Convolutions of sequences and images."""

__all__: list[str] = []
