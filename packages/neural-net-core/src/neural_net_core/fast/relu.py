"""ReLU without branches, in blocks."""

import math

import numpy as np

from neural_net_core.activations.relu import ReLUOp
from neural_net_core.dtypes import Array
from neural_net_core.fast.blocks import in_blocks
from neural_net_core.fast.select import select
from neural_net_core.forms import fast_form_of

__all__: list[str] = []


@fast_form_of(ReLUOp)
class FastReLUOp(ReLUOp):
    """Limits x by `clip` where there is much of it, and chooses by bits."""

    def forward(self, x: Array) -> Array:
        # On large arrays clip is 3 times as fast as maximum, on small ones it is slower.
        self.y = np.maximum(x, 0) if x.size < 4096 else in_blocks(_clip, x, 1)[0]
        return self.y

    def backward(self, dy: Array) -> Array:
        return in_blocks(_pass, dy, 1, self.y)[0]


def _clip(x: Array) -> tuple[Array]:
    return (x.clip(0, math.inf),)


def _pass(dy: Array, y: Array) -> tuple[Array]:
    return (select(y != 0, dy, 0),)
