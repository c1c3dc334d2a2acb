"""Modules: what holds parameters, and the parts that every network is built of."""

__all__: list[str] = []
