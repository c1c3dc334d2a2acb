"""Convolution by the form that is fastest for its sizes, without the gradients nobody needs."""

from neural_net_core.dtypes import Array
from neural_net_core.forms import fast_form_of
from neural_net_core.op import returns_new_arrays
from neural_net_layers.convolution.conv2d import Conv2DOp
from neural_net_layers.fast.channels import ChannelMatrix
from neural_net_layers.fast.convolution import convolve

__all__: list[str] = []


@fast_form_of(Conv2DOp)
class FastConv2DOp(Conv2DOp):
    """Saves x for dw and w for dx; what windows see is cheaper to gather again than to keep."""

    def forward(self, x: Array, w: Array, bias: Array | None) -> Array:
        self.size = (x.shape[2], x.shape[3])
        if self.needs(0):
            self.w = w
        if self.needs(1):
            self.x = x
        return convolve.correlate(x, w, bias, self.window, self.groups)

    @returns_new_arrays
    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        dx = dw = dbias = None
        if self.needs(0):
            dx = convolve.input_gradient(dy, self.w, self.window, self.groups, self.size)
        if self.needs(1):
            dw, dbias = convolve.weight_gradient(self.x, dy, self.window, self.groups)
        elif self.needs(2):
            channels = ChannelMatrix(dy)
            dbias = channels.sums(channels.matrix(dy))
        return dx, dw, dbias
