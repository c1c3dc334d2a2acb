"""Every test finds the library's generator in the same state, so that a failure comes back."""

import pytest

import neural_net_core


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Restart the generator that layers without an `rng` of their own draw from."""
    neural_net_core.seed(0)
