"""Networks that others trained, of our layers, against PyTorch and onnxruntime: equal to 1e-5."""

from collections.abc import Callable
from typing import Any

import mtcnn
import numpy as np
import pytest
import references
import torch
from minilm import embed, load
from silero import SileroVAD, probabilities
from tokenizers import Tokenizer

from neural_net_core import no_grad
from neural_net_core.dtypes import Array
from neural_net_utils import from_hugging_face

# --- MTCNN

THEIRS = references.mtcnn()
NETWORKS: dict[str, Callable[[], Any]] = {
    "PNet": mtcnn.PNet,
    "RNet": mtcnn.RNet,
    "ONet": mtcnn.ONet,
}


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("PNet", (1, 3, 12, 12)),
        ("PNet", (2, 3, 61, 83)),
        ("PNet", (1, 3, 240, 320)),
        ("RNet", (1, 3, 24, 24)),
        ("RNet", (33, 3, 24, 24)),
        ("ONet", (1, 3, 48, 48)),
        ("ONet", (17, 3, 48, 48)),
    ],
)
def test_mtcnn(name: str, shape: tuple[int, ...]) -> None:
    own = NETWORKS[name]()
    own.load_state_dict({k: v.numpy() for k, v in THEIRS[name].state_dict().items()})
    own.eval()
    x = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    with no_grad(), torch.no_grad():
        ours, theirs = own(x), THEIRS[name](torch.from_numpy(x))
    assert len(ours) == len(theirs)
    for y, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(y.data, expected.numpy(), rtol=0, atol=1e-5)


# --- Silero


def sound(seconds: int) -> Array:
    """Return noise, and vowels of a voice that rises: tones over 120 Hz, with formants."""
    rng = np.random.default_rng(1)
    time = np.arange(seconds * 16_000 // 512 * 512) / 16_000
    pitch = np.cumsum(120 + 30 * np.sin(3 * time)) / 16_000
    harmonics = range(1, 30)
    strengths = [
        np.exp(-(((120 * k - 700) / 400) ** 2)) + np.exp(-(((120 * k - 1200) / 500) ** 2))
        for k in harmonics
    ]
    voice = sum(
        a * np.sin(2 * np.pi * k * pitch) for k, a in zip(harmonics, strengths, strict=True)
    )
    speaks = np.sin(2 * np.pi * time / 2) > 0
    both = np.stack([0.1 * voice * speaks, 0.2 * rng.normal(size=len(time))])
    return (both + 0.003 * rng.normal(size=both.shape)).astype(np.float32)


STATES = references.silero_states()
OWN_REFERENCE: dict[str, Callable[[Array], Array]] = {
    "safetensors": lambda x: references.TorchSilero(STATES["safetensors"]).probabilities(x),
    "jit": references.silero_jit(),
    "onnx": references.silero_onnx(),
}


@pytest.mark.parametrize("file", STATES)
def test_silero(file: str) -> None:
    model = SileroVAD()
    model.load_state_dict(STATES[file])
    x = sound(4)
    with no_grad():
        ours = probabilities(model.eval(), x)
    expected = OWN_REFERENCE[file](x)
    assert ours.shape == expected.shape == (2, x.shape[1] // 512)
    assert np.ptp(expected) > 0.3  # it does say something about this sound
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-5)


def test_the_safetensors_file_of_silero_holds_other_weights() -> None:
    """Why each file needs a reference of its own."""
    assert STATES["safetensors"].keys() == STATES["jit"].keys() == STATES["onnx"].keys()
    for name, array in STATES["jit"].items():
        np.testing.assert_array_equal(array, STATES["onnx"][name])
    name = "conv2.weight"
    assert np.abs(STATES["safetensors"][name] - STATES["jit"][name]).max() > 0.01


# --- MiniLM

SENTENCES = [
    "A cat sits on the mat.",
    "Une chatte s'assied, naïvement, sur le tapis!",
    "天地玄黃，宇宙洪荒。 And then [SEP] a word nobody knows: antidisestablishmentarianism 🙂",
    "x" * 120 + " " + "All the world's a stage, " * 40,
    "",
]


@pytest.fixture(scope="module")
def folder() -> Any:
    return references.minilm_folder()


def test_the_tokenizer_of_minilm(folder: Any) -> None:
    other, own = Tokenizer.from_file(str(folder / "tokenizer.json")), from_hugging_face(folder)
    assert len(own) == other.get_vocab_size() == 30_522
    for text in SENTENCES:
        assert own.encode(text).tolist() == other.encode(text).ids
    ids, kinds = own.encode_pair(*SENTENCES[:2])
    theirs = other.encode(*SENTENCES[:2])
    assert (ids.tolist(), kinds.tolist()) == (theirs.ids, theirs.type_ids)


def test_minilm(folder: Any) -> None:
    tokenizer, model = from_hugging_face(folder), load(folder)
    ids = np.stack([tokenizer.encode(text) for text in SENTENCES])
    keep = ids != tokenizer.id("[PAD]")
    ours = embed(model, ids, keep)
    expected = references.torch_embedder(folder)(ids, keep)
    np.testing.assert_allclose(ours.data, expected, rtol=0, atol=1e-5)
    alone = tokenizer.encode(SENTENCES[0], lengths=False)[None]  # padding changes nothing
    again = embed(model, alone, np.ones(alone.shape, bool))
    np.testing.assert_allclose(again.data[0], expected[0], rtol=0, atol=1e-5)
