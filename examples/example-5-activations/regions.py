"""A film: how a network of ReLUs carves its regions, a piece of straight line per unit."""

import numpy as np

import neural_net_viz as viz
from neural_net_core import BCELoss, FeedForward, ReLU, Sigmoid
from neural_net_optim import SGD
from neural_net_utils import moons

POINTS, NOISE, RATE = 120, 0.12, 0.5
EVERY, FRAMES = 25, 24


def film(seed: int = 0) -> viz.Figure:
    """Draw the network, its answers over the plane and its loss at 25 moments of training."""
    rng = np.random.default_rng(seed)
    x, labels = moons(POINTS, noise=NOISE, rng=rng)
    target = labels.reshape(-1, 1).astype(np.float32)
    model = FeedForward((2, 6, 6, 1), ReLU, Sigmoid, rng=rng)
    loss_fn, optimizer = BCELoss(), SGD(model.parameters(), lr=RATE)
    snapshots, losses = {}, []
    for step in range(EVERY * FRAMES + 1):
        if step % EVERY == 0:
            snapshots[step] = {name: np.array(p) for name, p in model.state_dict().items()}
        loss = loss_fn(model(x), target)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    title = "Twelve ReLUs learn to part two moons"
    return viz.training_animation(model, snapshots, x, labels, losses, title=title)
