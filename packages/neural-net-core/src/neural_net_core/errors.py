"""The errors that the packages define, each also a kind of the builtin it resembles.

`except ValueError` therefore keeps working, and `except NeuralNetError` catches all of these. A
setting out of range (a negative learning rate) is a plain `ValueError`.
"""

from numpy.linalg import LinAlgError as NumpyLinAlgError

__all__ = [
    "CheckpointError",
    "DTypeError",
    "GraphError",
    "GraphFreedError",
    "HistoryError",
    "LinAlgError",
    "NeuralNetError",
    "PositionError",
    "ShapeError",
    "StateDictError",
    "TrainingError",
]


class NeuralNetError(Exception):
    """Base class of the errors that the neural-net packages define."""


class ShapeError(NeuralNetError, ValueError):
    """An array has the wrong shape; the message says which was expected and which came."""


class PositionError(ShapeError, IndexError):
    """An axis or an index that an array does not have."""


class DTypeError(NeuralNetError, TypeError):
    """An array has a dtype that the operation cannot take, such as a gradient for integers."""


class LinAlgError(NeuralNetError, NumpyLinAlgError):
    """A matrix has no inverse or no Cholesky factor; the message says which. NumPy's is a base."""


class GraphError(NeuralNetError, RuntimeError):
    """The recorded graph cannot give a right gradient."""


class GraphFreedError(GraphError):
    """A second backward pass went through a graph whose saved arrays are already freed."""


class HistoryError(GraphError, TypeError):
    """The result would be an array without the history of the Tensors that it was made of."""


class StateDictError(NeuralNetError, ValueError):
    """A state dict does not fit; the message lists each key that is missing, extra or misshapen."""


class CheckpointError(NeuralNetError, ValueError):
    """A checkpoint file is truncated, altered or not ours; the message names the file and why."""


class TrainingError(NeuralNetError, RuntimeError):
    """Training cannot go on, for example because the loss became NaN."""
