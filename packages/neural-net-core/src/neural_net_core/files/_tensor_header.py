"""The header of a safetensors file: its table of contents, checked before anything is read by it.

The table is a claim of whoever wrote the file. Every array must lie where the one before it ends,
be as long as its dtype and shape make it, and the last must end where the file does; so no claim
can take more memory than the file is long.
"""

import json
import math
from io import FileIO
from typing import Any, NamedTuple

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.errors import CheckpointError

__all__ = ["Entry", "bytes_of", "header_of", "is_unicode", "parse", "read_into"]

# Real headers take about 100 bytes per array. JSON grows some twentyfold when it is parsed, so a
# header of 32 MiB of brackets costs at most some hundred MiB.
MAX_HEADER = 32 * 2**20
MAX_AXES = 64  # of a NumPy array, so that whatever is written can be read

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


class Entry(NamedTuple):
    """Where one array lies, as the header tells it."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def header_of(file: FileIO, size: int) -> tuple[list[Entry], dict[str, str]]:
    """Read the table of contents and check it against the length of the file.

    Returns:
        The entries in the order of their data, and the metadata.
    """
    if size < 8:
        raise CheckpointError(f"{size} bytes are too few for a safetensors file")
    length_bytes: Array = np.empty(8, np.uint8)
    read_into(file, length_bytes)
    length = int.from_bytes(length_bytes.tobytes(), "little")
    if length > min(size - 8, MAX_HEADER):
        raise CheckpointError(
            f"the header claims {length} bytes, the file has {size - 8} after its length "
            f"and {MAX_HEADER} are allowed; truncated, or no safetensors file"
        )
    raw: Array = np.empty(length, np.uint8)
    read_into(file, raw)
    text = raw.tobytes()
    header = parse(text, "the header")
    if not text.startswith(b"{"):
        raise CheckpointError("the header must begin with a brace")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise CheckpointError("the header's __metadata__ must hold texts only")
    if not is_unicode("".join([*header, *metadata, *metadata.values()])):
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


def read_into(file: FileIO, array: Array) -> None:
    """Fill an array from the file, however many reads that takes."""
    left = bytes_of(array)
    while left:
        count = file.readinto(left)
        if not count:
            raise CheckpointError("the file ended while it was being read")
        left = left[count:]


def bytes_of(array: Array) -> memoryview:
    """Return the memory of an array in C order as bytes, without a copy."""
    return array.reshape(-1).view(np.uint8).data


def parse(text: str | bytes, what: str) -> dict[str, Any]:
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


def is_unicode(text: str) -> bool:
    """Tell whether UTF-8 can hold a text: it has no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
