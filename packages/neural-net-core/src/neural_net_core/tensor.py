"""An array that remembers how it was made, so that gradients can be traced back.

A Tensor is a thin handle: the array in `data`, and the operation that made it in `node`. The
mathematics lives in `ops`, one class per idea; the operators and methods here only call it.
"""

import operator
import weakref
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NoReturn, Self

import numpy as np
import numpy.typing as npt

from neural_net_core import forms
from neural_net_core.called_differently import explain_words
from neural_net_core.checks import NOT_COMPUTED, check_axis, check_dtype, check_flag, shown
from neural_net_core.dtypes import Array, DType, as_array, get_default_dtype, is_floating
from neural_net_core.errors import DTypeError, GraphError
from neural_net_core.in_place import InPlace
from neural_net_core.numpy_protocol import (
    NoData,
    numpy_function,
    numpy_ufunc,
    refuse_inside_numpy,
)
from neural_net_core.plain import plain_array

if TYPE_CHECKING:
    from neural_net_core.op import Op

__all__ = ["Axis", "Buffer", "Parameter", "Tensor", "TensorLike", "as_tensor", "coerce_pair"]

Axis = int | tuple[int, ...] | None


class Tensor:
    """An n-dimensional array whose history is recorded when it requires a gradient.

    Args:
        data: An array, a number, or nested lists of numbers. An array is not copied if its dtype
            stays.
        dtype: The dtype; None means the default (float32) for floating data, and no change for
            integers and booleans.
        requires_grad: Whether operations on it are recorded and `backward` fills `grad`.

    Attributes:
        data: The array. Where an array of another library is set here by hand, the first
            operation on it does not notice yet that it needs textbook forms.
        grad: dL/d(data) as an array, summed over backward passes; None before the first one.
        requires_grad: Whether a gradient flows to or through it.
        node: The operation that made it; None for a leaf.
        index: Which output of that operation it is.

    Raises:
        DTypeError: If a gradient is asked for data that are not floating.

    Examples:
        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> (x**2).sum().backward()
        >>> x.grad
        array([2., 4.], dtype=float32)
    """

    __slots__ = ("__weakref__", "_counts", "data", "grad", "index", "node", "requires_grad")

    # How often the data were changed in place; only parameters and buffers count it.
    version: ClassVar[int] = 0

    data: Array
    grad: Array | None
    requires_grad: bool
    node: "Op | None"
    index: int

    def __init__(
        self, data: "TensorLike", dtype: npt.DTypeLike | None = None, *, requires_grad: bool = False
    ) -> None:
        self.data = as_array(data.data if isinstance(data, Tensor) else data, dtype)
        if type(self.data) is not _ndarray:
            forms.careful = True
        if requires_grad is not False:
            requires_grad = check_flag("Tensor", "requires_grad", requires_grad)
        if requires_grad and not is_floating(self.data):
            raise DTypeError(
                f"Tensor: only floating data can have a gradient, got {self.data.dtype}; "
                "write 1.0 instead of 1, or give a dtype"
            )
        self.requires_grad = requires_grad
        self.grad = None
        self.node = None
        self.index = 0

    @staticmethod
    def from_op(data: Any, op: "Op | None", index: int) -> "Tensor":
        """Wrap an operation's result; `op` is None when it was not recorded."""
        y = _new(Tensor)
        if type(data) is not _ndarray:
            # A full reduction gives a NumPy scalar, which is immutable and no array.
            if isinstance(data, np.generic):
                data = np.asarray(data)
            else:
                forms.careful = True
        y.data = data
        y.grad = None
        y.index = index
        dtype = y.data.dtype
        if dtype is not _FLOAT32 and dtype.char in NOT_COMPUTED:
            check_dtype("Tensor" if op is None else type(op).__name__, dtype)
        # An integer output, such as the indices of a maximum, has no gradient.
        if op is not None and (dtype is _FLOAT32 or dtype.kind == "f"):
            op.result_dtype = dtype
            y.node = op
            y.requires_grad = True
        else:
            y.node = None
            y.requires_grad = False
        return y

    # What it is -----------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self.data.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.data.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.data.size

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self.data.dtype

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made it: `backward` fills `grad` of leaves."""
        return self.node is None

    @property
    def grad_fn(self) -> "Op | None":
        """The operation that made it, or None for a leaf."""
        return self.node

    @property
    def counted(self) -> float | None:
        """What the mean in a loss divided by, so that losses of several batches can be joined.

        The losses of `neural_net_core` set it when they reduce by "mean": the number of targets
        that counted, or the sum of their weights. A loss times or divided by a number keeps it, and
        so do losses that are added up; a sum (reduction="sum") that is divided by n has n. Whatever
        else is computed from a loss has None, which stands for "one per target"; set it yourself
        where a loss of your own is a mean over something else.
        """
        counts = self.counts
        return counts[0] if counts else None

    @counted.setter
    def counted(self, count: float | None) -> None:
        self.counts = () if count is None else (float(count),)

    @property
    def counts(self) -> tuple[float | None, ...]:
        """What each loss in a sum of losses counted, equal ones once: None for reduction="sum".

        Set it to `(None,)` for a loss of your own that is a sum over the batch.
        """
        return getattr(self, "_counts", ())

    @counts.setter
    def counts(self, counts: tuple[float | None, ...]) -> None:
        self._counts = counts

    def __len__(self) -> int:
        if self.data.ndim == 0:
            raise TypeError("Tensor: a 0-d tensor has no length")
        return len(self.data)

    def __iter__(self) -> Iterator["Tensor"]:
        if self.data.ndim == 0:
            raise TypeError("Tensor: cannot iterate over a 0-d tensor")
        return (self[i] for i in range(len(self.data)))

    def __repr__(self) -> str:
        numbers = np.array2string(self.data, precision=4, separator=", ", threshold=20)
        numbers = numbers.replace("\n", "\n" + " " * (len(type(self).__name__) + 1))
        name = getattr(self, "name", None)
        parts = [numbers, f"name={name!r}"] if name else [numbers]
        parts += [f"shape={self.shape}", f"dtype={self.dtype}"]
        if self.node is not None:
            parts.append(f"grad_fn={type(self.node).__name__}")
        elif self.requires_grad:
            parts.append("requires_grad=True")
        return f"{type(self).__name__}({', '.join(parts)})"

    # Functions of np.ma would take this for the array itself, and drop the history.
    _data = NoData()

    # Getting the numbers out ----------------------------------------------------------------

    def numpy(self) -> Array:
        """Return the array itself, without its history; shares memory."""
        return self.data

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return numpy_ufunc(ufunc, method, inputs, kwargs, ops.__all__)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return numpy_function(function, args, kwargs, ops.__all__)

    if not TYPE_CHECKING:  # a type checker would take `array * tensor` for an array

        def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Array:
            refuse_inside_numpy(self)
            return np.array(self.data, dtype=dtype, copy=copy)

    def item(self) -> float | int | bool:
        """Return the only element as a Python number.

        Raises:
            ValueError: If there is not exactly one element.
        """
        if self.data.size != 1:
            raise ValueError(f"Tensor.item: expected exactly one element, got shape {self.shape}")
        return self.data.item()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())

    def __index__(self) -> int:
        return operator.index(self.data[()])

    def __round__(self, ndigits: int | None = None) -> float | int:
        return round(self.item(), ndigits)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def tolist(self) -> Any:
        """Return the elements as nested Python lists."""
        return self.data.tolist()

    # The graph ------------------------------------------------------------------------------

    def backward(self, gradient: "TensorLike | None" = None, *, retain_graph: bool = False) -> None:
        """Add the gradient of this tensor to the `grad` of every leaf that it depends on.

        Args:
            gradient: dL/d(self), of the same shape; None means 1, for a scalar.
            retain_graph: Keep the saved arrays, so that a second pass can go through them.

        Raises:
            GraphError: See `neural_net_core.tape.backward`.
        """
        tape.backward(self, gradient, retain_graph=retain_graph)

    def detach(self) -> "Tensor":
        """Return a leaf with the same data (shared memory) and no history."""
        return Tensor.from_op(self.data, None, 0)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Set whether a leaf requires a gradient, in place, and return it."""
        if self.node is not None:
            raise GraphError("requires_grad_: only a leaf can be changed; detach() makes one")
        requires_grad = check_flag("requires_grad_", "requires_grad", requires_grad)
        if requires_grad and not is_floating(self.data):
            raise DTypeError(f"requires_grad_: only floating data, got {self.dtype}")
        self.requires_grad = requires_grad
        return self

    def retain_grad(self) -> None:
        """Fill `grad` in the next backward pass although this is not a leaf.

        Raises:
            GraphError: If no gradient flows through this tensor.
        """
        if not self.requires_grad:
            raise GraphError("retain_grad: the tensor does not require a gradient")
        if self.node is not None:
            if self.node.retained is None:
                self.node.retained = {}
            # Weak: keeping a gradient for somebody must not keep the tensor itself alive.
            self.node.retained[self.index] = weakref.ref(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        if self.node is not None:
            raise GraphError("deepcopy: only leaves can be copied; detach() the tensor first")
        twin = _new(type(self))
        memo[id(self)] = twin
        twin.data = self.data.copy()
        twin.grad = None if self.grad is None else self.grad.copy()
        twin.requires_grad, twin.node, twin.index = self.requires_grad, None, 0
        return twin

    def __setitem__(self, key: Any, value: Any) -> None:
        raise GraphError(
            "Tensor: assignment to elements cannot be recorded; compose the result with where(), "
            "concatenate() or pad(), or write to .data where no gradient is needed"
        )

    # Operators: a raw operand takes the tensor's dtype --------------------------------------

    def __add__(self, other: "TensorLike") -> "Tensor":
        return ops.add(self, other)

    def __radd__(self, other: "TensorLike") -> "Tensor":
        return ops.add(other, self)

    def __sub__(self, other: "TensorLike") -> "Tensor":
        return ops.subtract(self, other)

    def __rsub__(self, other: "TensorLike") -> "Tensor":
        return ops.subtract(other, self)

    def __mul__(self, other: "TensorLike") -> "Tensor":
        return ops.multiply(self, other)

    def __rmul__(self, other: "TensorLike") -> "Tensor":
        return ops.multiply(other, self)

    def __truediv__(self, other: "TensorLike") -> "Tensor":
        return ops.divide(self, other)

    def __rtruediv__(self, other: "TensorLike") -> "Tensor":
        return ops.divide(other, self)

    def __pow__(self, other: "TensorLike") -> "Tensor":
        return ops.power(self, other)

    def __rpow__(self, other: "TensorLike") -> "Tensor":
        return ops.power(other, self)

    def __matmul__(self, other: "TensorLike") -> "Tensor":
        return ops.matmul(self, other)

    def __rmatmul__(self, other: "TensorLike") -> "Tensor":
        return ops.matmul(other, self)

    def __neg__(self) -> "Tensor":
        return ops.negative(self)

    def __abs__(self) -> "Tensor":
        return ops.absolute(self)

    def __getitem__(self, key: Any) -> "Tensor":
        return ops.getitem(self, key)

    def _no_division_with_remainder(self, other: object) -> NoReturn:
        raise DTypeError(
            "Tensor: //, % and divmod are not recorded; where no gradient is needed, write "
            "np.floor_divide(x.data, y) or np.remainder(x.data, y)"
        )

    __floordiv__ = __mod__ = __divmod__ = _no_division_with_remainder
    __rfloordiv__ = __rmod__ = __rdivmod__ = _no_division_with_remainder

    # Comparisons have no gradient and give plain arrays of booleans.

    def __eq__(self, other: object) -> Any:
        return self.data == _raw(other)

    def __ne__(self, other: object) -> Any:
        return self.data != _raw(other)

    def __lt__(self, other: "TensorLike") -> Any:
        return self.data < _ordered(other)

    def __le__(self, other: "TensorLike") -> Any:
        return self.data <= _ordered(other)

    def __gt__(self, other: "TensorLike") -> Any:
        return self.data > _ordered(other)

    def __ge__(self, other: "TensorLike") -> Any:
        return self.data >= _ordered(other)

    # Elementwise == would make tensors unhashable; as in PyTorch, a tensor is hashed by identity.
    __hash__ = object.__hash__

    # Methods: one for every operation of one array; the functions of `ops` say what it computes

    def astype(self, dtype: npt.DTypeLike) -> "Tensor":
        """Return the tensor in another dtype; see `ops.cast`."""
        return ops.cast(self, dtype)

    def exp(self) -> "Tensor":
        """Return e to the power of each element; see `ops.exp`."""
        return ops.exp(self)

    def expm1(self) -> "Tensor":
        """Return e to the power of each element, less 1; see `ops.expm1`."""
        return ops.expm1(self)

    def log(self) -> "Tensor":
        """Return the natural logarithm of each element; see `ops.log`."""
        return ops.log(self)

    def log1p(self) -> "Tensor":
        """Return the natural logarithm of 1 plus each element; see `ops.log1p`."""
        return ops.log1p(self)

    def sqrt(self) -> "Tensor":
        """Return the square root of each element; see `ops.sqrt`."""
        return ops.sqrt(self)

    def sin(self) -> "Tensor":
        """Return the sine of each element; see `ops.sin`."""
        return ops.sin(self)

    def cos(self) -> "Tensor":
        """Return the cosine of each element; see `ops.cos`."""
        return ops.cos(self)

    def abs(self) -> "Tensor":
        """Return the absolute value of each element; see `ops.absolute`."""
        return ops.absolute(self)

    def sign(self) -> "Tensor":
        """Return −1, 0 or 1 for each element; see `ops.sign`."""
        return ops.sign(self)

    def floor(self) -> "Tensor":
        """Return the whole numbers not above the elements; see `ops.floor`."""
        return ops.floor(self)

    def ceil(self) -> "Tensor":
        """Return the whole numbers not below the elements; see `ops.ceil`."""
        return ops.ceil(self)

    def round(self) -> "Tensor":
        """Return the whole numbers nearest to the elements; see `ops.round`."""
        return ops.round(self)

    def erf(self) -> "Tensor":
        """Return the error function of each element; see `ops.erf`."""
        return ops.erf(self)

    def clip(self, low: float | None = None, high: float | None = None) -> "Tensor":
        """Return the elements limited to an interval; see `ops.clip`."""
        return ops.clip(self, low, high)

    def sum(self, axis: Axis = None, *, keepdims: bool = False) -> "Tensor":
        """Return the sum over axes; see `ops.sum`."""
        return ops.sum(self, axis, keepdims=keepdims)

    def mean(self, axis: Axis = None, *, keepdims: bool = False) -> "Tensor":
        """Return the mean over axes; see `ops.mean`."""
        return ops.mean(self, axis, keepdims=keepdims)

    def prod(self, axis: Axis = None, *, keepdims: bool = False) -> "Tensor":
        """Return the product over axes; see `ops.prod`."""
        return ops.prod(self, axis, keepdims=keepdims)

    def norm(self, axis: Axis = None, *, keepdims: bool = False) -> "Tensor":
        """Return the Euclidean length over axes; see `ops.norm`."""
        return ops.norm(self, axis, keepdims=keepdims)

    def max(self, axis: Axis = None, *, keepdims: bool = False) -> "Tensor":
        """Return the maximum over axes; see `ops.max`."""
        return ops.max(self, axis, keepdims=keepdims)

    def min(self, axis: Axis = None, *, keepdims: bool = False) -> "Tensor":
        """Return the minimum over axes; see `ops.min`."""
        return ops.min(self, axis, keepdims=keepdims)

    def var(self, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> "Tensor":
        """Return the variance over axes; see `ops.var`."""
        return ops.var(self, axis, ddof=ddof, keepdims=keepdims)

    def std(self, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> "Tensor":
        """Return the standard deviation over axes; see `ops.std`."""
        return ops.std(self, axis, ddof=ddof, keepdims=keepdims)

    def argmax(self, axis: int | None = None) -> Array:
        """Return the position of the maximum as integers; no gradient."""
        where = None if axis is None else check_axis("argmax", axis, self.ndim)
        return np.asarray(np.argmax(self.data, axis=where))

    def argmin(self, axis: int | None = None) -> Array:
        """Return the position of the minimum as integers; no gradient."""
        where = None if axis is None else check_axis("argmin", axis, self.ndim)
        return np.asarray(np.argmin(self.data, axis=where))

    def cumsum(self, axis: int) -> "Tensor":
        """Return running sums along an axis; see `ops.cumsum`."""
        return ops.cumsum(self, axis)

    def cumprod(self, axis: int) -> "Tensor":
        """Return running products along an axis; see `ops.cumprod`."""
        return ops.cumprod(self, axis)

    def logcumsumexp(self, axis: int) -> "Tensor":
        """Return logarithms of running sums of exponentials; see `ops.logcumsumexp`."""
        return ops.logcumsumexp(self, axis)

    def sort(self, axis: int = -1, *, descending: bool = False) -> "tuple[Tensor, Tensor]":
        """Return the elements in order along an axis, and their positions; see `ops.sort`."""
        return ops.sort(self, axis, descending=descending)

    def topk(self, k: int, axis: int = -1, *, largest: bool = True) -> "tuple[Tensor, Tensor]":
        """Return the largest elements along an axis, and their positions; see `ops.topk`."""
        return ops.topk(self, k, axis, largest=largest)

    def reshape(self, *shape: int | tuple[int, ...]) -> "Tensor":
        """Return the same elements in another shape; see `ops.reshape`."""
        return ops.reshape(self, _unpack(shape))

    def transpose(self, *axes: int | tuple[int, ...]) -> "Tensor":
        """Return the tensor with its axes permuted, reversed if none are given."""
        return ops.transpose(self, _unpack(axes) if axes else None)

    @property
    def T(self) -> "Tensor":  # noqa: N802 (NumPy's name)
        """The tensor with its axes reversed."""
        return ops.transpose(self, None)

    def swapaxes(self, axis1: int, axis2: int) -> "Tensor":
        """Return the tensor with two axes exchanged; see `ops.swapaxes`."""
        return ops.swapaxes(self, axis1, axis2)

    def moveaxis(
        self, source: int | tuple[int, ...], destination: int | tuple[int, ...]
    ) -> "Tensor":
        """Return the tensor with axes at other places; see `ops.moveaxis`."""
        return ops.moveaxis(self, source, destination)

    def flip(self, axis: Axis = None) -> "Tensor":
        """Return the elements in reverse order along axes; see `ops.flip`."""
        return ops.flip(self, axis)

    def roll(self, shift: int | tuple[int, ...], axis: Axis = None) -> "Tensor":
        """Return the elements moved along axes, round the ends; see `ops.roll`."""
        return ops.roll(self, shift, axis)

    def tril(self, k: int = 0) -> "Tensor":
        """Return the lower triangle of each matrix; see `ops.tril`."""
        return ops.tril(self, k)

    def triu(self, k: int = 0) -> "Tensor":
        """Return the upper triangle of each matrix; see `ops.triu`."""
        return ops.triu(self, k)

    def tile(self, reps: int | tuple[int, ...]) -> "Tensor":
        """Return copies one after another along each axis; see `ops.tile`."""
        return ops.tile(self, reps)

    def repeat_interleave(self, repeats: "TensorLike", axis: int | None = None) -> "Tensor":
        """Return each element several times in a row; see `ops.repeat_interleave`."""
        return ops.repeat_interleave(self, repeats, axis)

    def squeeze(self, axis: Axis = None) -> "Tensor":
        """Return the tensor without axes of length 1; see `ops.squeeze`."""
        return ops.squeeze(self, axis)

    def expand_dims(self, axis: int | tuple[int, ...]) -> "Tensor":
        """Return the tensor with new axes of length 1; see `ops.expand_dims`."""
        return ops.expand_dims(self, axis)

    def flatten(self) -> "Tensor":
        """Return the elements along one axis; see `ops.reshape`."""
        return ops.reshape(self, (-1,))

    def broadcast_to(self, shape: tuple[int, ...]) -> "Tensor":
        """Return the tensor repeated to a larger shape; see `ops.broadcast_to`."""
        return ops.broadcast_to(self, shape)

    def pad(
        self,
        width: "TensorLike",
        mode: Literal["constant", "reflect", "edge", "wrap"] = "constant",
        *,
        value: float = 0.0,
    ) -> "Tensor":
        """Return the tensor with a margin around it; see `ops.pad`."""
        return ops.pad(self, width, mode, value=value)

    def split(self, sections: int | Sequence[int], axis: int = 0) -> "tuple[Tensor, ...]":
        """Return the parts of the tensor along an axis; see `ops.split`."""
        return ops.split(self, sections, axis)

    def unstack(self, axis: int = 0) -> "tuple[Tensor, ...]":
        """Return the tensors that lie along an axis; see `ops.unstack`."""
        return ops.unstack(self, axis)

    def softmax(self, axis: int = -1) -> "Tensor":
        """Return the softmax along an axis; see `ops.softmax`."""
        return ops.softmax(self, axis)

    def log_softmax(self, axis: int = -1) -> "Tensor":
        """Return the logarithm of the softmax along an axis; see `ops.log_softmax`."""
        return ops.log_softmax(self, axis)

    def logsumexp(self, axis: Axis = None, *, keepdims: bool = False) -> "Tensor":
        """Return log(sum(exp(x))) over axes; see `ops.logsumexp`."""
        return ops.logsumexp(self, axis, keepdims=keepdims)


class Parameter(InPlace, Tensor):
    """A tensor that a module learns: a leaf that requires a gradient and counts its changes.

    Whoever changes `data` in place adds 1 to `version`, so that a backward pass through a graph
    recorded before the change raises `GraphError` instead of giving a wrong gradient.

    Args:
        data: The initial values; copied, because an optimizer will write to them.
        dtype: The dtype; None means the default.
        requires_grad: False freezes the parameter.
        name: How errors call it; modules fill in the path, such as `"0.weight"`.
    """

    __slots__ = ("name", "version")

    version: int  # type: ignore[misc]
    name: str | None

    def __init__(
        self,
        data: "TensorLike",
        dtype: npt.DTypeLike | None = None,
        *,
        requires_grad: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(data, dtype, requires_grad=requires_grad)
        self.data = np.array(self.data, copy=True, order="C")
        self.version = 0
        self.name = name

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        twin = super().__deepcopy__(memo)
        twin.version, twin.name = self.version, self.name
        return twin


class Buffer(InPlace, Tensor):
    """A tensor that belongs to a module's state but is not learned, such as running statistics.

    Args:
        data: The initial values; copied.
        dtype: The dtype; None means the default for floating data.
        persistent: Whether `state_dict` contains it; False for what can be computed again.
        optional: Whether a state that is loaded may lack it, which leaves it as it is; for what
            older files do not have.
    """

    __slots__ = ("optional", "persistent", "version")

    version: int  # type: ignore[misc]
    persistent: bool
    optional: bool

    def __init__(
        self,
        data: "TensorLike",
        dtype: npt.DTypeLike | None = None,
        *,
        persistent: bool = True,
        optional: bool = False,
    ) -> None:
        super().__init__(data, dtype)
        self.data = np.array(self.data, copy=True, order="C")
        self.version = 0
        self.persistent = persistent
        self.optional = optional

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        twin = super().__deepcopy__(memo)
        twin.version = self.version
        twin.persistent, twin.optional = self.persistent, self.optional
        return twin


# What functions accept where they compute with numbers: Tensors, arrays, numbers, nested lists.
TensorLike = Tensor | npt.ArrayLike


def as_tensor(x: TensorLike, dtype: npt.DTypeLike | None = None) -> Tensor:
    """Return x itself if it is a Tensor (of that dtype), else a Tensor of its data.

    Args:
        x: A Tensor, an array, a number, or nested lists of numbers.
        dtype: The dtype for new tensors; None means the default for floating data.
    """
    if isinstance(x, Tensor):
        of_x = x.data.dtype
        return x if dtype is None or of_x is dtype or of_x == dtype else x.astype(dtype)
    return Tensor(x, dtype)


def coerce_pair(x: TensorLike, y: TensorLike) -> tuple[Any, Any]:
    """Bring the operands of a binary operation to one dtype, so that float32 stays float32.

    A raw array or number takes the dtype of the Tensor beside it; an integer Tensor that of a
    floating one; two floating Tensors follow NumPy's promotion. Python numbers stay numbers,
    which NumPy treats as weak.

    Args:
        x: A Tensor, an array or a number.
        y: A Tensor, an array or a number.

    Returns:
        Both, each a Tensor, an array or a Python number; at least one is a Tensor.
    """
    if isinstance(x, Tensor):
        if isinstance(y, Tensor):
            a, b = x.data.dtype, y.data.dtype
            if a is b or a.kind == b.kind:
                return x, y
            if a.kind == "f":
                return x, as_tensor(y, a)
            return (as_tensor(x, b), y) if b.kind == "f" else (x, y)
        return _beside(x, y)
    if isinstance(y, Tensor):
        return _beside(y, x)[::-1]
    return coerce_pair(as_tensor(x), y)


def _beside(tensor: Tensor, raw: Any) -> tuple[Tensor, Any]:
    """Return a Tensor and the raw operand beside it in forms whose result keeps the dtype."""
    kind = type(raw)
    if kind is float or kind is int or kind is bool:
        if kind is float and tensor.data.dtype.kind != "f":
            # NumPy would make an integer array times 0.5 float64.
            return as_tensor(tensor, get_default_dtype()), raw
        return tensor, raw
    if isinstance(raw, np.generic):
        return _beside(tensor, raw.item())
    if tensor.data.dtype.kind == "f":
        return tensor, as_array(raw, tensor.data.dtype)
    return coerce_pair(tensor, Tensor(raw))


def _raw(x: Any) -> Any:
    if isinstance(x, Tensor):
        return x.data
    return plain_array(x) if isinstance(x, np.ndarray) else x


def _ordered(x: Any) -> Any:
    """Return what can be compared by size."""
    y = _raw(x)
    if y is None or isinstance(y, str | bytes | dict | set):
        raise DTypeError(f"Tensor: it can be compared with numbers, got {shown(y)}")
    return y


def _unpack(numbers: tuple[Any, ...]) -> tuple[int, ...]:
    """Allow both reshape(2, 3) and reshape((2, 3))."""
    if len(numbers) == 1 and isinstance(numbers[0], tuple | list):
        return tuple(numbers[0])
    return numbers


_new = object.__new__
_ndarray = np.ndarray
_FLOAT32 = np.dtype(np.float32)

# At the end, because both need the classes above.
from neural_net_core import ops, tape  # noqa: E402

explain_words(Tensor, "axis", "axes", "low", "k", "reps", "flatten")
