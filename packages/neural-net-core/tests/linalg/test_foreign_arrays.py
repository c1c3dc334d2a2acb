"""Linear algebra on arrays of another library that speaks NumPy's protocol."""

import numpy as np
import pytest

from neural_net_core import Tensor, linalg


def plain(x):
    if isinstance(x, tuple | list):
        return type(x)(map(plain, x))
    return x.values if isinstance(x, Foreign) else x


def foreign(x):
    if isinstance(x, tuple):
        return tuple(map(foreign, x))
    return Foreign(x) if isinstance(x, np.ndarray | np.generic) else x


class Foreign(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that is no subclass of NumPy's; whatever is done with it gives another one."""

    def __init__(self, values):
        self.values = np.asarray(values)

    dtype = property(lambda self: self.values.dtype)
    shape = property(lambda self: self.values.shape)
    ndim = property(lambda self: self.values.ndim)
    size = property(lambda self: self.values.size)
    mT = property(lambda self: Foreign(self.values.mT))  # noqa: N815 (NumPy's name)

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return foreign(getattr(ufunc, method)(*plain(inputs), **options))

    def __array_function__(self, function, types, args, kwargs):
        kwargs = {name: plain(x) for name, x in kwargs.items() if name != "like"}
        return foreign(function(*plain(args), **kwargs))

    def __getitem__(self, index):
        return Foreign(self.values[index])

    def prod(self, axis):
        return Foreign(self.values.prod(axis))

    def astype(self, dtype, copy=True):
        return Foreign(self.values.astype(dtype))

    def copy(self, order="K"):
        return Foreign(self.values.copy())


A = np.array([[[4.0, 1.0], [1.0, 3.0]], [[2.0, 0.5], [0.5, 5.0]]], np.float32)


@pytest.mark.parametrize(
    "fn",
    [
        linalg.inv,
        linalg.det,
        linalg.cholesky,
        lambda a: linalg.slogdet(a).logabsdet,
        lambda a: linalg.SolveOp.apply(a, np.ones((2, 2, 1), np.float32)),
    ],
)
def test_values_and_gradients_are_the_same(fn):
    def run(array):
        y = fn(Tensor(array, requires_grad=True))
        dy = np.arange(1, y.size + 1, dtype=np.float32).reshape(y.shape)
        dy = Foreign(dy) if isinstance(array, Foreign) else dy
        dx = y.node.backward(*[dy] * y.node.outputs)
        return y.data, dx[0] if isinstance(dx, tuple) else dx

    found, expected = run(Foreign(A)), run(A)
    for a, b in zip(found, expected, strict=True):
        assert isinstance(a, Foreign)
        np.testing.assert_array_equal(a.values, b)
