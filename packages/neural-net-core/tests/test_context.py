"""Context managers as decorators act on the bodies of generators and coroutines, and only there."""

import asyncio
import inspect

import numpy as np
import pytest

from neural_net_core import (
    default_dtype,
    enable_grad,
    get_default_dtype,
    is_grad_enabled,
    no_grad,
)
from neural_net_core.context import context

LOG = []


@context
def logged():
    """Say when it is entered and left."""
    LOG.append("in")
    try:
        yield 7
    finally:
        LOG.append("out")


# What each makes of the state, and what the state is outside.
CASES = {
    "no_grad": (no_grad, is_grad_enabled, False, True),
    "enable_grad": (enable_grad, is_grad_enabled, True, False),
    "default_dtype": (
        lambda: default_dtype(np.float64),
        get_default_dtype,
        np.float64,
        np.float32,
    ),
    "context": (logged, lambda: LOG.count("in") > LOG.count("out"), True, False),
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request):
    LOG.clear()
    if request.param[0] is enable_grad:
        with no_grad():
            yield request.param
    else:
        yield request.param


def test_functions(case):
    make, state, inside, outside = case
    fn = make()(lambda n: (state(), n))
    assert fn(3) == (inside, 3)
    assert state() == outside


def test_generators(case):
    make, state, inside, outside = case

    @make()
    def steps(n):
        """Count."""
        got = []
        for i in range(n):
            assert state() == inside
            try:
                got.append((yield i))
            except KeyError:
                assert state() == inside
                got.append("caught")
        assert state() == inside
        return got

    assert inspect.isgeneratorfunction(steps) and steps.__doc__ == "Count."
    assert state() == outside
    walk = steps(3)
    assert state() == outside
    assert next(walk) == 0
    assert state() == outside
    assert walk.send("sent") == 1
    assert state() == outside
    assert walk.throw(KeyError()) == 2
    assert state() == outside
    with pytest.raises(StopIteration) as end:
        walk.send("last")
    assert end.value.value == ["sent", "caught", "last"]
    assert state() == outside
    assert list(steps(2)) == [0, 1]


def test_two_generators_may_take_turns(case):
    make, state, inside, outside = case

    @make()
    def steps():
        for _ in range(3):
            assert state() == inside
            yield state()

    pairs = list(zip(steps(), steps(), strict=False))
    assert pairs == [(inside, inside)] * 3
    assert state() == outside


def test_a_generator_that_is_left_or_fails(case):
    make, state, inside, outside = case
    closed = []

    @make()
    def steps(fail):
        try:
            yield 1
            if fail:
                raise ValueError("inside")
        finally:
            closed.append(state())

    walk = steps(fail=False)
    next(walk)
    walk.close()
    failing = steps(fail=True)
    next(failing)
    with pytest.raises(ValueError, match="inside"):
        next(failing)
    assert closed == [inside, inside]
    assert state() == outside


def test_coroutines(case):
    make, state, inside, outside = case

    @make()
    async def work(n):
        assert state() == inside
        await asyncio.sleep(0)
        assert state() == inside
        return n

    async def main():
        tasks = [asyncio.create_task(work(n)) for n in range(3)]
        assert await work(5) == 5
        assert state() == outside
        return await asyncio.gather(*tasks)

    assert inspect.iscoroutinefunction(work)
    assert asyncio.run(main()) == [0, 1, 2]
    # Driven by hand, it is the caller's turn while it waits.
    walk = work(1)
    walk.send(None)
    assert state() == outside
    walk.close()


def test_asynchronous_generators(case):
    make, state, inside, outside = case
    closed = []

    @make()
    async def steps(n):
        try:
            for i in range(n):
                assert state() == inside
                await asyncio.sleep(0)
                assert state() == inside
                try:
                    yield i
                except KeyError:
                    yield "caught"
        finally:
            closed.append(state())

    async def main():
        seen = []
        async for i in steps(2):
            assert state() == outside
            seen.append(i)
        walk = steps(2)
        seen.append(await walk.asend(None))
        seen.append(await walk.athrow(KeyError()))
        await walk.aclose()
        assert state() == outside
        return seen

    assert inspect.isasyncgenfunction(steps)
    assert asyncio.run(main()) == [0, 1, 0, "caught"]
    assert closed == [inside, inside]


def test_methods_and_recursion(case):
    make, state, inside, outside = case

    class Walker:
        @make()
        def down(self, n):
            assert state() == inside
            if n:
                yield from self.down(n - 1)
                assert state() == inside
            yield n

    assert list(Walker().down(3)) == [0, 1, 2, 3]
    assert state() == outside


def test_a_context_of_a_generator_still_works_in_a_with_block():
    LOG.clear()
    with logged() as value:
        assert value == 7
        assert LOG == ["in"]
    assert LOG == ["in", "out"]
    manager = logged()
    with manager, manager:
        pass
    assert LOG.count("in") == LOG.count("out") == 3
