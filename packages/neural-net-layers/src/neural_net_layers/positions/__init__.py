"""Where something stands, as numbers."""

__all__: list[str] = []
