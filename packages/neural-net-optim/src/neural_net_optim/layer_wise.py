r"""Learning rates that fall from the last layer to the first, for fine-tuning.

A trained network's first layers see what every task needs, its last ones what the old task needed.
So the last ones are to move far and the first ones hardly:

    optimizer = AdamW(layer_wise_decay(model, lr=1e-3, decay=0.75, weight_decay=0.05))
"""

from collections.abc import Callable
from typing import Any

from neural_net_core import Parameter
from neural_net_core.checks import check_callable, shown
from neural_net_optim.base.limits import Limit, at_least, between
from neural_net_optim.penalties import Filter, Named, is_weight, pairs_of

__all__ = ["layer_of", "layer_wise_decay"]

_DECAY = Limit("a number in (0, 1]", lambda value: between(0, 1).accepts(value) and bool(value))


def layer_of(name: str) -> str:
    """Return the layer that a parameter belongs to, by its name alone.

    It is the path up to the first number: lists and `Sequential`s number their layers. Where there
    is no number it is the first part of the path.

    Args:
        name: The name of a parameter, as `named_parameters()` gives it.

    Returns:
        The path of the layer.

    Examples:
        >>> layer_of("encoder.layers.11.linear1.weight"), layer_of("head.weight"), layer_of("token")
        ('encoder.layers.11', 'head', 'token')
    """
    if not isinstance(name, str):
        raise TypeError(f"layer_of: expected the name of a parameter, got {shown(name)}")
    path = name.split(".")[:-1]
    numbers = [i for i, part in enumerate(path) if part.isdigit()]
    return ".".join(path[: numbers[0] + 1]) if numbers else (path or [name])[0]


def layer_wise_decay(
    model: Named,
    lr: float,
    decay: float = 0.75,
    *,
    weight_decay: float | None = None,
    only: Filter = is_weight,
    layers: Callable[[str], str] = layer_of,
) -> list[dict[str, Any]]:
    r"""Return groups for an optimizer whose learning rates fall from the last layer to the first.

    $$ \eta_l = \eta\, \xi^{L - l} \qquad l = 1, \dots, L $$

    Schedules multiply every group's rate by the same factor, so that the ratios stay. `OneCycleLR`
    and `CyclicLR` set rates instead: give them a list, `max_lr=[g["lr"] for g in groups]`.

    Called layer-wise learning-rate decay in ELECTRA and BEiT, discriminative fine-tuning in ULMFiT.

    Args:
        model: A module, or (name, parameter) pairs from the first layer to the last.
        lr: η, the last layer's learning rate, >= 0.
        decay: ξ, by which each layer's rate is multiplied on the way to the one before, in (0, 1].
            Small transformers are trained with 0.8 or 0.9, large ones with 0.65 to 0.75.
        weight_decay: Where it is given, the layers' weights decay by it and the rest does not, in
            groups of their own.
        only: Which parameters decay; without biases and the scales of norms if nothing is said.
        layers: Which layer a parameter is of, by its name. Layers come in the order of their first
            parameters. What has no layer of its own can be counted to another:
            `lambda name: "0" if name == "class_token" else layer_of(name)`.

    Returns:
        A dict for each layer, from the first to the last, with "params", (name, parameter) pairs,
        "lr", and "name", the layer's path; with weight decay up to two, which have "weight_decay".

    Raises:
        ValueError: If a number is outside its range.
        TypeError: If the model is none, `layers` no function, or what it returns no text.

    References:
        Howard & Ruder (2018), Universal language model fine-tuning for text classification,
        arXiv:1801.06146, section 3.2, with a decay of 1/2.6; Clark et al. (2020), ELECTRA,
        arXiv:2003.10555, appendix B; Bao et al. (2021), BEiT, arXiv:2106.08254, appendix. They
        count a layer between the head and the last block, or the embedding as one layer, in their
        own ways; here every layer counts as one.

    Examples:
        >>> names = ["embedding.weight", "blocks.0.weight", "blocks.0.bias", "head.weight"]
        >>> pairs = [(name, Parameter([[1.0]])) for name in names]
        >>> for group in layer_wise_decay(pairs, lr=0.8, decay=0.5):
        ...     print(group["lr"], group["name"], [name for name, _ in group["params"]])
        0.2 embedding ['embedding.weight']
        0.4 blocks.0 ['blocks.0.weight', 'blocks.0.bias']
        0.8 head ['head.weight']
    """
    owner = "layer_wise_decay"
    lr = at_least(0).check(owner, "lr", lr)
    decay = _DECAY.check(owner, "decay", decay)
    if weight_decay is not None:
        weight_decay = at_least(0).check(owner, "weight_decay", weight_decay)
    check_callable(owner, "layers", layers)
    members: dict[str, list[tuple[str, Parameter]]] = {}
    for name, p in pairs_of(owner, model, only):
        layer = layers(name)
        if not isinstance(layer, str):
            raise TypeError(f"{owner}: layers must return a text, got {shown(layer)} for {name!r}")
        members.setdefault(layer, []).append((name, p))
    groups = []
    for depth, (layer, pairs) in enumerate(members.items(), 1):
        rate = lr * decay ** (len(members) - depth)
        if weight_decay is None:
            groups.append({"params": pairs, "lr": rate, "name": layer})
            continue
        decays = [bool(only(name, p)) for name, p in pairs]
        for strength, yes in ((weight_decay, True), (0.0, False)):
            chosen = [pair for pair, one in zip(pairs, decays, strict=True) if one is yes]
            if chosen:
                settings = {"lr": rate, "weight_decay": strength, "name": layer}
                groups.append({"params": chosen, **settings})
    return groups
