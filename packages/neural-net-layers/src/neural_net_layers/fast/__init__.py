"""What fast forms are made of: blocks, products in parts, units of work. Unstable."""

__all__: list[str] = []
