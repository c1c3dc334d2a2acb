"""Convolutions as products of matrices, by columns or by Cook and Toom. Unstable."""

__all__: list[str] = []
