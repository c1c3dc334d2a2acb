"""Imports every fast form of the package, which registers it."""

import neural_net_core.fast.affine
import neural_net_core.fast.arithmetic
import neural_net_core.fast.bce_with_logits
import neural_net_core.fast.cross_entropy
import neural_net_core.fast.cumulative
import neural_net_core.fast.error_function
import neural_net_core.fast.extrema
import neural_net_core.fast.gelu
import neural_net_core.fast.indexing
import neural_net_core.fast.matrix_product
import neural_net_core.fast.padding
import neural_net_core.fast.relu
import neural_net_core.fast.repetition
import neural_net_core.fast.sorting

__all__: list[str] = []
