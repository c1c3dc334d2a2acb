"""Charts of plain numbers."""

__all__: list[str] = []
