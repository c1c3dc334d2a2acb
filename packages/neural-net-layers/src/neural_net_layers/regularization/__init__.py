"""Random omissions that make a network robust."""

__all__: list[str] = []
