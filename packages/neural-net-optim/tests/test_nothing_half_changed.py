"""After a failed call everything is as it was before: all optimizers, schedules and averages."""

import copy
import math

import numpy as np
import pytest

import neural_net_optim as optim
from neural_net_core import Dense, Parameter, Sequential, StateDictError, Tensor

SETTINGS = {
    "SGD": {"momentum": 0.9},
    "RMSprop": {"momentum": 0.9, "centered": True, "eps": 1e-3},
    "Adam": {"amsgrad": True},
    "AdamW": {"amsgrad": True},
    "Adagrad": {"initial_accumulator_value": 0.5},
    "Adafactor": {"beta1": 0.9},
}
ABSTRACT = {"Optimizer", "ElementwiseOptimizer", "TensorwiseOptimizer", "LRScheduler"} | {
    "WeightAverage"
}


def parameters():
    """Two groups: a matrix, and two vectors."""
    a = Parameter(np.linspace(-1, 1, 6).reshape(2, 3), name="a")
    b, c = Parameter(np.ones(3), name="b"), Parameter(np.ones(3), name="c")
    return [{"params": [("a", a)]}, {"params": [("b", b), ("c", c)]}]


def sgd():
    return optim.SGD(parameters(), lr=0.25, momentum=0.5)


def step(optimizer):
    """Make a step with the gradients that are there, whatever the kind of optimizer."""
    closure = (lambda: 1.0) if getattr(optimizer, "needs_closure", False) else None
    return optimizer.step(closure)


def stepped(optimizer, count=2):
    """Return an optimizer after some steps, with gradients in place."""
    for t in range(1, count + 1):
        for group in optimizer.param_groups:
            for i, p in enumerate(group["params"]):
                p.grad = np.cos(np.arange(p.size) + t + i).astype(p.dtype).reshape(p.shape)
        step(optimizer)
    return optimizer


OPTIMIZERS = {
    name: lambda cls=cls, name=name: cls(parameters(), **SETTINGS.get(name, {}))
    for name, cls in vars(optim).items()
    if isinstance(cls, type) and issubclass(cls, optim.Optimizer) and name not in ABSTRACT
}
OPTIMIZERS["LBFGS"] = lambda: optim.LBFGS([p for group in parameters() for p in group["params"]])
OPTIMIZERS["Lookahead"] = lambda: optim.Lookahead(sgd(), k=2)

SCHEDULES = {
    "ConstantLR": lambda o: optim.ConstantLR(o, 0.5, 4),
    "LinearLR": lambda o: optim.LinearLR(o, 0.5, 1.0, 4),
    "StepLR": lambda o: optim.StepLR(o, 2),
    "MultiStepLR": lambda o: optim.MultiStepLR(o, [1, 3]),
    "ExponentialLR": lambda o: optim.ExponentialLR(o, 0.5),
    "PolynomialLR": lambda o: optim.PolynomialLR(o, 9, 2.0),
    "CosineAnnealingLR": lambda o: optim.CosineAnnealingLR(o, 9),
    "CosineAnnealingWarmRestarts": lambda o: optim.CosineAnnealingWarmRestarts(o, 2, 2),
    "CyclicLR": lambda o: optim.CyclicLR(o, 0.1, 0.5, 3),
    "OneCycleLR": lambda o: optim.OneCycleLR(o, 0.5, 9),
    "InverseSqrtLR": lambda o: optim.InverseSqrtLR(o, 4),
    "LambdaLR": lambda o: optim.LambdaLR(o, lambda t: 1 / (t + 1)),
    "MultiplicativeLR": lambda o: optim.MultiplicativeLR(o, lambda t: 0.5),
    "SWALR": lambda o: optim.SWALR(o, 0.125, 4),
    "WarmupLR": lambda o: optim.WarmupLR(o, 3, optim.OneCycleLR(o, 0.5, 9)),
    "SequentialLR": lambda o: optim.SequentialLR(
        o, [optim.ConstantLR(o, 0.5, 9), optim.OneCycleLR(o, 0.5, 9)], [2]
    ),
    "ChainedScheduler": lambda o: optim.ChainedScheduler(
        [optim.ConstantLR(o, 0.5, 2), optim.OneCycleLR(o, 0.5, 9)]
    ),
    "ReduceLROnPlateau": lambda o: optim.ReduceLROnPlateau(o, factor=0.5, patience=0),
}
AVERAGES = {"EMA": lambda m: optim.EMA(m, 0.5), "SWA": optim.SWA}


def test_every_object_with_a_state_is_here():
    found = {
        name
        for name, value in vars(optim).items()
        if isinstance(value, type) and hasattr(value, "load_state_dict")
    }
    assert found - ABSTRACT == {*OPTIMIZERS, *SCHEDULES, *AVERAGES}


def advance(scheduler):
    if isinstance(scheduler, optim.ReduceLROnPlateau):
        scheduler.step_metric(1.0)
    else:
        scheduler.step()


def build(name):
    """Return an object in the middle of training."""
    if name in OPTIMIZERS:
        return stepped(OPTIMIZERS[name](), 3)
    if name in SCHEDULES:
        scheduler = SCHEDULES[name](sgd())
        for _ in range(3):
            advance(scheduler)
        return scheduler
    model = Sequential(Dense(2, 3, rng=np.random.default_rng(0)))
    average = AVERAGES[name](model)
    for _ in range(2):
        average.update()
        model[0].weight.data[...] += 1
    return average


def frozen(value):
    """Return anything as something that can be compared, arrays to the bit."""
    if isinstance(value, dict):
        return {k: frozen(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value), [frozen(v) for v in value]
    if isinstance(value, Parameter):
        return value.version, frozen(value.data)
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    return type(value), repr(value)


def everything(thing):
    """The state, and the values and settings behind it."""
    optimizer = getattr(thing, "optimizer", thing)
    tensors = getattr(thing, "_tensors", {})
    return frozen([thing.state_dict(), getattr(optimizer, "param_groups", []), tensors])


BAD_GRADIENTS = {
    "a Tensor": lambda p: Tensor(np.ones(p.shape)),
    "a list": lambda p: np.ones(p.shape).tolist(),
    "a number": lambda p: 1.0,
    "text": lambda p: "gradient",
    "another shape": lambda p: np.ones((4, *p.shape), p.dtype),
    "a shape that broadcasts": lambda p: np.ones(1, p.dtype),
    "whole numbers": lambda p: np.ones(p.shape, int),
    "complex numbers": lambda p: np.ones(p.shape, complex),
    "objects": lambda p: np.full(p.shape, None),
    "masked": lambda p: np.ma.masked_array(np.ones(p.shape, p.dtype), True),
}


@pytest.mark.parametrize("bad", BAD_GRADIENTS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_bad_gradient_of_the_last_parameter(name, bad):
    optimizer = build(name)
    last = optimizer.param_groups[-1]["params"][-1]
    good, last.grad = last.grad, BAD_GRADIENTS[bad](last)
    before = everything(optimizer)
    with pytest.raises((TypeError, ValueError), match=r"parameter 'c': expected .* gradient"):
        step(optimizer)
    assert everything(optimizer) == before
    last.grad = good
    twin = stepped(OPTIMIZERS[name](), 3)
    for group in twin.param_groups:
        for p in group["params"]:
            p.grad = np.cos(np.arange(p.size) + 3).astype(p.dtype).reshape(p.shape)
    step(optimizer)  # goes on as if nothing had been tried


@pytest.mark.parametrize(
    "replace", [lambda d: d[:2], lambda d: d.astype(np.float64), np.ndarray.tolist]
)
@pytest.mark.parametrize("name", [*OPTIMIZERS, *AVERAGES])
def test_a_weight_that_somebody_replaced(name, replace):
    thing = build(name)
    if name in OPTIMIZERS:
        last, call = thing.param_groups[-1]["params"][-1], lambda: step(thing)
    else:
        last, call = list(thing._tensors.values())[-1], thing.update
    good = last.data
    before = everything(thing)
    last.data = replace(good)
    with pytest.raises((TypeError, ValueError), match=r"now|expected .* data"):
        call()
    last.data = good
    assert everything(thing) == before


WRONG = [np.array([0.1, 0.2]), math.nan, math.inf, None, "x", -1.0, 10**400, [], True, object()]


@pytest.mark.parametrize("name", [n for n in OPTIMIZERS if n != "Lookahead"])
def test_a_setting_changed_to_something_impossible(name):
    """Whatever a group could not begin with stops the step before anything is changed."""
    optimizer = build(name)
    group, number = optimizer.param_groups[-1], len(optimizer.param_groups) - 1
    tried = 0
    for setting, limit in optimizer.limits.items():
        for wrong in WRONG:
            if not isinstance(wrong, np.ndarray) and limit.accepts(wrong):
                continue
            before = everything(optimizer)
            good, group[setting] = group[setting], wrong
            with pytest.raises(
                ValueError, match=rf"{name}: {setting} must be .* \(in group {number}\)"
            ):
                step(optimizer)
            group[setting] = good
            assert everything(optimizer) == before
            tried += 1
        lost = group.pop(setting)
        with pytest.raises(ValueError, match=f"{name}: group {number} has no {setting}"):
            step(optimizer)
        group[setting] = lost
    assert tried > 20
    step(optimizer)
    group["lr"] = np.float32(0.5)  # a NumPy number is one, and no longer in the way afterwards
    step(optimizer)
    assert type(group["lr"]) is float


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_closure_that_fails_and_groups_that_were_not_added(name):
    optimizer = build(name)
    before = everything(optimizer)
    with pytest.raises(ZeroDivisionError):
        optimizer.step(lambda: 1 / 0)
    with pytest.raises(TypeError, match="step takes a function"):
        optimizer.step(5)
    assert everything(optimizer) == before
    p = Parameter([1.0])
    known = optimizer.param_groups[0]["params"][0]
    for group in (5, None, {}, {"params": [p, p]}, {"params": [known]}, {"params": 5}, [p]):
        with pytest.raises((TypeError, ValueError)):
            optimizer.add_param_group(group)
    for setting in ({"lr": -1}, {"lr": np.ones(2)}, {"nope": 1}, {"name": 5}, {"initial_lr": "x"}):
        with pytest.raises(ValueError, match=r"must be|unknown"):
            optimizer.add_param_group({"params": [p], **setting})
    assert everything(optimizer) == before
    optimizer.param_groups.append({"params": [p], "lr": 1.0})
    with pytest.raises(ValueError, match="add groups with add_param_group"):
        step(optimizer)


@pytest.mark.parametrize(
    ("cls", "setting", "value"),
    [(optim.Muon, "rule", "adamw"), (optim.Adafactor, "beta1", 0.5), (optim.Adam, "amsgrad", True)],
)
def test_a_setting_that_asks_for_other_state(cls, setting, value):
    """The new state begins at its start; the state in common goes on."""
    optimizer = stepped(cls(parameters()))
    optimizer.param_groups[0][setting] = value
    optimizer.step()
    state = optimizer.state_dict()
    fresh = cls(parameters())
    fresh.load_state_dict(copy.deepcopy(state))
    assert frozen(fresh.state_dict()) == frozen(state)


class Incomparable:
    """Something that cannot be compared with anything, as the worst of arrays."""

    def __eq__(self, other):
        raise RuntimeError("not comparable")

    def __hash__(self):
        return 0


HOSTILE = [-1, 1.5, 2**64, math.nan, math.inf, -math.inf, None, "x", [], {}, True, object()]
# No word is compared with these, and no truth is asked of them.
HOSTILE += [np.ones(3), np.zeros((2, 2)), np.array([]), np.array(["a", "b"]), np.array([None])]
HOSTILE += [[np.ones(3)], [np.ones(3), "b"], (np.ones(2), np.ones(2)), Tensor(np.ones(4))]
HOSTILE += [Incomparable(), [Incomparable()]]
HOSTILE_ARRAYS = [np.nan, np.inf, -np.inf]


def leaves(state, path=()):
    """Yield the path of every dict, list, number and array in a state."""
    yield path
    if isinstance(state, dict):
        for key, value in state.items():
            yield from leaves(value, (*path, key))
    elif isinstance(state, list):
        for i, value in enumerate(state):
            yield from leaves(value, (*path, i))


def spoiled(state, path, value):
    state = copy.deepcopy(state)
    if not path:
        return value
    inner = state
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return state


@pytest.mark.parametrize("name", [*OPTIMIZERS, *SCHEDULES, *AVERAGES])
def test_states_that_do_not_fit(name):
    """Every number, array, list and dict of a state in turn becomes something impossible."""
    thing = build(name)
    before = everything(thing)
    good = thing.state_dict()
    for path in leaves(good):
        for value in HOSTILE:
            state = spoiled(good, path, value)
            try:
                thing.load_state_dict(state)
            except StateDictError:
                assert everything(thing) == before, (path, value)
            else:
                # Some words and numbers have a meaning of their own there.
                assert path[-1:] != ("step",)
                assert frozen(thing.state_dict()) == frozen(spoiled(good, path, value)) or (
                    path[0] in ("param_groups", "base_lrs", "best", "lrs")
                ), (path, value)
                thing.load_state_dict(copy.deepcopy(good))
                assert frozen(thing.state_dict()) == frozen(good)
                before = everything(thing)
    for wrong in (5, None, [good], "x"):
        with pytest.raises(StateDictError):
            thing.load_state_dict(wrong)
    assert everything(thing) == before


@pytest.mark.parametrize("name", [n for n in OPTIMIZERS if n != "Lookahead"])
def test_moments_that_no_run_can_have(name):
    optimizer = build(name)
    before = everything(optimizer)
    good = optimizer.state_dict()
    nonnegative = 0
    for key, values in good["state"].items():
        for array in (k for k, v in values.items() if isinstance(v, np.ndarray)):
            for value in [np.nan, np.inf, -np.inf, -1.0]:
                state = copy.deepcopy(good)
                state["state"][key][array].reshape(-1)[0] = value
                if value == -1 and array not in optimizer.nonnegative_state:
                    continue
                nonnegative += value == -1
                with pytest.raises(StateDictError, match=f"{key}: {array} holds"):
                    optimizer.load_state_dict(state)
                assert everything(optimizer) == before
    assert nonnegative or name in ("SGD", "Lion", "LBFGS")


def test_a_copy_of_an_optimizer_that_has_diverged():
    """What a file must not hold, a copy in memory may."""
    optimizer = build("Adam")
    optimizer.param_groups[0]["params"][0].grad[...] = np.nan
    optimizer.step()
    assert frozen(copy.deepcopy(optimizer).state_dict()) == frozen(optimizer.state_dict())


# Schedules ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in SCHEDULES if n != "ReduceLROnPlateau"])
def test_a_cycle_that_is_over_stays_at_its_end(name):
    """As often as `step` is tried."""
    scheduler = SCHEDULES[name](sgd())
    failed = 0
    for _ in range(20):
        before = everything(scheduler)
        try:
            scheduler.step()
        except ValueError:
            failed += 1
            assert everything(scheduler) == before
    assert failed == {
        "OneCycleLR": 11,
        "WarmupLR": 8,
        "SequentialLR": 9,
        "ChainedScheduler": 11,
    }.get(name, 0)


@pytest.mark.parametrize("name", ["OneCycleLR", "WarmupLR", "SequentialLR", "ChainedScheduler"])
def test_a_state_from_past_the_end(name):
    scheduler = SCHEDULES[name](sgd())
    before = everything(scheduler)
    state = {**scheduler.state_dict(), "last_step": 80}
    with pytest.raises(StateDictError, match=f"{name}: .*step .* is past the last, 9"):
        scheduler.load_state_dict(state)
    assert everything(scheduler) == before


@pytest.mark.parametrize("cls", [optim.LambdaLR, optim.MultiplicativeLR])
@pytest.mark.parametrize(
    "result", [None, math.nan, math.inf, -1.0, "x", [1.0], np.ones(2), 10**400, ZeroDivisionError]
)
def test_a_users_function_that_fails(cls, result):
    """At the third step of the second group."""

    def function(t):
        if t < 3:
            return 0.5
        if result is ZeroDivisionError:
            raise ZeroDivisionError
        return result

    scheduler = cls(sgd(), [lambda t: 0.5, function])
    scheduler.step()
    scheduler.step()
    before = everything(scheduler)
    for _ in range(2):
        with pytest.raises((ValueError, TypeError, ZeroDivisionError)):
            scheduler.step()
        assert everything(scheduler) == before
    with pytest.raises(StateDictError):
        scheduler.load_state_dict({**scheduler.state_dict(), "last_step": 3})
    assert everything(scheduler) == before


def test_no_file_makes_a_product_endless():
    scheduler = build("MultiplicativeLR")
    with pytest.raises(StateDictError, match="past 10000000 use LambdaLR"):
        scheduler.load_state_dict({**scheduler.state_dict(), "last_step": 2**52})


@pytest.mark.parametrize("metric", [None, "3", np.ones(2), [1.0], object(), {}])
def test_a_metric_that_is_no_number(metric):
    scheduler = build("ReduceLROnPlateau")
    before = everything(scheduler)
    with pytest.raises(TypeError, match="step_metric takes one number"):
        scheduler.step_metric(metric)
    assert everything(scheduler) == before
    scheduler.step_metric(Tensor(0.5))


# Groups that were added late ------------------------------------------------------------------


def with_late_group(name, steps_before, steps_after):
    """A schedule whose optimizer gets a third group in the middle."""
    optimizer = sgd()
    scheduler = SCHEDULES[name](optimizer)
    for _ in range(steps_before):
        advance(scheduler)
    late = Parameter(np.ones(2), name="late")
    optimizer.add_param_group({"params": [("late", late)], "lr": 0.75})
    for _ in range(steps_after):
        advance(scheduler)
    return optimizer, scheduler


@pytest.mark.parametrize("optimizer_first", [True, False])
@pytest.mark.parametrize("steps_after", [0, 1, 3])
@pytest.mark.parametrize("steps_before", [0, 2])
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_group_added_late_is_resumed(name, steps_before, steps_after, optimizer_first):
    """Saved after it was added, made anew in the same way, loaded: goes on alike."""
    optimizer, scheduler = with_late_group(name, steps_before, steps_after)
    saved = copy.deepcopy([optimizer.state_dict(), scheduler.state_dict()])
    other, resumed = with_late_group(name, 0, 0)
    pairs = list(zip([other, resumed], saved, strict=True))
    for thing, state in pairs if optimizer_first else pairs[::-1]:
        thing.load_state_dict(state)
    assert frozen(resumed.state_dict()) == frozen(scheduler.state_dict())
    for _ in range(3):
        advance(scheduler)
        advance(resumed)
        assert resumed.get_last_lr() == scheduler.get_last_lr()
        assert [g["lr"] for g in other.param_groups] == [g["lr"] for g in optimizer.param_groups]


def test_a_group_added_to_the_optimizer_within_lookahead():
    inner = sgd()
    optimizer = optim.Lookahead(inner, k=1, alpha=0.5)
    late = Parameter(np.zeros(2))
    inner.add_param_group({"params": [late], "lr": 1.0})
    late.grad = np.ones(2, np.float32)
    optimizer.step()
    assert late.data.tolist() == [-0.5, -0.5]
    fresh = optim.Lookahead(sgd(), k=1, alpha=0.5)
    fresh.optimizer.add_param_group({"params": [Parameter(np.zeros(2))], "lr": 1.0})
    fresh.load_state_dict(optimizer.state_dict())
    assert frozen(fresh.state_dict()) == frozen(optimizer.state_dict())
