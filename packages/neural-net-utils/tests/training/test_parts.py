"""What a run keeps apart: callbacks by their names, and their end."""

import pytest

from neural_net_utils import Callback
from neural_net_utils.training._parts import close_all, named_callbacks


class One(Callback):
    """Closes, or fails to."""

    def __init__(self, failure=None):
        self.failure, self.closed = failure, False

    def close(self):
        self.closed = True
        if self.failure is not None:
            raise self.failure


class Other(One):
    """A second class of callbacks."""


def test_callbacks_are_named_by_class_and_the_later_ones_numbered():
    callbacks = [One(), Other(), One(), One(), Other()]
    named = named_callbacks(callbacks)
    assert list(named) == ["One", "Other", "One.1", "One.2", "Other.1"]
    assert list(named.values()) == callbacks


def test_all_are_closed_and_the_first_failure_is_raised_with_a_word_of_the_others():
    first, second = ValueError("a"), KeyError("b")
    callbacks = [One(), One(first), Other(second), One()]
    with pytest.raises(ValueError, match="a") as caught:
        close_all(callbacks, None)
    assert all(callback.closed for callback in callbacks)
    assert caught.value.__notes__ == ["Other.close() failed, too: KeyError('b')"]


def test_an_error_that_ended_the_run_comes_first():
    error = RuntimeError("step")
    close_all([One(ValueError("a"))], error)  # the error itself is on its way already
    assert error.__notes__ == ["One.close() failed, too: ValueError('a')"]
    close_all([One()], None)
