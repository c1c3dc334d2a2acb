"""A long training run leaves the process no larger, and the collector nothing to do."""

import gc
import itertools
import tracemalloc

import numpy as np

from neural_net_core import CrossEntropyLoss, Dense, ReLU, Sequential


def test_a_thousand_training_steps_leave_nothing_behind():
    rng = np.random.default_rng(0)
    model = Sequential(Dense(64, 32, rng=rng), ReLU(), Dense(32, 10, rng=rng))
    loss_fn = CrossEntropyLoss()
    x = rng.normal(size=(16, 64)).astype(np.float32)
    y = rng.integers(0, 10, 16)

    def steps(n):
        for _ in range(n):
            loss_fn(model(x), y).backward()
            for p in model.parameters():
                p.data -= 0.01 * p.grad
                p.version += 1
            model.zero_grad()

    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        # The interpreter's own free lists fill up first.
        steps(1000)
        held = [tracemalloc.get_traced_memory()[0]]
        for _ in range(3):
            steps(1000)
            held.append(tracemalloc.get_traced_memory()[0])
        assert gc.collect() == 0
    finally:
        tracemalloc.stop()
        gc.enable()
    # One batch of activations is 2 KiB: a thousand leaked ones would be megabytes, every time.
    # (The interpreter may make room for something of its own once in between.)
    assert min(after - before for before, after in itertools.pairwise(held)) < 2048
