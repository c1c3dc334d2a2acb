"""Activations computed again in the backward pass instead of being kept: time for memory.

A backward pass needs what the forward pass has computed, and so the memory of a training step grows
with the depth of the network. A block that is recomputed keeps its inputs alone. When the backward
pass arrives, the block runs once more, is differentiated, and what it has computed is dropped
before the block below it runs. With n equal blocks memory falls from n times that of a block to
that of one block and n inputs; time grows by one more forward pass, about a third.

The second run must compute what the first has computed, to the last bit. It finds random
generators, buffers and switches as the first run found them, and leaves them as it found them. If
it computes something else all the same, the backward pass raises, since its gradient would be that
of another network.

Chen et al. (2016), Training deep nets with sublinear memory cost, arXiv:1604.06174. Before them
Griewank & Walther, Evaluating Derivatives (2008), chapter 12, on checkpoints in programs.
"""

import functools
import inspect
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from contextvars import ContextVar
from typing import Any
from weakref import WeakSet

import numpy as np

from neural_net_core import observing
from neural_net_core.checks import check_callable
from neural_net_core.context import context
from neural_net_core.dtypes import Array, default_dtype, get_default_dtype
from neural_net_core.errors import GraphError
from neural_net_core.forms import fast_forms, is_textbook, textbook
from neural_net_core.grad_mode import enable_grad, is_grad_enabled
from neural_net_core.modules.module import Module
from neural_net_core.modules.substitution import standing, standing_again
from neural_net_core.op import Op, returns_new_arrays
from neural_net_core.random import default_rng
from neural_net_core.tape import leaf_gradients
from neural_net_core.tensor import Buffer, Parameter, Tensor

__all__ = ["RecomputeOp", "recompute"]


def recompute(block: Callable[..., Any], *inputs: Any, **kwargs: Any) -> Any:
    """Run a part of a network without keeping what it computes for the backward pass.

    The result and the gradients are the same as those of `block(*inputs, **kwargs)`, dropout
    included, to the last bit (but for the order of a sum, if a tensor is used more than once in the
    block and outside of it as well). The backward pass runs the block a second time; buffers such
    as running averages move once.

    Called `torch.utils.checkpoint.checkpoint` in PyTorch, where the second run moves running
    averages again and is not compared with the first. Where nothing is recorded, as in `no_grad`,
    this is a call of the block, and so it is to `summary` and to an export. A trace sees the
    operations of the block each time they run, and their steps of the backward pass.

    Args:
        block: A module or a function. Gradients flow to all that it uses: inputs, parameters,
            tensors that a function takes from around it. It must compute the same when it is run
            again. Random numbers have to come from the library's generator, or from one that the
            block holds: as an attribute of a module, an argument, a variable of the function.
        *inputs: What it is called with: Tensors, arrays, anything. As for every operation, arrays
            and constants are copied, so that they may be changed before the backward pass.
        **kwargs: What else it is called with, by name.

    Returns:
        What the block returns. Tensors are found in tuples, lists and dicts; what is hidden
        elsewhere keeps the activations behind it, as without this function. Forward hooks run
        twice, and a `retain_grad` inside the block reaches only what the block returns.

    Raises:
        ValueError: If the block cannot be called.
        GraphError: In the backward pass, if the block computes something else the second time, or
            a parameter was changed meanwhile.

    Examples:
        >>> import numpy as np
        >>> from neural_net_core import Dense, ReLU, Sequential
        >>> blocks = [Sequential(Dense(8, 8), ReLU()) for _ in range(12)]
        >>> x = np.ones((4, 8))
        >>> for block in blocks:
        ...     x = recompute(block, x)
        >>> type(x.node).__name__
        'RecomputeOp'
        >>> x.sum().backward()
    """
    check_callable("recompute", "block", block, "a module or a function")
    if not is_grad_enabled():
        return block(*inputs, **kwargs)
    op = RecomputeOp(block, _kept(inputs), _kept(kwargs))
    with op.surroundings.noted(), op.seen.watching():
        result = block(*inputs, **kwargs)
    op.record(result)
    return result


class RecomputeOp(Op):
    """(y, …) = block(x, …);  dx, dw, … by the reverse pass of a second run.  Saves the inputs.

    It is no operation that `apply` runs: it stands in the graph in place of those of the block, and
    its inputs are all that those took from outside.

    Args:
        block: What is run.
        inputs: Its inputs.
        kwargs: Its inputs by name.
    """

    takes_none = True
    composed = True

    def __init__(
        self, block: Callable[..., Any], inputs: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self.block, self.inputs, self.kwargs = block, inputs, kwargs
        self.surroundings = _Surroundings([block, inputs, kwargs])
        self.seen = _Seen()

    def record(self, result: Any) -> None:
        """Take the place of the operations that the block has recorded, which are dropped."""
        tensors = _tensors_of(result)
        self.positions = [i for i, y in enumerate(tensors) if y.node in self.seen.made]
        results = [tensors[i] for i in self.positions]
        if not results:
            return
        edges, self.frozen = _from_outside(results, self.seen.made)
        self.edges, self.parents = {key: i for i, key in enumerate(edges)}, tuple(edges.values())
        self.prints = [_print_of(y) for y in results]
        self.outputs, self.output_shapes = len(results), tuple(y.shape for y in results)
        self.result_dtype = np.result_type(*(y.dtype for y in results))
        for i, y in enumerate(results):
            if y.node is not None and y.node.retained and y.index in y.node.retained:
                self.retained = {**(self.retained or {}), i: y.node.retained[y.index]}
            y.node, y.index = self, i
        for outer in _watching.get():
            outer.made.add(self)

    @returns_new_arrays
    def backward(self, *dys: Array | None) -> tuple[Array | None, ...]:
        seen = _Seen()
        try:
            with self.surroundings.again(self.seen.modules), seen.watching():
                result = self.block(*self.inputs, **self.kwargs)
        except Exception as error:
            error.add_note("in the second run of a block, which recompute() runs in backward()")
            raise
        results = self.compared(result)
        leaves = self.cut(results, seen.made)
        del result, seen  # so that the reverse pass frees as it goes
        gradients = leaf_gradients(
            [
                (y, dy.astype(y.dtype, copy=False))
                for y, dy in zip(results, dys, strict=True)
                if dy is not None
            ]
        )
        return tuple(gradients.get(leaf) for leaf in leaves)

    def compared(self, result: Any) -> list[Tensor]:
        """Return the tensors of the second run, or raise if they are not those of the first."""
        tensors = _tensors_of(result)
        found = [tensors[i] for i in self.positions if i < len(tensors)]
        if [_print_of(y) for y in found] != self.prints:
            raise GraphError(
                f"{self._name()} computed something else when it ran again in the backward pass, "
                "so its gradient would be that of another network. Between the two runs must not "
                "change what it depends on: training or evaluation, arrays that are written to, "
                "the state of a random generator that the block does not hold"
            )
        return found

    def cut(self, results: list[Tensor], made: "WeakSet[Op]") -> list[Any]:
        """End the second graph where the first has ended, and return its leaves in order."""
        edges, _ = _from_outside(results, made)
        if edges.keys() != self.edges.keys():
            raise GraphError(
                f"{self._name()} used other parameters or inputs when it ran again in the backward "
                "pass than before"
            )
        leaves: list[Any] = [None] * len(self.edges)
        ends: dict[Any, Any] = {}
        for key, (node, stamp, shape) in edges.items():
            # What an operation outside has made becomes a leaf.
            is_op = isinstance(node, Op)
            leaf = Tensor.from_op(np.empty(0, node.result_dtype), None, 0) if is_op else node
            ends[key] = leaf, (0 if is_op else stamp), shape
            leaves[self.edges[key]] = leaf
        for node in _nodes_inside(results, made):
            node.parents = tuple(
                parent and ends.get(_edge(parent), parent) for parent in node.parents or ()
            )
        return leaves

    def _name(self) -> str:
        block = self.block
        return f"recompute: {getattr(block, '__qualname__', type(block).__name__)}"


_Parent = tuple[Any, int, tuple[int, ...]]


class _Seen:
    """What happens while a block runs.

    Attributes:
        made: The operations that were recorded and are still there; watching keeps none.
        modules: The modules that computed something.
    """

    def __init__(self) -> None:
        self.made: WeakSet[Op] = WeakSet()
        self.modules: set[Module] = set()

    @context
    def watching(self) -> Iterator[None]:
        """Watch what happens inside."""
        token = _watching.set((*_watching.get(), self))
        try:
            with observing.observed_by(self.told):
                yield
        finally:
            _watching.reset(token)

    def told(
        self,
        op: type[Op],
        config: Mapping[str, Any],
        inputs: tuple[Any, ...],
        result: Any,
        modules: tuple[Any, ...],
        seconds: float,
    ) -> None:
        """Note one operation that has run."""
        self.modules.update(modules)
        for y in result if isinstance(result, tuple) else (result,):
            if y.node is not None:
                self.made.add(y.node)


# What is seen of the blocks that are running, the outermost first.
_watching: ContextVar[tuple[_Seen, ...]] = ContextVar("recomputing", default=())


class _Surroundings:
    """What a run may depend on besides its inputs, as it was before the first run.

    Args:
        holders: What holds generators and modules with buffers: the block and its inputs.
    """

    def __init__(self, holders: list[Any]) -> None:
        self.textbook, self.dtype = is_textbook(), get_default_dtype()
        self.path, self.standing = observing.modules(), standing()
        held = list(_held(holders, set()))
        generators = [x for x in held if isinstance(x, np.random.Generator)]
        self.states = {g: g.bit_generator.state for g in (*generators, default_rng())}
        modules = [x for x in held if isinstance(x, Module)]
        self.buffers = {b: b.data.copy() for b in _buffers_of(modules)}

    @context
    def noted(self) -> Iterator[None]:
        """Keep of all that only what changes inside."""
        yield
        changed = default_rng().bit_generator.state != self.states[default_rng()]
        self.states = {g: x for g, x in self.states.items() if changed or g is not default_rng()}
        self.buffers = {
            b: x for b, x in self.buffers.items() if not np.array_equal(b.data, x, equal_nan=True)
        }

    @context
    def again(self, modules: set[Module]) -> Iterator[None]:
        """Let all be as it was before the first run, and afterwards as it is now.

        Args:
            modules: Those that ran, whose buffers are put back too.
        """
        with ExitStack() as stack:
            stack.enter_context(enable_grad())
            stack.enter_context(textbook() if self.textbook else fast_forms())
            stack.enter_context(default_dtype(self.dtype))
            stack.enter_context(observing.as_part_of(self.path))
            stack.enter_context(standing_again(self.standing))
            for generator, state in self.states.items():
                stack.callback(_set_state, generator, generator.bit_generator.state)
                _set_state(generator, state)
            for b in {*self.buffers, *_buffers_of(modules)}:
                stack.callback(_put_back, b, b.data, b.data.copy(), b.version)
            for b, before in self.buffers.items():
                observing.array_of(b)[...] = before
            yield


def _set_state(generator: np.random.Generator, state: Any) -> None:
    generator.bit_generator.state = state


def _put_back(buffer: Buffer, array: Array, values: Array, version: int) -> None:
    buffer.data = array
    observing.array_of(buffer)[...] = values
    buffer.version = version


def _buffers_of(modules: Iterable[Module]) -> Iterator[Buffer]:
    """Yield the buffers that stand directly in modules."""
    for module in modules:
        yield from (x for _, x in module._walk(deep=False) if isinstance(x, Buffer))


# Longer lists hold data.
_MOST = 1000


def _held(thing: Any, seen: set[int]) -> Iterator[Any]:
    """Yield the modules and the random generators that something refers to.

    Args:
        thing: A module, a function, a method, or what has such as parts.
        seen: What has been looked at already.
    """
    if id(thing) in seen:
        return
    seen.add(id(thing))
    parts: Any = ()
    if isinstance(thing, np.random.Generator):
        yield thing
    elif isinstance(thing, Module):
        yield thing
        parts = [part for _, part in thing._members()]
    elif isinstance(thing, list | tuple | set | dict):
        parts = thing.values() if isinstance(thing, dict) else thing
        parts = parts if len(thing) <= _MOST else ()
    elif isinstance(thing, functools.partial):
        parts = (thing.func, thing.args, thing.keywords)
    elif inspect.ismethod(thing):
        parts = (thing.__self__, thing.__func__)
    elif inspect.isfunction(thing):
        parts = (_around(thing), thing.__defaults__, thing.__kwdefaults__)
    for part in parts:
        yield from _held(part, seen)


def _around(function: Any) -> list[Any]:
    """Return what the variables hold that a function takes from around it, except functions."""
    found = [function.__globals__.get(name) for name in function.__code__.co_names]
    # The functions of a whole program may hang together, so only those nearby are followed.
    found = [x for x in found if isinstance(x, Module | np.random.Generator | list | tuple | dict)]
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # a variable without a value yet
            found.append(cell.cell_contents)
    return found


def _kept(x: Any) -> Any:
    """Return inputs as they are kept: what the caller may change is copied."""
    if isinstance(x, Tensor):
        constant = not (x.requires_grad or isinstance(x, Parameter | Buffer))
        return Tensor.from_op(x.data.copy(), None, 0) if constant else x
    if isinstance(x, np.ndarray):
        return x.copy("K")
    if type(x) is dict:
        return {name: _kept(part) for name, part in x.items()}
    if isinstance(x, tuple) and hasattr(x, "_make"):
        return x._make(map(_kept, x))
    return type(x)(map(_kept, x)) if type(x) in (tuple, list) else x


def _tensors_of(result: Any) -> list[Tensor]:
    """Return the tensors in tuples, lists and dicts, each once, in their order."""
    found: dict[int, Tensor] = {}
    waiting = [result]
    while waiting:
        x = waiting.pop()
        if isinstance(x, Tensor):
            found.setdefault(id(x), x)
        elif isinstance(x, Mapping):
            waiting.extend(reversed([*x.values()]))
        elif isinstance(x, tuple | list):
            waiting.extend(reversed(x))
    return list(found.values())


def _print_of(y: Tensor) -> tuple[Any, ...]:
    """Return a few bytes that differ where two results do."""
    array: Any = y.data
    if not isinstance(array, np.ndarray):  # one of another library, whose memory is its own
        return y.shape, y.dtype
    return y.shape, y.dtype, zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def _edge(parent: _Parent) -> tuple[int, int]:
    """Return what tells an input of an operation from all others."""
    return id(parent[0]), parent[1]


def _nodes_inside(results: list[Tensor], made: "WeakSet[Op]") -> list[Op]:
    """Return the operations of a block behind its results."""
    seen: dict[Op, None] = {}
    waiting = [y.node for y in results if y.node is not None]
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen[node] = None
            parents = [parent[0] for parent in node.parents or () if parent is not None]
            waiting.extend(x for x in parents if isinstance(x, Op) and x in made)
    return list(seen)


def _from_outside(
    results: list[Tensor], made: "WeakSet[Op]"
) -> tuple[dict[tuple[int, int], _Parent], tuple[tuple[Parameter, int], ...]]:
    """Return what the operations of a block took from outside, and the frozen parameters."""
    edges: dict[tuple[int, int], _Parent] = {}
    frozen: dict[tuple[int, int], tuple[Parameter, int]] = {}
    for node in _nodes_inside(results, made):
        for parent in node.parents or ():
            if parent is not None and not (isinstance(parent[0], Op) and parent[0] in made):
                edges.setdefault(_edge(parent), parent)
        for parameter, version in node.frozen:
            frozen.setdefault((id(parameter), version), (parameter, version))
    return edges, tuple(frozen.values())
