"""A file of another kind is recognized, and the error says what to do with it."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from neural_net_core.errors import CheckpointError
from neural_net_core.files._foreign_file import describe
from neural_net_core.files.checkpoint import load_checkpoint
from neural_net_core.files.tensors import load_tensors, save_tensors


def numpy_file(save: Callable[..., None]) -> bytes:
    stream = io.BytesIO()
    save(stream, np.arange(3))
    return stream.getvalue()


def zipped(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "content")
    return stream.getvalue()


def tar() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("model.safetensors"), io.BytesIO())
    return stream.getvalue()


def index(*names: str) -> bytes:
    weights = {f"layer.{i}.weight": name for i, name in enumerate(names)}
    return json.dumps({"metadata": {"total_size": 3}, "weight_map": weights}, indent=2).encode()


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
PICKLE = ".*pickle.*; this library opens none.*safetensors.torch.save_file"

FILES: dict[str, tuple[bytes, str]] = {
    "npy": (numpy_file(np.save), r"a NumPy array \(.npy\); read it with np.load"),
    "npz": (numpy_file(np.savez), r"a NumPy archive \(.npz\); read it with np.load"),
    "compressed npz": (numpy_file(np.savez_compressed), r"a NumPy archive \(.npz\)"),
    "pt": (zipped("archive/data.pkl", "archive/data/0"), f"a file of torch.save {PICKLE}"),
    "torch.jit": (zipped("m/code/x.py", "m/data.pkl"), f"a file of torch.save {PICKLE}"),
    "keras": (zipped("metadata.json", "config.json"), r"a Keras model \(.keras\); unzip"),
    "zip": (zipped("README"), "a zip archive.*np.load.*pickle"),
    "empty zip": (zipped(), "a zip archive; unpack"),
    **{
        f"pickle {protocol}": (pickle.dumps({"w": np.ones(2)}, protocol), PICKLE)
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
    },
    "old torch.save": (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.", PICKLE),
    "gzip": (gzip.compress(b"content" * 99, mtime=0), "compressed by gzip; unpack it first"),
    "gzip with time": (gzip.compress(b"content" * 99), "compressed by gzip; unpack it first"),
    "bzip2": (bz2.compress(b"content"), "compressed by bzip2"),
    "xz": (lzma.compress(b"content"), "compressed by xz"),
    "zstd": (b"\x28\xb5\x2f\xfd\x20\x04", "compressed by zstd"),
    "tar": (tar(), "a tar archive"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(99), "an HDF5 file, as Keras writes; .* h5py"),
    "GGUF": (b"GGUF\x03\0\0\0" + bytes(99), "a GGUF file"),
    "tflite": (b"\x1c\0\0\0TFL3" + bytes(99), "a TensorFlow Lite model"),
    "onnx": (b"\x08\x08\x12\x07pytorch\x1a\x05" + bytes(range(99)), "an ONNX model"),
    "page": (b"<!DOCTYPE html>\n<html><title>404</title>", "a web page; the download was"),
    "page without type": (b"\n <HTML lang=en>", "a web page"),
    "page with a mark": (b"\xef\xbb\xbf<!doctype html>", "a web page"),
    "xml": (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code>", "an XML document"),
    "pointer": (LFS, "a Git LFS pointer.*; run `git lfs pull`"),
    "index": (
        index("model-1-of-2.safetensors", "model-2-of-2.safetensors", "model-1-of-2.safetensors"),
        r"in 2 files \('model-1-of-2.safetensors', 'model-2-of-2.safetensors'\); load_tensors",
    ),
    "index of three": (
        index("a.safetensors", "b.safetensors", "c.safetensors"),
        r"in 3 files \('a.safetensors', 'b.safetensors', 'c.safetensors'\); load_tensors",
    ),
    "index of four": (
        index("a.safetensors", "b.safetensors", "c.safetensors", "d.safetensors"),
        r"in 4 files \('a.safetensors', 'b.safetensors', 'c.safetensors' and 1 more\)",
    ),
    "large index": (
        index(*[f"model-{i}.safetensors" for i in range(50)]),
        r"in 50 files \('model-0.safetensors', .* and 47 more\)",
    ),
    "strange index": (b'{"weight_map": {"a": 3, "b": [1]}}', "the index of a model in 0 files"),
    "config": (b'{"hidden_size": 768}', "a JSON text, such as a configuration; .* beside it"),
    "list": (b"[1, 2, 3]         ", "a JSON text"),
    "broken JSON": (b'{"hidden_size": 768', "text that looks like JSON"),
    "deep JSON": (b"[" * 100_000, "text that looks like JSON"),
    "csv": (b"epoch,loss\n1,0.5\n2,0.25\n", "text that begins 'epoch,loss"),
    "German": ("Größe der Schicht: dreißig Zellen".encode(), "text that begins 'Größe"),
    "long text": (("é" * 999).encode(), "text that begins 'éééé"),
    "longer text": (("a" + "é" * 999).encode(), "text that begins 'aéé"),
    "short text": (b"404", "text that begins '404'"),
    "empty": (b"", "it is empty"),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_of_another_kind_is_recognized(tmp_path: Path, kind: str) -> None:
    content, words = FILES[kind]
    path = tmp_path / "file"
    path.write_bytes(content)
    for load in (load_tensors, load_checkpoint):
        with pytest.raises(CheckpointError, match=f"not a safetensors file: .*{words}") as caught:
            load(path)  # type: ignore[operator]
        assert str(path) in str(caught.value)
        assert len(str(caught.value)) < 500 + len(str(path))


def test_a_folder_is_recognized(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="not a regular file but a folder; give a file in it"):
        load_tensors(tmp_path)


@pytest.mark.parametrize("length", [0x0280, 0x0480, 0x8B1F, 0x5A42, 0x4B50, 0x7B7B, 0x20])
def test_a_damaged_file_of_the_format_is_not_taken_for_another_kind(
    tmp_path: Path, length: int
) -> None:
    """Whatever the length of its header looks like, such as the beginning of a pickle."""
    path = tmp_path / "t"
    names = {"n" * 10: np.ones(2)}
    save_tensors(path, names)
    used = int.from_bytes(path.read_bytes()[:8], "little")
    if length > used:
        save_tensors(path, {"n" * (10 + length - used): np.ones(2)})
    whole = path.read_bytes()
    for cut in (len(whole) - 1, len(whole) // 2, 9):
        path.write_bytes(whole[:cut])
        with pytest.raises(CheckpointError) as caught:
            load_tensors(path)
        assert "not a safetensors file: it is" not in str(caught.value)


def test_binary_of_no_known_kind_is_not_guessed(tmp_path: Path) -> None:
    for content in (bytes(100), b"\xff" * 100, bytes(range(256)), b"\x00\x01"):
        (tmp_path / "t").write_bytes(content)
        with pytest.raises(CheckpointError) as caught:
            load_tensors(tmp_path / "t")
        assert "it is" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"x" * 50, "PNG picture"),
        (b"\xff\xd8\xff\xe0" + b"x" * 50, "JPEG picture"),
        (b"GIF89a" + b"x" * 50, "GIF picture"),
        ('{"weight_map": {}}'.encode("utf-16"), "text in UTF-16"),
        (b"\0" * 100, "nothing but zeros"),
    ],
)
def test_pictures_wide_text_and_zeros_are_recognized(tmp_path, content, said):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=said):
        load_tensors(path)


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"\x08\x07\x12\x07pytorch" + bytes(9), "an ONNX model"),
        (b"\x08\x07\x12\x04ONNX" + bytes(9), "an ONNX model"),
        (b"\x09\x07\x12\x07pytorch" + bytes(9), ""),
        (b"\x08\x07\x12\x07another" + bytes(9), ""),
        (b"\x00\x00\x12\x07pytorch" + bytes(9), ""),
        (b"\x80\x04N", "a pickle"),
        (b"\x80\x05N.", "a pickle"),
        (b"\x80\x06N.", ""),
        (b"\x80\x01N.", ""),
        (b"\x80\x04\0.", ""),
        (b"\x80\x04", ""),
        (bytes(17), "nothing but zeros"),
        (bytes(16), ""),
    ],
)
def test_a_kind_is_told_by_all_of_its_marks(head: bytes, what: str) -> None:
    found = describe(head, b"")
    assert what in found
    assert what or not found
