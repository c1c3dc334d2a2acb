"""The gradient of bags of embeddings, two numbers at a time."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.fast.indexing import accumulate_rows
from neural_net_core.forms import fast_form_of
from neural_net_core.op import returns_new_arrays
from neural_net_layers.embeddings.embedding_bag import EmbeddingBagOp

__all__: list[str] = []


@fast_form_of(EmbeddingBagOp)
class FastEmbeddingBagOp(EmbeddingBagOp):
    """Adds pairs of numbers into flat positions of dW, as `FastEmbeddingOp` does.

    Maxima have so few winners that the textbook form is as fast.
    """

    @returns_new_arrays
    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        if self.mode == "max":
            return super().backward(dy)
        drows, dw = dy[self.bags], None  # (N, D)
        ds = np.vecdot(self.w[self.ids], drows) if self.needs(1) else None
        if self.needs(0):
            drows *= self.s[:, None]
            if self.by_frequency:
                drows /= np.bincount(self.ids)[self.ids].astype(dy.dtype)[:, None]
            dw = np.zeros_like(dy, shape=self.w.shape, order="C")
            accumulate_rows(dw, self.ids, drows)
        return dw, ds, None, None
