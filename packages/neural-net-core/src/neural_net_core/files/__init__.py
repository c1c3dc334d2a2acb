"""Files: checkpoints, tensors by name, and writing a file whole or not at all."""

__all__: list[str] = []
