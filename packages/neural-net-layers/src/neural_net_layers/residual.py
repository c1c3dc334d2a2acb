r"""Residual connections: a layer learns what to add to its input, not what to make of it.

$$ y = x + f(x) \qquad \frac{\partial y}{\partial x} = 1 + f'(x) $$

The 1 is the point: the gradient reaches every layer undiminished by the layers above it, so that
networks of a hundred layers train. With small f, a block begins near the identity, and depth can
do no harm at first.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from neural_net_core.activations.relu import ReLU
from neural_net_core.checks import check_count, check_fraction, check_number
from neural_net_core.errors import ShapeError
from neural_net_core.init import Initializer
from neural_net_core.modules.dense import Dense
from neural_net_core.modules.inputs import as_input
from neural_net_core.modules.module import Module
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._checks import make_norm
from neural_net_layers.normalization.layer_norm import LayerNorm
from neural_net_layers.regularization.drop_path import DropPath
from neural_net_layers.regularization.dropout import Dropout

__all__ = ["Residual", "ResidualBlock"]


class Residual(Module):
    r"""Adds a block's output to its input.

    $$ y = s(x) + f(x) $$

    Args:
        block: f, any module.
        shortcut: s, a module that brings x to the shape of f(x), such as a `Dense` or a strided
            1×1 convolution; None is the identity.
        drop_path: The probability of leaving out the block in training, example by example.
        rng: The generator for `drop_path`; None means the library's.

    Shape:
        the block's

    Attributes:
        block: f.
        shortcut: s, or None.

    Raises:
        ShapeError: If both sides differ in shape; adding them would repeat one along the other.

    References:
        He et al. (2016), arXiv:1512.03385, eqs. 1 and 2.

    Examples:
        >>> class Half(Module):
        ...     def forward(self, x):
        ...         return x * 0.5
        >>> Residual(Half())([2.0, 4.0]).data
        array([3., 6.], dtype=float32)
    """

    def __init__(
        self,
        block: Module,
        shortcut: Module | None = None,
        *,
        drop_path: float = 0.0,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.block = block
        self.shortcut = shortcut
        self.drop_path = drop_path_of("Residual", drop_path, rng)

    def forward(self, x: TensorLike) -> Tensor:
        """Return s(x) + f(x)."""
        x = as_input(self, x)
        branch = self.block(x)
        if self.drop_path is not None:
            branch = self.drop_path(branch)
        return add_branch(self, x if self.shortcut is None else self.shortcut(x), branch)


class ResidualBlock(Module):
    r"""Two dense layers with an activation between them, normalized, and added to the input.

    $$ \text{pre-norm: } y = s(x) + W_2\, a(W_1\, \mathrm{norm}(x) + b_1) + b_2 $$

    $$ \text{post-norm: } y = \mathrm{norm}(s(x) + W_2\, a(W_1 x + b_1) + b_2) $$

    The shortcut s is the identity, or a projection W_s x where the sizes differ. Pre-norm leaves
    the way through the sums free of any layer, which makes very deep networks train without
    warm-up; its sums grow, so put one more norm after the last block. Post-norm is the older form.

    Args:
        in_features: I, the size of the input.
        out_features: O, the size of the output; None means I.
        hidden_features: D, the size between the two layers; None means O.
        activation: a; None means `ReLU()`.
        norm: Makes the norm of a given size, such as `LayerNorm`, `RMSNorm` or `BatchNorm1D`;
            None leaves it out.
        norm_first: Whether the norm stands before the branch or after the sum; unlike the
            transformer's layers, whose default is PyTorch's, the block begins with it.
        dropout: The probability of dropping a hidden unit in training.
        drop_path: The probability of leaving out the branch in training, example by example.
        init: Initializer of the dense layers, such as `init.kaiming_normal`; None as in `Dense`.
        branch_scale: Factor on the initial weights and bias of the second layer. 0 makes the block
            begin as the identity (or the projection); 1/sqrt(2 L) keeps the size of a sum of
            L blocks of a transformer, as in GPT-2.
        rng: The generator to draw weights and drops from; None means the library's.
        dtype: The parameters' dtype; None means the default, float32.

    Shape:
        (…, I) -> (…, O)

    Attributes:
        norm: The norm, of I features before the branch or O after the sum; or None.
        hidden: `Dense`, I -> D.
        output: `Dense`, D -> O.
        projection: `Dense` without bias, I -> O; None where the sizes are equal.

    Raises:
        ShapeError: If the last axis of the input is not I.

    References:
        He et al. (2016), arXiv:1512.03385, eq. 2 (projection); He et al. (2016),
        arXiv:1603.05027, figure 4e (pre-norm), both for convolutions.

    Examples:
        >>> block = ResidualBlock(2, branch_scale=0.0)
        >>> block([[1.0, 2.0]]).data
        array([[1., 2.]], dtype=float32)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int | None = None,
        hidden_features: int | None = None,
        *,
        activation: Module | None = None,
        norm: Callable[[int], Module] | None = LayerNorm,
        norm_first: bool = True,
        dropout: float = 0.0,
        drop_path: float = 0.0,
        init: Initializer | None = None,
        branch_scale: float = 1.0,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        inputs = check_count("ResidualBlock", "in_features", in_features)
        outputs = inputs if out_features is None else out_features
        outputs = check_count("ResidualBlock", "out_features", outputs)
        width = outputs if hidden_features is None else hidden_features
        width = check_count("ResidualBlock", "hidden_features", width)
        self.in_features, self.norm_first = inputs, norm_first
        size = inputs if norm_first else outputs
        self.norm = None if norm is None else make_norm("ResidualBlock", norm, size, dtype)
        self.hidden = Dense(inputs, width, init=init, rng=rng, dtype=dtype)
        self.activation = ReLU() if activation is None else activation
        p = check_fraction("ResidualBlock", "dropout", dropout)
        self.dropout = Dropout(p, rng=rng) if p else None
        self.output = Dense(width, outputs, init=init, rng=rng, dtype=dtype)
        branch_scale = check_number("ResidualBlock", "branch_scale", branch_scale)
        for parameter in self.output.parameters():
            parameter.data *= branch_scale
        self.drop_path = drop_path_of("ResidualBlock", drop_path, rng)
        self.projection = None
        if inputs != outputs:
            self.projection = Dense(inputs, outputs, False, init=init, rng=rng, dtype=dtype)

    def forward(self, x: TensorLike) -> Tensor:
        """Return the sum of shortcut and branch, with the norm before or after."""
        x = as_input(self, x)
        if x.ndim == 0 or x.shape[-1] != self.in_features:
            raise ShapeError(
                f"ResidualBlock({self.extra_repr()}): expected input (..., {self.in_features}), "
                f"got {x.shape}"
            )
        branch = self.norm(x) if self.norm is not None and self.norm_first else x
        branch = self.activation(self.hidden(branch))  # (…, D)
        if self.dropout is not None:
            branch = self.dropout(branch)
        branch = self.output(branch)  # (…, O)
        if self.drop_path is not None:
            branch = self.drop_path(branch)
        y = add_branch(self, x if self.projection is None else self.projection(x), branch)
        return self.norm(y) if self.norm is not None and not self.norm_first else y

    def extra_repr(self) -> str:
        """Return the sizes and the form."""
        sizes = f"{self.in_features} -> {self.hidden.out_features} -> {self.output.out_features}"
        return f"{sizes}, norm_first={self.norm_first}"


def drop_path_of(layer: str, p: float, rng: np.random.Generator | None) -> DropPath | None:
    """Return what leaves out the branch, or None if it never does."""
    p = check_fraction(layer, "drop_path", p)
    return DropPath(p, rng=rng) if p else None


def add_branch(owner: Module, shortcut: Tensor, branch: Tensor) -> Tensor:
    """Return the sum of two tensors that must have one shape."""
    if shortcut.shape != branch.shape:
        raise ShapeError(
            f"{type(owner).__name__}: expected both sides of the sum to have one shape, got "
            f"{shortcut.shape} past the block and {branch.shape} through it; a shortcut module "
            "can bring the input to the other shape"
        )
    return shortcut + branch
