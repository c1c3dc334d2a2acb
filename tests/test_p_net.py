"""P-Net with the weights of its authors: our layers give what PyTorch gave, without PyTorch."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neural_net_core import Tensor, load_tensors, no_grad
from neural_net_core.dtypes import Array

FOLDER = Path(__file__).parent / "pretrained"
WEIGHTS = load_tensors(FOLDER / "p_net/weights.safetensors")
RECORDED = load_tensors(FOLDER / "p_net/recorded.safetensors")


def network() -> Any:
    """P-Net as the program beside the recorded files has it, with their weights."""
    spec = importlib.util.spec_from_file_location("mtcnn", FOLDER / "mtcnn.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model = module.PNet()
    model.load_state_dict(WEIGHTS)
    return model.eval()


def picture() -> Array:
    pixels = RECORDED["pixels"].astype(np.float32)
    return ((pixels - 127.5) / 128).transpose(2, 0, 1)[None]


def test_the_recorded_outputs() -> None:
    """The boxes and the probabilities, to 1e-5."""
    with no_grad():
        boxes, probabilities = network()(picture())
    for found, name in ((boxes, "boxes"), (probabilities, "probabilities")):
        np.testing.assert_allclose(found.data, RECORDED[name], rtol=0, atol=1e-5)


def test_it_finds_the_face() -> None:
    """The surest window of 12 x 12 pixels lies on the face of the portrait, and not by a hair."""
    with no_grad():
        _, probabilities = network()(picture())
    faces = probabilities.data[0, 1]
    row, column = np.unravel_index(faces.argmax(), faces.shape)
    assert faces[row, column] > 0.99
    assert 10 <= 2 * row + 6 <= 20 and 12 <= 2 * column + 6 <= 22  # the window's middle, in pixels
    assert np.median(faces) < 0.05  # most windows show none


def test_a_window_alone_gives_what_it_gives_within_the_picture() -> None:
    """Sliding is nothing but convolution: P-Net on 12 x 12 pixels is one window of it."""
    model, x = network(), picture()
    with no_grad():
        boxes, probabilities = model(x)
        for row, column in ((0, 0), (5, 5), (14, 11)):
            window = x[:, :, 2 * row : 2 * row + 12, 2 * column : 2 * column + 12]
            box, probability = model(window)
            assert box.shape == (1, 4, 1, 1)
            np.testing.assert_allclose(box.data[..., 0, 0], boxes.data[..., row, column], atol=1e-5)
            np.testing.assert_allclose(
                probability.data[..., 0, 0], probabilities.data[..., row, column], atol=1e-5
            )


def test_it_can_be_trained_on() -> None:
    """Gradients reach every weight: somebody else's network is a start like any other."""
    model = network()
    boxes, probabilities = model(Tensor(picture()))
    (boxes.sum() + probabilities[:, 1].sum()).backward()
    assert all(np.abs(p.grad).max() > 0 for p in model.parameters())


@pytest.mark.parametrize("name", ["LICENSE.md", "README.md"])
def test_the_licence_lies_beside_the_weights(name: str) -> None:
    text = (FOLDER / "p_net" / name).read_text(encoding="utf-8")
    assert "MIT" in text and "Copyright (c) 2019 Timothy Esler" in text
    assert sum(array.size for array in WEIGHTS.values()) == 6_632
