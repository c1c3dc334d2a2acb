"""Attention, its masks and the cache of what has been read."""

__all__: list[str] = []
