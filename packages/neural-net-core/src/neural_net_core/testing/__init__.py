"""Tools for tests: gradients against central differences, results against another library's."""

from neural_net_core.testing.gradients import gradcheck, op_classes

__all__ = ["gradcheck", "op_classes"]
