"""A training step written down as a program of NumPy calls: to be read, run and counted.

`record` and `Program` stand at the root of the package.
"""

from neural_net_utils.program.cost import Cost, LineCost
from neural_net_utils.program.line import Line

__all__ = ["Cost", "Line", "LineCost"]
