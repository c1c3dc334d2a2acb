"""Data sets, loaders, metrics and the training loop for neural-net-core."""
