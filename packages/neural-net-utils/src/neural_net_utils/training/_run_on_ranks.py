"""A run that several processes share: what each of them does besides what one would do."""

import zlib
from collections.abc import Iterator, Sequence
from os import PathLike
from typing import Any

import neural_net_core
from neural_net_core import Module, TrainingError
from neural_net_utils.distributed._ranks import (
    checksums,
    differences,
    file_of_rank_0,
    set_states,
    set_streams,
    share_states,
)
from neural_net_utils.distributed.data_parallel import (
    Communicator,
    broadcast_weights,
    join_gradients,
)
from neural_net_utils.loading.loader import Batch, DataLoader
from neural_net_utils.training._parts import facts_of, needs_closure
from neural_net_utils.training._run import Run
from neural_net_utils.training.callbacks.base import Callback
from neural_net_utils.training.evaluate import Totals, batch_size

__all__ = ["RunOnRanks"]


class RunOnRanks(Run):
    """A run of which this process, a rank, does its share.

    Args:
        *parts: as `Run` takes them.
        callbacks: those that are for rank 0 alone are left out on others.
        communicator: the ranks.
        **options: as `Run` takes them.
    """

    def __init__(
        self,
        *parts: Any,
        callbacks: Sequence[Callback],
        communicator: Communicator,
        **options: Any,
    ) -> None:
        if communicator.rank:
            callbacks = [c for c in callbacks if not getattr(c, "first_rank_only", False)]
        super().__init__(*parts, callbacks=callbacks, communicator=communicator, **options)
        if needs_closure(self.optimizer):
            raise ValueError(
                f"fit: {type(self.optimizer).__name__} computes the loss several times in a step, "
                f"which fit does for one process only, got {communicator.size} ranks"
            )
        # A rank counts a step by itself before all add up what they have.
        self._totals_here = Totals(self.totals.metrics)
        self._somebody_interrupted = False

    def begin(self, resume_from: str | PathLike[str] | None, seed: int | None) -> None:
        """Become the same run on all ranks: that of rank 0."""
        ranks = self.communicator
        if found := differences(facts_of(self), ranks):
            raise ValueError(f"fit: the ranks must be given the same: {found}")
        resume_from = ranks.bcast(resume_from)
        if resume_from is None:
            for module in (self.model, self.loss_fn):
                if isinstance(module, Module):
                    broadcast_weights(module, ranks)
            share_states(self._parts()["rng"].values(), ranks)
            super().begin(None, seed)
        else:
            with file_of_rank_0(resume_from, ranks) as file:
                super().begin(file, seed)
        if self._streams is None:
            state = repr(neural_net_core.default_rng().bit_generator.state)
            self._streams = zlib.crc32(state.encode())

    def begin_epoch(self) -> bool:
        self._follow_rank_0()
        return super().begin_epoch()

    def groups(self) -> Iterator[list[Batch]]:
        yield from super().groups()
        if self.epoch_complete and (found := differences(checksums(self.model), self.communicator)):
            raise TrainingError(
                f"fit: after epoch {self.epoch} the ranks no longer have the same weights, has a "
                f"callback changed them on one alone? {found}"
            )

    def join_gradients(self) -> None:
        """Make all ranks' gradients and losses their mean over all that counted."""
        set_states(self._generators, self._states)
        # In this step a rank may have had no sample.
        own = (self._counted, self.loss) if self._expected else (0.0, 0.0)
        counted, loss, interrupted = join_gradients(
            list(self._trained()),
            self.communicator,
            unit=self._expected or 1.0,
            counted=own[0],
            numbers=[own[1], float(self._interrupted)],
        )
        self._expected = None
        self._somebody_interrupted = bool(interrupted)
        self.loss = loss / counted if counted else loss
        self.totals.loss += loss
        self.totals.count += counted
        self.totals.batches += 1
        if self.totals.metrics:
            here = self._totals_here
            for states in self.communicator.allgather(here.state_dict()["metrics"]):
                self.totals.merge(states)
            here.reset()

    def end_step(self) -> None:
        super().end_step()
        self._follow_rank_0()

    def end(self) -> None:
        super().end()
        broadcast_weights(self.model, self.communicator)

    # Private ----------------------------------------------------------------------------------

    def _follow_rank_0(self) -> None:
        """Whether to stop is decided on rank 0: clocks and callbacks of others may differ."""
        decided = self.stop_reason, self._hurry
        self.stop_reason, self._hurry = self.communicator.bcast(decided)

    def _take(self, batches: Iterator[Batch]) -> list[Batch]:
        group = super()._take(batches)
        if not isinstance(self.train_loader, DataLoader):  # which was compared at the start
            counts = self.communicator.allgather(len(group))
            if len(set(counts)) > 1:
                raise ValueError(
                    f"fit: train_loader must give all ranks the same batches, got {counts} for "
                    f"step {self.step + 1}"
                )
        return group

    def _own(self, group: list[Batch]) -> list[Batch]:
        """Leave out the batches of which this rank has no sample; from now on it draws alone."""
        self._states = [generator.bit_generator.state for generator in self._generators]
        set_streams(self._generators, self._streams or 0, self.communicator.rank, self.step)
        return [batch for batch in group if batch_size(list(batch[:-1]), batch[-1])]

    def _stops_early(self) -> bool:
        return self._somebody_interrupted
