"""One line of a program, with what it reads and writes."""

from dataclasses import dataclass

from neural_net_utils.program.calls import Call, Section

__all__ = ["Line"]

# Comments begin here, or further right where a line is longer.
_COMMENT = 44


@dataclass(frozen=True, eq=False)
class Line:
    """One line of a program.

    Attributes:
        text: The call of NumPy.
        section: "forward", "backward" or "update".
        comment: The module and the operation it belongs to, such as "0 Dense: LinearOp".
        call: What is called, for those who count or draw.
    """

    text: str
    section: Section
    comment: str
    call: Call

    def __str__(self) -> str:
        return f"{self.text:<{_COMMENT}}  # {self.comment}" if self.comment else self.text

    @property
    def reads(self) -> tuple[str, ...]:
        """The names of the arrays that the line computes from; not of one that it overwrites."""
        call = self.call
        taken = call.taken
        if call.target is not None and call.kind == "setitem" and call.args[0] is not Ellipsis:
            taken.append(call.target)  # the rest of it stays
        return tuple(dict.fromkeys(x.root.name for x in taken if x.root.name))

    @property
    def writes(self) -> tuple[str, ...]:
        """The names of the arrays that it makes, or the one that it writes into."""
        target = self.call.target
        made = self.call.results if target is None else (target.root,)
        return tuple(value.name for value in made)
