"""The index of a model that lies in several files: which of them holds which array.

Large models are split into files of some gigabytes ("shards"), beside which an index stands whose
name ends in `.index.json`:

    {"metadata": {"total_size": 96}, "weight_map": {"norm.weight": "model-00001.safetensors", …}}

It is the one file that leads to others, so a path in it must be the bare name of a safetensors
file, which is looked for in the folder of the index and nowhere else.
"""

import os
from collections.abc import Callable, Collection
from functools import partial
from io import FileIO
from typing import Any, TypeVar

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.errors import CheckpointError
from neural_net_core.files._foreign_file import describe
from neural_net_core.files._near_names import near
from neural_net_core.files._tensor_file import Choice, PathLike, with_file
from neural_net_core.files._tensor_header import MAX_HEADER, is_unicode, parse, read_into
from neural_net_core.files.whole_file import file_name

__all__ = ["gather", "is_index"]

T = TypeVar("T")
ENDING = ".index.json"
SHARD = ".safetensors"


def is_index(path: PathLike) -> bool:
    """Tell by its name whether a file is an index.

    Not by its content: what somebody uploads as `model.safetensors` must not lead to the files
    beside it.
    """
    given: Any = path  # what is no path is refused where it is opened
    return isinstance(given, str | os.PathLike) and os.fsdecode(given).endswith(ENDING)


def gather(
    path: PathLike, choose: Choice, read: Callable[[str, Choice], dict[str, T]]
) -> dict[str, T]:
    """Return what is read of the arrays of an index, in its order.

    Args:
        path: The index.
        choose: Called with all names; returns those that are wanted.
        read: Called with the path of a shard and the choice of names there. A shard that holds
            nothing that is wanted is not opened.

    Raises:
        CheckpointError: If the index or a shard cannot be read, or a shard or an array is not
            there.
        OSError: If a file cannot be opened.
    """
    shard_of = with_file(path, _index)
    folder = os.path.dirname(file_name(path))
    try:
        chosen = choose(list(shard_of))
        names: dict[str, list[str]] = {}
        for name, shard in shard_of.items():
            if name in chosen:
                names.setdefault(shard, []).append(name)
        paths = {shard: os.path.join(folder, shard) for shard in names}
        absent = [shard for shard in names if not os.path.isfile(paths[shard])]
        if absent:
            raise CheckpointError(
                f"{len(absent)} of {len(names)} files that it names are not beside it, such as "
                f"{absent[0]!r:.80}; put them into the same folder"
            )
        found: dict[str, T] = {}
        for shard, wanted in names.items():
            found |= read(paths[shard], partial(_all_of, wanted))
        return {name: found[name] for name in shard_of if name in found}
    except CheckpointError as error:
        raise CheckpointError(f"{file_name(path)}: {error}") from None


def _all_of(wanted: list[str], there: Collection[str]) -> set[str]:
    """Return the wanted names, or raise if one is not there."""
    known = set(there)  # whose order differs from run to run: the error takes that of the file
    absent = [name for name in wanted if name not in known]
    if absent:
        raise CheckpointError(
            f"lacks {len(absent)} of the {len(wanted)} arrays that the index promises, such as "
            f"{absent[0]!r:.80}{near(absent[0], there)}"
        )
    return set(wanted)


def _index(file: FileIO, size: int) -> dict[str, str]:
    """Read an open index of known size: names of arrays to names of shards."""
    if size > MAX_HEADER:
        raise CheckpointError(f"an index of {size} bytes; {MAX_HEADER} are allowed")
    raw: Array = np.empty(size, np.uint8)
    read_into(file, raw)
    text = raw.tobytes()
    if not text.lstrip().startswith(b"{"):
        what = describe(text[:512], text)
        raise CheckpointError(f"not an index of shards{f': {what}' if what else ''}")
    shard_of = parse(text, "the index").get("weight_map")
    if not isinstance(shard_of, dict):
        raise CheckpointError("not an index of shards: it lacks the weight_map")
    for name, shard in shard_of.items():
        if problem := _problem(shard):
            raise CheckpointError(
                f"the index says that {name!r:.80} is in {shard!r:.80}, {problem}"
            )
    return shard_of


def _problem(shard: Any) -> str:
    """Say why something is not the name of a shard, or nothing."""
    if not isinstance(shard, str) or not is_unicode(shard):
        return "which is no name of a file"
    # A colon is a drive or a second stream of a file on Windows.
    if any(letter in shard for letter in "/\\:\0"):
        return "which is no bare name: an index leads to the files of its own folder only"
    if shard.endswith(SHARD):
        return ""
    return (
        f"which does not end in {SHARD}; a .bin is a pickle, which this library never opens: take "
        "the model's safetensors files, or convert it where it is trusted, with "
        "safetensors.torch.save_file"
    )
