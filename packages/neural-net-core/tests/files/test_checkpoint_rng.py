"""Generators in checkpoints: every kind goes on where it was, and no wrong state gets in."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors

from neural_net_core.errors import CheckpointError
from neural_net_core.files._tensor_file import write_file
from neural_net_core.files.checkpoint import load_checkpoint, save_checkpoint
from neural_net_core.files.tensors import load_tensors

BIT_GENERATORS = [
    np.random.PCG64,
    np.random.PCG64DXSM,
    np.random.MT19937,
    np.random.Philox,
    np.random.SFC64,
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.safetensors"


@pytest.mark.parametrize("kind", BIT_GENERATORS)
def test_a_generator_goes_on_where_it_was(path: Path, kind: Callable[[int], Any]) -> None:
    rng = np.random.Generator(kind(1))
    rng.integers(0, 10, 3, dtype=np.uint32)  # leaves half a 64-bit draw in the buffer
    rng.standard_normal(700)
    save_checkpoint(path, rng=rng)
    expected = (rng.integers(0, 2**32, 5, dtype=np.uint32).tolist(), rng.random(700).tolist())
    other = np.random.Generator(kind(2))
    load_checkpoint(path, rng=other)
    assert (other.integers(0, 2**32, 5, dtype=np.uint32).tolist(), other.random(700).tolist()) == (
        expected
    )


def test_several_generators_are_kept_apart_by_name(path: Path) -> None:
    rngs = {"data": np.random.default_rng(1), "dropout": np.random.default_rng(2)}
    save_checkpoint(path, rng=rngs)
    expected = {name: rng.random() for name, rng in rngs.items()}
    load_checkpoint(path, rng=rngs)
    assert {name: rng.random() for name, rng in rngs.items()} == expected


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"bit_generator": "MT19937"}, "holds the state of a MT19937"),
        ({"has_uint32": -1}, "a negative number"),
        ({"has_uint32": "1"}, "holds '1' where the generator has 0"),
        ({"state": {"state": 1}}, r"holds \['state'\]"),
        ({"more": 1}, "holds"),
        ({"state": {"state": 1, "inc": 2**130 + 1}}, "refuses its state"),
        # It would draw zeros for ever, and `integers` would wait for ever for something else.
        ({"state": {"state": 0, "inc": 0}}, "inc = 0, which must be odd"),
        ({"state": {"state": 1, "inc": 2}}, "inc = 2, which must be odd"),
    ],
)
def test_a_generator_state_that_does_not_fit_is_refused(
    path: Path, change: dict[str, Any], cause: str
) -> None:
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    payload = {
        "format_version": 1,
        "library_version": "",
        "metadata": {},
        "parts": {"rng": {"default": {**before, **change}}},
    }
    write_file(path, {}, payload)
    with pytest.raises(CheckpointError, match=cause):
        load_checkpoint(path, rng=rng)
    assert rng.bit_generator.state == before


def test_every_state_that_draws_is_accepted(path: Path) -> None:
    """The least of what keeps each generator from drawing zeros only."""
    pcg, state = np.random.PCG64(0), np.random.PCG64(0).state
    for increment in (1, 3, 9):
        state["state"] = {"state": 0, "inc": increment}
        pcg.state = state
        save_checkpoint(path, rng=np.random.Generator(pcg))
        load_checkpoint(path, rng=(other := np.random.default_rng(0)))
        assert other.bit_generator.state == state
    mersenne = np.random.MT19937(0)
    for place, word in ((0, 2**31), (1, 1), (623, 1)):
        words = mersenne.state
        words["state"]["key"][:] = 0
        words["state"]["key"][place] = word
        mersenne.state = words
        save_checkpoint(path, rng=np.random.Generator(mersenne))
        load_checkpoint(path, rng=(other := np.random.Generator(np.random.MT19937(0))))
        assert other.bit_generator.state["state"]["key"][place] == word


def test_a_position_beyond_a_generators_table_is_refused(path: Path) -> None:
    """NumPy takes such a position and then reads memory that is not the generator's."""
    for kind, place, bad in [
        (np.random.MT19937, ("state", "pos"), 625),
        (np.random.Philox, ("buffer_pos",), 5),
    ]:
        rng = np.random.Generator(kind(0))
        save_checkpoint(path, rng=rng)
        arrays = load_tensors(path)
        with safetensors.safe_open(path, "np") as file:
            payload = json.loads(file.metadata()["neural_net"])["payload"]
        inner = payload["parts"]["rng"]["default"]
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = bad
        write_file(path, arrays, payload)
        with pytest.raises(CheckpointError, match=f"pos = {bad}"):
            load_checkpoint(path, rng=rng)


def test_a_generator_of_another_kind_is_refused(path: Path) -> None:
    save_checkpoint(path, rng=np.random.Generator(np.random.MT19937(0)))
    with pytest.raises(CheckpointError, match="is a PCG64, but"):
        load_checkpoint(path, rng=np.random.default_rng(0))


def test_a_generator_that_would_draw_only_zeros_is_refused(path: Path) -> None:
    """MT19937 with an empty table, but for bits that do not count: `integers(10)` never returns."""
    rng = np.random.Generator(np.random.MT19937(0))
    before = rng.random(3)
    state = np.random.MT19937(0).state
    state["state"]["key"][:] = 0
    state["state"]["key"][0] = 2**31 - 1
    dead = np.random.Generator(np.random.MT19937(0))
    dead.bit_generator.state = state
    save_checkpoint(path, rng=dead)
    rng = np.random.Generator(np.random.MT19937(0))
    with pytest.raises(CheckpointError, match="zeros only"):
        load_checkpoint(path, rng=rng)
    assert np.array_equal(rng.random(3), before)
