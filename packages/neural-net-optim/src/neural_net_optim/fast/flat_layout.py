"""The step of an elementwise optimizer over flat buffers, block by block, in one thread or several.

With a fast update the blocks are changed in place; with the rule alone they are computed anew and
written, which is still faster than a call for every parameter where there are many small ones.
"""

from functools import partial
from typing import Any

import numpy as np

from neural_net_core.dtypes import DType
from neural_net_core.fast.threads import thread_count
from neural_net_optim.base._slot import Slot
from neural_net_optim.base.elementwise import ElementwiseOptimizer, Update
from neural_net_optim.base.optimizer import Group
from neural_net_optim.fast.flat import Block, FlatBuffer, Workspace
from neural_net_optim.fast.threads import share

__all__ = ["FlatLayout"]

# Elements from which on two threads share the blocks. They are woken, take turns with the
# interpreter's lock and compete for memory with BLAS's own threads, which go on asking for work
# for some 25 ms after a product: on a virtual machine with two cores, a step over 640,000 numbers
# took 0.75 ms in two threads and 0.55 in one with SGD, 2.2 and 1.9 with Adam.
_WORTH_SHARING = 1 << 20

_Job = tuple[Block, list[Any], Group, int, tuple[Any, ...]]


class FlatLayout:
    """All parameters of an optimizer, those of one group and dtype in one array.

    Args:
        optimizer_class: The optimizer's class, which says whether there is a fast update.
    """

    def __init__(self, optimizer_class: type[ElementwiseOptimizer]) -> None:
        fast = optimizer_class.fast_update
        self._update: Update | None = None
        self._scratch = 0
        if fast is not None and fast.rule is optimizer_class.rule:
            self._update, self._scratch = fast.update, fast.scratch
        self._flats: list[list[FlatBuffer]] = []
        self._workspaces: dict[tuple[DType, int], Workspace] = {}
        # Whether all state arrays that the rules need are there; they are made by the first step.
        self._state_is_ready = False

    def add(self, slots: list[Slot]) -> None:
        """Move the parameters of a new group into buffers."""
        by_dtype: dict[DType, list[Slot]] = {}
        for slot in slots:
            by_dtype.setdefault(slot.param.dtype, []).append(slot)
        self._flats.append([FlatBuffer(part) for part in by_dtype.values()])
        self._workspaces.clear()
        self._state_is_ready = False

    def make_state(self, slot: Slot, names: tuple[str, ...], initial: dict[str, float]) -> None:
        """Make the state arrays that a parameter lacks, for its whole buffer."""
        flat = next(f for flats in self._flats for f in flats if slot in f.slots)
        flat.ensure_state(names, initial)

    def settings_changed(self) -> None:
        """Ask at the next step whether other state arrays are needed."""
        self._state_is_ready = False

    def forget_counts(self) -> None:
        """Ask at the next step which parameters have been updated equally often."""
        for flats in self._flats:
            for flat in flats:
                flat.forget_runs()

    def step(self, optimizer: ElementwiseOptimizer) -> None:
        """Update every parameter that has a gradient; an error leaves all as they were."""
        ready = [
            (group, flat, *flat.gradients())
            for group, flats in zip(optimizer.param_groups, self._flats, strict=True)
            for flat in flats
        ]
        if not self._state_is_ready:
            for group, flat, _, _ in ready:
                flat.ensure_state(optimizer.state_names(group), optimizer.initial_state(group))
            self._state_is_ready = True
        jobs: list[_Job] = []
        elements, has_numbers = 0, bool(optimizer.scalar_state)
        for group, flat, grads, skipped in ready:
            for run in flat.runs(skipped):
                optimizer.advance(run.scalars, group)
                t = run.scalars["step"]
                coefficients = optimizer.coefficients(group, t)
                for block in run.blocks:
                    if has_numbers:
                        block.state.update(run.scalars)
                    jobs.append((block, grads, group, t, coefficients))
            elements += flat.data.size
            flat.count_change(skipped)
        if elements >= _WORTH_SHARING and len(jobs) > 1 and (threads := thread_count()) > 1:
            share(jobs, [partial(self._do, optimizer, i) for i in range(threads)])
        else:
            for job in jobs:
                self._do(optimizer, 0, job)

    def _do(self, optimizer: ElementwiseOptimizer, worker: int, job: _Job) -> None:
        """Update one block."""
        block, grads, group, t, coefficients = job
        p, state = block.p, block.state
        workspace = self._workspaces.get((p.dtype, worker))
        if workspace is None:
            workspace = self._workspace(p.dtype, worker)
        g = block.gradient(grads, workspace)
        if group.get("maximize"):
            g = np.negative(g, out=workspace.gradient(p.size))
        if self._update is not None:
            self._update(p, g, state, workspace.scratch(p.size), group, coefficients)
        else:
            arrays = {name: state[name] for name in optimizer.state_names(group)}
            optimizer._write(p, arrays, optimizer.rule(p, g, state, group, t))

    def _workspace(self, dtype: DType, worker: int) -> Workspace:
        size = max(
            min(flat.block_size, flat.data.size)
            for flats in self._flats
            for flat in flats
            if flat.dtype == dtype
        )
        workspace = Workspace(size, dtype, self._scratch)
        self._workspaces[dtype, worker] = workspace
        return workspace


ElementwiseOptimizer.layout = FlatLayout
