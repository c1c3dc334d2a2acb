"""Silero's voice activity detector: how probable it is that somebody speaks, every 32 ms.

A step takes 576 samples (16,000 a second): 512 new ones, and the 64 before them.

Source: the package silero-vad, whose file for tinygrad has these names.
"""

import numpy as np

from neural_net_core import Module, Tensor, TensorLike, as_tensor, ops, relu, sigmoid
from neural_net_core.dtypes import Array
from neural_net_layers import Conv1D, LSTMCell

State = tuple[Tensor, Tensor]
NEW, BEFORE = 512, 64


class SileroVAD(Module):
    """A spectrum, four convolutions over it, and an LSTM that remembers the steps before."""

    def __init__(self) -> None:
        self.stft_conv = Conv1D(1, 258, 256, stride=128, bias=False)  # 129 cosines, 129 sines
        self.conv1 = Conv1D(129, 128, 3, padding=1)
        self.conv2 = Conv1D(128, 64, 3, stride=2, padding=1)
        self.conv3 = Conv1D(64, 64, 3, stride=2, padding=1)
        self.conv4 = Conv1D(64, 128, 3, padding=1)
        self.lstm_cell = LSTMCell(128, 128)
        self.final_conv = Conv1D(128, 1, 1)

    def forward(self, x: TensorLike, state: State | None = None) -> tuple[Tensor, State]:
        x = ops.pad(as_tensor(x)[:, None], ((0, 0), (0, 0), (0, 64)), "reflect")  # (B, 1, 640)
        x = self.stft_conv(x)  # (B, 258, 4)
        x = ops.sqrt(x[:, :129] ** 2 + x[:, 129:] ** 2)  # how strong each frequency is
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
            x = relu(conv(x))  # in the end (B, 128, 1)
        h, c = self.lstm_cell(x[:, :, 0], state)
        y = sigmoid(self.final_conv(relu(h)[:, :, None]))  # (B, 1, 1)
        return y[:, :, 0], (h, c)


def probabilities(model: SileroVAD, sound: Array) -> Array:
    """Return the probability of speech in each step of a sound, (B, samples)."""
    steps = sound.shape[1] // NEW
    sound = np.pad(sound[:, : steps * NEW], ((0, 0), (BEFORE, 0)))
    state, found = None, []
    for step in range(steps):
        y, state = model(sound[:, step * NEW : step * NEW + BEFORE + NEW], state)
        found.append(y.data)
    return np.concatenate(found, axis=1)  # (B, steps)
