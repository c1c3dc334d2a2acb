"""A cache grown, asked, reordered, cut, copied and misused, beside attention without one.

The model keeps what has been read as a list of arrays. After each step, what the cache gives for
the newest positions is what attention over the whole sequence gives for them; what raised an error
has changed nothing. STATE_MACHINE_EXAMPLES in the environment says how many sequences are tried.
"""

import copy
import os

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule

from neural_net_core import NeuralNetError, enable_grad, no_grad
from neural_net_layers import KeyValueCache, MultiHeadAttention, RMSNorm, RotaryEmbedding

EXAMPLES = int(os.environ.get("STATE_MACHINE_EXAMPLES", "25"))
FEATURES, HEADS, MOST = 8, 4, 24


class Read:
    """A cache, what was read into it, (B, T, D), and which of that is no padding, (B, T)."""

    def __init__(self, cache, x, keep):
        self.cache, self.x, self.keep = cache, x, keep


class CacheMachine(RuleBasedStateMachine):
    reads = Bundle("reads")

    @initialize(
        target=reads,
        batch=st.integers(1, 3),
        shared=st.sampled_from([1, 2, 4]),
        rotary=st.booleans(),
        normed=st.booleans(),
        seed=st.integers(0, 9),
    )
    def make(self, batch, shared, rotary, normed, seed):
        self.rng = np.random.default_rng(seed)
        self.layer = MultiHeadAttention(
            FEATURES,
            HEADS,
            num_kv_heads=shared,
            position=RotaryEmbedding(FEATURES // HEADS, MOST) if rotary else None,
            qk_norm=RMSNorm if normed else None,
            rng=self.rng,
            dtype=np.float64,
        )
        self.batch = batch
        return self.empty()

    def empty(self):
        kept = np.zeros((self.batch, 0), bool)
        return Read(KeyValueCache(), np.zeros((self.batch, 0, FEATURES)), kept)

    @rule(target=reads)
    def begin(self):
        return self.empty()

    @rule(read=reads, count=st.integers(1, 4), padded=st.booleans())
    def go_on(self, read, count, padded):
        count = min(count, MOST - read.x.shape[1])
        if not count:
            return
        new = self.rng.normal(size=(len(read.x), count, FEATURES))
        kept = self.rng.random(new.shape[:2]) < (0.7 if padded else 2)
        read.x = np.concatenate([read.x, new], axis=1)
        read.keep = np.concatenate([read.keep, kept], axis=1)
        with no_grad():
            found = self.layer(new, key_keep=read.keep, causal=True, cache=read.cache)
            whole = self.layer(read.x, key_keep=read.keep, causal=True)
        np.testing.assert_allclose(found.data, whole.data[:, -count:], rtol=1e-10, atol=1e-12)
        self.check(read)

    @rule(read=reads, count=st.integers(0, MOST))
    def cut(self, read, count):
        if count > read.x.shape[1]:
            with pytest.raises(ValueError, match="length must be"):
                read.cache.truncate(count)
        else:
            read.cache.truncate(count)
            read.x, read.keep = read.x[:, :count], read.keep[:, :count]
        self.check(read)

    @rule(read=reads, data=st.data())
    def reorder(self, read, data):
        rows = st.integers(-len(read.x), len(read.x) - 1)
        chosen = data.draw(st.lists(rows, min_size=1, max_size=4))
        if read.x.shape[1]:  # an empty cache belongs to no batch yet
            read.cache.select(chosen)
            read.x, read.keep = read.x[chosen], read.keep[chosen]
        self.check(read)

    @rule(target=reads, read=reads)
    def copy(self, read):
        return Read(copy.deepcopy(read.cache), read.x, read.keep)

    @rule(
        read=reads,
        how=st.sampled_from(["batch", "width", "key_keep", "keep", "bias", "number", "gradient"]),
    )
    def go_on_wrongly(self, read, how):
        if read.x.shape[1] + 1 > MOST:
            return
        count = len(read.x) + 1 if how == "batch" and read.x.shape[1] else len(read.x)
        new = np.ones((count, 1, FEATURES + (how == "width")))
        kept = np.concatenate([read.keep, np.ones((len(read.x), 1), bool)], axis=1)
        options = {
            "key_keep": {"key_keep": kept[:, 1:]},
            "keep": {"keep": np.ones((1, 1, 1, kept.shape[1] + 1), bool)},
            "number": {"keep": np.ones((1, 1, 1, kept.shape[1]))},
            "bias": {"bias": np.ones((1, HEADS + 1, 1, kept.shape[1]))},
        }.get(how, {})
        if how == "batch" and count == len(read.x):
            return  # an empty cache takes any batch
        context = enable_grad if how == "gradient" else no_grad
        with context(), pytest.raises(NeuralNetError):
            self.layer(new, causal=True, cache=read.cache, **options)
        self.check(read)

    @rule(read=reads, wrong=st.sampled_from([[9], [[0]], 0, [0.5], "a"]))
    def reorder_wrongly(self, read, wrong):
        if read.x.shape[1]:
            with pytest.raises(NeuralNetError):
                read.cache.select(wrong)
        self.check(read)

    def check(self, read):
        """Compare what the cache holds with what it should, computed again from the inputs."""
        length = read.x.shape[1]
        assert read.cache.length == length
        again = KeyValueCache()
        with no_grad():
            if length:
                self.layer(read.x, key_keep=read.keep, causal=True, cache=again)
                np.testing.assert_allclose(read.cache.keys, again.keys, rtol=1e-10, atol=1e-12)
                np.testing.assert_allclose(read.cache.values, again.values, rtol=1e-10, atol=1e-12)


CacheMachine.TestCase.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=30, deadline=None, report_multiple_bugs=False
)
TestCache = CacheMachine.TestCase
