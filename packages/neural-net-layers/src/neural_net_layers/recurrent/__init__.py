"""Networks that read a sequence step by step and carry a state."""

__all__: list[str] = []
