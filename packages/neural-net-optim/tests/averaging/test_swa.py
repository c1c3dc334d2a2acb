"""The plain mean of weights, and batch norm afterwards."""

import numpy as np

from neural_net_core import Buffer, Module, Parameter, Sequential
from neural_net_optim import SWA, update_batch_norm


def test_is_the_mean_of_what_it_saw():
    """The weights at construction do not count."""
    rng = np.random.default_rng(0)
    p = Parameter(np.full((2, 3), 1000.0), "float64")
    swa = SWA([p])
    seen = rng.standard_normal((7, 2, 3))
    for values in seen:
        p.data[...] = values
        swa.update()
    np.testing.assert_allclose(swa.average["0"], seen.mean(axis=0), rtol=1e-12)


class Norm(Module):
    """As much of a batch norm as matters here."""

    def __init__(self):
        self.running_mean = Buffer(np.zeros(2))
        self.momentum = 0.1

    def forward(self, x):
        if self.training:
            mean = np.asarray(x).mean(axis=0)
            self.running_mean.data += self.momentum * (mean - self.running_mean.data)
        return x


def test_batch_norm_gets_the_mean_over_all_batches():
    """With every module's mode and momentum as before."""
    rng = np.random.default_rng(0)
    norm, other = Norm(), Norm()
    other.eval()
    model = Sequential(norm, other)
    batches = [rng.standard_normal((4, 2)).astype(np.float32) for _ in range(5)]
    norm.running_mean.data[...] = 77.0
    update_batch_norm(model, batches)
    expected = np.mean([b.mean(axis=0) for b in batches], axis=0)
    np.testing.assert_allclose(norm.running_mean.data, expected, rtol=1e-5)
    assert norm.momentum == 0.1
    assert (model.training, norm.training, other.training) == (True, True, False)


def test_batches_may_be_pairs_and_the_call_may_be_ones_own():
    """The input is the first of a pair."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4, 2)).astype(np.float32)
    for batches, forward in (
        ([(x, None)], None),
        ([[x, None]], None),
        ([{"x": x}], lambda model, batch: model(batch["x"])),
    ):
        model = Sequential(Norm())
        update_batch_norm(model, batches, forward=forward)
        np.testing.assert_allclose(model[0].running_mean.data, x.mean(axis=0), rtol=1e-6)


def test_modes_come_back_after_an_error():
    """A batch that does not fit leaves the model as it was."""
    model = Sequential(Norm())
    model.eval()
    try:
        update_batch_norm(model, [np.zeros((4, 3), np.float32)])
    except ValueError:
        pass
    else:
        raise AssertionError
    assert model[0].momentum == 0.1
    assert not model.training


def test_without_batch_norm_nothing_is_run():
    """The batches may be an expensive iterator."""

    def never():
        raise AssertionError
        yield

    update_batch_norm(Sequential(), never())
