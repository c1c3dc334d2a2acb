"""What the fast form of max pooling promises beside its numbers."""

import numpy as np
import pytest

from neural_net_core import Tensor
from neural_net_core.forms import is_textbook
from neural_net_layers import max_pool2d
from neural_net_layers.fast import threads as _threads
from neural_net_layers.fast import units as _units
from neural_net_layers.fast.pooling import Pooling
from neural_net_layers.pooling._pooling import pooling_window

pytestmark = pytest.mark.skipif(is_textbook(), reason="promises of the fast form")


@pytest.mark.parametrize("order", ["channels first", "channels last"])
def test_large_batches_in_pieces_and_threads_give_the_same(order, monkeypatch):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(7, 3, 6, 8)).astype("f4")
    if order == "channels last":
        x = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    leaf = Tensor(x, requires_grad=True)

    def run():
        leaf.grad = None
        y = max_pool2d(leaf, 3, 2, 1)
        y.backward(np.arange(y.size, dtype="f4").reshape(y.shape))
        return y.data.tobytes(), leaf.grad.tobytes()

    whole = run()
    monkeypatch.setattr(_units, "_UNIT", 3000)
    monkeypatch.setattr(_threads, "WORTH_SHARING", 1)
    monkeypatch.setattr(_threads, "_threads", 3)
    assert run() == whole


def test_the_memory_order_of_the_input_is_kept():
    first = np.zeros((2, 3, 4, 6), "f4")
    assert max_pool2d(first, 2).data.flags.c_contiguous
    last = np.zeros((2, 4, 6, 3), "f4").transpose(0, 3, 1, 2)
    assert max_pool2d(last, 2).data.transpose(0, 2, 3, 1).flags.c_contiguous


def test_windows_that_do_not_touch_share_nothing():
    window = pooling_window("test", 2, (2, 1), 0)
    pooling = Pooling(np.zeros((1, 1, 4, 4)), window, 0.0)
    assert [pooling.overlaps(0), pooling.overlaps(1)] == [False, True]
