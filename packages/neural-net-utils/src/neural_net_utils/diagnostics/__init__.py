"""What a machine can do, and what a network has learned, as files for other programs."""

__all__: list[str] = []
