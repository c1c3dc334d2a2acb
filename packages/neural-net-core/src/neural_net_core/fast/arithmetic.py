"""A product of which each factor is kept, and each gradient computed, only where it is wanted."""

from neural_net_core.dtypes import Array
from neural_net_core.forms import fast_form_of
from neural_net_core.ops.arithmetic import MultiplyOp

__all__: list[str] = []


@fast_form_of(MultiplyOp)
class FastMultiplyOp(MultiplyOp):
    """Saves each factor only for the other's gradient: of x times a constant, nothing of x."""

    def forward(self, a: Array, b: Array) -> Array:
        if self.needs(0):
            self.b = b
        if self.needs(1):
            self.a = a
        return a * b

    def backward(self, dy: Array) -> tuple[Array | None, Array | None]:
        da = dy * self.b if self.needs(0) else None
        db = dy * self.a if self.needs(1) else None
        return da, db
