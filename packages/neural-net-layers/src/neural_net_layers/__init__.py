"""Recurrent, convolutional, attention and normalization layers for neural-net-core."""
