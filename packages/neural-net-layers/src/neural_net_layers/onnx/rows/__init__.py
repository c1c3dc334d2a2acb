"""The rows of the table, one file for each family of operations."""

__all__: list[str] = []
