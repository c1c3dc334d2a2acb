"""Vectors for tokens."""

__all__: list[str] = []
