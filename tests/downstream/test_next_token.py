"""Stands for a text generator: a small causal transformer, and every way to sample from it.

Baseline: the best model without context, whose loss on new text is the entropy of single
characters; and, for what is written, characters drawn by their frequency, of which few
form a word of the play.
"""

import re

import numpy as np

from neural_net_core import CrossEntropyLoss, Module, no_grad
from neural_net_layers import Embedding, LearnedPositionalEmbedding, TransformerEncoder
from neural_net_optim import AdamW, clip_grad_norm
from neural_net_utils import (
    CharacterTokenizer,
    beam_search,
    generate,
    load_text,
    random_windows,
    token_probabilities,
)

CONTEXT, WIDTH = 32, 48


class Writer(Module):
    """Tokens and places, two causal layers, and the table of tokens again as output."""

    def __init__(self, vocabulary, rng):
        small = {"init": lambda shape, **options: 0.02 * rng.normal(size=shape), "rng": rng}
        self.tokens = Embedding(vocabulary, WIDTH, **small)
        self.places = LearnedPositionalEmbedding(WIDTH, CONTEXT, **small)
        self.layers = TransformerEncoder(
            2, WIDTH, 4, activation="gelu", norm_first=True, dropout=0.0, rng=rng
        )
        self.head = self.tokens.tied_output()

    def forward(self, ids):
        return self.head(self.layers(self.places(self.tokens(ids)), causal=True))


def trained(rng, tokenizer, steps):
    model = Writer(len(tokenizer), rng)
    ids = tokenizer.encode(load_text("train"))
    optimizer, loss_fn = AdamW(model.parameters(), lr=3e-3), CrossEntropyLoss()
    for _ in range(steps):
        x, y = random_windows(ids, 24, CONTEXT, rng=rng)
        loss = loss_fn(model(x).reshape(-1, len(tokenizer)), y.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        clip_grad_norm(model.parameters(), 1.0)
        optimizer.step()
    return model.eval()


def share_of_words(text, known):
    words = re.findall(r"[a-z]+", text.lower())[1:-1]  # the ends may be cut
    return np.mean([word in known for word in words if len(word) > 2])


def test_it_learns_and_samples():
    rng = np.random.default_rng(0)
    tokenizer = CharacterTokenizer(load_text())
    model = trained(rng, tokenizer, steps=250)

    counts = np.bincount(tokenizer.encode(load_text("train")), minlength=len(tokenizer)) + 1
    unigram = np.log(counts / counts.sum())
    held_out = tokenizer.encode(load_text("validation"))
    baseline = -unigram[held_out].mean()
    x, y = random_windows(held_out, 200, CONTEXT, rng=rng)
    with no_grad():
        reached = CrossEntropyLoss()(model(x).reshape(-1, len(tokenizer)), y.reshape(-1)).item()
    assert reached < baseline - 0.7

    def next_logits(tokens):
        with no_grad():
            return model(tokens[:, -CONTEXT:])[:, -1]

    prompt = tokenizer.encode("ROSALIND:\n")
    texts = generate(
        next_logits, np.tile(prompt, (8, 1)), 120, temperature=0.5, top_p=0.95, rng=rng
    )
    known = set(re.findall(r"[a-z]+", load_text().lower()))
    written = np.mean([share_of_words(tokenizer.decode(text), known) for text in texts])
    drawn = rng.choice(len(tokenizer), 2000, p=np.exp(unigram))
    assert written > share_of_words(tokenizer.decode(drawn), known) + 0.08

    again = [generate(next_logits, prompt, 30, rng=np.random.default_rng(5)) for _ in range(2)]
    assert np.array_equal(*again)
    greedy = generate(next_logits, prompt, 12, temperature=0)
    assert np.array_equal(generate(next_logits, prompt, 12, top_k=1, rng=rng), greedy)

    def log_probability(tokens):
        steps = range(len(prompt), len(tokens))
        return sum(
            np.log(token_probabilities(next_logits(tokens[None, :t]))[0, tokens[t]]) for t in steps
        )

    best = beam_search(next_logits, prompt, 12, beams=6)[0]
    assert best.log_probability >= log_probability(greedy) - 1e-4
    np.testing.assert_allclose(best.log_probability, log_probability(best.tokens), rtol=1e-4)
