"""What both stacks share: layers in turn, and caches that an error leaves as they were."""

import numpy as np
import pytest

from neural_net_core import no_grad
from neural_net_layers import RMSNorm, TransformerDecoder, TransformerEncoder

STACKS = {
    "encoder": lambda: TransformerEncoder(2, 8, 2, norm=RMSNorm, rng=np.random.default_rng(0)),
    "decoder": lambda: TransformerDecoder(2, 8, 2, norm_first=True, rng=np.random.default_rng(0)),
}
MODULES = [
    (kind, path) for kind, make in STACKS.items() for path, _ in make().named_modules() if path
]
CALLED = [(kind, path) for kind, path in MODULES if not path.endswith("layers")]


class BrokenError(Exception):
    """What a part of a model raises in a test."""


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def held(caches):
    """All that the caches of a stack hold."""
    parts = [p for c in caches for p in (vars(c).values() if hasattr(c, "memory") else [c])]
    return [(part.length, part.keys.tobytes(), part.values.tobytes()) for part in parts]


@pytest.mark.parametrize(("kind", "path"), CALLED)
@pytest.mark.parametrize("read", [0, 3])
def test_wherever_a_call_fails_the_caches_hold_what_they_held(kind, path, read):
    model = STACKS[kind]().eval()
    inputs = [numbers(2, 5, 8)] if kind == "decoder" else []
    caches, x, new = model.new_cache(), numbers(2, read, 8, seed=1), numbers(2, 2, 8, seed=2)

    def fail(*_, **__):
        raise BrokenError

    part = dict(model.named_modules())[path]
    with no_grad():
        if read:
            model(x, *inputs, causal=True, cache=caches)
        before = held(caches)
        part.forward = fail
        with pytest.raises(BrokenError):
            model(new, *inputs, causal=True, cache=caches)
        del part.forward
        assert held(caches) == before
        found = model(new, *inputs, causal=True, cache=caches).data
        whole = model(np.concatenate([x, new], axis=1), *inputs, causal=True).data
    np.testing.assert_allclose(found, whole[:, read:], rtol=1e-5, atol=1e-6)


def test_another_batch_may_follow_one_that_failed():
    """A cache is bound to the first batch that was read, not to one that could not be."""
    model, caches = STACKS["encoder"](), STACKS["encoder"]().new_cache()
    with no_grad():
        with pytest.raises(ValueError, match="keep"):
            model(numbers(3, 2, 8), keep=np.ones((3, 7), bool), cache=caches)
        model(numbers(1, 2, 8), cache=caches)
    assert [cache.length for cache in caches] == [2, 2]
