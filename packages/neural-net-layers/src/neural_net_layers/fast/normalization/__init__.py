"""Normalizations over rows and channels, in blocks. Unstable."""

__all__: list[str] = []
