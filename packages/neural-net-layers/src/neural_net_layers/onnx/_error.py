"""The error of all that no file can hold."""

from neural_net_core.errors import NeuralNetError

__all__ = ["ExportError"]


class ExportError(NeuralNetError, RuntimeError):
    """A model cannot be written for another program to run; the message says what and where."""
