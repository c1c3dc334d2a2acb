"""What is known of steps of the same shapes: their recordings, and which of them are used."""

from typing import Any

from neural_net_utils.replay.python_code import Codes
from neural_net_utils.replay.signature import difference
from neural_net_utils.replay.variant import Variant

__all__ = ["Records"]


class Records:
    """What is known of steps of the same shapes.

    Attributes:
        shapes: Of the arguments, as text.
        codes: The functions of Python that ran, but the packages' own, with their global names.
        variants: The recordings.
        proven: Those of them that are used.
        count: How many were made since one was proven.
        changes: How many changed what they may depend on.
        is_new: Whether all of `codes` have run since something changed.
        given_up: Why no more are made, or "".
        problem: What kept the newest from being used.
    """

    def __init__(self, inputs: tuple[Any, ...]) -> None:
        self.shapes = ", ".join(str(getattr(x, "shape", x)) for x in inputs)
        self.codes = Codes()
        self.variants: list[Variant] = []
        self.proven: list[Variant] = []
        self.count = self.changes = 0
        self.is_new = False
        self.given_up = self.problem = ""

    def compare(self, new: Variant) -> None:
        """Look for an equal recording among those there are, else keep this one."""
        for variant in self.variants:
            if variant.stage == "new" and not variant.watched.change():
                found = difference(variant.signature, new.signature, new.sites)
                if not found:
                    variant.stage = "repeated"
                    return
                self.problem = found
        self.variants.append(new)
