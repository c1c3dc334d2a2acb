"""Makes what tests share importable, and prints the worst cases at the end."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
# The models that are exported; the package's own tests have them too.
sys.path.insert(0, str(Path(__file__).parents[2] / "packages/neural-net-layers/tests/onnx"))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the largest relative error against PyTorch for everything compared in this run."""
    from harness import report

    lines = report()
    if lines:
        terminalreporter.section("largest relative errors against PyTorch")
        for line in lines:
            terminalreporter.write_line(line)
