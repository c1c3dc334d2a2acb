"""Times generation token by token, with the cache of keys and values and without it.

    python benchmarks/generation.py [--length 512]

A causal transformer (d 128, 4 layers, 4 heads) writes greedily. Shown is the time per token around
several positions, the median of 16 tokens; without the cache everything written is read again for
every token. The share of the attention is timed by itself, since it alone may grow.
"""

import argparse
import statistics
import time

import numpy as np

from neural_net_core import Dense, Module, no_grad
from neural_net_layers import Embedding, PositionalEncoding, TransformerEncoder

VOCABULARY, WIDTH, DEPTH, HEADS = 65, 128, 4, 4


class Model(Module):
    """Tokens in, scores of the next token out."""

    def __init__(self, length):
        rng = np.random.default_rng(0)
        self.tokens = Embedding(VOCABULARY, WIDTH, rng=rng)
        self.positions = PositionalEncoding(WIDTH, max_length=length)
        self.encoder = TransformerEncoder(DEPTH, WIDTH, HEADS, norm_first=True, rng=rng)
        self.head = Dense(WIDTH, VOCABULARY, rng=rng)

    def forward(self, ids, cache=None):
        start = 0 if cache is None else cache[0].length
        x = self.positions(self.tokens(ids), offset=start)
        return self.head(self.encoder(x, causal=True, cache=cache))


def write(model, length, cache):
    """Return the tokens and the seconds that each took."""
    ids, read = np.zeros((1, 1), np.int64), np.zeros((1, 1), np.int64)
    seconds = []
    for _ in range(length - 1):
        start = time.perf_counter()
        scores = model(ids if cache is None else read, cache)
        read = scores.data[:, -1].argmax(-1)[:, None]
        seconds.append(time.perf_counter() - start)
        ids = np.concatenate([ids, read], axis=1)
    return ids[0].tolist(), seconds


def attention_seconds(model, position):
    """Return the median time of all layers' attention alone for one query among `position`."""
    from neural_net_layers import scaled_dot_product_attention

    rng = np.random.default_rng(0)
    each = WIDTH // HEADS
    query = rng.normal(size=(1, HEADS, 1, each)).astype(np.float32)
    keys = rng.normal(size=(1, HEADS, position, each)).astype(np.float32)
    times = []
    for _ in range(50):
        start = time.perf_counter()
        for _ in range(DEPTH):
            scaled_dot_product_attention(query, keys, keys, causal=True, offset=position - 1)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--length", type=int, default=512)
    args = parser.parse_args()
    model = Model(args.length).eval()
    with no_grad():
        with_cache, fast = write(model, args.length, model.encoder.new_cache())
        without, slow = write(model, args.length, None)
        print("the same tokens" if with_cache == without else "DIFFERENT TOKENS")
        print(f"{'position':>9} {'cache, ms':>10} {'attention in it':>16} {'no cache, ms':>13}")
        position = 32
        while position < args.length:
            around = slice(position - 8, position + 8)
            times = [statistics.median(t[around]) * 1e3 for t in (fast, slow)]
            own = attention_seconds(model, position) * 1e3
            print(f"{position:>9} {times[0]:>10.2f} {own:>16.2f} {times[1]:>13.2f}", flush=True)
            position *= 2


if __name__ == "__main__":
    main()
