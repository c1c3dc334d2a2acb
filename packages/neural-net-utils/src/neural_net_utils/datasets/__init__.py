"""Data sets: shipped with the package or generated."""

__all__: list[str] = []
