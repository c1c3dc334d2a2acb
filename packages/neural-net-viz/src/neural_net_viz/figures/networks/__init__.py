"""Figures of a network: its structure, its weights, what it computes."""

__all__: list[str] = []
