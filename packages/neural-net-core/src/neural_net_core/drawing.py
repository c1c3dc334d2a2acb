"""The switch by which networks are built without drawing weights that a file will overwrite."""

from contextvars import ContextVar, Token

from neural_net_core.context import Decorating

__all__ = ["is_drawing", "no_init"]

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
