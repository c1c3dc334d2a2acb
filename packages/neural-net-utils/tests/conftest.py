"""Shared by the tests: the small run of tiny_run.py, and a terminal of 80 columns."""

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny():
    """The module tiny_run.py (which also runs as a program of its own)."""
    path = Path(__file__).parent / "training" / "tiny_run.py"
    spec = importlib.util.spec_from_file_location("tiny_run", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session", autouse=True)
def terminal():
    """Hide from the tests how wide the terminal is that they were started in, and its colours."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
            patch.delenv(name, raising=False)
        for name, value in {"COLUMNS": "80", "LINES": "25", "TERM": "xterm"}.items():
            patch.setenv(name, value)
        yield
