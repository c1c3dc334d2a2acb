"""Shared by the tests: optimizers run beside an independent writing of their rule."""

import numpy as np
import pytest

from neural_net_core import Parameter

SHAPES = [(3, 4), (4,), (), (2, 1, 3)]


def random_run(steps=30, dtype="float64", seed=0, shapes=SHAPES):
    """Return parameters and their gradients in each of some steps."""
    rng = np.random.default_rng(seed)
    params = [Parameter(rng.standard_normal(shape), dtype) for shape in shapes]
    grads = [
        [np.asarray(rng.standard_normal(shape) * (1 + t % 3)).astype(dtype) for shape in shapes]
        for t in range(steps)
    ]
    return params, grads


@pytest.fixture
def run():
    """Return the function that makes parameters and gradients."""
    return random_run


@pytest.fixture
def follow():
    """Return a function that asserts that an optimizer does what a rule says, in every step.

    The rule is a generator of one tensor: it is told the start, yields, is sent a gradient, and
    yields the new values, as the pseudocode of a paper would be written.
    """

    def check(optimizer_class, rule, /, *, steps=30, rel=1e-11, shapes=SHAPES, **options):
        params, grads = random_run(steps, shapes=shapes)
        rules = []
        for p in params:
            rules.append(rule(p.data.copy(), **options))
            next(rules[-1])
        optimizer = optimizer_class(params, **options)
        moved = [p.data.copy() for p in params]
        for step in grads:
            for p, g in zip(params, step, strict=True):
                p.grad = g.copy()
            optimizer.step()
            for p, g, r in zip(params, step, rules, strict=True):
                np.testing.assert_allclose(p.data, r.send(g), rtol=rel, atol=1e-12)
                np.testing.assert_array_equal(p.grad, g)
        assert all(not np.allclose(p.data, old) for p, old in zip(params, moved, strict=True))

    return check
