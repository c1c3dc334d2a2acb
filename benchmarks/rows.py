"""What is timed: each row is one full training step, written once for each library.

A builder returns a function without arguments that runs one step: forward, loss, backward,
optimizer. Both sides get the same sizes, the same data and the same kind of initialisation.
Imports stand inside the builders, because each library runs in a process of its own.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from networks import WIDE, cnn_ours, cnn_torch, wide_ours, wide_torch
from skip_gram import pairs, skip_gram_ours, skip_gram_torch

Step = Callable[[], object]


@dataclass(frozen=True)
class Parts:
    """What a training step of ours is made of.

    Attributes:
        loss_of: Returns the loss of the inputs.
        inputs: Its arguments.
        model: The module that is trained.
        optimizer: Its optimizer.
    """

    loss_of: Callable[..., Any]
    inputs: tuple[Any, ...]
    model: Any
    optimizer: Any

    def step(self) -> Any:
        """Make a step, as it is written."""
        value = self.loss_of(*self.inputs)
        value.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        return value

    def recorded(self) -> Step:
        """Return a step that is run from its record, which is made here."""
        from neural_net_utils import RecordedStep

        step = RecordedStep(self.loss_of, model=self.model, optimizer=self.optimizer)
        for _ in range(8):
            step(*self.inputs)
        if step.why_eager:
            raise RuntimeError(f"the step is not run from its record: {step.why_eager}")
        return partial(step, *self.inputs)


@dataclass(frozen=True)
class Row:
    """One line of the table: how to build the step in each library.

    Attributes:
        name: What the line is called.
        parts: Returns what a step of ours is made of; where it has no optimizer or no loss, a step.
        torch: Returns a step of PyTorch.
        jax: Returns a step of JAX.
    """

    name: str
    parts: Callable[[], Parts | Step]
    torch: Callable[[], Step]
    jax: Callable[[], Step]

    def ours(self) -> Step:
        """Return a step of ours."""
        parts = self.parts()
        return parts.step if isinstance(parts, Parts) else parts

    def recorded(self) -> Step:
        """Return a step of ours that is run from its record, or as it is where there is none."""
        parts = self.parts()
        return parts.recorded() if isinstance(parts, Parts) else parts


def _jax(name: str, *args) -> Step:
    """Return a step of `rows_jax.py`, which only a process with JAX can import."""
    return getattr(importlib.import_module("rows_jax"), name)(*args)


def _dense_ours(sizes, batch, optimizer, loss, activation):
    import neural_net_core as nn
    import neural_net_optim as optim

    layers = []
    for m, n in pairwise(sizes):
        layers += [nn.Dense(m, n), getattr(nn, activation)()]
    model = nn.Sequential(*layers[:-1])
    name, settings = optimizer
    opt = getattr(optim, name)(model.parameters(), **settings)
    loss_fn = getattr(nn, loss)()
    x, y = _data(sizes, batch, loss)
    x = nn.Tensor(x)

    def loss_of(x, y):
        return loss_fn(model(x), y)

    return Parts(loss_of, (x, y), model, opt)


def _dense_torch(sizes, batch, optimizer, loss, activation):
    import torch
    from torch import nn

    layers = []
    for m, n in pairwise(sizes):
        layers += [nn.Linear(m, n), getattr(nn, activation)()]
    model = nn.Sequential(*layers[:-1])
    name, settings = optimizer
    opt = getattr(torch.optim, name)(model.parameters(), **settings)
    loss_fn = getattr(nn, loss)()
    x, y = map(torch.from_numpy, _data(sizes, batch, loss))

    def step():
        value = loss_fn(model(x), y)
        value.backward()
        opt.step()
        opt.zero_grad()
        return value

    return step


def _data(sizes, batch, loss):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(batch, sizes[0])).astype(np.float32)
    if loss == "CrossEntropyLoss":
        return x, rng.integers(0, sizes[-1], batch)
    return x, rng.uniform(size=(batch, sizes[-1])).astype(np.float32)


def _dense(name, sizes, batch, optimizer, loss="CrossEntropyLoss", activation="ReLU"):
    args = (sizes, batch, optimizer, loss, activation)
    return Row(
        name,
        lambda: _dense_ours(*args),
        lambda: _dense_torch(*args),
        lambda: _jax("dense", sizes, _data(sizes, batch, loss), optimizer, loss, activation),
    )


def _image_step_ours(model, shape):
    import neural_net_core as nn
    import neural_net_optim as optim

    opt = optim.SGD(model.parameters(), lr=0.01)
    loss_fn = nn.CrossEntropyLoss()
    x, y = _images(shape)
    x = nn.Tensor(x)

    def loss_of(x, y):
        return loss_fn(model(x), y)

    return Parts(loss_of, (x, y), model, opt)


def _image_step_torch(model, shape):
    import torch

    opt = torch.optim.SGD(model.parameters(), lr=0.01)
    loss_fn = torch.nn.CrossEntropyLoss()
    x, y = map(torch.from_numpy, _images(shape))

    def step():
        value = loss_fn(model(x), y)
        value.backward()
        opt.step()
        opt.zero_grad()
        return value

    return step


def _images(shape, classes=10):
    rng = np.random.default_rng(0)
    return rng.normal(size=shape).astype(np.float32), rng.integers(0, classes, shape[0])


def _cnn(name, size, kernel):
    shape = (64, 1, size, size)
    return Row(
        name,
        lambda: _image_step_ours(cnn_ours(size, kernel), shape),
        lambda: _image_step_torch(cnn_torch(size, kernel), shape),
        lambda: _jax("cnn", size, kernel, *_images(shape)),
    )


VOCABULARY = 65


def _transformer_ours(features, heads, depth, time, batch):
    import neural_net_core as nn
    import neural_net_layers as layers
    import neural_net_optim as optim

    class Model(nn.Module):
        def __init__(self):
            self.tokens = layers.Embedding(VOCABULARY, features)
            self.positions = nn.Parameter(np.zeros((time, features)))
            self.encoder = layers.TransformerEncoder(
                depth, features, heads, activation="gelu", norm_first=True, dropout=0.0
            )
            self.head = nn.Dense(features, VOCABULARY, bias=False)

        def forward(self, ids):
            return self.head(self.encoder(self.tokens(ids) + self.positions, causal=True))

    model = Model()
    opt = optim.AdamW(model.parameters(), lr=3e-4)
    loss_fn = nn.CrossEntropyLoss()
    x, y = _tokens(batch, time)

    def loss_of(x, y):
        return loss_fn(model(x).reshape(-1, VOCABULARY), y.reshape(-1))

    return Parts(loss_of, (x, y), model, opt)


def _transformer_torch(features, heads, depth, time, batch):
    import torch
    from torch import nn

    class Block(nn.Module):
        """As compact as it can be written: one product for queries, keys and values."""

        def __init__(self):
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(features), nn.LayerNorm(features)
            self.packed, self.out = (
                nn.Linear(features, 3 * features),
                nn.Linear(features, features),
            )
            self.linear1 = nn.Linear(features, 4 * features)
            self.linear2 = nn.Linear(4 * features, features)

        def forward(self, x):
            b, t, d = x.shape
            q, k, v = (
                part.view(b, t, heads, d // heads).transpose(1, 2)
                for part in self.packed(self.norm1(x)).split(d, dim=2)
            )
            y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(y.transpose(1, 2).reshape(b, t, d))
            return x + self.linear2(nn.functional.gelu(self.linear1(self.norm2(x))))

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens = nn.Embedding(VOCABULARY, features)
            self.positions = nn.Parameter(torch.zeros(time, features))
            self.blocks = nn.Sequential(*[Block() for _ in range(depth)], nn.LayerNorm(features))
            self.head = nn.Linear(features, VOCABULARY, bias=False)

        def forward(self, ids):
            return self.head(self.blocks(self.tokens(ids) + self.positions))

    model = Model()
    opt = torch.optim.AdamW(model.parameters(), lr=3e-4)
    loss_fn = nn.CrossEntropyLoss()
    x, y = map(torch.from_numpy, _tokens(batch, time))

    def step():
        value = loss_fn(model(x).view(-1, VOCABULARY), y.view(-1))
        value.backward()
        opt.step()
        opt.zero_grad()
        return value

    return step


def _tokens(batch, time):
    ids = np.random.default_rng(0).integers(0, VOCABULARY, (batch, time + 1))
    return np.ascontiguousarray(ids[:, :-1]), np.ascontiguousarray(ids[:, 1:])


def _transformer(features, heads, depth, time, batch):
    args = (features, heads, depth, time, batch)
    return Row(
        f"transformer d {features} L {depth}, T {time}, batch {batch}",
        lambda: _transformer_ours(*args),
        lambda: _transformer_torch(*args),
        lambda: _jax("transformer", features, heads, depth, VOCABULARY, *_tokens(batch, time)),
    )


ATTENTION = (1, 4, 2048, 64)  # batch, heads, time, features


def _attention_ours():
    import neural_net_core as nn
    import neural_net_layers as layers

    *inputs, dy = _attention_arrays()
    inputs = [nn.Tensor(x, requires_grad=True) for x in inputs]

    def step():
        layers.scaled_dot_product_attention(*inputs, causal=True).backward(dy)
        for x in inputs:
            x.grad = None

    return step


def _attention_torch():
    import torch

    *inputs, dy = map(torch.from_numpy, _attention_arrays())
    inputs = [x.requires_grad_() for x in inputs]

    def step():
        torch.nn.functional.scaled_dot_product_attention(*inputs, is_causal=True).backward(dy)
        for x in inputs:
            x.grad = None

    return step


def _attention_arrays():
    rng = np.random.default_rng(0)
    return [rng.normal(size=ATTENTION).astype(np.float32) for _ in range(4)]


def _skip_gram(name, vocabulary, features, batch, negatives, optimizer):
    args = (vocabulary, features, batch, negatives, optimizer)
    return Row(
        name,
        lambda: Parts(*skip_gram_ours(*args)),
        lambda: skip_gram_torch(*args),
        lambda: _jax(
            "skip_gram", vocabulary, features, optimizer, *pairs(vocabulary, batch, negatives)
        ),
    )


def _recurrent_ours(kind, steps, batch, width):
    import neural_net_core as nn
    import neural_net_layers as layers
    import neural_net_optim as optim

    model = nn.ModuleList([getattr(layers, kind)(width, width), nn.Dense(width, 1)])
    opt = optim.Adam(model.parameters(), lr=1e-3)
    loss_fn = nn.MSELoss()
    x, y = _sequences(steps, batch, width)
    x = nn.Tensor(x)

    def loss_of(x, y):
        states, _ = model[0](x)
        return loss_fn(model[1](states[:, -1]), y)

    return Parts(loss_of, (x, y), model, opt)


def _recurrent_torch(kind, steps, batch, width):
    import torch
    from torch import nn

    kind = {"VanillaRNN": "RNN"}.get(kind, kind)
    recurrent = getattr(nn, kind)(width, width, batch_first=True)
    model = nn.ModuleList([recurrent, nn.Linear(width, 1)])
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss_fn = nn.MSELoss()
    x, y = map(torch.from_numpy, _sequences(steps, batch, width))

    def step():
        states, _ = model[0](x)
        value = loss_fn(model[1](states[:, -1]), y)
        value.backward()
        opt.step()
        opt.zero_grad()
        return value

    return step


def _sequences(steps, batch, width):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(batch, steps, width)).astype(np.float32)
    return x, rng.normal(size=(batch, 1)).astype(np.float32)


def _recurrent(kind, steps, batch, width):
    """One layer that reads sequences, and a dense layer on its last state."""
    args = (kind, steps, batch, width)
    name = f"{kind}, {steps} steps, batch {batch}, width {width}, Adam"
    return Row(
        name,
        lambda: _recurrent_ours(*args),
        lambda: _recurrent_torch(*args),
        lambda: _jax("recurrent", kind, width, *_sequences(steps, batch, width)),
    )


ADAM_TENSORS, ADAM_SIZE = 10, 1_000_000


def _adam_ours():
    import neural_net_core as nn
    import neural_net_optim as optim

    parameters = [nn.Parameter(np.ones(ADAM_SIZE, np.float32)) for _ in range(ADAM_TENSORS)]
    for p in parameters:
        p.grad = np.full_like(p.data, 0.1)
    return optim.Adam(parameters).step


def _adam_torch():
    import torch

    parameters = [torch.nn.Parameter(torch.ones(ADAM_SIZE)) for _ in range(ADAM_TENSORS)]
    for p in parameters:
        p.grad = torch.full_like(p, 0.1)
    return torch.optim.Adam(parameters).step


SGD = ("SGD", {"lr": 0.1})
ADAM = ("Adam", {"lr": 1e-3})

ROWS = [
    _dense("XOR 2-4-1, batch 4, SGD", (2, 4, 1), 4, SGD, "MSELoss", "Sigmoid"),
    _dense("XOR 2-4-1, batch 4, Adam", (2, 4, 1), 4, ADAM, "MSELoss", "Sigmoid"),
    _dense("digits MLP 64-128-10, batch 64, Adam", (64, 128, 10), 64, ADAM),
    _dense("6 layers of 64, batch 32, SGD", (64,) * 7, 32, SGD),
    _dense("MLP 784-512-512-10, batch 128, SGD", (784, 512, 512, 10), 128, SGD),
    _dense("MLP 784-512-512-10, batch 128, Adam", (784, 512, 512, 10), 128, ADAM),
    _cnn("CNN 8x8, 3x3, 1-16-32, batch 64", 8, 3),
    _cnn("CNN 28x28, 5x5, 1-16-32, batch 64", 28, 5),
    Row(
        "CNN 32x32, BatchNorm, 32-64-64, batch 32",
        lambda: _image_step_ours(wide_ours(), WIDE),
        lambda: _image_step_torch(wide_torch(), WIDE),
        lambda: _jax("wide_cnn", *_images(WIDE)),
    ),
    _transformer(64, 4, 2, 32, 16),
    _transformer(128, 4, 4, 64, 16),
    _transformer(384, 6, 6, 256, 4),
    Row(
        "attention alone, causal, 4 heads, T 2048",
        _attention_ours,
        _attention_torch,
        lambda: _jax("attention", *_attention_arrays()),
    ),
    _skip_gram("skip-gram V 5,000 d 64, batch 512, SGD", 5000, 64, 512, 5, SGD),
    _skip_gram("skip-gram V 5,000 d 64, batch 512, Adam", 5000, 64, 512, 5, ADAM),
    *(
        _recurrent(kind, *sizes)
        for sizes in ((7, 16, 16), (50, 32, 64), (100, 64, 256))
        for kind in ("VanillaRNN", "LSTM", "GRU")
    ),
    Row(
        "Adam over 10 million parameters",
        _adam_ours,
        _adam_torch,
        lambda: _jax("adam", ADAM_TENSORS, ADAM_SIZE),
    ),
]
