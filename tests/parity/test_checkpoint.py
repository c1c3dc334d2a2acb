"""Files of arrays go both ways between this library and PyTorch."""

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from neural_net_core import (
    Dense,
    Sequential,
    Tensor,
    load_checkpoint,
    load_tensors,
    save_checkpoint,
)
from neural_net_core import save_tensors as save_ours


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
