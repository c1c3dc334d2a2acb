"""The safetensors file: what goes in comes out, and nothing hostile gets through."""

import enum
import errno
import json
import math
import os
import tempfile
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Dense
from neural_net_core.errors import CheckpointError
from neural_net_core.files import _tensor_file, _tensor_header
from neural_net_core.files._tensor_file import read_file, write_file
from neural_net_core.files._tensor_header import DTYPES, MAX_AXES, MAX_HEADER
from neural_net_core.files.checkpoint import load_checkpoint, save_checkpoint
from neural_net_core.files.tensors import load_tensors, save_tensors
from neural_net_core.tensor import Parameter

NUMPY_DTYPES = sorted({np.dtype(code).name for code in DTYPES.values()})


def write_raw(path: Path, header: Any, data: bytes = b"") -> Path:
    """Write a file with any header, as an attacker would."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def entry(dtype: str = "F32", shape: Any = (2,), offsets: Any = (0, 8)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


@given(
    arrays=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8).filter(
            lambda name: name != "__metadata__"
        ),
        st.sampled_from(NUMPY_DTYPES).flatmap(
            lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_side=3))
        ),
        max_size=4,
    )
)
def test_every_array_comes_back_bit_for_bit(arrays: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t"
        save_tensors(path, arrays)
        loaded = load_tensors(path)
        theirs = safetensors.numpy.load_file(path)
    assert loaded.keys() == theirs.keys() == arrays.keys()
    for name, array in arrays.items():
        for other in (loaded[name], theirs[name]):
            assert other.dtype == array.dtype
            assert other.shape == array.shape
            assert other.tobytes() == array.tobytes()


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=6).filter(
            lambda name: name != "__metadata__"
        ),
        st.sampled_from(NUMPY_DTYPES).flatmap(
            lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_side=3))
        ),
        max_size=5,
    )
)
def test_the_file_is_byte_for_byte_what_the_library_of_the_format_writes(
    arrays: dict[str, Any],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t"
        save_tensors(path, arrays)
        content = path.read_bytes()
        with safetensors.safe_open(path, "np") as file:
            metadata = file.metadata()
    assert content == safetensors.numpy.save(arrays, metadata)


def test_what_the_library_of_the_format_writes_is_read(tmp_path: Path) -> None:
    arrays = {name: np.arange(6).reshape(2, 3).astype(name) for name in NUMPY_DTYPES}
    safetensors.numpy.save_file(arrays, tmp_path / "theirs", {"format": "pt"})
    loaded = load_tensors(tmp_path / "theirs")
    assert {n: (a.dtype, a.tolist()) for n, a in loaded.items()} == {
        n: (a.dtype, a.tolist()) for n, a in arrays.items()
    }


def test_arrays_in_any_memory_layout_are_saved_by_value(tmp_path: Path) -> None:
    base = np.arange(12.0).reshape(3, 4)
    arrays = {
        "transposed": base.T,
        "strided": base[::2, ::-1],
        "fortran": np.asfortranarray(base),
        "big_endian": base.astype(">f8"),
        "read_only": np.broadcast_to(np.float32(2), (2, 2)),
        "scalar": np.array(3, np.int16),
        "parameter": Parameter(np.ones(2)),
    }
    save_tensors(tmp_path / "t", arrays)
    loaded = load_tensors(tmp_path / "t")
    for name, array in arrays.items():
        expected = np.asarray(getattr(array, "data", array) if name == "parameter" else array)
        assert loaded[name].tolist() == expected.tolist()
        assert loaded[name].dtype == expected.dtype.newbyteorder("=")
        assert loaded[name].flags.writeable
        assert loaded[name].flags.c_contiguous


def test_shared_memory_is_saved_under_both_names(tmp_path: Path) -> None:
    w = np.arange(4.0)
    save_tensors(tmp_path / "t", {"a": w, "b": w, "c": w[1:]})
    loaded = load_tensors(tmp_path / "t")
    assert [loaded[k].tolist() for k in "abc"] == [w.tolist(), w.tolist(), w[1:].tolist()]
    assert not np.shares_memory(loaded["a"], loaded["b"])


def test_an_array_of_as_many_axes_as_numpy_has_comes_back(tmp_path: Path) -> None:
    for axes in (32, 33, 64):
        array = np.arange(2.0).reshape((1,) * (axes - 1) + (2,))
        save_tensors(tmp_path / "t", {"a": array})
        assert load_tensors(tmp_path / "t")["a"].shape == array.shape
    with pytest.raises(ValueError, match="64"):
        np.zeros((1,) * 65)


def test_the_table_may_list_arrays_in_any_order(tmp_path: Path) -> None:
    header = {"b": entry("F32", [1], [4, 8]), "a": entry("F32", [1], [0, 4])}
    write_raw(tmp_path / "t", header, np.array([1, 2], "<f4").tobytes())
    loaded = load_tensors(tmp_path / "t")
    assert (loaded["a"].tolist(), loaded["b"].tolist()) == ([1.0], [2.0])


def rewritten(path: Path, change: Any) -> None:
    """Change the table of contents of a file and leave its data."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = change(json.loads(content[8 : 8 + length]))
    write_raw(path, header, content[8 + length :])


def test_the_checksum_covers_names_and_shapes(tmp_path: Path) -> None:
    path = tmp_path / "t"
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.ones((2, 3))}

    def exchange(header: Any) -> Any:
        return header | {"a": header["b"], "b": header["a"]}

    def turn(header: Any) -> Any:
        return header | {"a": header["a"] | {"shape": [3, 2]}}

    def rename(header: Any) -> Any:
        return {"c" if name == "a" else name: value for name, value in header.items()}

    def retype(header: Any) -> Any:
        return header | {"a": header["a"] | {"dtype": "I64"}}

    for change in (exchange, turn, rename, retype):
        save_tensors(path, arrays)
        rewritten(path, change)
        with pytest.raises(CheckpointError, match="checksum does not match"):
            load_tensors(path)


def test_metadata_may_be_written_again_in_another_order(tmp_path: Path) -> None:
    """As other tools do, which know nothing of the checksum."""
    path = tmp_path / "t"
    save_tensors(path, {"a": np.ones(2)}, metadata={"x": "1", "y": "2"})
    rewritten(path, lambda h: h | {"__metadata__": dict(reversed(h["__metadata__"].items()))})
    assert load_tensors(path)["a"].tolist() == [1.0, 1.0]


def test_a_payload_that_is_no_json_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_file(tmp_path / "t", {}, {"loss": math.nan})
    assert list(tmp_path.iterdir()) == []


def test_the_largest_header_that_is_written_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t"
    save_tensors(path, {"a": np.ones(2)})
    length = int.from_bytes(path.read_bytes()[:8], "little")
    for module in (_tensor_file, _tensor_header):
        monkeypatch.setattr(module, "MAX_HEADER", length)
    save_tensors(path, {"a": np.ones(2)})
    assert load_tensors(path)["a"].tolist() == [1.0, 1.0]
    for module in (_tensor_file, _tensor_header):
        monkeypatch.setattr(module, "MAX_HEADER", length - 1)
    with pytest.raises(CheckpointError, match="take more than"):
        save_tensors(path, {"a": np.ones(2)})
    with pytest.raises(CheckpointError, match="are allowed"):
        load_tensors(path)


def test_the_same_arrays_give_the_same_bytes(tmp_path: Path) -> None:
    arrays = {f"w{i}": np.full(i, i, np.float32) for i in range(20)}
    save_tensors(tmp_path / "a", arrays)
    save_tensors(tmp_path / "b", dict(reversed(arrays.items())))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_bfloat16_becomes_float32_exactly(tmp_path: Path) -> None:
    values = np.array([1.0, -2.5, 3.0e38, np.inf, 0.0078125], np.float32)
    bits = (values.view(np.uint32) >> 16).astype("<u2")
    write_raw(tmp_path / "t", {"w": entry("BF16", [5], [0, 10])}, bits.tobytes())
    loaded = load_tensors(tmp_path / "t")["w"]
    assert loaded.dtype == np.float32
    assert loaded.tolist() == (bits.astype(np.uint32) << 16).view(np.float32).tolist()
    assert loaded[[0, 1, 4]].tolist() == [1.0, -2.5, 0.0078125]


def test_float16_stays_float16(tmp_path: Path) -> None:
    safetensors.numpy.save_file({"w": np.ones(2, np.float16)}, tmp_path / "t")
    assert load_tensors(tmp_path / "t")["w"].dtype == np.float16


@pytest.mark.parametrize(
    "array",
    [
        np.array(["text"]),
        np.array([object()]),
        np.ones(2, np.complex128),
        np.ones(2, np.longdouble),
        np.zeros(2, "datetime64[s]"),
        np.zeros(2, [("a", "f4")]),
    ],
    ids=lambda array: str(array.dtype),
)
def test_a_dtype_that_the_format_lacks_is_refused_by_name(tmp_path: Path, array: Any) -> None:
    with pytest.raises(CheckpointError, match=r"cannot save 'odd': dtype .* is not one of uint64"):
        save_tensors(tmp_path / "t", {"good": np.ones(2), "odd": array})
    assert list(tmp_path.iterdir()) == []


class Word(str, enum.Enum):  # noqa: UP042
    A = "a"


def test_a_name_that_is_an_enum_counts_as_its_text(tmp_path: Path) -> None:
    save_tensors(tmp_path / "t", {Word.A: np.ones(1)})
    assert list(load_tensors(tmp_path / "t")) == ["a"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 3), (3, 0, 2), (1,) * MAX_AXES])
def test_arrays_of_every_dtype_and_shape_are_arrays(
    tmp_path: Path, dtype: str, shape: tuple[int, ...]
) -> None:
    count, width = math.prod(shape), np.dtype(DTYPES[dtype]).itemsize
    data = bytes(i % 2 if dtype == "BOOL" else i % 251 for i in range(count * width))
    path = write_raw(tmp_path / "t", {"w": entry(dtype, shape, [0, len(data)])}, data)
    loaded = load_tensors(path)["w"]
    assert type(loaded) is np.ndarray
    assert loaded.shape == shape
    assert loaded.flags.writeable
    assert loaded.flags.aligned
    assert loaded.dtype.isnative
    if dtype != "BF16":
        assert loaded.astype(DTYPES[dtype]).tobytes() == data
    else:
        assert loaded.dtype == np.float32
        assert loaded.view(np.uint32).reshape(-1).tolist() == [
            int.from_bytes(data[2 * i : 2 * i + 2], "little") << 16 for i in range(count)
        ]
    save_tensors(path, {"w": loaded})
    assert load_tensors(path)["w"].tobytes() == loaded.tobytes()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{}",
        "[]",
        "null",
        "resnet50, version 1",
        '{"version": 2}',
        "\N{SNOWMAN}",
        "[" * 9999,
    ],
)
def test_a_strangers_file_may_use_our_word_in_its_metadata(tmp_path: Path, text: str) -> None:
    safetensors.numpy.save_file({"w": np.ones(2)}, tmp_path / "t", {"neural_net": text, "b": "c"})
    arrays, payload = read_file(tmp_path / "t")
    assert arrays["w"].tolist() == [1, 1]
    assert payload is None
    with pytest.raises(CheckpointError, match="not a checkpoint of this library"):
        load_checkpoint(tmp_path / "t")


@pytest.mark.parametrize("name", [1, None, b"w", ("a", 1), "__metadata__", "\ud800", "a\udfff"])
def test_a_name_that_the_format_cannot_hold_is_refused(tmp_path: Path, name: Any) -> None:
    with pytest.raises(CheckpointError, match="cannot be the name"):
        save_tensors(tmp_path / "t", {name: np.ones(2)})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("tensors", "text"),
    [
        (None, "got NoneType"),
        ("text", "got str"),
        ([("w", 1.0)], "got list"),
        (np.ones(2), "got ndarray"),
        (Dense(1, 1), r"got Dense; give its state_dict\(\)"),
    ],
    ids=repr,
)
def test_what_is_no_mapping_is_refused(tmp_path: Path, tensors: Any, text: str) -> None:
    with pytest.raises(CheckpointError, match=f"t: expected a mapping of names to arrays, {text}"):
        save_tensors(tmp_path / "t", tensors)


def test_what_hides_behind_a_mask_is_not_saved_in_silence(tmp_path: Path) -> None:
    masked = np.ma.masked_array([1.0, 2.0], [False, True])
    with pytest.raises(CheckpointError, match="cannot save 'w': its mask hides numbers"):
        save_tensors(tmp_path / "t", {"w": masked})
    save_tensors(tmp_path / "t", {"w": masked[:1]})
    assert load_tensors(tmp_path / "t")["w"].tolist() == [1]


def test_what_is_no_array_is_named(tmp_path: Path) -> None:
    class Unwilling:
        def __array__(self, *_: Any, **__: Any) -> Any:
            raise RuntimeError("call detach() first")

    for value in (Unwilling(), [[1], [2, 3]]):
        with pytest.raises(CheckpointError, match="cannot save 'w': no array: "):
            save_tensors(tmp_path / "t", {"w": value})


@pytest.mark.parametrize("path", ["a\0b", "\0", "a\ud800"], ids=ascii)
def test_a_text_that_is_no_name_of_a_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for call in (load_tensors, load_checkpoint, save_checkpoint, lambda p: save_tensors(p, {})):
        with pytest.raises(CheckpointError, match="cannot be the name of a file") as caught:
            call(path)  # type: ignore[operator]
        assert repr(path) in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", [None, 0, 1, True, b"bytes", 1.5, ["t"]], ids=repr)
def test_what_is_no_path_is_refused(path: Any) -> None:
    """A number would be an open file, such as the standard input."""
    for call in (load_tensors, load_checkpoint, save_checkpoint, lambda p: save_tensors(p, {})):
        with pytest.raises(TypeError, match="expected the path of a file, got"):
            call(path)  # type: ignore[operator]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_full_disk_is_reported_with_the_name_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    for save in (lambda p: save_tensors(p, {"w": np.ones(2)}), save_checkpoint):
        with pytest.raises(OSError, match=r"/run'$") as caught:
            save(tmp_path / "run")  # type: ignore[operator]
        assert (caught.value.errno, caught.value.filename) == (number, str(tmp_path / "run"))
    assert list(tmp_path.iterdir()) == []


HOSTILE: dict[str, tuple[Any, bytes, str]] = {
    "empty header": (b"", b"", "cannot be parsed"),
    "no JSON": (b"{]", b"", "cannot be parsed"),
    "no UTF-8": (b"\xff\xfe\xfd", b"", "cannot be parsed"),
    "a list": ([], b"", "must be a JSON object"),
    "a number": (3, b"", "must be a JSON object"),
    "deep nesting": (b"[" * 100_000, b"", "cannot be parsed"),
    "deep objects": (b'{"a":' * 100_000, b"", "cannot be parsed"),
    "endless digits": (b'{"a": ' + b"9" * 10_000 + b"}", b"", "cannot be parsed"),
    "NaN": (b'{"a": NaN}', b"", "NaN is not JSON"),
    "a key twice": (b'{"a": 1, "a": 2}', b"", "a key occurs twice"),
    "metadata not text": ({"__metadata__": {"a": 1}}, b"", "texts only"),
    "metadata a list": ({"__metadata__": []}, b"", "texts only"),
    "entry a number": ({"w": 1}, b"", "lacks dtype"),
    "entry lacks shape": ({"w": {"dtype": "F32", "data_offsets": [0, 8]}}, b"", "lacks dtype"),
    "entry with more": ({"w": {**entry(), "x": 1}}, bytes(8), "lacks dtype"),
    "dtype unknown": ({"w": entry("F8_E4M3", [8])}, bytes(8), "dtype 'F8_E4M3', which NumPy lacks"),
    "dtype a list": ({"w": {**entry(), "dtype": ["F32"]}}, bytes(8), "which NumPy lacks"),
    "shape negative": ({"w": entry(shape=[-2])}, bytes(8), "has shape"),
    "two negative axes": ({"w": entry(shape=[-2, -1])}, bytes(8), "has shape"),
    "shape with floats": ({"w": entry(shape=[2.0])}, bytes(8), "has shape"),
    "shape with booleans": ({"w": entry(shape=[2, True])}, bytes(8), "has shape"),
    "shape a number": ({"w": {**entry(), "shape": 2}}, bytes(8), "has shape"),
    "too many axes": ({"w": entry(shape=[2] + [1] * 64)}, bytes(8), "has shape"),
    "a million axes": ({"w": entry(shape=[2] * 1_000_000)}, bytes(8), "has shape"),
    "huge shape": ({"w": entry(shape=[2**40, 2**40])}, bytes(8), "has shape"),
    "huge empty shape": ({"w": entry(shape=[0, 2**61, 2**61], offsets=[0, 0])}, b"", "has shape"),
    "overflowing shape": ({"w": entry(shape=[2**62, 4])}, bytes(8), "has shape"),
    "offsets three": ({"w": entry(offsets=[0, 4, 8])}, bytes(8), "has shape"),
    "offsets reversed": ({"w": entry(offsets=[8, 0])}, bytes(8), "its offsets leave -8"),
    "offsets too small": ({"w": entry(offsets=[0, 4])}, bytes(4), "takes 8 bytes"),
    "offsets beyond": ({"w": entry(offsets=[0, 8])}, bytes(4), "describes 8 bytes of data"),
    "a gap": ({"w": entry(offsets=[4, 12])}, bytes(12), "begins at 4, expected 0"),
    "an overlap": ({"v": entry(), "w": entry(offsets=[4, 12])}, bytes(12), "expected 8"),
    "the same twice": ({"v": entry(), "w": entry()}, bytes(8), "expected 8"),
    "trailing bytes": ({"w": entry()}, bytes(9), "the file has 9"),
    "no arrays but data": ({}, bytes(1), "describes 0 bytes of data"),
    "boolean of 2": ({"w": entry("BOOL", [2], [0, 2])}, b"\x01\x02", "other than 0 and 1"),
    "our metadata cut": (
        {"__metadata__": {"neural_net": '{"checksum": "sha256:0"'}},
        b"",
        "cannot be parsed",
    ),
    "our metadata alone": (
        {"__metadata__": {"neural_net": '{"payload": {}}'}},
        b"",
        "lack the payload",
    ),
    "UTF-16": ('{"a": 1}'.encode("utf-16-le"), b"", "must begin with a brace|cannot be parsed"),
    "UTF-16 with a mark": ("{}".encode("utf-16"), b"", "cannot be parsed"),
    "UTF-32": ("{}".encode("utf-32-le"), b"", "cannot be parsed"),
    "UTF-8 with a mark": (b"\xef\xbb\xbf{}", b"", "cannot be parsed"),
    "a blank first": (b" {}", b"", "must begin with a brace"),
    "half a pair in a name": (b'{"\\ud800": 1}', b"", "half of a surrogate pair"),
    "half a pair in metadata": (
        b'{"__metadata__": {"a": "\\udfff"}}',
        b"",
        "half of a surrogate pair",
    ),
    "half a pair in a key of the metadata": (
        b'{"__metadata__": {"\\ud800": "a"}}',
        b"",
        "half of a surrogate pair",
    ),
    "two halves in two names": (
        b'{"__metadata__": {"\\ud83d": "\\ude00"}}',
        b"",
        "half of a surrogate pair",
    ),
    "Infinity": (b'{"a": Infinity}', b"", "Infinity is not JSON"),
    "our metadata deep": (
        {"__metadata__": {"neural_net": '{"checksum":"","payload":{"a":' + "[" * 900 + "]" * 900}},
        b"",
        "cannot be",
    ),
    "payload a list": (
        {"__metadata__": {"neural_net": '{"checksum":"","payload":[]}'}},
        b"",
        "lack the payload",
    ),
    "wrong checksum": (
        {"__metadata__": {"neural_net": '{"checksum":3,"payload":{}}'}},
        b"",
        "checksum does not match",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_gives_an_error_that_names_it(tmp_path: Path, case: str) -> None:
    header, data, cause = HOSTILE[case]
    path = write_raw(tmp_path / "hostile.safetensors", header, data)
    with pytest.raises(CheckpointError, match=cause) as caught:
        load_tensors(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 1_000 + len(str(path))


def test_a_header_length_beyond_the_file_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "t"
    for claim in (3, 10_000, 2**63):
        path.write_bytes(claim.to_bytes(8, "little") + b"{}")
        with pytest.raises(
            CheckpointError, match=f"the header claims {claim} bytes, the file has 2"
        ):
            load_tensors(path)


def test_metadata_nested_to_the_edge_of_what_python_reads_are_refused(tmp_path: Path) -> None:
    """Reading takes some depth of the stack, and writing for the checksum takes some too."""
    for depth in range(300, 1200, 10):
        payload = '{"a":' + "[" * depth + "]" * depth + "}"
        signed = f'{{"checksum":"","payload":{payload}}}'
        path = write_raw(tmp_path / "t", {"__metadata__": {"neural_net": signed}})
        with pytest.raises(CheckpointError, match=r"cannot be|checksum"):
            load_tensors(path)


def test_a_header_beyond_the_cap_is_refused_though_the_file_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.write((MAX_HEADER + 1).to_bytes(8, "little"))
        file.truncate(MAX_HEADER + 100)
    with pytest.raises(CheckpointError, match=f"{MAX_HEADER} are allowed"):
        load_tensors(path)


def test_names_that_would_not_be_readable_again_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="take more than"):
        save_tensors(tmp_path / "t", {"n" * (MAX_HEADER + 1): np.ones(1)})
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_tensors(tmp_path / "nothing")


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(CheckpointError, match="not a regular file"):
            load_tensors(path)


def test_a_file_that_shrinks_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t"
    save_tensors(path, {"w": np.ones(100)})
    real = os.fstat

    class Longer:
        st_size = path.stat().st_size

    monkeypatch.setattr(os, "fstat", lambda _: Longer)
    with path.open("r+b") as file:
        file.truncate(real(file.fileno()).st_size - 400)
    with pytest.raises(CheckpointError, match="ended while it was being read"):
        read_file(path)
