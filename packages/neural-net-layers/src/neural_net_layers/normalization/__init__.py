"""Normalizations: over the batch, over features, over groups of channels."""

__all__: list[str] = []
