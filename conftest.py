"""Every test finds the library's generator in the same state, so that a failure comes back."""

import pytest
from hypothesis import settings

import neural_net_core

# A test does not measure time: on a busy machine any example may take longer than a limit.
settings.register_profile("untimed", settings.default, deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Restart the generator that layers without an `rng` of their own draw from."""
    neural_net_core.seed(0)
