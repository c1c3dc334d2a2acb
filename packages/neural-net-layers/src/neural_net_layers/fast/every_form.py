"""Imports every fast form of the package, which registers it."""

__all__: list[str] = []
