"""Exactly at a margin a loss has no derivative: the one chosen is PyTorch's, for every loss."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's habit)

import neural_net_core as core
from neural_net_core import Tensor

SIGNS = [1.0, -1.0]
# name: (its constant arguments after the inputs, options, the inputs, all exactly at a tie)
CASES = {
    "margin_ranking_loss": ([SIGNS], {"margin": 0.5}, [[1.5, 1.0], [1.0, 1.5]]),
    "margin_ranking_loss-equal": ([SIGNS], {"margin": 0.0}, [[1.0, 1.0], [1.0, 1.0]]),
    "hinge_embedding_loss": ([SIGNS], {"margin": 0.5}, [[0.5, 0.5]]),
    "cosine_embedding_loss": (
        [SIGNS],
        {"margin": 0.0},
        [[[1.0, 0.0], [1.0, 0.0]], [[0.0, 2.0], [0.0, 2.0]]],
    ),
    **{
        f"triplet_margin_loss-{p}-{swap}": (
            [],
            {"margin": 1.0, "p": p, "eps": 0.0, "swap": swap},
            [[[0.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]], [[2.0, 0.0], [0.0, -2.0]]],
        )
        for p in (1.0, 2.0, 3.0)
        for swap in (False, True)
    },
    "triplet_margin_loss-swap-tie": (
        [],
        {"margin": 1.5, "p": 2.0, "eps": 0.0, "swap": True},
        [[[0.0, 0.0]], [[2.0, 0.0]], [[1.0, 0.0]]],
    ),
    **{
        f"multi_margin_loss-{p}": (
            [np.array([0, 1])],
            {"margin": 1.0, "p": p},
            [[[2.0, 1.0, 0.5], [0.0, 1.0, 0.0]]],
        )
        for p in (1, 2)
    },
    "l1_loss": ([], {}, [[0.0, 1.0], [0.0, 1.0]]),
    "smooth_l1_loss": ([], {"beta": 1.0}, [[0.0, 1.0, -1.0], [0.0, 0.0, 0.0]]),
    "huber_loss": ([], {"delta": 1.0}, [[0.0, 1.0, -1.0], [0.0, 0.0, 0.0]]),
}


@pytest.mark.parametrize("case", CASES)
def test_the_gradient_at_a_tie_is_pytorchs(case: str) -> None:
    name = case.partition("-")[0]
    constants, options, inputs = CASES[case]
    ours = [Tensor(x, np.float64, requires_grad=True) for x in inputs]
    theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in inputs]
    fixed = [np.asarray(c) for c in constants]
    y = getattr(core, name)(*ours, *fixed, reduction="none", **options)
    z = getattr(F, name)(*theirs, *map(torch.tensor, fixed), reduction="none", **options)
    y.sum().backward()
    z.sum().backward()
    np.testing.assert_allclose(y.data, z.detach().numpy(), atol=1e-12)
    for a, b in zip(ours, theirs, strict=True):
        # PyTorch's cosine adds 1e-12 to the squares.
        np.testing.assert_allclose(a.grad, b.grad.numpy(), atol=1e-10)


def test_every_loss_with_a_margin_is_tried() -> None:
    functions = {name for name in dir(F) if "margin" in name and name.endswith("_loss")}
    functions |= {"hinge_embedding_loss", "cosine_embedding_loss"}
    tried = {case.partition("-")[0] for case in CASES}
    smooth = {"soft_margin_loss", "multilabel_soft_margin_loss"}
    assert {name for name in functions if hasattr(core, name)} - smooth <= tried
