"""What fast forms are made of: blocks that fit the cache, and threads. Unstable."""

__all__: list[str] = []
