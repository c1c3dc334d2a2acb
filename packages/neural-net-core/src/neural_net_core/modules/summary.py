"""A table of a network's modules, with the shapes that flow through them."""

from typing import Any

import numpy as np
import numpy.typing as npt

from neural_net_core.checks import check_counts, check_dtype
from neural_net_core.dtypes import get_default_dtype
from neural_net_core.grad_mode import no_grad
from neural_net_core.tensor import Tensor

__all__ = ["summarize"]


def _shape(y: Any) -> str:
    if isinstance(y, Tensor):
        return str(y.shape)
    if isinstance(y, tuple | list):
        return ", ".join(_shape(part) for part in y)
    return type(y).__name__


def summarize(model: Any, input_shape: tuple[int, ...], dtype: npt.DTypeLike | None) -> str:
    """Run a batch of zeros through a module and lay out what each part gave back.

    The run is in evaluation mode, so that running statistics stay as they are.

    Args:
        model: The network, a `Module`, whose file imports this one.
        input_shape: The shape of the batch.
        dtype: The batch's dtype; None means the default.

    Returns:
        Lines of module path and kind, output shape and number of parameters of its own.
    """
    input_shape = check_counts("summary", "input_shape", input_shape, low=0)
    if dtype is not None:
        dtype = check_dtype("summary", dtype, kinds="biuf")
    shapes: dict[int, str] = {}
    modules = list(model.named_modules())
    modes = [module.training for _, module in modules]
    handles = [
        module.register_forward_hook(lambda m, _, y: shapes.update({id(m): _shape(y)}))
        for _, module in modules
    ]
    try:
        with no_grad():
            model.eval()(Tensor(np.zeros(input_shape, dtype or get_default_dtype()), dtype))
    finally:
        for handle in handles:
            handle.remove()
        for (_, module), mode in zip(modules, modes, strict=True):
            module.training = mode
    rows = [("module", "output shape", "parameters")]
    for path, module in modules:
        below = {id(p) for child in module.children() for p in child.parameters()}
        own = sum(p.size for p in module.parameters() if id(p) not in below)
        depth = path.count(".") + bool(path)
        name = f"{'  ' * depth}{path.rpartition('.')[2]} {type(module).__name__}".strip("\n")
        rows.append((name if path else name.strip(), shapes.get(id(module), "-"), f"{own:,}"))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}" for a, b, c in rows]
    lines.insert(1, "-" * len(lines[0]))
    return "\n".join([*lines, lines[1], f"{model.num_parameters():,} parameters"])
