"""What holds for every figure: layout, bytes, accessibility, and labels that stay data."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import Parameter, Tensor, trace

GALLERY = Path(__file__).with_name("gallery.py")
FIGURES = runpy.run_path(str(GALLERY))["FIGURES"]
PARAMETER = Parameter([1.0])


def traced(compute):
    """Return what runs in a computation."""
    with trace() as calls:
        compute()
    return calls


EVIL = '<script>alert("x")</script> & ]]> \x00 \ud800'


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_is_clipped_or_covered(name, well_laid_out):
    well_laid_out(FIGURES[name]())


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_says_what_it_is(name, picture):
    figure = FIGURES[name]()
    shown = picture(figure)
    assert shown.root.get("role") == "img"
    title, description = shown.all("title")[0], shown.all("desc")[0]
    assert title.text == figure.title
    assert description.text == figure.description
    assert len(figure.description) > 10
    assert shown.root.get("aria-labelledby").split() == [title.get("id"), description.get("id")]


@pytest.mark.parametrize("name", FIGURES)
def test_every_class_has_a_rule_and_every_number_is_finite(name, picture):
    figure = FIGURES[name]()
    shown = picture(figure)
    style = shown.all("style")[0].text
    used = {c for e in shown.root.iter() for c in (e.get("class") or "").split()}
    assert {c for c in used if f".{c}{{" not in style and c != "nnv"} == set()
    for element in shown.root.iter():
        for key in ("x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height", "d"):
            assert not re.search(r"nan|inf", element.get(key, ""), re.IGNORECASE), element.attrib


@pytest.mark.parametrize("name", FIGURES)
def test_dark_pages_have_colours_of_their_own(name):
    svg = FIGURES[name]().to_string()
    light = set(re.findall(r"(--nnv-[\w-]+):", svg.partition("@media")[0]))
    dark = set(re.findall(r"(--nnv-[\w-]+):", svg.partition("@media")[2].partition("}}")[0]))
    assert light == dark != set()


def test_the_same_bytes_on_every_run():
    code = (
        f"import hashlib, runpy; f = runpy.run_path({str(GALLERY)!r})['FIGURES'];"
        "print({k: hashlib.sha256(v().to_string().encode()).hexdigest() for k, v in f.items()})"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(outputs) == 1


def test_ids_of_two_figures_differ():
    a, b = (FIGURES[name]().to_string() for name in ("line_plot", "training_curves"))
    ids = [set(re.findall(r' id="([^"]+)"', svg)) for svg in (a, b)]
    assert ids[0] and ids[1] and not ids[0] & ids[1]


@pytest.mark.parametrize(
    "figure",
    [
        lambda: viz.line_plot({EVIL: [1, 2]}, title=EVIL, x_label=EVIL, y_label=EVIL),
        lambda: viz.training_curves({EVIL: [1, 2]}, title=EVIL, description=EVIL),
        lambda: viz.bar_chart({EVIL: 1}, value_label=EVIL),
        lambda: viz.truth_table([[0]], [[0]], [[0]], input_names=[EVIL], output_names=[EVIL]),
        lambda: viz.confusion_matrix([[1]], class_names=[EVIL]),
        lambda: viz.image_grid([[[1.0]]], [EVIL]),
        lambda: viz.decision_boundary(
            lambda x: x[:, 0], [[0, 1]], [0], names=(EVIL, EVIL), class_names=[EVIL], resolution=2
        ),
        lambda: viz.heat_map([[1]], row_labels=[EVIL], column_labels=[EVIL], row_title=EVIL),
        lambda: viz.schedule_plot({EVIL: [1, 2]}),
        lambda: viz.gradient_flow({EVIL: [1, 2]}, step_labels=[EVIL, "b"]),
        lambda: viz.gradient_norms({EVIL: [1, 2]}),
        lambda: viz.run_comparison({EVIL: [1, 2]}, value_label=EVIL),
        lambda: viz.activation_histograms({EVIL: [1, 2]}, value_label=EVIL),
        lambda: viz.filter_grid([[[1.0]]], labels=[EVIL]),
        lambda: viz.feature_maps([[[1.0]]], labels=[EVIL]),
        lambda: viz.saliency_map([[1.0]], [[1.0]], caption=EVIL),
        lambda: viz.train_test_gap([1, 2], [1, 2], x_label=EVIL, y_label=EVIL),
        lambda: viz.parameter_counts({EVIL: 1}),
        lambda: viz.computation_graph(
            traced(lambda: Tensor(1.0, requires_grad=True) * PARAMETER), names={EVIL: PARAMETER}
        ),
        lambda: viz.backward_graph(
            traced(lambda: (Tensor(1.0, requires_grad=True) * PARAMETER).sum().backward()),
            names={EVIL: PARAMETER},
        ),
        lambda: viz.dataflow(
            SimpleNamespace(
                lines=[SimpleNamespace(text=EVIL, section=EVIL, reads=[EVIL], writes=[EVIL])]
            )
        ),
        lambda: viz.flame_graph({EVIL: 1.0}, unit=EVIL, name=EVIL),
        lambda: viz.attention_maps([[1.0]], query_labels=[EVIL], head_names=[EVIL]),
        lambda: viz.alignment_map([[1.0]], [EVIL], [EVIL]),
        lambda: viz.ctc_lattice(np.ones((2, 3)), [EVIL], blank=EVIL, value_label=EVIL),
        lambda: viz.attention_diagram([[1.0]], [[1.0]], [[1.0]], query_labels=[EVIL]),
        lambda: viz.raster_plot([[1.0]], neuron_labels=[EVIL], x_label=EVIL),
        lambda: viz.lstm_diagram(title=EVIL, description=EVIL),
        lambda: viz.convolution_diagram([[1.0]], [[1.0]], title=EVIL),
        lambda: viz.multi_head_diagram([[1.0]], [[1.0]], [[1.0]], heads=1, query_labels=[EVIL]),
        lambda: viz.gradient_step(np.square, 1.0, lr=0.1, weight_label=EVIL, loss_label=EVIL),
        lambda: viz.text_animation([EVIL]),
        lambda: viz.transformer_diagram(title=EVIL),
        lambda: viz.similarity_matrix([[1.0]], [EVIL]),
        lambda: viz.sequence_heat_map({EVIL: [[1.0]]}, step_labels=[EVIL], step_title=EVIL),
        lambda: viz.scatter_map([[0, 1]], [EVIL], groups=[EVIL]),
        lambda: viz.optimizer_paths("saddle", {EVIL: [[1, 1], [0, 0]]}),
        lambda: viz.network_diagram(
            [[[1.0]]], activations=[EVIL], input_names=[EVIL], output_names=[EVIL]
        ),
    ],
)
def test_labels_are_data_never_markup(figure):
    svg = figure().to_string()
    root = ElementTree.fromstring(svg)  # well formed in spite of NUL and a lone surrogate
    assert not [e for e in root.iter() if e.tag.endswith("script")]
    assert "alert" in svg and "<script" not in svg


@pytest.mark.parametrize("name", FIGURES)
def test_no_element_has_a_property_from_two_classes(name, picture):
    """Which of them holds depends on the order of rules, and a page has those of all figures."""
    shown = picture(FIGURES[name]())
    rules = re.findall(r"\.(nnv-[\w-]+)\{([^}]*)\}", shown.all("style")[0].text)
    properties = {c: {d.split(":")[0] for d in rule.split(";") if d} for c, rule in rules}
    for element in shown.root.iter():
        given = [properties.get(c, set()) for c in (element.get("class") or "").split()]
        assert sum(map(len, given)) == len(set().union(*given)), element.attrib


def test_every_figure_stands_in_the_gallery():
    functions = {n for n in viz.__all__ if n != "Figure"}
    assert {f for f in functions if not any(name.startswith(f) for name in FIGURES)} == set()
