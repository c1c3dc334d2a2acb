"""Ids, masks and lengths that remember how they were computed: no operation sees them on the way.

Floating inputs come as Tensors, whose operations a trace records. Integers and booleans are plain
arrays to the layers, which compute with them in NumPy: `keep & key_keep`, `lengths - 1`. An array
that speaks NumPy's protocol notes each of these steps.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from neural_net_core.dtypes import Array

__all__ = ["Computed", "Given", "TracedArray", "plain", "traced"]


@dataclass(frozen=True, eq=False)
class Given:
    """The array that the model was called with, by its place among the inputs."""

    place: int


@dataclass(frozen=True, eq=False)
class Computed:
    """The result of a function of NumPy.

    Attributes:
        function: Its name.
        inputs: What it was called with: arrays, traced or not, and numbers.
        options: What it was called with by name, and the index of an indexing.
        result: What came out.
    """

    function: str
    inputs: tuple[Any, ...]
    options: Mapping[str, Any]
    result: Array


class TracedArray(np.ndarray[Any, Any]):
    """An array of NumPy that knows its source; None where it was not seen."""

    means_its_values = True  # its operators are those of plain arrays, see `plain_array`
    source: Given | Computed | None = None

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        for written in options.get("out", ()):
            if isinstance(written, TracedArray):
                written.source = None
        result = getattr(ufunc, method)(*plain(inputs), **plain(options))
        name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        return traced(result, name, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return traced(function(*plain(args), **plain(kwargs)), function.__name__, args, kwargs)

    def __getitem__(self, index: Any) -> Any:
        result = self.view(np.ndarray)[plain(index)]
        return traced(result, "getitem", (self,), {"index": index})

    def __setitem__(self, index: Any, value: Any) -> None:
        self.view(np.ndarray)[plain(index)] = plain(value)
        self.source = None

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        result = self.view(np.ndarray).astype(dtype, *args, **kwargs)
        return traced(result, "astype", (self,), {"dtype": result.dtype})

    def copy(self, *args: Any, **kwargs: Any) -> Any:
        result = self.view(np.ndarray).copy(*args, **kwargs)
        return traced(result, "astype", (self,), {"dtype": result.dtype})

    def reshape(self, *shape: Any, **kwargs: Any) -> Any:
        shape = shape[0] if len(shape) == 1 else shape
        result = self.view(np.ndarray).reshape(shape, **kwargs)
        return traced(result, "reshape", (self,), {"shape": shape})


def traced(result: Any, function: str, inputs: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
    """Return what a function computed, with a note of that; a number, or several, as it is."""
    if type(result) is not np.ndarray:
        return result
    array = result.view(TracedArray)
    array.source = Computed(function, inputs, options, result)
    return array


def plain(x: Any) -> Any:
    """Return arrays without their notes, inside tuples, lists and dicts too."""
    if isinstance(x, TracedArray):
        return x.view(np.ndarray)
    if type(x) in (tuple, list):
        return type(x)(map(plain, x))
    if type(x) is dict:
        return {name: plain(value) for name, value in x.items()}
    return x
