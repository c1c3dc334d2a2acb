"""The transformer's blocks and their stacks."""

__all__: list[str] = []
