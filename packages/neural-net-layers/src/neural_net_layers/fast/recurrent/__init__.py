"""Recurrences over packed sequences, in blocks of steps. Unstable."""

__all__: list[str] = []
