"""What optimizers share: groups, state, hyper-parameters and their limits.

The base classes stand at the root of the package; `limits` says what a hyper-parameter may be.
"""

from neural_net_optim.base import limits

__all__ = ["limits"]
