"""The table has a row for every operation, and every row is written by a case."""

from collections.abc import Iterator

from onnx_cases import CASES

from neural_net_core import Op, no_grad
from neural_net_core.tracing import trace
from neural_net_layers.onnx._table import ROWS, WITHOUT_ROW


def subclasses(of: type) -> Iterator[type]:
    for cls in of.__subclasses__():
        yield cls
        yield from subclasses(cls)


def operations() -> set[type]:
    """The ideas of core and layers: no fast forms, and no bases that compute nothing."""
    return {
        cls
        for cls in subclasses(Op)
        if cls.__module__.startswith(("neural_net_core.", "neural_net_layers."))
        if cls.idea is cls and hasattr(cls, "forward") and hasattr(cls, "backward")
    }


def test_every_operation_has_a_row_or_a_reason() -> None:
    missing = operations() - set(ROWS) - set(WITHOUT_ROW)
    assert missing == set()


def test_nothing_else_stands_in_the_table() -> None:
    assert (set(ROWS) | set(WITHOUT_ROW)) - operations() == set()
    assert set(ROWS) & set(WITHOUT_ROW) == set()


def test_what_has_no_row_is_for_training_alone() -> None:
    assert all("training" in reason for reason in WITHOUT_ROW.values())
    assert len(WITHOUT_ROW) == 15  # this list only gets shorter


def test_every_row_is_written_by_a_case() -> None:
    ran = set()
    for case in CASES.values():
        inputs, keywords = case.made(0, 3, 5)
        with no_grad(), trace() as calls:
            case.results(inputs, keywords)
        ran |= {call.op.idea for call in calls}
    assert set(ROWS) - ran == set()
