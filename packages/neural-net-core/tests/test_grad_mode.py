"""Recording is switched off and on again, per thread, whatever happens inside."""

import threading

import pytest

from neural_net_core import Tensor, enable_grad, is_grad_enabled, no_grad

X = Tensor([1.0], requires_grad=True)


def test_nothing_is_recorded_inside():
    with no_grad():
        y = X * 2
        with enable_grad():
            assert (X * 2).requires_grad
    assert y.is_leaf and not y.requires_grad
    assert (X * 2).requires_grad


def test_an_error_switches_recording_back_on():
    with pytest.raises(ZeroDivisionError), no_grad():
        1 / 0  # noqa: B018
    assert is_grad_enabled()


def test_it_decorates_functions_even_recursive_ones():
    @no_grad()
    def count(n):
        assert not is_grad_enabled()
        return n if n == 0 else count(n - 1)

    count(5)
    assert is_grad_enabled()


def test_another_thread_is_not_affected():
    seen = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append(is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


@pytest.mark.parametrize("manager", [no_grad, enable_grad])
def test_a_decorator_without_brackets_says_what_to_write(manager):
    with pytest.raises(TypeError, match=rf"a decorator is written `@{manager.__name__}\(\)`"):

        @manager
        def compute():
            pass
