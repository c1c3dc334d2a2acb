"""What fast updates are made of: parameters in one array, and threads. Unstable."""

__all__: list[str] = []
