r"""Alpha dropout: dropout for self-normalizing networks (SELU), which keeps mean and variance.

SELU keeps activations near mean 0 and variance 1 by itself. Zeros would disturb that, so a
dropped unit gets the value that SELU has for very negative inputs, α′ = −λα ≈ −1.758, and an
affine map puts mean and variance back:

$$ y = a (x m + \alpha' (1 - m)) + b, \qquad
   a = \left((1 - p)(1 + p \alpha'^2)\right)^{-1/2}, \quad b = -a p \alpha' $$
"""

import numpy as np

from neural_net_core.checks import check_fraction
from neural_net_core.dtypes import Array
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.random import resolve_rng
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._inputs import coerce
from neural_net_layers.regularization.dropout import keep_mask

__all__ = ["AlphaDropout", "AlphaDropoutOp", "alpha_dropout"]

# −λα of SELU: the limit of its negative side.
SATURATION = -1.0507009873554805 * 1.6732632423543772


class AlphaDropoutOp(Op):
    r"""y = a (x m + α′ (1 − m)) + b with a mask m of zeros and ones;  dx = dy · a m.  Saves m.

    For x of mean 0 and variance 1, x m + α′ (1 − m) has mean p α′ and variance
    (1 − p) + α′² p − p² α′² = (1 − p)(1 + p α′²); a and b undo both.
    """

    def __init__(self, p: float) -> None:
        # With p = 1 every unit is α′, which the map takes to the mean, 0.
        self.a = ((1 - p) * (1 + p * SATURATION**2)) ** -0.5 if p < 1 else 0.0
        self.b = -self.a * p * SATURATION

    def forward(self, x: Array, mask: Array) -> Array:
        self.mask = mask
        return self.a * np.where(mask, x, SATURATION) + self.b

    def backward(self, dy: Array) -> tuple[Array, None]:
        return dy * self.a * self.mask, None


def alpha_dropout(
    x: TensorLike,
    p: float = 0.5,
    training: bool = True,
    *,
    rng: np.random.Generator | None = None,
) -> Tensor:
    r"""Set each element to SELU's saturation with probability p, keeping mean 0 and variance 1.

    Args:
        x: Any shape; of mean 0 and variance 1 for the effect that is meant.
        p: The probability of dropping, in [0, 1].
        training: False returns x itself.
        rng: The generator to draw from; None means the library's.

    Returns:
        The shape of x.

    Raises:
        ValueError: If p is not in [0, 1].

    Examples:
        >>> import numpy as np
        >>> alpha_dropout([1.0, 1.0, 1.0], 0.5, rng=np.random.default_rng(5)).data.round(3)
        array([ 1.666,  1.666, -0.779], dtype=float32)
    """
    check_fraction("alpha_dropout", "p", p)
    (x,) = coerce(x)
    if not training or p == 0:
        return x
    return AlphaDropoutOp.apply(x, keep_mask(x.shape, p, resolve_rng(rng)), p=p)


class AlphaDropout(Module):
    r"""Sets elements to SELU's saturation with probability p in training.

    $$ y = a (x m + \alpha' (1 - m)) + b, \qquad m \sim \text{Bernoulli}(1 - p) $$

    with a and b such that mean 0 and variance 1 stay as they are. Called `AlphaDropout` in PyTorch
    and Keras too.

    Args:
        p: The probability of dropping, in [0, 1].
        rng: The generator to draw from; None means the library's.

    Shape:
        any -> the same

    Raises:
        ValueError: If p is not in [0, 1].

    References:
        Klambauer et al. (2017), arXiv:1706.02515, section "New dropout technique".

    Examples:
        >>> import numpy as np
        >>> layer = AlphaDropout(0.5, rng=np.random.default_rng(0))
        >>> y = layer(np.random.default_rng(1).normal(size=100_000)).data
        >>> bool(abs(y.mean()) < 0.01 and abs(y.var() - 1) < 0.02)
        True
    """

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator | None = None) -> None:
        self.p = check_fraction("AlphaDropout", "p", p)
        self.rng = None if rng is None else resolve_rng(rng)

    def forward(self, x: TensorLike) -> Tensor:
        """Return x with elements dropped, or x itself after `eval()`."""
        return alpha_dropout(x, self.p, self.training, rng=self.rng)

    def extra_repr(self) -> str:
        """Return the probability."""
        return f"p={self.p}"
