"""Imports every fast form of the package, which registers it."""

import neural_net_core.fast.gelu
import neural_net_core.fast.relu

__all__: list[str] = []
