"""Recording a training step: every NumPy call of it, in order, as a program that can be read.

def train_step(x, y):
    optimizer.zero_grad()
    loss = mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    return loss

program = record(train_step, x, y)
print(program)
"""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from neural_net_core import Tensor
from neural_net_core.checks import check_callable
from neural_net_core.forms import textbook
from neural_net_core.numpy_calls.recorded_array import RecordedArray, plain
from neural_net_core.observing import observed_by, viewed_by
from neural_net_utils.program.program import Program
from neural_net_utils.program.step_recorder import StepRecorder
from neural_net_utils.program.writing import written

__all__ = ["record"]


def record(train_step: Callable[..., Any], *inputs: Any) -> Program:
    """Run one training step as it is written, and return the NumPy calls that it made.

    It is a step like any other: parameters, buffers, the optimizer's state and random generators
    change, and a failing step fails as it would alone. It runs the textbook forms, as inside
    `textbook()`: what is printed is there to be read, and the blocks and scratch memory of fast
    forms cannot be. Recording replaces nothing in NumPy, and other threads do not notice it.

    The program has every call whose result the step leaves or Python reads. Left out are those that
    lead to nothing, such as checks of values, and the reverse pass's copies of gradients that
    nobody else holds.

    The operations of `neural_net_core` and the optimizers hand their arrays to the recorder, and
    the arguments of the step are handed to it here. What else the step computes is seen from the
    first array on that comes from one of these. What is not seen, such as random draws or what
    other libraries write, appears as an input of the program, by name. At last the program is run
    once to see whether it gives the same bits; `Program.notes` says where it does not.

    Args:
        train_step: A function that makes one step: loss, `backward`, `optimizer.step`. What it
            returns, arrays or Tensors, is among the results of the program.
        *inputs: Its arguments; arrays and Tensors, also in tuples, lists and dicts, are called
            after its parameters.

    Returns:
        The program.

    Raises:
        ValueError: If the step cannot be called.

    Examples:
        >>> import numpy as np
        >>> from neural_net_core import Parameter
        >>> w = Parameter([[2.0]], name="w")
        >>> def train_step(x):
        ...     loss = ((x @ w) ** 2).sum()
        ...     loss.backward()
        ...     w.data -= 0.1 * w.grad
        >>> print(record(train_step, np.array([[1.0]], dtype=np.float32)))  # doctest: +ELLIPSIS
        # arguments: x (1, 1)
        # parameters: w (1, 1)
        <BLANKLINE>
        # forward
        mat_mul = x @ w                               # MatMulOp
        ...
        # update
        step_w = 0.1 * d_w
        w -= step_w
    """
    step = check_callable("record", "train_step", train_step)
    recorder = StepRecorder()
    names = _argument_names(step, len(inputs))
    given = [_given(recorder, name, x) for name, x in zip(names, inputs, strict=True)]
    try:
        with textbook(), observed_by(recorder.told), viewed_by(recorder.hand_out):
            result = step(*given)
    finally:
        recorder.open = False
        _let_go(recorder)
    return written(recorder, result)


def _argument_names(step: Callable[..., Any], count: int) -> list[str]:
    """Return what the step calls its arguments."""
    try:
        parameters = list(inspect.signature(step).parameters.values())
    except (TypeError, ValueError):
        return [f"input_{i}" for i in range(count)]
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    rest = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "input")
    return [*names[:count], *(f"{rest}_{i}" for i in range(count - len(names)))]


def _given(recorder: StepRecorder, name: str, x: Any) -> Any:
    """Return an argument with its arrays recorded; a Tensor stays as it is."""
    if isinstance(x, Tensor):
        recorder.given("input", x.data, name)
        return x
    if isinstance(x, np.ndarray):
        return recorder.given("input", x, name)
    if isinstance(x, dict):
        return {key: _given(recorder, f"{name}_{key}", part) for key, part in x.items()}
    if type(x) in (tuple, list):
        return type(x)(_given(recorder, f"{name}_{i}", part) for i, part in enumerate(x))
    return x


def _let_go(recorder: StepRecorder) -> None:
    """Put plain arrays where recorded ones have stayed."""
    for tensor in recorder.held.values():
        if isinstance(tensor.grad, RecordedArray):
            recorder.gradient(recorder.value_of(tensor.data), tensor.grad)
            tensor.grad = plain(tensor.grad)
        if isinstance(tensor.data, RecordedArray):
            tensor.data = plain(tensor.data)
