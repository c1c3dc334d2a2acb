"""A number, such as the time step of a diffusion model, as a vector of waves."""

import numpy as np

from neural_net_core.checks import check_array, check_count, check_number
from neural_net_core.dtypes import get_default_dtype
from neural_net_core.errors import ShapeError
from neural_net_core.grad_mode import no_grad
from neural_net_core.modules.module import Module
from neural_net_core.ops import cast, concatenate, cos, pad, sin
from neural_net_core.tensor import Tensor, TensorLike, as_tensor

__all__ = ["TimestepEmbedding", "timestep_embedding"]


def timestep_embedding(
    t: TensorLike, features: int, max_period: float = 10_000.0, scale: float = 1.0
) -> Tensor:
    r"""Return cosines and sines of a number at frequencies from 1 down to nearly 1 / max_period.

    $$ e = (\cos \omega_0 s t, \ldots, \cos \omega_{h-1} s t,
            \sin \omega_0 s t, \ldots, \sin \omega_{h-1} s t), \qquad
       \omega_i = m^{-i/h}, \quad h = \lfloor D / 2 \rfloor $$

    All cosines come first and an odd width ends with a zero, as in the public code of diffusion
    models, whose weights depend on that order. (`sinusoidal_positions` has sines and cosines in
    turn.)

    Args:
        t: (B,), whole or fractional; no gradient flows to it.
        features: D, at least 2.
        max_period: m; the slowest wave is nearly 2π m long.
        scale: s, what t is multiplied by. The waves are made for steps of 1, as 0 to 999. **For
            times in [0, 1] give 1000**: with 1, cos and sin of nearly all frequencies stay at
            their start, and the embeddings of all times are nearly alike.

    Returns:
        e (B, D), in t's dtype if t is a floating Tensor, otherwise in the default. The angles are
        computed in float64.

    Raises:
        ShapeError: If t has not one axis.

    References:
        Ho et al. (2020), arXiv:2006.11239, appendix B; Peebles & Xie (2023), arXiv:2212.09748.

    Examples:
        >>> timestep_embedding([0, 1], 5).data.round(2)
        array([[1.  , 1.  , 0.  , 0.  , 0.  ],
               [0.54, 1.  , 0.84, 0.01, 0.  ]], dtype=float32)
    """
    features = check_count("timestep_embedding", "features", features, 2)
    max_period = check_number("timestep_embedding", "max_period", max_period, above=0)
    steps = check_array("timestep_embedding", "t", t)
    if steps.ndim != 1:
        raise ShapeError(f"timestep_embedding: expected t (B,), got {steps.shape}")
    keeps = isinstance(t, Tensor) and steps.dtype.kind == "f"
    dtype = steps.dtype if keeps else get_default_dtype()
    half = features // 2
    frequencies = np.power(float(max_period), -np.arange(half) / half)
    scale = check_number("timestep_embedding", "scale", scale)
    with no_grad():
        angles = scale * as_tensor(t, np.float64)[:, None] * frequencies  # (B, h)
        waves = concatenate([cos(angles), sin(angles)], axis=1)  # (B, 2 h)
        return cast(pad(waves, [(0, 0), (0, features % 2)]), dtype)


class TimestepEmbedding(Module):
    """Turns numbers into vectors of waves, as the first part of a network that reads a time.

    Nothing is learned; two dense layers usually follow:

        Sequential(TimestepEmbedding(64), Dense(64, 128), SiLU(), Dense(128, 128))

    Args:
        features: D, at least 2.
        max_period: See `timestep_embedding`.
        scale: See `timestep_embedding`; for times in [0, 1] give 1000.

    Shape:
        (B,) -> (B, D)

    Raises:
        ShapeError: If the input has not one axis.

    References:
        Ho et al. (2020), arXiv:2006.11239, appendix B.

    Examples:
        >>> TimestepEmbedding(6)([0, 500, 999]).shape
        (3, 6)
    """

    def __init__(self, features: int, max_period: float = 10_000.0, scale: float = 1.0) -> None:
        self.features, self.max_period, self.scale = features, max_period, scale
        timestep_embedding(np.zeros(0), features, max_period, scale)  # checks all

    def forward(self, t: TensorLike) -> Tensor:
        """Return one vector for each number.

        Args:
            t: (B,).
        """
        return timestep_embedding(t, self.features, self.max_period, self.scale)

    def extra_repr(self) -> str:
        """Return the width, and what is not the default."""
        period = "" if self.max_period == 10_000 else f", max_period={self.max_period}"
        scale = "" if self.scale == 1 else f", scale={self.scale}"
        return f"{self.features}{period}{scale}"
