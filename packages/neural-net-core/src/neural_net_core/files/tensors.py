"""Files of named arrays, such as the weights of a `torch.nn` model: write them and read them.

`model.load_state_dict(load_tensors("from_torch.safetensors"))` is all that a model of the same
names needs; `convert_state` brings other names and layouts into this form.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from neural_net_core.checks import check_items, check_text
from neural_net_core.dtypes import Array
from neural_net_core.errors import CheckpointError
from neural_net_core.files._index_file import gather, is_index
from neural_net_core.files._near_names import near
from neural_net_core.files._tensor_file import (
    Choice,
    PathLike,
    read_file,
    read_header,
    write_file,
)
from neural_net_core.files.checkpoint import Stateful
from neural_net_core.tensor import Tensor

__all__ = ["load_tensor_metadata", "load_tensor_shapes", "load_tensors", "save_tensors"]


def save_tensors(
    path: PathLike, tensors: Mapping[str, Any], *, metadata: Mapping[str, str] | None = None
) -> None:
    """Save named arrays as a safetensors file that any tool of that format can read.

    The file appears whole or not at all, and the same arrays give the same bytes.

    Args:
        path: The file, by custom with the ending `.safetensors`.
        tensors: Names to arrays or Tensors, such as a state dict. Arrays that share memory are
            saved once each.
        metadata: Names to texts that stand in the file's header, such as a licence or, by
            `json.dumps`, the sizes of the model; `load_tensor_metadata` reads them.

    Raises:
        CheckpointError: If an array has a dtype that the format lacks, a name is no text, or
            metadata are no texts.
        OSError: If the file cannot be written; it carries the file's name, and the old one, if
            any, is untouched.

    Examples:
        >>> import tempfile
        >>> import numpy as np
        >>> path = tempfile.mkdtemp() + "/weights.safetensors"
        >>> save_tensors(path, {"weight": np.eye(2, dtype=np.float32)}, metadata={"by": "Ada"})
        >>> load_tensors(path)
        {'weight': array([[1., 0.],
               [0., 1.]], dtype=float32)}
        >>> load_tensor_shapes(path), load_tensor_metadata(path)
        ({'weight': (2, 2)}, {'by': 'Ada'})
    """
    given: Any = tensors
    if not isinstance(given, Mapping):
        hint = "; give its state_dict()" if isinstance(given, Stateful) else ""
        raise CheckpointError(
            f"{path}: expected a mapping of names to arrays, got {type(given).__name__}{hint}"
        )
    arrays = {k: v.data if isinstance(v, Tensor) else v for k, v in given.items()}
    write_file(path, arrays, {}, metadata)


def load_tensors(
    path: PathLike, *, keys: Iterable[str] | None = None, prefix: str = ""
) -> dict[str, Array]:
    """Load the named arrays of a safetensors file, whoever wrote it.

    Nothing in such a file can run as code, and reading it touches no other file. A model in several
    files is read by its index, whose name ends in `.index.json`: that leads to the safetensors
    files which stand beside it, and to no other place.

    Dtypes are kept: a float16 file gives float16 arrays. bfloat16, which NumPy lacks, becomes
    float32, which holds every bfloat16 exactly. 8-bit and 4-bit floats are refused.

    Args:
        path: The file, or the index of several; of a checkpoint, all its arrays come under their
            full names (`model.weight`).
        keys: The names of the arrays to read; of the others not a byte is read, and the checksum
            of a file that is read in part is not compared. None means all.
        prefix: Read only arrays whose names begin so, likewise. The names stay as they are.

    Returns:
        Names to arrays, in the order of the file or the index.

    Raises:
        CheckpointError: If the file is truncated, altered (found by the checksum, where this
            library wrote the file), of a dtype that NumPy lacks, or no safetensors file: then the
            message says what it is (an archive of NumPy, a pickle, a web page, …) and what to do.
            If a key, the prefix, a file of an index or one of its arrays is not there. If an index
            names anything but a safetensors file of its own folder.
        OSError: If it cannot be opened, such as `FileNotFoundError`.
        ValueError: If keys are no texts, or both keys and a prefix are given.
    """
    choose = _choice(keys, prefix)
    if is_index(path):
        return gather(path, choose, lambda shard, those: read_file(shard, those)[0])
    return read_file(path, choose)[0]


def load_tensor_shapes(path: PathLike) -> dict[str, tuple[int, ...]]:
    """Return the names and shapes of the arrays in a safetensors file, and read none of them.

    That takes a moment however large the file is, and tells what the model is called by whoever
    saved it, or how large it is, before memory is taken for it.

    Args:
        path: The file, or the index of several, as for `load_tensors`.

    Returns:
        Names to shapes, in the order of the file or the index.

    Raises:
        CheckpointError: As by `load_tensors`, but for the checksum, which is not compared.
        OSError: If it cannot be opened.
    """

    def shapes(file: PathLike, choose: Choice | None = None) -> dict[str, tuple[int, ...]]:
        return {entry.name: entry.shape for entry in read_header(file, choose)[0]}

    return gather(path, set, shapes) if is_index(path) else shapes(path)


def load_tensor_metadata(path: PathLike) -> dict[str, str]:
    """Return the texts that stand in the header of a safetensors file.

    They are what somebody wrote there, and are not compared with any checksum before `load_tensors`
    reads the whole file. The metadata of a checkpoint are `load_checkpoint(path).metadata`.

    Args:
        path: The file; an index has no such texts, but each of its files may have.

    Returns:
        Names to texts; empty if there are none.

    Raises:
        CheckpointError: As by `load_tensors`, but for the checksum.
        OSError: If it cannot be opened.
    """
    return read_header(path)[1]


def _choice(keys: Iterable[str] | None, prefix: str) -> Choice:
    """Return what picks the wanted names, or raises if one is not there."""
    check_text("load_tensors", "prefix", prefix)
    if keys is None:
        return lambda names: _beginning(prefix, names)
    if prefix:
        raise ValueError("load_tensors: expected keys or a prefix, got both")
    items = check_items("load_tensors", "keys", keys, "a list of names")
    wanted = {check_text("load_tensors", "a key", key) for key in items}
    return lambda names: _among(wanted, names)


def _beginning(prefix: str, names: list[str]) -> Collection[str]:
    chosen = {name for name in names if name.startswith(prefix)}
    if prefix and not chosen:
        raise CheckpointError(f"no name begins with {prefix!r:.80}{near(prefix, names)}")
    return chosen


def _among(wanted: set[str], names: list[str]) -> Collection[str]:
    absent = sorted(wanted.difference(names))
    if absent:
        raise CheckpointError(
            f"lacks {len(absent)} of {len(wanted)} keys, such as {absent[0]!r:.80}"
            f"{near(absent[0], names)}"
        )
    return wanted
