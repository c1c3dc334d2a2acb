"""Gradient checks of embeddings and rotary positions."""

import numpy as np
from hypothesis import strategies as st

from neural_net_layers.embeddings.embedding import EmbeddingOp, embedding
from neural_net_layers.embeddings.embedding_bag import EmbeddingBagOp, embedding_bag
from neural_net_layers.positions.rotary_embedding import RotaryEmbedding, RotateOp

generator = np.random.default_rng(0)


def numbers(*shape):
    return generator.normal(size=shape)


IDS = np.array([[0, 2, 2], [4, 2, 0]])
BAGS = np.array([1, 1, 3, 0, 4, 4])
OFFSETS = np.array([0, 2, 2, 5])

CASES = {
    EmbeddingOp: [
        (lambda w: embedding(IDS, w), [numbers(5, 3)]),
        (lambda w: embedding(3, w), [numbers(5, 3)]),
        (lambda w: embedding(np.zeros((0, 2), int), w), [numbers(5, 3)]),
        (lambda w: embedding([1, 3], w), [numbers(5, 1)]),
    ],
    EmbeddingBagOp: [
        *(
            (lambda w, mode=mode: embedding_bag(IDS, w, mode=mode), [numbers(5, 3)])
            for mode in ("sum", "mean", "max")
        ),
        *(
            (lambda w, mode=mode: embedding_bag(BAGS, w, OFFSETS, mode=mode), [numbers(5, 2)])
            for mode in ("sum", "mean", "max")
        ),
        (
            lambda w, s: embedding_bag(IDS, w, per_sample_weights=s, mode="sum"),
            [numbers(5, 3), numbers(2, 3)],
        ),
        (
            lambda s: embedding_bag(
                BAGS, np.eye(5), OFFSETS, per_sample_weights=s, mode="sum", padding_idx=1
            ),
            [numbers(6)],
        ),
        (lambda w: embedding_bag(np.zeros((2, 0), int), w, mode="max"), [numbers(5, 3)]),
    ],
    RotateOp: [
        (lambda x: RotaryEmbedding(4, dtype=x.dtype)(x), [numbers(2, 3, 4)]),
        (
            lambda x: RotaryEmbedding(6, interleaved=True, dtype=x.dtype)(x, offset=7),
            [numbers(3, 2, 6)],
        ),
    ],
}


@st.composite
def lookups(draw):
    """Draw tables with odd and even rows, and ids that repeat or do not."""
    rows, width = draw(st.sampled_from([(5, 1), (7, 3), (40, 6), (2000, 16)]))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    shape = draw(st.sampled_from([(), (0, 2), (3,), (4, 25)]))
    ids = draw(st.sampled_from([rng.integers(0, rows, shape), rng.permutation(rows)[:30]]))
    padding_idx, by_frequency = draw(st.sampled_from([None, 2])), draw(st.booleans())
    return (
        lambda w: embedding(ids, w, padding_idx, scale_grad_by_freq=by_frequency),
        [rng.normal(size=(rows, width))],
    )


@st.composite
def bags(draw):
    """Draw bags, empty ones too, of ids that repeat or do not, with and without weights."""
    rows, width = draw(st.sampled_from([(5, 1), (7, 3), (40, 6), (2000, 16)]))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    count = draw(st.integers(0, 60))
    ids = draw(st.sampled_from([rng.integers(0, rows, count), rng.permutation(rows)[:count]]))
    offsets = np.sort(np.append(0, rng.integers(0, len(ids) + 1, draw(st.integers(0, 9)))))
    mode, padding_idx = (
        draw(st.sampled_from(["sum", "mean", "max"])),
        draw(st.sampled_from([None, 2])),
    )
    by_frequency = mode != "max" and draw(st.booleans())
    weighted = mode == "sum" and draw(st.booleans())

    def fn(w, s=None):
        return embedding_bag(
            ids,
            w,
            offsets,
            mode=mode,
            padding_idx=padding_idx,
            per_sample_weights=s,
            scale_grad_by_freq=by_frequency,
        )

    weights = [rng.normal(size=len(ids))] if weighted else []
    return fn, [rng.normal(size=(rows, width)), *weights]


DRAWN = {EmbeddingOp: lookups(), EmbeddingBagOp: bags()}
