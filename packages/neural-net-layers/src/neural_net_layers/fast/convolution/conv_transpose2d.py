"""Transposed convolution by the fast forms of a convolution's gradients."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.forms import fast_form_of
from neural_net_core.op import returns_new_arrays
from neural_net_layers.convolution.conv_transpose2d import ConvTranspose2DOp
from neural_net_layers.fast.channels import ChannelMatrix
from neural_net_layers.fast.convolution import convolve

__all__: list[str] = []


@fast_form_of(ConvTranspose2DOp)
class FastConvTranspose2DOp(ConvTranspose2DOp):
    """Saves x for dw and w for dx."""

    def forward(self, x: Array, w: Array, bias: Array | None) -> Array:
        if self.needs(0):
            self.w = w
        if self.needs(1):
            self.x = x
        y = convolve.input_gradient(x, w, self.window, self.groups, self.size)
        if any(self.unreached):
            y = np.pad(y, [(0, 0), (0, 0), *((0, n) for n in self.unreached)])
        if bias is not None:
            y.transpose(0, 2, 3, 1)[...] += bias  # in place: nobody else has y yet
        return y

    @returns_new_arrays
    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        dx = dw = dbias = None
        if self.needs(2):
            channels = ChannelMatrix(dy)
            dbias = channels.sums(channels.matrix(dy))
        dy = dy[:, :, : self.size[0], : self.size[1]]
        if self.needs(0):
            dx = convolve.correlate(dy, self.w, None, self.window, self.groups)
        if self.needs(1):
            dw, _ = convolve.weight_gradient(dy, self.x, self.window, self.groups)
        return dx, dw, dbias
