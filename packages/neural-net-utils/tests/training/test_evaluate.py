"""evaluate and predict: whole-set values, modes, errors."""

import numpy as np
import pytest

from neural_net_core import Dense, Module, Tensor, cross_entropy, is_grad_enabled
from neural_net_core.errors import ShapeError
from neural_net_utils import DataLoader, accuracy, evaluate, f1_score, predict
from neural_net_utils.training.evaluate import evaluation_mode


def test_whole_set_whatever_the_batches(tiny):
    """Batch sizes, uneven ones included, change nothing but rounding."""
    x, y = tiny.small_digits()
    model = tiny.NoisyNet(rng=np.random.default_rng(0))
    metrics = {"accuracy": accuracy, "f1": f1_score}
    whole = evaluate(model, cross_entropy, [(x, y)], metrics)
    for batch_size in (1, 7, 50):
        parts = evaluate(model, cross_entropy, DataLoader((x, y), batch_size), metrics)
        assert parts == pytest.approx(whole, rel=1e-5)
    scores = predict(model, x, batch_size=13)
    assert accuracy(scores, y) == pytest.approx(whole["accuracy"])


def test_no_gradients_no_noise_and_modes_restored(tiny):
    """Evaluation mode inside, every module's own mode afterwards, also after an error."""
    x, y = tiny.small_digits(10)
    model = tiny.NoisyNet(rng=np.random.default_rng(0))
    model.first.eval()
    seen = []

    def loss(output, target):
        seen.append((is_grad_enabled(), model.training, model.second.training))
        return cross_entropy(output, target)

    before = model.rng.bit_generator.state
    evaluate(model, loss, [(x, y)])
    assert seen == [(False, False, False)]
    with pytest.raises(ShapeError):
        evaluate(model, loss, [(x[:, :5], y)])
    predict(model, x)
    modes = (model.training, model.first.training, model.second.training)
    assert modes == (True, False, True)
    assert model.rng.bit_generator.state == before
    assert all(p.grad is None for p in model.parameters())


def test_predict_takes_tensors_and_checks(tiny):
    """Arrays and Tensors; nothing to predict is an error."""
    x, _ = tiny.small_digits(5)
    model = tiny.NoisyNet(rng=np.random.default_rng(0))
    assert np.array_equal(predict(model, Tensor(x)), predict(model, x))
    assert predict(model, x).shape == (5, 10)
    with pytest.raises(ValueError, match=r"n >= 1, got \(0, 64\)"):
        predict(model, x[:0])
    with pytest.raises(ValueError, match="batch_size must be"):
        predict(model, x, batch_size=0)


class TwoOutputs(Module):
    """What a recurrent layer gives: the outputs and a state."""

    def forward(self, x):
        return Tensor(x), (Tensor(x), Tensor(x))


class NoOutput(Module):
    def forward(self, x):
        return np.asarray(x)


def test_predict_says_what_a_model_must_give():
    """A recurrent layer gives its state, too; an array is no Tensor."""
    with pytest.raises(
        TypeError, match=r"predict: TwoOutputs must give one Tensor, got a tuple of"
    ):
        predict(TwoOutputs(), np.zeros((3, 2)))
    with pytest.raises(TypeError, match="predict: NoOutput must give one Tensor, got an array"):
        predict(NoOutput(), np.zeros((3, 2)))
    for wrong in (None, "model", lambda x: x, np.zeros(3)):
        with pytest.raises(ValueError, match="predict: model must be a Module"):
            predict(wrong, np.zeros((3, 2)))
        with pytest.raises(ValueError, match="evaluate: model must be a Module"):
            evaluate(wrong, cross_entropy, [])


def test_bad_batches(tiny):
    """Empty loaders, single arrays, losses that are not scalars."""
    x, y = tiny.small_digits(5)
    model = tiny.NoisyNet()
    with pytest.raises(ValueError, match="gave no batch"):
        evaluate(model, cross_entropy, [])
    with pytest.raises(ValueError, match="expected batches"):
        evaluate(model, cross_entropy, [x])
    with pytest.raises(ShapeError, match=r"scalar Tensor.*got a Tensor \(5, 10\)"):
        evaluate(model, lambda output, target: output, [(x, y)])


def test_evaluation_mode_decorates_generators_too():
    """The mode holds in the body, and the caller between two steps has his own."""
    model = Dense(1, 1)

    @evaluation_mode(model)
    def steps():
        for _ in range(2):
            yield model.training

    assert [(inside, model.training) for inside in steps()] == [(False, True)] * 2
