"""Smaller and larger images and sequences: pooling and resampling."""

__all__: list[str] = []
