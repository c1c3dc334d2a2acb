"""Tensors, automatic differentiation, modules, activations, losses and checkpoints on NumPy."""
