"""One file of named arrays in the safetensors format: written whole or not at all, read with care.

The format is a length, a table of contents and the numbers, nothing that could run as code:

    8 bytes    n, the length of the header, little-endian
    n bytes    JSON: {"weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …}
    the rest   the arrays' bytes, C order, little-endian, without gaps

What this library writes carries one more entry, `__metadata__` → `neural_net`: a JSON text with a
payload and a SHA-256 checksum over the payload and every array. Reading trusts nothing: the header
is checked against the length of the file before any memory is taken, so that a truncated, altered
or hostile file ends in a `CheckpointError`, never in another exception or in a wrong number.

Source: the format's description, https://github.com/huggingface/safetensors.
"""

import hashlib
import json
import math
import os
import stat
from collections.abc import Iterable, Mapping
from io import FileIO
from typing import Any, NamedTuple

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.errors import CheckpointError
from neural_net_core.files._foreign_file import describe
from neural_net_core.files.whole_file import file_name, replace_file

__all__ = ["PathLike", "read_file", "write_file"]

PathLike = str | os.PathLike[str]

# Real headers take about 100 bytes per array. JSON grows some twentyfold when it is parsed, so a
# header of 32 MiB of brackets costs at most some hundred MiB.
MAX_HEADER = 32 * 2**20
MAX_AXES = 32
METADATA_KEY = "neural_net"

# The format's dtypes that NumPy has too, and bfloat16 as the 16 bits that it is stored in. Arrays
# are written in this order, wide numbers first, so that each begins at a multiple of its width.
DTYPES: dict[str, str] = {
    "U64": "<u8",
    "I64": "<i8",
    "F64": "<f8",
    "C64": "<c8",
    "F32": "<f4",
    "U32": "<u4",
    "I32": "<i4",
    "BF16": "<u2",
    "F16": "<f2",
    "U16": "<u2",
    "I16": "<i2",
    "I8": "|i1",
    "U8": "|u1",
    "BOOL": "|b1",
}
NAMES: dict[str, str] = {code: name for name, code in DTYPES.items() if name != "BF16"}
RANKS: dict[str, int] = {code: rank for rank, code in enumerate(NAMES)}


class Entry(NamedTuple):
    """Where one array lies, as the header tells it."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def write_file(path: PathLike, tensors: Mapping[str, Array], payload: dict[str, Any]) -> None:
    """Write arrays and a JSON payload as one file; afterwards the old file or the new one is there.

    The same content gives the same bytes. How it is done, and what becomes of a file whose writer
    was killed half-way, stands in `whole_file`.

    Args:
        path: The file to write; a symbolic link is followed.
        tensors: Names to arrays.
        payload: What JSON can hold.

    Raises:
        CheckpointError: If an array has a dtype that the format lacks.
        OSError: If the disk refuses.
    """
    path = _checked(path)
    arrays = {_checked_name(path, k): _storable(path, k, array) for k, array in tensors.items()}
    text = json.dumps(payload, allow_nan=False)
    entries = ((name, NAMES[a.dtype.str], a.shape, a) for name, a in arrays.items())
    signed = json.dumps({"checksum": _checksum(text, entries), "payload": payload})
    ranked = sorted(arrays.items(), key=lambda item: (RANKS[item[1].dtype.str], item[0]))
    header = _header(ranked, {METADATA_KEY: signed})
    if len(header) > MAX_HEADER:
        raise CheckpointError(
            f"{path}: the names and metadata take more than {MAX_HEADER} bytes; "
            "keep long records as arrays or in a file of their own"
        )
    parts: list[bytes | memoryview] = [len(header).to_bytes(8, "little"), header]
    parts += [_bytes_of(array) for _, array in ranked]
    replace_file(path, b"".join(parts))


def read_file(path: PathLike) -> tuple[dict[str, Array], dict[str, Any] | None]:
    """Read the arrays of a safetensors file, and the payload if this library wrote the file.

    Args:
        path: The file.

    Returns:
        Names to arrays (in the file's order, writable, in memory of their own), and the payload,
        None for a file from elsewhere. bfloat16 becomes float32, which holds it exactly.

    Raises:
        CheckpointError: If the file is truncated, altered, or no safetensors file.
        OSError: If it cannot be opened, such as `FileNotFoundError`.
    """
    path = _checked(path)
    # A pipe or a device would block or never end; asked before opening, which can block too.
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        raise CheckpointError(f"{path}: not a regular file but a folder; give a file in it")
    if not stat.S_ISREG(mode):
        raise CheckpointError(f"{path}: not a regular file")
    with open(path, "rb", buffering=0) as file:
        try:
            return _read(file, os.fstat(file.fileno()).st_size)
        except CheckpointError as error:
            raise CheckpointError(f"{path}: {_foreign(file) or error}") from None
        except (OSError, MemoryError, RecursionError) as error:
            raise CheckpointError(f"{path}: cannot be read: {error!r}") from error


def _checked(path: PathLike) -> str:
    """Return a path as text, or say that no file can have this name."""
    try:
        return file_name(path)
    except ValueError as error:
        raise CheckpointError(str(error)) from None


def _checked_name(path: str, name: Any) -> str:
    """Return the name of an array as plain text, or say that the format cannot hold it."""
    # "\ud800" is such a string: Python can hold it, UTF-8 and so the file cannot.
    if not isinstance(name, str) or name == "__metadata__" or not _is_unicode(name):
        raise CheckpointError(f"{path}: {name!r:.80} cannot be the name of an array")
    return str.__str__(name)  # an enum that is a text counts as that text


def _is_unicode(text: str) -> bool:
    """Tell whether UTF-8 can hold a text: it has no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _storable(path: str, name: str, array: Any) -> Array:
    """Return the array in C order and little-endian, or say why the format cannot hold it."""
    if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
        raise CheckpointError(f"{path}: cannot save {name!r}: its mask hides numbers; fill them")
    try:
        stored: Array = np.asarray(array, order="C")
    except Exception as error:  # whatever a foreign array's conversion raises
        raise CheckpointError(f"{path}: cannot save {name!r}: no array: {error}") from error
    stored = stored.astype(stored.dtype.newbyteorder("<"), copy=False)
    if stored.dtype.str not in NAMES:
        raise CheckpointError(
            f"{path}: cannot save {name!r}: dtype {stored.dtype} is not one of "
            f"{', '.join(np.dtype(code).name for code in NAMES)}"
        )
    return stored


def _header(arrays: Iterable[tuple[str, Array]], metadata: dict[str, str]) -> bytes:
    """Return the table of contents, padded so that the data begin at a multiple of 8 bytes."""
    table: dict[str, Any] = {"__metadata__": metadata}
    end = 0
    for name, array in arrays:
        begin, end = end, end + array.nbytes
        dtype, shape = NAMES[array.dtype.str], list(array.shape)
        table[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    header = json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode()
    return header + b" " * (-len(header) % 8)


def _checksum(text: str, entries: Iterable[tuple[str, str, tuple[int, ...], Array]]) -> str:
    """Hash the payload's text, then each array's name, dtype, shape and bytes, in order of name."""
    digest = hashlib.sha256(text.encode())
    for name, dtype, shape, array in sorted(entries, key=lambda entry: entry[0]):
        digest.update(json.dumps([name, dtype, list(shape)]).encode())
        digest.update(_bytes_of(array))
    return f"sha256:{digest.hexdigest()}"


def _read(file: FileIO, size: int) -> tuple[dict[str, Array], dict[str, Any] | None]:
    """Read an open file of known size; errors come without the file's name."""
    entries, metadata = _read_header(file, size)
    stored = {}
    for entry in entries:
        array: Array = np.empty(entry.shape, np.dtype(DTYPES[entry.dtype]))
        _read_into(file, array)
        stored[entry.name] = array
    payload = None
    # Others may use the same word for something else.
    text = metadata.get(METADATA_KEY, "")
    if '"checksum"' in text or '"payload"' in text or "sha256:" in text:
        signed = _parse(text, "the metadata")
        if signed.keys() != {"checksum", "payload"} or not isinstance(signed["payload"], dict):
            raise CheckpointError("the metadata lack the payload or its checksum")
        payload = signed["payload"]
        rows = ((e.name, e.dtype, e.shape, stored[e.name]) for e in entries)
        if _checksum(json.dumps(payload), rows) != signed["checksum"]:
            raise CheckpointError("the checksum does not match: the file was altered or damaged")
    return {e.name: _usable(e, stored.pop(e.name)) for e in entries}, payload


def _foreign(file: FileIO) -> str:
    """Say what a file is that could not be read, if it is of another kind."""
    try:
        file.seek(0)
        head = file.read(512)
        if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= MAX_HEADER:
            return ""  # one of the format, and damaged
        text = head + file.read(MAX_HEADER) if head.lstrip()[:1] in (b"{", b"[") else b""
    except OSError:
        return ""
    what = describe(head, text)
    return f"not a safetensors file: {what}" if what else ""


def _read_into(file: FileIO, array: Array) -> None:
    """Fill an array from the file, however many reads that takes."""
    left = _bytes_of(array)
    while left:
        count = file.readinto(left)
        if not count:
            raise CheckpointError("the file ended while it was being read")
        left = left[count:]


def _bytes_of(array: Array) -> memoryview:
    """Return the memory of an array in C order as bytes, without a copy."""
    return array.reshape(-1).view(np.uint8).data


def _usable(entry: Entry, array: Array) -> Array:
    """Return what was stored as an array that NumPy can compute with."""
    if entry.dtype == "BF16":
        # bfloat16 is the upper half of a float32. In place, because NumPy makes an array without
        # axes a scalar otherwise.
        bits = array.astype(np.uint32)
        bits <<= 16
        return bits.view(np.float32)
    if entry.dtype == "BOOL" and array.size and array.view(np.uint8).max() > 1:
        raise CheckpointError(f"{entry.name!r:.80} is boolean but holds bytes other than 0 and 1")
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _parse(text: str | bytes, what: str) -> dict[str, Any]:
    """Parse JSON that must be an object with unique keys."""
    try:
        # The format is UTF-8; json.loads would take UTF-16 and UTF-32 as well.
        text = text if isinstance(text, str) else text.decode()
        value = json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{what} cannot be parsed: {error}") from None
    if not isinstance(value, dict):
        raise CheckpointError(f"{what} must be a JSON object, got {type(value).__name__}")
    return value


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key occurs twice")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _read_header(file: FileIO, size: int) -> tuple[list[Entry], dict[str, str]]:
    """Read the table of contents and check it against the length of the file.

    Returns:
        The entries in the order of their data, and the metadata.
    """
    if size < 8:
        raise CheckpointError(f"{size} bytes are too few for a safetensors file")
    length_bytes: Array = np.empty(8, np.uint8)
    _read_into(file, length_bytes)
    length = int.from_bytes(length_bytes.tobytes(), "little")
    if length > min(size - 8, MAX_HEADER):
        raise CheckpointError(
            f"the header claims {length} bytes, the file has {size - 8} after its length "
            f"and {MAX_HEADER} are allowed; truncated, or no safetensors file"
        )
    raw: Array = np.empty(length, np.uint8)
    _read_into(file, raw)
    text = raw.tobytes()
    header = _parse(text, "the header")
    if not text.startswith(b"{"):
        raise CheckpointError("the header must begin with a brace")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise CheckpointError("the header's __metadata__ must hold texts only")
    if not _is_unicode("".join([*header, *metadata, *metadata.values()])):
        raise CheckpointError("the header holds half of a surrogate pair")
    entries = [_entry(name, fields) for name, fields in header.items()]
    entries.sort(key=lambda entry: (entry.begin, entry.end))
    position = 0
    for entry in entries:
        if entry.begin != position:
            raise CheckpointError(
                f"{entry.name!r:.80} begins at {entry.begin}, expected {position}"
            )
        position = entry.end
    if position != size - 8 - length:
        raise CheckpointError(
            f"the header describes {position} bytes of data, the file has {size - 8 - length}"
        )
    return entries, metadata


def _entry(name: str, fields: Any) -> Entry:
    """Check one line of the table of contents."""
    if not isinstance(fields, dict) or fields.keys() != {"dtype", "shape", "data_offsets"}:
        raise CheckpointError(f"the header's entry {name!r:.80} lacks dtype, shape or data_offsets")
    dtype, shape, offsets = fields["dtype"], fields["shape"], fields["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise CheckpointError(
            f"{name!r:.80} has dtype {dtype!r:.40}, which NumPy lacks; "
            f"readable are {', '.join(DTYPES)}"
        )
    if not _naturals(shape) or len(shape) > MAX_AXES or not _naturals(offsets, 2):
        raise CheckpointError(f"{name!r:.80} has shape {shape!r:.60} and offsets {offsets!r:.60}")
    begin, end = offsets
    expected = math.prod(shape) * np.dtype(DTYPES[dtype]).itemsize
    if end - begin != expected:
        raise CheckpointError(
            f"{name!r:.80} of dtype {dtype} and shape {shape} takes {expected} bytes, "
            f"its offsets leave {end - begin}"
        )
    return Entry(name, dtype, tuple(shape), begin, end)


def _naturals(values: Any, count: int | None = None) -> bool:
    """Tell whether values is a list of integers that fit the machine's own."""
    return (
        isinstance(values, list)
        and (count is None or len(values) == count)
        and all(type(value) is int and 0 <= value < 2**62 for value in values)
        # An empty array may still have axes too long for NumPy to multiply.
        and (count is not None or math.prod(v for v in values[:MAX_AXES] if v) < 2**56)
    )
