"""A table of a network's modules, with the shapes that flow through them and what they cost."""

from typing import Any

import numpy as np
import numpy.typing as npt

from neural_net_core.checks import check_counts, check_dtype
from neural_net_core.dtypes import get_default_dtype
from neural_net_core.grad_mode import no_grad
from neural_net_core.numpy_calls.counter import OpCost
from neural_net_core.tensor import Tensor
from neural_net_core.tracing import Trace, trace

__all__ = ["summarize"]


def summarize(
    model: Any,
    input_shape: tuple[int, ...] | None,
    dtype: npt.DTypeLike | None,
    example: Any = None,
) -> str:
    """Run a batch through a module and lay out what each part gave back.

    The run is in evaluation mode, so that running statistics stay as they are.

    Args:
        model: The network, a `Module`, whose file imports this one.
        input_shape: The shape of a batch of zeros.
        dtype: The batch's dtype; None means the default.
        example: What `forward` takes instead, in a tuple if that is several; then operations and
            bytes are counted, too.

    Returns:
        Lines of module path and kind, output shape and number of parameters of its own; with an
        example also the floating-point operations and the bytes of its own, for all its calls.
    """
    if (input_shape is None) == (example is None):
        got = "neither" if example is None else "both"
        raise TypeError(f"summary: expected the shape of an input or an example, got {got}")
    if example is not None:
        if dtype is not None:
            raise TypeError("summary: expected a dtype beside a shape only; an example has its own")
        calls, shapes = _run(model, example if isinstance(example, tuple) else (example,))
        return _table(model, shapes, _costs(calls))
    shape = check_counts("summary", "input_shape", input_shape, low=0)
    if dtype is not None:
        dtype = check_dtype("summary", dtype, kinds="biuf")
    zeros = Tensor(np.zeros(shape, dtype or get_default_dtype()), dtype)
    return _table(model, _run(model, (zeros,))[1], None)


def _run(model: Any, inputs: tuple[Any, ...]) -> tuple[Trace, dict[int, str]]:
    """Return what ran, and the output shape of each module, by identity."""
    shapes: dict[int, str] = {}
    modules = list(model.named_modules())
    modes = [module.training for _, module in modules]
    handles = [
        module.register_forward_hook(lambda m, _, y: shapes.update({id(m): _shape(y)}))
        for _, module in modules
    ]
    try:
        with no_grad(), trace() as calls:
            model.eval()(*inputs)
    finally:
        for handle in handles:
            handle.remove()
        for (_, module), mode in zip(modules, modes, strict=True):
            module.training = mode
    return calls, shapes


def _costs(calls: Trace) -> dict[int, OpCost]:
    """Return what the operations cost that each module runs itself, by its identity."""
    costs: dict[int, OpCost] = {}
    for call in calls:
        module = id(call.modules[-1])
        costs[module] = costs.get(module, OpCost()) + call.cost()
    return costs


def _table(model: Any, shapes: dict[int, str], costs: dict[int, OpCost] | None) -> str:
    rows = [["module", "output shape", "parameters"]]
    if costs is not None:
        rows[0] += ["operations", "bytes"]
    for path, module in model.named_modules():
        below = {id(p) for child in module.children() for p in child.parameters()}
        own = sum(p.size for p in module.parameters() if id(p) not in below)
        depth = path.count(".") + bool(path)
        name = f"{'  ' * depth}{path.rpartition('.')[2]} {type(module).__name__}".strip("\n")
        row = [name if path else name.strip(), shapes.get(id(module), "-"), f"{own:,}"]
        if costs is not None:
            row += _counts(costs.get(id(module), OpCost()))
        rows.append(row)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            f"{text:<{width}}" if i < 2 else f"{text:>{width}}"
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    lines.insert(1, "-" * len(lines[0]))
    total = f"{model.num_parameters():,} parameters"
    if costs is not None:
        operations, size = _counts(sum(costs.values(), OpCost()))
        total += f", {operations} operations, {size} bytes"
    return "\n".join([*lines, lines[1], total])


def _counts(cost: OpCost) -> list[str]:
    return ["?" if cost.operations is None else f"{cost.operations:,}", f"{cost.bytes:,}"]


def _shape(y: Any) -> str:
    if isinstance(y, Tensor):
        return str(y.shape)
    if isinstance(y, tuple | list):
        return ", ".join(_shape(part) for part in y)
    return type(y).__name__
