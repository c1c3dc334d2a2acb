"""Two forms of an operation: which one runs, where, and what is said about it."""

import asyncio
import os
import pickle
import subprocess
import sys
import threading
from typing import ClassVar

import numpy as np
import pytest

from neural_net_core import Op, Tensor, fast_form_of, forms, grad, textbook
from neural_net_core.forms import is_textbook
from neural_net_core.testing import formcheck


@pytest.fixture(autouse=True)
def fast_by_default():
    """Begin each test as a process without NEURAL_NET_TEXTBOOK begins."""
    token = forms._wanted.set(False)
    yield
    forms._wanted.reset(token)


def new_idea():
    """Return an operation and its fast form, which nobody has used yet."""

    class SquareOp(Op):
        def forward(self, x):
            self.x = x
            return x**2

        def backward(self, dy):
            return dy * 2 * self.x

    @fast_form_of(SquareOp)
    class FastSquareOp(SquareOp):
        def forward(self, x):
            self.x = x
            return x * x

    return SquareOp, FastSquareOp


def used(op, x=None):
    """Return the class that runs when an operation is applied."""
    x = Tensor([3.0], requires_grad=True) if x is None else x
    y = op.apply(x)
    assert grad(y, x).item() == 6
    return type(y.node)


def test_the_fast_form_runs_unless_the_textbook_is_asked_for():
    idea, fast = new_idea()
    assert used(idea) is fast
    with textbook():
        assert used(idea) is idea
        assert is_textbook()
    assert used(idea) is fast
    assert not is_textbook()


def test_what_ran_is_shown_and_what_it_computes_is_known():
    idea, fast = new_idea()
    x = Tensor([3.0], requires_grad=True)
    node = idea.apply(x).node
    assert (node.idea, fast.idea, idea.idea) == (idea, idea, idea)
    assert (idea.fast, fast.fast) == (fast, None)
    assert "FastSquareOp" in repr(node)
    assert "grad_fn=FastSquareOp" in repr(idea.apply(x))
    with pytest.raises(Exception, match="FastSquareOp"):
        idea.apply(Tensor([3.0]), Tensor([3.0]))


def test_a_subclass_has_no_fast_form_until_it_is_given_one():
    idea, fast = new_idea()

    class Mine(idea):
        pass

    class OfFast(fast):
        pass

    assert used(Mine) is Mine
    assert used(OfFast) is OfFast
    assert Mine.idea is Mine
    assert OfFast.idea is OfFast

    @fast_form_of(Mine)
    class FastMine(Mine):
        pass

    assert used(Mine) is FastMine


def test_registering_what_is_no_fast_form_of_the_idea_is_refused():
    idea, fast = new_idea()
    with pytest.raises(TypeError, match=r"fast_form_of\(SquareOp\): expected a subclass"):

        @fast_form_of(idea)
        class Other(Op):
            pass

    with pytest.raises(ValueError, match="has a fast form already, FastSquareOp"):

        @fast_form_of(idea)
        class Second(idea):
            pass

    with pytest.raises(ValueError, match="itself the fast form of SquareOp"):

        @fast_form_of(fast)
        class Third(fast):
            pass

    assert idea.fast is fast
    assert {form.__name__: form.idea for form in idea.__subclasses__() if form is not fast} == {
        form.__name__: form for form in idea.__subclasses__() if form is not fast
    }


def test_it_nests_comes_back_after_an_error_and_decorates():
    idea, fast = new_idea()
    with textbook():
        with pytest.raises(ZeroDivisionError), textbook():
            raise ZeroDivisionError
        assert used(idea) is idea
    assert used(idea) is fast

    @textbook()
    def steps():
        yield used(idea)
        yield used(idea)

    walk = steps()
    assert next(walk) is idea
    assert used(idea) is fast  # between two steps it is the caller's turn
    assert next(walk) is idea
    with pytest.raises(TypeError, match="a decorator is written `@textbook"):
        textbook(steps)


@pytest.mark.skipif(is_textbook(), reason="a new thread begins as its process did")
def test_every_thread_and_task_has_its_own():
    idea, fast = new_idea()
    seen = []
    with textbook():
        thread = threading.Thread(target=lambda: seen.append(used(idea)))
        thread.start()
        thread.join()
    assert seen == [fast]

    async def task(read):
        if read:
            with textbook():
                await asyncio.sleep(0)
                return used(idea)
        await asyncio.sleep(0)
        return used(idea)

    async def both():
        return await asyncio.gather(task(True), task(False), task(True))

    assert asyncio.run(both()) == [idea, fast, idea]


def test_backward_has_the_form_of_the_forward_pass():
    idea, fast = new_idea()
    x = Tensor([3.0], requires_grad=True)
    with textbook():
        y = idea.apply(x)
    z = idea.apply(x)
    assert type(y.node) is idea
    with textbook():
        z.backward()
    y.backward()
    assert x.grad.item() == 12
    assert type(z.node) is fast


@pytest.mark.parametrize(("value", "expected"), [("1", "ReLUOp"), ("", "fast"), ("0", "fast")])
def test_the_environment_chooses_for_a_whole_process(value, expected):
    program = (
        "import numpy as np; from neural_net_core import Tensor, forms, ops, relu;"
        "from neural_net_core.activations.relu import ReLUOp;"
        "node = relu(Tensor(np.ones(3), requires_grad=True)).node;"
        "fast = type(node) is (ReLUOp.fast or ReLUOp) and not forms.is_textbook();"
        "print('fast' if fast else type(node).__name__, forms.careful)"
    )
    environment = {**os.environ, "NEURAL_NET_TEXTBOOK": value}
    command = [sys.executable, "-c", program]
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert printed.stdout.split() == [expected, str(value == "1")]


class Foreign:
    """An array of another library, as far as the choice of a form looks at it."""

    def __init__(self, values):
        self.values = np.asarray(values)
        self.dtype, self.shape, self.ndim = (getattr(self.values, a) for a in self._known)

    _known = ("dtype", "shape", "ndim")

    def __array_function__(self, *args):
        return NotImplemented

    def astype(self, dtype, copy=True):
        return Foreign(self.values.astype(dtype))

    def __pow__(self, n):
        return Foreign(self.values**n)

    def __mul__(self, other):
        return Foreign(self.values * getattr(other, "values", other))


def test_arrays_of_other_libraries_meet_the_textbook_form(monkeypatch):
    monkeypatch.setattr(forms, "careful", False)
    idea, fast = new_idea()
    numpy = Tensor([3.0], requires_grad=True)
    assert type(idea.apply(numpy).node) is fast
    foreign = Tensor(Foreign([3.0]), np.float32, requires_grad=True)
    assert forms.careful  # from now on an operation looks
    assert type(idea.apply(foreign).node) is idea
    assert type(idea.apply(numpy).node) is fast
    assert type(idea.apply(np.float32(3)).data) is np.ndarray


def test_numbers_subclasses_and_scalars_of_numpy_are_not_foreign():
    for x in (1.0, 2, None, np.float32(1), np.ones(2), np.ma.ones(2), [1.0], "x"):
        assert not forms.is_foreign(x)
    assert forms.is_foreign(Foreign([1.0]))


def test_nodes_of_both_forms_can_be_pickled():
    from neural_net_core import relu

    y = relu(Tensor([1.0, -1.0], requires_grad=True))
    again = pickle.loads(pickle.dumps(y.node))  # noqa: S301 (written on the line itself)
    assert type(again) is type(y.node)


class TwoOp(Op):
    """Two results, of which backward needs both gradients."""

    seen: ClassVar[list] = []

    def forward(self, x):
        return 2 * x, np.stack([x, x])

    def backward(self, dy, dz):
        self.seen.append((dy.copy(), dz.copy()))
        return 2 * dy + dz.sum(axis=0)


class TakesNoneOp(TwoOp):
    takes_none = True

    def backward(self, dy, dz):
        assert dz is None
        return 2 * dy


def test_an_output_without_a_gradient_has_a_gradient_of_zeros():
    TwoOp.seen.clear()
    x = Tensor([1.0, 2.0], requires_grad=True)
    first, _ = TwoOp.apply(x)
    assert grad(first.sum(), x).tolist() == [2, 2]
    _, second = TwoOp.apply(x)
    assert grad(second.sum(), x).tolist() == [2, 2]
    (dy, dz), (dy2, dz2) = TwoOp.seen
    assert (dy.tolist(), dz.tolist()) == ([1, 1], [[0, 0], [0, 0]])
    assert (dy2.tolist(), dz2.tolist()) == ([0, 0], [[1, 1], [1, 1]])
    first, _ = TakesNoneOp.apply(x)
    assert grad(first.sum(), x).tolist() == [2, 2]


# The checker ------------------------------------------------------------------------------------


def test_formcheck_accepts_rounding_and_refuses_more():
    x = np.random.default_rng(0).normal(size=50)
    idea, _ = new_idea()
    assert formcheck(idea.apply, [x])
    for factor, place in [(1 + 1e-5, "output 0"), (1, "gradient of floating input 0")]:
        idea, fast = new_idea()
        forward = fast.forward
        fast.forward = lambda self, x, forward=forward, factor=factor: forward(self, x) * factor
        if factor == 1:
            fast.backward = lambda self, dy: dy * 2.0001 * self.x
        with pytest.raises(AssertionError, match=f"FastSquareOp in float32: .*{place}"):
            formcheck(idea.apply, [x])
        idea, fast = new_idea()
        fast.forward = lambda self, x: (setattr(self, "x", x), x * x + 1e-12 * (x > 0))[1]
        with pytest.raises(AssertionError, match="in float64"):
            formcheck(idea.apply, [x])


def test_formcheck_sees_nan_and_infinity():
    for wrong in (np.nan, np.inf):
        idea, fast = new_idea()
        fast.backward = lambda self, dy, wrong=wrong: dy * wrong
        with pytest.raises(AssertionError, match="gradient"):
            formcheck(idea.apply, [np.array([1.0, 2.0])])


def test_formcheck_needs_a_fast_form_that_runs():
    class AloneOp(Op):
        def forward(self, x):
            return x * 1

        def backward(self, dy):
            return dy

    with pytest.raises(ValueError, match="runs no operation that has a fast form"):
        formcheck(AloneOp.apply, [np.ones(3)])
    idea, _ = new_idea()
    with textbook():  # it compares both, whichever is asked for
        assert formcheck(idea.apply, [np.ones(3)])
