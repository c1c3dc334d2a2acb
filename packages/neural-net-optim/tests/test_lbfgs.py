"""L-BFGS: quadratics in as many steps as dimensions, errors that change nothing, exact resuming."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neural_net_optim as optim
from neural_net_core import (
    Dense,
    Parameter,
    Sequential,
    Tanh,
    TrainingError,
    load_checkpoint,
    mse_loss,
    save_checkpoint,
)
from neural_net_optim import LBFGS
from neural_net_optim.lbfgs import Pair, two_loop_recursion
from neural_net_optim.line_search import Place, strong_wolfe

SEARCH = "strong_wolfe"


def closure_of(optimizer, loss_of):
    """A closure as a user writes it."""

    def closure():
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        return loss

    return closure


def rosenbrock(p):
    return (100 * (p[1:] - p[:-1] ** 2) ** 2 + (1 - p[:-1]) ** 2).sum()


def dense_inverse(pairs, gamma, n):
    """The same estimate by the formula of BFGS, as a matrix."""
    h = gamma * np.eye(n)
    for s, y, rho in pairs:
        bracket = np.eye(n) - rho * np.outer(y, s)
        h = bracket.T @ h @ bracket + rho * np.outer(s, s)
    return h


@given(st.integers(1, 6), st.integers(0, 5), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_the_two_loops_multiply_by_the_matrix_of_bfgs(n, m, seed):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(n, n))
    hessian = a @ a.T + np.eye(n)
    steps = rng.normal(size=(m, n))
    pairs = [Pair(s, hessian @ s, 1 / (s @ hessian @ s)) for s in steps]
    g = rng.normal(size=n)
    before = g.copy()
    inverse = dense_inverse(pairs, 0.7, n)
    np.testing.assert_allclose(two_loop_recursion(g, pairs, 0.7), inverse @ g, rtol=1e-7, atol=1e-7)
    np.testing.assert_array_equal(g, before)
    if m:  # the secant equation: the newest change is mapped to the newest step
        newest = two_loop_recursion(hessian @ steps[-1], pairs, 0.7)
        np.testing.assert_allclose(newest, steps[-1], rtol=1e-7, atol=1e-7)


@given(
    st.integers(1, 8),
    st.integers(1, 9),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.1, 1.0, 3.0]),
)
@settings(max_examples=40, deadline=None)
def test_with_a_search_the_loss_never_rises(n, history, seed, lr):
    """On quartics with valleys, whatever the memory; and the step returns the loss before it."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(n, n)), rng.normal(size=n)
    p = Parameter(rng.normal(size=n), "float64")
    options = {"lr": lr, "history_size": history, "max_iter": 3, "line_search_fn": SEARCH}
    optimizer = LBFGS([p], **options)

    def loss_of():
        return ((p @ Parameter(a, "float64", requires_grad=False) - b) ** 2).sum() + (p**4).sum()

    losses = [float(optimizer.step(closure_of(optimizer, loss_of))) for _ in range(6)]
    assert losses == sorted(losses, reverse=True)
    assert float(loss_of()) <= losses[-1]


def test_a_quadratic_of_many_parameters_of_all_shapes():
    """Several parameters are one vector: weights of a least squares problem and their bias."""
    rng = np.random.default_rng(0)
    x, target = rng.normal(size=(50, 4)), rng.normal(size=(50, 2))
    w, b = Parameter(np.zeros((4, 2)), "float64"), Parameter(np.zeros(2), "float64")
    nothing = Parameter(np.zeros((0, 3)), "float64")
    optimizer = LBFGS([w, nothing, b], line_search_fn=SEARCH, max_iter=30, tolerance_change=1e-15)
    fixed = Parameter(x, "float64", requires_grad=False)
    optimizer.step(closure_of(optimizer, lambda: mse_loss(fixed @ w + b, target)))
    columns = np.hstack([x, np.ones((50, 1))])
    wanted = np.linalg.lstsq(columns, target, rcond=None)[0]
    np.testing.assert_allclose(np.vstack([w.data, b.data]), wanted, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("search", [None, SEARCH])
def test_dtypes_are_kept(dtype, search):
    p = Parameter(np.linspace(-0.5, 0.5, 5), dtype)
    optimizer = LBFGS([p], lr=0.5, max_iter=4, line_search_fn=search)
    first = float(optimizer.step(closure_of(optimizer, lambda: ((p - 2) ** 2).sum())))
    assert p.dtype == np.dtype(dtype)
    arrays = optimizer.state_dict()["state"]["0"]
    assert {arrays[name].dtype.name for name in ("direction", "gradient", "steps", "changes")} == {
        dtype
    }
    assert float(((p - 2) ** 2).sum()) < first


def test_dtypes_together():
    """A weight in float32 beside one in float64: the vector is of the wider, each keeps its own."""
    p, q = Parameter([3.0, 1.0], "float32"), Parameter([2.0], "float64")
    optimizer = LBFGS([p, q], line_search_fn=SEARCH)

    def closure():
        p.grad, q.grad = 2 * p.data, 8 * q.data
        return float((p.data**2).sum() + 4 * (q.data**2).sum())

    optimizer.step(closure)
    assert (p.dtype.name, q.dtype.name) == ("float32", "float64")
    np.testing.assert_allclose(p.data, 0, atol=1e-5)
    np.testing.assert_allclose(q.data, 0, atol=1e-5)


def test_how_often_the_loss_is_computed():
    """`max_eval` bounds it, also inside a search; None is five for every four iterations."""
    p = Parameter(np.full(10, -1.0), "float64")
    calls = 0

    def counted(optimizer):
        def closure():
            nonlocal calls
            calls += 1
            return closure_of(optimizer, lambda: rosenbrock(p))()

        return closure

    for options, most in (({"max_eval": 7}, 8), ({"max_iter": 8}, 11), ({"max_eval": 1}, 2)):
        calls = 0
        optimizer = LBFGS([p], line_search_fn=SEARCH, tolerance_change=0.0, **options)
        optimizer.step(counted(optimizer))
        assert 2 <= calls <= most
        assert optimizer.state_dict()["state"]["0"]["func_evals"] == calls


def test_where_the_gradient_is_zero_nothing_happens():
    p = Parameter([1.0], "float64")
    optimizer = LBFGS([p])
    version = p.version
    assert float(optimizer.step(closure_of(optimizer, lambda: ((p - 1) ** 2).sum()))) == 0
    assert (p.version, p.data.tolist(), optimizer.state_dict()["state"]) == (version, [1.0], {})


def test_frozen_parameters_and_those_without_gradient_stay():
    """Also those that moved before, when the memory still knows of their directions."""
    rng = np.random.default_rng(0)
    model = Sequential(Dense(3, 4, rng=rng), Tanh(), Dense(4, 1, rng=rng))
    x, y = rng.normal(size=(9, 3)).astype("f"), rng.normal(size=(9, 1)).astype("f")
    unused = Parameter([1.0, 2.0])
    optimizer = LBFGS([*model.parameters(), unused], max_iter=3, line_search_fn=SEARCH)
    closure = closure_of(optimizer, lambda: mse_loss(model(x), y))
    optimizer.step(closure)
    model[0].weight.requires_grad = False
    held, version = model[0].weight.data.copy(), model[0].weight.version
    before = float(mse_loss(model(x), y))
    optimizer.step(closure)
    np.testing.assert_array_equal(model[0].weight.data, held)
    assert model[0].weight.version == version
    assert float(mse_loss(model(x), y)) < before
    assert (unused.data.tolist(), unused.version) == ([1.0, 2.0], 0)


# What goes wrong --------------------------------------------------------------------------------


def snapshot(optimizer):
    state = optimizer.state_dict()
    values = [p.data.tobytes() for p in optimizer.param_groups[0]["params"]]
    arrays = {
        name: np.asarray(value).tobytes()
        for name, value in next(iter(state["state"].values()), {}).items()
    }
    return values, arrays


@pytest.mark.parametrize("search", [None, SEARCH])
@pytest.mark.parametrize("call", [1, 2, 3, 5])
@pytest.mark.parametrize(
    "fails", ["error", "interrupt", "nan", "gradient", "nothing", "word", "shape"]
)
def test_a_closure_that_fails_at_any_call(search, call, fails):
    """Parameters, state and what comes next are as if the step had not been tried."""
    p = Parameter(np.linspace(-1, 1, 4), "float64")
    optimizer = LBFGS([p], lr=0.01, max_iter=6, line_search_fn=search)
    good = closure_of(optimizer, lambda: rosenbrock(p))
    optimizer.step(good)
    before, twin = snapshot(optimizer), copy.deepcopy(optimizer)
    calls = 0

    def closure():
        nonlocal calls
        calls += 1
        loss = good()
        if calls < call:
            return loss
        if fails == "error":
            raise ZeroDivisionError
        if fails == "interrupt":
            raise KeyboardInterrupt
        if fails == "gradient":
            p.grad[1] = np.nan
        if fails == "shape":
            p.grad = np.ones(3)
        return {"nan": np.nan, "nothing": None, "word": "3"}.get(fails, loss)

    def attempt():
        return optimizer.step(closure)

    if search and call > 1 and fails in ("nan", "gradient"):
        # A place among others: the search goes elsewhere, or has looked in vain.
        loss = float(rosenbrock(p))
        try:
            attempt()
        except TrainingError:
            assert snapshot(optimizer) == before
        assert float(rosenbrock(p)) <= loss
        return
    errors = {"error": ZeroDivisionError, "interrupt": KeyboardInterrupt, "nan": TrainingError}
    errors |= {"gradient": TrainingError, "shape": ValueError}
    with pytest.raises(errors.get(fails, TypeError)):
        attempt()
    assert snapshot(optimizer) == before
    optimizer.step(good)
    q = twin.param_groups[0]["params"][0]
    twin.step(closure_of(twin, lambda: rosenbrock(q)))
    assert p.data.tobytes() == q.data.tobytes()


@pytest.mark.parametrize("search", [None, SEARCH])
def test_nan_is_reported_and_nothing_changed(search):
    p = Parameter([1.0, 2.0])
    optimizer = LBFGS([p], line_search_fn=search)
    before = snapshot(optimizer)
    with pytest.raises(TrainingError, match="LBFGS: the loss is nan before the step"):
        optimizer.step(closure_of(optimizer, lambda: (p * np.nan).sum()))
    assert snapshot(optimizer) == before


def test_a_search_comes_back_from_where_a_logarithm_ends():
    """The first length leads beyond 0, where the loss is NaN; the minimum is at 1."""
    p = Parameter([3.0], "float64")
    optimizer = LBFGS([p], lr=40.0, line_search_fn=SEARCH)

    def loss_of():
        with np.errstate(invalid="ignore"):
            return (p - p.log()).sum()

    optimizer.step(closure_of(optimizer, loss_of))
    np.testing.assert_allclose(p.data, [1.0], atol=1e-4)


def test_without_a_search_what_diverges_is_put_back():
    p = Parameter([3.0, 1.0], "float64")
    optimizer = LBFGS([p], lr=1e9)
    with (
        np.errstate(all="ignore"),
        pytest.raises(TrainingError, match=r"the loss is (inf|nan) after \d iterations"),
    ):
        optimizer.step(closure_of(optimizer, lambda: (p**2).exp().sum()))
    assert p.data.tolist() == [3.0, 1.0]


def test_it_needs_a_closure_and_one_group():
    p, q = Parameter([1.0]), Parameter([2.0])
    with pytest.raises(TypeError, match=r"LBFGS: step needs a function .* optimizer.step\(clo"):
        LBFGS([p]).step()
    with pytest.raises(TypeError, match="LBFGS: step takes a function"):
        LBFGS([p]).step(3)
    with pytest.raises(ValueError, match="LBFGS: takes one group"):
        LBFGS([{"params": [p]}, {"params": [q]}])
    optimizer = LBFGS([{"params": [p], "max_iter": 3}])
    with pytest.raises(ValueError, match="LBFGS: takes one group"):
        optimizer.add_param_group({"params": [q]})
    assert len(optimizer.param_groups) == 1


@pytest.mark.parametrize("wrap", [optim.Lookahead, lambda o: optim.GradientAccumulator(o, 2)])
def test_what_cannot_give_it_a_closure_refuses_it(wrap):
    with pytest.raises(ValueError, match="LBFGS"):
        wrap(LBFGS([Parameter([1.0])]))


# Saving -----------------------------------------------------------------------------------------


class Training:
    """A network, its data, and L-BFGS, all from scratch."""

    def __init__(self, search):
        rng = np.random.default_rng(0)
        self.model = Sequential(Dense(3, 5, rng=rng), Tanh(), Dense(5, 2, rng=rng))
        self.x, self.y = rng.normal(size=(20, 3)).astype("f"), rng.normal(size=(20, 2)).astype("f")
        options = {"lr": 0.3, "max_iter": 2, "history_size": 3, "line_search_fn": search}
        self.optimizer = LBFGS(self.model.named_parameters(), **options)

    def run(self, steps):
        loss_of = lambda: mse_loss(self.model(self.x), self.y)  # noqa: E731
        for _ in range(steps):
            self.optimizer.step(closure_of(self.optimizer, loss_of))
        return b"".join(p.data.tobytes() for p in self.model.parameters())


@pytest.mark.parametrize("search", [None, SEARCH])
@pytest.mark.parametrize("stop", [0, 1, 2, 5])
def test_stopped_and_resumed_are_as_never_stopped(search, stop, tmp_path):
    """Through a file, with no pair yet, some, and as many as are kept."""
    straight = Training(search)
    straight.run(stop)
    path = tmp_path / "run.safetensors"
    save_checkpoint(path, model=straight.model, optimizer=straight.optimizer)
    copied = copy.deepcopy(straight)
    resumed = Training(search)
    load_checkpoint(path, model=resumed.model, optimizer=resumed.optimizer)
    wanted = straight.run(4)
    assert resumed.run(4) == wanted
    assert copied.run(4) == wanted
    if stop == 5:
        state = straight.optimizer.state_dict()["state"]["0.weight"]
        assert state["steps"].shape == state["changes"].shape == (3, 32)


def test_the_memory_matters():
    """The test above would not notice a memory that nobody uses."""
    straight, forgetful = Training(SEARCH), Training(SEARCH)
    straight.run(3)
    forgetful.run(3)
    fresh = LBFGS(forgetful.model.named_parameters(), max_iter=2, line_search_fn=SEARCH)
    forgetful.optimizer = fresh
    assert straight.run(1) != forgetful.run(1)


def test_a_state_with_too_few_rows_is_refused():
    training = Training(SEARCH)
    training.run(5)
    before = snapshot(training.optimizer)
    state = copy.deepcopy(training.optimizer.state_dict())
    state["state"]["0.weight"]["steps"] = state["state"]["0.weight"]["steps"][:2]
    with pytest.raises(ValueError, match=r"0.weight: steps: expected float32 \(3, 32\), got"):
        training.optimizer.load_state_dict(state)
    state["state"]["0.weight"]["pairs"] = 2
    with pytest.raises(ValueError, match=r"changes: expected float32 \(2, 32\)"):
        training.optimizer.load_state_dict(state)
    assert snapshot(training.optimizer) == before


def test_a_schedule_sets_the_first_length():
    p = Parameter([8.0], "float64")
    optimizer = LBFGS([p], lr=1.0, max_iter=1)
    schedule = optim.ExponentialLR(optimizer, 0.5)
    schedule.step()
    optimizer.step(closure_of(optimizer, lambda: (p**2 / 2).sum()))
    assert p.data.tolist() == [7.5]  # lr · min(1, 1/8) · 8


@pytest.mark.parametrize("search", [None, SEARCH])
def test_a_direction_that_was_not_taken_teaches_nothing(search):
    """The slope is below the tolerance: the step ends, and the next one knows of no step."""
    p = Parameter([1.0], "float64")
    optimizer = LBFGS([p], tolerance_change=0.5, line_search_fn=search)
    optimizer.step(closure_of(optimizer, lambda: (p * 0.5).sum()))
    state = optimizer.state_dict()["state"]["0"]
    assert (p.data.tolist(), state["step"], state["t"], state["pairs"]) == ([1.0], 1, 0.0, 0)
    optimizer.step(closure_of(optimizer, lambda: (p * 5).sum()))
    assert optimizer.state_dict()["state"]["0"]["gamma"] == 1.0


def test_a_slope_of_nothing_ends_the_step():
    """A gradient so small that its square is 0, and no tolerance that would end the step."""
    p = Parameter([1.0], "float32")
    optimizer = LBFGS([p], tolerance_grad=0.0, tolerance_change=0.0, line_search_fn=SEARCH)

    def closure():
        p.grad = np.full(1, 1e-30, np.float32)
        return 1.0

    assert optimizer.step(closure) == 1.0
    assert p.data.tolist() == [1.0]


@pytest.mark.parametrize("search", [None, SEARCH])
def test_a_rate_of_nothing_goes_nowhere(search):
    p = Parameter([1.0, -2.0], "float64")
    optimizer = LBFGS([p], lr=0.0, line_search_fn=search)
    assert float(optimizer.step(closure_of(optimizer, lambda: (p**2).sum()))) == 5.0
    assert p.data.tolist() == [1.0, -2.0]


# Beside another writing of the algorithm ----------------------------------------------------------


def by_the_book(function, x, steps, lr, max_iter, max_eval, tolerances, history, search):
    """Algorithm 7.5 with H as a matrix, PyTorch's stops; the place and the calls of each step."""
    most = max_iter * 5 // 4 if max_eval is None else max_eval
    pairs, gamma, older, calls = [], 1.0, None, 0
    places = []

    def look(x):
        nonlocal calls
        calls += 1
        return function(x)

    for _ in range(steps):
        used = -calls
        loss, g = look(x)
        for number in range(max_iter):
            if np.abs(g).max() <= tolerances[0]:
                break
            first = older is None
            if not first:
                s, y = older[0], g - older[1]
                if y @ s > 1e-10:
                    pairs = [*pairs, Pair(s, y, 1 / (y @ s))][-history:]
                    gamma = (y @ s) / (y @ y)
            d = -dense_inverse(pairs, gamma, len(x)) @ g
            t = lr * min(1.0, 1.0 / np.abs(g).sum()) if first else lr
            older = (0 * d, g)
            if g @ d > -tolerances[1]:
                break
            loss_before = loss
            if search:
                seen = {}

                def at(t, x=x, d=d, seen=seen):
                    seen[t] = look(x + t * d)
                    return Place(t, seen[t][0], float(seen[t][1] @ d), seen[t][1])

                start = Place(0.0, loss, float(g @ d), g)
                allowed = most - (used + calls)
                found, _ = strong_wolfe(at, start, t, most=allowed, width=1e-9 / np.abs(d).max())
                t, loss, g = found.t, found.loss, found.gradient
                x = x + t * d
            else:
                x = x + t * d
                if number < max_iter - 1:
                    loss, g = look(x)
            older = (t * d, older[1])
            small = (t * np.abs(d)).max() <= tolerances[1] or abs(loss - loss_before) < tolerances[
                1
            ]
            if used + calls >= most or small:
                break
        places.append((x, calls))
    return places


@given(
    n=st.integers(1, 5),
    seed=st.integers(0, 2**32 - 1),
    lr=st.sampled_from([0.02, 0.1, 1.0]),
    max_iter=st.integers(1, 6),
    max_eval=st.none() | st.integers(1, 9),
    tolerances=st.tuples(
        st.sampled_from([1e-7, 1e-2, 0.5]), st.sampled_from([1e-9, 1e-3, 1e-2, 0.1])
    ),
    history=st.integers(1, 3),
    search=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_each_step_is_the_books(n, seed, lr, max_iter, max_eval, tolerances, history, search):
    """Where it ends, and how often it asks for the loss, whatever stops it."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(n, n)), rng.normal(size=n)

    def function(x):
        r = a @ x - b
        return float(r @ r + (x**4).sum() / 10), 2 * a.T @ r + 0.4 * x**3

    p = Parameter(rng.normal(size=n), "float64")
    start = p.data.copy()
    word = SEARCH if search else None
    optimizer = LBFGS([p], lr, max_iter, max_eval, *tolerances, history, word)
    calls = 0

    def closure():
        nonlocal calls
        calls += 1
        loss, p.grad = function(p.data)
        return loss

    if not search and lr == 1.0:
        lr = optimizer.param_groups[0]["lr"] = 0.1
    book = by_the_book(function, start, 4, lr, max_iter, max_eval, tolerances, history, search)
    for x, wanted in book:
        version = p.version
        before = p.data.copy()
        optimizer.step(closure)
        np.testing.assert_allclose(p.data, x, rtol=1e-6, atol=1e-6)
        assert calls == wanted
        assert (p.version > version) or np.array_equal(p.data, before)
    state = optimizer.state_dict()["state"].get("0")
    assert state is None or state["func_evals"] == calls


def test_what_is_frozen_takes_no_part_in_the_direction():
    p, q = Parameter([1.0, 2.0], "float64"), Parameter([3.0], "float64")
    optimizer = LBFGS([p, q], lr=0.1, max_iter=3)

    def loss_of():
        return ((p[0] * q[0] - 1) ** 2 + p[1] ** 2 + q[0] ** 2).sum()

    optimizer.step(closure_of(optimizer, loss_of))
    assert optimizer.state_dict()["state"]["0"]["direction"][2] != 0
    q.requires_grad = False
    optimizer.step(closure_of(optimizer, loss_of))
    state = optimizer.state_dict()["state"]["0"]
    assert state["direction"][2] == state["gradient"][2] == 0
    assert state["direction"][0] != 0


def test_one_bad_number_in_a_gradient_is_enough():
    p = Parameter([1.0, 2.0], "float64")

    def closure():
        p.grad = np.array([1.0, np.inf])
        return 1.0

    with pytest.raises(
        TrainingError, match="the loss is 1 before the step, but its gradient holds"
    ):
        LBFGS([p]).step(closure)


def test_a_weight_that_was_put_back_counts_as_changed():
    """A graph from before the failed step must not be used with it."""
    p = Parameter([1.0, 2.0], "float64")
    optimizer = LBFGS([p], lr=0.1)
    calls = 0

    def closure():
        nonlocal calls
        calls += 1
        if calls == 2:
            moved.append(p.version)
            raise ZeroDivisionError
        p.grad = p.data.copy()
        return 1.0

    moved = []
    with pytest.raises(ZeroDivisionError):
        optimizer.step(closure)
    assert p.data.tolist() == [1.0, 2.0] and p.version > moved[0] > 0
