"""Two forms of one idea: the textbook's, which is the definition, and a fast one.

An operation is written as its formula reads, on whole arrays. Where that is much too slow for
training, a subclass of it in the folder `fast` computes the same numbers in another way, with
blocks, scratch memory and threads, and `Op.apply` takes it. To see the textbook form at work, to
step through it or to change a line of it, switch the fast forms off:

    with textbook():
        loss = train_step(x, y)

or for a whole process, with `NEURAL_NET_TEXTBOOK=1` in its environment. The numbers are the same
but for rounding; time and memory are not.
"""

import os
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar

import numpy as np

from neural_net_core.context import Switch

__all__ = ["fast_form_of", "is_textbook", "textbook"]

_wanted: ContextVar[bool] = ContextVar(
    "textbook", default=os.environ.get("NEURAL_NET_TEXTBOOK", "") not in ("", "0")
)

# Whether an operation has to ask which form is meant: from when `textbook` was first entered, or a
# Tensor first held an array of another library. Until then the question costs nothing.
careful = _wanted.get()
asked = 0  # how often it was entered

# The class of an operation; its own file imports this one.
_Idea = type[Any]
_Form = TypeVar("_Form", bound=_Idea)


class textbook(Switch):  # noqa: N801 (a context manager, named as `no_grad` is)
    """Run the textbook form of every operation and every optimizer rule inside.

    It holds for the thread, or the asyncio task, that enters it; a thread started inside runs the
    fast forms. It works as a decorator too. An operation's backward pass has the form of its
    forward pass, wherever it runs.

    Examples:
        >>> from neural_net_core import Tensor, relu
        >>> x = Tensor([1.0, -2.0], requires_grad=True)
        >>> with textbook():
        ...     type(relu(x).node).__name__
        'ReLUOp'
    """

    variable = _wanted

    def __enter__(self) -> None:
        global careful, asked
        careful = True
        asked += 1
        super().__enter__()


class fast_forms(Switch):  # noqa: N801 (a context manager, named as `textbook` is)
    """Run fast forms inside, whatever is asked for outside; for those who compare the two."""

    variable = _wanted
    mode = False


def is_textbook() -> bool:
    """Tell whether textbook forms are asked for, by `textbook` or by the environment."""
    return _wanted.get()


def fast_form_of(idea: _Idea) -> Callable[[_Form], _Form]:
    """Register a class as the fast form of an operation, which `Op.apply` then takes.

    It counts for exactly that operation: a subclass of the operation has no fast form until it is
    given one.

    Args:
        idea: The operation in its textbook form. The fast form is a subclass of it that computes
            the same: it takes the same inputs, draws the same random numbers in the same order,
            and overrides `forward` and `backward`, or `forward` alone.

    Returns:
        A decorator for the class of the fast form.

    Raises:
        TypeError: If the class is no subclass of the operation.
        ValueError: If the operation has a fast form already, or is one itself.

    Examples:
        >>> import numpy as np
        >>> from neural_net_core import Op
        >>> class CubeOp(Op):
        ...     def forward(self, x):
        ...         self.x = x
        ...         return x**3
        ...
        ...     def backward(self, dy):
        ...         return dy * 3 * self.x**2
        >>> @fast_form_of(CubeOp)
        ... class FastCubeOp(CubeOp):
        ...     def forward(self, x):
        ...         self.x = x
        ...         return x * x * x  # a power takes fifty times as long as a product
        >>> CubeOp.apply(np.array([2.0])).data
        array([8.])
    """

    def register(form: _Form) -> _Form:
        if not issubclass(form, idea):
            raise TypeError(
                f"fast_form_of({idea.__name__}): expected a subclass of {idea.__name__}, got "
                f"{form!r}"
            )
        if idea.idea is not idea:
            raise ValueError(
                f"fast_form_of({idea.__name__}): it is itself the fast form of {idea.idea.__name__}"
            )
        if idea.fast is not None:
            raise ValueError(
                f"fast_form_of({idea.__name__}): it has a fast form already, {idea.fast.__name__}"
            )
        form.idea = idea
        idea.fast = form
        return form

    return register


def is_foreign(array: Any) -> bool:
    """Tell whether an array is one of another library, which speaks NumPy's protocol."""
    kind = type(array)
    return (
        kind is not np.ndarray
        and hasattr(kind, "__array_function__")
        and not issubclass(kind, np.ndarray | np.generic)
    )


def textbook_form_for(inputs: tuple[Any, ...]) -> bool:
    """Tell whether the textbook form is asked for, or needed: fast forms know NumPy's arrays only.

    Args:
        inputs: Tensors, arrays and numbers.
    """
    return _wanted.get() or any(is_foreign(getattr(x, "data", x)) for x in inputs)
