"""A step recorded once and then run again as NumPy calls alone: experimental.

`RecordedStep` stands at the root of the package.
"""

__all__: list[str] = []
