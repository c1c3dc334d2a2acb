"""The training loop, what it records, and what takes part in it."""

__all__: list[str] = []
