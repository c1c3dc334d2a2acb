"""Random numbers of any place of any epoch, reached at once."""

from __future__ import annotations

import numpy as np

__all__ = ["Places"]


class Places:
    """A generator that can be set to the numbers of one place of one epoch.

    Philox computes its n-th number from a key and n alone, so any place is reached at once; seeding
    a new generator for each would take longer than a small batch.

    Args:
        seed: the key.
    """

    def __init__(self, seed: int) -> None:
        self._key = np.array([seed, 0], dtype=np.uint64)
        self._source = np.random.Philox(key=0)
        self._generator = np.random.Generator(self._source)

    def at(self, epoch: int, place: int) -> np.random.Generator:
        """The generator, at the first number of the place."""
        counter = np.array([0, 0, place, epoch], dtype=np.uint64)  # draws count in the first two
        self._source.state = {
            "bit_generator": "Philox",
            "state": {"counter": counter, "key": self._key},
            "buffer": np.zeros(4, dtype=np.uint64),
            "buffer_pos": 4,
            "has_uint32": 0,
            "uinteger": 0,
        }
        return self._generator
