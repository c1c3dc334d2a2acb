"""Equal keys, equal numbers: every class as its name and its arguments alone make it.

Each class of ours that PyTorch has too is made here and there with the arguments that both
require, takes PyTorch's state dict, and gives the same outputs and gradients, in training and in
evaluation. A default that differs stands in one list, which readers find on a page of the site.
"""

import contextlib
import functools
import inspect
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from harness import relative_error
from pairs import (
    COMPARED_ELSEWHERE,
    CONTAINERS,
    DIFFERENT,
    NONE,
    OPTIMIZERS,
    PAIRS,
    PARAMETERS,
    SCHEDULES,
    Pair,
)
from torch import nn

import neural_net_core as core
import neural_net_layers as layers
import neural_net_optim as optim
from neural_net_core import Module, Parameter, Tensor, default_dtype

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "called-differently.md"
TOLERANCE = 1e-9
ALL = PAIRS | OPTIMIZERS | SCHEDULES

every_pair = pytest.mark.parametrize("kind", PAIRS, ids=lambda kind: kind.__name__)


@pytest.fixture(autouse=True)
def _double() -> Iterator[None]:
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    with default_dtype(np.float64), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    torch.set_default_dtype(torch.float32)


def test_every_class_is_compared_or_named_with_the_reason_why_not() -> None:
    public = {
        value
        for package in (core, layers, optim)
        for name in package.__all__
        if inspect.isclass(value := getattr(package, name))
        and (package is optim or issubclass(value, Module))
    }
    listed = [*ALL, *CONTAINERS, *COMPARED_ELSEWHERE, *NONE]
    assert {kind.__name__ for kind in public} == {kind.__name__ for kind in listed}
    assert len(listed) == len(set(listed))
    here = {kind.__name__.lower() for kind in NONE}
    there = {name.lower() for module in (nn, torch.optim) for name in dir(module)}
    assert here & there <= {"module", "optimizer"}


def made(pair: Pair, kind: Any, **options: Any) -> tuple[Any, Any]:
    """Return ours and PyTorch's, with PyTorch's state in both."""
    theirs = pair.theirs(
        *(pair.arguments if pair.their_arguments is None else pair.their_arguments),
        **pair.their_options,
        **options,
    )
    ours = kind(*pair.arguments, **pair.options, **options)
    state = theirs.state_dict()
    assert list(ours.state_dict()) == list(state)
    ours.load_state_dict({name: value.numpy().copy() for name, value in state.items()})
    return ours, theirs


def flat(result: Any) -> list[Any]:
    """Return what a call gives as a list of tensors."""
    if isinstance(result, tuple):
        return [part for each in result for part in flat(each)]
    return [result]


def compare(pair: Pair, ours: Any, theirs: Any, seed: int = 0) -> None:
    """Compare outputs, the gradients of inputs and parameters, and the buffers."""
    arrays = pair.inputs(np.random.default_rng(seed)) if pair.inputs else ()
    mine = [Tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    its = [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    found, expected = flat(ours(*mine, **pair.call)), flat(theirs(*its, **pair.their_call))
    assert len(found) == len(expected)
    loss, target = Tensor(0.0), torch.tensor(0.0)
    for i, (y, z) in enumerate(zip(found, expected, strict=True)):
        assert y.shape == tuple(z.shape)
        assert relative_error(y.data, z.detach().numpy()) < pair.tolerance, f"output {i}"
        if z.requires_grad:
            dy = np.random.default_rng(i).normal(size=y.shape)
            loss, target = loss + (y * dy).sum(), target + (z * torch.tensor(dy)).sum()
    if target.requires_grad:
        loss.backward()
        target.backward()
    for x, z in zip(mine, its, strict=True):
        if z.grad is not None:
            assert relative_error(x.grad, z.grad.numpy()) < pair.tolerance
    for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        scale = max(float(q.grad.abs().max()), 1e-3)  # the keys' bias has none but rounding
        assert np.abs(p.grad - q.grad.numpy()).max() / scale < pair.tolerance, name
    for (name, b), c in zip(ours.named_buffers(), theirs.buffers(), strict=False):
        if (
            isinstance(ours, layers.InstanceNorm1D | layers.InstanceNorm2D)
            and name == "num_batches_tracked"
        ):
            continue  # PyTorch leaves it at 0
        assert relative_error(b.data, c.numpy()) < pair.tolerance, name


@every_pair
def test_made_with_defaults_and_pytorchs_state_it_gives_the_same(kind: Any) -> None:
    pair = PAIRS[kind]
    if not pair.random:
        compare(pair, *made(pair, kind))
    ours, theirs = made(pair, kind)
    compare(pair, ours.eval(), theirs.eval())
    if pair.random and "dropout" in inspect.signature(kind).parameters:
        compare(pair, *made(pair, kind, dropout=0.0))


def test_containers() -> None:
    rng = np.random.default_rng(0)
    for kind, other in CONTAINERS.items():
        parts: Any = [core.Dense(3, 3), core.Dense(3, 3)]
        its: Any = [nn.Linear(3, 3), nn.Linear(3, 3)]
        if other is nn.Sequential:
            ours, theirs = kind(*parts), other(*its)
        elif other is nn.ModuleDict:
            ours = kind(dict(zip("ab", parts, strict=True)))
            theirs = other(dict(zip("ab", its, strict=True)))
        else:
            ours, theirs = kind(parts), other(its)
        state = theirs.state_dict()
        assert list(ours.state_dict()) == list(state)
        ours.load_state_dict({name: value.numpy() for name, value in state.items()})
        x = rng.normal(size=(5, 3))
        y, z = Tensor(x), torch.tensor(x)
        for a, b in zip(parts, its, strict=True):
            y, z = a(y), b(z)
        if other is nn.Sequential:
            y, z = ours(x), theirs(torch.tensor(x))
        assert relative_error(y.data, z.detach().numpy()) < TOLERANCE


@pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda kind: kind.__name__)
def test_an_optimizer_with_its_defaults_makes_the_same_steps(kind: Any) -> None:
    shapes = PARAMETERS[:1] if kind is optim.Muon else PARAMETERS
    mine = [Parameter(a) for a in shapes]
    its = [nn.Parameter(torch.tensor(a)) for a in shapes]
    ours, theirs = kind(mine), OPTIMIZERS[kind].theirs(its)
    for step in range(5):
        rng = np.random.default_rng(step)
        for p, q in zip(mine, its, strict=True):
            p.grad = rng.normal(size=p.shape)
            q.grad = torch.tensor(p.grad)
        ours.step()
        theirs.step()
    # Muon's products are in half precision there.
    tolerance = 1e-2 if kind is optim.Muon else TOLERANCE
    for p, q, a in zip(mine, its, shapes, strict=True):
        assert np.abs(p.data - a).max() > 0
        moved = np.abs(q.detach().numpy() - a).max()
        assert np.abs(p.data - q.detach().numpy()).max() < tolerance * moved


@pytest.mark.parametrize("kind", SCHEDULES, ids=lambda kind: kind.__name__)
def test_a_schedule_with_its_defaults_gives_the_same_rates(kind: Any) -> None:
    pair = SCHEDULES[kind]
    mine = optim.SGD([Parameter(np.ones(2))], lr=0.4, momentum=0.5)
    its = torch.optim.SGD([nn.Parameter(torch.ones(2))], lr=0.4, momentum=0.5)
    ours, theirs = kind(mine, *pair.arguments), pair.theirs(its, *pair.arguments)
    for _ in range(12):
        assert mine.param_groups[0]["lr"] == pytest.approx(its.param_groups[0]["lr"], rel=1e-12)
        its.step()
        ours.step()
        theirs.step()


def defaults(call: Any) -> dict[str, Any]:
    """Return the default of every argument that has one."""
    if call in (nn.RNN, nn.LSTM, nn.GRU):
        call = nn.RNNBase
    found = {}
    with contextlib.suppress(ValueError):  # a function written in C says nothing
        for name, p in inspect.signature(call).parameters.items():
            if p.default is not p.empty:
                found[name] = getattr(p.default, "__name__", p.default)
    return found


def other_defaults() -> Iterator[tuple[str, str]]:
    """Yield every argument whose default differs: of constructors, of calls and of functions."""
    plain = [*ALL.items(), *((kind, Pair(other)) for kind, other in COMPARED_ELSEWHERE.items())]
    for kind, pair in plain:
        theirs = pair.theirs
        if not inspect.isclass(theirs):
            continue  # a stack's options are its layers'
        calls = [(kind, theirs)]
        if issubclass(kind, Module):
            calls.append((kind.forward, theirs.forward))
        for mine, its in calls:
            expected = defaults(its)
            for name, value in defaults(mine).items():
                there = pair.renamed.get(name, name)
                if there in expected and expected[there] != value:
                    yield kind.__name__, name
    for package in (core, layers):
        for name in package.__all__:
            if inspect.isfunction(mine := getattr(package, name)):
                other = getattr(nn.functional, name, None)
                expected = defaults(other) if callable(other) else {}
                for argument, value in defaults(mine).items():
                    if argument in expected and expected[argument] != value:
                        yield name, argument


def test_a_default_that_differs_is_in_the_list() -> None:
    # What we do not have as an argument, as there is no choice, cannot be found by its name.
    always = {key for key, (ours, _) in DIFFERENT.items() if ours == "always"}
    assert {*other_defaults(), *always} == set(DIFFERENT)


def test_the_list_says_what_the_defaults_are() -> None:
    functions = {"alpha_dropout": (layers.alpha_dropout, nn.functional.alpha_dropout)}
    kinds = {kind.__name__: (kind, pair) for kind, pair in PAIRS.items()}
    for (name, argument), (here, there) in DIFFERENT.items():
        if name in functions:
            ours, theirs = map(defaults, functions[name])
            its = argument
        else:
            kind, pair = kinds[name]
            ours = defaults(kind) | defaults(kind.forward)
            theirs = defaults(pair.theirs) | defaults(pair.theirs.forward)
            its = pair.renamed.get(argument, argument)
        assert str(theirs[its]) == there
        if here == "always":
            assert argument not in ours
        elif here == "4 · features":
            block: Any = kind(6, 1)
            block = block.encoder.layers[0] if kind is layers.Transformer else block
            assert ours[argument] is None and block.linear1.out_features == 24
        else:
            assert str(ours[argument]) == here


def test_a_pair_is_told_only_what_is_in_the_list() -> None:
    """Otherwise the comparison would hide a default that differs."""
    for kind, pair in PAIRS.items():
        backwards = {theirs: ours for ours, theirs in pair.renamed.items()}
        told = {*pair.options, *pair.call}
        told |= {backwards.get(name, name) for name in (*pair.their_options, *pair.their_call)}
        owner = kind.__name__
        if owner in ("TransformerEncoder", "TransformerDecoder"):
            owner += "Layer"
        assert told == {name for layer, name in DIFFERENT if layer == owner}, kind


@functools.cache
def rows() -> dict[tuple[str, str], tuple[str, str]]:
    """Return the table of the page: (class, argument) with both defaults."""
    section = PAGE.read_text().split("## Other defaults")[1].split("\n## ")[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("| `")
    ]
    found = {}
    for names, argument, ours, theirs, *_ in cells:
        for name in re.findall(r"`(\w+)`", names):
            found[name, argument.strip("`")] = (ours.strip("`"), theirs.strip("`"))
    return found


def test_the_page_says_the_same() -> None:
    assert rows() == DIFFERENT


def test_the_page_names_all_that_is_not_compared_with_pytorch() -> None:
    section = PAGE.read_text().split("## What is compared")[1].split("\n## ")[0]
    bases = {kind.__name__ for kind, reason in NONE.items() if "base class" in reason}
    assert set(re.findall(r"`(\w+)`", section)) == {kind.__name__ for kind in NONE} - bases
