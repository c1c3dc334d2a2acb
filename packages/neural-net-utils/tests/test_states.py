"""A saved state may be a stranger's: a bad one is refused as documented, and changes nothing."""

import copy
import inspect
import math

import numpy as np
import pytest

import neural_net_utils
from neural_net_core import CheckpointError, StateDictError, cross_entropy, default_rng
from neural_net_core.files.checkpoint import load_checkpoint, save_checkpoint
from neural_net_utils import (
    Callback,
    DataLoader,
    EarlyStopping,
    GradientFlow,
    History,
    ModelCheckpoint,
    Standardizer,
    WeightAveraging,
    accuracy,
    evaluate,
    f1_score,
    fit,
    metrics,
)
from neural_net_utils.metrics import Gathered, Mean, Ratio
from neural_net_utils.training.evaluate import Totals
from neural_net_utils.training.history import Table

STRANGE = [
    None,
    True,
    -5,
    1.9,
    2**53 + 2,
    2**64,
    10**400,
    math.nan,
    -math.inf,
    "",
    "../../x",
    "1",
    (),
    [],
    [1.9],
    [[1], [2, 3]],
    ["/etc/passwd"],
    {},
    {"a": 1},
    {3: [1.0]},
    np.array(3),
    np.array([-1.0, 2.0]),
    np.array(["a"]),
    np.zeros((2, 0)),
]


class NotAFloatError(Exception):
    """Some average's own error."""


class Mean0:
    """An average of nothing much, with a strict state."""

    def __init__(self):
        self.value = 1.0

    def state_dict(self):
        return {"value": self.value}

    def load_state_dict(self, state):
        if not isinstance(state, dict) or type(state.get("value")) is not float:
            raise NotAFloatError
        self.value = state["value"]


def loader(steps=0, **options):
    made = DataLoader((np.arange(10), np.arange(10)), 3, rng=np.random.default_rng(0), **options)
    for _ in zip(range(steps), made, strict=False):
        pass
    return made


def filled_table(table):
    for i in (1, 2):
        table.append(i, {"loss": 0.5, "accuracy": i})
    return table


def history():
    made = filled_table(History())
    filled_table(made.steps)
    return made


def totals():
    made = Totals({"accuracy": accuracy, "f1": f1_score})
    made.update(0.5, 2, np.eye(2), np.array([0, 1]))
    return made


def fed(metric):
    metric.update(np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    return metric


def stopping():
    made = EarlyStopping()
    made.best, made.best_epoch, made.wait, made.stopped_epoch = 0.5, 2, 1, 3
    made._best_weights = {"w": np.ones(2)}
    return made


def saving():
    made = ModelCheckpoint("folder")
    made.best, made.best_epoch, made.saved = 0.5, 2, ["step-00000002.safetensors"]
    return made


def flow():
    made = GradientFlow()
    filled_table(made.norms)
    return made


MAKERS = {
    DataLoader: lambda: loader(2, shuffle=True),
    History: history,
    Table: lambda: filled_table(Table("epoch")),
    Totals: totals,
    Ratio: lambda: fed(Ratio(lambda o, t: (1.0, 2.0))),
    Mean: lambda: fed(Mean(lambda o, t: 0.5)),
    Gathered: lambda: fed(Gathered(lambda o, t: 0.5)),
    ModelCheckpoint: saving,
    EarlyStopping: stopping,
    GradientFlow: flow,
    WeightAveraging: lambda: WeightAveraging(Mean0()),
    Standardizer: lambda: Standardizer().fit(np.array([[1.0], [3.0]])),
}


def public_classes_with_state():
    places = [vars(module).values() for module in (neural_net_utils, metrics)]
    for value in {v for values in places for v in values if inspect.isclass(v)}:
        own = getattr(value, "state_dict", None)
        plain = own in (Callback.state_dict, metrics.StreamingMetric.state_dict)
        if own is not None and not plain:
            yield value


def test_every_class_with_a_state_is_here():
    """A new one needs a line in the table above."""
    assert set(public_classes_with_state()) <= set(MAKERS)


def places(state, path=()):
    """Paths to every entry of nested dicts."""
    for key in state:
        yield (*path, key)
        if isinstance(state[key], dict):
            yield from places(state[key], (*path, key))


def changed(state, path, value):
    state = copy.deepcopy(state)
    inner = state
    for key in path[:-1]:
        inner = inner[key]
    if value is places:  # stands for: left out
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return state


def strange_states(state):
    yield from STRANGE
    for path in places(state):
        for value in [*STRANGE, places]:
            yield changed(state, path, value)


def same(a, b):
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    return type(a) is type(b) and (a == b or a != a)


@pytest.mark.parametrize("kind", MAKERS, ids=lambda kind: kind.__name__)
def test_a_strange_state_changes_nothing_or_is_taken_whole(kind):
    """Each entry in turn is strange or missing: StateDictError, or a state that can be saved."""
    state = MAKERS[kind]().state_dict()
    refused = 0
    for strange in strange_states(state):
        target = MAKERS[kind]()
        target.load_state_dict(copy.deepcopy(state))
        try:
            target.load_state_dict(copy.deepcopy(strange))
        except (StateDictError, NotAFloatError):
            assert same(target.state_dict(), state), strange
            refused += 1
        else:
            again = MAKERS[kind]()
            again.load_state_dict(target.state_dict())
            assert same(again.state_dict(), target.state_dict()), strange
    assert refused > 10


class Notes(Callback):
    """A careless callback: it changes something before it finds the state bad."""

    def __init__(self):
        self.note = 0

    def on_step_end(self, training):
        self.note += 1

    def state_dict(self):
        return {"note": self.note}

    def load_state_dict(self, state):
        self.note = state["note"]
        if self.note == "bad":
            raise KeyError("note")


@pytest.fixture
def parts(tiny, tmp_path):
    """A run with everything in it, stopped in mid-epoch; and the way to make such a one."""
    path = tmp_path / "run.safetensors"

    class Save(Callback):
        order = 200

        def on_step_end(self, training):
            if training.step == 12:
                training.save(path)

    class Keep(Callback):
        def on_train_start(self, training):
            made["training"] = training

    made = {}

    def run(**options):
        x, y = tiny.small_digits(60)
        model = tiny.NoisyNet()
        optimizer = tiny.TinyMomentum(model.parameters())
        average = WeightAveraging(Mean0())
        average.on_step_end = average.on_train_end = lambda training: None
        own = options.pop("callbacks", [])
        callbacks = [Keep(), stopping_fresh(), GradientFlow(), average, Notes(), *own]
        data = DataLoader((x, y), 8, shuffle=True)
        validation = DataLoader((x, y), 20, shuffle=True)
        scheduler = tiny.TinySchedule(optimizer)
        made["all"] = [model, optimizer, scheduler, data, validation, *callbacks]
        return fit(
            model,
            cross_entropy,
            optimizer,
            data,
            epochs=3,
            validation=validation,
            metrics={"accuracy": accuracy, "f1": f1_score},
            scheduler=scheduler,
            callbacks=callbacks,
            progress="off",
            **options,
        )

    run(callbacks=[Save(), ModelCheckpoint(tmp_path / "kept")])
    return path, run, made


def stopping_fresh():
    return EarlyStopping("val_loss", patience=50)


def spoiled(path, where, value):
    """The file with one entry of the run's state changed."""
    found = load_checkpoint(path)
    save_checkpoint(
        path.with_name("spoiled.safetensors"),
        model=found.model,
        optimizer=found.optimizer,
        scheduler=found.scheduler,
        rng=with_states(found.rng),
        extra={"training": changed(found.extra["training"], where, value)},
    )
    return path.with_name("spoiled.safetensors")


def with_states(states):
    """Generators with these states."""
    made = {}
    for name, state in states.items():
        made[name] = np.random.default_rng(0)
        made[name].bit_generator.state = state
    return made


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("epoch",), 2**64),
        (("epoch",), 14),
        (("step",), -5),
        (("step",), 1.9),
        (("step",), 2**53),
        (("step",), 13),
        (("batches",), 9),
        (("batches",), -1),
        (("loss",), math.nan),
        (("epoch_complete",), 0),
        (("loader",), {"seed": 2**64, "epoch": 0, "position": 0}),
        (("loader", "position"), 9),
        (("loader", "epoch"), 2**64),
        (("validation", "position"), 4),
        (("validation",), 3),
        (("totals", "count"), math.nan),
        (("totals", "metrics", "accuracy", "numerator"), "1"),
        (("history", "index"), np.array([2, 1])),
        (("history", "steps", "columns"), {"step": np.zeros(12)}),
        (("callbacks",), [1]),
        (("callbacks", "EarlyStopping", "best_weights"), {"first.weight": np.zeros(1)}),
        (("callbacks", "EarlyStopping", "wait"), 2**64),
        (("callbacks", "GradientFlow", "index"), np.array([0, 1])),
        (("callbacks", "Notes", "note"), "bad"),
        (("callbacks", "WeightAveraging", "average"), {"value": 3}),
    ],
    ids=lambda value: ".".join(value) if isinstance(value, tuple) else None,
)
def test_a_refused_run_leaves_everything_as_it_was(parts, where, value):
    """Model, optimizer, schedule, loaders, callbacks, the library's generator: as before."""
    path, run, made = parts
    assert load_checkpoint(path).extra["training"]["batches"] == 4  # in mid-epoch
    file = spoiled(path, where, value)
    # What a run is before it starts, from one that is refused for its file's absence.
    states = []
    for resume_from, seed in ((path.with_name("absent"), None), (file, 3)):
        default_rng().bit_generator.state = np.random.default_rng(5).bit_generator.state
        with pytest.raises((CheckpointError, FileNotFoundError)) as caught:
            run(resume_from=resume_from, seed=seed)
        drawn = default_rng().bit_generator.state
        states.append([drawn, *(part.state_dict() for part in made["all"])])
    assert isinstance(caught.value, CheckpointError)
    assert "extra 'training' refuses its state" in str(caught.value)
    assert "MemoryError" not in str(caught.value)  # no list of 2**53 numbers was begun
    assert all(map(same, *states))


def test_a_good_file_is_taken(parts):
    """The same file unspoiled, and through the same hands, goes on to the end."""
    path, run, _ = parts
    spoiled(path, ("epoch",), 2)
    history = run(resume_from=path.with_name("spoiled.safetensors"))
    assert history.index == [1, 2, 3]


def test_what_a_loader_without_length_is_read_on_to_is_bounded(tiny, tmp_path):
    """A file that claims 10^15 batches of an epoch would otherwise be skipped to for ever."""
    path = tmp_path / "run.safetensors"
    x, y = tiny.small_digits(10)

    class Save(Callback):
        def on_step_end(self, training):
            training.save(path)

    def endless():
        while True:
            yield x, y

    def run(**options):
        model = tiny.NoisyNet()
        optimizer = tiny.TinyMomentum(model.parameters())
        fit(model, cross_entropy, optimizer, endless(), max_steps=3, progress="off", **options)

    run(callbacks=[Save()])
    with pytest.raises(CheckpointError, match=r"after batch 1000000000000000 .* after 3 at most"):
        run(resume_from=spoiled(path, ("batches",), 10**15))


def test_evaluation_draws_nothing_where_nothing_is_random(tiny):
    """A loader that neither shuffles nor transforms leaves the library's generator alone."""
    model = tiny.NoisyNet()
    before = default_rng().bit_generator.state
    plain = DataLoader(tiny.small_digits(10), 4, lengths=np.arange(10))
    evaluate(model, cross_entropy, plain)
    assert default_rng().bit_generator.state == before
    assert plain.state_dict()["seed"] is None
    for options in ({"shuffle": True}, {"transform": lambda batch, rng: batch}):
        before = default_rng().bit_generator.state
        evaluate(model, cross_entropy, DataLoader(tiny.small_digits(10), 4, **options))
        assert default_rng().bit_generator.state != before
