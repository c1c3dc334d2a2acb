"""Batches in a reproducible order that can be stopped and continued at any batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from neural_net_core import StateDictError, Tensor
from neural_net_core.checks import check_array, check_callable, check_count, check_flag, shown
from neural_net_core.dtypes import Array
from neural_net_core.random import resolve_rng
from neural_net_utils._states import saved_count, saved_entry
from neural_net_utils.loading._share import own_rows, share_of
from neural_net_utils.loading.collate import stack_samples
from neural_net_utils.loading.dataset import ArrayDataset

__all__ = ["Batch", "DataLoader", "Dataset"]

Batch = tuple[Any, ...]


class Dataset(Protocol):
    """What a loader reads: a length, and one sample (a tuple of fields) per index."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> tuple[Any, ...]: ...


class DataLoader:
    """Iterate over a data set in batches; one `for` loop is one epoch.

    The order of epoch `e` depends on the loader's seed and on `e` alone, and so does the generator
    that `transform` gets for a batch (do not keep it). Therefore three integers (seed, epoch,
    position) are the whole state, and a run continued in mid-epoch sees exactly the batches it
    would have seen.

    Args:
        dataset: an `ArrayDataset`, or anything with `len(dataset)` and `dataset[i]` that
            gives a tuple. Another array, or a tuple of arrays, is wrapped into an `ArrayDataset`.
        batch_size: samples per batch; the last batch may be smaller.
        shuffle: a new random order in each epoch; otherwise the data set's own.
        drop_last: leave out a last batch that is smaller than the rest.
        rng: one seed is drawn from it at the first use, if the loader shuffles or transforms;
            None means the library's generator.
        collate: makes a batch from a list of samples; the default stacks them.
        transform: `transform(batch, rng)` gives the batch to use, for example augmented.
        lengths: one length per sample; batches are then formed from samples of
            similar length (sorted within windows of 50 batches), which saves padding.

    Raises:
        ValueError: for a batch size below 1, or lengths that do not match the data set.
        TypeError: for a data set without length and index, such as a generator or a dict.

    Examples:
        >>> loader = DataLoader(ArrayDataset([0, 1, 2, 3, 4]), batch_size=2)
        >>> [x.tolist() for (x,) in loader]
        [[0, 1], [2, 3], [4]]
        >>> len(loader)
        3
    """

    # Batches per window of `lengths`: wide enough for similar lengths, narrow enough for chance.
    WINDOW = 50

    def __init__(
        self,
        dataset: Dataset | Array | Tensor | tuple[Array, ...],
        batch_size: int = 32,
        *,
        shuffle: bool = False,
        drop_last: bool = False,
        rng: np.random.Generator | None = None,
        collate: Callable[[Sequence[Any]], Batch] | None = None,
        transform: Callable[[Batch, np.random.Generator], Batch] | None = None,
        lengths: Sequence[int] | Array | None = None,
    ) -> None:
        if isinstance(dataset, tuple):
            dataset = ArrayDataset(*dataset)
        elif isinstance(dataset, (np.ndarray, Tensor)):
            dataset = ArrayDataset(dataset.data if isinstance(dataset, Tensor) else dataset)
        _check_dataset(dataset)
        if lengths is not None:
            lengths = check_array("DataLoader", "lengths", lengths)
            if lengths.shape != (len(dataset),):
                raise ValueError(
                    f"DataLoader: expected {len(dataset)} lengths, one per sample, got "
                    f"{len(lengths) if lengths.ndim == 1 else shown(lengths)}"
                )
        self.dataset: Any = dataset
        self.batch_size = check_count("DataLoader", "batch_size", batch_size, 1)
        self.shuffle = check_flag("DataLoader", "shuffle", shuffle)
        self.drop_last = check_flag("DataLoader", "drop_last", drop_last)
        for name, function in (("collate", collate), ("transform", transform)):
            if function is not None:
                check_callable("DataLoader", name, function)
        self.collate = collate
        self.transform = transform
        self.lengths = lengths
        self.rng = resolve_rng(rng)
        self._seed: int | None = None
        self._source = np.random.Philox(key=0)
        self._generator = np.random.Generator(self._source)
        self._epoch = 0  # the epoch that a loop is in, or that the next loop begins
        self._position = 0  # how many of its batches have been given out
        self._continue = False  # the next loop goes on inside that epoch

    def __len__(self) -> int:
        """Batches per epoch."""
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[Batch]:
        return self._shares(0, 1)

    def shares(self, part: int, parts: int) -> Iterator[Batch]:
        """The same batches, of each only a part of its rows, for several who share the work.

        Rows that no one else wants are not read, unless `collate` or `transform` must see the whole
        batch: what they do then does not depend on how many share it.

        Args:
            part: which part, from 0.
            parts: how many there are. The first ones have a row more where it does not come out
                even; the last ones may have none.

        Raises:
            ValueError: if there is no such part.
        """
        parts = check_count("DataLoader.shares", "parts", parts, 1)
        part = check_count("DataLoader.shares", "part", part, 0, parts - 1)
        return self._shares(part, parts)

    def _shares(self, part: int, parts: int) -> Iterator[Batch]:
        # A loop left early is over; the next begins a new epoch, unless a state was loaded.
        started = self._position > 0 and not self._continue
        epoch, start = (self._epoch + 1, 0) if started else (self._epoch, self._position)
        self._continue = False
        self._epoch, self._position = epoch, start
        # Where nothing is random nothing is drawn: the library's generator serves others, too.
        seed = self.seed or 0
        order = self._order(seed, epoch)
        for position in range(start, len(self)):
            rows = order[position * self.batch_size : (position + 1) * self.batch_size]
            own = rows[share_of(len(rows), part, parts)]
            if self.collate is None and self.transform is None and len(own):
                batch = self._batch(own)
            else:
                batch = self._batch(rows)
                if self.transform is not None:
                    # Keyed by position, so that a continued epoch draws what it would have drawn.
                    batch = self.transform(batch, self._numbers(seed, epoch, position + 1))
                batch = own_rows(batch, part, parts)
            self._epoch, self._position = epoch, position + 1
            yield batch
        self._epoch, self._position = epoch + 1, 0

    def state_dict(self) -> dict[str, int | None]:
        """Seed, epoch and position: what it takes to go on after the newest batch.

        Inside a loop's last round the position is `len(loader)`: continued from there, a loop gives
        nothing more. After the loop it is 0, in the next epoch. The seed is None while it is not
        needed.
        """
        return {"seed": self._seed, "epoch": self._epoch, "position": self._position}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where `state_dict` was taken: the next loop gives the rest of that epoch.

        Raises:
            StateDictError: if an entry is missing or impossible for this loader; nothing has
                changed then.
        """
        seed = saved_entry("DataLoader", state, "seed")
        if seed is not None:
            seed = saved_count("DataLoader", state, "seed", high=2**63 - 1)
        epoch = saved_count("DataLoader", state, "epoch")
        position = saved_count("DataLoader", state, "position")
        if position > len(self):
            raise StateDictError(
                f"DataLoader: the state is after batch {position} of an epoch, this loader has "
                f"{len(self)}: were the data or the batch size changed?"
            )
        self._seed, self._epoch, self._position = seed, epoch, position
        self._continue = True

    @property
    def seed(self) -> int | None:
        """What orders and transforms come from; drawn when first asked for, None if unneeded.

        Loaders of equal data with equal seeds give equal batches.
        """
        # Drawn late, so that `neural_net_core.seed(n)` after the construction still counts.
        if self._seed is None and (self.shuffle or self.transform is not None):
            self._seed = int(self.rng.integers(2**63))
        return self._seed

    @seed.setter
    def seed(self, seed: int | None) -> None:
        if seed is not None:
            seed = check_count("DataLoader", "seed", seed, 0, 2**63 - 1)
        self._seed = seed

    def _numbers(self, seed: int, epoch: int, place: int) -> np.random.Generator:
        """The generator, set to the numbers of one place of one epoch.

        Philox computes its n-th number from a key and n alone, so any place is reached at once;
        seeding a new generator for each would take longer than a small batch.
        """
        counter = np.array([0, 0, place, epoch], dtype=np.uint64)  # draws count in the first two
        self._source.state = {
            "bit_generator": "Philox",
            "state": {"counter": counter, "key": np.array([seed, 0], dtype=np.uint64)},
            "buffer": np.zeros(4, dtype=np.uint64),
            "buffer_pos": 4,
            "has_uint32": 0,
            "uinteger": 0,
        }
        return self._generator

    def _order(self, seed: int, epoch: int) -> Array:
        """Sample numbers of one epoch, (n,), in the order of use."""
        count = len(self.dataset)
        rng = self._numbers(seed, epoch, 0)
        order = rng.permutation(count) if self.shuffle else np.arange(count)
        if self.lengths is None:
            return order
        window = self.WINDOW * self.batch_size
        parts = [order[start : start + window] for start in range(0, count, window)]
        order = np.concatenate(
            [part[np.argsort(self.lengths[part], kind="stable")] for part in parts] or [order]
        )
        if not self.shuffle:
            return order
        # Whole batches change places; a smaller last one stays last.
        whole = count - count % self.batch_size
        batches = order[:whole].reshape(-1, self.batch_size)
        return np.concatenate([rng.permutation(batches).reshape(-1), order[whole:]])

    def _batch(self, rows: Array) -> Batch:
        if self.collate is None and isinstance(self.dataset, ArrayDataset):
            return self.dataset[rows]
        samples = [self.dataset[int(row)] for row in rows]
        return (self.collate or stack_samples)(samples)


def _check_dataset(dataset: Any) -> None:
    """Raise TypeError for what has no length and no samples by number."""
    kind = type(dataset).__name__
    expected = "DataLoader: expected arrays, or a data set with len() and [index]"
    if isinstance(dataset, Mapping):
        raise TypeError(
            f"{expected}, got a {kind}, which is indexed by names; pass its arrays in a tuple: "
            'DataLoader((data["x"], data["y"]))'
        )
    if isinstance(dataset, (str, bytes)):
        raise TypeError(f"{expected}, got a {kind}; encode text first, see CharacterTokenizer")
    indexed = hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")
    if not indexed or isinstance(dataset, type):
        raise TypeError(f"{expected}, got a {kind}; list(...) makes one of what is read in order")
