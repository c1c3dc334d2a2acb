"""Checkpoints: everything that training needs comes back, into every object or into none."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from neural_net_core.errors import CheckpointError, NeuralNetError
from neural_net_core.files._tensor_file import write_file
from neural_net_core.files.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from neural_net_core.files.tensors import load_tensors, save_tensors
from neural_net_core.modules.module import Module
from neural_net_core.tensor import Buffer, Parameter


class Net(Module):
    """Two parameters, one of them tied, and a buffer."""

    def __init__(self, fill: float = 0.0) -> None:
        self.weight = Parameter(np.full((2, 3), fill, np.float32))
        self.bias = Parameter(np.full(2, fill, np.float64), dtype=np.float64)
        self.head = self.weight
        self.steps = Buffer(np.array(0, np.int64))


class Counter:
    """A stand-in for an optimizer or scheduler: its state dict shares memory with it."""

    def __init__(self, value: float = 0.0) -> None:
        self.state: dict[str, Any] = {"value": value, "m": {0: np.full(2, value)}}
        self.refuse: Exception | None = None

    def state_dict(self) -> dict[str, Any]:
        return self.state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        # Changes something before it refuses, as a careless object would.
        self.state["m"][0][:] = state["m"][0]
        if self.refuse:
            error, self.refuse = self.refuse, None
            raise error
        self.state["value"] = state["value"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.safetensors"


def test_a_model_comes_back_bit_for_bit(path: Path) -> None:
    saved, fresh = Net(1 / 3), Net()
    saved.steps.data[...] = 2**60 + 1
    tied = fresh.head
    save_checkpoint(path, model=saved)
    checkpoint = load_checkpoint(path, model=fresh)
    for name, array in saved.state_dict().items():
        for other in (fresh.state_dict()[name], checkpoint.model[name]):  # type: ignore[index]
            assert (other.dtype, other.tobytes()) == (array.dtype, array.tobytes())
    assert list(checkpoint.model or ()) == ["weight", "bias", "head", "steps"]
    assert fresh.head is tied is fresh.weight


def test_all_parts_come_back_with_their_types(path: Path) -> None:
    optimizer = {
        "state": {0: {"step": 7, "m": np.arange(3, dtype=np.float32)}, 1: {}},
        "param_groups": [
            {"params": [0, 1], "lr": 0.1 + 0.2, "betas": (0.9, 0.999), "name": None, "on": True}
        ],
    }
    scheduler = {"last": np.float64(1e-300), "best": float("inf")}
    extra = {"loader": {"order": np.arange(5)}, "note": "text", "counter": Counter(2)}
    save_checkpoint(path, optimizer=optimizer, scheduler=scheduler, extra=extra)
    checkpoint = load_checkpoint(path)
    assert checkpoint.model is None
    assert checkpoint.rng is None
    assert checkpoint.optimizer is not None
    assert checkpoint.optimizer["param_groups"] == optimizer["param_groups"]
    assert type(checkpoint.optimizer["param_groups"][0]["betas"]) is tuple
    assert checkpoint.optimizer["state"][0]["step"] == 7
    assert checkpoint.optimizer["state"][0]["m"].dtype == np.float32
    assert checkpoint.optimizer["state"][1] == {}
    assert checkpoint.scheduler == scheduler
    assert type(checkpoint.scheduler["last"]) is np.float64
    assert checkpoint.extra is not None
    assert checkpoint.extra["loader"]["order"].tolist() == [0, 1, 2, 3, 4]
    assert checkpoint.extra["note"] == "text"
    assert checkpoint.extra["counter"]["value"] == 2


def test_the_arrays_stand_under_their_parts_for_any_reader(path: Path) -> None:
    save_checkpoint(
        path,
        model=Net(),
        optimizer=Counter(),
        scheduler={"m": np.ones(1)},
        rng=np.random.Generator(np.random.MT19937(0)),
        extra={"ema": {"w": np.ones(1)}},
        metadata={"step": 3},
    )
    assert set(safetensors.numpy.load_file(path)) == {
        "model.weight",
        "model.bias",
        "model.head",
        "model.steps",
        "optimizer.m.0",
        "scheduler.m",
        "rng.default.state.key",
        "extra.ema.w",
    }
    with safetensors.safe_open(path, "np") as file:
        payload = json.loads(file.metadata()["neural_net"])["payload"]
    assert payload["metadata"] == {"step": 3}
    assert payload["format_version"] == 1
    assert payload["library_version"] == load_checkpoint(path).library_version != ""


def test_the_users_record_comes_back_unchanged(path: Path) -> None:
    metadata = {
        "step": 300,
        "epoch": 2,
        "loss": 0.1,
        "worst": float("-inf"),
        "tiny": 5e-324,
        "seed": 2**127 + 1,
        "accuracy": np.float32(0.97),
        "history": [(1, 0.5), (2, 0.25)],
        "name": 'ünï"code\n',
        "confusion": np.eye(2),
    }
    save_checkpoint(path, metadata=metadata)
    loaded = load_checkpoint(path).metadata
    assert loaded.pop("confusion").tolist() == metadata.pop("confusion").tolist()
    assert loaded == metadata
    assert [type(v) for v in loaded.values()] == [type(v) for v in metadata.values()]


REFUSALS = [RuntimeError("no"), KeyError("m"), KeyboardInterrupt()]


@pytest.mark.parametrize("error", REFUSALS, ids=repr)
@pytest.mark.parametrize("refusing", ["optimizer", "scheduler", "extra"])
def test_when_one_part_is_refused_nothing_has_changed(
    path: Path, error: BaseException, refusing: str
) -> None:
    rng = np.random.default_rng(0)
    save_checkpoint(
        path,
        model=Net(1),
        optimizer=Counter(1),
        scheduler=Counter(2),
        rng=rng,
        extra={"ema": Counter(3)},
    )
    rng.random()
    model, counters = Net(5), {n: Counter(5) for n in ("optimizer", "scheduler", "extra")}
    counters[refusing].refuse = error  # type: ignore[assignment]
    before = rng.bit_generator.state
    expected = CheckpointError if isinstance(error, Exception) else KeyboardInterrupt
    with pytest.raises(expected) as caught:
        load_checkpoint(
            path,
            model=model,
            optimizer=counters["optimizer"],
            scheduler=counters["scheduler"],
            rng=rng,
            extra={"ema": counters["extra"]},
        )
    if expected is CheckpointError:
        assert f"the {refusing}" in str(caught.value)
        assert repr(error) in str(caught.value)
    assert rng.bit_generator.state == before
    assert all((a == 5).all() for k, a in model.state_dict().items() if k != "steps")
    for counter in counters.values():
        assert counter.state["value"] == 5
        assert counter.state["m"][0].tolist() == [5, 5]


def test_a_part_that_refuses_even_its_former_state_stops_no_other(path: Path) -> None:
    class Never(Counter):
        def load_state_dict(self, state: Any) -> None:
            raise RuntimeError("never")

    save_checkpoint(path, model=Net(1), optimizer=Counter(1), extra={"ema": Counter(3)})
    model, optimizer = Net(5), Counter(5)
    with pytest.raises(CheckpointError, match="refuses its state: RuntimeError") as caught:
        load_checkpoint(path, model=model, optimizer=optimizer, extra={"ema": Never(5)})
    assert "refuses its former state, too" in caught.value.__cause__.__notes__[0]  # type: ignore[union-attr]
    assert all((a == 5).all() for k, a in model.state_dict().items() if k != "steps")
    assert optimizer.state["value"] == 5


def test_a_model_of_another_shape_is_refused_by_every_wrong_key(path: Path) -> None:
    class Other(Module):
        def __init__(self) -> None:
            self.weight = Parameter(np.zeros((3, 3)))
            self.gain = Parameter(np.zeros(3))

    save_checkpoint(path, model=Net(1), optimizer=Counter(1))
    other, counter = Other(), Counter(5)
    with pytest.raises(CheckpointError, match="the model refuses its state") as caught:
        load_checkpoint(path, model=other, optimizer=counter)
    for words in (
        str(path),
        "weight: expected shape (3, 3), got (2, 3)",
        "missing gain",
        "bias",
    ):
        assert words in str(caught.value)
    assert isinstance(caught.value.__cause__, NeuralNetError)
    assert (other.weight.data == 0).all()
    assert counter.state["value"] == 5


def test_what_was_loaded_shares_no_memory_with_the_returned_states(path: Path) -> None:
    class Keeps(Counter):
        def load_state_dict(self, state: dict[str, Any]) -> None:
            self.state = state

    save_checkpoint(path, optimizer=Counter(1))
    keeps = Keeps()
    checkpoint = load_checkpoint(path, optimizer=keeps)
    keeps.state["m"][0][:] = 9
    assert checkpoint.optimizer is not None
    assert checkpoint.optimizer["m"][0].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("asked", "cause"),
    [
        ({"model": Net()}, "holds no state for the model"),
        ({"optimizer": Counter()}, "holds no state for the optimizer"),
        ({"scheduler": Counter()}, "holds no state for the scheduler"),
        ({"extra": {"ema": Counter()}}, "holds no state for the extra 'ema'"),
        ({"rng": {"data": np.random.default_rng()}}, "holds no state for the rng 'data'"),
    ],
)
def test_a_part_that_was_not_saved_is_missed(path: Path, asked: Any, cause: str) -> None:
    save_checkpoint(path, rng=np.random.default_rng(0), extra={"other": {}}, metadata={"step": 1})
    with pytest.raises(CheckpointError, match=cause):
        load_checkpoint(path, **asked)


def test_what_was_saved_from_a_dict_is_loaded_into_a_dict(path: Path) -> None:
    saved = {"steps": 3, "seen": np.arange(3), "deep": {"a": (1, None)}}
    save_checkpoint(path, extra={"counts": saved, "counter": Counter(7), "note": "text"})
    counts, counter = {"steps": 5, "old": True}, Counter(1)
    loaded = load_checkpoint(path, extra={"counts": counts, "counter": counter})
    assert list(counts) == ["steps", "seen", "deep"]
    assert counts["steps"] == 3
    assert counts["deep"] == {"a": (1, None)}
    assert np.array_equal(counts["seen"], saved["seen"])  # type: ignore[arg-type]
    assert counter.state["value"] == 7
    assert loaded.extra is not None
    assert not np.shares_memory(counts["seen"], loaded.extra["counts"]["seen"])
    # A state of an object fits a dict as well: both hold the same.
    copy_of_it: dict[str, Any] = {}
    load_checkpoint(path, extra={"counter": copy_of_it})
    assert copy_of_it["value"] == 7


def test_a_dict_gets_its_former_content_back_if_another_part_refuses(path: Path) -> None:
    save_checkpoint(path, extra={"a": {"x": 1}, "b": Counter(3), "c": "text"})
    for name, refusing in (("b", Refuses()), ("c", {"y": 9})):
        first: dict[str, Any] = {"old": [1]}
        with pytest.raises(CheckpointError, match=f"the extra '{name}' refuses its state"):
            load_checkpoint(path, extra={"a": first, name: refusing})
        assert first == {"old": [1]}
        assert refusing == {"y": 9} or isinstance(refusing, Refuses)
    with pytest.raises(ValueError, match="extra 'c' must be a dict or have state_dict"):
        load_checkpoint(path, extra={"c": ["list"]})  # type: ignore[dict-item]


class Refuses(Counter):
    """Takes half of a state and then refuses; only its own former states are good enough."""

    def __init__(self) -> None:
        super().__init__(5)

    def load_state_dict(self, state: Any) -> None:
        super().load_state_dict(state)
        if state["value"] != 5:
            raise RuntimeError("half-way")


class Stubborn(Refuses):
    """Refuses every state, also the one that it had."""

    def load_state_dict(self, state: Any) -> None:
        self.state["value"] = -1
        raise RuntimeError("never")


ORDERS = list(itertools.permutations(["model", "optimizer", "scheduler", "b"]))


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
@pytest.mark.parametrize("refusing", ["model", "optimizer", "scheduler", "a", "b"])
def test_whichever_part_refuses_all_are_as_before(
    path: Path, order: tuple[str, ...], refusing: str
) -> None:
    """In every order of the arguments, with generators and dicts among them."""
    parts = ("model", "optimizer", "scheduler")
    rng = np.random.default_rng(0)
    extra = {"a": Counter(3), "b": Counter(3), "dict": {"x": 1}}
    save_checkpoint(path, **{name: Counter(3) for name in parts}, rng=rng, extra=extra)
    made = {name: Refuses() if name == refusing else Counter(5) for name in (*parts, "a", "b")}
    bits, a_dict = np.random.default_rng(9), {"x": 5}
    before = bits.bit_generator.state
    further = {"dict": a_dict, **{n: made[n] for n in ("b", "a")[:: 1 if order[0] < "m" else -1]}}
    asked = {name: made[name] for name in order if name in parts}
    with pytest.raises(CheckpointError, match="refuses its state"):
        load_checkpoint(path, **asked, rng=bits, extra=further)
    assert {name: counter.state["value"] for name, counter in made.items()} == dict.fromkeys(
        made, 5
    )
    assert bits.bit_generator.state == before
    assert a_dict == {"x": 5}


def test_a_part_that_does_not_even_take_its_own_state_keeps_none_of_the_others(path: Path) -> None:
    save_checkpoint(path, model=Counter(3), optimizer=Counter(3), scheduler=Counter(3))
    model, scheduler = Counter(5), Counter(5)
    with pytest.raises(CheckpointError, match="the optimizer refuses") as caught:
        load_checkpoint(path, model=model, optimizer=Stubborn(), scheduler=scheduler)
    assert model.state["value"] == scheduler.state["value"] == 5
    assert "the optimizer refuses its former state" in caught.value.__cause__.__notes__[0]  # type: ignore[union-attr]


@pytest.mark.parametrize("wrong", [3, "text", [("a", 1)], False, np.ones(2), np.ones(0)])
def test_objects_for_extra_states_come_in_a_dict(path: Path, wrong: Any) -> None:
    save_checkpoint(path, extra={"a": {"x": 1}})
    with pytest.raises(ValueError, match="load_checkpoint: extra must be a dict, got"):
        load_checkpoint(path, extra=wrong)


def test_wrong_arguments_are_errors_of_the_caller(path: Path) -> None:
    for wrong in (3, [("a", 1)], "text"):
        with pytest.raises(ValueError, match="extra must be a dict, got"):
            save_checkpoint(path, extra=wrong)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="metadata must be a dict, got"):
            save_checkpoint(path, metadata=wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="model must be a dict or have state_dict"):
        save_checkpoint(path, model=3)  # type: ignore[arg-type]
    with pytest.raises(
        ValueError, match=r"rng 'default': expected a np\.random\.Generator, got int"
    ):
        save_checkpoint(path, rng=3)  # type: ignore[arg-type]
    assert not path.exists()
    save_checkpoint(path, model={"w": np.ones(1)})
    with pytest.raises(ValueError, match="model must have state_dict"):
        load_checkpoint(path, model={"w": np.ones(1)})  # type: ignore[arg-type]


def test_what_cannot_be_saved_is_named_and_nothing_is_written(path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"cannot save optimizer\.hook: .* got builtins\.set"):
        save_checkpoint(path, optimizer={"hook": {1}})
    assert list(path.parent.iterdir()) == []


def test_a_file_of_plain_arrays_is_no_checkpoint_but_loads_as_such(path: Path) -> None:
    for save in (save_tensors, lambda p, t: safetensors.numpy.save_file(t, p)):
        save(path, {"weight": np.ones((2, 3), np.float32)})
        with pytest.raises(CheckpointError, match="not a checkpoint of this library; load_tensors"):
            load_checkpoint(path)
        assert load_tensors(path)["weight"].shape == (2, 3)


def test_the_arrays_of_a_checkpoint_load_under_their_full_names(path: Path) -> None:
    save_checkpoint(path, model=Net(2))
    assert load_tensors(path)["model.weight"].tolist() == [[2, 2, 2], [2, 2, 2]]


WELL_FORMED = {"format_version": 1, "library_version": "0", "metadata": {}, "parts": {}}


@pytest.mark.parametrize(
    "change",
    [
        {"format_version": 2},
        {"format_version": None},
        {"parts": None},
        {"parts": []},
        {"parts": {"weights": {}}},
        {"parts": {"model": 3}},
        {"parts": {"model": {"w": {"$tensor": "nowhere"}}}},
        {"metadata": []},
        {"metadata": None},
        {"parts": {"model": {"$else": 1}}},
    ],
    ids=str,
)
def test_a_well_signed_file_with_wrong_content_is_refused(path: Path, change: Any) -> None:
    write_file(path, {}, WELL_FORMED | change)
    with pytest.raises(CheckpointError, match=str(path)):
        load_checkpoint(path)


@pytest.mark.parametrize("key", WELL_FORMED)
def test_a_well_signed_file_that_lacks_an_entry_is_refused(path: Path, key: str) -> None:
    write_file(path, {}, {k: v for k, v in WELL_FORMED.items() if k != key})
    with pytest.raises(CheckpointError, match=str(path)):
        load_checkpoint(path)


def test_arrays_that_belong_to_no_part_are_refused(path: Path) -> None:
    write_file(path, {"w": np.ones(1)}, WELL_FORMED)
    with pytest.raises(CheckpointError, match=r"belong to no part: \['w'\]"):
        load_checkpoint(path)


def test_the_same_state_gives_the_same_bytes(path: Path) -> None:
    def save() -> bytes:
        save_checkpoint(path, model=Net(1), rng=np.random.default_rng(0), metadata={"a": 1, "b": 2})
        return path.read_bytes()

    assert save() == save()


def test_a_file_written_by_version_0_1_0_still_loads() -> None:
    """Files on people's disks do not change with the code; this one is never to be rewritten."""
    old = Path(__file__).parent / "data" / "checkpoint_format_1.safetensors"
    checkpoint = load_checkpoint(old)
    assert checkpoint.model is not None
    assert checkpoint.model["w"].tolist() == [[1.5, -2.0]]
    assert checkpoint.model["w"].dtype == np.float32
    assert checkpoint.optimizer == {"state": {0: {"step": 3}}, "betas": (0.9, 0.999)}
    assert checkpoint.metadata == {"step": 3, "loss": 0.1}
    assert (checkpoint.format_version, checkpoint.library_version) == (1, "0.1.0")
    rng = np.random.Generator(np.random.SFC64(7))
    load_checkpoint(old, rng=rng)
    assert rng.random() == np.random.Generator(np.random.SFC64(1)).random()


def test_an_empty_checkpoint_is_one(path: Path) -> None:
    save_checkpoint(path)
    checkpoint = load_checkpoint(path)
    assert checkpoint == Checkpoint(library_version=checkpoint.library_version)


def test_the_summary_line_shows_the_record_and_not_the_numbers(path: Path) -> None:
    rng, extra = np.random.default_rng(0), {"means": np.ones(2)}
    save_checkpoint(path, model=Net(), rng=rng, extra=extra, metadata={"step": 3})
    text = repr(load_checkpoint(path))
    assert "'step': 3" in text
    assert not any(word in text for word in ("array", "means", "PCG64"))
