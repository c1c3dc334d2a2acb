"""One differentiable operation: forward and backward side by side, and the node of the tape.

To add an operation of your own, write the two methods and call `apply`:

    class StraightThroughSign(Op):
        \"\"\"y = sign x;  dx = dy\"\"\"

        def forward(self, x):
            return np.sign(x)

        def backward(self, dy):
            return dy

    y = StraightThroughSign.apply(x)
"""

from time import perf_counter
from typing import Any, ClassVar, TypeVar

import numpy as np

from neural_net_core import forms, observing
from neural_net_core.checks import NOT_COMPUTED, check_dtype
from neural_net_core.dtypes import Array, DType
from neural_net_core.errors import (
    DTypeError,
    GraphFreedError,
    NeuralNetError,
    PositionError,
    ShapeError,
)
from neural_net_core.grad_mode import enabled
from neural_net_core.tensor import Parameter, Tensor

__all__ = ["Op", "returns_new_arrays"]

_Backward = TypeVar("_Backward")
_ndarray = np.ndarray


def returns_new_arrays(backward: _Backward) -> _Backward:
    """Mark a `backward` whose gradients are arrays that it has just made and keeps no hold of.

    The tape then hands them to parameters as they are, where it would otherwise make a copy: of
    dy, of a saved array, or of one array for two inputs, of which nobody may own any. Worth it for
    operations with large parameters.
    """
    backward.returns_new_arrays = True  # type: ignore[attr-defined]
    return backward


# Compared by identity: the dtype of nearly all arrays, of which no more needs to be asked.
FLOAT32 = np.dtype(np.float32)


class Op:
    """A primitive operation; each instance is used once and is the tape's node for that use.

    A subclass defines `forward(*arrays)`, which returns an array (or a tuple of arrays) and keeps
    on `self` what backward will need, and `backward(*dys)`, which returns one gradient per input
    (None where there is none). Hyper-parameters go to `__init__`, arrays to `forward`.

    Gradients may come back in the broadcast shape: the tape sums them to the input's shape, and
    brings them to the input's dtype. `backward` must not write into `dy`, which other operations
    may share. What `forward` is given may be kept: arrays that are no Tensor's come as copies when
    the operation is recorded, so that the caller can change his own before the backward pass.

    A subclass of an operation may be registered as its fast form (see `fast_form_of`); `apply`
    takes it, unless the textbook form is asked for or an input is an array of another library.

    Attributes:
        idea: The operation in its textbook form: the class itself, or of a fast form the class
            that it computes. To tell which operation a node is, compare this.
        fast: The operation's fast form, or None.
        takes_none: Whether `backward` of an operation with several outputs takes None for one that
            has no gradient; if not, the tape hands it zeros.
        composed: Whether `backward` runs the backward passes of other operations, of which a trace
            is told instead.
        parents: One entry per input, `(node, stamp, shape)` or None for an input without gradient.
            The node is the Op that made the input and the stamp its output index; or the node is
            a leaf `Tensor` and the stamp its version. None once the graph is freed.
    """

    parents: tuple[tuple[Any, int, tuple[int, ...]] | None, ...] | None = ()
    # Parameters that need no gradient, with their versions: their arrays may be saved all the same.
    frozen: tuple[tuple[Parameter, int], ...] = ()
    outputs: int = 1
    # Of the results that have a gradient: the dtype in which dy comes.
    result_dtype: DType | None = None
    # Weak references to results whose gradient the user wants to keep, by output index.
    retained: dict[int, Any] | None = None

    # Whether `backward` is marked with `returns_new_arrays`.
    new_arrays: bool = False

    idea: ClassVar[type["Op"]]
    fast: "ClassVar[type[Op] | None]" = None
    takes_none: ClassVar[bool] = False
    composed: ClassVar[bool] = False
    # Of an operation with several outputs.
    output_shapes: tuple[tuple[int, ...], ...] = ()

    forward: Any
    backward: Any

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.idea, cls.fast = cls, None
        cls.new_arrays = hasattr(getattr(cls, "backward", None), "returns_new_arrays")

    @classmethod
    def apply(cls, *inputs: Any, **config: Any) -> Tensor:
        """Run the operation and record it if an input requires a gradient.

        Args:
            *inputs: Tensors, arrays or Python numbers, handed to `forward` as arrays.
            **config: Hyper-parameters, handed to `__init__`.

        Returns:
            A Tensor, or a tuple of Tensors if `forward` returns a tuple (which unpacks like the
            Tensor that the annotation, for the sake of all the others, promises).

        Raises:
            ShapeError: If `forward` raises a ValueError; the message adds the operation, its
                options and the inputs' shapes.
            PositionError: Likewise for an IndexError, such as an axis that is not there.
            DTypeError: Likewise for a TypeError.
        """
        if cls.fast is not None and not (forms.careful and forms.textbook_form_for(inputs)):
            cls = cls.fast
        op = cls(**config) if config else cls()
        arrays: Any = []
        constants: list[int] = []
        parents: list[tuple[Any, int, tuple[int, ...]] | None] = []
        tracked = False
        for x in inputs:
            if isinstance(x, Tensor):
                array, node = x.data, x.node
                # What an Op made was looked at there; a leaf's data may have been set by hand.
                if (
                    node is None
                    and (dtype := array.dtype) is not FLOAT32
                    and dtype.char in NOT_COMPUTED
                ):
                    check_dtype(cls.__name__, dtype)
                arrays.append(array)
                if x.requires_grad:
                    tracked = True
                    if node is None:
                        parents.append((x, x.version, array.shape))
                    else:
                        parents.append((node, x.index, array.shape))
                    continue
                if isinstance(x, Parameter):
                    op.frozen += ((x, x.version),)
                else:
                    constants.append(len(parents))
            else:
                of_raw = getattr(x, "dtype", None)
                if of_raw is not None:
                    if of_raw is not FLOAT32 and of_raw.char in NOT_COMPUTED:
                        check_dtype(cls.__name__, of_raw)
                    constants.append(len(parents))
                arrays.append(x)
            parents.append(None)
        watched = observing.watching
        if watched:
            arrays = list(observing.handed_out(op, inputs, arrays))
            start = perf_counter()
        node = None
        if tracked and enabled.get():
            op.parents = tuple(parents)
            node = op
            for i in constants:
                x = arrays[i]
                if type(x) is _ndarray:
                    arrays[i] = x.copy("K") if x.size < 4096 else _copied(x)
        try:
            y = op.forward(*arrays)
        except (ValueError, TypeError, IndexError, OverflowError) as error:
            if isinstance(error, NeuralNetError):
                raise
            raise _explained(error, op, arrays) from error
        if type(y) is tuple:
            op.outputs = len(y)
            op.output_shapes = tuple(part.shape for part in y)
            result: Any = tuple(Tensor.from_op(part, node, i) for i, part in enumerate(y))
        else:
            result = Tensor.from_op(y, node, 0)
        if watched:
            observing.tell(cls, config, inputs, result, perf_counter() - start)
        return result

    def needs(self, i: int) -> bool:
        """Tell whether input `i` requires a gradient, so that forward and backward can skip work.

        Args:
            i: The input's position in `apply`.
        """
        return bool(self.parents) and self.parents[i] is not None  # type: ignore[index]

    def free(self) -> None:
        """Drop the saved arrays and the links to the parents; the node cannot be used again."""
        vars(self).clear()
        self.parents = None

    def check_usable(self) -> None:
        """Raise if the node was freed by an earlier backward pass."""
        if self.parents is None:
            raise GraphFreedError(
                f"{type(self).__name__}: this part of the graph was freed by an earlier backward "
                "pass; run the forward pass again, or keep it with backward(retain_graph=True). A "
                "state that goes on from step to step: cut it off with detach()"
            )

    def __repr__(self) -> str:
        config = {
            name: value
            for name, value in vars(self).items()
            if isinstance(value, int | float | str) and name != "outputs"
        }
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in config.items())})"


def _copied(array: Array) -> Array:
    """Return a copy of what a caller may change; what is only repeated stays only repeated."""
    if 0 not in array.strides:
        return array.copy(order="K")
    once = tuple(slice(None) if stride else slice(1) for stride in array.strides)
    return np.broadcast_to(array[once].copy(), array.shape)


def _explained(error: Exception, op: Op, arrays: list[Any]) -> NeuralNetError:
    """Return NumPy's error as one of ours that says which operation met which inputs."""
    kind: type[NeuralNetError] = DTypeError
    if isinstance(error, IndexError):
        kind = PositionError
    elif isinstance(error, ValueError):
        kind = ShapeError
    shapes = [f"{x.shape} {x.dtype}" if hasattr(x, "shape") else repr(x) for x in arrays]
    return kind(f"{op!r}: {error} (inputs: {', '.join(shapes)})")
