"""Save a model, its optimizer and everything that training needs to go on, and load it again.

A checkpoint is one `.safetensors` file: arrays under `model.`, `optimizer.`, `scheduler.`, `rng.`
and `extra.`, and JSON for the rest. It holds data only, nothing that could run as code. It is
written whole or not at all (`_tensor_file`), keeps every type and every bit (`_state_tree`), and
loading it changes everything that it was asked to change or nothing.
"""

import copy
import functools
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from neural_net_core.checks import shown
from neural_net_core.dtypes import Array
from neural_net_core.errors import CheckpointError, NeuralNetError
from neural_net_core.files._state_tree import flatten_state, unflatten_state
from neural_net_core.files._tensor_file import PathLike, read_file, write_file

__all__ = [
    "Checkpoint",
    "Stateful",
    "load_checkpoint",
    "save_checkpoint",
]

FORMAT_VERSION = 1
PARTS = ("model", "optimizer", "scheduler", "rng", "extra")

Generators = np.random.Generator | Mapping[str, np.random.Generator]


@runtime_checkable
class Stateful(Protocol):
    """Anything whose state can be read and put back: a module, an optimizer, a data loader."""

    def state_dict(self) -> Mapping[str, Any]:
        """Return the state: nested dicts, lists and tuples of numbers, strings and arrays."""
        ...

    def load_state_dict(self, state: Any, /) -> Any:
        """Put back a state that `state_dict` returned."""
        ...


# What a state is loaded into.
Receiver = Stateful | MutableMapping[str, Any]


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint file holds; a part that was not saved is None.

    Attributes:
        model: Parameter and buffer names to arrays.
        optimizer: The optimizer's state dict.
        scheduler: The scheduler's state dict.
        rng: Generator names to the states of their bit generators; one saved without a name is
            called `"default"`.
        extra: Names to further states.
        metadata: The user's own record, such as step, epoch and loss.
        library_version: The version of neural-net-core that wrote the file.
        format_version: The version of the file's layout.
    """

    model: dict[str, Array] | None = field(default=None, repr=False)
    optimizer: dict[str, Any] | None = field(default=None, repr=False)
    scheduler: dict[str, Any] | None = field(default=None, repr=False)
    rng: dict[str, Any] | None = field(default=None, repr=False)
    extra: dict[str, Any] | None = field(default=None, repr=False)
    metadata: dict[str, Any] = field(default_factory=dict)
    library_version: str = ""
    format_version: int = FORMAT_VERSION


def save_checkpoint(
    path: PathLike,
    *,
    model: Stateful | Mapping[str, Any] | None = None,
    optimizer: Stateful | Mapping[str, Any] | None = None,
    scheduler: Stateful | Mapping[str, Any] | None = None,
    rng: Generators | None = None,
    extra: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Save the state of training as one file, whole or not at all.

    A process killed in mid-save leaves the old file as it was (and a hidden temporary file beside
    it, which the next save under this name removes). The same state gives the same bytes.

    Args:
        path: The file, by custom with the ending `.safetensors`.
        model: A module, or a dict of names to arrays.
        optimizer: Anything with `state_dict()`, or a dict.
        scheduler: Likewise.
        rng: A generator, or a dict of named ones; their states are saved. Save every generator
            that training draws from (`default_rng()` too) to resume bit-identically.
        extra: Names to further objects with `state_dict()` or states: a data loader, averages.
        metadata: Your record of the run, such as `{"step": 300, "epoch": 2, "loss": 0.25}`;
            nested dicts, lists, numbers and strings come back with values and types unchanged.

    Raises:
        CheckpointError: If a state holds something that is neither an array nor plain data; the
            message names it.
        OSError: If the file cannot be written.

    Examples:
        >>> import tempfile
        >>> path = tempfile.mkdtemp() + "/run.safetensors"
        >>> rng = np.random.default_rng(0)
        >>> save_checkpoint(path, model={"w": np.ones(2)}, rng=rng, metadata={"step": 3})
        >>> first = rng.random()
        >>> load_checkpoint(path, rng=rng)
        Checkpoint(metadata={'step': 3}, library_version='...', format_version=1)
        >>> rng.random() == first
        True
    """
    for name, given in (("extra", extra), ("metadata", metadata)):
        if not isinstance(given, Mapping | None):
            raise ValueError(f"save_checkpoint: {name} must be a dict, got {type(given).__name__}")
    states = {
        "model": _state_of(model, "model"),
        "optimizer": _state_of(optimizer, "optimizer"),
        "scheduler": _state_of(scheduler, "scheduler"),
        "rng": None if rng is None else {k: g.bit_generator.state for k, g in _named(rng).items()},
        "extra": None if extra is None else {k: _state(v) for k, v in extra.items()},
    }
    tensors: dict[str, Array] = {}
    payload = {
        "format_version": FORMAT_VERSION,
        "library_version": _library_version(),
        "metadata": flatten_state(dict(metadata or {}), "metadata", tensors),
        "parts": {
            name: flatten_state(state, name, tensors)
            for name, state in states.items()
            if state is not None
        },
    }
    write_file(path, tensors, payload)


def load_checkpoint(
    path: PathLike,
    *,
    model: Stateful | None = None,
    optimizer: Stateful | None = None,
    scheduler: Stateful | None = None,
    rng: Generators | None = None,
    extra: Mapping[str, Receiver] | None = None,
) -> Checkpoint:
    """Load a checkpoint, and put its states into the objects that are given: into all or none.

    Args:
        path: A file that `save_checkpoint` wrote.
        model: A module that receives the parameters and buffers.
        optimizer: Receives the optimizer's state.
        scheduler: Receives the scheduler's state.
        rng: A generator or a dict of named ones, of the kinds and names that were saved.
        extra: Names to what receives the further states: objects, or dicts, whose content is
            replaced. What is neither (a list, a number) is found in the returned `extra`.

    Returns:
        Everything that the file holds, whether or not an object received it.

    Raises:
        CheckpointError: If the file is truncated, altered or not a checkpoint, lacks a part that
            is asked for, or an object refuses its state. Nothing is changed then: objects that
            were already loaded get their former state back.
        OSError: If the file cannot be opened, such as `FileNotFoundError`.

    Examples:
        >>> import tempfile
        >>> path = tempfile.mkdtemp() + "/run.safetensors"
        >>> counts = {"steps": 3}
        >>> save_checkpoint(path, extra={"counts": counts})
        >>> counts["steps"] = 5
        >>> _ = load_checkpoint(path, extra={"counts": counts})
        >>> counts
        {'steps': 3}
    """
    given: Any = extra  # asked of callers without a type checker
    if not isinstance(given, Mapping | None):
        raise ValueError(f"load_checkpoint: extra must be a dict, got {shown(given)}")
    checkpoint = _read_checkpoint(path)
    receivers: list[_Receiving] = []
    for name, target in (("model", model), ("optimizer", optimizer), ("scheduler", scheduler)):
        if target is not None:
            receivers.append(_receiving(path, name, target, getattr(checkpoint, name)))
    for name, generator in _named(rng).items():
        state = (checkpoint.rng or {}).get(name)
        receivers.append(_generator(path, f"rng {name!r}", generator, state))
    for name, further in (extra or {}).items():
        state = (checkpoint.extra or {}).get(name)
        receivers.append(_receiving(path, f"extra {name!r}", further, state, dicts=True))
    _receive(path, receivers)
    return checkpoint


class _Receiving(NamedTuple):
    """An object that a state is loaded into."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], Any]
    state: Any


def _receive(path: PathLike, receivers: list[_Receiving]) -> None:
    """Give every receiver its state; if one refuses, give all their former states back."""
    former: list[tuple[_Receiving, Any]] = []
    name = ""
    try:
        for receiver in receivers:
            name = receiver.name
            # Copies, because a state dict may share arrays with the object.
            former.append((receiver, copy.deepcopy(receiver.read())))
            receiver.write(copy.deepcopy(receiver.state))
    except BaseException as error:
        for changed, state in reversed(former):
            try:
                changed.write(state)
            except Exception as failure:  # one that refuses even its own must not stop the others
                error.add_note(f"the {changed.name} refuses its former state, too: {failure!r}")
        if isinstance(error, Exception):
            cause = str(error) if isinstance(error, NeuralNetError) else repr(error)
            raise CheckpointError(f"{path}: the {name} refuses its state: {cause}") from error
        raise


def _receiving(
    path: PathLike, name: str, target: Any, state: Any, *, dicts: bool = False
) -> _Receiving:
    """Return how an object, or where that is meant a dict, receives a state."""
    read: Callable[[], Any]
    write: Callable[[Any], Any]
    if isinstance(target, Stateful):
        read, write = target.state_dict, target.load_state_dict
    elif dicts and isinstance(target, MutableMapping):
        read, write = functools.partial(dict, target), functools.partial(_refill, target)
    else:
        raise ValueError(
            f"load_checkpoint: {name} must {'be a dict or ' if dicts else ''}have state_dict() "
            f"and load_state_dict(), got {type(target).__name__}"
        )
    if state is None:
        raise CheckpointError(f"{path}: holds no state for the {name}")
    return _Receiving(name, read, write, state)


def _refill(target: MutableMapping[Any, Any], state: Any) -> None:
    """Replace the content of a dict."""
    if not isinstance(state, Mapping):
        raise CheckpointError(f"a dict was given, and the file holds a {type(state).__name__}")
    target.clear()
    target.update(state)


def _generator(path: PathLike, name: str, generator: np.random.Generator, state: Any) -> _Receiving:
    if state is None:
        raise CheckpointError(f"{path}: holds no state for the {name}")
    bits = generator.bit_generator

    def write(state: Any) -> None:
        bits.state = state

    receiver = _Receiving(name, lambda: bits.state, write, state)
    problem = _unlike(state, bits.state)
    if problem:
        raise CheckpointError(f"{path}: the {name} is a {type(bits).__name__}, but {problem}")
    return receiver


def _unlike(state: Any, own: Any) -> str:
    """Say how a state differs in form from a generator's own, or nothing.

    NumPy's compiled generators take some values unchecked: they would read past their tables, or
    draw nothing but zeros, in which case drawing an integer never ends.
    """
    if type(state) is not type(own):
        return f"the file holds {state!r:.40} where the generator has {own!r:.40}"
    if isinstance(own, str) and state != own:
        return f"the file holds the state of a {state:.40}"
    if isinstance(own, np.ndarray) and (state.shape, state.dtype) != (own.shape, own.dtype):
        return f"the file holds an array of {state.dtype}{state.shape}"
    if isinstance(own, int) and state < 0:
        return "the file holds a negative number"
    if isinstance(own, dict):
        if state.keys() != own.keys():
            return f"the file holds {list(state)!r:.80}"
        # The positions in the tables of MT19937 (624 words) and Philox (4 words).
        for key, limit in (("pos", 624), ("buffer_pos", 4)):
            if key in state and not (type(state[key]) is int and state[key] <= limit):
                return f"the file holds {key} = {state[key]!r:.40}"
        problem = next(filter(None, (_unlike(state[key], own[key]) for key in own)), "")
        return problem or _stuck(state)
    return ""


def _stuck(state: dict[str, Any]) -> str:
    """Say whether a generator would draw zeros only, of a state that has its generator's form."""
    if "inc" in state and state["inc"] % 2 == 0:  # PCG64: its period is whole for odd ones only
        return f"the file holds inc = {state['inc']}, which must be odd"
    # MT19937: of the first word, the highest bit counts.
    if "pos" in state and not (state["key"][1:].any() or state["key"][0] >> 31):
        return "the file holds zeros only"
    return ""


def _named(rng: Generators | None) -> Mapping[str, np.random.Generator]:
    named = {} if rng is None else {"default": rng} if not isinstance(rng, Mapping) else rng
    for name, generator in named.items():
        if not isinstance(generator, np.random.Generator):
            raise ValueError(
                f"rng {name!r}: expected a np.random.Generator, got {type(generator).__name__}"
            )
    return named


def _state(part: Any) -> Any:
    return part.state_dict() if hasattr(part, "state_dict") else part


def _state_of(part: Any, name: str) -> Any:
    state = _state(part)
    if state is None or isinstance(state, Mapping):
        return state
    raise ValueError(
        f"save_checkpoint: {name} must be a dict or have state_dict(), got {type(part).__name__}"
    )


def _library_version() -> str:
    from importlib import metadata  # takes 10 ms, which a program that saves nothing is spared

    try:
        return metadata.version("neural-net-core")
    except metadata.PackageNotFoundError:
        return "unknown"


def _read_checkpoint(path: PathLike) -> Checkpoint:
    """Read the file and put every part together."""
    tensors, payload = read_file(path)
    if not payload or "format_version" not in payload:
        raise CheckpointError(
            f"{path}: not a checkpoint of this library; load_tensors() reads plain arrays"
        )
    version = payload["format_version"]
    if version != FORMAT_VERSION:
        raise CheckpointError(
            f"{path}: has format version {version!r:.40}, this library reads {FORMAT_VERSION}; "
            f"it was written by version {payload.get('library_version')!r:.40}"
        )
    try:
        parts = payload["parts"]
        if not parts.keys() <= set(PARTS):
            raise CheckpointError(f"unknown parts {sorted(parts)!r:.80}")
        states = {name: unflatten_state(tree, tensors) for name, tree in parts.items()}
        metadata = unflatten_state(payload["metadata"], tensors)
        if not all(isinstance(state, dict) for state in (metadata, *states.values())):
            raise CheckpointError("a part that is no dict")
        if tensors:
            raise CheckpointError(f"arrays that belong to no part: {sorted(tensors)!r:.80}")
        return Checkpoint(
            **states, metadata=metadata, library_version=str(payload["library_version"])
        )
    except (CheckpointError, AttributeError, KeyError, RecursionError) as error:
        raise CheckpointError(f"{path}: not a well-formed checkpoint: {error}") from error
