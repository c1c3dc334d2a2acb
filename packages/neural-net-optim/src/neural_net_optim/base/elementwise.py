"""Optimizers whose rule treats every number alike: SGD, Adam, RMSprop and most others.

Such a rule does not see where one parameter ends and the next begins, so it is run over a flat
buffer that holds all of them, block by block (see `_flat`). To write one, give the names of its
state arrays and the rule itself:

    class SignSGD(ElementwiseOptimizer):
        limits = {"lr": at_least(0)}

        def __init__(self, params, lr=1e-3):
            super().__init__(params, {"lr": lr})

        def update(self, p, g, state, scratch, group, t):
            p -= group["lr"] * np.sign(g)
"""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import numpy as np

from neural_net_core.dtypes import Array, DType
from neural_net_core.fast.threads import thread_count
from neural_net_optim.base._slot import Slot
from neural_net_optim.base.optimizer import Group, Optimizer
from neural_net_optim.fast.flat import Block, FlatBuffer, Workspace
from neural_net_optim.fast.threads import share

__all__ = ["ElementwiseOptimizer", "Scratch", "State", "add_l2"]

State = dict[str, Any]
Scratch = tuple[Array, ...]

# Elements from which on two threads share the blocks. They are woken, take turns with the
# interpreter's lock and compete for memory with BLAS's own threads, which go on asking for work
# for some 25 ms after a product: on a virtual machine with two cores, a step over 640,000 numbers
# took 0.75 ms in two threads and 0.55 in one with SGD, 2.2 and 1.9 with Adam.
_WORTH_SHARING = 1 << 20

_Job = tuple[Block, list[Any], Group, int]


def add_l2(g: Array, p: Array, weight_decay: float, out: Array) -> Array:
    """Return g + λp, the gradient when λ/2·‖p‖² is added to the loss, in `out`.

    Args:
        g: The gradient; not changed.
        p: The parameters, of the same shape.
        weight_decay: λ.
        out: Scratch memory of the same shape.
    """
    np.multiply(p, weight_decay, out=out)
    return np.add(g, out, out=out)


class ElementwiseOptimizer(Optimizer):
    """Base of the optimizers that update each number by itself; a subclass writes `update`."""

    # How many scratch arrays `update` wants.
    scratch_arrays: ClassVar[int] = 1

    def update(
        self, p: Array, g: Array, state: State, scratch: Scratch, group: Group, t: int
    ) -> None:
        """Change a block of parameters and its state, both in place.

        Args:
            p: Parameter values, (n,); to be written.
            g: Their gradients, (n,), negated already if the group maximizes; not to be written.
            state: State arrays by name, (n,) each; to be written.
            scratch: Arrays, (n,) each, with anything in them.
            group: The hyper-parameters.
            t: Which step of these parameters it is, from 1.
        """
        raise NotImplementedError

    def state_names(self, group: Group) -> tuple[str, ...]:
        """Return which state arrays the rule needs under these hyper-parameters."""
        return ()

    def initial_state(self, group: Group) -> dict[str, float]:
        """Return what state arrays hold before the first step, where that is not 0."""
        return {}

    def advance(self, scalars: dict[str, Any], group: Group) -> None:
        """Count a step; called once per step for all parameters that share the numbers."""
        scalars["step"] += 1

    # Storage ----------------------------------------------------------------------------------

    def _clear(self) -> None:
        super()._clear()
        self._flats: list[list[FlatBuffer]] = []
        self._workspaces: dict[tuple[DType, int], Workspace] = {}
        # Whether all state arrays that the rules need are there; they are made by the first step.
        self._state_is_ready = False

    def _store(self, group: Group, slots: list[Slot]) -> None:
        by_dtype: dict[DType, list[Slot]] = {}
        for slot in slots:
            by_dtype.setdefault(slot.param.dtype, []).append(slot)
        self._flats.append([FlatBuffer(part) for part in by_dtype.values()])
        self._workspaces.clear()
        self._state_is_ready = False

    def _settings_changed(self, i: int, changed: Group) -> None:
        self._state_is_ready = self._state_is_ready and changed.keys() <= {"lr"}

    def _state_layout(self, slot: Slot, group: Group) -> dict[str, tuple[tuple[int, ...], DType]]:
        return dict.fromkeys(self.state_names(group), (slot.shape, slot.dtype))

    def _state_arrays(self, slot: Slot, group: Group) -> dict[str, Array]:
        names = self.state_names(group)
        if any(name not in slot.arrays for name in names):
            flat = next(f for flats in self._flats for f in flats if slot in f.slots)
            flat.ensure_state(names, self.initial_state(group))
        return {name: slot.arrays[name] for name in names}

    def _reset_arrays(self, slot: Slot, group: Group) -> None:
        initial = self.initial_state(group)
        for name, array in slot.arrays.items():
            array.fill(initial.get(name, 0.0))

    def _state_replaced(self) -> None:
        self._state_is_ready = False
        for flats in self._flats:
            for flat in flats:
                flat.forget_runs()

    # The step ---------------------------------------------------------------------------------

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """See `Optimizer.step`."""
        loss = self._evaluate(closure) if closure is not None else None
        # First everything that can fail, so that an error leaves all parameters as they were.
        if not self._is_approved():
            self._approve()
        ready = [
            (group, flat, *flat.gradients())
            for group, flats in zip(self.param_groups, self._flats, strict=True)
            for flat in flats
        ]
        if not self._state_is_ready:
            for group, flat, _, _ in ready:
                flat.ensure_state(self.state_names(group), self.initial_state(group))
            self._state_is_ready = True
        jobs: list[_Job] = []
        elements = 0
        for group, flat, grads, skipped in ready:
            for run in flat.runs(skipped):
                self.advance(run.scalars, group)
                t = run.scalars["step"]
                for block in run.blocks:
                    if self.scalar_state:
                        block.state.update(run.scalars)
                    jobs.append((block, grads, group, t))
            elements += flat.data.size
            flat.count_change(skipped)
        if elements >= _WORTH_SHARING and len(jobs) > 1 and (threads := thread_count()) > 1:
            share(jobs, [partial(self._do, worker=i) for i in range(threads)])
        else:
            for job in jobs:
                self._do(job, 0)
        return loss

    def _do(self, job: _Job, worker: int) -> None:
        """Update one block."""
        block, grads, group, t = job
        p = block.p
        workspace = self._workspaces.get((p.dtype, worker))
        if workspace is None:
            workspace = self._workspace(p.dtype, worker)
        g = block.gradient(grads, workspace)
        if group.get("maximize"):
            g = np.negative(g, out=workspace.gradient(p.size))
        self.update(p, g, block.state, workspace.scratch(p.size), group, t)

    def _workspace(self, dtype: DType, worker: int) -> Workspace:
        size = max(
            min(flat.block_size, flat.data.size)
            for flats in self._flats
            for flat in flats
            if flat.dtype == dtype
        )
        workspace = Workspace(size, dtype, self.scratch_arrays)
        self._workspaces[dtype, worker] = workspace
        return workspace
