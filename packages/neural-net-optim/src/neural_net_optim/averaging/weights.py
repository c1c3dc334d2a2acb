"""A second copy of a model's weights, averaged over training, and the way to use it.

Evaluation with the average is one `with` block; training goes on with the weights themselves:

    average = EMA(model, decay=0.999)
    for x, y in loader:
        ...
        optimizer.step()
        average.update()
    with average.swapped():
        accuracy = evaluate(model)
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from neural_net_core import DTypeError, Module, Parameter, ShapeError, Tensor, observing
from neural_net_core.checks import check_dtype, shown
from neural_net_core.context import context
from neural_net_core.dtypes import NUMBERS, Array
from neural_net_core.modules.state_report import state_dict_error
from neural_net_core.tensor import Buffer
from neural_net_optim.base._loading import missing_keys, saved_array
from neural_net_optim.base.limits import whole

__all__ = ["WeightAverage"]


class WeightAverage:
    """Base of the averages; a subclass says how much a new model counts.

    Buffers (such as the running statistics of batch norm) are copied, not averaged.

    Args:
        model: A module, or parameters.

    Attributes:
        average: The averaged arrays by name.
        num_updates: How often `update` was called.
    """

    def __init__(self, model: Module | Iterable[Parameter]) -> None:
        self._tensors: dict[str, Parameter | Buffer] = {}
        if isinstance(model, Module):
            self._tensors.update(model.named_parameters())
            self._tensors.update(model.named_buffers())
        elif isinstance(model, Tensor | str | np.ndarray) or not isinstance(model, Iterable):
            raise TypeError(
                f"{type(self).__name__}: expected a module or a list of Parameters, got a "
                f"{type(model).__name__}"
            )
        else:
            self._tensors.update({str(i): p for i, p in enumerate(model)})
        for name, tensor in self._tensors.items():
            if not isinstance(tensor, Parameter | Buffer):
                raise TypeError(
                    f"{type(self).__name__}: expected Parameters, entry {name} is a "
                    f"{type(tensor).__name__}"
                )
        for name, tensor in self._tensors.items():
            check_dtype(f"{type(self).__name__}: {name}", tensor.data.dtype, NUMBERS)
        self.average: dict[str, Array] = {k: t.data.copy() for k, t in self._tensors.items()}
        self.num_updates = 0
        self._swapped = False

    @property
    def tensors(self) -> list[Parameter | Buffer]:
        """The parameters and buffers that are averaged: the model's own, no copies."""
        return list(self._tensors.values())

    def weight(self, t: int) -> float:
        """Return how much the present model counts in update t (from 1), in [0, 1]."""
        raise NotImplementedError

    def update(self) -> None:
        """Take the model's present weights into the average; call it after each step.

        After an error nothing has been changed.

        Raises:
            RuntimeError: Inside `swapped`, where the model holds the average itself.
            ShapeError: If a weight has another shape than when the average was made.
            DTypeError: If it has another dtype.
        """
        self._refuse_inside("update")
        self._check_model()
        weight = self.weight(self.num_updates + 1)
        self.num_updates += 1
        for name, tensor in self._tensors.items():
            present = observing.array_of(tensor)
            if isinstance(tensor, Parameter) and weight < 1:
                self.average[name] += weight * (present - self.average[name])
            else:
                self.average[name][...] = present

    @context
    def swapped(self) -> Iterator[None]:
        """Put the average into the model for a `with` block, and the weights back after it.

        The weights come back whatever happens inside, bit for bit.

        Raises:
            RuntimeError: Inside another `swapped` of this average.
        """
        self._refuse_inside("swapped")
        self._check_model()
        self._exchange()
        self._swapped = True
        try:
            yield
        finally:
            self._exchange()
            self._swapped = False

    def copy_to_model(self) -> None:
        """Overwrite the model's weights with the average, to keep it at the end of training.

        Raises:
            RuntimeError: Inside `swapped`.
        """
        self._refuse_inside("copy_to_model")
        self._check_model()
        for name, tensor in self._tensors.items():
            tensor.data[...] = self.average[name]
            tensor.version += 1

    def state_dict(self) -> dict[str, Any]:
        """Return copies of the averages and the number of updates.

        Raises:
            RuntimeError: Inside `swapped`.
        """
        self._refuse_inside("state_dict")
        return {
            "num_updates": self.num_updates,
            "average": {name: array.copy() for name, array in self.average.items()},
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state, bit for bit.

        Args:
            state_dict: What `state_dict()` returned.

        Raises:
            StateDictError: If anything does not fit; the message counts all of it, and nothing has
                been changed.
            RuntimeError: Inside `swapped`.
        """
        self._refuse_inside("load_state_dict")
        problems = missing_keys(state_dict, ("num_updates", "average"))
        missing: list[str] = []
        unexpected: list[str] = []
        came: dict[str, Array] = {}
        if not problems:
            count, average = state_dict["num_updates"], state_dict["average"]
            if not whole(0).accepts(count):
                problems.append(f"bad num_updates {shown(count)}")
            if isinstance(average, Mapping):
                came = {k: saved_array(v) for k, v in average.items()}
            missing = [k for k in self.average if k not in came]
            unexpected = [k for k in came if k not in self.average]
            problems += [
                f"{k}: expected {own.dtype} {own.shape}, got {came[k].dtype} {came[k].shape}"
                for k, own in self.average.items()
                if k in came and (came[k].shape, came[k].dtype) != (own.shape, own.dtype)
            ]
        if problems or missing or unexpected:
            raise state_dict_error(
                type(self).__name__,
                missing=missing,
                unexpected=unexpected,
                unfit=problems,
                mapping='state["average"]',
            )
        self.num_updates = int(state_dict["num_updates"])
        for name, own in self.average.items():
            own[...] = came[name]

    def _refuse_inside(self, what: str) -> None:
        if self._swapped:
            raise RuntimeError(
                f"{type(self).__name__}: {what} inside swapped(), where the model holds the "
                "average; leave the with block first"
            )

    def _check_model(self) -> None:
        """Raise if a weight is no longer of the kind that the average was made for."""
        for name, tensor in self._tensors.items():
            data, average = tensor.data, self.average[name]
            if not isinstance(data, np.ndarray):
                raise TypeError(
                    f"{type(self).__name__}: expected the data of {name} to be an array, got a "
                    f"{type(data).__name__}"
                )
            if data.shape != average.shape or data.dtype != average.dtype:
                error = ShapeError if data.shape != average.shape else DTypeError
                raise error(
                    f"{type(self).__name__}: {name} was {average.dtype} {average.shape} when the "
                    f"average was made and is {data.dtype} {data.shape} now; make a new average"
                )

    def _exchange(self) -> None:
        """Exchange the model's arrays and the averages in place, one at a time."""
        for name, tensor in self._tensors.items():
            held = tensor.data.copy()
            tensor.data[...] = self.average[name]
            self.average[name][...] = held
            tensor.version += 1
