"""What `fit` needs of ranks beyond the sum of gradients: that they are alike, and end together."""

from __future__ import annotations

import sys
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from neural_net_core import Module
from neural_net_utils.distributed.data_parallel import Communicator

__all__ = [
    "checksums",
    "differences",
    "ending_all",
    "file_of_rank_0",
    "set_states",
    "set_streams",
    "share_states",
]


def checksums(model: Module) -> dict[str, str]:
    """A number for each parameter that differs where its bits differ."""
    return {
        f"the values of {name}": f"{zlib.crc32(p.data.tobytes()):08x}"
        for name, p in model.named_parameters()
    }


def differences(facts: Mapping[str, str], communicator: Communicator) -> str:
    """What is not the same on all ranks, as each of them is told; empty if all is.

    Args:
        facts: what this rank has, by name.
        communicator: the ranks.
    """
    everyone = communicator.allgather(dict(facts))
    found = []
    for name in dict.fromkeys(name for theirs in everyone for name in theirs):
        values = [theirs.get(name, "missing") for theirs in everyone]
        other = next((rank for rank, value in enumerate(values) if value != values[0]), None)
        if other is not None:
            found.append(f"{name} is {values[0]:.200} on rank 0, {values[other]:.200} on {other}")
    return "; ".join(found[:5]) + (f"; and {len(found) - 5} more" if len(found) > 5 else "")


def set_streams(generators: Iterable[np.random.Generator], *key: int) -> None:
    """Let generators draw what depends on a key alone, and nothing like what other keys draw."""
    for number, generator in enumerate(generators):
        bits: Any = generator.bit_generator
        bits.state = type(bits)(np.random.SeedSequence([*key, number])).state


def set_states(generators: Iterable[np.random.Generator], states: Iterable[Any]) -> None:
    """Let generators go on from states that they, or others of their kinds, had."""
    for generator, state in zip(generators, states, strict=True):
        generator.bit_generator.state = state


def share_states(generators: Iterable[np.random.Generator], communicator: Communicator) -> None:
    """Let the generators of all ranks draw what those of rank 0 draw."""
    generators = list(generators)
    set_states(generators, communicator.bcast([rng.bit_generator.state for rng in generators]))


@contextmanager
def file_of_rank_0(path: str | PathLike[str], communicator: Communicator) -> Iterator[Path]:
    """A file that only rank 0 needs to reach, as a path on each rank."""
    if communicator.size == 1:
        yield Path(path)
        return
    content = np.fromfile(path, np.uint8) if communicator.rank == 0 else None
    length = communicator.bcast(None if content is None else len(content))
    content = np.empty(length, np.uint8) if content is None else content
    communicator.Bcast(content)
    if communicator.rank == 0:
        yield Path(path)
        return
    with TemporaryDirectory() as folder:
        file = Path(folder) / Path(path).name
        content.tofile(file)
        yield file


@contextmanager
def ending_all(communicator: Communicator) -> Iterator[None]:
    """Let an error that nobody catches end all ranks: the others would wait for this one for ever.

    It is printed as always, with a note that says on which rank it was.
    """
    try:
        yield
    except BaseException as error:
        if communicator.size > 1:
            error.add_note(f"This was rank {communicator.rank} of {communicator.size}.")
            if isinstance(error, SystemExit):
                _end(communicator, error)
            former = sys.excepthook

            def hook(kind: Any, value: BaseException, trace: Any) -> None:
                former(kind, value, trace)
                _end(communicator, value)

            sys.excepthook = hook
        raise


# Seconds. The launcher reads what ranks print, and drops the rest when it hears of the end: on a
# busy machine the last lines, which say what was wrong.
_TO_BE_READ = 0.2


def _end(communicator: Communicator, error: BaseException) -> None:
    code = error.code if isinstance(error, SystemExit) else 1
    if isinstance(code, str):
        print(code, file=sys.stderr)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    time.sleep(_TO_BE_READ)
    communicator.Abort(code if isinstance(code, int) else int(code is not None))
