"""Tools for tests: gradients, fast forms, and the results of another library."""

from neural_net_core.testing.gradients import gradcheck, op_classes
from neural_net_core.testing.two_forms import formcheck

__all__ = ["formcheck", "gradcheck", "op_classes"]
