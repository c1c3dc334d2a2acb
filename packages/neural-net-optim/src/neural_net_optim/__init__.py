"""Optimizers and learning-rate schedules for neural-net-core."""
