"""The library's random generator, used wherever a constructor is given none of its own.

Two runs that begin with `seed(n)` draw the same numbers and so end bit-identical on one machine.
NumPy's global generator is never touched: what other code draws cannot change a result here.
"""

import numpy as np

from neural_net_core.checks import check_count

__all__ = ["default_rng", "resolve_rng", "seed"]

_generator = np.random.default_rng()


def seed(n: int) -> None:
    """Restart the library's generator, in place, so that every holder of it sees the restart.

    Args:
        n: Any integer from 0 up, of up to 128 bits.

    Raises:
        ValueError: If it is none, so that no run is seeded with what it never repeats, such as
            None or the time.

    Examples:
        >>> seed(7)
        >>> first = default_rng().random()
        >>> seed(7)
        >>> default_rng().random() == first
        True
    """
    # As many bits as NumPy itself draws for a seed: more have no use.
    n = check_count("seed", "n", n, 0, 2**128 - 1)
    _generator.bit_generator.state = np.random.default_rng(n).bit_generator.state


def default_rng() -> np.random.Generator:
    """Return the library's generator itself, not a copy: drawing from it advances it."""
    return _generator


def resolve_rng(rng: np.random.Generator | None) -> np.random.Generator:
    """Return the given generator, or the library's when None is given."""
    if rng is None:
        return _generator
    if not isinstance(rng, np.random.Generator):
        raise ValueError(
            f"rng: expected a np.random.Generator or None, got {type(rng).__name__}; "
            "np.random.default_rng(seed) makes one"
        )
    return rng
