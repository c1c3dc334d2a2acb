"""Stands for a retriever: a text encoder trained to find the partner of a text among many.

Two languages with different words say the same of forty subjects. The encoder reads bags of
tokens and is trained with InfoNCE on pairs; then a text of one language has to find the text of
the same subject in the other one, among forty.

Baselines: chance, 1 in 40; and the encoder before training, which has no idea, as the two
languages have no word in common.
"""

import numpy as np

from neural_net_core import Dense, Module, cosine_similarity, info_nce, no_grad, normalize, relu
from neural_net_layers import EmbeddingBag
from neural_net_optim import Adam
from neural_net_utils import pad_pairs, top_k_accuracy

SUBJECTS, WORDS, PAD = 40, 5, 0
VOCABULARY = 1 + 2 * SUBJECTS * WORDS + 50


class Encoder(Module):
    """The mean of the tokens' vectors, a small network, and length 1."""

    def __init__(self, rng):
        self.tokens = EmbeddingBag(VOCABULARY, 32, mode="mean", padding_idx=PAD, rng=rng)
        self.hidden, self.output = Dense(32, 64, rng=rng), Dense(64, 32, bias=False, rng=rng)

    def forward(self, ids):
        return normalize(self.output(relu(self.hidden(self.tokens(ids)))))


def text(subject, language, rng):
    """A few words of the subject in this language, among words that mean nothing."""
    first = 1 + (language * SUBJECTS + subject) * WORDS
    own = first + rng.integers(0, WORDS, rng.integers(3, 7))
    filler = VOCABULARY - 50 + rng.integers(0, 50, rng.integers(0, 4))
    return rng.permutation(np.concatenate([own, filler]))


def pairs(subjects, rng):
    samples = [(text(s, 0, rng), text(s, 1, rng)) for s in subjects]
    ours, _, theirs, _ = pad_pairs(samples, value=PAD)
    return ours, theirs


def share_found(model, rng, rounds=5):
    """How often the nearest of forty texts is the right one, from one language and back."""
    found = []
    for _ in range(rounds):
        with no_grad():
            a, b = (model(ids) for ids in pairs(range(SUBJECTS), rng))
        scores = a.data @ b.data.T
        found += [top_k_accuracy(s, np.arange(SUBJECTS), k=1) for s in (scores, scores.T)]
    return float(np.mean(found))


def test_it_learns_to_find_the_partner():
    rng = np.random.default_rng(0)
    model = Encoder(rng)
    chance, before = 1 / SUBJECTS, share_found(model, rng)
    assert before < 5 * chance
    optimizer = Adam(model.parameters(), lr=5e-3)
    for _ in range(300):
        a, b = (model(ids) for ids in pairs(rng.permutation(SUBJECTS)[:32], rng))
        loss = info_nce(a, b, temperature=0.1, symmetric=True)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert share_found(model, rng) > 0.9
    assert not model.tokens.weight.data[PAD].any()


def test_a_text_without_words_does_no_harm():
    """Its vector is zero; cosine, loss and gradients stay finite, and the others learn."""
    rng = np.random.default_rng(0)
    model = Encoder(rng)
    model.hidden.bias.data[...] = 0  # so that nothing but the zero vector comes out
    ours, theirs = pairs(range(4), rng)
    ours[2] = PAD
    a, b = model(ours), model(theirs)
    assert not a.data[2].any()
    np.testing.assert_allclose(np.linalg.norm(a.data[[0, 1, 3]], axis=1), 1, rtol=1e-5)
    assert cosine_similarity(a, b).data[2] == 0
    loss = info_nce(a, b, temperature=0.1, symmetric=True)
    loss.backward()
    assert np.isfinite(loss.item())
    for parameter in model.parameters():
        assert np.isfinite(parameter.grad).all()
        assert parameter.grad.any()
