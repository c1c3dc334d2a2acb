"""The first few of many, without putting the others in order."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.forms import fast_form_of
from neural_net_core.ops.sorting import TopKOp, order_of

__all__: list[str] = []

# Below this length, or for more than this share of the elements, sorting all is as fast.
SHORT, SHARE = 64, 0.25


@fast_form_of(TopKOp)
class FastTopKOp(TopKOp):
    """Parts the first k from the rest, and sorts them alone."""

    def forward(self, x: Array) -> tuple[Array, Array]:
        k, axis, n = self.k, self.axis, x.shape[self.axis]
        if n < SHORT or not 0 < k <= SHARE * n or x.size == 0:
            return super().forward(x)
        last = n - k if self.descending else k - 1  # where the last of the first k comes to stand
        parted = np.argpartition(x, last, axis)
        chosen = np.take(parted, range(last, n) if self.descending else range(k), axis)
        # In the order of their places, so that equal ones stay in it.
        chosen = np.sort(chosen, axis)
        among = np.take_along_axis(x, chosen, axis)
        edge = np.take_along_axis(x, np.take(parted, [last], axis), axis)
        # Which of several equal to the last one are chosen is for the whole order to say.
        equal, chosen_equal = ((z == edge).sum(axis) for z in (x, among))
        if (equal != chosen_equal).any() or np.isnan(edge).any():
            return super().forward(x)
        self.shape = x.shape
        self.order = np.take_along_axis(chosen, order_of(among, axis, self.descending), axis)
        return np.take_along_axis(x, self.order, axis), self.order
