"""Binary cross-entropy of logits with one logarithm for both of its terms."""

import numpy as np

from neural_net_core.activations.sigmoid import logistic, logistic_and_rest
from neural_net_core.activations.softplus import log1pexp
from neural_net_core.dtypes import Array
from neural_net_core.forms import fast_form_of
from neural_net_core.losses.bce_with_logits import BCEWithLogitsLossOp

__all__: list[str] = []


@fast_form_of(BCEWithLogitsLossOp)
class FastBCEWithLogitsLossOp(BCEWithLogitsLossOp):
    """l = w ((1 − t) max(x, 0) + u t max(−x, 0) + k ln(1 + e^−|x|)), k = u t + 1 − t,

    as s(x) = max(x, 0) + ln(1 + e^−|x|). No term is negative, as in the textbook form.
    """

    def forward(self, x: Array, t: Array) -> Array:
        self.x, self.t = x, t
        ut, k = self._parts()
        size = np.abs(x)
        largest = np.fmax.reduce(size, axis=None, initial=0)  # which NaN does not hide
        self.is_endless = largest == np.inf
        if self.is_endless:
            # (1 − t) ∞ or u t ∞, where 0 · ∞ is 0; the formula below would make ∞ − ∞ of it.
            limit = np.where(np.where(x > 0, 1 - t, ut) == 0, 0, size.dtype.type(np.inf))
            endless = np.isinf(x)
            x, size = np.where(endless, 0, x), np.where(endless, 0, size)
        losses = k * np.log1p(np.exp(-size))
        positive = np.maximum(x, 0)
        losses += (1 - t) * positive
        positive -= x  # max(−x, 0), exactly
        losses += ut * positive
        if self.is_endless:
            losses = np.where(endless, limit, losses)
        if self.weight is not None:
            losses *= self.weight
        return self.reduce(losses)

    def backward(self, dy: Array) -> tuple[Array | None, Array | None]:
        dl = self.spread(dy)
        if self.weight is not None:
            dl = dl * self.weight
        dx = dt = None
        if self.needs(0):
            ut, _ = self._parts()
            dx, rest = logistic_and_rest(self.x)
            if self.is_endless:
                rest = logistic(-self.x)  # exactly 0 of ∞
            dx *= 1 - self.t
            dx = dx - ut * rest
            dx *= dl
        if self.needs(1):
            dt = -self.x
            if self.pos_weight is not None:
                dt += (self.pos_weight - 1) * log1pexp(-self.x)
            dt *= dl
        return dx, dt

    def _parts(self) -> tuple[Array, Array | float]:
        """Return u t and k."""
        if self.pos_weight is None:
            return self.t, 1.0
        ut = self.t * self.pos_weight
        return ut, ut + (1 - self.t)
