"""Where time and memory go."""

__all__: list[str] = []
