r"""A parameter of a layer that is computed from others, whatever the layer is.

    layer.weight = f(original)        computed anew wherever the layer reads it

The layer's code says `self.weight` and need not know. So its class becomes one of its own, a
subclass in which `weight` is a property; the parameters that are learned stand beside it:

    layer.parametrizations["weight"].original        path "parametrizations.weight.original"

Why this way: a wrapper around the layer would put its own name before every path, and only layers
written for it could compute with a weight that is no parameter. This has the paths of PyTorch's
`torch.nn.utils.parametrizations`, and works for every layer and every name. The old parameter keeps
its identity, as an original of the new one, and is put back when the parametrization is removed, so
that whoever held it still does. Nothing is stored: each reading builds the weight, and its graph,
anew. Reading changes nothing; what moves in training (`SpectralNorm`'s vectors, as batch norm's
averages) moves once in each forward pass of the layer. In PyTorch it moves with each reading.
"""

import functools
from typing import Any

import numpy as np

from neural_net_core.checks import check_flag, check_instance, check_text
from neural_net_core.grad_mode import no_grad
from neural_net_core.modules.module import Module
from neural_net_core.tensor import Parameter, Tensor

__all__ = ["remove_parametrizations"]


class Parametrization(Module):
    """Base of what stands for one parameter of a layer: the originals, and what is made of them."""

    def weight(self) -> Tensor:
        """Return the parameter, computed from the originals."""
        raise NotImplementedError

    def kept(self) -> Parameter:
        """Return the original that was the layer's parameter before, and will be again."""
        raise NotImplementedError

    def advance(self) -> None:
        """Move what moves in training; called once in each forward pass of the layer."""


def parametrizable(where: str, layer: Any, name: Any) -> Parameter:
    """Return a parameter of a layer that may be parametrized.

    Raises:
        ValueError: If it is no layer, or has no such parameter, or a parametrized one.
    """
    layer = check_instance(where, "layer", layer, Module)
    name, kind = check_text(where, "name", name), type(layer).__name__
    parameter = vars(layer).get(name)
    if isinstance(parameter, Parameter):
        return parameter
    if name in parts_of(layer):
        raise ValueError(
            f"{where}: {name} of {kind} is parametrized already; "
            f"remove_parametrizations(layer, {name!r}) undoes that"
        )
    known = ", ".join(key for key, value in vars(layer).items() if isinstance(value, Parameter))
    raise ValueError(f"{where}: {kind} has no parameter {name!r} of its own, but {known or 'none'}")


def parametrize(layer: Module, name: str, part: Parametrization) -> None:
    """Let a parametrization stand for a parameter of a layer."""
    part.train(layer.training)
    part.kept().name = None  # errors call it by the new path, once the module has been walked
    vars(layer).setdefault("parametrizations", {})[name] = part
    del vars(layer)[name]
    layer.__class__ = _class_of(layer)


def parts_of(layer: Module) -> dict[str, Parametrization]:
    """Return what stands for the parameters of a layer, by their names."""
    parts: dict[str, Parametrization] = vars(layer).get("parametrizations", {})
    return parts


def remove_parametrizations(
    layer: Module, name: str = "weight", *, leave_parametrized: bool = True
) -> Module:
    """Make a parameter of a layer a plain one again, and return the layer.

    Args:
        layer: A layer after `weight_norm` or `spectral_norm`.
        name: The parameter's name.
        leave_parametrized: Whether it keeps the value that it was computed to be; else it gets back
            the original, which is possible for `spectral_norm` alone.

    Returns:
        The layer, of its old class. The parameter is the object that it was at first, with the new
        value copied into it.

    Raises:
        ValueError: If this parameter is not parametrized, or has no original to go back to.

    Examples:
        >>> from neural_net_core import Dense
        >>> from neural_net_layers import weight_norm
        >>> layer = weight_norm(Dense(3, 2))
        >>> list(remove_parametrizations(layer).state_dict())
        ['bias', 'weight']
    """
    where = "remove_parametrizations"
    layer, name = check_instance(where, "layer", layer, Module), check_text(where, "name", name)
    check_flag(where, "leave_parametrized", leave_parametrized)
    parts = parts_of(layer)
    if name not in parts:
        raise ValueError(f"{where}: {name!r} of {type(layer).__name__} is not parametrized")
    part = parts[name]
    parameter = part.kept()
    if leave_parametrized:
        with no_grad():
            value = part.weight().data
        np.copyto(parameter.data, value)
        parameter.version += 1
        parameter.grad = None  # of the original, which it is no longer
    elif len(list(part.parameters())) > 1:
        raise ValueError(
            f"{where}: {name} is made of several parameters, so there is no original to go back "
            "to; leave_parametrized must be True"
        )
    parameter.name = None
    del parts[name]
    if not parts:
        del vars(layer)["parametrizations"]
    layer.__class__ = _class_of(layer)
    vars(layer)[name] = parameter
    return layer


def _class_of(layer: Module) -> type[Module]:
    """Return the layer's own class, or a subclass in which parametrized names are properties."""
    cls: type[Module] = getattr(type(layer), "_unparametrized", type(layer))
    parts = parts_of(layer)
    if not parts:
        return cls

    @functools.wraps(cls.forward)
    def forward(self: Any, *args: Any, **kwargs: Any) -> Any:
        for part in parts_of(self).values():
            part.advance()
        return cls.forward(self, *args, **kwargs)

    members: dict[str, Any] = {name: _computed(name) for name in parts}
    members |= {"forward": forward, "_unparametrized": cls}
    members |= {"__module__": cls.__module__, "__doc__": cls.__doc__}
    return type(f"Parametrized{cls.__name__}", (cls,), members)


def _computed(name: str) -> property:
    """Return a property that computes a parametrized parameter."""

    def read(self: Any) -> Tensor:
        return parts_of(self)[name].weight()

    def write(self: Any, value: Any) -> None:
        raise TypeError(
            f"{type(self).__name__}.{name} is computed, and nothing can be put in its place: "
            f"change self.parametrizations[{name!r}], or remove_parametrizations(self, {name!r}) "
            "before"
        )

    return property(read, write, doc=f"The parametrized {name}, computed anew.")
