"""What a recurrent layer computes on the way: gates and states at every step, for figures."""

from typing import Any

from neural_net_core.checks import check_instance
from neural_net_core.dtypes import Array
from neural_net_core.grad_mode import no_grad
from neural_net_core.tensor import TensorLike
from neural_net_layers.recurrent._recurrent import Recurrent, Watch

__all__ = ["unroll"]


def unroll(
    layer: Recurrent, x: TensorLike, state: Any = None, lengths: TensorLike | None = None
) -> dict[str, dict[str, Array]]:
    """Run sequences through a recurrent layer once more, and return every gate and state.

    Nothing of it is kept on the layer, and nothing is recorded for gradients; a layer in training
    drops as in training.

    Args:
        layer: A `VanillaRNN`, `LSTM` or `GRU`.
        x: (B, T, I), or (T, B, I) if the layer is not batch first.
        state: The initial state, as in a call of the layer.
        lengths: (B,), as in a call of the layer; there are zeros in the padding.

    Returns:
        For each recurrence (`"l0"`, `"l0_reverse"`, `"l1"`, …) arrays (B, T, D) by name:
        `"hidden state"`; of an LSTM also `"input gate"`, `"forget gate"`, `"candidate"`,
        `"output gate"` and `"cell state"`; of a GRU also `"reset gate"`, `"update gate"` and
        `"candidate"`.

    Raises:
        ShapeError: If input, state or lengths do not fit.

    Examples:
        >>> import numpy as np
        >>> from neural_net_layers import LSTM
        >>> seen = unroll(LSTM(2, 3, num_layers=2), np.zeros((4, 5, 2)))
        >>> list(seen)
        ['l0', 'l1']
        >>> seen["l0"]["forget gate"].shape
        (4, 5, 3)
    """
    watch: Watch = {}
    check_instance("unroll", "layer", layer, Recurrent, "a VanillaRNN, LSTM or GRU")
    with no_grad():
        layer._run(x, state, lengths, watch)
    if layer.batch_first:
        return watch
    return {
        suffix: {name: value.swapaxes(0, 1) for name, value in values.items()}
        for suffix, values in watch.items()
    }
