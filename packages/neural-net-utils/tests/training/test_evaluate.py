"""evaluate and predict: whole-set values, modes, errors."""

import numpy as np
import pytest

from neural_net_core import Dense, Module, Tensor, cross_entropy, is_grad_enabled
from neural_net_core.errors import ShapeError, StateDictError
from neural_net_utils import DataLoader, accuracy, evaluate, f1_score, predict
from neural_net_utils.training.evaluate import Totals, check_loader, evaluation_mode


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


def totals():
    """Totals of a loss and a metric over two batches."""
    found = Totals({"accuracy": accuracy})
    found.update(0.5, 2, np.eye(2), np.array([0, 0]))
    found.update(2.0, 1, np.eye(2)[:1], np.array([0]))
    return found


def test_totals_go_on_from_a_saved_state_and_begin_anew():
    """Of the state comes every sum; after a reset none is left."""
    wanted = {"loss": 1.0, "accuracy": 2 / 3}
    assert totals().compute() == pytest.approx(wanted)
    other = Totals({"accuracy": accuracy})
    other.load_state_dict(totals().state_dict())
    assert other.state_dict() == totals().state_dict()
    assert other.compute() == pytest.approx(wanted)
    other.update(1.0, 1, np.eye(2)[:1], np.array([1]))
    assert other.compute() == pytest.approx({"loss": 1.0, "accuracy": 0.5})
    other.reset()
    assert other.state_dict() == Totals({"accuracy": accuracy}).state_dict()


def test_totals_of_others_are_added():
    both = totals()
    both.merge(totals().state_dict()["metrics"])
    both.update(0.0, 3, np.eye(2)[[1, 1, 1]], np.array([1, 1, 1]))
    assert both.compute()["accuracy"] == pytest.approx(7 / 9)

    class Pair:
        size = 2

        def allgather(self, state):
            return [state, state]

    one = totals()
    one.join(Pair())
    assert (one.loss, one.count, one.batches) == (6.0, 6, 4)
    assert one.compute() == pytest.approx(totals().compute())


@pytest.mark.parametrize(
    "change",
    [
        {"count": -1},
        {"loss": "1"},
        {"batches": -1},
        {"metrics": {}},
        {"metrics": {"f1": {}}},
        {"metrics": []},
        {"metrics": {"accuracy": {}, "f1": {}}},
    ],
)
def test_totals_refuse_what_cannot_be_their_state(change):
    found = totals()
    with pytest.raises(StateDictError):
        found.load_state_dict({**found.state_dict(), **change})
    assert found.state_dict() == totals().state_dict()


def test_totals_of_nothing_are_a_state_too():
    empty = Totals(None)
    empty.load_state_dict(Totals(None).state_dict())
    assert np.isnan(empty.compute()["loss"])


def test_a_list_is_looked_into_before_it_is_read():
    model = Dense(2, 2)
    for wrong in ([], [np.ones((3, 2))], (np.ones((3, 2)), np.zeros(3, int)), [(np.ones(2),)]):
        with pytest.raises(ValueError, match="train_loader"):
            check_loader("fit: train_loader", wrong, with_target=True)
    check_loader("fit: train_loader", [(np.ones((3, 2)), np.zeros(3, int))], with_target=True)
    check_loader("fit: train_loader", [(np.ones((3, 2)),)], with_target=False)
    assert evaluate(model, cross_entropy, [(np.ones((3, 2)), np.zeros(3, int))])["loss"] > 0
