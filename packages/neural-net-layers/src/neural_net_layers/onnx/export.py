"""A model as an ONNX file: what it computed, operation by operation, for another program to run."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from neural_net_core.checks import check_instance, check_items, check_path, check_text
from neural_net_core.files.whole_file import replace_file
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_layers.onnx._agreement import agreed_runs
from neural_net_layers.onnx._error import ExportError
from neural_net_layers.onnx._examples import (
    Axes,
    checked_axes,
    found_axes,
    gathered,
    input_names,
    other_numbers,
    resized,
    settings_of,
)
from neural_net_layers.onnx._graph import Row
from neural_net_layers.onnx._run import Run, run
from neural_net_layers.onnx._table import ROWS
from neural_net_layers.onnx._writer import Writer, row_of

__all__ = ["ExportError", "to_onnx"]

# What the format of the file, a protocol buffer, can hold; a little is for the nodes.
MOST_BYTES = (1 << 31) - (1 << 24)


def to_onnx(
    model: Module,
    *examples: Any,
    path: str | os.PathLike[str] | None = None,
    keywords: Mapping[str, Any] | None = None,
    names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    dynamic: bool | Mapping[str, Mapping[int, str]] = True,
    rows: Mapping[type[Op], Row] | None = None,
) -> Any:
    r"""Write what a model computes as an ONNX file, which other programs run without Python.

    The model is called with the examples, and every operation that runs becomes nodes of ONNX. The
    file holds the parameters under the names of the state dict, a shared one once. It asks for
    version 20 of ONNX's operators and has passed the checker of the package onnx, which this
    function needs: `pip install 'neural-net-layers[onnx]'`.

    **Only operations are exported.** Whatever Python decides or computes on the way, a branch, a
    loop, a number, stands in the file as it was for the examples. Therefore the model also runs
    with other numbers and other sizes: what then differs and follows no free axis is an error. A
    branch that all these runs take in the same way cannot be noticed, nor can a number that is the
    same in all of them.

    Args:
        model: In evaluation mode.
        *examples: What it is called with: arrays, and tuples of arrays such as a state. Floats get
            the dtype of the parameters, integers become int64; ids, masks and lengths are inputs
            like any other. What is no array stays as it is given here.
        path: Where to write the file, which is then there whole or not at all; None writes none.
        keywords: What else it is called with, by name: `{"key_keep": mask, "causal": True}`.
        names: Of the inputs, the keywords' last; None means those of the parameters of `forward`,
            numbered where one is a tuple.
        output_names: Of the results, in the order in which they stand in tuples and dicts; None
            means "output", or "output_0", "output_1", …
        dynamic: Which axes may have other lengths than in the examples. True: of the first two
            axes of every input, batch and length as a rule, those along which the model takes other
            lengths; axes of one length that can only change together are one, and so are those in
            the same place of several inputs. False: none. Or the axes, by input, with a name each:
            `{"ids": {0: "batch", 1: "length"}}`; those of one name have one length.
        rows: How to write operations of your own: for the class of each a function that is called
            with the graph, the inputs and the options by name, and returns the result,
            `{CubeOp: lambda graph, x: graph.Mul(x, graph.Mul(x, x))}`. Every operator of ONNX is a
            method of the graph; see the sources of `neural_net_layers.onnx.rows`.

    Returns:
        The model as an `onnx.ModelProto`.

    Raises:
        ExportError: If the model is in training mode, holds more than 2 GB of numbers, which no
            file of this kind can, runs an operation that has no row in the table, or does in
            Python what depends on the sizes or numbers of the inputs.
        ImportError: If the package onnx is missing.
        OSError: If the file cannot be written; what was there before still is.
        ValueError: If names or axes do not fit the inputs.

    References:
        ONNX, Operator Schemas, opset 20: https://onnx.ai/onnx/operators.

    Examples:
        >>> import numpy as np
        >>> from neural_net_core import Dense, Sequential, Tanh
        >>> model = Sequential(Dense(4, 8), Tanh(), Dense(8, 3)).eval()
        >>> file = to_onnx(model, np.zeros((1, 4)))
        >>> [node.op_type for node in file.graph.node]
        ['Gemm', 'Tanh', 'Gemm', 'Identity']
        >>> [array.name for array in file.graph.initializer]
        ['0.weight', '0.bias', '2.weight', '2.bias']
    """
    onnx = _package()
    _check(model)
    if path is not None:
        check_path("to_onnx", "path", path)
    rows = {**ROWS, **_mapping("rows", rows)}
    if output_names is not None:
        output_names = _texts("output_names", output_names)
    dtype = next((p.dtype for p in model.parameters() if p.data.dtype.kind == "f"), None)
    inputs: list[Any] = []
    arguments = gathered(examples, dtype, inputs)
    by_name = gathered({**_mapping("keywords", keywords)}, dtype, inputs)
    called = _names(model, names, arguments, by_name)

    def runs_with(tried: Sequence[Any]) -> Run:
        made = run(model, arguments, by_name, tried)
        for step in made.steps:  # before runs are compared: what draws at random never agrees
            row_of(step, rows)
        return made

    axes, agreed = _compared(runs_with, called, inputs, dynamic)
    writer = Writer(onnx, rows, inputs, called, axes, agreed)
    made = writer.file(type(model).__name__, output_names)
    try:
        onnx.checker.check_model(made, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ExportError(f"to_onnx: the checker of onnx refuses the file: {error}") from error
    if path is not None:
        replace_file(path, made.SerializeToString())
    return made


def _compared(
    runs_with: Callable[[Sequence[Any]], Run],
    names: Sequence[str],
    inputs: Sequence[Any],
    dynamic: Any,
) -> tuple[Axes, Run]:
    """Run the model with the examples, with other numbers, and at other sizes.

    Args:
        runs_with: Runs it with some inputs.
        names: Of the inputs.
        inputs: The examples.
        dynamic: Which axes are free.

    Returns:
        The free axes, and what all runs agree on.
    """

    def attempt(tried: Sequence[Any]) -> Exception | None:
        try:
            runs_with(tried)
        except Exception as error:
            return error
        return None

    first = runs_with(inputs)
    axes: Axes = {}
    if dynamic is True:
        axes = found_axes(names, inputs, attempt)
    elif dynamic is not False:
        axes = checked_axes(_mapping("dynamic", dynamic), names, inputs)
    settings = settings_of(inputs, axes, attempt)
    others = [other_numbers(inputs, attempt)]
    others += [resized(inputs, axes, setting) for setting in settings[1:]]
    runs = [first, *map(runs_with, others)]
    return axes, agreed_runs(runs, [settings[0], *settings])


def _package() -> Any:
    """Return the package onnx, or say how to install it."""
    try:
        import onnx
    except ImportError:
        raise ImportError(
            "to_onnx needs the package onnx: pip install 'neural-net-layers[onnx]'"
        ) from None
    return onnx


def _check(model: Any) -> None:
    """Raise if it is no model, or one that would train, or one that no file can hold."""
    check_instance("to_onnx", "model", model, Module)
    for path, module in model.named_modules():
        if module.training:
            where = f" ({path}: {type(module).__name__})" if path else ""
            raise ExportError(
                f"to_onnx: {type(model).__name__}{where} is in training mode, where dropout drops "
                "and batch norms see the batch; call model.eval() first"
            )
    total = sum(x.data.nbytes for x in (*model.parameters(), *model.buffers()))
    if total > MOST_BYTES:
        raise ExportError(
            f"to_onnx: the parameters take {total / 1e9:.2f} GB, and an ONNX file holds at most "
            "2 GB"
        )


def _mapping(name: str, value: Any) -> Mapping[Any, Any]:
    return {} if value is None else check_instance("to_onnx", name, value, Mapping, "a dict")  # type: ignore[type-abstract]


def _texts(name: str, value: Any) -> list[str]:
    texts = check_items("to_onnx", name, value, "a list of texts")
    return [check_text("to_onnx", f"each of {name}", text) for text in texts]


def _names(
    model: Module, names: Any, arguments: Sequence[Any], keywords: Mapping[str, Any]
) -> list[str]:
    """Return the names of the inputs, or raise if they do not fit."""
    own = input_names(model, arguments, keywords)
    if not own:
        raise ValueError("to_onnx: expected examples with at least one array, got none")
    called = own if names is None else _texts("names", names)
    state = [name for name, _ in (*model.named_parameters(), *model.named_buffers())]
    if len(called) != len(own) or len({*called, *state}) < len(called) + len(state):
        raise ValueError(
            f"to_onnx: expected {len(own)} names for the inputs, different from each other and "
            f"from those of the parameters, got names={called}"
        )
    return called
