"""What a step asks of arrays: seen, or the step runs as it is written."""

from typing import Any

import numpy as np
import pytest

from neural_net_core import Dense, Sequential, Tanh

X = np.random.default_rng(1).normal(size=(16, 8, 5)).astype(np.float32)


def _slice(y: Any, n: Any) -> Any:
    longest = n.max()
    return (y[:, :longest] ** 2).mean()


def _reshape(y: Any, n: Any) -> Any:
    return (y.reshape(-1, n.max())[0] ** 2).sum()


def _split(y: Any, n: Any) -> Any:
    first, _ = np.split(np.ones(12, np.float32), n[:1])
    return (y**2).sum() * first.sum()


def _text(y: Any, n: Any) -> Any:
    return (y**2).sum() if str(n) == "[1 2 1]" else (y**2).mean()


def _shown(y: Any, n: Any) -> Any:
    return (y**2).sum() if repr(n) == "array([1, 2, 1])" else (y**2).mean()


def _bytes(y: Any, n: Any) -> Any:
    return (y**2).sum() if bytes(n)[0] == 1 else (y**2).mean()


def _formatted(y: Any, n: Any) -> Any:
    return (y**2).sum() if f"{n[0]:d}" == "1" else (y**2).mean()


def _listed(y: Any, n: Any) -> Any:
    return (y**2).sum() * sum(n.tolist())


def _iterated(y: Any, n: Any) -> Any:
    return (y**2).sum() * sum(float(k) for k in n)


def _where(y: Any, n: Any) -> Any:
    (chosen,) = np.where(n > 1)
    return (y[:, chosen] ** 2).sum()


def _repeated(y: Any, n: Any) -> Any:
    return (y[:, np.repeat(np.arange(3), n)] ** 2).sum()


def _made(y: Any, n: Any) -> Any:
    return (y**2).sum() * np.ones(n.max(), np.float32).sum()


def _filled(y: Any, n: Any) -> Any:
    return (y**2).sum() * np.full_like(n, fill_value=n.max()).sum()


def _scalar(y: Any, n: Any) -> Any:
    return (y**2).sum() * np.float32(n.sum())


def _scalar_by_dtype(y: Any, n: Any) -> Any:
    return (y**2).sum() * y.dtype.type(n.sum())


def _walked(y: Any, n: Any) -> Any:
    return (y**2).sum() * float(sum(int(k) for _, k in np.ndenumerate(n)))


def _flat(y: Any, n: Any) -> Any:
    return (y**2).sum() * float(max(n.flat))


def _memory(y: Any, n: Any) -> Any:
    return (y**2).sum() * float(n.data[1])


def _masked(y: Any, n: Any) -> Any:
    return (y**2).sum() * n[n > 1].sum()


def _in_place(y: Any, n: Any) -> Any:
    total = n.sum()
    before = total
    total += 1
    return (y**2).sum() * float(before)


READERS = [
    _slice, _reshape, _split, _text, _shown, _bytes, _formatted, _listed, _iterated, _where,
    _repeated, _made, _filled, _scalar, _scalar_by_dtype, _walked, _flat, _memory, _masked,
    _in_place,
]  # fmt: skip


@pytest.mark.parametrize("reader", READERS, ids=lambda f: f.__name__.strip("_"))
@pytest.mark.parametrize("late", [[3, 1, 1], [2, 2, 2], [1, 1, 1]], ids=str)
def test_what_is_read_of_an_argument_may_change(
    reader: Any, late: list[int], side_by_side: Any, case: Any
) -> None:
    """The first calls have equal arguments, and then they are others."""
    early = np.array([1, 2, 1])

    def make() -> Any:
        model = Sequential(Dense(5, 7), Tanh(), Dense(7, 3))
        return case(lambda x, n: reader(model(x), n), model)

    def script(step: Any, i: int, _: Any) -> Any:
        return step.gradients(X[i], early if i < 8 or i % 2 else np.array(late))

    side_by_side(make, script, 12)
