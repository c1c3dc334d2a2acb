"""The table has a row for every operation, and every row is written by a case."""

from onnx_cases import CASES

from neural_net_core import no_grad
from neural_net_core.testing import op_classes
from neural_net_core.tracing import trace
from neural_net_layers.onnx._table import ROWS, WITHOUT_ROW

OPERATIONS = {op for package in ("core", "layers") for op in op_classes(f"neural_net_{package}")}


def test_every_operation_has_a_row_or_a_reason() -> None:
    missing = OPERATIONS - set(ROWS) - set(WITHOUT_ROW)
    assert missing == set()


def test_nothing_else_stands_in_the_table() -> None:
    assert (set(ROWS) | set(WITHOUT_ROW)) - OPERATIONS == set()
    assert set(ROWS) & set(WITHOUT_ROW) == set()


def test_what_has_no_row_is_for_training_or_no_operator_of_onnx() -> None:
    training = [reason for reason in WITHOUT_ROW.values() if "training" in reason]
    others = [op.__name__ for op, reason in WITHOUT_ROW.items() if reason not in training]
    assert sorted(others) == ["CholeskyOp", "InvOp", "SlogdetOp", "SolveOp"]
    assert len(training) == 21  # losses, two kinds of dropout, and draws of categories


def test_every_row_is_written_by_a_case() -> None:
    ran = set()
    for case in CASES.values():
        inputs, keywords = case.made(0, 3, 5)
        with no_grad(), trace() as calls:
            case.results(inputs, keywords)
        ran |= {call.op.idea for call in calls}
    assert set(ROWS) - ran == set()
