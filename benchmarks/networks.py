"""The two small convolutional networks that are timed, in both libraries.

Imports stand inside the functions, so that a process can do with one of the libraries.
"""

from typing import Any

WIDE = (32, 32, 32, 32)  # batch, channels, height, width


def cnn_ours(size: int, kernel: int) -> Any:
    """Return two convolutions with pooling and a classifier, 1 -> 16 -> 32 channels."""
    import neural_net_core as nn
    import neural_net_layers as layers

    return nn.Sequential(
        layers.Conv2D(1, 16, kernel, padding=kernel // 2),
        nn.ReLU(),
        layers.MaxPool2D(2),
        layers.Conv2D(16, 32, kernel, padding=kernel // 2),
        nn.ReLU(),
        layers.MaxPool2D(2),
        nn.Flatten(),
        nn.Dense(32 * (size // 4) ** 2, 10),
    )


def cnn_torch(size: int, kernel: int) -> Any:
    """Return the same in PyTorch."""
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(1, 16, kernel, padding=kernel // 2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, kernel, padding=kernel // 2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * (size // 4) ** 2, 10),
    )


def wide_ours() -> Any:
    """Return convolutions 32 -> 64 -> 64 with batch norm, for images of the shape WIDE."""
    import neural_net_core as nn
    import neural_net_layers as layers

    return nn.Sequential(
        layers.Conv2D(32, 64, 3, padding=1),
        layers.BatchNorm2D(64),
        nn.ReLU(),
        layers.Conv2D(64, 64, 3, padding=1),
        layers.BatchNorm2D(64),
        nn.ReLU(),
        layers.GlobalAvgPool2D(),
        nn.Dense(64, 10),
    )


def wide_torch() -> Any:
    """Return the same in PyTorch."""
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(32, 64, 3, padding=1),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.Conv2d(64, 64, 3, padding=1),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, 10),
    )
