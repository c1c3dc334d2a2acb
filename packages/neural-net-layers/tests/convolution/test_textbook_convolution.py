"""The textbook form of convolution, against its formula and numbers worked by hand."""

import itertools

import numpy as np

from neural_net_layers._geometry import Window
from neural_net_layers.convolution.conv2d import Conv2DOp


def by_formula(x, w, b, window, groups):
    """Sum the products of every place one by one."""
    (sh, sw), (dh, dw), ((top, _), (left, _)) = window.stride, window.dilation, window.padding
    batch, _, height, width = x.shape
    out, each, kh, kw = w.shape
    y = np.zeros((batch, out, *window.places((height, width))))
    for n, o, p, q in np.ndindex(y.shape):
        y[n, o, p, q] = b[o]
        first = o // (out // groups) * each
        for c, i, j in itertools.product(range(each), range(kh), range(kw)):
            row, column = p * sh + i * dh - top, q * sw + j * dw - left
            if 0 <= row < height and 0 <= column < width:
                y[n, o, p, q] += w[o, c, i, j] * x[n, first + c, row, column]
    return y


def test_convolution_is_the_sum_of_its_formula():
    rng = np.random.default_rng(0)
    window = Window((3, 2), (2, 1), ((1, 2), (0, 1)), (1, 2))
    x, w, b = rng.normal(size=(2, 4, 6, 5)), rng.normal(size=(6, 2, 3, 2)), rng.normal(size=6)
    expected = by_formula(x, w, b, window, 2)
    y = Conv2DOp(window, 2).forward(x, w, b)
    np.testing.assert_allclose(y, expected, atol=1e-12)


def test_gradients_are_the_adjoints_of_the_convolution():
    """<dy, conv(x, w)> = <dx, x> = <dw, w>, because it is linear in each."""
    rng = np.random.default_rng(1)
    window = Window((2, 3), (1, 2), ((0, 1), (2, 0)), (2, 1))
    x, w = rng.normal(size=(3, 4, 5, 7)), rng.normal(size=(2, 2, 2, 3))
    op = Conv2DOp(window, 2)
    y = op.forward(x, w, None)
    dy = rng.normal(size=y.shape)
    dx, dw, _ = op.backward(dy)
    np.testing.assert_allclose((dx * x).sum(), (dy * y).sum())
    np.testing.assert_allclose((dw * w).sum(), (dy * y).sum())


def test_a_kernel_that_is_worked_by_hand():
    x = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    w = np.array([[[[1.0, 0.0], [0.0, -1.0]]]])
    op = Conv2DOp(Window((2, 2)), 1)
    assert op.forward(x, w, None).tolist() == [[[[-4, -4], [-4, -4]]]]
    dx, dw, dbias = op.backward(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]))
    assert dx.tolist() == [[[[1, 2, 0], [3, 3, -2], [0, -3, -4]]]]
    # 1·1 + 2·2 + 3·4 + 4·5, and so on
    assert dw.tolist() == [[[[37, 47], [67, 77]]]]
    assert dbias.tolist() == [10]
