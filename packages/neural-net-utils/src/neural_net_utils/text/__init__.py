"""Tokenizers, and text from a model's scores."""

__all__: list[str] = []
