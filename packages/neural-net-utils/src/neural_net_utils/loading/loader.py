"""Batches in a reproducible order that can be stopped and continued at any batch."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, Protocol

import numpy as np

from neural_net_core import StateDictError, Tensor
from neural_net_core.checks import check_array, check_callable, check_count, check_flag, shown
from neural_net_core.dtypes import Array
from neural_net_core.random import resolve_rng
from neural_net_utils._states import saved_count, saved_entry
from neural_net_utils.loading._ahead import read_ahead
from neural_net_utils.loading._places import Places
from neural_net_utils.loading._share import own_rows, share_of
from neural_net_utils.loading.collate import stack_samples
from neural_net_utils.loading.dataset import ArrayDataset
from neural_net_utils.loading.samplers import BucketSampler, Sampler, check_order

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
        lengths: one length per sample; batches are then formed from samples of similar length,
            which saves padding: short for `sampler=BucketSampler(lengths, batch_size)`.
        sampler: which samples an epoch has, and in which order, in place of `shuffle`: see
            `WeightedSampler`, `BucketSampler` and `Sampler`.
        prefetch: how many batches a thread makes ahead of their use; 0 makes each when it is asked
            for. It gives the same batches. `dataset[i]`, `collate` and `transform` run in the
            thread then, so they must not draw from a generator that the program draws from, too;
            the one that `transform` is given is its own.

    Raises:
        ValueError: for a batch size below 1, lengths that do not match the data set, or a sampler
            beside `shuffle` or `lengths`.
        TypeError: for a data set without length and index, such as a generator or a dict, or a
            sampler without length and order.

    Examples:
        >>> loader = DataLoader(ArrayDataset([0, 1, 2, 3, 4]), batch_size=2)
        >>> [x.tolist() for (x,) in loader]
        [[0, 1], [2, 3], [4]]
        >>> len(loader)
        3
    """

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
        sampler: Sampler | None = None,
        prefetch: int = 0,
    ) -> None:
        if isinstance(dataset, tuple):
            dataset = ArrayDataset(*dataset)
        elif isinstance(dataset, (np.ndarray, Tensor)):
            dataset = ArrayDataset(dataset.data if isinstance(dataset, Tensor) else dataset)
        _check_dataset(dataset)
        self.dataset: Any = dataset
        self.batch_size = check_count("DataLoader", "batch_size", batch_size, 1)
        self.shuffle = check_flag("DataLoader", "shuffle", shuffle)
        self.drop_last = check_flag("DataLoader", "drop_last", drop_last)
        for name, function in (("collate", collate), ("transform", transform)):
            if function is not None:
                check_callable("DataLoader", name, function)
        self.collate = collate
        self.transform = transform
        self.sampler = self._sampler(lengths, sampler)
        self.prefetch = check_count("DataLoader", "prefetch", prefetch, 0)
        self.rng = resolve_rng(rng)
        self._seed: int | None = None
        self._epoch = 0  # the epoch that a loop is in, or that the next loop begins
        self._position = 0  # how many of its batches have been given out
        self._continue = False  # the next loop goes on inside that epoch

    def __len__(self) -> int:
        """Batches per epoch."""
        count = len(self.dataset if self.sampler is None else self.sampler)
        whole, rest = divmod(count, self.batch_size)
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
        order = self._order(Places(seed), epoch)
        batches = self._batches(order, Places(seed), epoch, start, part, parts)
        if self.prefetch:
            batches = read_ahead(batches, self.prefetch)
        with closing(batches):
            for position, batch in enumerate(batches, start):
                self._epoch, self._position = epoch, position + 1
                yield batch
        self._epoch, self._position = epoch + 1, 0

    def _batches(
        self, order: Array, places: Places, epoch: int, start: int, part: int, parts: int
    ) -> Generator[Batch, None, None]:
        """Make an epoch's batches from a position on; changes nothing of the loader."""
        for position in range(start, len(self)):
            rows = order[position * self.batch_size : (position + 1) * self.batch_size]
            own = rows[share_of(len(rows), part, parts)]
            if self.collate is None and self.transform is None and len(own):
                batch = self._batch(own)
            else:
                batch = self._batch(rows)
                if self.transform is not None:
                    # Keyed by position, so that a continued epoch draws what it would have drawn.
                    batch = self.transform(batch, places.at(epoch, position + 1))
                batch = own_rows(batch, part, parts)
            yield batch

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
        if self._seed is None and (self.shuffle or self._draws or self.transform is not None):
            self._seed = int(self.rng.integers(2**63))
        return self._seed

    @seed.setter
    def seed(self, seed: int | None) -> None:
        if seed is not None:
            seed = check_count("DataLoader", "seed", seed, 0, 2**63 - 1)
        self._seed = seed

    def _sampler(self, lengths: Any, sampler: Any) -> Sampler | None:
        """The sampler that the options ask for, None for the data set's order or a random one."""
        self._draws = sampler is not None
        if lengths is not None and sampler is None:
            lengths = check_array("DataLoader", "lengths", lengths)
            if lengths.shape != (len(self.dataset),):
                raise ValueError(
                    f"DataLoader: expected {len(self.dataset)} lengths, one per sample, got "
                    f"{len(lengths) if lengths.ndim == 1 else shown(lengths)}"
                )
            return BucketSampler(lengths, self.batch_size, shuffle=self.shuffle)
        if sampler is None:
            return None
        if isinstance(sampler, type) or not (
            hasattr(sampler, "__len__") and callable(getattr(sampler, "order", None))
        ):
            raise TypeError(
                "DataLoader: sampler must have len() and order(rng), such as WeightedSampler, got "
                f"{shown(sampler)}"
            )
        if self.shuffle or lengths is not None:
            raise ValueError(
                "DataLoader: a sampler says which samples come, and in which order: leave out "
                "shuffle and lengths"
            )
        size = getattr(sampler, "batch_size", self.batch_size)
        if size != self.batch_size:
            raise ValueError(
                f"DataLoader: the sampler orders for batches of {size}, and the loader's batches "
                f"are of {self.batch_size}"
            )
        data = {name: getattr(sampler, name, None) for name in ("lengths", "weights")}
        for name, values in data.items():
            if values is not None and len(values) != len(self.dataset):
                raise ValueError(
                    f"DataLoader: expected a sampler for {len(self.dataset)} samples, got one of "
                    f"{len(values)} {name}"
                )
        return sampler

    def _order(self, places: Places, epoch: int) -> Array:
        """Sample numbers of one epoch, (n,), in the order of use."""
        rng, count = places.at(epoch, 0), len(self.dataset)
        if self.sampler is not None:
            return check_order(self.sampler, self.sampler.order(rng), count)
        return rng.permutation(count) if self.shuffle else np.arange(count)

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
