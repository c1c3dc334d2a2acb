"""Files of arrays go both ways between this library and PyTorch."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file, save_model

from neural_net_core import (
    CheckpointError,
    Dense,
    Sequential,
    StateDictError,
    Tensor,
    load_checkpoint,
    load_tensors,
    save_checkpoint,
)
from neural_net_core import save_tensors as save_ours
from neural_net_layers import BatchNorm1D, BatchNorm2D


def test_weights_of_a_torch_model_load_and_give_equal_outputs(tmp_path: Path) -> None:
    theirs = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.Linear(4, 3))
    save_file(theirs.state_dict(), tmp_path / "torch")
    ours = Sequential(Dense(5, 4), Dense(4, 3))
    ours.load_state_dict(load_tensors(tmp_path / "torch"))
    x = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    expected = theirs(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(ours(x).data, expected, rtol=1e-5, atol=1e-6)


def test_half_precision_files_load_into_a_float32_model(tmp_path: Path) -> None:
    """float16 arrives as float16, bfloat16 as float32; loading converts both exactly."""
    layer = torch.nn.Linear(5, 4)
    for dtype, arrives in ((torch.float16, np.float16), (torch.bfloat16, np.float32)):
        half = {name: value.to(dtype) for name, value in layer.state_dict().items()}
        save_file(half, tmp_path / "half")
        loaded = load_tensors(tmp_path / "half")
        ours = Dense(5, 4)
        ours.load_state_dict(loaded)
        for name, value in half.items():
            assert loaded[name].dtype == arrives
            assert np.array_equal(ours.state_dict()[name], value.float().numpy())


def test_every_dtype_that_both_know_arrives(tmp_path: Path) -> None:
    kinds = ["float64", "float32", "int64", "int32", "int16", "int8", "uint8", "bool", "complex64"]
    tensors = {kind: torch.tensor([[0, 1], [1, 3]]).to(getattr(torch, kind)) for kind in kinds}
    save_file(tensors, tmp_path / "torch")
    for kind, array in load_tensors(tmp_path / "torch").items():
        assert array.dtype == kind
        assert array.tolist() == tensors[kind].tolist()
    save_ours(tmp_path / "ours", {kind: tensor.numpy() for kind, tensor in tensors.items()})
    for kind, tensor in load_file(tmp_path / "ours").items():
        assert torch.equal(tensor, tensors[kind])


def test_tied_weights_survive_the_way_there_and_back(tmp_path: Path) -> None:
    """The format's own tools refuse shared memory; a state dict holds copies."""
    embedding, head = Dense(4, 4, bias=False), Dense(4, 4, bias=False)
    head.weight = embedding.weight
    save_checkpoint(tmp_path / "tied", model=Sequential(embedding, head))
    other = Sequential(Dense(4, 4, bias=False), Dense(4, 4, bias=False))
    other[1].weight = other[0].weight
    load_checkpoint(tmp_path / "tied", model=other)
    assert other[1].weight is other[0].weight
    x = Tensor(np.eye(4))
    assert np.array_equal(other(x).data, Sequential(embedding, head)(x).data)


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("kept", ["first", "last"])
def test_tied_weights_that_pytorchs_tool_saved_once_are_loaded(
    tmp_path: Path, strict: bool, kept: str
) -> None:
    """`save_model` keeps one name of a tied weight, the first by the alphabet."""
    names = ["z", "a"] if kept == "last" else ["a", "z"]
    layers = {name: torch.nn.Linear(3, 3) for name in names}
    theirs = torch.nn.Sequential()
    for name, layer in layers.items():
        theirs.add_module(name, layer)
    layers[names[1]].weight = layers[names[0]].weight
    save_model(theirs, str(tmp_path / "tied"))
    state = load_tensors(tmp_path / "tied")
    assert len(state) == 3
    ours = Sequential({name: Dense(3, 3) for name in names})
    ours[1].weight = ours[0].weight
    assert ours.load_state_dict(state, strict=strict) == ([], [])
    assert ours[1].weight is ours[0].weight
    x = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    np.testing.assert_allclose(
        ours(x).data, theirs(torch.tensor(x)).detach().numpy(), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(BatchNorm1D, torch.nn.BatchNorm1d), (BatchNorm2D, torch.nn.BatchNorm2d)],
)
def test_a_batch_norm_without_its_counter_loads_in_both(ours: Any, theirs: Any) -> None:
    state = {key: value + 1 for key, value in theirs(3).state_dict().items()}
    del state["num_batches_tracked"]
    assert theirs(3).load_state_dict(state)
    assert ours(3).load_state_dict(state) == ([], [])


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize(
    "content", [{"w": torch.ones(2)}, torch.nn.Linear(2, 2)], ids=["dict", "module"]
)
def test_what_torch_save_writes_is_recognized_and_not_opened(
    tmp_path: Path, zipped: bool, content: Any
) -> None:
    torch.save(content, tmp_path / "model.pt", _use_new_zipfile_serialization=zipped)
    with pytest.raises(CheckpointError, match=r"pickle.*opens none.*safetensors.torch.save_file"):
        load_tensors(tmp_path / "model.pt")


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod."])
def test_the_prefix_of_a_wrapper_is_named(prefix: str) -> None:
    theirs = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    wrapped = {prefix + key: value for key, value in theirs.state_dict().items()}
    with pytest.raises(StateDictError, match=f"are there with '{prefix}' before them"):
        Sequential(Dense(2, 2), Dense(2, 2)).load_state_dict(wrapped)
