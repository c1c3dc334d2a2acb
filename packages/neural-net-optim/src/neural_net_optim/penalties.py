"""Penalties on large weights, as terms of the loss, and groups for decay without biases.

    loss = cross_entropy(model(x), y) + l2_penalty(model, 1e-4)

By default only weights with two or more axes are penalized: biases and the scales of
normalization layers have one, and shrinking them only costs accuracy. Give `only=everything`
for all, or a function of the name and the parameter of your own.
"""

from collections.abc import Callable, Iterable
from typing import Any

from neural_net_core import Module, Parameter, Tensor
from neural_net_core.checks import shown
from neural_net_optim.base.limits import at_least, between

__all__ = [
    "elastic_penalty",
    "everything",
    "is_weight",
    "l1_penalty",
    "l2_penalty",
    "pairs_of",
    "weight_decay_groups",
]

Filter = Callable[[str, Parameter], bool]
Named = Module | Iterable[tuple[str, Parameter]]


def is_weight(name: str, parameter: Parameter) -> bool:
    """Tell whether a parameter has two or more axes, as weights do and biases and norms do not."""
    if not isinstance(parameter, Tensor):
        raise TypeError(f"is_weight: expected a Parameter, got {shown(parameter)}")
    return parameter.ndim >= 2


def everything(name: str, parameter: Parameter) -> bool:
    """Tell True for every parameter."""
    return True


def l1_penalty(model: Named, strength: float, *, only: Filter = is_weight) -> Tensor:
    r"""Return the sum of the weights' magnitudes, which drives small weights to exactly 0.

    $$ \lambda \sum_i |w_i| $$

    Args:
        model: A module, or (name, parameter) pairs.
        strength: λ, >= 0.
        only: Which parameters count.

    Returns:
        A scalar to add to the loss; its gradient is λ sign w, and 0 at 0.

    References:
        Tibshirani (1996), Regression shrinkage and selection via the lasso.

    Examples:
        >>> float(l1_penalty([("w", Parameter([[1.0, -3.0]]))], 0.5))
        2.0
    """
    strength = at_least(0).check("l1_penalty", "strength", strength)
    return _sum([p.abs().sum() * strength for p in _chosen("l1_penalty", model, only)])


def l2_penalty(model: Named, strength: float, *, only: Filter = is_weight) -> Tensor:
    r"""Return half the sum of the weights' squares, whose gradient is a weight decay.

    $$ \frac{\lambda}{2} \sum_i w_i^2 $$

    With `SGD` it is the same as `weight_decay=λ`; with Adam that is the same as this penalty, and
    `AdamW` is something else.

    Args:
        model: A module, or (name, parameter) pairs.
        strength: λ, >= 0.
        only: Which parameters count.

    Returns:
        A scalar to add to the loss; its gradient is λ w.

    References:
        Krogh & Hertz (1992), A simple weight decay can improve generalization.

    Examples:
        >>> float(l2_penalty([("w", Parameter([[1.0, -3.0]]))], 0.5))
        2.5
    """
    strength = at_least(0).check("l2_penalty", "strength", strength)
    return _sum([(p * p).sum() * (strength / 2) for p in _chosen("l2_penalty", model, only)])


def elastic_penalty(
    model: Named, strength: float, l1_ratio: float = 0.5, *, only: Filter = is_weight
) -> Tensor:
    r"""Return a mixture of both penalties: sparse, but with correlated weights kept together.

    $$ \lambda \Bigl(\rho \sum_i |w_i| + \frac{1 - \rho}{2} \sum_i w_i^2\Bigr) $$

    Args:
        model: A module, or (name, parameter) pairs.
        strength: λ, >= 0.
        l1_ratio: ρ, in [0, 1].
        only: Which parameters count.

    References:
        Zou & Hastie (2005), Regularization and variable selection via the elastic net; with the
        weights of scikit-learn's `alpha` and `l1_ratio`.

    Examples:
        >>> float(elastic_penalty([("w", Parameter([[1.0, -3.0]]))], 0.5, l1_ratio=0.5))
        2.25
    """
    strength = at_least(0).check("elastic_penalty", "strength", strength)
    l1_ratio = between(0, 1).check("elastic_penalty", "l1_ratio", l1_ratio)
    # The pairs are needed twice, and may be an iterator.
    pairs = pairs_of("elastic_penalty", model, only)
    return l1_penalty(pairs, strength * l1_ratio, only=only) + l2_penalty(
        pairs, strength * (1 - l1_ratio), only=only
    )


def weight_decay_groups(
    model: Named, weight_decay: float, *, only: Filter = is_weight
) -> list[dict[str, Any]]:
    """Return two groups for an optimizer: decay for weights, none for biases and norms.

        AdamW(weight_decay_groups(model, 0.1), lr=3e-4)

    Args:
        model: A module, or (name, parameter) pairs.
        weight_decay: The decay of the first group, >= 0.
        only: Which parameters decay; to leave out an embedding as well, say
            `lambda name, p: p.ndim >= 2 and "embedding" not in name`.

    Returns:
        Two dicts with "params", (name, parameter) pairs, and "weight_decay". A group may be empty.

    Examples:
        >>> pairs = [("0.weight", Parameter([[1.0]])), ("0.bias", Parameter([1.0]))]
        >>> for group in weight_decay_groups(pairs, 0.1):
        ...     print(group["weight_decay"], [name for name, _ in group["params"]])
        0.1 ['0.weight']
        0.0 ['0.bias']
    """
    strength = at_least(0).check("weight_decay_groups", "weight_decay", weight_decay)
    pairs = pairs_of("weight_decay_groups", model, only)
    chosen = [only(name, p) for name, p in pairs]
    return [
        {
            "params": [pair for pair, yes in zip(pairs, chosen, strict=True) if yes],
            "weight_decay": strength,
        },
        {
            "params": [pair for pair, yes in zip(pairs, chosen, strict=True) if not yes],
            "weight_decay": 0.0,
        },
    ]


def pairs_of(owner: str, model: Any, only: Filter) -> list[tuple[str, Parameter]]:
    """Return the names and parameters of a model, or those given.

    Args:
        owner: How errors call the function that was called.
        model: A module, or (name, parameter) pairs.
        only: Which parameters count; it is not asked here.

    Raises:
        TypeError: If they are none, or the filter is no function.
    """
    if not callable(only):
        raise TypeError(f"{owner}: only must be a function, got {shown(only)}")
    if isinstance(model, Module):
        return list(model.named_parameters())
    try:
        pairs = list(model)
    except TypeError:
        pairs = [None]
    for pair in pairs:
        if not (
            isinstance(pair, tuple)
            and len(pair) == 2
            and isinstance(pair[0], str)
            and isinstance(pair[1], Parameter)
        ):
            raise TypeError(
                f"{owner}: expected a module or (name, Parameter) pairs, got {shown(model)}"
            )
    return pairs


def _chosen(owner: str, model: Named, only: Filter) -> list[Parameter]:
    """Return the parameters that count and can learn."""
    return [p for name, p in pairs_of(owner, model, only) if p.requires_grad and only(name, p)]


def _sum(terms: list[Tensor]) -> Tensor:
    """Add the terms; 0 if there are none."""
    total = terms[0] if terms else Tensor(0.0)
    for term in terms[1:]:
        total = total + term
    return total
