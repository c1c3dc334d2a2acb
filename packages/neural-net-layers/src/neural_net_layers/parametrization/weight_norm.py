r"""Weight normalization: length and direction of a weight are learned apart."""

from neural_net_core.checks import check_axis
from neural_net_core.modules.module import Module
from neural_net_core.ops import norm, where
from neural_net_core.tensor import Parameter, Tensor
from neural_net_layers.parametrization.parametrization import (
    Parametrization,
    parametrizable,
    parametrize,
)

__all__ = ["weight_norm"]


class WeightNorm(Parametrization):
    """W = g V / |V|, lengths g (`original0`) and directions V (`original1`).

    Args:
        parameter: V, the layer's parameter.
        axis: Where the vectors stand side by side; None means that all of V is one.
    """

    def __init__(self, parameter: Parameter, axis: int | None) -> None:
        self.axis = axis
        self.axes = tuple(i for i in range(parameter.ndim) if i != axis)
        length = norm(parameter.detach(), self.axes, keepdims=axis is not None)
        learns = parameter.requires_grad
        self.original0 = Parameter(length.data, parameter.dtype, requires_grad=learns)
        self.original1 = parameter

    def weight(self) -> Tensor:
        """Return g V / |V|, where V of length 0 has no direction and counts as 0."""
        g, v = self.original0, self.original1
        length = norm(v, self.axes, keepdims=self.axis is not None)
        return v * (g / where(length.data == 0, 1.0, length))

    def kept(self) -> Parameter:
        """Return V."""
        return self.original1

    def extra_repr(self) -> str:
        """Return the axis."""
        return f"axis={self.axis}"


def weight_norm(layer: Module, name: str = "weight", axis: int | None = 0) -> Module:
    r"""Split a weight into lengths and directions, which learn apart; return the layer.

    $$ w = g \, \frac{v}{|v|} \qquad
       \frac{\partial L}{\partial g} = \frac{\partial L}{\partial w} \cdot \frac{v}{|v|} \qquad
       \frac{\partial L}{\partial v} = \frac{g}{|v|} \Big(\frac{\partial L}{\partial w} -
       \frac{\partial L}{\partial g} \frac{v}{|v|}\Big) $$

    for every vector of weights w, such as the row of a `Dense` that makes one output. A step
    changes v at a right angle to itself, so that v can only grow, and the steps of its direction
    become smaller by themselves.

    The layer computes what it did before, until it learns. Called
    `torch.nn.utils.parametrizations.weight_norm` in PyTorch, with the same paths:
    `parametrizations.weight.original0` is g and `original1` v. States with the names of PyTorch's
    older `weight_norm` load after

        convert_state(state, rename=[("weight_g", "parametrizations.weight.original0"),
                                     ("weight_v", "parametrizations.weight.original1")])

    Args:
        layer: Any module; it is changed. v is the parameter itself, so an optimizer that has it
            goes on, but does not know g: apply this before making one.
        name: The parameter's name, such as `"weight_hh_l0"` of an `LSTM`.
        axis: Where the vectors stand side by side, 0 for the outputs of `Dense` and `Conv2D`, so
            that g is (O, 1, …); None means that the whole weight is one vector. −1 is the last
            axis (in PyTorch it is another way to say None).

    Returns:
        The layer. `layer.weight` computes w anew each time it is read; `remove_parametrizations`
        makes it a plain parameter again.

    Raises:
        ValueError: If the layer has no such parameter of its own, or a parametrized one.
        ShapeError: If it has no such axis.

    Source:
        Salimans & Kingma (2016), Weight normalization, arXiv:1602.07868, eqs. 2 and 3.

    Examples:
        >>> from neural_net_core import Dense
        >>> layer = weight_norm(Dense(3, 2))
        >>> {path: values.shape for path, values in layer.state_dict().items()}
        {'bias': (2,), 'parametrizations.weight.original0': (2, 1),
         'parametrizations.weight.original1': (2, 3)}
    """
    parameter = parametrizable("weight_norm", layer, name)
    if axis is not None:
        axis = check_axis("weight_norm", axis, parameter.ndim)
    parametrize(layer, name, WeightNorm(parameter, axis))
    return layer
