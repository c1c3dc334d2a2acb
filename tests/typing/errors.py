"""Mistakes that a type checker finds before the program runs: each line marked, and no other."""

import numpy as np

from neural_net_core import (
    GELU,
    CrossEntropyLoss,
    Dense,
    KLDivLoss,
    Module,
    ModuleList,
    MSELoss,
    Parameter,
    Sequential,
    Tensor,
    cross_entropy,
    gelu,
    init,
    mse_loss,
    ops,
)
from neural_net_layers import (
    LSTM,
    Conv2D,
    EmbeddingBag,
    MaxPool2D,
    MultiHeadAttention,
    SelfAttention,
    TransformerEncoder,
    TransformerEncoderLayer,
    Upsample,
    VanillaRNN,
)
from neural_net_optim import EMA, SGD, Adafactor, Muon
from neural_net_optim.schedules import CyclicLR, OneCycleLR, ReduceLROnPlateau
from neural_net_utils import DataLoader, EarlyStopping, f1_score, fit
from neural_net_viz import heat_map, image_grid, optimizer_paths


class Scaled(Module):
    def __init__(self) -> None:
        self.part = Dense(2, 2)

    def forward(self, x: Tensor, factor: float = 1.0) -> Tensor:
        return self.part(x) * factor


class Pair(Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, x


def calls(x: Tensor) -> None:
    SelfAttention(4, 2)(x, kep=None)  # error
    MultiHeadAttention(4, 2)(x, need_weight=True)  # error
    TransformerEncoder(1, 4, 2)(x, casual=True)  # error
    Scaled()(x, factor="a")  # error
    Scaled()(x, 2.0, 3.0)  # error
    Scaled()()  # error
    Scaled()(x, scale=2.0)  # error
    Dense(2, 2)(x, x)  # error
    Dense(2, 2)(None)  # error
    Dense(2, 2)(Scaled())  # error
    MSELoss()(x)  # error
    LSTM(2, 2)(x, x)  # error
    ops.sum(x, axis="0")  # error


def results(x: Tensor) -> None:
    a: int = Dense(2, 2)(x)  # error
    b: Tensor = Pair()(x)  # error
    c: Tensor = LSTM(2, 2)(x)  # error
    d: Tensor = SelfAttention(4, 2)(x, need_weights=True)  # error
    e: Tensor = MaxPool2D(2, return_indices=True)(x)  # error
    f: float = mse_loss(x, x)  # error
    g: int = x + 1  # error
    h: int = ops.exp(x)  # error
    Scaled()(x).nump()  # error
    print(a, b, c, d, e, f, g, h)


def words(x: Tensor, scaled: Scaled) -> None:
    optimizer = SGD(scaled.parameters(), lr=0.1)
    mse_loss(x, x, reduction="men")  # error
    cross_entropy(x, x, reduction="batchmean")  # error
    MSELoss(reduction="men")  # error
    CrossEntropyLoss(reduction="avg")  # error
    KLDivLoss(reduction="batchmean")
    KLDivLoss(reduction="batch")  # error
    gelu(x, approximate="erf")  # error
    GELU("erf")  # error
    ops.pad(x, 1, mode="reflected")  # error
    init.kaiming_normal((2, 2), mode="fan")  # error
    init.calculate_gain("rellu")  # error
    Conv2D(1, 1, 3, padding="samee")  # error
    Conv2D(1, 1, 3, padding_mode="mirror")  # error
    Upsample(2, mode="cubic")  # error
    EmbeddingBag(2, 2, mode="avg")  # error
    VanillaRNN(2, 2, nonlinearity="sigmoid")  # error
    TransformerEncoderLayer(4, 2, activation="rellu")  # error
    OneCycleLR(optimizer, 0.1, 9, anneal_strategy="cosine")  # error
    CyclicLR(optimizer, 0.1, 0.2, mode="triangle")  # error
    ReduceLROnPlateau(optimizer, mode="less")  # error
    EMA(scaled, 0.9, start="none")  # error
    Adafactor(scaled.parameters(), variant="tensorflow")  # error
    Muon(scaled.parameters(), adjust_lr_fn="rms")  # error
    EarlyStopping(mode="less")  # error
    f1_score(x, x, average="macros")  # error
    loader = DataLoader((np.ones((2, 2)), np.ones((2, 2))))
    fit(scaled, mse_loss, optimizer, loader, epochs=1, progress="none")  # error
    heat_map([[1.0]], colors="red")  # error
    image_grid([[[1.0]]], colors="gray")  # error
    optimizer_paths("rosenbrok", {"a": [[0.0, 0.0]]})  # error


def values(x: Tensor, scaled: Scaled) -> None:
    SGD(scaled, lr=0.1)  # error
    Parameter(None)  # error
    ModuleList([Dense(2, 2)])[0](x, 3)  # error
    ModuleList([np.tanh])  # error
    np.mean(x)  # error
    Sequential(np.tanh)  # error
    Dense(2, 2, init="normal")  # error
    Dense("2", 2)  # error
    SGD(scaled.parameters()).steps()  # error
    print(scaled.part.weight.value)  # error
