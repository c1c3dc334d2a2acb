"""Models as ONNX files, for programs that run networks without Python.

ONNX is a format for networks that most runtimes read: those of browsers and phones, of servers in
other languages, of chips. A file is a list of nodes, one for each operation, and the numbers that
they take. `to_onnx` writes one; each operation of `neural_net_core` and of this package has a row
in one table that says by which nodes, see the files in `rows`.
"""

from neural_net_layers.onnx.export import ExportError, to_onnx

__all__ = ["ExportError", "to_onnx"]
