"""Stands for a network on graphs: messages along edges, added up at the nodes that they reach.

A node is to tell whether at least two of those that point to it are marked. Baseline: the same
network without messages, which knows the node alone and can only name the commoner answer.
"""

import numpy as np

from neural_net_core import BCEWithLogitsLoss, Dense, Module, no_grad, ops, relu
from neural_net_optim import Adam

NODES, EDGES, HIDDEN = 150, 400, 16


class GraphLayer(Module):
    """hᵢ = W (xᵢ, Σ of the messages relu(V xⱼ) over the edges j → i)."""

    def __init__(self, rng):
        self.message = Dense(1, HIDDEN, rng=rng)
        self.update = Dense(1 + HIDDEN, HIDDEN, rng=rng)
        self.head = Dense(HIDDEN, 1, rng=rng)

    def forward(self, x, sources, targets):
        messages = relu(self.message(x))[sources]  # (E, H)
        arrived = ops.index_add(np.zeros((len(x), HIDDEN)), targets, messages)  # (N, H)
        h = relu(self.update(ops.concatenate([x, arrived], axis=1)))
        return self.head(h)[:, 0]


def graph(rng):
    """Draw marks, edges, and the answers."""
    x = rng.integers(0, 2, (NODES, 1)).astype(np.float32)
    sources, targets = rng.integers(0, NODES, (2, EDGES))
    marked = np.bincount(targets, x[sources, 0], NODES)
    return x, sources, targets, (marked >= 2).astype(np.float32)


def accuracy(with_messages):
    rng = np.random.default_rng(0)
    model = GraphLayer(rng)
    optimizer, loss_fn = Adam(model.parameters(), lr=0.01), BCEWithLogitsLoss()

    def logits(x, sources, targets):
        some = slice(None) if with_messages else slice(0)
        return model(x, sources[some], targets[some])

    for _ in range(200):
        *parts, answers = graph(rng)
        loss = loss_fn(logits(*parts), answers)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    *parts, answers = graph(np.random.default_rng(1))
    with no_grad():
        return float(((logits(*parts) > 0) == answers).mean()), float(answers.mean())


def test_nodes_learn_to_count_what_reaches_them():
    reached, share = accuracy(with_messages=True)
    alone, _ = accuracy(with_messages=False)
    assert reached > 0.98
    assert alone < max(share, 1 - share) + 0.05
    assert reached > alone + 0.2
