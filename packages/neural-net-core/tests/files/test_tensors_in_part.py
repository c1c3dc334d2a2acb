"""Of a file of arrays only what is asked for is read: some arrays, the shapes, the texts."""

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.numpy

from neural_net_core import (
    load_checkpoint,
    load_tensor_metadata,
    load_tensor_shapes,
    save_checkpoint,
)
from neural_net_core.errors import CheckpointError
from neural_net_core.files._tensor_file import METADATA_KEY
from neural_net_core.files.tensors import load_tensors, save_tensors

ARRAYS: dict[str, Any] = {
    "encoder.0.weight": np.arange(1000, dtype=np.float32).reshape(10, 100),
    "encoder.0.bias": np.arange(10, dtype=np.float16),
    "head.weight": np.arange(3.0),
    "empty": np.ones((0, 3)),
    "scalar": np.array(7, np.int64),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of this library with texts."""
    save_tensors(tmp_path / "t", ARRAYS, metadata={"licence": "MIT", "größe": "{}"})
    return tmp_path / "t"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes each reading of a file gives."""
    counts: list[int] = []

    def opened(path: Any, *arguments: Any, **options: Any) -> Any:
        stream = real(path, *arguments, **options)
        if stream.mode != "rb":
            return stream

        class Counting:
            fileno, tell, seek = stream.fileno, stream.tell, stream.seek

            def readinto(self, buffer: Any) -> int:
                counts.append(stream.readinto(buffer))
                return counts[-1]

            def __enter__(self) -> "Counting":
                return self

            def __exit__(self, *_: object) -> None:
                stream.close()

        return Counting()

    real = builtins.open
    monkeypatch.setattr(builtins, "open", opened)
    return counts


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, list(ARRAYS)),
        ({"keys": ["head.weight"]}, ["head.weight"]),
        ({"keys": ["scalar", "encoder.0.weight", "scalar"]}, ["scalar", "encoder.0.weight"]),
        ({"keys": []}, []),
        ({"keys": {"empty"}}, ["empty"]),
        ({"keys": (name for name in ["scalar"])}, ["scalar"]),
        ({"prefix": "encoder."}, ["encoder.0.weight", "encoder.0.bias"]),
        ({"prefix": "encoder.0.b"}, ["encoder.0.bias"]),
        ({"prefix": "e"}, ["encoder.0.weight", "encoder.0.bias", "empty"]),
    ],
    ids=repr,
)
def test_what_is_asked_for_is_read_and_nothing_else(
    file: Path, read: list[int], options: Any, names: list[str]
) -> None:
    loaded = load_tensors(file, **options)
    assert set(loaded) == set(names)
    whole = list(load_tensors(file))
    assert list(loaded) == [name for name in whole if name in loaded]
    for name, array in loaded.items():
        assert array.dtype == ARRAYS[name].dtype
        assert array.tolist() == ARRAYS[name].tolist()
        assert array.flags.writeable


@pytest.mark.parametrize("name", ARRAYS)
def test_of_other_arrays_not_a_byte_is_read(file: Path, read: list[int], name: str) -> None:
    header = int.from_bytes(file.read_bytes()[:8], "little")
    load_tensors(file, keys=[name])
    assert sum(read) == 8 + header + ARRAYS[name].nbytes


def test_for_shapes_and_texts_no_array_is_read(file: Path, read: list[int]) -> None:
    header = int.from_bytes(file.read_bytes()[:8], "little")
    shapes = load_tensor_shapes(file)
    assert sum(read) == 8 + header
    assert shapes == {name: array.shape for name, array in ARRAYS.items()}
    assert load_tensor_metadata(file) == {"licence": "MIT", "größe": "{}"}
    assert sum(read) == 2 * (8 + header)


def test_the_checksum_is_compared_if_all_is_read(file: Path) -> None:
    content = bytearray(file.read_bytes())
    at = content.index(np.arange(3.0).tobytes())
    content[at] ^= 1
    file.write_bytes(content)
    assert load_tensors(file, keys=["scalar"])["scalar"] == 7
    for options in ({}, {"keys": list(ARRAYS)}):
        with pytest.raises(CheckpointError, match="the checksum does not match"):
            load_tensors(file, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("old", "new"), [(b"MIT", b"GPL"), (b"licence", b"license")])
def test_the_checksum_covers_the_texts(file: Path, old: bytes, new: bytes) -> None:
    file.write_bytes(file.read_bytes().replace(old, new))
    with pytest.raises(CheckpointError, match="the checksum does not match"):
        load_tensors(file)


def test_a_file_without_texts_is_as_it_was(tmp_path: Path) -> None:
    save_tensors(tmp_path / "a", ARRAYS)
    save_tensors(tmp_path / "b", ARRAYS, metadata={})
    save_tensors(tmp_path / "c", ARRAYS, metadata=None)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() == (tmp_path / "c").read_bytes()
    assert load_tensor_metadata(tmp_path / "a") == {}


def test_the_same_texts_give_the_same_bytes(tmp_path: Path) -> None:
    save_tensors(tmp_path / "a", ARRAYS, metadata={"a": "1", "b": "2"})
    save_tensors(tmp_path / "b", ARRAYS, metadata={"b": "2", "a": "1"})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_other_programs_read_our_texts_and_we_read_theirs(file: Path, tmp_path: Path) -> None:
    with safetensors.safe_open(file, "np") as opened:
        texts = opened.metadata()
    assert texts.pop(METADATA_KEY)
    assert texts == {"licence": "MIT", "größe": "{}"}
    theirs = {"format": "pt", "neural_net": "resnet50", "": "empty"}
    safetensors.numpy.save_file({"w": np.ones(2)}, tmp_path / "theirs", theirs)
    assert load_tensor_metadata(tmp_path / "theirs") == theirs
    safetensors.numpy.save_file({"w": np.ones(2)}, tmp_path / "none")
    assert load_tensor_metadata(tmp_path / "none") == {}


def test_a_checkpoint_is_read_in_part(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "t", model={"w": np.ones(2)}, metadata={"step": 3})
    assert list(load_tensors(tmp_path / "t", prefix="model.")) == ["model.w"]
    assert load_tensor_shapes(tmp_path / "t") == {"model.w": (2,)}
    assert load_tensor_metadata(tmp_path / "t") == {}
    assert load_checkpoint(tmp_path / "t").metadata == {"step": 3}


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ([("a", "b")], "expected metadata as a mapping of names to texts, got list"),
        ("text", "got str"),
        (3, "got int"),
        ({1: "a"}, "1 cannot be the name of metadata"),
        ({"neural_net": "a"}, "'neural_net' cannot be the name of metadata"),
        ({"\ud800": "a"}, "cannot be the name of metadata"),
        ({"a": 1}, r"the metadata 'a' must be a text, got 1; json.dumps makes one"),
        ({"a": None}, "the metadata 'a' must be a text"),
        ({"a": b"b"}, "the metadata 'a' must be a text"),
        ({"a": "\udfff"}, "the metadata 'a' must be a text"),
    ],
    ids=repr,
)
def test_metadata_that_are_no_texts_are_refused(tmp_path: Path, metadata: Any, words: str) -> None:
    with pytest.raises(CheckpointError, match=words):
        save_tensors(tmp_path / "t", {}, metadata=metadata)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_not_there_is_named_beside_those_that_are_near(file: Path) -> None:
    with pytest.raises(
        CheckpointError,
        match=r"t: lacks 1 of 2 keys, such as 'encoder.0.weigth'; near it are 'encoder.0.weight', ",
    ):
        load_tensors(file, keys=["scalar", "encoder.0.weigth"])
    with pytest.raises(CheckpointError, match=r"no name begins with 'enc0der\.'; near .* 'encoder"):
        load_tensors(file, prefix="enc0der.")
    save_tensors(file, {})
    with pytest.raises(CheckpointError, match="no name begins with 'x'; there are none"):
        load_tensors(file, prefix="x")


@pytest.mark.parametrize(
    "options",
    [
        {"keys": "head.weight"},
        {"keys": 3},
        {"keys": [3]},
        {"keys": ["\ud800"]},
        {"prefix": None},
        {"prefix": ["a"]},
        {"keys": ["scalar"], "prefix": "s"},
    ],
    ids=repr,
)
def test_a_choice_of_another_form_is_refused(file: Path, options: Any) -> None:
    with pytest.raises(ValueError, match=r"^load_tensors: "):
        load_tensors(file, **options)
