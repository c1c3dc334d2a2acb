r"""Initial weights: how large the first random numbers should be.

A layer with `fan_in` inputs adds that many products, so its output's variance is `fan_in` times
that of one product. Weights of variance 1 / fan_in keep the signal's size from layer to layer;
an activation that shrinks it is made up for by a gain. Every function returns a new array:

    weight = kaiming_normal((128, 64), rng=rng)

Shapes are (out, in) for dense layers and (out, in / groups, …kernel) for convolutions, so fan_in
is the product of all axes but the first.
"""

from neural_net_core.init.draws import normal, truncated_normal, uniform
from neural_net_core.init.fan import fans
from neural_net_core.init.fixed import constant, identity, ones, zeros
from neural_net_core.init.gain import calculate_gain
from neural_net_core.init.initializer import Initializer
from neural_net_core.init.kaiming import kaiming_normal, kaiming_uniform
from neural_net_core.init.lecun import lecun_normal, lecun_uniform
from neural_net_core.init.orthogonal_matrix import orthogonal
from neural_net_core.init.xavier import xavier_normal, xavier_uniform

__all__ = [
    "Initializer",
    "calculate_gain",
    "constant",
    "fans",
    "identity",
    "kaiming_normal",
    "kaiming_uniform",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "ones",
    "orthogonal",
    "truncated_normal",
    "uniform",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
]
