"""What the page "Called differently" says to people from Keras: the names are here, and there."""

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neural_net_core
import neural_net_layers
import neural_net_optim
import neural_net_utils
from neural_net_core import CrossEntropyLoss, Dense
from neural_net_layers import LSTM, BatchNorm2D, Conv2D

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "called-differently.md"
PACKAGES = (neural_net_core, neural_net_layers, neural_net_optim, neural_net_utils)
HERE = {name: value for package in PACKAGES for name, value in vars(package).items()}
# Of Keras on PyTorch with a NumPy that is newer than both.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def rows() -> list[list[str]]:
    section = PAGE.read_text("utf-8").split("## From Keras\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def calls(cell: str) -> list[ast.Call]:
    trees = [ast.parse(code, mode="eval") for code in re.findall(r"`([^`]+)`", cell)]
    return [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]


def check_names(cell: str, namespace: dict[str, Any]) -> None:
    """Look every called name and every attribute up, and see whether it takes the arguments."""
    for call in calls(cell):
        function = ast.unparse(call.func)
        if function == "model.parameters":
            continue
        found = namespace[function.split(".")[0]]
        for part in function.split(".")[1:]:
            found = getattr(found, part)
        keywords = {str(keyword.arg): None for keyword in call.keywords}
        inspect.signature(found).bind(*call.args, **keywords)
        for keyword in call.keywords:
            if isinstance(keyword.value, ast.Attribute):
                getattr(namespace["init"], keyword.value.attr)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[1])
def test_a_name_that_the_page_gives_is_here_and_takes_these_arguments(row: list[str]) -> None:
    assert len(row) == 3
    assert calls(row[1])
    check_names(row[1], HERE)


@pytest.mark.parametrize("cell", ["`Dens(3)`", "`Dense(3, units=4)`", "`Dense(3, 4, init=init.x)`"])
def test_a_wrong_name_on_the_page_would_be_found(cell: str) -> None:
    with pytest.raises((KeyError, TypeError, AttributeError)):
        check_names(cell, HERE)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_keras_has_what_the_page_says_of_it(row: list[str]) -> None:
    keras = pytest.importorskip("keras")
    parts = (keras, keras.callbacks, keras.losses, keras.optimizers, keras.layers)
    check_names(row[0], {name: value for part in parts for name, value in vars(part).items()})


def in_keras(layer: Any, x: np.ndarray, **options: Any) -> np.ndarray:
    keras = pytest.importorskip("keras")
    return np.asarray(keras.ops.convert_to_numpy(layer(x, **options)))


def test_the_same_weights_give_the_same_numbers_as_in_keras() -> None:
    layers = pytest.importorskip("keras").layers
    rng = np.random.default_rng(0)

    def compare(ours: Any, theirs: Any, bound: float = 1e-5) -> None:
        np.testing.assert_allclose(np.asarray(ours), theirs, rtol=0, atol=bound)

    x = rng.normal(size=(5, 8)).astype(np.float32)
    theirs = layers.Dense(3, bias_initializer="normal")
    wanted = in_keras(theirs, x)
    kernel, bias = (np.asarray(w) for w in theirs.get_weights())
    dense = Dense(8, 3)
    dense.load_state_dict({"weight": kernel.T, "bias": bias})
    compare(dense(x).numpy(), wanted)

    x = rng.normal(size=(2, 7, 6, 3)).astype(np.float32)
    theirs = layers.Conv2D(4, 3, padding="same", bias_initializer="normal")
    wanted = in_keras(theirs, x)
    kernel, bias = (np.asarray(w) for w in theirs.get_weights())
    conv = Conv2D(3, 4, 3, padding="same")
    conv.load_state_dict({"weight": kernel.transpose(3, 2, 0, 1), "bias": bias})
    compare(conv(x.transpose(0, 3, 1, 2)).numpy().transpose(0, 2, 3, 1), wanted)

    theirs = layers.BatchNormalization(momentum=0.9, epsilon=1e-3)
    wanted = in_keras(theirs, x, training=True)
    norm = BatchNorm2D(3, momentum=0.1, eps=1e-3)
    compare(norm(x.transpose(0, 3, 1, 2)).numpy().transpose(0, 2, 3, 1), wanted)
    _, _, mean, var = (np.asarray(w) for w in theirs.get_weights())
    n = x[..., 0].size
    state = norm.state_dict()
    compare(state["running_mean"], mean)
    compare((state["running_var"] - 0.9) * (n - 1) / n + 0.9, var)

    x = rng.normal(size=(2, 5, 4)).astype(np.float32)
    theirs = layers.LSTM(6, return_sequences=True, return_state=True)
    wanted, last, _ = theirs(x)
    kernel, recurrent, bias = (np.asarray(w) for w in theirs.get_weights())
    lstm = LSTM(4, 6)
    lstm.load_state_dict(
        {"weight_ih_l0": kernel.T, "weight_hh_l0": recurrent.T}
        | {"bias_ih_l0": bias, "bias_hh_l0": np.zeros_like(bias)}
    )
    y, (h, _) = lstm(x)
    compare(y.numpy(), in_keras(lambda _: wanted, x))
    compare(h.numpy()[-1], in_keras(lambda _: last, x))


def test_cross_entropy_takes_scores_as_in_keras_with_from_logits() -> None:
    keras = pytest.importorskip("keras")
    rng = np.random.default_rng(1)
    scores, classes = rng.normal(size=(6, 4)).astype(np.float32), np.array([0, 1, 2, 3, 0, 1])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    wanted = float(keras.ops.convert_to_numpy(loss(classes, scores)))
    assert CrossEntropyLoss()(scores, classes).item() == pytest.approx(wanted, abs=1e-6)
