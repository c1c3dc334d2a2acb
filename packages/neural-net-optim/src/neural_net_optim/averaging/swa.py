"""The plain mean of the weights over the last part of training."""

from collections.abc import Callable, Iterable
from typing import Any

from neural_net_core import Module, no_grad
from neural_net_core.checks import shown
from neural_net_core.tensor import Buffer
from neural_net_optim.averaging.weights import WeightAverage

__all__ = ["SWA", "update_batch_norm"]


class SWA(WeightAverage):
    r"""Stochastic weight averaging: the mean of the weights at the ends of the last epochs.

    $$ \bar\theta \leftarrow \bar\theta + \frac{\theta - \bar\theta}{n + 1} $$

    With a constant, rather high rate (`SWALR`) the weights wander around a wide optimum, whose
    middle is the mean. A network with batch normalization needs `update_batch_norm` afterwards,
    because no forward pass has ever seen the averaged weights.

    Args:
        model: A module, or parameters.

    References:
        Izmailov et al. (2018), Averaging weights leads to wider optima, arXiv:1803.05407,
        Algorithm 1.

    Examples:
        >>> from neural_net_core import Parameter
        >>> p = Parameter([8.0])
        >>> swa = SWA([p])
        >>> for value in (3.0, 6.0, 9.0):
        ...     p.data[...] = value
        ...     swa.update()
        >>> swa.average["0"]
        array([6.], dtype=float32)
    """

    def weight(self, t: int) -> float:
        return 1 / t


def update_batch_norm(
    model: Module, batches: Iterable[Any], *, forward: Callable[[Module, Any], Any] | None = None
) -> None:
    """Compute the running statistics of all batch norms anew, as means over the batches.

    Args:
        model: The module, with the weights that it shall be used with.
        batches: What the model is called with; of a tuple or list the first entry, the input.
        forward: Another way to run the model on a batch, `forward(model, batch)`.

    Raises:
        TypeError: If the model is no module.
        Exception: What the model raises on a batch; all its buffers are then what they were before.
    """
    if not isinstance(model, Module):
        raise TypeError(f"update_batch_norm: expected a module, got a {type(model).__name__}")
    if forward is not None and not callable(forward):
        raise TypeError(f"update_batch_norm: forward must be a function, got {shown(forward)}")
    if not hasattr(batches, "__iter__"):
        raise TypeError(
            f"update_batch_norm: batches must be a loader or list, got {shown(batches)}"
        )
    norms: list[Any] = [
        module
        for module in model.modules()
        if isinstance(getattr(module, "running_mean", None), Buffer)
    ]
    if not norms:
        return
    modes = [(module, module.training) for module in model.modules()]
    momenta = [norm.momentum for norm in norms]
    before = [(buffer, buffer.data.copy()) for buffer in model.buffers()]
    try:
        model.train()
        with no_grad():
            for i, batch in enumerate(batches):
                for norm in norms:
                    # The weight of a new batch that makes the running value a plain mean.
                    norm.momentum = 1 / (i + 1)
                if forward is not None:
                    forward(model, batch)
                else:
                    model(batch[0] if isinstance(batch, tuple | list) else batch)
    except BaseException:
        for buffer, data in before:
            buffer.data[...] = data
        raise
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        for module, training in modes:
            module.training = training
