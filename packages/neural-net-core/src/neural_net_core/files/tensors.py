"""Files of named arrays, such as the weights of a `torch.nn` model: write them and read them.

model.load_state_dict(load_tensors("from_torch.safetensors"))
"""

from collections.abc import Mapping
from typing import Any

from neural_net_core.dtypes import Array
from neural_net_core.errors import CheckpointError
from neural_net_core.files._tensor_file import PathLike, read_file, write_file
from neural_net_core.files.checkpoint import Stateful
from neural_net_core.tensor import Tensor

__all__ = ["load_tensors", "save_tensors"]


def save_tensors(path: PathLike, tensors: Mapping[str, Any]) -> None:
    """Save named arrays as a safetensors file that any tool of that format can read.

    The file appears whole or not at all, and the same arrays give the same bytes.

    Args:
        path: The file, by custom with the ending `.safetensors`.
        tensors: Names to arrays or Tensors, such as a state dict. Arrays that share memory are
            saved once each.

    Raises:
        CheckpointError: If an array has a dtype that the format lacks, or a name is no text.
        OSError: If the file cannot be written; it carries the file's name, and the old one, if
            any, is untouched.

    Examples:
        >>> import tempfile
        >>> import numpy as np
        >>> path = tempfile.mkdtemp() + "/weights.safetensors"
        >>> save_tensors(path, {"weight": np.eye(2, dtype=np.float32)})
        >>> load_tensors(path)
        {'weight': array([[1., 0.],
               [0., 1.]], dtype=float32)}
    """
    given: Any = tensors
    if not isinstance(given, Mapping):
        hint = "; give its state_dict()" if isinstance(given, Stateful) else ""
        raise CheckpointError(
            f"{path}: expected a mapping of names to arrays, got {type(given).__name__}{hint}"
        )
    arrays = {k: v.data if isinstance(v, Tensor) else v for k, v in given.items()}
    write_file(path, arrays, {})


def load_tensors(path: PathLike) -> dict[str, Array]:
    """Load the named arrays of a safetensors file, whoever wrote it.

    Nothing in such a file can run as code, and reading it touches no other file.

    Dtypes are kept: a float16 file gives float16 arrays. bfloat16, which NumPy lacks, becomes
    float32, which holds every bfloat16 exactly. 8-bit and 4-bit floats are refused.

    Args:
        path: The file; of a checkpoint, all its arrays come under their full names
            (`model.weight`).

    Returns:
        Names to arrays, in the order of the file.

    Raises:
        CheckpointError: If the file is truncated, altered (found by the checksum, where this
            library wrote the file), of a dtype that NumPy lacks, or no safetensors file: then the
            message says what it is (an archive of NumPy, a pickle, the index of several files, a
            web page, …) and what to do.
        OSError: If it cannot be opened, such as `FileNotFoundError`.
    """
    return read_file(path)[0]
