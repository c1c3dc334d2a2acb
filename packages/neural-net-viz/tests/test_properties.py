"""What must hold for every figure whatever it is given: gaps, blanks, numbers of any size, much."""

import inspect
import re
import runpy
from collections.abc import Iterable, Mapping
from itertools import count
from pathlib import Path
from typing import get_args, get_origin

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import FeedForward, NeuralNetError, Tensor
from neural_net_viz.drawing.axes import TALLEST, WIDEST

GALLERY = runpy.run_path(str(Path(__file__).with_name("gallery.py")))
FUNCTIONS = sorted(set(viz.__all__) - {"Figure"})
MOST_BYTES = 4_000_000
NAN, INF = float("nan"), float("inf")


class Calls:
    """Stands for the package in the gallery and writes down what is called with what."""

    def __init__(self):
        self.made = {}

    def __getattr__(self, function):
        def call(*args, **kwargs):
            bound = inspect.signature(getattr(viz, function)).bind(*args, **kwargs)
            self.made.setdefault(f"{function}-{len(self.made)}", (function, bound.arguments))

        return call


def recorded():
    """Return the gallery's ordinary calls: name -> (function, arguments)."""
    calls = Calls()
    for draw in GALLERY["ORDINARY"].values():
        space = draw.__globals__
        before, space["viz"] = space["viz"], calls
        try:
            draw()
        finally:
            space["viz"] = before
    return calls.made


ORDINARY = recorded()


def parameters(*annotations):
    """Return (function, parameter) of all public figures whose annotation is one of these."""
    found = []
    for function in FUNCTIONS:
        for name, parameter in inspect.signature(getattr(viz, function)).parameters.items():
            kinds = {parameter.annotation, *get_args(parameter.annotation)}
            if Tensor in kinds:  # data; the ArrayLike of NumPy 2.0 names int and float one by one
                continue
            if any(k in annotations or get_origin(k) in annotations for k in kinds):
                found.append((function, name))
    return found


def words_of(picture, figure):
    """Return all that is written, shown under the pointer and said of a figure."""
    shown = picture(figure)
    return "\n".join([*shown.words(), *filter(None, shown.tips()), figure.description])


# --- gaps and infinities -------------------------------------------------------------------------


def spoiled(value, rng, share, bad):
    """Return data in which a share of the numbers are bad ones."""
    if isinstance(value, Tensor | FeedForward) or callable(value) or isinstance(value, str):
        return value
    if isinstance(value, dict):
        return {k: spoiled(v, rng, share, bad) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(spoiled(v, rng, share, bad) for v in value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "fi":
        wrong = rng.choice(np.array(bad, dtype=float), value.shape)
        return np.where(rng.uniform(size=value.shape) < share, wrong, value.astype(float))
    if isinstance(value, int | float) and not isinstance(value, bool) and rng.uniform() < share:
        return float(rng.choice(bad))
    return value


def assert_no_broken_attribute(picture, figure):
    for element in picture(figure).root.iter():
        for key, value in element.attrib.items():
            broken = re.search(r"(?<![a-z])(nan|inf)(?![a-z])", value, re.IGNORECASE)
            assert not broken, (element.tag, key, value)
        if element.tag.endswith("style"):
            assert not re.search(r"(?<![a-z])(nan|inf)(?=[a-z%;,) ]|$)(?!inite)", element.text)


@pytest.mark.parametrize("call", ORDINARY)
@pytest.mark.parametrize("seed", range(8))
def test_gaps_and_infinities_never_come_into_an_attribute(picture, call, seed):
    function, arguments = ORDINARY[call]
    rng = np.random.default_rng(seed)
    share = (0.05, 0.3, 1.0, 0.1)[seed % 4]
    bad = ([NAN], [NAN, INF, -INF], [INF], [1e300, -1e300, 1e-300, 0.0])[seed // 2]
    changed = {
        name: value if name in ("losses",) and seed == 7 else spoiled(value, rng, share, bad)
        for name, value in arguments.items()
    }
    try:
        figure = getattr(viz, function)(**changed)
    except ValueError as error:
        if function in str(error) or isinstance(error, NeuralNetError):
            return
        raise
    assert_no_broken_attribute(picture, figure)


@pytest.mark.parametrize(("function", "name"), parameters(int, float, tuple))
def test_a_number_that_is_none_is_refused_by_name(function, name):
    """Counts, thresholds, seconds and ranges: NaN, infinity, words, gaps."""
    call = next(arguments for f, arguments in ORDINARY.values() if f == function)
    annotation = inspect.signature(getattr(viz, function)).parameters[name].annotation
    optional = type(None) in get_args(annotation)
    pair = "tuple" in str(annotation)
    for bad in (NAN, INF, -INF, "abc", [1], np.float64(NAN), np.array([1.0, 2, 3]), 1j, None):
        values = [(bad, 1.0), (0.0, bad), bad] if pair else [bad]
        for value in values:
            if value is None and optional:
                continue
            with pytest.raises(ValueError, match=rf"{function}\W.*{name}"):
                getattr(viz, function)(**{**call, name: value})


@pytest.mark.parametrize("call", ORDINARY)
def test_one_gap_does_not_spoil_what_is_said_of_the_rest(picture, call):
    function, arguments = ORDINARY[call]

    def with_one(value):
        if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size > 2:
            value = value.copy()
            value.flat[1] = NAN
        elif isinstance(value, list) and len(value) > 2 and isinstance(value[1], int | float):
            value = [value[0], NAN, *value[2:]]
        elif isinstance(value, dict):
            value = {k: with_one(v) for k, v in value.items()}
        elif isinstance(value, tuple):
            value = tuple(map(with_one, value))
        return value

    changed = {name: with_one(value) for name, value in arguments.items()}
    if function == "network_diagram":
        changed = {"network": [np.array([[1.0, NAN], [-2.0, 0.5]])]}
    try:
        figure = getattr(viz, function)(**changed)
    except ValueError:
        return
    assert not re.search(r"(from|between|median|and|largest|up to) NaN", figure.description)


# --- names, labels, words ------------------------------------------------------------------------

# The keys are the letters of a formula; another one is refused.
CELLS = ("rnn_diagram", "gru_diagram", "lstm_diagram")
KEYED = [
    (call, name)
    for call, (function, arguments) in ORDINARY.items()
    for name, value in arguments.items()
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value)
    if function not in ("computation_graph", "backward_graph", *CELLS)
]


def test_every_function_of_a_dict_is_among_those_tried():
    tried = {(ORDINARY[call][0], name) for call, name in KEYED}
    wanted = set(parameters(Mapping)) - {  # keys that are steps, or name nothing in the figure
        ("training_animation", "snapshots"),
        ("alignment_animation", "snapshots"),
        ("computation_graph", "names"),
        ("bar_chart", "errors"),
        *((cell, "values") for cell in CELLS),
    }
    assert wanted <= tried


@pytest.mark.parametrize(("call", "name"), KEYED)
def test_keys_that_read_alike_are_two(picture, call, name):
    function, arguments = ORDINARY[call]
    first, *_ = arguments[name].values()
    changed = {**arguments, name: {1: first, "1": first}}
    words = words_of(picture, getattr(viz, function)(**changed)).split("\n")
    for label in ("1", "'1'"):
        assert any(re.search(rf"(?<![\w']){re.escape(label)}(?![\w'])", word) for word in words)


def test_errors_belong_to_the_bar_of_their_key(picture):
    shown = picture(viz.bar_chart({1: 5, "1": 7}, errors={"1": 1.0}))
    (whisker,) = [e for e in shown.with_class("edge") if e.tag.endswith("line")]
    (y,) = {float(whisker.get("y1"))}
    bars = [e for e in shown.with_class("fill-series-0") if e.tag.endswith("rect")]
    tops = [float(e.get("y")) for e in bars]
    assert tops[1] < y < tops[1] + 18 and tops[0] + 18 < y
    assert not picture(viz.bar_chart({1: 5}, errors={1: NAN})).with_class("edge")


def test_labels_of_one_time_may_be_alike():
    figure = viz.gradient_flow({"a": [1.0, 2.0]}, step_labels=["x", "x"])
    assert "1" in figure.description and "2" in figure.description


T3 = ["\n", " ", ""]
TOKENS = {
    ("alignment_animation", "source"): lambda t: viz.alignment_animation(
        {0: np.eye(3)}, t, "abc", [1]
    ),
    ("alignment_animation", "target"): lambda t: viz.alignment_animation(
        {0: np.eye(3)}, "abc", t, [1]
    ),
    ("alignment_map", "source"): lambda t: viz.alignment_map(np.eye(3), t, "abc"),
    ("alignment_map", "target"): lambda t: viz.alignment_map(np.eye(3), "abc", t),
    ("attention_maps", "query_labels"): lambda t: viz.attention_maps(np.eye(3), query_labels=t),
    ("attention_maps", "key_labels"): lambda t: viz.attention_maps(np.eye(3), key_labels=t),
    ("attention_maps", "head_names"): lambda t: viz.attention_maps(
        np.tile(np.eye(2), (3, 1, 1)), head_names=t
    ),
    ("attention_diagram", "query_labels"): lambda t: viz.attention_diagram(
        np.eye(3), np.eye(3), np.eye(3), query_labels=t
    ),
    ("attention_diagram", "key_labels"): lambda t: viz.attention_diagram(
        np.eye(3), np.eye(3), np.eye(3), key_labels=t
    ),
    ("multi_head_diagram", "query_labels"): lambda t: viz.multi_head_diagram(
        *np.ones((3, 3, 2)), query_labels=t
    ),
    ("multi_head_diagram", "key_labels"): lambda t: viz.multi_head_diagram(
        *np.ones((3, 3, 2)), key_labels=t
    ),
    ("text_animation", "tokens"): viz.text_animation,
    ("raster_plot", "neuron_labels"): lambda t: viz.raster_plot(np.eye(3), neuron_labels=t),
    ("confusion_matrix", "class_names"): lambda t: viz.confusion_matrix(np.eye(3), class_names=t),
    ("ctc_lattice", "labels"): lambda t: viz.ctc_lattice(np.ones((5, 7)), t),
    ("decision_boundary", "class_names"): lambda t: viz.decision_boundary(
        lambda x: x[:, 0], [[0, 0], [0, 1], [1, 1]], [0, 1, 2], class_names=t, resolution=4
    ),
    ("feature_maps", "labels"): lambda t: viz.feature_maps(np.ones((3, 2, 2)), labels=t),
    ("filter_grid", "labels"): lambda t: viz.filter_grid(np.ones((3, 2, 2)), labels=t),
    ("gradient_flow", "step_labels"): lambda t: viz.gradient_flow({"a": [1, 2, 3]}, step_labels=t),
    ("heat_map", "row_labels"): lambda t: viz.heat_map(np.eye(3), row_labels=t),
    ("heat_map", "column_labels"): lambda t: viz.heat_map(np.eye(3), column_labels=t),
    ("image_grid", "captions"): lambda t: viz.image_grid(np.ones((3, 2, 2)), t),
    ("network_diagram", "input_names"): lambda t: viz.network_diagram(
        [np.ones((1, 3))], input_names=t
    ),
    ("network_diagram", "output_names"): lambda t: viz.network_diagram(
        [np.ones((3, 1))], output_names=t
    ),
    ("scatter_map", "labels"): lambda t: viz.scatter_map([[0, 0], [1, 1], [2, 0]], t),
    ("scatter_map", "groups"): lambda t: viz.scatter_map([[0, 0], [1, 1], [2, 0]], groups=t),
    ("sequence_heat_map", "step_labels"): lambda t: viz.sequence_heat_map(
        np.ones((3, 2)), step_labels=t
    ),
    ("sequence_heat_map", "unit_labels"): lambda t: viz.sequence_heat_map(
        np.ones((2, 3)), unit_labels=t
    ),
    ("similarity_matrix", "labels"): lambda t: viz.similarity_matrix(np.eye(3), t),
    ("truth_table", "input_names"): lambda t: viz.truth_table(np.ones((1, 3)), [1], input_names=t),
    ("truth_table", "output_names"): lambda t: viz.truth_table(
        [1], np.ones((1, 3)), output_names=t
    ),
    ("unrolled_diagram", "inputs"): lambda t: viz.unrolled_diagram(t),
    ("unrolled_diagram", "outputs"): lambda t: viz.unrolled_diagram("abc", t),
}


def test_every_list_of_labels_is_among_those_tried():
    assert set(parameters(Iterable)) - {("image_grid", "correct")} == set(TOKENS)


@pytest.mark.parametrize("place", TOKENS, ids="-".join)
def test_tokens_that_are_blank_can_be_seen(picture, place):
    words = "\n".join(picture(TOKENS[place](T3)).words())
    for sign in "⏎␣∅":
        assert sign in words, words
    assert "␣the" in "\n".join(picture(TOKENS[place]([" the", "the", "x"])).words())


@pytest.mark.parametrize("place", TOKENS, ids="-".join)
def test_none_leaves_a_label_out_and_labels_without_end_are_an_error(picture, place):
    words = picture(TOKENS[place]([None, "left", None])).words()
    assert not any("None" in word for word in words)
    assert any("left" in word for word in words)
    with pytest.raises(ValueError, match=place[0]):
        TOKENS[place](count())


EVIL = '"><script>alert(1)</script><g onload="x">&amp;]]> \x00\ud800'
TAGS = {"svg", "title", "desc", "style", "defs", "clipPath", "g", "rect", "line", "path", "circle",
        "text", "image"}  # fmt: skip


def assert_only_known_elements(picture, figure):
    for element in picture(figure).root.iter():
        assert element.tag.partition("}")[2] in TAGS, element.tag
        assert not [name for name in element.attrib if name.startswith("on")]


TEXTS = [
    (function, name)
    for function in FUNCTIONS
    for name, parameter in inspect.signature(getattr(viz, function)).parameters.items()
    if parameter.annotation in (str, str | None)
]


@pytest.mark.parametrize(("function", "name"), TEXTS)
def test_markup_in_a_text_stays_text(picture, function, name):
    call = next(arguments for f, arguments in ORDINARY.values() if f == function)
    assert_only_known_elements(picture, getattr(viz, function)(**{**call, name: EVIL}))


@pytest.mark.parametrize("place", TOKENS, ids="-".join)
def test_markup_in_a_label_stays_text(picture, place):
    assert_only_known_elements(picture, TOKENS[place]([EVIL, EVIL, "c"]))


@pytest.mark.parametrize(("call", "name"), KEYED)
def test_markup_in_a_key_stays_text(picture, call, name):
    function, arguments = ORDINARY[call]
    first, *_ = arguments[name].values()
    figure = getattr(viz, function)(**{**arguments, name: {EVIL: first, "b": first}})
    assert_only_known_elements(picture, figure)


# --- axes ----------------------------------------------------------------------------------------

LOW = [-1.0, 0.0, -3.0]
LOG = {
    ("bar_chart", "log"): lambda: viz.bar_chart({"a": -1, "b": 0}, log=True),
    ("heat_map", "log"): lambda: viz.heat_map([LOW], log=True),
    ("line_plot", "log_x"): lambda: viz.line_plot({"a": (LOW, [1, 2, 3])}, log_x=True),
    ("line_plot", "log_y"): lambda: viz.line_plot({"a": LOW}, log_y=True),
    ("parameter_counts", "log"): lambda: viz.parameter_counts({"a": 0}, log=True),
    ("run_comparison", "log"): lambda: viz.run_comparison({"a": LOW}, log=True),
    ("schedule_plot", "log_y"): lambda: viz.schedule_plot({"a": LOW}, log_y=True),
    ("train_test_gap", "log_y"): lambda: viz.train_test_gap(LOW, LOW, log_y=True),
    ("training_curves", "log_x"): lambda: viz.training_curves({"a": [1, 2, 3]}, x=LOW, log_x=True),
    ("training_curves", "log_y"): lambda: viz.training_curves({"a": LOW}, log_y=True),
}
ALWAYS_LOG = {
    "gradient_flow": lambda: viz.gradient_flow({"a": 0.0}),
    "gradient_norms": lambda: viz.gradient_norms(LOW),
    "memory_plot": lambda: viz.memory_plot({"a": (LOW, LOW)}),
    "alignment_animation": lambda: viz.alignment_animation({0: [[1.0]]}, "a", "b", LOW),
}


def test_every_logarithmic_axis_is_among_those_tried():
    assert {p for p in parameters(bool) if p[1].startswith("log")} == set(LOG)


@pytest.mark.parametrize("draw", [*LOG.values(), *ALWAYS_LOG.values()])
def test_a_logarithmic_axis_says_that_there_is_nothing_above_0(picture, draw):
    assert "nothing above 0" in "\n".join(picture(draw()).words())


MILLISECONDS = 1_700_000_000_000.0
FAR = {
    "line_plot, x": lambda v: viz.line_plot({"a": (v, np.arange(len(v)))}),
    "line_plot, y": lambda v: viz.line_plot({"a": v}),
    "line_plot, log": lambda v: viz.line_plot({"a": v}, log_y=True),
    "training_curves, x": lambda v: viz.training_curves({"a": np.arange(len(v))}, x=v),
    "train_test_gap, x": lambda v: viz.train_test_gap(np.arange(len(v)), np.arange(len(v)), x=v),
    "train_test_gap, y": lambda v: viz.train_test_gap(v, v),
    "gradient_norms": lambda v: viz.gradient_norms(v),
    "schedule_plot": lambda v: viz.schedule_plot({"a": v}),
    "run_comparison": lambda v: viz.run_comparison({"a": v}),
    "scatter_map": lambda v: viz.scatter_map(np.stack([v, v], axis=1)),
}


@pytest.mark.parametrize("base", [MILLISECONDS, 1.0, -123456.789, 3e-7, 1e200])
@pytest.mark.parametrize("relative", [1e-6, 1e-9, 1e-11, 3e-13])
@pytest.mark.parametrize("name", FAR)
def test_a_narrow_range_of_large_values_fills_its_axis(picture, coordinates, name, base, relative):
    if base < 0 and name in ("line_plot, log", "gradient_norms"):
        return
    v = base + abs(base) * relative * np.arange(9)
    shown = picture(FAR[name](v))
    places = [coordinates(e.get("d", "")) for e in shown.with_class("line")]
    places += [[(float(e.get("cx")), float(e.get("cy"))) for e in shown.all("circle")]]
    places = np.array(max(places, key=len))[-9:]  # a circle before them stands in a legend
    assert len(places) == 9
    reach = np.ptp(places, axis=0)
    assert reach[1 if ", y" in name or name not in ("run_comparison",) else 0] > 150
    ticks = [w.content for w in shown.texts()]
    counted = [w for w in ticks if "counted from" in w]
    assert bool(counted) == (relative < 1e-5 / 9)
    labels = [e.text for e in shown.with_class("muted") if e.get("text-anchor") == "end"]
    assert len(set(labels)) == len(labels)


def test_below_the_digits_of_float64_an_axis_shows_one_value(picture, coordinates):
    v = MILLISECONDS * (1 + 1e-14 * np.arange(5))
    shown = picture(viz.line_plot({"a": v}))
    heights = [y for _, y in coordinates(shown.with_class("line")[0].get("d"))]
    assert np.ptp(heights) == 0
    assert not any("counted" in word for word in shown.words())


# --- answers that are none -----------------------------------------------------------------------


def gap_model(x):
    """Class by the first input; no answer in the upper half."""
    return np.where(x[:, 1] > 0.5, NAN, x[:, 0] - 0.2)


def gap_classes(x):
    scores = np.stack([x[:, 0], x[:, 1], 0.5 - x[:, 0]], axis=1)
    scores[x[:, 1] > 0.5, 1] = NAN
    return scores


@pytest.mark.parametrize("model", [gap_model, gap_classes])
def test_where_a_model_answers_nan_the_plane_stays_empty(picture, coordinates, model):
    figure = viz.decision_boundary(
        model, x_range=(0, 1), y_range=(0, 1), threshold=0.0, resolution=40
    )
    assert "50 % of the plane, where the model answers NaN" in figure.description
    shown = picture(figure)
    assert any("50 % of the plane" in word for word in shown.words())
    axis = coordinates(shown.with_class("axis")[-1].get("d"))
    (left, top), (_, bottom), (right, _) = axis
    middle = (top + bottom) / 2
    edges = [np.array(coordinates(e.get("d"))) for e in shown.with_class("stroke-text")
             if e.tag.endswith("path")]  # fmt: skip
    assert edges and all((edge[:, 1] > middle - 8).all() for edge in edges)
    if model is gap_model:
        patches = [e for e in shown.with_class("surface") if e.get("d")]
        (corners,) = [np.array(coordinates(e.get("d"))) for e in patches]
        np.testing.assert_allclose(corners[:, 1].max(), middle, atol=6)
        found = corners[:, 1].min(), corners[:, 0].min(), corners[:, 0].max()
        np.testing.assert_allclose(found, (top, left, right), atol=0.1)
    else:
        for e in shown.with_class("soft"):
            assert (np.array(coordinates(e.get("d")))[:, 1] > middle - 8).all()


def test_infinite_answers_are_answers(picture):
    figure = viz.decision_boundary(
        lambda x: np.where(x[:, 0] > 0, INF, -INF), x_range=(-1, 1), y_range=(0, 1), resolution=20
    )
    assert "50% of it lies above" in figure.description and "NaN" not in figure.description
    assert "boundary" in picture(figure).words()


def test_a_network_that_became_nan_is_shown_as_such_in_its_frame(picture):
    model = FeedForward((2, 3, 1), rng=np.random.default_rng(0))
    good = model.state_dict()
    bad = {name: value.copy() for name, value in good.items()}
    next(iter(bad.values()))[0, 0] = NAN
    corners = [[0, 0], [0, 1], [1, 0], [1, 1]]
    figure = viz.training_animation(model, {0: good, 5: bad}, corners, [0, 1, 1, 0], np.ones(6))
    assert "At step 5: Left empty: 100 % of the plane" in figure.description
    assert "At step 0" not in figure.description.partition("At step 5")[0].split("training.")[1]
    frames = [g for g in picture(figure).all("g") if "-frame-" in g.get("id")]
    said = [[e.text for e in frame.iter() if e.tag.endswith("text")] for frame in frames]
    assert said == [[], ["NaN everywhere"]]
    widths = re.findall(r"stroke-width:([\d.]+)", figure.to_string())
    assert max(map(float, widths)) == 7  # the widest line is that of the largest finite weight


# --- much of everything --------------------------------------------------------------------------


def test_every_figure_is_tried_with_much():
    assert {f for f in FUNCTIONS if f not in GALLERY["LARGE"]} == set()


@pytest.mark.parametrize("name", GALLERY["LARGE"])
def test_no_figure_is_larger_than_a_page_or_than_a_file_may_be(name, well_laid_out):
    figure = GALLERY["LARGE"][name]()
    assert figure.width <= WIDEST
    assert figure.height <= TALLEST
    assert len(figure.to_string()) <= MOST_BYTES
    assert len(figure.description) <= 20_000
    if len(figure.to_string()) < 100_000:  # comparing all pairs of texts takes long
        well_laid_out(figure)


HOLES = np.where(np.arange(24).reshape(2, 3, 4) % 5 == 2, NAN, 1.0)
WITH_HOLES = {
    "heat_map": lambda: viz.heat_map(HOLES[0]),
    "heat_map, large": lambda: viz.heat_map(np.where(np.eye(30) > 0, NAN, 1.0)),
    "filter_grid": lambda: viz.filter_grid(HOLES),
    "sequence_heat_map": lambda: viz.sequence_heat_map({"a": HOLES[0], "b": HOLES[1]}),
    "image_grid": lambda: viz.image_grid(HOLES),
    "feature_maps": lambda: viz.feature_maps(HOLES),
    "attention_maps": lambda: viz.attention_maps(
        HOLES, query_labels="abc", key_labels="abcd"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WITH_HOLES)
def test_descriptions_say_what_is_missing(name):
    """What has no shade is not seen by those who hear the description alone."""
    said = re.findall(r"(\d+) missing \(NaN\)", WITH_HOLES[name]().description)
    expected = {"heat_map": 2, "heat_map, large": 30}.get(name, 5)
    assert sum(map(int, said)) == expected


def test_what_is_left_out_for_its_height_is_said(picture):
    for figure, words in [
        (viz.bar_chart({f"bar {i}": i for i in range(300)}), "more, not drawn."),
        (viz.activation_histograms({f"layer {i}": [1, 2] for i in range(99)}), "more, not drawn."),
        (viz.run_comparison({f"run {i}": [1, 2] for i in range(99)}), "more, not drawn."),
        (viz.image_grid(np.ones((99, 9, 9)), columns=1), "more)"),
        (viz.sequence_heat_map({f"gate {i}": np.ones((9, 9)) for i in range(99)}), "more)"),
    ]:
        assert any(word.endswith(words) for word in picture(figure).words())


@pytest.mark.parametrize(
    ("small", "large"),
    [
        (viz.heat_map(np.ones((2, 3))), viz.heat_map(np.ones((120, 1)))),
        (viz.heat_map(np.ones((2, 3))), viz.heat_map(np.ones((5, 100)))),
        (viz.confusion_matrix(np.eye(3)), viz.confusion_matrix(np.full((28, 28), 1.23e9))),
    ],
)
def test_what_is_too_wide_with_words_has_none(picture, small, large):
    assert len(picture(small).with_class("crisp")) < 10
    assert "1" in picture(small).words()
    assert "1" not in picture(large).words() or len(picture(large).words()) < 80
    assert "1.23×10⁹" not in picture(large).words()


def test_points_that_are_left_out_lie_on_others(picture):
    """Markers of a curve of 100,000 points still reach both its ends and its extremes."""
    v = np.sin(np.linspace(0, 20, 100_000))
    shown = picture(viz.line_plot({"a": v}, markers=True))
    marks = [(float(e.get("cx")), float(e.get("cy"))) for e in shown.all("circle")]
    places = np.array(marks[1:])  # the first one stands in the legend
    assert 500 < len(places) <= 2000
    said = f"Points left out, near those that are drawn: {100_000 - len(places):,}."
    assert said in shown.words() and said in shown.figure.description
    line = shown.with_class("line")[0].get("d")
    corners = np.array(re.findall(r"(-?[\d.]+) (-?[\d.]+)", line), float)
    assert abs(places[:, 0].min() - corners[:, 0].min()) < 5
    assert abs(places[:, 0].max() - corners[:, 0].max()) < 5
