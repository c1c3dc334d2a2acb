"""Borders around sequences and images: of a constant, or taken from the array itself."""

__all__: list[str] = []
