"""The page of names beside PyTorch's has a row for each public name that PyTorch has, and no other.

Expressions that stand for a function are computed and compared with it; arguments that PyTorch
calls otherwise have an error that says our name.
"""

import importlib
import inspect
import math
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.func
import torch.nn.utils.parametrizations
import torch.optim.swa_utils
import torch.utils.checkpoint
import torch.utils.data

import neural_net_core as core
from neural_net_core import Tensor, ops
from neural_net_core.called_differently import ARGUMENTS, WORDS

ROOT = Path(__file__).parents[2]
HOOK = runpy.run_path(str(ROOT / "docs/hooks/pytorch_names.py"))
rows, resolve = HOOK["rows"], HOOK["resolve"]
MODULES = HOOK["modules"]()
# Where a module takes what it needs for itself, and shows it under its own name.
BORROWED = ("typing", "enum", "torch._jit_internal", "torch.overrides", "torch.types")
FROM_ELSEWHERE = {"Callable", "DType", "ScalingType", "SwizzleType", "Tensor"}


def names_of(module: str) -> set[str]:
    """Return the public names of a module of PyTorch's.

    Of `torch` these are the functions that are methods of tensors too, and of its tensors the
    attributes that are no functions. What ends in `_` works in place; in `init` that is all there
    is, and the names without are old.
    """
    if module == "torch.Tensor":
        return {n for n in dir(torch.Tensor) if plain(n) and not is_function(torch, n)}
    found = importlib.import_module(module)
    if module == "torch":
        return {n for n in dir(torch.Tensor) if plain(n) and is_function(torch, n)}
    names = {
        name
        for name in getattr(found, "__all__", None) or dir(found)
        if not name.startswith("_") and callable(getattr(found, name))
        if getattr(getattr(found, name), "__module__", "") not in BORROWED
    }
    if module == "torch.nn.functional":
        names = {name for name in names - FROM_ELSEWHERE if not name.endswith("_")}
    if module == "torch.nn.init":
        names = {name for name in names if name + "_" not in names}
    return names


def plain(name: str) -> bool:
    """Tell whether a name is public and does not work in place."""
    return not name.startswith("_") and not name.endswith("_")


def is_function(module: Any, name: str) -> bool:
    thing = getattr(module, name, None)
    return callable(thing) and not inspect.isclass(thing)


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_of_pytorchs_has_a_row(module: str) -> None:
    missing = sorted(names_of(module) - {row.name for row in rows(module)})
    assert missing == [], (
        f'{module} has these, and docs/pytorch-names.toml no row. Write them under ["{module}"]: '
        'into `same` if ours has the name, into `other` as `Theirs = "Ours"`, into `written` as '
        '`theirs = "an expression of x, y, z"`, or into `left_out` under the reason why not'
    )


@pytest.mark.parametrize("module", MODULES)
def test_no_row_is_for_a_name_that_pytorch_lacks(module: str) -> None:
    owner = torch.Tensor if module == "torch.Tensor" else importlib.import_module(module)
    assert [row.name for row in rows(module) if not hasattr(owner, row.name)] == []


def test_the_modules_are_those_that_the_page_should_have() -> None:
    wanted = {"nn", "nn.functional", "optim", "optim.lr_scheduler", "nn.init", "nn.utils", "linalg"}
    assert {f"torch.{name}" for name in wanted} | {"torch", "torch.Tensor"} <= set(MODULES)


# --- Expressions

rng = np.random.default_rng(0)
A, B, C = (rng.normal(size=(4, 4)) for _ in range(3))
U, V, W = (rng.normal(size=4) for _ in range(3))
POSITIVE, CHANCE = np.abs(A) + 1.5, rng.uniform(0.1, 0.9, (4, 4))
HOLES = np.where(A > 1, np.nan, A)
BATCH, OTHER = rng.normal(size=(2, 4, 4)), rng.normal(size=(2, 4, 4))
COUNTS, MORE = rng.integers(0, 5, 6), rng.integers(1, 5, 6)

# PyTorch's arguments, where they are not two matrices of normal numbers or one. Arrays become
# tensors and are x, y, z here; numbers and the like are PyTorch's alone.
INPUTS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("acosh", "arccosh", "log10", "log2", "rsqrt"), (POSITIVE,)),
    **dict.fromkeys(("arctanh", "atanh", "logit"), (CHANCE,)),
    **dict.fromkeys(("addcdiv", "addcmul", "baddbmm"), (A, B, C)),
    **dict.fromkeys(("dot", "inner", "vdot", "ger", "outer"), (U, V)),
    **dict.fromkeys(("nan_to_num", "nansum", "nanmean", "isnan"), (HOLES,)),
    **dict.fromkeys(("fmax", "fmin"), (HOLES, np.where(B > 0.5, np.nan, B))),
    **dict.fromkeys(("logical_and", "logical_or"), (A > 0, B > 0)),
    "diagflat": (U,),
    "logdet": (A.T @ A,),
    "baddbmm": (BATCH, OTHER, BATCH * 2),
    "addbmm": (A, BATCH, OTHER),
    "addmv": (U, A, V),
    "addr": (A, U, V),
    "bilinear": (A[:3], B[:3], rng.normal(size=(5, 4, 4))),
    "bincount": (COUNTS,),
    "cross": (U[:3], V[:3]),
    "diff": (A, 1, 0),
    "dsplit": (BATCH, 2),
    "expand_as": (U, A),
    "equal": (A, A.copy()),
    "float_power": (POSITIVE, B),
    **dict.fromkeys(("fix", "frac", "trunc"), (3 * A,)),
    "fmod": (3 * A, B),
    "hsplit": (A, 2),
    "index_select": (A, 1, np.array([2, 0])),
    "lerp": (A, B, C),
    "logical_not": (A > 0,),
    "masked_select": (A, B > 0),
    "matrix_power": (A, 3),
    "mT": (A[:2],),
    "median": (np.append(U, 0.1),),
    "multi_dot": ([A, B, C],),
    "narrow": (A, 1, 1, 2),
    "nonzero": (COUNTS,),
    "nonzero_static": (np.array([0, 1, 0, 2]),),
    "poisson_nll_loss": (A, POSITIVE),
    "quantile": (A, 0.3),
    "select": (A, 1, 2),
    "sinc": (np.array([0, 0.3, -1, 2.5]),),
    "solve_triangular": (np.tril(POSITIVE), A),
    "soft_margin_loss": (A, np.sign(B)),
    "take": (A, COUNTS),
    "unflatten": (A, 1, (2, -1)),
    "unique": (COUNTS,),
    "vander": (U,),
    "vsplit": (A, 2),
    **dict.fromkeys(("acos", "arccos", "asin", "arcsin"), (CHANCE,)),
    "erfc": (A,),
    "xlogy": (np.where(A > 0, A, 0), np.where(A > 0, POSITIVE, 0)),
}
OPTIONS: dict[str, Any] = {"nonzero_static": {"size": 2}, "solve_triangular": {"upper": False}}
# Without an input, random, or not of one function: their shapes or texts are looked at elsewhere.
NOT_COMPUTED = {"ParameterDict", "ParameterList", "clip_grads_with_norm_", "ReflectionPad1d"}
NOT_COMPUTED |= {"rand", "rand_like", "randint", "randn", "randn_like", "randperm", "new"}
MADE = {"arange": (5.0,), "eye": (3,), "full": ((2, 3), 5.0), "linspace": (0, 1, 5)}
MADE |= {"ones": ((2, 3),), "zeros": ((2, 3),), "full_like": (A, 5), "ones_like": (A,)}
MADE |= {"new_full": (A, (2, 3), 5.0), "new_ones": (A, (2, 3)), "new_tensor": (A, [1.0, 2.0])}
MADE |= {"new_zeros": (A, (2, 3)), "zeros_like": (A,)}

WRITTEN = [
    pytest.param(module, row, id=f"{module}.{row.name}")
    for module in MODULES
    for row in rows(module)
    if row.kind == "written" and row.name not in NOT_COMPUTED
]


def arguments_for(function: Any, name: str) -> tuple[Any, ...]:
    """Return what to call a function of PyTorch's with."""
    given = {**INPUTS, **MADE}.get(name)
    if given is not None:
        return given
    for arguments in ((A,), (A, B)):
        try:
            function(*map(torch.tensor, arguments))
        except (TypeError, RuntimeError):
            continue
        return arguments
    raise AssertionError(f"INPUTS should say what {name} is called with")


@pytest.mark.parametrize(("module", "row"), WRITTEN)
def test_an_expression_gives_what_pytorchs_function_gives(module: str, row: Any) -> None:
    owner = torch.Tensor if module == "torch.Tensor" else importlib.import_module(module)
    function = getattr(owner, row.name)
    if not callable(function):  # an attribute of tensors
        function = function.__get__
    arguments = arguments_for(function, row.name)
    arrays = arguments[0] if isinstance(arguments[0], list) else arguments
    arrays = [a for a in arrays if isinstance(a, np.ndarray)]
    options = OPTIONS.get(row.name, {})
    expected = function(*map(as_torch, arguments), **options)
    mine = {name: Tensor(a, a.dtype) for name, a in zip("xyz", arrays, strict=False)}
    names = {"np": np, "math": math, "ops": ops, **vars(core)}
    with core.default_dtype(np.float64):
        found = eval(row.here, names | mine)  # noqa: S307 (of our own page)
    compare(found, expected)


def as_torch(argument: Any) -> Any:
    """Return an argument with tensors of PyTorch's for arrays."""
    if isinstance(argument, list) and isinstance(argument[0], np.ndarray):
        return [torch.tensor(a) for a in argument]
    return torch.tensor(argument) if isinstance(argument, np.ndarray) else argument


def compare(found: Any, expected: Any) -> None:
    """Compare a result, or several, with PyTorch's."""
    if isinstance(found, tuple | list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            compare(one, other)
        return
    array = found.numpy() if isinstance(found, Tensor) else np.asarray(found)
    other = expected.numpy() if isinstance(expected, torch.Tensor) else np.asarray(expected)
    assert array.shape == other.shape
    np.testing.assert_allclose(array, other, rtol=1e-6, atol=1e-7)


# --- Arguments


def parameters_of(thing: Any) -> set[str]:
    """Return the public parameters of a class or function; of a builtin none."""
    try:
        names = inspect.signature(thing).parameters
    except ValueError:
        return set()
    return {name for name in names if plain(name)} - {"args", "kwargs"}


@pytest.mark.parametrize("module", ["torch.nn", "torch.optim", "torch.optim.lr_scheduler"])
def test_an_argument_of_pytorchs_that_ours_lack_is_explained(module: str) -> None:
    """By the error that answers it (`called_differently`), or by the note beside the name."""
    silent = []
    for row in rows(module):
        if row.kind not in ("same", "other"):
            continue
        theirs = parameters_of(getattr(importlib.import_module(module), row.name))
        ours = parameters_of(resolve(row.here)[1])
        silent += [
            f"{row.name}({name}=)"
            for name in theirs - ours - set(ARGUMENTS) - set(WORDS)
            if f"`{name}`" not in row.note
        ]
    assert sorted(silent) == [], "add them to ARGUMENTS, or to `notes` in docs/pytorch-names.toml"
