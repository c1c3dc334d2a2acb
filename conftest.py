"""Every test finds the library's generator in the same state, so that a failure comes back."""

import pytest
from hypothesis import settings

import neural_net_core

# A test does not measure time: on a busy machine any example may take longer than a limit.
settings.register_profile("untimed", settings.default, deadline=None)
settings.load_profile("untimed")


def pytest_collectstart() -> None:
    """Restart it also for what a file of tests draws while it is imported."""
    neural_net_core.seed(0)


@pytest.fixture(autouse=True, scope="module")
def seeded_for_a_file() -> None:
    """Restart it before anything is made that all tests of a file share."""
    neural_net_core.seed(0)


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Restart the generator that layers without an `rng` of their own draw from."""
    neural_net_core.seed(0)
