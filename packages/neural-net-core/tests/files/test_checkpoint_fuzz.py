"""A damaged file gives `CheckpointError` or the right arrays: no other exception, no hang."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core.errors import CheckpointError
from neural_net_core.files.checkpoint import load_checkpoint, save_checkpoint
from neural_net_core.files.tensors import load_tensors, save_tensors

Damage = Callable[[bytearray, np.random.Generator], None]

STATE: dict[str, Any] = {
    "model": {"weight": np.arange(6, dtype=np.float32).reshape(2, 3), "bias": np.ones(2)},
    "optimizer": {"state": {0: {"step": 3, "m": np.ones((3, 1))}}, "betas": (0.9, 0.999)},
    "rng": np.random.Generator(np.random.PCG64(0)),
    "metadata": {"step": 3, "loss": 0.25},
}
SHAPES = [(2, 3), (2,), (3, 1)]


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    """End a test that hangs: no single file may take even a second."""
    signal.alarm(60)
    yield
    signal.alarm(0)


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """A checkpoint of this library, with a checksum."""
    path = tmp_path / "ours.safetensors"
    save_checkpoint(path, **STATE)
    return path


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A file of another program, without a checksum."""
    path = tmp_path / "foreign.safetensors"
    arrays = {"a": STATE["model"]["weight"], "b": np.ones(2), "c": np.ones((3, 1), np.int16)}
    safetensors.numpy.save_file(arrays, path, {"format": "pt"})
    return path


def refused(load: Callable[[], object], path: Path) -> bool:
    """Tell whether loading gives a `CheckpointError` that names the file; let others through."""
    try:
        load()
    except CheckpointError as error:
        cause = str(error)
    else:
        return False
    assert str(path) in cause
    return True


def put(path: Path, position: int, byte: int) -> None:
    """Change one byte in place; writing the whole file anew would wait for the disk."""
    with path.open("r+b", buffering=0) as file:
        file.seek(position)
        file.write(bytes([byte]))


def flips(whole: bytes, rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    """Yield 2,000 random positions with another byte than stands there."""
    for position, change in zip(
        rng.integers(len(whole), size=2_000), rng.integers(1, 256, size=2_000), strict=True
    ):
        yield int(position), whole[position] ^ int(change)


def outcome(path: Path) -> tuple[str, Any]:
    """Load the file as arrays; say what came, and let any other exception through."""
    if refused(lambda: load_tensors(path), path):
        return "refused", None
    return "loaded", load_tensors(path)


def assert_writable(path: Path, arrays: dict[str, Any]) -> None:
    """Check that what was read can be written, and read again as the same."""
    again = path.with_name("again.safetensors")
    save_tensors(again, arrays)
    loaded = load_tensors(again)
    assert loaded.keys() == arrays.keys()
    for name, array in arrays.items():
        assert (loaded[name].dtype, loaded[name].shape) == (array.dtype, array.shape)
        assert loaded[name].tobytes() == array.tobytes()


def assert_intact(path: Path) -> None:
    """Check that a file that loads holds what was saved."""
    checkpoint = load_checkpoint(path)
    assert checkpoint.model is not None
    assert checkpoint.optimizer is not None
    assert checkpoint.rng is not None
    for name, array in STATE["model"].items():
        assert np.array_equal(checkpoint.model[name], array)
    assert checkpoint.optimizer["state"][0]["m"].tolist() == [[1], [1], [1]]
    assert checkpoint.optimizer["betas"] == (0.9, 0.999)
    assert checkpoint.rng["default"] == STATE["rng"].bit_generator.state
    assert checkpoint.metadata == STATE["metadata"]


@pytest.mark.parametrize("kind", ["ours", "foreign"])
def test_every_truncation_is_refused(kind: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(kind)
    whole = path.read_bytes()
    for length in reversed(range(len(whole))):
        os.truncate(path, length)
        assert outcome(path)[0] == "refused"
        if kind == "ours":
            with pytest.raises(CheckpointError, match=str(path)):
                load_checkpoint(path)
    path.write_bytes(whole)
    assert outcome(path)[0] == "loaded"


def test_every_extension_is_refused(ours: Path) -> None:
    whole = ours.read_bytes()
    for extra in (1, 8, 1000):
        ours.write_bytes(whole + bytes(extra))
        assert outcome(ours)[0] == "refused"


def test_a_flipped_byte_in_our_own_file_is_found(ours: Path) -> None:
    """2,000 random flips: refused, or (blanks of the header) without any effect."""
    whole = ours.read_bytes()
    found = 0
    for position, byte in flips(whole, np.random.default_rng(0)):
        put(ours, position, byte)
        found += refused(lambda: assert_intact(ours), ours)
        put(ours, position, whole[position])
    assert found > 1_900


def test_every_flipped_bit_of_the_data_is_found(ours: Path) -> None:
    whole = ours.read_bytes()
    start = 8 + int.from_bytes(whole[:8], "little")
    for position in range(start, len(whole)):
        for bit in range(8):
            put(ours, position, whole[position] ^ (1 << bit))
            with pytest.raises(CheckpointError, match="checksum"):
                load_tensors(ours)
        put(ours, position, whole[position])


def test_a_flipped_byte_in_a_foreign_file_keeps_the_shapes(foreign: Path) -> None:
    """Without a checksum the numbers may change, but arrays of other shapes never appear."""
    whole = foreign.read_bytes()
    seen = set()
    for position, byte in flips(whole, np.random.default_rng(1)):
        put(foreign, position, byte)
        what, arrays = outcome(foreign)
        seen.add(what)
        if arrays is not None:
            assert sorted(array.shape for array in arrays.values()) == sorted(SHAPES)
        put(foreign, position, whole[position])
    assert seen == {"loaded", "refused"}


def cut(data: bytearray, rng: np.random.Generator) -> None:
    a, b = sorted(rng.integers(0, len(data) + 1, 2))
    del data[a:b]


def repeat(data: bytearray, rng: np.random.Generator) -> None:
    a, b = sorted(rng.integers(0, len(data) + 1, 2))
    data[a:a] = data[a:b]


def overwrite(data: bytearray, rng: np.random.Generator) -> None:
    a = int(rng.integers(0, len(data)))
    data[a : a + 8] = rng.bytes(8)


def other_digit(data: bytearray, rng: np.random.Generator) -> None:
    """Change one digit of the header: sizes, shapes, offsets and numbers of the state."""
    digits = [i for i, byte in enumerate(data) if 48 <= byte <= 57 and i >= 8]
    data[rng.choice(digits)] = int(rng.integers(48, 58))


def other_length(data: bytearray, rng: np.random.Generator) -> None:
    data[:8] = int(rng.integers(0, 2 * len(data))).to_bytes(8, "little")


@pytest.mark.parametrize("damage", [cut, repeat, overwrite, other_digit, other_length])
def test_larger_damage_is_found_too(ours: Path, damage: Damage) -> None:
    whole = ours.read_bytes()
    rng = np.random.default_rng(2)
    for _ in range(300):
        data = bytearray(whole)
        damage(data, rng)
        ours.write_bytes(data)
        refused(lambda: assert_intact(ours), ours)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 2**70)
    | st.floats()
    | st.sampled_from(["F32", "BOOL", "BF16", "dtype", "shape", "$tensor", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["dtype", "shape", "data_offsets", "__metadata__", "w", "neural_net"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@given(header=json_values | st.dictionaries(st.text(max_size=2), json_values), data=st.binary())
def test_any_header_at_all(tmp_path_factory: Any, header: Any, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    outcome(path)


@given(
    names=st.lists(st.text(st.characters(), max_size=6), min_size=1, max_size=3, unique=True),
    metadata=st.none() | st.dictionaries(st.text(st.characters(), max_size=3), st.text(max_size=3)),
    encoding=st.sampled_from(
        ["utf-8", "utf-8", "utf-8", "utf-16", "utf-16-le", "utf-32", "cp1252"]
    ),
    escaped=st.booleans(),
)
def test_whatever_is_read_can_be_written_again(
    tmp_path_factory: Any, names: list[str], metadata: Any, encoding: str, escaped: bool
) -> None:
    """Names of any letters, halves of surrogate pairs among them, in any encoding."""
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    header: dict[str, Any] = {} if metadata is None else {"__metadata__": metadata}
    for i, name in enumerate(names):
        header[name] = {"dtype": "I16", "shape": [1], "data_offsets": [2 * i, 2 * i + 2]}
    text = json.dumps(header, ensure_ascii=escaped).encode(
        encoding, errors="surrogatepass" if encoding.startswith("utf") else "replace"
    )
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(2 * len(names)))
    what, arrays = outcome(path)
    if what == "loaded":
        assert encoding in {"utf-8", "cp1252"}
        assert_writable(path, arrays)


@given(st.binary(max_size=64))
def test_any_bytes_at_all(tmp_path_factory: Any, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    path.write_bytes(data)
    outcome(path)
