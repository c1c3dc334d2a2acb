r"""Spectral normalization: a weight that stretches no vector, and at least one by nothing."""

import numpy as np

from neural_net_core import init, normalize
from neural_net_core.checks import check_axis, check_count, check_number
from neural_net_core.dtypes import Array
from neural_net_core.modules.module import Module
from neural_net_core.ops import matmul, moveaxis, where
from neural_net_core.random import resolve_rng
from neural_net_core.tensor import Buffer, Parameter, Tensor
from neural_net_layers.convolution.conv_transpose1d import ConvTranspose1D
from neural_net_layers.convolution.conv_transpose2d import ConvTranspose2D
from neural_net_layers.parametrization.parametrization import (
    Parametrization,
    parametrizable,
    parametrize,
)

__all__ = ["spectral_norm"]

FIRST_ITERATIONS = 15  # as many as PyTorch makes when the vectors are drawn


class SingularVectors(Module):
    """The two vectors that a weight stretches most, found so far: W v ≈ σ u and Wᵀ u ≈ σ v.

    Args:
        w: The weight as a matrix.
        eps: What a vector's length counts as at least.
        rng: What the first vectors are drawn from.
    """

    def __init__(self, w: Array, eps: float, rng: np.random.Generator) -> None:
        self.eps = eps
        u, v = (self._unit(init.normal((n,), rng=rng, dtype=w.dtype)) for n in w.shape)
        self._u, self._v = Buffer(u, w.dtype), Buffer(v, w.dtype)
        self.improve(w, FIRST_ITERATIONS)

    def improve(self, w: Array, times: int) -> None:
        """Multiply by W and by its transpose in turns, which turns both towards the largest σ."""
        u, v = self._u.data, self._v.data
        for _ in range(times):
            u = self._unit(w @ v)
            v = self._unit(w.T @ u)
        for buffer, values in ((self._u, u), (self._v, v)):
            np.copyto(buffer.data, values)
            buffer.version += 1

    def _unit(self, x: Array) -> Array:
        return x / np.maximum(np.sqrt((x * x).sum()), self.eps)


class SpectralNorm(Parametrization):
    """W / σ(W), with the largest singular value σ by power iteration.

    Args:
        parameter: W, the layer's parameter.
        axis: Which of its axes are the rows of the matrix; the others are its columns.
        n_power_iterations: How many in each forward pass of training.
        eps: What a vector's length counts as at least.
        rng: What the first vectors are drawn from.
    """

    def __init__(
        self,
        parameter: Parameter,
        axis: int,
        n_power_iterations: int,
        eps: float,
        rng: np.random.Generator,
    ) -> None:
        self.axis, self.n_power_iterations, self.eps = axis, n_power_iterations, eps
        self.original = parameter
        if parameter.ndim > 1:
            vectors = SingularVectors(self._matrix(parameter.detach()).data, eps, rng)
            vars(self)["0"] = vectors  # PyTorch's path: the first one in a list

    def weight(self) -> Tensor:
        """Return W / (uᵀ W v), with u and v as constants; a W of nothing but zeros stays so."""
        if self.original.ndim == 1:
            return normalize(self.original, eps=self.eps)
        vectors = vars(self)["0"]
        u, v = vectors._u.data.copy(), vectors._v.data.copy()
        sigma = matmul(u, matmul(self._matrix(self.original), v))
        return self.original / where(sigma.data == 0, 1.0, sigma)

    def advance(self) -> None:
        """Make the power iterations of one forward pass, in training."""
        if self.training and self.original.ndim > 1:
            w = self._matrix(self.original.detach()).data
            vars(self)["0"].improve(w, self.n_power_iterations)

    def kept(self) -> Parameter:
        """Return W."""
        return self.original

    def _matrix(self, w: Tensor) -> Tensor:
        """Return W as a matrix with one row for each place along the axis."""
        w = moveaxis(w, self.axis, 0) if self.axis else w
        return w.reshape((w.shape[0], -1))

    def extra_repr(self) -> str:
        """Return the settings."""
        return f"axis={self.axis}, n_power_iterations={self.n_power_iterations}, eps={self.eps}"


def spectral_norm(
    layer: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    axis: int | None = None,
    *,
    rng: np.random.Generator | None = None,
) -> Module:
    r"""Divide a weight by its largest singular value, so that it lengthens no vector.

    $$ \bar W = \frac{W}{\sigma(W)}, \qquad \sigma(W) = \max_{|x| = 1} |W x| \approx u^\top W v,
       \qquad u \leftarrow \frac{W v}{|W v|}, \quad v \leftarrow \frac{W^\top u}{|W^\top u|} $$

    A network of such layers and of activations with slopes up to 1 changes no faster than its
    input does, which keeps the discriminator of a generative adversarial network in bounds.

    In each forward pass of training u and v make a step towards the singular vectors, which are
    found well as long as W changes slowly; in evaluation they stay. Gradients take them as
    constants. Called `torch.nn.utils.parametrizations.spectral_norm` in PyTorch, with the same
    paths: `parametrizations.weight.original` is W, `parametrizations.weight.0._u` and `0._v` are
    the vectors. There they make a step with every reading of `layer.weight`, here reading changes
    nothing; layers read it once in a forward pass, so the numbers agree. A weight that is a vector,
    such as a bias, has one singular value, its length, and no vectors are kept.

    Args:
        layer: Any module; it is changed. W is the parameter itself, so an optimizer that has it
            goes on.
        name: The parameter's name.
        n_power_iterations: How many steps in each forward pass of training.
        eps: What the length of a vector counts as at least, positive.
        axis: Which axis of W are the rows of the matrix; None means 0, the outputs, or 1 in
            `ConvTranspose1D` and `ConvTranspose2D`, where those stand second.
        rng: The generator for the first u and v, which 15 steps then improve; None means the
            library's.

    Returns:
        The layer. `layer.weight` computes W/σ anew each time it is read; `remove_parametrizations`
        makes it a plain parameter again.

    Raises:
        ValueError: If the layer has no such parameter of its own, or a parametrized one, or a
            setting is out of range.
        ShapeError: If it has no such axis.

    Source:
        Miyato et al. (2018), Spectral normalization for generative adversarial networks,
        arXiv:1802.05957, eq. 8 and algorithm 1.

    Examples:
        >>> import numpy as np
        >>> from neural_net_core import Dense
        >>> layer = spectral_norm(Dense(3, 3), rng=np.random.default_rng(0))
        >>> _ = [layer(np.ones(3)) for _ in range(100)]
        >>> round(float(np.linalg.norm(layer.weight.data, 2)), 4)
        1.0
        >>> list(layer.state_dict())[:2]
        ['bias', 'parametrizations.weight.original']
    """
    where_ = "spectral_norm"
    parameter = parametrizable(where_, layer, name)
    n_power_iterations = check_count(where_, "n_power_iterations", n_power_iterations)
    eps = check_number(where_, "eps", eps, above=0)
    if parameter.ndim == 0:
        raise ValueError(f"{where_}: {name} is a single number, which has no direction")
    if axis is None:
        axis = int(isinstance(layer, ConvTranspose1D | ConvTranspose2D) and parameter.ndim > 1)
    axis = check_axis(where_, axis, parameter.ndim)
    part = SpectralNorm(parameter, axis, n_power_iterations, eps, resolve_rng(rng))
    parametrize(layer, name, part)
    return layer
