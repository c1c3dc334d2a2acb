"""One file of named arrays in the safetensors format: written whole or not at all, read with care.

The format is a length, a table of contents and the numbers, nothing that could run as code:

    8 bytes    n, the length of the header, little-endian
    n bytes    JSON: {"weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …}
    the rest   the arrays' bytes, C order, little-endian, without gaps

A further entry, `__metadata__`, holds texts by name. What this library writes has one there that is
called `neural_net`: a JSON text with a payload and a SHA-256 checksum over the payload, the other
texts and every array. Reading trusts nothing: the header is checked against the length of the file
before any memory is taken, so that a truncated, altered or hostile file ends in a
`CheckpointError`, never in another exception or in a wrong number.

Source: the format's description, https://github.com/huggingface/safetensors.
"""

import hashlib
import json
import os
import stat
from collections.abc import Callable, Collection, Iterable, Mapping
from io import FileIO
from typing import Any, TypeVar

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.errors import CheckpointError
from neural_net_core.files._foreign_file import describe
from neural_net_core.files._tensor_header import (
    DTYPES,
    MAX_HEADER,
    Entry,
    bytes_of,
    header_of,
    is_unicode,
    parse,
    read_into,
)
from neural_net_core.files.whole_file import file_name, replace_file

__all__ = ["PathLike", "read_file", "read_header", "with_file", "write_file"]

T = TypeVar("T")
PathLike = str | os.PathLike[str]

# Of the names in a file, those whose arrays are wanted.
Choice = Callable[[list[str]], Collection[str]]

METADATA_KEY = "neural_net"

NAMES: dict[str, str] = {code: name for name, code in DTYPES.items() if name != "BF16"}
RANKS: dict[str, int] = {code: rank for rank, code in enumerate(NAMES)}


def write_file(
    path: PathLike,
    tensors: Mapping[str, Array],
    payload: dict[str, Any],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write arrays and a JSON payload as one file; afterwards the old file or the new one is there.

    The same content gives the same bytes. How it is done, and what becomes of a file whose writer
    was killed half-way, stands in `whole_file`.

    Args:
        path: The file to write; a symbolic link is followed.
        tensors: Names to arrays.
        payload: What JSON can hold.
        metadata: Texts by name that any tool of the format can read.

    Raises:
        CheckpointError: If an array has a dtype that the format lacks, or the metadata are not
            texts.
        OSError: If the disk refuses.
    """
    path = _checked(path)
    texts = _checked_texts(path, {} if metadata is None else metadata)
    arrays = {_checked_name(path, k): _storable(path, k, array) for k, array in tensors.items()}
    entries = ((name, NAMES[a.dtype.str], a.shape, a) for name, a in arrays.items())
    checksum = _checksum(_texts_of(payload, texts), entries)
    signed = json.dumps({"checksum": checksum, "payload": payload}, allow_nan=False)
    ranked = sorted(arrays.items(), key=lambda item: (RANKS[item[1].dtype.str], item[0]))
    header = _header(ranked, {METADATA_KEY: signed, **texts})
    if len(header) > MAX_HEADER:
        raise CheckpointError(
            f"{path}: the names and metadata take more than {MAX_HEADER} bytes; "
            "keep long records as arrays or in a file of their own"
        )
    parts: list[bytes | memoryview] = [len(header).to_bytes(8, "little"), header]
    parts += [bytes_of(array) for _, array in ranked]
    replace_file(path, b"".join(parts))


def read_file(
    path: PathLike, choose: Choice | None = None
) -> tuple[dict[str, Array], dict[str, Any] | None]:
    """Read the arrays of a safetensors file, and the payload if this library wrote the file.

    Args:
        path: The file.
        choose: Called with the names in the file; returns those whose arrays are read, or raises
            a `CheckpointError`. None reads all. The checksum can only be compared if all are read.

    Returns:
        Names to arrays (in the file's order, writable, in memory of their own), and the payload,
        None for a file from elsewhere, and for one that is read in part. bfloat16 becomes float32,
        which holds it exactly.

    Raises:
        CheckpointError: If the file is truncated, altered, or no safetensors file.
        OSError: If it cannot be opened, such as `FileNotFoundError`.
    """
    return with_file(path, _recognizing(lambda file, size: _read(file, size, choose)))


def read_header(path: PathLike, choose: Choice | None = None) -> tuple[list[Entry], dict[str, str]]:
    """Read what a safetensors file says of its arrays, and none of their bytes.

    Args:
        path: The file.
        choose: As in `read_file`.

    Returns:
        The entries in the order of their data, and the metadata without this library's own.

    Raises:
        CheckpointError: As `read_file` does, but for the checksum, which is not compared.
        OSError: If it cannot be opened.
    """

    def read(file: FileIO, size: int) -> tuple[list[Entry], dict[str, str]]:
        entries, metadata = header_of(file, size)
        return _chosen(entries, choose), metadata

    entries, metadata = with_file(path, _recognizing(read))
    if _is_ours(metadata):
        del metadata[METADATA_KEY]
    return entries, metadata


def with_file(path: PathLike, read: Callable[[FileIO, int], T]) -> T:
    """Open a regular file and return what is read from it.

    Args:
        path: The file.
        read: Called with the open file and its length in bytes.

    Raises:
        CheckpointError: If it is no regular file, or `read` raises one; it names the file.
        OSError: If it cannot be opened.
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
            return read(file, os.fstat(file.fileno()).st_size)
        except CheckpointError as error:
            raise CheckpointError(f"{path}: {error}") from None
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
    if not isinstance(name, str) or name == "__metadata__" or not is_unicode(name):
        raise CheckpointError(f"{path}: {name!r:.80} cannot be the name of an array")
    return str.__str__(name)  # an enum that is a text counts as that text


def _checked_texts(path: str, metadata: Any) -> dict[str, str]:
    """Return metadata in the order of their names, or say that the format cannot hold them."""
    if not isinstance(metadata, Mapping):
        raise CheckpointError(
            f"{path}: expected metadata as a mapping of names to texts, "
            f"got {type(metadata).__name__}"
        )
    for name, text in metadata.items():
        if not isinstance(name, str) or name == METADATA_KEY or not is_unicode(name):
            raise CheckpointError(f"{path}: {name!r:.80} cannot be the name of metadata")
        if not isinstance(text, str) or not is_unicode(text):
            raise CheckpointError(
                f"{path}: the metadata {name!r:.80} must be a text, got {text!r:.80}; "
                "json.dumps makes one of numbers and lists"
            )
    return {str.__str__(name): str.__str__(metadata[name]) for name in sorted(metadata)}


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
        digest.update(bytes_of(array))
    return f"sha256:{digest.hexdigest()}"


def _texts_of(payload: dict[str, Any], metadata: Mapping[str, str]) -> str:
    """Return the texts that a checksum covers: the payload, and the metadata if there are any."""
    text = json.dumps(payload)
    return text + json.dumps(metadata, sort_keys=True) if metadata else text


def _read(
    file: FileIO, size: int, choose: Choice | None
) -> tuple[dict[str, Array], dict[str, Any] | None]:
    """Read an open file of known size; errors come without the file's name."""
    entries, metadata = header_of(file, size)
    begin, count = file.tell(), len(entries)
    entries = _chosen(entries, choose)
    stored = {}
    for entry in entries:
        array: Array = np.empty(entry.shape, np.dtype(DTYPES[entry.dtype]))
        file.seek(begin + entry.begin)
        read_into(file, array)
        stored[entry.name] = array
    payload = None
    if len(entries) == count and _is_ours(metadata):
        signed = parse(metadata.pop(METADATA_KEY), "the metadata")
        if signed.keys() != {"checksum", "payload"} or not isinstance(signed["payload"], dict):
            raise CheckpointError("the metadata lack the payload or its checksum")
        payload = signed["payload"]
        rows = ((e.name, e.dtype, e.shape, stored[e.name]) for e in entries)
        if _checksum(_texts_of(payload, metadata), rows) != signed["checksum"]:
            raise CheckpointError("the checksum does not match: the file was altered or damaged")
    return {e.name: _usable(e, stored.pop(e.name)) for e in entries}, payload


def _chosen(entries: list[Entry], choose: Choice | None) -> list[Entry]:
    """Return the entries that are wanted, in their order."""
    if choose is None:
        return entries
    names = choose([entry.name for entry in entries])
    return [entry for entry in entries if entry.name in names]


def _is_ours(metadata: Mapping[str, str]) -> bool:
    """Tell whether this library wrote a file; others may use the same word for something else."""
    text = metadata.get(METADATA_KEY, "")
    return '"checksum"' in text or '"payload"' in text or "sha256:" in text


def _recognizing(read: Callable[[FileIO, int], T]) -> Callable[[FileIO, int], T]:
    """Return what reads in the same way, and says what a file is that is of another kind."""

    def reading(file: FileIO, size: int) -> T:
        try:
            return read(file, size)
        except CheckpointError as error:
            raise CheckpointError(_foreign(file) or str(error)) from None

    return reading


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
