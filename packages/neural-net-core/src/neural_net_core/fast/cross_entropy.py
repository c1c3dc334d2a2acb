"""Cross-entropy of class indices: the target's class is looked up, not multiplied by a one-hot.

What smoothing and weights add is computed only where there are any, and the one matrix of the
scores' size is that of the exponentials.
"""

from typing import Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.fast.products import row_dots, row_sums
from neural_net_core.forms import fast_form_of
from neural_net_core.losses._classes import from_rows, to_rows
from neural_net_core.losses.cross_entropy import CrossEntropyLossOp
from neural_net_core.ops.softmaxes import largest

__all__: list[str] = []


@fast_form_of(CrossEntropyLossOp)
class FastCrossEntropyLossOp(CrossEntropyLossOp):
    """l = h (ln Σ eᶻ − z_t) + Σ_c g_c (ln Σ eᶻ − z_c)

    dz_c = dl · ((h + Σ g) p_c − h [c = t] − g_c).
    The textbook's a is parted into what the target has, h = (1 − ε) w_t, and what all classes
    have, g_c = ε w_c / C: without weights and smoothing h = 1 and g = 0.

    The other classes are summed apart from the target's, so that p_t − 1 = −rest / total keeps its
    digits. Saves the others' eᶻ, their sum `rest`, and that of all, `total`.
    """

    def forward(self, logits: Array, targets: Array, counted: Array | bool) -> Array:
        self.shape = logits.shape
        z = to_rows(logits)  # (M, C)
        self.t, self.rows = targets.reshape(-1), np.arange(len(z))  # (M,)
        self.counted = None if counted is True else np.reshape(counted, -1)
        t = self.t
        self.h, count, ignored = self._target_weights(z)
        peak = largest(z, axis=1)
        if ignored is not None:
            peak[ignored] = 0
        z = z - peak
        if ignored is not None:
            z[ignored] = 0  # whatever stood there, such as NaN, must not count
        z_t = z[self.rows, t]
        z_g = self._smoothed(z)
        self.e = np.exp(z, out=z)
        e_t = self.e[self.rows, t]
        self.e[self.rows, t] = 0
        self.rest = row_sums(self.e)
        self.total = self.rest + e_t
        # Where the target is the largest, e_t is 1 and this the logarithm of 1 + rest.
        log_total = np.log1p(self.rest + (e_t - 1))
        if self.label_smoothing:
            z_t = np.where(self.h == 0, 0, z_t)  # which may be −∞
        losses = self.h * (log_total - z_t)
        if z_g is not None:
            smooth = self.g_total * log_total - z_g
            losses += smooth if self.counted is None else smooth * self.counted
        losses = self.reduce(losses, count)
        return losses.reshape(targets.shape) if self.reduction == "none" else losses

    def backward(self, dy: Array) -> tuple[Array, None, None]:
        dl = self.spread(dy).reshape(-1)  # (M,) or (1,)
        mass = self.h * dl
        if self.label_smoothing:
            dl = np.broadcast_to(dl if self.counted is None else dl * self.counted, self.t.shape)
            mass = mass + self.g_total * dl
        mass = mass / self.total
        dz = self.e * mass[:, None]
        dz[self.rows, self.t] = -mass * self.rest
        if self.label_smoothing:
            dz -= dl[:, None] * self.g
            dz[self.rows, self.t] += self.g_total * dl
        return from_rows(dz, self.shape), None, None

    def _target_weights(self, z: Array) -> tuple[Any, float, Array | None]:
        """Return h for each sample (or for all), what a mean divides by, and whom to ignore."""
        if self.weight is None:
            if self.counted is None:
                return 1 - self.label_smoothing, self.t.size, None
            w = self.counted.astype(z.dtype)
        else:
            w = self.weight[self.t]
            if self.counted is not None:
                w *= self.counted
        ignored: Array | None = w == 0
        if self.label_smoothing:  # then a target of weight 0 still costs what the others weigh
            ignored = None if self.counted is None else ~self.counted
        return (1 - self.label_smoothing) * w, float(np.add.reduce(w)), ignored

    def _smoothed(self, z: Array) -> Array | None:
        """Return Σ g z for each sample, with g the part of the target that goes to all classes."""
        if not self.label_smoothing:
            return None
        w = np.ones_like(z, shape=z.shape[1]) if self.weight is None else self.weight
        # Without classes there is nobody to divide among.
        self.g = w * (self.label_smoothing / max(z.shape[1], 1))
        self.g_total = float(np.add.reduce(self.g))
        if not self.g.all():
            z = np.where(self.g == 0, 0, z)  # which may be −∞
        return row_dots(z, self.g)
