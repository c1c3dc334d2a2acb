"""A step of skip-gram with negative sampling, once for each library; `rows.py` lists it."""

import numpy as np


def pairs(vocabulary, batch, negatives):
    """Return words, and for each the one beside it and random others; rarer ones rarer."""
    rng = np.random.default_rng(0)
    chances = 1 / np.arange(1, vocabulary + 1)
    chances /= chances.sum()
    centers = rng.choice(vocabulary, batch, p=chances)
    others = rng.choice(vocabulary, (batch, 1 + negatives), p=chances)
    labels = np.zeros(others.shape, np.float32)
    labels[:, 0] = 1
    return centers, others, labels


def skip_gram_ours(vocabulary, features, batch, negatives, optimizer):
    """Return the loss of a step, its arguments, the model and the optimizer."""
    import neural_net_core as nn
    import neural_net_optim as optim
    from neural_net_layers import Embedding

    words, contexts = Embedding(vocabulary, features), Embedding(vocabulary, features)
    model = nn.ModuleList([words, contexts])
    name, settings = optimizer
    opt = getattr(optim, name)(model.parameters(), **settings)
    loss_fn = nn.BCEWithLogitsLoss()

    def loss_of(centers, others, labels):
        scores = contexts(others) @ words(centers).reshape(batch, features, 1)
        return loss_fn(scores.reshape(labels.shape), labels)

    return loss_of, pairs(vocabulary, batch, negatives), model, opt


def skip_gram_torch(vocabulary, features, batch, negatives, optimizer):
    import torch
    from torch import nn

    words, contexts = nn.Embedding(vocabulary, features), nn.Embedding(vocabulary, features)
    name, settings = optimizer
    opt = getattr(torch.optim, name)([words.weight, contexts.weight], **settings)
    loss_fn = nn.BCEWithLogitsLoss()
    centers, others, labels = map(torch.from_numpy, pairs(vocabulary, batch, negatives))

    def step():
        scores = contexts(others) @ words(centers).reshape(batch, features, 1)
        value = loss_fn(scores.reshape(labels.shape), labels)
        value.backward()
        opt.step()
        opt.zero_grad()
        return value

    return step
