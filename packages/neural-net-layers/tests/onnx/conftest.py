"""Makes the cases importable for the tests beside them, which all need the package onnx."""

import importlib.util
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
if importlib.util.find_spec("onnx") is None:  # the extra is not installed
    collect_ignore_glob = ["test_*.py"]
