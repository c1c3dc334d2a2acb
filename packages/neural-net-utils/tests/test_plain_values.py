"""Arrays that hide elements are refused as data; other subclasses are plain values."""

import numpy as np
import pytest

import neural_net_utils as utils
from neural_net_core import Dense, cross_entropy
from neural_net_core.errors import DTypeError

X = np.arange(8.0, dtype=np.float32).reshape(4, 2)
Y = np.array([0, 1, 0, 1])
IMAGES = np.ones((4, 8, 8), dtype=np.float32)


def rng():
    return np.random.default_rng(0)


def batches(dataset, **options):
    return list(utils.DataLoader(dataset, 2, **options))


# What takes data: the function, and one array that may be of any kind.
TAKERS = {
    "ArrayDataset": (lambda x: utils.ArrayDataset(x, Y).arrays, X),
    "ArrayDataset of rows": (lambda x: utils.ArrayDataset(list(x), Y).arrays, X),
    "DataLoader": (batches, X),
    "DataLoader of a tuple": (lambda y: batches((X, y)), Y),
    "DataLoader of samples": (lambda x: batches([(row, 1) for row in x]), X),
    "DataLoader of labels": (lambda y: batches([(X[i], y[i]) for i in range(4)]), Y),
    "DataLoader of pairs": (
        lambda x: batches([(row, 1) for row in x], collate=utils.pad_samples),
        X,
    ),
    "lengths": (lambda y: batches((X, Y), lengths=y), Y + 1),
    "train_test_split": (lambda x: utils.train_test_split(x, rng=rng()), X),
    "stratify": (lambda y: utils.train_test_split(X, stratify=y, test_size=2, rng=rng()), Y),
    "groups": (lambda y: utils.train_test_split(X, groups=y, test_size=2, rng=rng()), Y),
    "k_fold": (lambda y: list(utils.k_fold(4, 2, stratify=y, rng=rng())), Y),
    "k_fold groups": (lambda y: list(utils.k_fold(4, 2, groups=y, rng=rng())), Y),
    "pad_sequences": (lambda x: utils.pad_sequences(list(x)), X),
    "Standardizer.fit": (lambda x: utils.Standardizer().fit(x).mean, X),
    "Standardizer.transform": (lambda x: utils.Standardizer().fit(X).transform(x), X),
    "Standardizer.inverse": (lambda x: utils.Standardizer().fit(X).inverse(x), X),
    "LabelEncoder": (lambda y: utils.LabelEncoder(y).classes, Y),
    "encode": (lambda y: utils.LabelEncoder(Y).encode(y), Y),
    "decode": (lambda y: utils.LabelEncoder(Y).decode(y), Y),
    "one_hot": (utils.one_hot, Y),
    "class_weights": (utils.class_weights, Y),
    "add_noise": (lambda x: utils.add_noise(x, rng=rng()), IMAGES),
    "rotate": (lambda x: utils.rotate(x, rng=rng()), IMAGES),
    "shift": (lambda x: utils.shift(x, rng=rng()), IMAGES),
    "mixup": (lambda x: utils.mixup(x, X, rng=rng()), X),
    "Augment": (lambda x: utils.Augment(shift=1)((x, Y), rng()), IMAGES),
    "predict": (lambda x: utils.predict(Dense(2, 2, rng=rng()), x), X),
    "evaluate": (lambda y: utils.evaluate(Dense(2, 2, rng=rng()), cross_entropy, [(X, y)]), Y),
    "accuracy": (lambda y: utils.accuracy(X, y), Y),
    "sample_token": (lambda x: utils.sample_token(x, rng=rng()), X),
    "CharacterTokenizer": (lambda y: utils.CharacterTokenizer("ab").decode(y), Y),
}


def flat(result):
    """Everything in a result, nested tuples and lists taken apart."""
    if isinstance(result, (tuple, list)):
        return [part for one in result for part in flat(one)]
    return [result]


@pytest.mark.parametrize("name", TAKERS)
def test_a_mask_that_hides_something_is_refused(name):
    """What a hidden element counts as is nobody's to guess."""
    take, data = TAKERS[name]
    mask = np.zeros(data.shape, dtype=bool)
    mask.flat[1] = True
    with pytest.raises(DTypeError, match="masked array of shape"):
        take(np.ma.masked_array(data, mask))


class Signal(np.ndarray):
    """A subclass as other libraries have them, whose sum means something else."""

    def __add__(self, other):
        return self - other


@pytest.mark.parametrize("name", TAKERS)
@pytest.mark.parametrize("kind", [np.ma.masked_array, lambda x: x.view(Signal)])
def test_other_subclasses_are_plain_values(name, kind):
    """The same results, and no subclass among them."""
    take, data = TAKERS[name]
    plain, other = flat(take(data)), flat(take(kind(data)))
    assert len(plain) == len(other)
    for a, b in zip(plain, other, strict=True):
        assert type(a) is type(b)
        np.testing.assert_array_equal(a, b)
