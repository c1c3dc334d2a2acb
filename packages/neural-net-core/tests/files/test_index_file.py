"""A model in several files: read by its index, whole or in part, and led nowhere else by it."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from neural_net_core import load_checkpoint, load_tensor_metadata, load_tensor_shapes
from neural_net_core.errors import CheckpointError
from neural_net_core.files import _index_file
from neural_net_core.files._tensor_header import MAX_HEADER
from neural_net_core.files.tensors import load_tensors, save_tensors

SHARDS: dict[str, dict[str, Any]] = {
    "model-00001-of-00002.safetensors": {
        "embed.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
        "layers.0.weight": np.arange(4, dtype=np.float16),
    },
    "model-00002-of-00002.safetensors": {
        "layers.1.weight": np.arange(5, dtype=np.int8),
        "norm.weight": np.ones(3),
    },
}
ARRAYS = {name: array for arrays in SHARDS.values() for name, array in arrays.items()}
WEIGHT_MAP = {name: shard for shard, arrays in SHARDS.items() for name in arrays}


def write_index(folder: Path, content: Any) -> Path:
    path = folder / "model.safetensors.index.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """The index of two files."""
    for name, arrays in SHARDS.items():
        safetensors.numpy.save_file(arrays, tmp_path / name, {"format": "pt"})
    return write_index(tmp_path, {"metadata": {"total_size": 3}, "weight_map": WEIGHT_MAP})


def test_all_files_of_an_index_are_read(index: Path) -> None:
    loaded = load_tensors(index)
    assert list(loaded) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert loaded[name].dtype == array.dtype
        assert loaded[name].tolist() == array.tolist()
    assert load_tensors(str(index)).keys() == ARRAYS.keys()


def test_an_index_is_found_from_any_folder(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(index.parent)
    assert load_tensors(index.name).keys() == ARRAYS.keys()
    monkeypatch.chdir("/")
    assert load_tensors(index).keys() == ARRAYS.keys()


def test_the_order_is_that_of_the_index(index: Path) -> None:
    names = ["norm.weight", "embed.weight", "layers.1.weight", "layers.0.weight"]
    write_index(index.parent, {"weight_map": {name: WEIGHT_MAP[name] for name in names}})
    assert list(load_tensors(index)) == list(load_tensor_shapes(index)) == names
    assert list(load_tensors(index, keys=["layers.1.weight", "norm.weight"])) == names[::2]


def test_files_that_hold_nothing_wanted_are_not_opened(index: Path) -> None:
    (index.parent / "model-00002-of-00002.safetensors").unlink()
    assert list(load_tensors(index, keys=["layers.0.weight"])) == ["layers.0.weight"]
    assert list(load_tensors(index, prefix="embed.")) == ["embed.weight"]
    with pytest.raises(CheckpointError, match="1 of 2 files that it names are not beside it"):
        load_tensors(index, prefix="layers.")


def test_shapes_are_those_of_all_files(index: Path) -> None:
    assert load_tensor_shapes(index) == {name: array.shape for name, array in ARRAYS.items()}


def test_what_the_index_does_not_name_is_not_read(index: Path) -> None:
    write_index(index.parent, {"weight_map": {"norm.weight": WEIGHT_MAP["norm.weight"]}})
    assert list(load_tensors(index)) == ["norm.weight"]


def test_an_index_has_no_texts(index: Path) -> None:
    with pytest.raises(CheckpointError, match="the index of a model in 2 files"):
        load_tensor_metadata(index)
    assert load_tensor_metadata(index.parent / WEIGHT_MAP["norm.weight"]) == {"format": "pt"}


def test_a_checkpoint_is_no_index(index: Path) -> None:
    with pytest.raises(CheckpointError, match="the index of a model in 2 files"):
        load_checkpoint(index)


def test_the_content_of_an_index_under_another_name_leads_nowhere(index: Path) -> None:
    """What somebody uploads as a model must not open the files beside it."""
    other = index.rename(index.with_name("model.safetensors"))
    for load in (load_tensors, load_tensor_shapes):
        with pytest.raises(
            CheckpointError, match=r"reads it, and them, if its name ends in \.index"
        ):
            load(other)  # type: ignore[operator]


def test_links_are_followed_as_those_of_any_file_are(index: Path, tmp_path: Path) -> None:
    """Caches of downloads consist of links; a file cannot make one, only its owner can."""
    cache = tmp_path / "cache"
    cache.mkdir()
    for path in [index, *(index.parent / shard for shard in SHARDS)]:
        (cache / path.name).symlink_to(path.rename(path.with_suffix(".blob")))
    assert load_tensors(cache / index.name).keys() == ARRAYS.keys()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("gone", r"1 of 2 files that it names are not beside it, such as 'model-00002"),
        ("folder", r"1 of 2 files that it names are not beside it, such as 'model-00002"),
        ("pipe", r"1 of 2 files that it names are not beside it, such as 'model-00002"),
        ("dangling", r"1 of 2 files that it names are not beside it, such as 'model-00002"),
        ("cut", r"model-00002-of-00002.safetensors: the header describes"),
        ("page", r"model-00002-of-00002.safetensors: .*a web page"),
        ("index", r"model-00002-of-00002.safetensors: .*the index of a model in 2 files"),
        (
            "other names",
            r"/model-00002-of-00002.safetensors: lacks 2 of .*'; near it are 'layers.1.bias'",
        ),
    ],
)
def test_a_file_that_fails_is_named_beside_the_index(index: Path, change: str, words: str) -> None:
    shard = index.parent / "model-00002-of-00002.safetensors"
    content = shard.read_bytes()
    shard.unlink()
    if change == "folder":
        shard.mkdir()
    elif change == "pipe":
        os.mkfifo(shard)
    elif change == "dangling":
        shard.symlink_to("nowhere")
    elif change == "cut":
        shard.write_bytes(content[:-1])
    elif change == "page":
        shard.write_text("<!doctype html><html>")
    elif change == "index":
        shard.write_bytes(index.read_bytes())
    elif change == "other names":
        save_tensors(shard, {"layers.1.bias": np.ones(2)})
    for load in (load_tensors, load_tensor_shapes):
        with pytest.raises(CheckpointError, match=words) as caught:
            load(index)  # type: ignore[operator]
        assert str(index) in str(caught.value)


OUT_OF_THE_FOLDER = [
    "../secret.safetensors",
    "..\\secret.safetensors",
    "/etc/secret.safetensors",
    "sub/secret.safetensors",
    "./secret.safetensors",
    "C:secret.safetensors",
    "secret.safetensors\0",
    "secret\0.safetensors",
    "//host/secret.safetensors",
    "\\\\host\\secret.safetensors",
    "file:secret.safetensors",
]


@pytest.mark.parametrize("shard", OUT_OF_THE_FOLDER, ids=ascii)
def test_an_index_leads_out_of_its_folder_by_no_name(tmp_path: Path, shard: str) -> None:
    """Though the file be there."""
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    for place in (tmp_path, folder, folder / "sub"):
        save_tensors(place / "secret.safetensors", {"w": np.ones(2)})
    path = write_index(folder, {"weight_map": {"w": shard}})
    for load in (load_tensors, load_tensor_shapes):
        with pytest.raises(CheckpointError, match=r"is no bare name") as caught:
            load(path)  # type: ignore[operator]
        assert repr(shard) in str(caught.value)


HOSTILE: dict[str, tuple[Any, str]] = {
    "empty": (b"", "not an index of shards: it is empty"),
    "a page": (b"<!doctype html>", "not an index of shards: it is a web page"),
    "a pointer": (b"version https://git-lfs", "not an index of shards: it is a Git LFS pointer"),
    "tensors": (b"\x08\0\0\0\0\0\0\0{}      ", "not an index of shards"),
    "a list": ([], "not an index of shards: it is a JSON text"),
    "a word": (b'"w"', "not an index of shards"),
    "broken": (b'{"weight_map": {', "the index cannot be parsed"),
    "two of a name": (b'{"weight_map": {"a": "b", "a": "c"}}', "a key occurs twice"),
    "NaN": (b'{"weight_map": NaN}', "NaN is not JSON"),
    "deep": (b'{"a":' * 100_000, "the index cannot be parsed"),
    "UTF-16": ('{"weight_map": {}}'.encode("utf-16"), "text in UTF-16"),
    "no map": ({"metadata": {}}, "it lacks the weight_map"),
    "a map that is a list": ({"weight_map": ["a"]}, "it lacks the weight_map"),
    "a map that is null": ({"weight_map": None}, "it lacks the weight_map"),
    "a number": ({"weight_map": {"w": 3}}, "that 'w' is in 3, which is no name of a file"),
    "a dict": ({"weight_map": {"w": {}}}, "which is no name of a file"),
    "half a pair": ({"weight_map": {"w": "\ud800.safetensors"}}, "which is no name of a file"),
    "a pickle": (
        {"weight_map": {"w": "pytorch_model-00001-of-00002.bin"}},
        "which does not end in .safetensors; a .bin is a pickle, which this library never opens",
    ),
    "itself": ({"weight_map": {"w": "model.safetensors.index.json"}}, "does not end in"),
    "no name": ({"weight_map": {"w": ""}}, "does not end in .safetensors"),
    "dots": ({"weight_map": {"w": ".."}}, "does not end in .safetensors"),
    "too long": ({"weight_map": {"w": "n" * 5_000 + ".safetensors"}}, "not beside it"),
    "a name of half a pair": ({"weight_map": {"\ud800": "a.safetensors"}}, "not beside it"),
    "many": (
        {"weight_map": {f"w{i}": f"{i}.safetensors" for i in range(20_000)}},
        "20000 of 20000 files that it names are not beside it, such as '0.safetensors'",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_index_gives_an_error_that_names_it(tmp_path: Path, case: str) -> None:
    content, words = HOSTILE[case]
    path = write_index(tmp_path, content)
    for load in (load_tensors, load_tensor_shapes):
        with pytest.raises(CheckpointError, match=words) as caught:
            load(path)  # type: ignore[operator]
        assert str(path) in str(caught.value)
        assert len(str(caught.value)) < 1_000 + len(str(path))


def test_a_name_that_no_terminal_can_show_is_shown_by_its_escapes(index: Path) -> None:
    names = ["norm.\ud800", "norm.\x1b[2J", "norm.\n"]
    write_index(index.parent, {"weight_map": dict.fromkeys(names, "model-1.safetensors")})
    for options in ({"keys": ["norm.x"]}, {"prefix": "norms"}):
        with pytest.raises(CheckpointError, match="near it are") as caught:
            load_tensors(index, **options)  # type: ignore[arg-type]
        assert str(caught.value).isprintable()


def test_an_index_beyond_the_cap_takes_no_memory(tmp_path: Path) -> None:
    path = write_index(tmp_path, b"{")
    os.truncate(path, 2**40)
    with pytest.raises(CheckpointError, match=f"{2**40} bytes; {MAX_HEADER} are allowed"):
        load_tensors(path)


def test_an_index_of_just_the_cap_is_read(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = index.stat().st_size
    monkeypatch.setattr(_index_file, "MAX_HEADER", size)
    assert load_tensors(index).keys() == ARRAYS.keys()
    monkeypatch.setattr(_index_file, "MAX_HEADER", size - 1)
    with pytest.raises(CheckpointError, match=f"{size} bytes; {size - 1} are allowed"):
        load_tensors(index)


def test_names_as_near_as_others_are_shown_in_the_order_of_the_file(tmp_path: Path) -> None:
    """The same in every run, though the order of a set is not."""
    names = [f"other.{letter}" for letter in "hdbfaceg"]
    safetensors.numpy.save_file({name: np.ones(1) for name in names}, tmp_path / "a.safetensors")
    path = write_index(tmp_path, {"weight_map": {"other.w": "a.safetensors"}})
    with pytest.raises(CheckpointError, match="near it are") as caught:
        load_tensors(path)
    shown = ", ".join(repr(name) for name in load_tensor_shapes(tmp_path / "a.safetensors"))
    assert shown.startswith(str(caught.value).partition("near it are ")[2])


def test_an_index_that_is_not_there_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_tensors(tmp_path / "model.safetensors.index.json")
    (tmp_path / "folder.index.json").mkdir()
    with pytest.raises(CheckpointError, match="not a regular file but a folder"):
        load_tensors(tmp_path / "folder.index.json")


def test_an_index_of_nothing_holds_nothing(tmp_path: Path) -> None:
    path = write_index(tmp_path, {"weight_map": {}})
    assert load_tensors(path) == {}
    assert load_tensor_shapes(path) == {}
