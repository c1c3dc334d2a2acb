"""What a recorded step may call although a record leaves it out: it does nothing but compute."""

import sys
import types
from typing import Any

import numpy as np

__all__ = [
    "DRAWS",
    "OURS",
    "PURE",
    "PURE_MODULES",
    "READERS",
    "SCALARS",
    "is_pure_function",
    "is_standard",
    "root_of",
]

# Functions of Python whose result depends on nothing but their arguments.
PURE = frozenset(
    [
        "abs", "all", "any", "bool", "bytes", "callable", "complex", "dict", "divmod", "enumerate",
        "filter", "float", "frozenset", "getattr", "hasattr", "int", "isinstance", "issubclass",
        "iter", "len", "list", "map", "max", "min", "next", "object", "pow", "range", "repr",
        "reversed", "round", "set", "slice", "sorted", "str", "sum", "super", "tuple", "type",
        "zip",
    ]
)  # fmt: skip
# These packages, by name: a package of somebody else may begin with the same words.
OURS = (
    "neural_net_core", "neural_net_optim", "neural_net_layers", "neural_net_utils",
    "neural_net_viz",
)  # fmt: skip
PURE_MODULES = frozenset(
    [
        "numpy", "math", "operator", "functools", "itertools", "typing", "collections",
        "dataclasses", "enum", "abc", "types", "contextlib", *OURS,
    ]
)  # fmt: skip
# What a random generator is asked for; in layers, `neural_net_core.observing.drawn` does it.
DRAWS = frozenset(
    [
        "random", "normal", "uniform", "integers", "choice", "permutation", "permuted", "shuffle",
        "standard_normal", "standard_exponential", "exponential", "binomial", "poisson", "bytes",
        "gumbel", "laplace", "multinomial", "beta", "gamma", "default_rng", "rand", "randn",
        "randint", "seed", "RandomState", "PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64",
        "SeedSequence",
    ]
)  # fmt: skip
# What NumPy reads or changes in a way that an array is not told of.
READERS = frozenset(
    [
        "nditer", "ndenumerate", "nested_iters", "flatiter", "asarray_chkfinite", "ma", "matrix",
        "poly1d", "ctypeslib", "memmap", "save", "savez", "savez_compressed", "savetxt", "load",
        "loadtxt", "genfromtxt", "fromfile", "tofile", "seterr", "seterrcall", "setbufsize",
        "geterr", "set_printoptions", "printoptions", "broadcast", "as_strided", "isscalar",
        "shares_memory", "may_share_memory", "True_", "False_",
    ]
)  # fmt: skip
# NumPy's types of numbers, by name.
SCALARS = frozenset(
    name for name, x in vars(np).items() if isinstance(x, type) and issubclass(x, np.generic)
)


def root_of(x: Any) -> str:
    """Return the name of the outermost module in which something was written."""
    return str(getattr(x, "__module__", None) or "").partition(".")[0]


def is_standard(root: str) -> bool:
    """Tell whether a module belongs to Python, and may do more than compute."""
    return root in sys.stdlib_module_names and root not in PURE_MODULES and root != "builtins"


def is_pure_function(x: types.BuiltinFunctionType) -> bool:
    """Tell whether a function written in C does nothing but compute."""
    owner = x.__self__
    if owner is not None and not isinstance(owner, types.ModuleType):
        # A method, as `list.append` of some list; those of classes make new objects.
        return isinstance(owner, type | str | bytes | int | float | tuple | frozenset)
    if (x.__module__ or "").startswith("numpy.random"):
        return False
    root = root_of(x) or getattr(owner, "__name__", "")
    return x.__name__ in PURE if root == "builtins" else root.lstrip("_") in PURE_MODULES
