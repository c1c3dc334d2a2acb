"""A training step as a program: lines of NumPy that can be read, run, and counted."""

import textwrap
from typing import Any

import numpy as np

from neural_net_core.checks import check_array, check_count
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_utils.program.cost import Cost, cost_of
from neural_net_utils.program.line import Line
from neural_net_utils.program.literals import number

__all__ = ["Program"]

_ROLES = {
    "input": "arguments",
    "parameter": "parameters",
    "buffer": "buffers",
    "state": "the optimizer's state",
    "gradient": "gradients from before",
    "unseen": "made elsewhere",
}


class Program:
    """One training step, written down as the NumPy calls that it made.

    Its text is Python: it runs in a namespace that holds `np` and the arrays in `inputs`.

    Attributes:
        lines: The calls, in order.
        inputs: What the arrays held when the step began, by name: the arguments, then parameters,
            buffers, the optimizer's state and gradients that were there already, then memory that
            no recorded call wrote.
        roles: Which of the inputs are what: "input", "parameter", "buffer", "state", "gradient",
            "unseen".
        results: What the step has left, by name or expression: what it returned, and every
            parameter, buffer, state and gradient that it changed.
        numbers: The numbers of Python's that lines refer to by name, such as `lr`.
        notes: What is to be known: what was written outside NumPy, and what does not come out again
            with the same bits.
    """

    def __init__(
        self,
        lines: tuple[Line, ...],
        inputs: dict[str, Array],
        roles: dict[str, tuple[str, ...]],
        results: dict[str, Array],
        numbers: dict[str, float],
        notes: tuple[str, ...],
    ) -> None:
        self.lines, self.inputs, self.roles, self.results = lines, inputs, roles, results
        self.numbers, self.notes = numbers, notes
        self.notes += self._differences()

    def __str__(self) -> str:
        text: list[str] = []
        for role, names in self.roles.items():
            arrays = ", ".join(f"{name} {self.inputs[name].shape}" for name in names)
            text += textwrap.wrap(
                f"{_ROLES[role]}: {arrays}", 96, initial_indent="# ", subsequent_indent="#     "
            )
        for note in self.notes:
            text += textwrap.wrap(note, 96, initial_indent="# ", subsequent_indent="#     ")
        text += [f"{name} = {number(x)}" for name, x in self.numbers.items()]
        section = ""
        for line in self.lines:
            if line.section != section:
                section = line.section
                text += ["", f"# {section}"]
            text.append(str(line))
        return "\n".join(text)

    def __len__(self) -> int:
        return len(self.lines)

    def run(self, **arrays: Array) -> dict[str, Array]:
        """Run the program on copies of arrays and return what the step would leave.

        Args:
            **arrays: What takes the place of `inputs`, by name.

        Returns:
            The arrays of `results`, computed anew.

        Raises:
            ValueError: If a name is none of the inputs.
            ShapeError: If an array has not the shape and the dtype of the recorded step.
        """
        space = self.namespace(**arrays)
        exec(compile(str(self), "<program>", "exec"), space)  # noqa: S102 (its own lines)
        return {result: np.asarray(eval(result, space)) for result in self.results}  # noqa: S307

    def namespace(self, **arrays: Array) -> dict[str, Any]:
        """Return what the program's lines refer to: `np`, numbers, and copies of the inputs."""
        given = dict(self.inputs)
        for name, x in arrays.items():
            if name not in given:
                raise ValueError(
                    f"Program: expected arrays among {', '.join(given)}, got one called {name}"
                )
            array, like = check_array("Program", name, x), given[name]
            if array.shape != like.shape or array.dtype != like.dtype:
                raise ShapeError(
                    f"Program: expected {name} {like.shape} {like.dtype}, as in the step that was "
                    f"recorded, got {array.shape} {array.dtype}"
                )
            given[name] = array
        return {"np": np, **self.numbers, **{name: x.copy("K") for name, x in given.items()}}

    def cost(self, repeats: int = 5) -> Cost:
        """Return what each line costs: operations, memory traffic, and time.

        Args:
            repeats: How often the program is run to take the times; each line counts with the
                median.
        """
        repeats = check_count("Program.cost", "repeats", repeats)
        return cost_of(self.lines, self.namespace, repeats)

    def _differences(self) -> tuple[str, ...]:
        """Return what does not come out as the step left it, when the program is run."""
        try:
            again = self.run()
        except Exception as error:
            return (f"this page does not run: {type(error).__name__}: {error}",)
        wrong = [name for name, array in self.results.items() if not _same(array, again[name])]
        if not wrong:
            return ()
        return (f"not with the same bits when run again: {', '.join(wrong)}",)


def _same(a: Array, b: Array) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
