"""NaN and infinity stop training before the step, and the message says where they came from."""

import numpy as np
import pytest

from neural_net_core import Dense, Module, TrainingError, mse_loss
from neural_net_utils import Callback, NonFiniteError, fit

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


class Net(Module):
    def __init__(self):
        self.first = Dense(2, 3, rng=np.random.default_rng(0))
        self.second = Dense(3, 1, rng=np.random.default_rng(1))

    def forward(self, x):
        return self.second(self.first(x))


class Poison(Callback):
    """At a step, put a value into one number of a parameter or its gradient."""

    order = -1

    def __init__(self, step, name, place, value):
        self.at = (step, name, place, value)

    def on_gradients(self, training):
        step, name, place, value = self.at
        if training.step + 1 == step:
            parameter = dict(training.model.named_parameters())[name]
            getattr(parameter, place).flat[0] = value


def run(tiny, *, data=None, lr=0.01, callbacks=(), steps=10, model=None):
    model = model or Net()
    x = np.random.default_rng(2).random((8, 2), dtype=np.float32)
    data = data or [(x, x[:, :1])]
    optimizer = tiny.TinyMomentum(model.parameters(), lr)
    fit(model, mse_loss, optimizer, data, max_steps=steps, progress="off", callbacks=callbacks)
    return model


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["first.weight", "second.bias"])
def test_a_bad_gradient_does_not_reach_the_weights(tiny, name, value):
    """Step and parameter are named; every weight is as after the last good step."""
    wanted = run(tiny, steps=3).state_dict()
    model = Net()
    with pytest.raises(NonFiniteError) as caught:
        run(tiny, model=model, callbacks=[Poison(4, name, "grad", value)])
    error = caught.value
    assert isinstance(error, TrainingError)
    assert (error.step, error.parameter) == (4, name)
    assert np.isfinite(error.loss)
    assert f"first parameter affected is {name} (its gradient is not finite)" in str(error)
    assert str(error).startswith("training stopped at step 4 (epoch 4)")
    assert "learning rate was 0.01" in str(error)
    for key, value in model.state_dict().items():
        assert np.array_equal(value, wanted[key])


def test_values_are_named_before_gradients(tiny):
    """A NaN weight makes every gradient NaN; the weight is the one to look at."""
    with pytest.raises(NonFiniteError, match=r"second.weight \(its values") as caught:
        run(tiny, callbacks=[Poison(2, "second.weight", "data", np.nan)])
    assert caught.value.step == 3


def test_bad_batches_are_named(tiny):
    """NaN in the data is the data's fault."""
    x = np.random.default_rng(2).random((8, 2), dtype=np.float32)
    y = x[:, :1].copy()
    y[3] = np.nan
    with pytest.raises(
        NonFiniteError, match="the batch itself holds NaN or infinity in the target"
    ):
        run(tiny, data=[(x, x[:, :1]), (x, y)])
    bad = x.copy()
    bad[0, 0] = np.inf
    with pytest.raises(NonFiniteError, match="infinity in input 0") as caught:
        run(tiny, data=[(x, x[:, :1]), (bad, x[:, :1])])
    assert caught.value.step == 2


def test_divergence_is_reported(tiny):
    """A learning rate far too high ends with the error, not with NaN weights."""
    model = Net()
    with pytest.raises(NonFiniteError, match="learning rate was 1e\\+03"):
        run(tiny, model=model, lr=1e3, steps=200)
    assert all(np.isfinite(value).all() for value in model.state_dict().values())


def test_huge_but_finite_gradients_pass(tiny):
    """A gradient whose square overflows float32 is no reason to stop."""
    run(tiny, callbacks=[Poison(2, "first.weight", "grad", 1e25)], lr=1e-30, steps=4)
