"""The three networks of MTCNN, a face detector, with the names of the package facenet-pytorch.

P-Net slides over a small copy of an image and proposes places; R-Net and O-Net look at each
proposal again, in 24 x 24 and in 48 x 48 pixels. Images are (B, 3, H, W): (pixels - 127.5) / 128.

Source: Zhang et al. (2016), Joint Face Detection and Alignment Using Multitask Cascaded
Convolutional Networks, arXiv:1604.02878, figure 2.
"""

from neural_net_core import Dense, Module, PReLU, Tensor, softmax
from neural_net_layers import Conv2D, MaxPool2D


class PNet(Module):
    """Proposals: for each window of 12 x 12 pixels, every second pixel, whether it is a face."""

    def __init__(self) -> None:
        self.conv1, self.prelu1 = Conv2D(3, 10, 3), PReLU(10)
        self.pool1 = MaxPool2D(2, ceil_mode=True)
        self.conv2, self.prelu2 = Conv2D(10, 16, 3), PReLU(16)
        self.conv3, self.prelu3 = Conv2D(16, 32, 3), PReLU(32)
        self.conv4_1 = Conv2D(32, 2, 1)  # no face, face
        self.conv4_2 = Conv2D(32, 4, 1)  # how far the face's box lies from the window's

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.pool1(self.prelu1(self.conv1(x)))
        x = self.prelu2(self.conv2(x))
        x = self.prelu3(self.conv3(x))
        return self.conv4_2(x), softmax(self.conv4_1(x), axis=1)


class RNet(Module):
    """Refinement: boxes (B, 4) and probabilities (B, 2) of proposals, (B, 3, 24, 24)."""

    def __init__(self) -> None:
        self.conv1, self.prelu1 = Conv2D(3, 28, 3), PReLU(28)
        self.pool1 = MaxPool2D(3, 2, ceil_mode=True)
        self.conv2, self.prelu2 = Conv2D(28, 48, 3), PReLU(48)
        self.pool2 = MaxPool2D(3, 2, ceil_mode=True)
        self.conv3, self.prelu3 = Conv2D(48, 64, 2), PReLU(64)
        self.dense4, self.prelu4 = Dense(576, 128), PReLU(128)
        self.dense5_1, self.dense5_2 = Dense(128, 2), Dense(128, 4)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.pool1(self.prelu1(self.conv1(x)))
        x = self.pool2(self.prelu2(self.conv2(x)))
        x = in_their_order(self.prelu3(self.conv3(x)))
        x = self.prelu4(self.dense4(x))
        return self.dense5_2(x), softmax(self.dense5_1(x), axis=1)


class ONet(Module):
    """Output: boxes (B, 4), five landmarks (B, 10) and probabilities (B, 2), of (B, 3, 48, 48)."""

    def __init__(self) -> None:
        self.conv1, self.prelu1 = Conv2D(3, 32, 3), PReLU(32)
        self.pool1 = MaxPool2D(3, 2, ceil_mode=True)
        self.conv2, self.prelu2 = Conv2D(32, 64, 3), PReLU(64)
        self.pool2 = MaxPool2D(3, 2, ceil_mode=True)
        self.conv3, self.prelu3 = Conv2D(64, 64, 3), PReLU(64)
        self.pool3 = MaxPool2D(2, ceil_mode=True)
        self.conv4, self.prelu4 = Conv2D(64, 128, 2), PReLU(128)
        self.dense5, self.prelu5 = Dense(1152, 256), PReLU(256)
        self.dense6_1, self.dense6_2, self.dense6_3 = Dense(256, 2), Dense(256, 4), Dense(256, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = self.pool1(self.prelu1(self.conv1(x)))
        x = self.pool2(self.prelu2(self.conv2(x)))
        x = self.pool3(self.prelu3(self.conv3(x)))
        x = in_their_order(self.prelu4(self.conv4(x)))
        x = self.prelu5(self.dense5(x))
        return self.dense6_2(x), self.dense6_3(x), softmax(self.dense6_1(x), axis=1)


def in_their_order(x: Tensor) -> Tensor:
    """Lay out maps as the weights expect them: first trained elsewhere, columns before rows."""
    return x.transpose((0, 3, 2, 1)).reshape((len(x), -1))
