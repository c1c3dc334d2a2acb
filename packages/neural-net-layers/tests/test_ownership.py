"""Operations that are marked as returning new arrays do so: nothing else shares their memory."""

import itertools

import numpy as np
import pytest

from neural_net_core import Tensor
from neural_net_core.forms import is_textbook
from neural_net_core.testing import op_classes
from neural_net_layers import (
    Conv1D,
    Conv2D,
    ConvTranspose1D,
    ConvTranspose2D,
    Embedding,
    EmbeddingBag,
)

RNG = np.random.default_rng(0)
IMAGES, IDS = RNG.normal(size=(2, 4, 6, 6)), RNG.integers(0, 5, (3, 4))
CASES = {
    "Conv2D": (lambda: Conv2D(4, 6, 3), IMAGES),
    "Conv2D of 1": (lambda: Conv2D(4, 4, 1), IMAGES),
    "Conv2D with stride": (lambda: Conv2D(4, 6, 3, stride=2, padding=1), IMAGES),
    "Conv2D in depth": (lambda: Conv2D(4, 4, 3, groups=4), IMAGES),
    "Conv2D in groups": (lambda: Conv2D(4, 6, 3, groups=2), IMAGES),
    "Conv1D": (lambda: Conv1D(4, 6, 3), IMAGES[:, :, 0]),
    "ConvTranspose1D": (lambda: ConvTranspose1D(4, 6, 3, 2), IMAGES[:, :, 0]),
    "ConvTranspose2D": (lambda: ConvTranspose2D(4, 6, 3), IMAGES),
    "Embedding": (lambda: Embedding(5, 2), IDS),
    "EmbeddingBag": (lambda: EmbeddingBag(5, 2), IDS),
}


@pytest.mark.skipif(is_textbook(), reason="it is fast forms that are marked")
def test_every_marked_operation_is_among_the_cases():
    forms = {op: op.fast or op for op in op_classes("neural_net_layers")}
    marked = {op.__name__ for op, form in forms.items() if form.new_arrays}
    assert marked == {"Conv2DOp", "ConvTranspose2DOp", "EmbeddingOp", "EmbeddingBagOp"}


@pytest.mark.parametrize(("make", "inputs"), CASES.values(), ids=CASES)
def test_no_two_gradients_share_memory_nor_anything_else(make, inputs):
    model, others, grads = make(), [], []
    for _ in range(2):
        floating = inputs.dtype.kind == "f"
        x = Tensor(inputs, requires_grad=True) if floating else inputs
        y = model(x)
        others += [v for v in vars(y.node).values() if isinstance(v, np.ndarray)]
        others += [y.data, *(p.data for p in model.parameters())]
        seed = np.ones_like(y.data)
        others.append(seed)
        for p in model.parameters():
            p.grad = None
        y.backward(seed, retain_graph=True)
        grads += [p.grad for p in model.parameters()] + ([x.grad] if floating else [])
    for a, b in itertools.combinations(grads, 2):
        assert not np.shares_memory(a, b)
    for a, b in itertools.product(grads, others):
        assert not np.shares_memory(a, b)
