"""A program on the five packages as somebody outside writes it; two type checkers read it.

Every line passes mypy --strict and pyright without a cast and without an ignore.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from neural_net_core import (
    Array,
    CrossEntropyLoss,
    Dense,
    FeedForward,
    Initializer,
    Module,
    ModuleDict,
    ModuleList,
    MSELoss,
    Op,
    Parameter,
    ReLU,
    Sequential,
    Tensor,
    TensorLike,
    as_tensor,
    convert_state,
    cross_entropy,
    grad,
    init,
    load_checkpoint,
    load_tensor_shapes,
    load_tensors,
    no_grad,
    ops,
    relu,
    save_checkpoint,
    save_tensors,
    seed,
)
from neural_net_layers import (
    GRU,
    LSTM,
    AdaptiveLayerNorm,
    BatchNorm2D,
    Conv2D,
    Dropout,
    Embedding,
    LayerNorm,
    LSTMCell,
    MaxPool2D,
    MultiHeadAttention,
    Residual,
    SelfAttention,
    Transformer,
    TransformerDecoder,
    TransformerEncoder,
    TransformerEncoderLayer,
    VanillaRNN,
    max_pool2d,
    scaled_dot_product_attention,
)
from neural_net_optim import EMA, SGD, Adam, AdamW, clip_grad_norm
from neural_net_optim.schedules import CosineAnnealingLR, OneCycleLR
from neural_net_utils import (
    ArrayDataset,
    DataLoader,
    EarlyStopping,
    History,
    accuracy,
    confusion_matrix,
    evaluate,
    f1_score,
    fit,
    moons,
    predict,
)
from neural_net_viz import Figure, decision_boundary, heat_map, training_curves


class Square(Op):
    """y = x²;  dx = 2 x dy"""

    def forward(self, x: Array) -> Array:
        self.x = x
        return x * x

    def backward(self, dy: Array) -> Array:
        return 2 * self.x * dy


def square(x: TensorLike) -> Tensor:
    return Square.apply(as_tensor(x))


class Gated(Module):
    """A layer with two results, one of them for free."""

    def __init__(self, features: int, *, init: Initializer | None = None) -> None:
        self.gate = Dense(features, features, init=init)
        self.scale = Parameter(np.ones(features))

    def forward(self, x: TensorLike, sharpness: float = 1.0) -> tuple[Tensor, Array]:
        open_ = ops.clip(self.gate(x) * sharpness, 0.0, 1.0)
        return open_ * self.scale * x, open_.numpy()


class Network(Module):
    def __init__(self, classes: int) -> None:
        self.body = Sequential(Dense(2, 16), ReLU(), Dropout(0.1))
        self.gated = Gated(16, init=init.kaiming_normal)
        self.norm = LayerNorm(16)
        self.head = Dense(16, classes, init=partial(init.normal, std=0.02))
        self.blocks = ModuleList(Residual(Dense(16, 16)) for _ in range(2))
        self.others: ModuleList = ModuleList([Dense(16, 16), ReLU()])
        self.others.append(Dense(16, 16))
        self.named = ModuleDict({"last": Dense(16, 16)})

    def forward(self, x: Tensor) -> Tensor:
        h: Tensor = self.body(x)
        y, _ = self.gated(h, sharpness=2.0)
        for block in self.blocks:
            y = block(y)
        for other in self.others:
            y = other(y)
        y = self.blocks[0](self.named["last"](y))
        return self.head(self.norm(relu(y)))

    def features(self, x: Tensor) -> Tensor:
        return self.body(x)


class Images(Module):
    def __init__(self) -> None:
        self.conv = Conv2D(1, 4, 3, padding="same", padding_mode="reflect")
        self.norm = BatchNorm2D(4)
        self.pool = MaxPool2D(2)
        self.find = MaxPool2D(2, return_indices=True)

    def forward(self, x: TensorLike) -> Tensor:
        h = relu(self.norm(self.conv(x)))
        largest, places = self.find(h)
        assert places.shape == largest.shape
        return self.pool(h)


class Words(Module):
    def __init__(self) -> None:
        self.embedding = Embedding(20, 8)
        self.lstm = LSTM(8, 8)
        self.gru = GRU(8, 8)
        self.rnn = VanillaRNN(8, 8, nonlinearity="relu")
        self.attention = SelfAttention(8, 2)

    def forward(self, ids: TensorLike) -> Tensor:
        x = self.embedding(ids)
        y, (h, c) = self.lstm(x)
        y, (h, c) = self.lstm(y, (h.detach(), c.detach()))
        y, last = self.gru(y)
        y, last = self.rnn(y, last)
        z, weights = self.attention(y, need_weights=True)
        return self.attention(y) + z * weights.mean()


def layers(x: Tensor) -> None:
    """Whatever a flag says, the result has its type."""
    attention = MultiHeadAttention(8, 2)
    y: Tensor = attention(x)
    y = attention(x, x, x, causal=True, key_keep=None)
    y, weights = attention(x, need_weights=True, average_weights=True)
    encoder = TransformerEncoder(2, 8, 2)
    y = encoder(x, causal=True)
    y, of_layers = encoder(x, need_weights=True)
    weights = of_layers[0]
    y = TransformerEncoderLayer(8, 2)(y)
    decoder = TransformerDecoder(1, 8, 2)
    y = decoder(x, memory=y)
    y, both = decoder(x, y, need_weights=True)
    own, read = both[0]
    transformer = Transformer(8, 2, 1, 1)
    y = transformer(x, tgt=y, src_key_keep=None)
    y, (of_layers, both) = transformer(x, y, need_weights=True)
    y = scaled_dot_product_attention(x, x, x)
    y, weights = scaled_dot_product_attention(x, x, x, need_weights=True)
    y, condition = AdaptiveLayerNorm(8, 8)(x, x[:, 0])
    h, c = LSTMCell(8, 8)(x[:, 0])
    h = FeedForward([8, 4, 2])(x)
    image: Tensor = max_pool2d(np.ones((1, 1, 4, 4)), 2)
    image, places = max_pool2d(image, 2, return_indices=True)
    maps: Tensor = Images()(np.ones((1, 1, 4, 4), np.float32))
    for tensor in (y, weights, own, read, condition, h, c, places, maps):
        assert isinstance(tensor, Tensor)


def operators(x: Tensor, a: Array) -> Tensor:
    """Each operator and each function of `ops` gives a Tensor."""
    y: Tensor = -x + 1 - x * 2.0 / 3
    y = 1 - y**2 + 2**y
    y = y @ y.T + abs(y.sum(axis=0, keepdims=True))
    y = y[0] + y[..., None].reshape(-1).mean()
    y = x + a
    y = a - x + np.ones(2) * x + np.float32(2) / x
    squares: Tensor = (np.ones(2) - x) ** 2
    y = y + squares.mean()
    y = ops.concatenate([x, x], axis=0) + ops.where(a > 0, 1.0, 2.0).sum()
    z: Array = y.numpy()
    z = grad(y.sum(), x)
    n: float | int | bool = y.mean().item()
    return ops.softmax(y * n, axis=-1).sum() + z


def train(folder: Path) -> tuple[History, dict[str, float]]:
    """The loop by hand, then the same with `fit`."""
    seed(0)
    x, y = moons(64)
    model, loss_fn = Network(2), CrossEntropyLoss(label_smoothing=0.1, reduction="mean")
    optimizer = Adam(model.parameters(), lr=0.01)
    scheduler = CosineAnnealingLR(optimizer, T_max=4)
    average = EMA(model, 0.9)
    loader = DataLoader((x, y), batch_size=16, shuffle=True)
    losses: list[float] = []
    for inputs, targets in loader:
        out: Tensor = model(Tensor(inputs))
        loss = loss_fn(out, targets)
        optimizer.zero_grad()
        loss.backward()
        norm: float = clip_grad_norm(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        average.update()
        losses.append(float(loss) + norm)
    with no_grad():
        plain: Tensor = MSELoss(reduction="sum")(model(Tensor(x)), np.eye(2)[y])
        plain = plain + cross_entropy(model(Tensor(x)), y, reduction="none").mean()

    second = AdamW(model.parameters(), lr=0.01)
    history = fit(
        model,
        loss_fn,
        second,
        DataLoader(ArrayDataset(x, y), batch_size=16, shuffle=True),
        epochs=2,
        validation=DataLoader((x, y), batch_size=64),
        metrics={"accuracy": accuracy},
        scheduler=OneCycleLR(second, max_lr=0.02, total_steps=8, anneal_strategy="linear"),
        callbacks=[EarlyStopping(monitor="val_loss", patience=3, mode="min")],
        progress="off",
    )
    scores: dict[str, float] = evaluate(model, loss_fn, loader, {"accuracy": accuracy})
    save_checkpoint(folder / "run.safetensors", model=model, optimizer=second)
    load_checkpoint(folder / "run.safetensors", model=model)
    save_tensors(folder / "weights.safetensors", model.state_dict(), metadata={"by": "Ada"})
    shapes: dict[str, tuple[int, ...]] = load_tensor_shapes(folder / "weights.safetensors")
    state: dict[str, Array] = load_tensors(folder / "weights.safetensors", keys=shapes)
    model.load_state_dict(convert_state(state, rename=[("*", "m.*"), ("m", "")]))
    return history, scores


def show(folder: Path, history: History) -> list[Figure]:
    x, y = moons(64)
    model = Network(2)
    outputs: Array = predict(model, x)
    macro: float = f1_score(outputs, y)
    each: Array = f1_score(outputs, y, average=None)
    figures = [
        heat_map(confusion_matrix(outputs, y), title=f"F1 {macro:.2f} of {len(each)} classes"),
        training_curves(history, title="Loss"),
        decision_boundary(partial(predict, model), x, y),
    ]
    for i, figure in enumerate(figures):
        figure.save(folder / f"{i}.svg")
    return figures


def chain(x: Tensor) -> Tensor:
    """A module can stand where a function is wanted."""
    steps: list[Callable[[Tensor], Tensor]] = [
        Dense(8, 8),
        SelfAttention(8, 2),
        TransformerEncoder(1, 8, 2),
        Sequential(Dense(8, 8), ReLU()),
        partial(MultiHeadAttention(8, 2), causal=True),
        relu,
    ]
    for step in steps:
        x = step(x)
    return x


def choose(deep: bool) -> Module:
    """A plain Module's call is Any: what is chosen at run time is known at run time."""
    return Network(3) if deep else Sequential(Dense(2, 3))


if __name__ == "__main__":
    here = Path(__file__).parent
    layers(Tensor(np.ones((2, 3, 8), np.float32)))
    operators(Tensor(np.ones((2, 2)), requires_grad=True), np.ones((2, 2)))
    chain(Tensor(np.ones((2, 3, 8))))
    Words()([[1, 2, 3]])
    square([1.0, 2.0])
    history, scores = train(here)
    show(here, history)
    chosen: Tensor = choose(deep=True)(Tensor([[0.0, 1.0]]))
    SGD(choose(deep=False).parameters(), lr=0.1).step()
    print(sorted(scores), chosen.shape)
