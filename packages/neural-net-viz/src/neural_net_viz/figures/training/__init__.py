"""Figures of training: losses, gradients, schedules, and the decision as it forms."""

__all__: list[str] = []
