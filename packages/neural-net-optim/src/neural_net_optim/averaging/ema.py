"""The exponential moving average of the weights."""

from collections.abc import Iterable
from typing import Literal

from neural_net_core import Module, Parameter
from neural_net_optim.averaging.weights import WeightAverage
from neural_net_optim.base.limits import choice, fraction

__all__ = ["EMA"]


class EMA(WeightAverage):
    r"""Exponential moving average of the weights, which smooths the noise of the last steps.

    $$ \bar\theta \leftarrow d\,\bar\theta + (1 - d)\,\theta $$

    It looks back over about $1/(1 - d)$ steps. A long average must not begin with the random
    weights of the start, so the first updates count for more:

    - "debias": as if the average had begun at 0 and were divided by $1 - d^t$, like Adam's: the
      first updates give a plain mean.
    - "warmup": $d_t = \min(d, (1 + t) / (10 + t))$, TensorFlow's way.
    - "copy": the first update copies the weights, PyTorch's way.
    - "initial": no correction; the weights at construction count as the first average.

    Args:
        model: A module, or parameters.
        decay: d, in [0, 1); 0.999 for thousands of steps, 0.9999 for many more.
        start: One of the four.

    References:
        Polyak & Juditsky (1992), Acceleration of stochastic approximation by averaging, for
        averaging; Kingma & Ba (2015), arXiv:1412.6980, section 3, for the correction.

    Examples:
        >>> p = Parameter([8.0])
        >>> ema = EMA([p], decay=0.5)
        >>> for value in (3.0, 6.0):  # 3, then (0.25 · 3 + 0.5 · 6) / 0.75
        ...     p.data[...] = value
        ...     ema.update()
        ...     print(ema.average["0"])
        [3.]
        [5.]
    """

    def __init__(
        self,
        model: Module | Iterable[Parameter],
        decay: float = 0.999,
        *,
        start: Literal["debias", "warmup", "copy", "initial"] = "debias",
    ) -> None:
        self.decay: float = fraction.check("EMA", "decay", decay)
        self.start = choice("debias", "warmup", "copy", "initial").check("EMA", "start", start)
        super().__init__(model)

    def weight(self, t: int) -> float:
        if self.start == "debias":
            return float((1 - self.decay) / (1 - self.decay**t))
        if self.start == "warmup":
            return 1 - min(self.decay, (1 + t) / (10 + t))
        if self.start == "copy" and t == 1:
            return 1.0
        return 1 - self.decay
