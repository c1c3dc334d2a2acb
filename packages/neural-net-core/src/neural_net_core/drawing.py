"""Drawing the first weights, and the switch that leaves it out where a file overwrites them."""

from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any

import numpy as np

from neural_net_core.checks import check_callable, check_dtype, shown
from neural_net_core.context import Decorating
from neural_net_core.dtypes import Array, get_default_dtype
from neural_net_core.errors import ShapeError

__all__ = ["drawn", "is_drawing", "no_init"]

_drawing: ContextVar[bool] = ContextVar("drawing", default=True)


def is_drawing() -> bool:
    """Tell whether initial weights are drawn: False inside `no_init`."""
    return _drawing.get()


class no_init(Decorating):  # noqa: N801 (a context manager, named as the field names it)
    """Build networks without drawing their weights, which are then loaded; as a `with` block.

    Drawing the weights of a large network takes longer than reading them from a file. Inside, what
    would be drawn is zeros of the same shape and dtype, and no generator moves: neither the
    library's nor one that is given. Constants (the ones of a layer norm, the zeros of a bias,
    tables of positions) are made as ever, and so is everything after the block.

    A layer of your own takes part if it draws by `neural_net_core.init` or is given its initializer
    as `init=`. What it draws from a generator directly is drawn.

    Examples:
        >>> from neural_net_core import Dense
        >>> trained = Dense(3, 2)
        >>> with no_init():
        ...     model = Dense(3, 2)
        >>> bool(model.weight.data.any())
        False
        >>> result = model.load_state_dict(trained.state_dict())
        >>> bool((model.weight.data == trained.weight.data).all())
        True
    """

    def __init__(self) -> None:
        # A stack, because a decorated recursive function enters the same object many times.
        self._tokens: list[Token[bool]] = []

    def __enter__(self) -> None:
        self._tokens.append(_drawing.set(False))

    def __exit__(self, *_: object) -> None:
        _drawing.reset(self._tokens.pop())

    def fresh(self) -> "no_init":
        """Return one that nobody has entered yet."""
        return type(self)()


def drawn(
    where: str,
    name: str,
    init: Callable[..., Any],
    shape: tuple[int, ...],
    rng: np.random.Generator | None,
    dtype: Any,
) -> Array:
    """Return what an initializer makes for one parameter; inside `no_init`, zeros.

    Args:
        where: Who asks.
        name: The name of the argument that the initializer came as.
        init: Called as `init(shape, rng=rng, dtype=dtype)`.
        shape: The parameter's.
        rng: The generator to draw from.
        dtype: The parameter's.

    Raises:
        ValueError: If it cannot be called.
        ShapeError: If what it makes has another shape.

    Examples:
        >>> from neural_net_core import init
        >>> drawn("Dense", "init", init.zeros, (1, 2), None, "float32")
        array([[0., 0.]], dtype=float32)
    """
    check_callable(where, name, init, "an initializer, called as init(shape, rng=..., dtype=...)")
    if not is_drawing():
        return np.zeros(shape, get_default_dtype() if dtype is None else check_dtype(where, dtype))
    values = init(shape, rng=rng, dtype=dtype)
    if np.shape(values) != shape:
        raise ShapeError(
            f"{where}: {name} must make an array of shape {shape}, got {shown(values)}"
        )
    return values
