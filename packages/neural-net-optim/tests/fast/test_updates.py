"""Every fast update against the rule that it computes."""

import importlib
import pkgutil
from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neural_net_optim as optim
from neural_net_core import Parameter, forms, textbook
from neural_net_optim import SGD, Adam, ElementwiseOptimizer, fast, fast_update_of
from neural_net_optim.base.limits import at_least
from neural_net_optim.fast import flat


@pytest.fixture(autouse=True)
def fast_by_default():
    """Begin each test as a process without NEURAL_NET_TEXTBOOK begins."""
    token = forms._wanted.set(False)
    yield
    forms._wanted.reset(token)


rates = st.sampled_from([0.001, 0.1])
kept = st.sampled_from([0.5, 0.9, 0.99])
maybe = st.sampled_from([0.0, 0.1])
yes_or_no = st.booleans()
ADAM = {"betas": st.tuples(kept, kept), "eps": st.sampled_from([1e-8, 1e-3])}
COMMON = {"lr": rates, "weight_decay": maybe, "maximize": yes_or_no}
DECOUPLED = {"decoupled_weight_decay": yes_or_no}

# The options of every optimizer that has a fast update.
OPTIONS = {
    "SGD": COMMON | {"momentum": maybe | kept, "dampening": maybe, "nesterov": yes_or_no},
    "Adam": COMMON | ADAM | DECOUPLED | {"amsgrad": yes_or_no},
    "AdamW": COMMON | ADAM | {"amsgrad": yes_or_no},
    "Adamax": COMMON | ADAM,
    "NAdam": COMMON | ADAM | DECOUPLED | {"momentum_decay": st.sampled_from([0.0, 0.004])},
    "RAdam": COMMON | ADAM | DECOUPLED,
    "Adagrad": COMMON | {"lr_decay": maybe, "initial_accumulator_value": maybe},
    "Adadelta": COMMON | {"rho": kept, "eps": st.sampled_from([1e-6, 1e-3])},
    # Centered, v − ḡ² may have lost its digits: there ε says how large the quotient can become.
    "RMSprop": COMMON | {"alpha": kept, "momentum": maybe | kept, "centered": yes_or_no}
    | {"eps": st.just(0.1)},
    "Lion": COMMON | {"betas": st.tuples(kept, kept)},
}  # fmt: skip
SIZES = st.lists(st.sampled_from([(), (0,), (1,), (3,), (2, 5), (30,), (100,)]), max_size=6)


def drawn_options(data, name):
    options = {key: data.draw(strategy) for key, strategy in OPTIONS[name].items()}
    if name == "SGD" and (options["momentum"] == 0 or options["dampening"] != 0):
        options["nesterov"] = False
    return options


def registered():
    """Return every class for which an update is registered, of this package alone."""
    classes = [ElementwiseOptimizer]
    for cls in classes:
        classes += [sub for sub in cls.__subclasses__() if sub not in classes]
    return {
        cls.__name__: cls
        for cls in classes
        if "fast_update" in vars(cls) and cls.__module__.startswith("neural_net_optim.")
        if cls is not ElementwiseOptimizer
    }


# Files of `fast` that hold no update.
PARTS = {"averages", "decay", "every_form", "flat", "flat_layout", "threads"}


def test_every_update_has_a_rule_and_is_compared():
    """The registry is walked both ways."""
    assert set(registered()) == set(OPTIONS)
    updates = {cls.fast_update.update for cls in registered().values()}
    written = set()
    for info in pkgutil.iter_modules(fast.__path__):
        if info.name not in PARTS:
            module = importlib.import_module(f"neural_net_optim.fast.{info.name}")
            written |= {getattr(module, name) for name in module.__all__}
    assert written == updates
    for name, cls in registered().items():
        assert "rule" in vars(cls), f"{name}: an update without a rule of its own"
        assert cls.fast_update.rule is cls.rule


def test_every_elementwise_optimizer_has_a_fast_update_but_those_for_small_problems():
    found = {
        name
        for name, cls in vars(optim).items()
        if isinstance(cls, type) and issubclass(cls, ElementwiseOptimizer)
    }
    # For the loss of all the data of small problems: no row of the benchmarks has it.
    without = {"Rprop"}
    assert found - {"ElementwiseOptimizer"} - without == set(OPTIONS)


def after(optimizer, before, dtype):
    """Return what the rule makes of every parameter that has a gradient: values and state."""
    group = optimizer.param_groups[0]
    results = []
    for p, (arrays, scalars) in zip(group["params"], before, strict=True):
        if p.grad is not None:
            scalars = dict(scalars)
            optimizer.advance(scalars, group)
            state = {name: array.astype(dtype) for name, array in arrays.items()}
            g = p.grad.astype(dtype) * (-1 if group["maximize"] else 1)
            values = state.pop("p")
            values, state = optimizer.rule(values, g, {**state, **scalars}, group, scalars["step"])
            results.append({"p": values, **state})
        else:
            results.append(arrays)
    return results


def snapshot(optimizer):
    """Return a copy of every parameter's values and state arrays, and its numbers."""
    (slots,), (group,) = optimizer._slots, optimizer.param_groups
    return [
        (
            {
                "p": slot.param.data.copy(),
                **{name: a.copy() for name, a in optimizer._state_arrays(slot, group).items()},
            },
            dict(slot.scalars),
        )
        for slot in slots
    ]


def largest(name, *results):
    """Return the largest magnitude that an array has in all parameters, before and after."""
    arrays = [arrays[name] for result in results for arrays in result]
    return max(float(np.max(np.abs(array), initial=0)) for array in arrays)


def distance(x, y):
    """Return the largest difference."""
    return float(np.max(np.abs(np.asarray(x, np.float64) - y), initial=0))


@pytest.mark.parametrize("name", OPTIONS)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_update_and_rule_agree(name, data):
    """In every step, from the same state: judged by the rule in float64, as `formcheck` does."""
    options = drawn_options(data, name)
    shapes, seed = [(50,), *data.draw(SIZES)], data.draw(st.integers(0, 2**32 - 1))
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    rng = np.random.default_rng(seed)
    params = [Parameter(rng.standard_normal(shape), dtype) for shape in shapes]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flat, "BLOCK_BYTES", 64 * 4)  # so that 100 numbers are cut
        optimizer = getattr(optim, name)(params, **options)
    eps = float(np.finfo(dtype).eps)
    for _ in range(data.draw(st.integers(1, 5))):
        for p in params:
            g = np.asarray(rng.standard_normal(p.shape)).astype(dtype)
            p.grad = None if rng.random() < 0.2 else g
        before = snapshot(optimizer)
        exact, plain = (after(optimizer, before, kind) for kind in (np.float64, dtype))
        optimizer.step()
        for (found, _), text, reference in zip(snapshot(optimizer), plain, exact, strict=True):
            assert found.keys() == reference.keys()
            for key, y in reference.items():
                # Averages of opposite signs cancel: what was added up says how exact the sum is.
                size = largest(key, exact, [arrays for arrays, _ in before])
                if dtype is np.float32:
                    allowed = max(8 * eps * size, 2 * distance(text[key], y))
                else:
                    allowed = 64 * eps * max(1, size)
                assert distance(found[key], y) <= allowed, (key, options)


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_textbook_fast_and_changing_between_them(name, dtype, run):
    """Also with pauses, so that neighbours have different counts and then equal ones again."""

    def trained(is_plain):
        params, grads = run(steps=30, dtype=dtype)
        optimizer = getattr(optim, name)([{"params": params[:2]}, {"params": params[2:]}])
        for t, step in enumerate(grads):
            for i, (p, g) in enumerate(zip(params, step, strict=True)):
                p.grad = None if (t * i) % 5 == 1 else g
            with textbook() if is_plain(t) else nullcontext():
                optimizer.step()
        state = optimizer.state_dict()["state"]
        counts = [state[key]["step"] for key in state]
        numbers = [state[key].get("mu_product") for key in state]
        return [p.data for p in params], counts, numbers, [list(state[key]) for key in state]

    fast_way = trained(lambda t: False)
    for way in (trained(lambda t: True), trained(lambda t: t % 3 == 2)):
        # Thirty steps add up their rounding.
        for x, y in zip(way[0], fast_way[0], strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-4 if dtype == "float32" else 1e-12)
        assert way[1:] == fast_way[1:]


# Which form runs ----------------------------------------------------------------------------------


def forms_run(optimizer, monkeypatch):
    """Return which forms a step of an optimizer runs."""
    seen = []
    layout = optimizer._layout
    if layout._update is not None:
        monkeypatch.setattr(layout, "_update", lambda *_: seen.append("update"))
    rule = type(optimizer).rule
    monkeypatch.setattr(
        type(optimizer), "rule", lambda *arguments: seen.append("rule") or rule(*arguments)
    )
    optimizer.step()
    return seen


def some_parameters():
    params = [Parameter(np.ones(3)), Parameter(np.ones((2, 2)))]
    for p in params:
        p.grad = np.ones_like(p.data)
    return params


class Mine(Adam):
    """Adam with another default."""

    def __init__(self, params, lr=0.5):
        super().__init__(params, lr)


class Doubled(Adam):
    """Adam with another rule."""

    def rule(self, p, g, state, group, t):
        return super().rule(p, 2 * g, state, group, t)


class Mixin:
    """A rule that comes from aside."""

    def rule(self, p, g, state, group, t):
        return p - 1, dict(state)


class Mixed(Mixin, Adam):
    """Its rule is not the one that Adam's update computes."""


@pytest.mark.parametrize(
    ("cls", "expected"),
    [(Adam, ["update"]), (Mine, ["update"]), (Doubled, ["rule"]), (Mixed, ["rule"])],
)
def test_a_subclass_with_its_own_rule_runs_it(cls, expected, monkeypatch):
    """Over blocks, of which the two parameters share one; one by one in the textbook form."""
    optimizer = cls(some_parameters())
    assert forms_run(optimizer, monkeypatch) == expected
    with textbook():
        assert forms_run(cls(some_parameters()), monkeypatch)[-2:] == ["rule", "rule"]


def test_an_own_rule_over_blocks_of_any_size(run, monkeypatch):
    """The same bits as parameter by parameter, with counts and numbers of each one's own."""

    class OwnNAdam(optim.NAdam):
        def rule(self, p, g, state, group, t):
            return super().rule(p, g, state, group, t)

    def trained():
        params, grads = run(steps=8, dtype="float32", shapes=[(3, 40), (40,), (), (100,)])
        optimizer = OwnNAdam(params)
        for t, step in enumerate(grads):
            for i, (p, g) in enumerate(zip(params, step, strict=True)):
                p.grad = None if (t * i) % 5 == 1 else g
            optimizer.step()
        return [p.data.tobytes() for p in params]

    with textbook():
        expected = trained()
    assert trained() == expected
    monkeypatch.setattr(flat, "BLOCK_BYTES", 16 * 4)
    assert trained() == expected


class SignSGD(ElementwiseOptimizer):
    """A rule of a user's."""

    limits = {"lr": at_least(0)}  # noqa: RUF012

    def __init__(self, params, lr=0.25):
        super().__init__(params, {"lr": lr})

    def coefficients(self, group, t):
        return (2.0**t,)

    def rule(self, p, g, state, group, t):
        (factor,) = self.coefficients(group, t)
        return p - group["lr"] * factor * np.sign(g), {}


def test_a_users_own_update():
    """It gets what `coefficients` returns, and as much scratch memory as it asked for."""

    class Own(SignSGD):
        pass

    @fast_update_of(Own, scratch=3)
    def update(p, g, state, scratch, group, coefficients):
        assert [a.shape for a in scratch] == [p.shape] * 3 == [(7,)] * 3
        assert coefficients == (2.0,)
        p[...] = 7.0

    params = some_parameters()
    Own(params).step()
    assert params[0].data.tolist() == [7, 7, 7]
    params = some_parameters()
    with textbook():
        Own(params).step()
    assert params[0].data.tolist() == [0.5, 0.5, 0.5]
    assert SignSGD.fast_update is None


def test_what_cannot_be_registered():
    with pytest.raises(TypeError, match="expected a subclass of ElementwiseOptimizer, got <class"):
        fast_update_of(optim.LAMB)
    with pytest.raises(ValueError, match="fast_update_of: scratch must be"):
        fast_update_of(SignSGD, scratch=-1)
    with pytest.raises(ValueError, match=r"fast_update_of\(SGD\): it has a fast form already"):
        fast_update_of(SGD)
