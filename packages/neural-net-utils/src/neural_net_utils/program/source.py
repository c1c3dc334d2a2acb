"""Calls as lines of Python."""

from collections.abc import Set
from dataclasses import replace
from typing import Any

from neural_net_utils.program.calls import Call, Number
from neural_net_utils.program.indexing import index_text
from neural_net_utils.program.literals import in_brackets, number
from neural_net_utils.program.values import Value

__all__ = ["Writer"]

_OPERATORS = {
    "np.add": "+", "np.subtract": "-", "np.multiply": "*", "np.divide": "/", "np.matmul": "@",
    "np.power": "**", "np.floor_divide": "//", "np.remainder": "%",
    "np.greater": ">", "np.greater_equal": ">=", "np.less": "<", "np.less_equal": "<=",
    "np.equal": "==", "np.not_equal": "!=", "np.bitwise_and": "&", "np.bitwise_or": "|",
}  # fmt: skip
_SIGNS = {"np.negative": "-", "np.invert": "~"}
_IN_PLACE = {"+", "-", "*", "/", "**", "@"}


class Writer:
    """Writes calls down, once the values have names.

    Args:
        taken: Names that numbers cannot have.

    Attributes:
        numbers: The Python numbers that lines refer to by name.
    """

    def __init__(self, taken: Set[str]) -> None:
        self._taken = taken
        self.numbers: dict[str, float] = {}

    def line(self, call: Call) -> str:
        """Return a call as one line."""
        if call.kind == "literal":
            (value,) = call.results
            return f"{value.name} = {value.text}"
        if call.kind == "read":
            return f"float({self.of(call.args[0])})"
        if call.target is not None:
            return self._writing(call, call.target)
        return f"{self._assigned(call)} = {self._expression(call)}"

    def of(self, x: Any) -> str:
        """Return an argument as source."""
        if isinstance(x, Value):
            if x.role == "view":
                return x.text.format(self.of(x.parent))
            return x.name or x.text
        if isinstance(x, Number):
            return self._number(x)
        if isinstance(x, tuple | list):
            return in_brackets(x, self.of)
        return number(x)

    def _number(self, x: Number) -> str:
        name, i = x.name, 2
        while name in self._taken or self.numbers.setdefault(name, x.number) != x.number:
            name, i = f"{x.name}_{i}", i + 1
        return name

    def _assigned(self, call: Call) -> str:
        names = [value.name for value in call.results]
        return ", ".join(names) + "," * (call.many and len(names) == 1)

    def _writing(self, call: Call, target: Value) -> str:
        if call.kind == "setitem":
            key, new = call.args
            return f"{self.of(target)}[{index_text(key, self.of)}] = {self.of(new)}"
        if not call.out:
            return self._expression(call)
        sign = _OPERATORS.get(call.name, "")
        # w.T += 1 would set an attribute.
        is_place = target.role != "view" or target.text.endswith("]")
        if sign in _IN_PLACE and call.args[0] is target and not call.options and is_place:
            return f"{self.of(target)} {sign}= {self.of(call.args[1])}"
        return self._expression(replace(call, options={**call.options, "out": target}))

    def _expression(self, call: Call) -> str:
        if call.kind == "ufunc" and not call.options:
            if call.name in _OPERATORS:
                a, b = map(self.of, call.args)
                sign = _OPERATORS[call.name]
                # Python would read -2 ** x as −(2ˣ); x - -2 is right but hard to read.
                a = f"({a})" if sign == "**" and a.startswith("-") else a
                b = f"({b})" if sign in "+-" and b.startswith("-") else b
                return f"{a} {sign} {b}"
            if call.name in _SIGNS:
                return _SIGNS[call.name] + self.of(call.args[0])
        if call.kind == "getitem":
            return f"{self.of(call.args[0])}[{index_text(call.args[1], self.of)}]"
        if call.kind == "method":
            return self._call(f"{self.of(call.args[0])}.{call.name}", call.args[1:], call.options)
        return self._call(call.name, call.args, call.options)

    def _call(self, name: str, args: tuple[Any, ...], options: dict[str, Any]) -> str:
        named = [f"{key}={self.of(x)}" for key, x in options.items()]
        return f"{name}({', '.join([*map(self.of, args), *named])})"
