"""NumPy's calls as they are made: seen through the arrays that they take, and counted."""

__all__: list[str] = []
