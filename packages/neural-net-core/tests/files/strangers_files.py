"""Read thousands of hostile files under Python's audit hook; run by `test_strangers_files`.

The program forges files as somebody would who knows the format: headers and states with names,
numbers and sizes of every impossible kind, their checksums right, and indexes that lead to any
place. Each is read by every reader and into every receiver. The hook sees what Python does
meanwhile: only the file itself may be opened, of an index those beside it that it may name, and
only for reading; nothing may be removed, renamed, started, compiled or imported.

Prints one line of JSON: how many files were read, how many refused, and every offence.
"""

import copy
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from neural_net_core import (
    CheckpointError,
    Dense,
    Sequential,
    load_checkpoint,
    load_tensor_shapes,
    load_tensors,
    save_checkpoint,
)
from neural_net_core.files._tensor_file import METADATA_KEY, NAMES, RANKS, _checksum, _header

COUNT = 800
VALID, FILE, INDEX = Path("valid.safetensors"), Path("file.safetensors"), Path("model.index.json")
DEEP: Any = 1
for _ in range(150):
    DEEP = [DEEP]

HOSTILE: list[Any] = [
    None, True, -1, 0, 2**31, 2**63, 2**64, 2**128, -(2**200), 1.5, 1e308, "", "text", "\0",
    "../x", "/etc/passwd", "~/.ssh/id_rsa", "__class__", "__reduce__", "os.system", "\ud800",
    [], {}, [[]], {"a": {}}, DEEP, {"$tensor": "model.0.weight"}, {"$tensor": "../x"},
    {"$tensor": 3}, {"$tuple": []}, {"$tuple": {}}, {"$dict": [[1, 2], [1, 3]]},
    {"$dict": [[[], 1]]}, {"$scalar": ["float32", 1e300]}, {"$scalar": ["int8", 2**70]},
    {"$scalar": ["O", 1]}, {"$float": "nan"}, {"$float": "__import__('os')"}, {"$eval": "1"},
    {"$": {}}, {"__class__": "x"},
]  # fmt: skip
PLACES = [
    "../outside.safetensors", "/etc/passwd", "/etc/x.safetensors", "sub/x.safetensors", "..", ".",
    "./valid.safetensors", "..\\outside.safetensors", "C:x.safetensors", "valid.safetensors\0",
    "\0.safetensors", "n" * 5000 + ".safetensors", "model.bin", "model.safetensors.index.json",
    "file:///etc/passwd.safetensors", "\ud800.safetensors", "missing.safetensors", "~.safetensors",
]  # fmt: skip
LITERALS = [
    "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 5000, "0" * 30, "1_0", "0x10", "'a'",
    "undefined", "[" * 3000, '{"a":1,"a":2}', "\\", '"\\ud800"', "true", "\x00",
]  # fmt: skip


class Keeper:
    """Takes any state and keeps it."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {"value": 1}

    def state_dict(self) -> dict[str, Any]:
        return self.state

    def load_state_dict(self, state: Any) -> None:
        self.state = state


def network() -> Sequential:
    return Sequential(Dense(2, 3, rng=np.random.default_rng(0)), Dense(3, 1))


def valid() -> tuple[dict[str, Any], dict[str, Any]]:
    """The arrays and the payload of a checkpoint with a state of every kind."""
    state = {
        "state": {0: {"step": 3, "m": np.ones((3, 2))}, (1, "a"): [np.float32(0.1), None, True]},
        "betas": (0.9, 0.999),
        "bounds": [float("inf"), -0.0, 2**100],
    }
    path = VALID
    save_checkpoint(
        path,
        model=network(),
        optimizer=state,
        scheduler={"last_step": 3, "lrs": [0.1]},
        rng={"a": np.random.default_rng(1), "b": np.random.Generator(np.random.MT19937(2))},
        extra={"keeper": state, "dict": {"x": 1}, "text": "t"},
        metadata={"step": 3, "nested": {"a": [1, "b"]}},
    )
    raw = path.read_bytes()
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    return load_tensors(path), json.loads(header["__metadata__"][METADATA_KEY])["payload"]


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs: Any = ()
    if isinstance(tree, dict):
        pairs = tree.items()
    elif isinstance(tree, list):
        pairs = enumerate(tree)
    return [path] * bool(path) + [p for k, v in pairs for p in places(v, (*path, k))]


def mutated(tree: Any, rng: np.random.Generator, words: list[Any] = HOSTILE) -> Any:
    """A copy of a tree with one to three nodes replaced, renamed, removed or doubled."""
    tree = copy.deepcopy(tree)
    for _ in range(rng.integers(1, 4)):
        ways = places(tree)
        if not ways:
            return tree
        *above, key = ways[rng.integers(len(ways))]
        node = tree
        for step in above:
            node = node[step]
        hostile = copy.deepcopy(words[rng.integers(len(words))])
        action = rng.integers(5)
        if action == 0:
            del node[key]
        elif action == 1 and isinstance(node, dict):
            node[hostile if isinstance(hostile, str) else str(hostile)[:50]] = node.pop(key)
        elif action == 2 and isinstance(node, list):
            node.insert(key, copy.deepcopy(node[key]))
        else:
            node[key] = hostile
    return tree


def forged(arrays: dict[str, Any], payload: Any, rng: np.random.Generator) -> bytes:
    """A file with a right checksum around a mutated payload, or with a mutated header."""
    arrays = dict(arrays)
    kind = rng.integers(4)
    if kind < 3:
        payload = mutated(payload, rng)
    text = json.dumps(payload)
    if kind == 2:  # a literal that Python's own writer would not write
        literal = LITERALS[rng.integers(len(LITERALS))]
        numbers = [i for i, letter in enumerate(text) if letter.isdigit() or letter == '"']
        at = numbers[rng.integers(len(numbers))]
        signed = f'{{"checksum": "sha256:", "payload": {text[:at]}{literal}{text[at + 1 :]}}}'
    else:
        rows = ((k, NAMES[a.dtype.str], a.shape, a) for k, a in arrays.items())
        try:
            signed = json.dumps({"checksum": _checksum(text, rows), "payload": payload})
        except UnicodeEncodeError:
            signed = text
    ranked = sorted(arrays.items(), key=lambda item: (RANKS[item[1].dtype.str], item[0]))
    header = _header(ranked, {METADATA_KEY: signed})
    if kind == 3:
        table = mutated(json.loads(header), rng)
        header = json.dumps(table).encode()
        if rng.integers(4) == 0:
            literal = LITERALS[rng.integers(len(LITERALS))].encode()
            at = int(rng.integers(1, len(header)))
            header = header[:at] + literal + header[at + 1 :]
    data = b"".join(a.tobytes() for _, a in ranked)
    length = len(header) if rng.integers(20) else int(rng.integers(2**62))
    return length.to_bytes(8, "little") + header + data


def forged_index(names: list[str], rng: np.random.Generator) -> bytes:
    """An index of the good file or of the forged one, mutated as a tree or as a text."""
    shards = (VALID.name, FILE.name)
    weight_map = {name: shards[int(rng.integers(8) == 0)] for name in names}
    index = {"metadata": {"total_size": 100}, "weight_map": weight_map}
    text = json.dumps(mutated(index, rng, HOSTILE + 2 * PLACES) if rng.integers(4) else index)
    if rng.integers(8) == 0:
        literal, at = LITERALS[rng.integers(len(LITERALS))], int(rng.integers(len(text)))
        text = text[:at] + literal + text[at + 1 :]
    return text.encode()


class Receivers:
    """Everything that a checkpoint can be loaded into."""

    def __init__(self) -> None:
        self.model, self.optimizer, self.scheduler = network(), Keeper(), Keeper()
        self.rng = {"a": np.random.default_rng(5), "b": np.random.Generator(np.random.MT19937(6))}
        self.keeper, self.dict = Keeper(), {"y": 2}

    def load(self, path: Path) -> None:
        load_checkpoint(
            path,
            model=self.model,
            optimizer=self.optimizer,
            scheduler=self.scheduler,
            rng=self.rng,
            extra={"keeper": self.keeper, "dict": self.dict},
        )

    def state(self) -> str:
        generators = [generator.bit_generator.state for generator in self.rng.values()]
        keepers = [self.optimizer.state, self.scheduler.state, self.keeper.state, self.dict]
        return repr([self.model.state_dict(), generators, keepers])


def main(seed: int, plant: bool) -> None:
    offences: list[str] = []
    watching: set[str] = set()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if not watching or event.startswith(("object.", "sys._getframe", "builtins.id")):
            return
        if event != "open" or arguments[0] not in watching or str(arguments[1]).strip("rb"):
            offences.append(f"{event} {arguments!r:.200}")

    arrays, payload = valid()
    counts = {"refused": 0, "loaded": 0}
    rng = np.random.default_rng(seed)
    sys.addaudithook(hook)
    for number in range(-1, 1 if plant else COUNT):
        FILE.write_bytes(VALID.read_bytes() if number < 0 else forged(arrays, payload, rng))
        INDEX.write_bytes(forged_index(list(arrays), rng))
        receivers = Receivers()
        before = receivers.state()
        readings: list[tuple[Any, Path]] = [(load_tensors, INDEX), (load_tensor_shapes, INDEX)]
        readings += [(read, FILE) for read in (load_tensors, load_checkpoint, receivers.load)]
        for read, path in readings:
            # The first, a good file, is read to import what that takes.
            allowed = {str(FILE)} if path == FILE else {str(INDEX), str(VALID), str(FILE)}
            watching = allowed if number >= 0 else set()
            try:
                if plant and watching:
                    Path("planted").write_bytes(b"")
                read(path)
                outcome = "loaded"
            except CheckpointError as error:
                outcome = "refused"
                if str(path) not in str(error) or len(str(error)) > 2_000:
                    offences.append(f"an error of {len(str(error))} letters: {error!s:.100}")
            except BaseException as error:
                outcome = "foreign"
                offences.append(f"a foreign error {error!r:.200}")
            watching = set()
            key = outcome if path == FILE else f"{outcome} index"
            counts[key] = counts.get(key, 0) + 1
            if outcome != "loaded" and receivers.state() != before:
                offences.append("half-changed")
    print(json.dumps({**counts, "offences": offences[:20]}))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:] == ["plant"])
