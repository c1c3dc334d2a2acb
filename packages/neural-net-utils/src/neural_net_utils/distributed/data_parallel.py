r"""One training on several processes, which may run on several machines: data parallelism over MPI.

Every process, a *rank*, holds the whole model and computes the gradient of its share of each batch.
The sum of these gradients, divided by what all ranks counted, is the gradient of the whole batch,

$$ g = \frac{\sum_r c_r g_r}{\sum_r c_r} $$

so that every rank then makes the same step, and all keep the same weights without sending them.
`fit(communicator=MPI.COMM_WORLD)` does all of it; a loop of one's own has three functions:

    broadcast_weights(model, communicator)
    for x, y in shard(loader, communicator):
        optimizer.zero_grad()
        count = 0.0
        if len(x):  # a rank may have no sample of a small batch
            loss = cross_entropy(model(x), y)
            loss.backward()
            count = loss.counted
        average_gradients(optimizer, communicator, count=count)
        optimizer.step()

What sends and receives is mpi4py, an extra of this package (`neural-net-utils[mpi]`). It is not
imported here: a communicator is whatever has the methods below. Those with a capital letter send
arrays, the others Python objects.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from typing import Any, Protocol, cast

import numpy as np

from neural_net_core import Buffer, Module, Parameter, Tensor
from neural_net_core.checks import check_instance, check_number, shown
from neural_net_core.dtypes import Array
from neural_net_utils.loading._share import own_rows
from neural_net_utils.loading.loader import Batch, DataLoader

__all__ = ["Communicator", "Shard", "average_gradients", "broadcast_weights", "shard"]


class Communicator(Protocol):
    """What is used of a communicator of mpi4py, such as `MPI.COMM_WORLD`."""

    @property
    def rank(self) -> int:
        """This process's number, from 0."""
        ...

    @property
    def size(self) -> int:
        """How many processes there are."""
        ...

    def Allreduce(self, sendbuf: Any, recvbuf: Any) -> Any:  # noqa: N802
        """Write the sum of all ranks' arrays into an array of each."""
        ...

    def Bcast(self, buf: Any, root: int = 0) -> Any:  # noqa: N802
        """Write rank 0's array into that of each."""
        ...

    def bcast(self, obj: Any, root: int = 0) -> Any:
        """Return rank 0's object on each."""
        ...

    def allgather(self, sendobj: Any) -> list[Any]:
        """Return the objects of all ranks, in their order."""
        ...

    def Abort(self, errorcode: int = 0) -> Any:  # noqa: N802
        """End all processes."""
        ...


class Alone:
    """The communicator of a process that has no others."""

    rank, size = 0, 1

    def Allreduce(self, sendbuf: Array, recvbuf: Array) -> None:  # noqa: N802
        recvbuf[...] = sendbuf

    def Bcast(self, buf: Any, root: int = 0) -> None:  # noqa: N802
        pass

    def bcast(self, obj: Any, root: int = 0) -> Any:
        return obj

    def allgather(self, sendobj: Any) -> list[Any]:
        return [sendobj]

    def Abort(self, errorcode: int = 0) -> None:  # noqa: N802
        sys.exit(errorcode)


def check_communicator(where: str, communicator: Any) -> Communicator:
    """The communicator, if it has what is needed."""
    methods = ("Allreduce", "Bcast", "bcast", "allgather", "Abort")
    if isinstance(communicator, type) or not (
        all(callable(getattr(communicator, name, None)) for name in methods)
        and all(isinstance(getattr(communicator, name, None), int) for name in ("rank", "size"))
    ):
        raise TypeError(
            f"{where}: communicator must be one of mpi4py, such as MPI.COMM_WORLD, got "
            f"{shown(communicator)}"
        )
    return cast("Communicator", communicator)


# The data --------------------------------------------------------------------------------------


def shard(loader: Iterable[Batch], communicator: Communicator) -> Shard:
    """A loader's batches, of each only this rank's share of the samples.

    The ranks' shares of a batch are the batch: rank 0 has the first samples, and where it does not
    come out even the first ranks have one more. A rank has none if the batch is smaller than the
    number of ranks: it must not leave the loop, but take part with a count of 0.

    Args:
        loader: gives every rank the same batches. A `DataLoader` does: all take the seed of rank
            0's, and without `collate` and `transform` a rank reads its own samples only.
        communicator: the ranks, such as `MPI.COMM_WORLD`.

    Returns:
        What to loop over; it is as long as the loader, whose state is that of a loop over it.

    Raises:
        TypeError: if there is nothing to loop over, or no communicator.
        ValueError: while looping, for a batch whose arrays have unequal numbers of samples.

    Examples:
        >>> batches = shard(DataLoader(np.arange(5), batch_size=3), Alone())
        >>> [x.tolist() for (x,) in batches]
        [[0, 1, 2], [3, 4]]
    """
    return Shard(loader, communicator)


class Shard:
    """What `shard` returns.

    Args:
        loader: the loader.
        communicator: the ranks.
    """

    def __init__(self, loader: Iterable[Batch], communicator: Communicator) -> None:
        given: Any = loader
        if not isinstance(given, Iterable) or isinstance(given, str | bytes | Mapping | type):
            raise TypeError(f"shard: expected a loader, which gives batches, got {shown(loader)}")
        self.loader = loader
        self.communicator = check_communicator("shard", communicator)

    def __len__(self) -> int:
        return len(cast("Sized", self.loader))

    def __iter__(self) -> Iterator[Batch]:
        rank, size = self.communicator.rank, self.communicator.size
        if size == 1:
            yield from self.loader
            return
        if isinstance(self.loader, DataLoader):
            self.loader.seed = self.communicator.bcast(self.loader.seed)
            if type(self.loader).__iter__ is DataLoader.__iter__:
                yield from self.loader.shares(rank, size)
                return
        for number, batch in enumerate(self.loader):
            if number == 0:
                self._compare(batch)
            yield own_rows(batch, rank, size)

    def _compare(self, batch: Batch) -> None:
        """Raise on all ranks if a loader has shuffled differently on one."""
        arrays = [x.data if isinstance(x, Tensor) else x for x in batch]
        sums = [zlib.crc32(x.tobytes()) for x in arrays if isinstance(x, np.ndarray)]
        everyone = self.communicator.allgather(sums)
        others = [rank for rank, theirs in enumerate(everyone) if theirs != everyone[0]]
        if others:
            raise ValueError(
                f"shard: the loader ({type(self.loader).__name__}) must give all ranks the same "
                f"batches; on {'rank' if len(others) == 1 else 'ranks'} "
                f"{', '.join(map(str, others))} they differ from those on rank 0: is its order "
                "drawn from a generator that was seeded differently?"
            )


# The gradients ---------------------------------------------------------------------------------


def average_gradients(
    optimizer: Any, communicator: Communicator, *, count: float | None = 1.0
) -> float:
    """Make every gradient the mean over what all ranks counted; each rank must call it.

    Gradients that one rank has and another lacks count as zeros there. One sum runs over all
    gradients, laid end to end.

    Args:
        optimizer: its `param_groups` hold the parameters.
        communicator: the ranks, such as `MPI.COMM_WORLD`.
        count: what this rank's mean loss divided by, `loss.counted`; 0 for a rank without samples.
            None for a loss that is a sum: then gradients add up.

    Returns:
        What all ranks counted together.

    Raises:
        TypeError: for no optimizer, or no communicator.
        ValueError: if the count is no number >= 0.

    Source: Dean et al. (2012), Large Scale Distributed Deep Networks, for the idea; the sum over
    ranks is MPI's Allreduce.

    Examples:
        >>> from types import SimpleNamespace
        >>> p = Parameter([1.0])
        >>> p.grad = np.array([0.5], dtype=np.float32)
        >>> optimizer = SimpleNamespace(param_groups=[{"params": [p]}])
        >>> average_gradients(optimizer, Alone(), count=32), p.grad
        (32.0, array([0.5], dtype=float32))
    """
    groups = getattr(optimizer, "param_groups", None)
    if isinstance(optimizer, type) or not isinstance(groups, list):
        raise TypeError(f"average_gradients: expected an optimizer, got {shown(optimizer)}")
    communicator = check_communicator("average_gradients", communicator)
    counted = 0.0 if count is None else check_number("average_gradients", "count", count, 0)
    parameters = [p for group in groups for p in group["params"]]
    (total,) = join_gradients(parameters, communicator, unit=counted, counted=counted)
    return total


def join_gradients(
    parameters: Sequence[Parameter],
    communicator: Communicator,
    *,
    unit: float,
    counted: float,
    numbers: Sequence[float] = (),
) -> list[float]:
    """Sum gradients over all ranks, and divide them by what all ranks counted.

    Args:
        parameters: the same on all ranks, in the same order.
        communicator: the ranks.
        unit: times this, this rank's gradients are the sums over what it counted.
        counted: that; 0 on all ranks if losses are sums.
        numbers: more to sum up, at no cost.

    Returns:
        The sums over all ranks of `counted` and `numbers`.
    """
    # In float64, and ahead: what all counted divides each rank's part before it is rounded.
    own = np.array([counted, *numbers, *(p.grad is not None for p in parameters)])
    sums = np.empty_like(own)
    communicator.Allreduce(own, sums)
    factor = unit / sums[0] if sums[0] else 1.0
    found = sums[1 + len(numbers) :]
    used = [p for p, ranks in zip(parameters, found, strict=True) if ranks]
    for dtype in dict.fromkeys(p.dtype for p in used):
        members = [p for p in used if p.dtype == dtype]
        flat = np.zeros(sum(p.size for p in members), dtype)
        for p, part in zip(members, _parts(flat, members), strict=True):
            if p.grad is not None:
                np.multiply(p.grad, factor, out=part)
        joined = np.empty_like(flat)
        communicator.Allreduce(flat, joined)
        for p, part in zip(members, _parts(joined, members), strict=True):
            p.grad = part
    return [float(value) for value in sums[: 1 + len(numbers)]]


def _parts(flat: Array, parameters: Sequence[Parameter]) -> Iterator[Array]:
    """Each parameter's part of an array in which all lie end to end, in its shape."""
    start = 0
    for p in parameters:
        yield flat[start : start + p.size].reshape(p.shape)
        start += p.size


# The weights -----------------------------------------------------------------------------------


def broadcast_weights(model: Module, communicator: Communicator) -> None:
    """Give every rank the parameters and buffers of rank 0's model; each rank must call it.

    Args:
        model: of the same shapes and dtypes on all ranks; it is changed in place.
        communicator: the ranks, such as `MPI.COMM_WORLD`.

    Raises:
        TypeError: for no model, or no communicator.

    Examples:
        >>> from neural_net_core import Dense
        >>> broadcast_weights(Dense(2, 1), Alone())
    """
    check_instance("broadcast_weights", "model", model, Module)
    communicator = check_communicator("broadcast_weights", communicator)
    if communicator.size == 1:
        return
    tensors: list[Parameter | Buffer] = [*model.parameters(), *model.buffers()]
    for tensor in tensors:
        values = np.ascontiguousarray(tensor.data)
        communicator.Bcast(values)
        if communicator.rank:
            np.copyto(tensor.data, values)
            tensor.version += 1
