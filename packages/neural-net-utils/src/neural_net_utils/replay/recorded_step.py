r"""A training step that is recorded, proven, and then run again without Python between its calls.

Most of a small network's training step is not arithmetic: it is Python that finds out, in every
step anew, what to compute next. But with inputs of the same shapes a step makes the same NumPy
calls every time. `RecordedStep` notes them while the step runs as it is written, gives their
results places in one block of memory, and from then on makes the calls alone.
"""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import numpy as np

from neural_net_core import Module, Tensor, forms, observing
from neural_net_core.checks import check_callable, check_instance
from neural_net_core.dtypes import Array, get_default_dtype
from neural_net_core.grad_mode import enabled
from neural_net_utils.replay.proof import Moment, both, differs_elsewhere, is_other
from neural_net_utils.replay.python_code import (
    Codes,
    codes_that_run,
    is_profiled,
    watch_code,
)
from neural_net_utils.replay.recording import holds_objects, recorded, shared_with
from neural_net_utils.replay.records import Records
from neural_net_utils.replay.replay import ChangedError
from neural_net_utils.replay.results import (
    Once,
    Weigh,
    delivered,
    loss_in,
    returned_as,
    without_graph,
)
from neural_net_utils.replay.variant import Variant
from neural_net_utils.replay.watched import UnwatchableError, Watched

__all__ = ["RecordedStep"]

# How many recordings a step of the same shapes may lead to before it is left as it is.
_MOST_VARIANTS, _MOST_RECORDINGS = 8, 16
# For how many combinations of shapes there are records, which take memory.
_MOST_SHAPES = 128

_PROFILED = "a profiler is at work, such as cProfile, and it is recorded when that is done"
_FIRST = "the first call of these shapes runs as it is written"

# While one step is recorded, the packages' name `np` stands for something else.
_recording = threading.Lock()


class _Optimizer(Protocol):
    def step(self) -> Any: ...

    def zero_grad(self) -> Any: ...


class RecordedStep:
    """A training step that is run again from a record of its NumPy calls: experimental.

    Calling it is

        optimizer.zero_grad()
        loss = loss_of(*inputs)
        loss.backward()
        optimizer.step()

    with the same bits as these lines. The first calls run as they are written. Two of them are
    recorded, and when both records tell the same, a third is run both ways and compared bit by bit,
    once more with other numbers in all arrays. From then on only the calls of NumPy are made, in
    memory that is given out once. Each combination of shapes, dtypes and modes has a record of
    its own.

    Recorded are the loss and the backward pass. The optimizer runs as it is written, so every
    optimizer can be used, and its hyper-parameters can be changed at any time. What lies between
    the two, such as clipping, goes between `gradients` and `optimizer.step()`:

        optimizer.zero_grad()
        loss = step.gradients(x, y)
        clip_grad_norm(model.parameters(), 1.0)
        optimizer.step()

    What is checked before each replay is all that the Python code of the step could read: the
    settings of modules, training or evaluation, whether a tensor still has its array and wants a
    gradient, the global names and the surroundings of your functions; and what was decided by
    numbers, such as whether labels are in range. If something is different, the step runs as it is
    written, and is recorded again. What cannot be checked is not recorded: `why_eager` tells what.

    A step is run in one thread; a call while another one is under way runs as it is written. While
    a step is recorded and compared, in the first calls of each combination, the model has other
    numbers for moments, and its generators are put back: let nobody else use them meanwhile, such
    as a thread that evaluates the model.

    A replay warns from other lines than the step. Arrays that it returns are copies, of which none
    shares memory with another. Functions and classes of these packages are taken as they are:
    whoever replaces one makes a new RecordedStep.

    Args:
        loss_of: Returns the loss of its arguments, a scalar Tensor, or a tuple that begins with the
            loss; further Tensors and arrays in the tuple, such as predictions, are returned, too.
            It must do nothing else that matters: a recorded step does not do it again.
        model: The module whose parameters are trained.
        optimizer: Has `step()` and `zero_grad()`; None if only `gradients` is called.

    Attributes:
        why_eager: Why the last call ran as it is written; None if it was run from the record.
        weigh: None, or a function that is called with what `loss_of` returned, in a tuple, before
            the backward pass, and returns by what the gradients are multiplied.
        also: What else the step depends on, where `loss_of` does not show it.

    Raises:
        TypeError: If the model is no module.
        ValueError: If `loss_of` cannot be called, or the optimizer needs a closure.

    Examples:
        >>> import numpy as np
        >>> from neural_net_core import Dense, Parameter
        >>> model = Dense(2, 1)
        >>> def loss_of(x, y):
        ...     return ((model(x) - y) ** 2).mean()
        >>> step = RecordedStep(loss_of, model=model)
        >>> x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
        >>> y = np.array([[0], [1], [1], [0]], dtype=np.float32)
        >>> for _ in range(5):
        ...     loss = step.gradients(x, y)
        ...     print(step.why_eager)
        the first call of these shapes runs as it is written
        it is being recorded
        it is being recorded
        its record is being compared with it
        None
    """

    def __init__(
        self, loss_of: Callable[..., Any], *, model: Module, optimizer: _Optimizer | None = None
    ) -> None:
        self.loss_of = check_callable("RecordedStep", "loss_of", loss_of)
        self.model = check_instance("RecordedStep", "model", model, Module)
        if getattr(optimizer, "needs_closure", False):
            raise ValueError(
                f"RecordedStep: {type(optimizer).__name__} computes the loss several times in a "
                "step: leave it out here, and let its closure call gradients()"
            )
        self.optimizer = optimizer
        self.why_eager: str | None = None
        self._records: dict[Any, Records] = {}
        # Nearly always a call has the shapes of the call before.
        self._told: list[Any] = []
        self._newest: Records | None = None
        self._busy = threading.Lock()
        self.also: tuple[Any, ...] = ()
        self._made_of = (self.loss_of, self.model, self.also)
        self.weigh: Weigh | None = None
        self._once: Once | None = None
        self._seed: float | None = None  # what `weigh` has returned last

    def __call__(self, *inputs: Any) -> Any:
        """Make one training step and return the loss.

        Args:
            *inputs: The arguments of `loss_of`: arrays, Tensors, numbers, words.

        Returns:
            What `loss_of` returns, without a graph.

        Raises:
            ValueError: If there is no optimizer.
            ShapeError: If `loss_of` does not return a scalar Tensor.
        """
        if self.optimizer is None:
            raise ValueError(
                "RecordedStep: a step needs an optimizer=; without one, gradients() can be called"
            )
        self.optimizer.zero_grad()
        result = self.gradients(*inputs)
        self.optimizer.step()
        return result

    def gradients(self, *inputs: Any) -> Any:
        """Compute the loss, and add its gradients to those of the parameters.

        Args:
            *inputs: The arguments of `loss_of`.

        Returns:
            What `loss_of` returns, without a graph.

        Raises:
            ShapeError: If `loss_of` does not return a scalar Tensor.
        """
        if not self._busy.acquire(blocking=False):
            once = None if self.weigh is None else Once(self.weigh)
            return self._written(inputs, "another call of it is under way", once)
        try:
            return self._run(inputs)
        finally:
            self._busy.release()

    def _run(self, inputs: tuple[Any, ...]) -> Any:
        loss_of, model, also = self._made_of
        if self.loss_of is not loss_of or self.model is not model or self.also is not also:
            self._made_of = (self.loss_of, self.model, self.also)
            self._records, self._told, self._newest = {}, [], None
        arrays: list[Array] = []
        told: list[Any] = []
        for x in inputs:
            kind = type(x)
            if kind is Tensor and not x.requires_grad:
                x = x.data
            if type(x) is np.ndarray:
                if not x.flags.aligned:  # sums and products of it are made in other pieces
                    return self._written(inputs, "an argument is not aligned in memory")
                arrays.append(x)
                told += (kind, x.shape, x.dtype, x.strides)
            elif kind is float:
                told += (kind, x.hex())  # 0.0 and -0.0 are equal, and NaN is not
            elif kind in _PLAIN:
                told += (kind, x)
            elif kind is Tensor and x.requires_grad:
                return self._written(inputs, "an argument requires a gradient")
            else:
                return self._written(inputs, f"an argument is a {kind.__name__}")
        if len({*map(id, arrays)}) != len(arrays):  # which the step can ask by `is`
            return self._written(inputs, "an argument shares memory with another")
        if observing.watching:
            return self._written(inputs, "somebody is observing what it does")
        if not enabled.get():
            return self._written(inputs, "gradients are switched off")
        self._once = None if self.weigh is None else Once(self.weigh)
        told += (forms.careful and forms.is_textbook(), get_default_dtype(), self._once is None)
        if self._newest is None or told != self._told:
            records = self._records.get(tuple(told))
            if records is None:
                if len(self._records) >= _MOST_SHAPES:
                    return self._written(
                        inputs,
                        f"it has met {_MOST_SHAPES} combinations of shapes and numbers; what "
                        "differs from call to call should be an array",
                    )
                records = self._records[tuple(told)] = Records(inputs)
                return self._first(records, inputs, _FIRST)
            self._told, self._newest = told, records
        records = self._newest
        if records.given_up:
            return self._written(inputs, records.given_up)
        raised = ""
        for variant in records.proven:
            if not variant.watched.change():
                try:
                    weigh = None if self._once is None else partial(self._weighed, variant)
                    outcome = variant.run(arrays, weigh)
                except ChangedError as change:
                    records.problem = str(change)
                    continue
                except Exception as error:
                    raised = type(error).__name__
                    break
                self.why_eager = None
                return delivered(variant, outcome)
        if raised:
            # The step as it is written raises it, too, and leaves what it leaves then; or only its
            # record does.
            return self._written(inputs, f"its record raises {raised}")
        changes = [variant.watched.change() for variant in records.variants]
        if changes and all(changes) and not records.is_new:
            return self._first(records, inputs, changes[-1])
        for variant, change_ in zip(records.variants, changes, strict=True):
            if variant.stage == "repeated" and not change_:
                try:
                    return self._prove(records, variant, inputs, arrays)
                except ChangedError as change:
                    records.problem = str(change)
        return self._record(records, inputs)

    # As it is written ---------------------------------------------------------------------------

    def _written(
        self, inputs: tuple[Any, ...], why: str | None = None, once: "Once | None" = None
    ) -> Any:
        """Run the step as it is written."""
        if why is not None:
            self.why_eager = why
        once = once or self._once
        result = self.loss_of(*inputs)
        loss = loss_in(result)
        if once is None:
            self._seed = None
            loss.backward()
        else:
            self._seed = once(without_graph(result if type(result) is tuple else (result,)))
            loss.backward(np.full_like(loss.data, self._seed))
        return without_graph(result)

    def _unweighed(self, inputs: tuple[Any, ...]) -> Any:
        """Run the step as it is written, with the gradient 1 of the loss."""
        result = self.loss_of(*inputs)
        loss_in(result).backward()
        return without_graph(result)

    def _weighed(self, variant: Variant, outputs: list[Array]) -> float:
        """Return the gradient with which the backward pass of a replay begins."""
        assert self._once is not None
        return self._once(returned_as(variant, outputs))

    def _first(self, records: "Records", inputs: tuple[Any, ...], why: str) -> Any:
        """Run the step as it is written, and see which functions run."""
        if is_profiled():
            return self._written(inputs, _PROFILED)
        if self._is_enough(records):
            return self._written(inputs)
        records.codes = Codes()
        with codes_that_run() as found:
            result = self._written(inputs, why)
        records.codes, records.is_new = found, True
        return result

    def _is_enough(self, records: "Records") -> bool:
        """Count the attempts to record; after many, give up."""
        records.count += 1
        if records.count > _MOST_RECORDINGS or len(records.variants) >= _MOST_VARIANTS:
            self._give_up(records, records.problem or "it did something else in every recording")
        return bool(records.given_up)

    def _give_up(self, records: "Records", why: str) -> None:
        records.given_up = self.why_eager = why
        records.variants.clear()
        records.proven.clear()

    # Recording ----------------------------------------------------------------------------------

    def _record(self, records: "Records", inputs: tuple[Any, ...]) -> Any:
        """Run the step as it is written, and note what it does."""
        if not _recording.acquire(blocking=False):
            return self._written(inputs, "another step is being recorded")
        try:
            return self._record_alone(records, inputs)
        finally:
            _recording.release()

    def _record_alone(self, records: "Records", inputs: tuple[Any, ...]) -> Any:
        if is_profiled():
            return self._written(inputs, _PROFILED)
        if self._is_enough(records):
            return self._written(inputs)
        if holds_objects(inputs):
            self._give_up(records, "an argument holds objects of Python's")
            return self._written(inputs)
        watched = self._watched(records)
        if watched is None:
            return self._written(inputs)
        if who := shared_with(inputs, watched):
            records.count -= 1
            return self._written(inputs, f"an argument shares memory with {who}")
        before = Moment(watched)
        with codes_that_run() as found:
            result = self._written(inputs, "it is being recorded")
        after = Moment(watched)
        is_known = found.keys() <= records.codes.keys()
        records.codes.take_in(found)
        if found.effects:
            self._give_up(records, found.effects[0])
        elif change := watched.change():
            self.why_eager = records.problem = f"it changes what it may depend on: {change}"
            records.changes += 1
            if records.changes > 1:
                self._give_up(records, records.problem)
        elif is_known:
            self._repeat(records, watched, inputs, (before, after), result)
        return result

    def _watched(self, records: "Records") -> Watched | None:
        """Watch what the step depends on; give up if that cannot be done."""
        try:
            watched = Watched(self.model)
            for part in (self.loss_of, *self.also):
                watched.value(part, "the step")
            watch_code(records.codes, watched)
        except UnwatchableError as error:
            self._give_up(records, str(error))
            return None
        except Exception as error:  # of objects that do not let themselves be looked at
            self._give_up(records, f"it cannot be watched: {type(error).__name__}: {error}")
            return None
        return watched

    def _repeat(
        self,
        records: "Records",
        watched: Watched,
        inputs: tuple[Any, ...],
        moments: tuple[Moment, Moment],
        result: Any,
    ) -> None:
        """Run a step once more from where it began, and note what it does; all stays as it is."""
        before, after = moments
        tensors = list(watched.tensors.values())
        modules, spaces = list(watched.modules.values()), list(records.codes.values())
        before.put_back()
        for tensor in tensors:
            tensor.grad = None
        try:
            recording = recorded(
                self.loss_of, inputs, tensors, modules, spaces, result, self._seed,
                list(watched.arrays()),
            )  # fmt: skip
            problem = recording.reasons[0] if recording.reasons else ""
            if not problem and (what := is_other(recording, before, after, watched, result)):
                problem = f"its recording does not give the same: {what}"
            if not problem:
                records.compare(Variant(recording, watched))
                records.is_new = False
        except Exception as error:
            problem = f"it cannot be recorded: {type(error).__name__}: {error}"
        finally:
            after.put_back()
        if problem:
            self._give_up(records, problem)

    def _prove(
        self, records: "Records", variant: Variant, inputs: tuple[Any, ...], arrays: list[Array]
    ) -> Any:
        """Run a step from its record and as it is written, and compare all bits.

        Raises:
            ChangedError: If the record is not one of this step; nothing has been run then.
        """
        if self.weigh is None:
            result, problem = both(self._written, variant, inputs, arrays)
        else:  # it is called once in a step
            moment = Moment(variant.watched)
            try:
                _, problem = both(self._unweighed, variant, inputs, arrays)
            finally:
                moment.put_back()
            result = self._written(inputs)
        self.why_eager = "its record is being compared with it"
        if problem:
            problem = f"its record does not give the same: {problem}"
        else:
            problem = differs_elsewhere(self._unweighed, variant, inputs)
        if not problem:
            variant.stage = "proven"
            variant.signature.clear()
            records.proven.append(variant)
            records.count = 0
        else:
            self._give_up(records, problem)
        return result

    def __repr__(self) -> str:
        lines = [f"RecordedStep({getattr(self.loss_of, '__name__', self.loss_of)!s})"]
        for records in self._records.values():
            if records.given_up:
                lines.append(f"  {records.shapes}: as it is written, because {records.given_up}")
            lines += [
                f"  {records.shapes}: {v.length} calls, {v.size:,} bytes, {v.stage}"
                for v in records.variants
            ]
        return "\n".join(lines)


_PLAIN = (bool, int, str, type(None))
