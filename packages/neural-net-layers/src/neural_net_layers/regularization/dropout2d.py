"""Dropout of whole channels of images.

Neighbouring pixels of a feature map say nearly the same, so dropping single ones takes away
little: the network reads the value next door. Here a channel goes as a whole.
"""

import numpy as np

from neural_net_core.checks import check_fraction
from neural_net_core.errors import ShapeError
from neural_net_core.modules.module import Module
from neural_net_core.random import resolve_rng
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._inputs import coerce
from neural_net_layers.regularization.dropout import drop

__all__ = ["Dropout2D", "dropout2d"]


def dropout2d(
    x: TensorLike,
    p: float = 0.5,
    training: bool = True,
    *,
    rng: np.random.Generator | None = None,
) -> Tensor:
    r"""Set each channel of each image to zero with probability p, and scale the others.

    $$ y_{bchw} = \frac{m_{bc}}{1 - p} x_{bchw}, \qquad m_{bc} \sim \text{Bernoulli}(1 - p) $$

    Args:
        x: (B, C, H, W), or (C, H, W) for one image.
        p: The probability of dropping, in [0, 1].
        training: False returns x itself.
        rng: The generator to draw from; None means the library's.

    Returns:
        The shape of x.

    Raises:
        ShapeError: If x has neither 3 nor 4 axes.
        ValueError: If p is not in [0, 1].

    Examples:
        >>> import numpy as np
        >>> x = np.ones((1, 3, 1, 2))
        >>> dropout2d(x, 0.5, rng=np.random.default_rng(5)).tolist()
        [[[[2.0, 2.0]], [[2.0, 2.0]], [[0.0, 0.0]]]]
    """
    check_fraction("dropout2d", "p", p)
    (x,) = coerce(x)
    if x.ndim not in (3, 4):
        raise ShapeError(f"dropout2d: expected input (B, C, H, W) or (C, H, W), got {x.shape}")
    return drop(x, p, (*x.shape[:-2], 1, 1), rng) if training and p > 0 else x


class Dropout2D(Module):
    r"""Sets whole channels to zero with probability p in training.

    $$ y_{bchw} = \frac{m_{bc}}{1 - p} x_{bchw}, \qquad m_{bc} \sim \text{Bernoulli}(1 - p) $$

    Called `Dropout2d` in PyTorch, `SpatialDropout2D` in Keras.

    Args:
        p: The probability of dropping a channel, in [0, 1].
        rng: The generator to draw from; None means the library's.

    Shape:
        (B, C, H, W) or (C, H, W) -> the same

    Raises:
        ShapeError: If the input has neither 3 nor 4 axes.
        ValueError: If p is not in [0, 1].

    References:
        Tompson et al. (2015), arXiv:1411.4280, section 3.2.

    Examples:
        >>> import numpy as np
        >>> layer = Dropout2D(0.5, rng=np.random.default_rng(5))
        >>> layer(np.ones((3, 1, 2))).tolist()
        [[[2.0, 2.0]], [[2.0, 2.0]], [[0.0, 0.0]]]
    """

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator | None = None) -> None:
        self.p = check_fraction("Dropout2D", "p", p)
        self.rng = None if rng is None else resolve_rng(rng)

    def forward(self, x: TensorLike) -> Tensor:
        """Return x with channels dropped, or x itself after `eval()`."""
        return dropout2d(x, self.p, self.training, rng=self.rng)

    def extra_repr(self) -> str:
        """Return the probability."""
        return f"p={self.p}"
