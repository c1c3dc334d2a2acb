"""Imports every fast form of the package, which registers it."""

from neural_net_optim.fast import (
    adadelta,
    adagrad,
    adam,
    adamax,
    flat_layout,
    lion,
    nadam,
    radam,
    rmsprop,
    sgd,
)

__all__: list[str] = []
