"""One call of every figure with ordinary data, and several with data that make trouble."""

import math
import re
from types import SimpleNamespace

import numpy as np

import neural_net_viz as viz
from neural_net_core import (
    Dense,
    FeedForward,
    Parameter,
    ReLU,
    Sequential,
    Tanh,
    Tensor,
    cross_entropy,
    sigmoid,
    tanh,
    textbook,
    trace,
)
from neural_net_core.ops import concatenate, log, where

LONG = "a label so long that it can hardly fit anywhere on a page of ordinary width " * 3
NAN, INF = math.nan, math.inf


def rng():
    return np.random.default_rng(0)


def network(*sizes):
    return FeedForward(sizes, Tanh, rng=rng())


def softmax(z):
    return np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)


def graph_of_a_loss():
    model = network(3, 4, 1)
    x = Tensor(rng().normal(size=(5, 3)), requires_grad=True)
    with trace() as calls:
        y = model(x)
        ((y - 1.0) ** 2).mean() + 0.01 * (y * y).sum()
    return viz.computation_graph(calls, names={"x": x})


def graph_of_a_lookup():
    """Ids, a table, a mask and targets, of which only the table gets a gradient."""
    table = Parameter(rng().normal(size=(7, 4)), name="table")
    ids, hidden = np.array([[0, 3, 3], [6, 2, 0]]), np.array([[[1], [1], [0]]], bool)
    with trace() as calls:
        vectors = where(hidden, table[ids], 0.0)
        cross_entropy(vectors.mean(axis=1), np.array([1, 2]))
    return viz.computation_graph(calls, names={"hidden": hidden})


def neuron():
    """One neuron forward and backward, with its numbers."""
    w, b = Tensor([0.5, 0.3], requires_grad=True), Tensor(-0.8, requires_grad=True)
    x = Tensor([1.0, 1.0])
    with trace() as calls:
        z = (w * x).sum() + b
        y = sigmoid(z)
        loss = -log(y)
        loss.backward()
    names = {"w": w, "x": x, "b": b, "z": z, "y": y, "loss": loss}
    return viz.computation_graph(calls, names=names, values=True)


def backward_step(step=None):
    a, b, c = (Tensor(x, requires_grad=True) for x in (2.0, -3.0, 10.0))
    with textbook(), trace() as calls:
        d = a * b + c
        loss = (tanh(d * a / 10) - 1.0) ** 2
        loss.backward()
    return viz.backward_graph(calls, step, names={"a": a, "b": b, "c": c, "d": d, "loss": loss})


def program(texts):
    """A program of pairs: a section, and a line that is written as an assignment."""
    lines = []
    for section, text in texts:
        made, _, right = text.partition(" = ")
        lines.append(
            SimpleNamespace(
                text=text,
                section=section,
                reads=tuple(dict.fromkeys(re.findall(r"[a-z_]\w*(?!\w*[.(])", right))),
                writes=(made,),
            )
        )
    return SimpleNamespace(lines=lines)


DESCENT = (
    ("forward", "z = x @ w"),
    ("forward", "y = np.tanh(z)"),
    ("forward", "d = y - t"),
    ("backward", "d_z = d * slope"),
    ("backward", "d_w = x @ d_z"),
    ("update", "step = lr * d_w"),
    ("update", "w = w - step"),
)


def training(titles="XOR", losses=(0.7, 0.5, NAN, INF, 0.1)):
    models = [FeedForward((2, 3, 1), rng=np.random.default_rng(k)) for k in (0, 4)]
    snapshots = {4 * k: model.state_dict() for k, model in enumerate(models)}
    corners = [[0, 0], [0, 1], [1, 0], [1, 1]]
    return viz.training_animation(models[0], snapshots, corners, [0, 1, 1, 0], losses, title=titles)


def chain(length):
    x = Tensor([1.0], requires_grad=True)
    y = x
    with trace() as calls:
        for _ in range(length):
            y = y * x
    return calls


def alignment(size=5, titles="Attention", losses=(1.6, 1.2, NAN, INF, 0.1), labels=None):
    snapshots = {2 * k: softmax(2 * k * np.eye(size)) for k in range(3)}
    labels = labels or list("x=y+z")
    return viz.alignment_animation(snapshots, labels, labels, losses, title=titles)


def spikes(steps=200, neurons=24):
    rates = np.linspace(0.02, 0.4, neurons) * (1 + 0.8 * np.sin(np.arange(steps) / 15))[:, None]
    return (rng().uniform(size=(steps, neurons)) < rates).astype(float)


ORDINARY = {
    "raster_plot": lambda: viz.raster_plot(spikes()),
    "rnn_diagram": lambda: viz.rnn_diagram({"x": 1.0, "h_before": 0.5, "z": 0.8, "h": 0.664}),
    "gru_diagram": lambda: viz.gru_diagram(
        {"x": 1.0, "h_before": 0.5, "r": 0.3, "z": 0.8, "n": -0.7, "h": 0.26}
    ),
    "lstm_diagram": lambda: viz.lstm_diagram(
        {"f": 0.9, "c_before": -0.4, "i": 0.2, "g": 0.8, "o": 0.6, "c": -0.2, "h": -0.118}
    ),
    "convolution_diagram": lambda: viz.convolution_diagram(
        np.eye(6)[:, ::-1], [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], row=1, column=2
    ),
    "convolution_diagram_animated": lambda: viz.convolution_diagram(
        np.eye(5), [[1, 0], [0, 1]], stride=2, padding=1, animated=True
    ),
    "multi_head_diagram": lambda: viz.multi_head_diagram(
        *2 * rng().normal(size=(3, 4, 4)), query_labels=["the", "cat", "sat", "down"]
    ),
    "gradient_step": lambda: viz.gradient_step(
        lambda w: (w - 1) ** 2, 3.0, lr=0.25, weight_range=(-1.5, 3.5)
    ),
    "gradient_step_six": lambda: viz.gradient_step(
        lambda w: np.cos(w) + 0.1 * w**2, 0.8, lr=0.9, steps=6
    ),
    "text_animation": lambda: viz.text_animation(
        ["To", " be", ",", " or", " not", " to", " be", ",\n", "that", " is", " it", "."],
        [1, 1, 0.5, 0.9, 0.95, 0.8, 0.9, 0.6, 0.7, 0.5, 0.1, 0.3],
        prompt=2,
    ),
    "attention_diagram": lambda: viz.attention_diagram(
        rng().normal(size=(3, 2)),
        rng().normal(size=(3, 2)),
        rng().normal(size=(3, 2)),
        query_labels=["the", "cat", "sat"],
    ),
    "transformer_diagram": lambda: viz.transformer_diagram(),
    "transformer_diagram_first": lambda: viz.transformer_diagram(norm_first=True),
    "training_animation": lambda: training(losses=(0.72, 0.7, 0.66, 0.6, 0.5)),
    "alignment_animation": lambda: alignment(losses=(1.6, 1.2, 0.7, 0.3, 0.1)),
    "computation_graph": graph_of_a_loss,
    "computation_graph_lookup": graph_of_a_lookup,
    "backward_graph": backward_step,
    "backward_graph_begins": lambda: backward_step(0),
    "backward_graph_midway": lambda: backward_step(5),
    "dataflow": lambda: viz.dataflow(program(DESCENT)),
    "dataflow_part": lambda: viz.dataflow(program(DESCENT), max_lines=3),
    "dataflow_section": lambda: viz.dataflow(program(DESCENT), section="backward"),
    "computation_graph_values": lambda: neuron(),
    "computation_graph_part": lambda: viz.computation_graph(chain(500), max_nodes=9),
    "flame_graph": lambda: viz.flame_graph(
        {
            "forward": {"conv": {"im2col": 2.0, "matmul": 4.1}, "relu": 0.3, "": 0.5},
            "backward": {"conv": {"matmul": 8.0, "col2im": 3.0}, "relu": 0.4},
            "optimizer": 1.2,
        }
    ),
    "memory_plot": lambda: viz.memory_plot(
        {"plain": ([1024, 2048, 4096], [19, 72, 280]), "tiles": ([1024, 2048, 4096], [5, 13, 11])}
    ),
    "line_plot": lambda: viz.line_plot({"a": [1, 2, 4], "b": [4, 2, 1]}, x_label="x", y_label="y"),
    "training_curves": lambda: viz.training_curves(
        {"SGD": np.exp(-rng().uniform(0, 5, (5, 30))), "Adam": np.linspace(1, 0.01, 30)},
        log_y=True,
    ),
    "bar_chart": lambda: viz.bar_chart({"MLP": 9610, "CNN": 1210}, value_label="parameters"),
    "bar_chart_groups": lambda: viz.bar_chart(
        {"SGD": {"train": 0.9, "test": 0.8}, "Adam": {"train": 0.95, "test": 0.85}}
    ),
    "truth_table": lambda: viz.truth_table(
        [[0, 0], [0, 1], [1, 0], [1, 1]],
        [[0], [1], [1], [0]],
        [[0.1], [0.9], [0.4], [0.2]],
        input_names="AB",
        output_names=["XOR"],
        margin=0.2,
    ),
    "confusion_matrix": lambda: viz.confusion_matrix(rng().integers(0, 40, (10, 10))),
    "heat_map": lambda: viz.heat_map(
        rng().uniform(0, 1, (3, 4)),
        row_labels=["SGD", "momentum", "Adam"],
        column_labels=["0.001", "0.01", "0.1", "1"],
        row_title="optimizer",
        column_title="learning rate",
        value_label="loss",
        best="low",
    ),
    "heat_map_large": lambda: viz.heat_map(
        rng().normal(size=(40, 60)), colors="signed", row_title="position", best="high"
    ),
    "confusion_matrix_large": lambda: viz.confusion_matrix(np.eye(40) * 9 + 1),
    "gradient_flow": lambda: viz.gradient_flow({f"layer {i}": [10.0**-i, 1.0] for i in range(4)}),
    "gradient_norms": lambda: viz.gradient_norms({"RNN": 10 ** np.arange(5.0)}, threshold=1.0),
    "schedule_plot": lambda: viz.schedule_plot(
        {"cosine": lambda t: 1 + math.cos(t / 30), "step": [1.0, 0.5]}, steps=100
    ),
    "run_comparison": lambda: viz.run_comparison(
        {"SGD": [10, 20, 15], "Adam": [3, 4, NAN]}, value_label="steps", log=True
    ),
    "optimizer_paths": lambda: viz.optimizer_paths(
        "beale",
        {"SGD": np.linspace([1, 1], [3, 0.5], 50), "Adam": np.linspace([1, 1], [-9, 9], 30)},
    ),
    "image_grid": lambda: viz.image_grid(
        rng().uniform(size=(9, 8, 8)), [f"{i}, read as {i + 1}" for i in range(9)]
    ),
    "decision_boundary": lambda: viz.decision_boundary(
        network(2, 4, 1), [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], resolution=24
    ),
    "decision_boundary_classes": lambda: viz.decision_boundary(
        network(2, 5, 3), rng().normal(size=(12, 2)), np.arange(12) % 3, resolution=24
    ),
    "network_diagram": lambda: viz.network_diagram(
        network(2, 4, 1), input_names="AB", output_names=["XOR"], inputs=[0.0, 1.0]
    ),
    "network_diagram_large": lambda: viz.network_diagram(
        Sequential(Dense(64, 128, rng=rng()), ReLU(), Dense(128, 10, rng=rng()))
    ),
    "network_diagram_weights": lambda: viz.network_diagram([[[1.0, -2.0]]], [[0.5]]),
    "activation_histograms": lambda: viz.activation_histograms(
        {
            "layer 1": rng().normal(size=(200, 8)),
            "layer 2": np.maximum(rng().normal(size=(200, 8)), 0),
            "layer 3": np.tanh(5 * rng().normal(size=(200, 8))),
        }
    ),
    "filter_grid": lambda: viz.filter_grid(rng().normal(size=(16, 1, 5, 5))),
    "filter_grid_channels": lambda: viz.filter_grid(rng().normal(size=(40, 20, 3, 3))),
    "feature_maps": lambda: viz.feature_maps(np.maximum(rng().normal(size=(12, 8, 8)), 0)),
    "saliency_map": lambda: viz.saliency_map(
        rng().uniform(size=(8, 8)), rng().normal(size=(8, 8)), caption="the logit of 7"
    ),
    "train_test_gap": lambda: viz.train_test_gap(
        1 - np.exp(-np.arange(30) / 5), 0.8 - 0.8 * np.exp(-np.arange(30) / 5)
    ),
    "parameter_counts": lambda: viz.parameter_counts(network(64, 128, 64, 10)),
    "unrolled_diagram": lambda: viz.unrolled_diagram("HELL", "ELLO", cell="GRU"),
    "unrolled_diagram_deep": lambda: viz.unrolled_diagram(
        range(30), layers=2, bidirectional=True, cell="LSTM"
    ),
    "sequence_heat_map": lambda: viz.sequence_heat_map(
        {
            "forget gate": rng().uniform(size=(12, 8)),
            "cell state": rng().normal(size=(12, 8)),
        },
        step_labels="hello, world",
        step_title="character",
    ),
    "attention_maps": lambda: viz.attention_maps(
        softmax(rng().normal(size=(4, 7, 7))),
        query_labels=["the", "cat", "sat", "on", "the", "long-winded", "mat"],
    ),
    "alignment_map": lambda: viz.alignment_map(
        softmax(4 * np.eye(5)), ["x", "=", "y", "+", "z"], ["a", "=", "b", "+", "c"]
    ),
    "ctc_lattice": lambda: viz.ctc_lattice(
        [
            [0.20, 0.70, 0, 0, 0],
            [0.10, 0.27, 0.35, 0.14, 0],
            [0.03, 0.037, 0.186, 0.456, 0.042],
        ],
        "ab",
        value_label="α, the probability of all beginnings",
        title="The paths of three frames that read as a, b",
    ),
    "similarity_matrix": lambda: viz.similarity_matrix(
        rng().normal(size=(6, 4)), ["def", "function", "class", "struct", "return", "yield"]
    ),
    "scatter_map": lambda: viz.scatter_map(
        rng().normal(size=(24, 5)),
        [f"word {i}" for i in range(24)],
        groups=["noun" if i % 3 else "verb" for i in range(24)],
    ),
}

TROUBLE = {
    "raster_plot_empty": lambda: viz.raster_plot(np.zeros((0, 0))),
    "raster_plot_silent": lambda: viz.raster_plot(np.zeros((9, 3)), neuron_labels=[LONG] * 3),
    "raster_plot_nan": lambda: viz.raster_plot(
        [[NAN, 1.0], [NAN, 0.0]], x_label=LONG, title=LONG, step=1e-3
    ),
    "raster_plot_one": lambda: viz.raster_plot([[1]], x_label=""),
    "lstm_diagram_long": lambda: viz.lstm_diagram(title=LONG),
    "lstm_diagram_units": lambda: viz.lstm_diagram(
        {letter: [-123456.0, 2.0, NAN] for letter in ("x", "h_before", "c_before", *"figoch")}
    ),
    "gru_diagram_trouble": lambda: viz.gru_diagram(
        {"x": [], "h_before": [NAN, INF, -1e300], "r": -1e9, "z": NAN, "n": INF, "h": [1.0, 2.0]},
        title=LONG,
    ),
    "rnn_diagram_trouble": lambda: viz.rnn_diagram({"z": [1e300] * 2, "h": NAN}, title=LONG),
    "convolution_diagram_nan": lambda: viz.convolution_diagram(
        [[NAN, INF, 1e300], [-1e-300, 2.0, -1.5]], [[NAN], [1e9]], padding=1, title=LONG
    ),
    "convolution_diagram_one": lambda: viz.convolution_diagram([[1.0]], [[2.0]], animated=True),
    "convolution_diagram_large": lambda: viz.convolution_diagram(
        rng().normal(size=(12, 12)), rng().normal(size=(7, 7)), row=5, column=5
    ),
    "multi_head_diagram_long": lambda: viz.multi_head_diagram(
        1e9 * rng().normal(size=(8, 8)),
        rng().normal(size=(8, 8)),
        rng().normal(size=(8, 8)),
        heads=4,
        causal=True,
        query_labels=[LONG] * 8,
        title=LONG,
    ),
    "multi_head_diagram_nan": lambda: viz.multi_head_diagram(
        [[NAN, INF]], [[1.0, 2.0], [3.0, -INF]], [[NAN, 1.0], [1.0, 1.0]]
    ),
    "multi_head_diagram_one": lambda: viz.multi_head_diagram([[1.0]], [[1.0]], [[1.0]], heads=1),
    "gradient_step_nan": lambda: viz.gradient_step(lambda w: w * NAN, 1.0, lr=1.0, title=LONG),
    "gradient_step_far": lambda: viz.gradient_step(
        lambda w: 1e200 * w**2, 1.0, lr=1e9, steps=5, weight_label=LONG, loss_label=LONG
    ),
    "gradient_step_flat": lambda: viz.gradient_step(np.zeros_like, 0.0, lr=0.0),
    "text_animation_long": lambda: viz.text_animation(
        [LONG, "\n", "", " "] * 99, [NAN, INF, -1.0, 2.0] * 99, title=LONG
    ),
    "text_animation_empty": lambda: viz.text_animation([], []),
    "text_animation_one": lambda: viz.text_animation(["one"], prompt=0),
    "transformer_diagram_decoder": lambda: viz.transformer_diagram(
        norm_first=True, decoder=True, layers=12, title=LONG
    ),
    "attention_diagram_long": lambda: viz.attention_diagram(
        1e9 * rng().normal(size=(8, 8)),
        rng().normal(size=(8, 8)),
        rng().normal(size=(8, 8)),
        query_labels=[LONG] * 8,
        causal=True,
        title=LONG,
    ),
    "attention_diagram_nan": lambda: viz.attention_diagram(
        [[NAN, INF]], [[1.0, 2.0], [3.0, -INF]], [[NAN], [1.0]]
    ),
    "attention_diagram_one": lambda: viz.attention_diagram([[1.0]], [[1.0]], [[1.0]]),
    "memory_plot_trouble": lambda: viz.memory_plot(
        {LONG: ([1, 2, NAN, 0], [5, NAN, 3, 0]), "none": ([], []), "one": ([3, 7], [INF, -1])}
    ),
    "memory_plot_empty": lambda: viz.memory_plot({}),
    "line_plot_nan": lambda: viz.line_plot({LONG: [NAN, 1, INF, 2, NAN], "b": [NAN] * 5}),
    "line_plot_empty": lambda: viz.line_plot({}),
    "line_plot_huge": lambda: viz.line_plot({"a": [1e300, -1e300], "b": [1e-300, 0]}),
    "line_plot_constant": lambda: viz.line_plot({"a": [3.0] * 4}, log_y=True),
    "training_curves_nan": lambda: viz.training_curves(
        {LONG: [[1, NAN, 2], [3, 4, INF]], "none": [NAN] * 3}, title=LONG, log_y=True
    ),
    "training_curves_empty": lambda: viz.training_curves({"a": []}),
    "training_curves_no_seeds": lambda: viz.training_curves({"a": np.zeros((0, 4))}),
    "training_curves_one_step": lambda: viz.training_curves([1.0]),
    "training_curves_many": lambda: viz.training_curves({f"run {i}": [i, i] for i in range(20)}),
    "bar_chart_nan": lambda: viz.bar_chart({LONG: NAN, "b": -3, "c": INF}, errors={"b": 1}),
    "bar_chart_empty": lambda: viz.bar_chart({}),
    "bar_chart_log": lambda: viz.bar_chart({"a": 1e-8, "b": 0, "c": 1e8}, log=True),
    "truth_table_long": lambda: viz.truth_table(
        [[0], [1]], [[0], [1]], [[NAN], [INF]], input_names=[LONG], output_names=[LONG], title=LONG
    ),
    "truth_table_empty": lambda: viz.truth_table(np.zeros((0, 2)), np.zeros((0, 1))),
    "confusion_matrix_names": lambda: viz.confusion_matrix(
        [[1e9, 0], [NAN, 5]], class_names=[LONG, "b"]
    ),
    "confusion_matrix_empty": lambda: viz.confusion_matrix(np.zeros((0, 0))),
    "confusion_matrix_zeros": lambda: viz.confusion_matrix(np.zeros((3, 3))),
    "image_grid_nan": lambda: viz.image_grid(
        [[[NAN, 1], [INF, -INF]]], [LONG], correct=[False], title=LONG, colors="signed"
    ),
    "image_grid_empty": lambda: viz.image_grid(np.zeros((0, 8, 8)), []),
    "image_grid_constant": lambda: viz.image_grid(np.ones((2, 1, 3, 3)), correct=[True, False]),
    "decision_boundary_nan": lambda: viz.decision_boundary(
        lambda x: np.full(len(x), NAN), [[NAN, 0], [0, INF]], [0, 7], resolution=4
    ),
    "decision_boundary_constant": lambda: viz.decision_boundary(
        lambda x: np.ones((len(x), 1)), resolution=4, names=(LONG, LONG)
    ),
    "heat_map_nan": lambda: viz.heat_map(
        [[NAN, INF, -INF], [0, -1, 1e9]], row_labels=[LONG, "b"], column_labels=[LONG] * 3, log=True
    ),
    "heat_map_huge": lambda: viz.heat_map([[1e308, -1e308]]),
    "heat_map_large_log": lambda: viz.heat_map(
        10 ** rng().normal(size=(500, 700)), log=True, row_labels=[LONG] * 500
    ),
    "heat_map_empty": lambda: viz.heat_map(np.zeros((0, 0))),
    "gradient_flow_zero": lambda: viz.gradient_flow({"a": 0.0, LONG: NAN}),
    "gradient_norms_inf": lambda: viz.gradient_norms([1.0, INF, NAN]),
    "run_comparison_empty": lambda: viz.run_comparison({}),
    "run_comparison_failed": lambda: viz.run_comparison({LONG: [NAN, INF], "b": []}),
    "optimizer_paths_nan": lambda: viz.optimizer_paths(
        lambda x, y: np.full_like(x, NAN),
        {LONG: [[NAN, 1]], "b": [[0, 0]], "c": [[0, 0], [INF, 1]]},
        x_range=(0, 1),
        y_range=(0, 1),
    ),
    "training_animation_long": lambda: training(titles=LONG, losses=[1e-9, 1e200, 0, -1, NAN]),
    "alignment_animation_long": lambda: alignment(30, LONG, labels=[LONG] * 30),
    "alignment_animation_nan": lambda: viz.alignment_animation({0: [[NAN]]}, "a", "b", [NAN]),
    "alignment_animation_empty": lambda: viz.alignment_animation(
        {0: np.zeros((0, 0))}, [], [], [1]
    ),
    "optimizer_paths_far": lambda: viz.optimizer_paths("saddle", {"a": [[0, 1], [1e200, -1e200]]}),
    "network_diagram_names": lambda: viz.network_diagram(
        network(3, 12, 2), input_names=[LONG] * 3, output_names=[LONG] * 2, title=LONG
    ),
    "network_diagram_nan": lambda: viz.network_diagram(
        [[[NAN, INF], [0.0, 1.0]]], [[NAN, 1e-9]], values=[[1, NAN], [1e9, -INF]]
    ),
    "network_diagram_deep": lambda: viz.network_diagram(network(2, 3, 3, 3, 3, 3, 1)),
    "network_diagram_zeros": lambda: viz.network_diagram([np.zeros((2, 2))]),
    "activation_histograms_nan": lambda: viz.activation_histograms(
        {LONG: [NAN, INF], "constant": [2.0, 2.0], "empty": [], "huge": [1e300, -1e300]}
    ),
    "activation_histograms_empty": lambda: viz.activation_histograms({}),
    "filter_grid_nan": lambda: viz.filter_grid(np.full((3, 2, 2), NAN), labels=[LONG, "b", "c"]),
    "filter_grid_empty": lambda: viz.filter_grid(np.zeros((0, 1, 3, 3))),
    "feature_maps_many": lambda: viz.feature_maps(rng().normal(size=(100, 6, 6)), most=30),
    "feature_maps_zero": lambda: viz.feature_maps(np.zeros((1, 2, 3, 3)), labels=[LONG, LONG]),
    "saliency_map_nan": lambda: viz.saliency_map(
        np.full((1, 9, 2), NAN), np.full((1, 9, 2), INF), caption=LONG, title=LONG
    ),
    "train_test_gap_nan": lambda: viz.train_test_gap([NAN, 1, INF], [1, NAN, 2], y_label=LONG),
    "train_test_gap_empty": lambda: viz.train_test_gap([], []),
    "train_test_gap_seeds": lambda: viz.train_test_gap(np.ones((3, 4)), np.zeros((2, 4))),
    "parameter_counts_names": lambda: viz.parameter_counts({LONG: 10**12, "b": 0}),
    "parameter_counts_empty": lambda: viz.parameter_counts({}),
    "sequence_heat_map_long": lambda: viz.sequence_heat_map(
        {LONG: rng().normal(size=(300, 1)), "b": np.full((300, 64), NAN)},
        step_labels=[LONG] * 300,
    ),
    "unrolled_diagram_empty": lambda: viz.unrolled_diagram([]),
    "unrolled_diagram_long": lambda: viz.unrolled_diagram(
        [LONG, LONG], [LONG, ""], cell=LONG, title=LONG
    ),
    "sequence_heat_map_empty": lambda: viz.sequence_heat_map(np.zeros((0, 3))),
    "attention_maps_long": lambda: viz.attention_maps(
        np.full((9, 40, 40), NAN), query_labels=[LONG] * 40, head_names=[LONG] * 9
    ),
    "attention_maps_one": lambda: viz.attention_maps([[1.0]]),
    "attention_maps_empty": lambda: viz.attention_maps(np.zeros((0, 0, 0))),
    "alignment_map_long": lambda: viz.alignment_map(
        np.full((2, 30), 0.5), [LONG] * 30, [LONG] * 2, title=LONG
    ),
    "alignment_map_nan": lambda: viz.alignment_map([[NAN, INF]], "ab", "c"),
    "alignment_map_empty": lambda: viz.alignment_map(np.zeros((0, 0)), [], []),
    "ctc_lattice_long": lambda: viz.ctc_lattice(
        rng().uniform(size=(40, 7)), [LONG, LONG, "b"], blank=LONG, value_label=LONG, title=LONG
    ),
    "ctc_lattice_nan": lambda: viz.ctc_lattice(
        [[NAN, INF, 1], [1, -INF, NAN], [-1, 1e300, NAN]], "a"
    ),
    "ctc_lattice_no_path": lambda: viz.ctc_lattice(np.zeros((2, 5)), "aa"),
    "ctc_lattice_empty": lambda: viz.ctc_lattice(np.zeros((0, 1)), []),
    "similarity_matrix_zero": lambda: viz.similarity_matrix(
        [[0, 0], [1e300, 1e300], [NAN, 1]], [LONG] * 3
    ),
    "similarity_matrix_large": lambda: viz.similarity_matrix(rng().normal(size=(150, 3))),
    "similarity_matrix_empty": lambda: viz.similarity_matrix(np.zeros((0, 3))),
    "scatter_map_crowd": lambda: viz.scatter_map(
        np.zeros((60, 2)), [f"name {i}" for i in range(60)], groups=[LONG] * 60
    ),
    "scatter_map_nan": lambda: viz.scatter_map([[NAN, 1, 2], [1, 2, 3]], [LONG, LONG]),
    "scatter_map_empty": lambda: viz.scatter_map(np.zeros((0, 7))),
    "computation_graph_names": lambda: viz.computation_graph(
        chain(1), names={LONG: Tensor(1.0)}, title=LONG
    ),
    "dataflow_long": lambda: viz.dataflow(
        program([(LONG, f"{LONG} = {LONG}"), ("", LONG)]), title=LONG
    ),
    "flame_graph_long": lambda: viz.flame_graph({LONG: {LONG: 1e-9, "b": 1e9}, "c": 0}, name=LONG),
    "flame_graph_empty": lambda: viz.flame_graph({}),
    "flame_graph_zero": lambda: viz.flame_graph({"a": 0.0, "b": {}}),
}

# Much of everything: what a file and a page must hold without growing with it.
MANY = 100_000
WIDE = 3_000


def deep_network(layers):
    return viz.network_diagram([rng().normal(size=(3, 3)) for _ in range(layers)])


def graph_of_leaves(count):
    leaves = [Tensor([float(i)], requires_grad=True) for i in range(count)]
    total = leaves[0]
    with trace() as calls:
        for leaf in leaves[1:]:
            total = total + leaf
        concatenate(leaves).sum() + total.sum()
    return viz.computation_graph(calls, max_nodes=count)


def long_reverse_pass(length):
    y = Tensor([1.0], requires_grad=True)
    with trace() as calls:
        for _ in range(length):
            y = y * 1.0
        y.backward()
    return viz.backward_graph(calls, length // 2, max_nodes=10**6)


def long_films(count):
    models = [FeedForward((2, 3, 1), rng=np.random.default_rng(k)) for k in range(2)]
    snapshots = {k: models[k % 2].state_dict() for k in range(count)}
    points = rng().normal(size=(MANY, 2))
    labels = np.arange(MANY) % 2
    return viz.training_animation(models[0], snapshots, points, labels, np.ones(MANY))


def nested(depth):
    """Parts within parts, each all but a little of the one around it."""
    return {"part": nested(depth - 1), "rest": 0.001} if depth else 1.0


LARGE = {
    "heat_map_column": lambda: viz.heat_map(rng().normal(size=(600, 1))),
    "bar_chart_500": lambda: viz.bar_chart({f"bar {i}": i for i in range(500)}),
    "bar_chart_series": lambda: viz.bar_chart(
        {f"bar {i}": {f"series {j}": j for j in range(300)} for i in range(3)}
    ),
    "attention_maps_column": lambda: viz.attention_maps(
        rng().uniform(size=(60, 40, 40)), columns=1
    ),
    "image_grid_column": lambda: viz.image_grid(rng().uniform(size=(WIDE, 28, 28)), columns=1),
    "filter_grid_column": lambda: viz.filter_grid(rng().normal(size=(WIDE, 5, 5)), columns=1),
    "feature_maps_column": lambda: viz.feature_maps(rng().normal(size=(60, 9, 9)), columns=1),
    "sequence_heat_map_many": lambda: viz.sequence_heat_map(
        {f"gate {i}": rng().normal(size=(20, 12)) for i in range(100)}
    ),
    "line_plot_thousands": lambda: viz.line_plot({f"run {i}": [i, 1, 2] for i in range(3000)}),
    "training_curves_many": lambda: viz.training_curves(
        {f"run {i}": rng().normal(size=(3, 20)) for i in range(WIDE)}
    ),
    "schedule_plot_many": lambda: viz.schedule_plot(
        {f"schedule {i}": lambda t: t % 7 for i in range(WIDE)}, steps=20
    ),
    "memory_plot_many": lambda: viz.memory_plot(
        {f"run {i}": (np.arange(1.0, 9), np.arange(1.0, 9)) for i in range(300)}
    ),
    "run_comparison_many": lambda: viz.run_comparison({f"run {i}": [i, 2] for i in range(WIDE)}),
    "gradient_flow_times": lambda: viz.gradient_flow(
        {f"layer {i}": np.ones(24) for i in range(300)}
    ),
    "flame_graph_deep": lambda: viz.flame_graph(nested(50)),
    "truth_table_tall": lambda: viz.truth_table(np.zeros((WIDE, 2)), np.zeros((WIDE, 1))),
    "unrolled_diagram_both": lambda: viz.unrolled_diagram(
        range(40), range(40), layers=40, bidirectional=True
    ),
    "raster_plot": lambda: viz.raster_plot(spikes(20_000, 60)),
    "raster_plot_many": lambda: viz.raster_plot(spikes(100, 5000)),
    **{
        f"{cell}_diagram": lambda cell=cell: getattr(viz, f"{cell}_diagram")(
            {"x": np.ones(MANY), "h": np.ones(MANY)}
        )
        for cell in ("rnn", "gru", "lstm")
    },
    "convolution_diagram": lambda: viz.convolution_diagram(
        rng().normal(size=(12, 12)), np.ones((1, 1)), animated=True
    ),
    "multi_head_diagram": lambda: viz.multi_head_diagram(*rng().normal(size=(3, 8, 8)), heads=4),
    "gradient_step": lambda: viz.gradient_step(np.sin, 1.0, lr=1.0, steps=40),
    "text_animation": lambda: viz.text_animation(map(str, range(MANY)), np.ones(MANY)),
    "attention_diagram": lambda: viz.attention_diagram(*rng().normal(size=(3, 8, 8))),
    "transformer_diagram": lambda: viz.transformer_diagram(decoder=True, layers=10**9),
    "training_animation": lambda: long_films(300),
    "alignment_animation": lambda: viz.alignment_animation(
        {k: rng().uniform(size=(90, 70)) for k in range(200)},
        [str(i) for i in range(70)],
        [str(i) for i in range(90)],
        np.ones(MANY),
    ),
    "backward_graph": lambda: long_reverse_pass(3000),
    "computation_graph": lambda: graph_of_leaves(300),
    "dataflow": lambda: viz.dataflow(
        program([("forward", f"y_{i + 1} = y_{i} * w_{i}") for i in range(WIDE)]), max_lines=10**6
    ),
    "computation_graph_deep": lambda: viz.computation_graph(chain(3000), max_nodes=10**6),
    "flame_graph": lambda: viz.flame_graph(
        {f"part {i}": {"a": 1.0, "b": 2.0} for i in range(WIDE)}
    ),
    "memory_plot": lambda: viz.memory_plot({"a": (np.arange(1.0, MANY), np.arange(1.0, MANY))}),
    "line_plot": lambda: viz.line_plot({"a": rng().normal(size=MANY)}, markers=True),
    "line_plot_many": lambda: viz.line_plot(
        {f"run {i}": rng().normal(size=1000) for i in range(300)}, markers=True
    ),
    "training_curves": lambda: viz.training_curves(
        {f"run {i}": rng().normal(size=(3, MANY // 10)) for i in range(8)}
    ),
    "bar_chart": lambda: viz.bar_chart({f"bar {i}": i for i in range(MANY)}),
    "bar_chart_groups": lambda: viz.bar_chart(
        {f"bar {i}": {f"series {j}": j for j in range(9)} for i in range(WIDE)}
    ),
    "truth_table": lambda: viz.truth_table(
        np.zeros((WIDE, 40)), np.zeros((WIDE, 30)), np.ones((WIDE, 30))
    ),
    "confusion_matrix": lambda: viz.confusion_matrix(rng().integers(0, 10**9, (30, 30))),
    "confusion_matrix_large": lambda: viz.confusion_matrix(np.eye(WIDE)),
    "heat_map": lambda: viz.heat_map(rng().normal(size=(5, 100))),
    "heat_map_row": lambda: viz.heat_map(rng().normal(size=(1, 600))),
    "heat_map_wide": lambda: viz.heat_map(rng().normal(size=(1, MANY)), best="high"),
    "heat_map_tall": lambda: viz.heat_map(rng().normal(size=(MANY, 1)), best="high"),
    "gradient_flow": lambda: viz.gradient_flow({f"layer {i}": np.ones(WIDE) for i in range(300)}),
    "gradient_norms": lambda: viz.gradient_norms(np.exp(rng().normal(size=MANY)), threshold=1.0),
    "schedule_plot": lambda: viz.schedule_plot({"a": lambda t: t % 7}, steps=MANY),
    "run_comparison": lambda: viz.run_comparison(
        {f"run {i}": rng().normal(size=WIDE) for i in range(100)}
    ),
    "optimizer_paths": lambda: viz.optimizer_paths(
        "beale", {f"run {i}": rng().normal(size=(WIDE, 2)) for i in range(1)}
    ),
    "image_grid": lambda: viz.image_grid(rng().uniform(size=(WIDE, 28, 28)), columns=500),
    "image_grid_photographs": lambda: viz.image_grid(rng().uniform(size=(20, 300, 300))),
    "decision_boundary": lambda: viz.decision_boundary(
        lambda x: x[:, 0], rng().normal(size=(MANY, 2)), np.arange(MANY) % 5, resolution=200
    ),
    "network_diagram": lambda: deep_network(60),
    "network_diagram_wide": lambda: viz.network_diagram(
        [rng().normal(size=(300, 300))] * 20, max_nodes=40
    ),
    "activation_histograms": lambda: viz.activation_histograms(
        {f"layer {i}": rng().normal(size=WIDE) for i in range(200)}, bins=300
    ),
    "filter_grid": lambda: viz.filter_grid(rng().normal(size=(40, 60, 40, 40)), most=10**6),
    "feature_maps": lambda: viz.feature_maps(rng().normal(size=(512, 60, 60)), most=10**6),
    "saliency_map": lambda: viz.saliency_map(
        rng().uniform(size=(3, 700, 900)), rng().normal(size=(3, 700, 900))
    ),
    "train_test_gap": lambda: viz.train_test_gap(rng().normal(size=MANY), rng().normal(size=MANY)),
    "parameter_counts": lambda: viz.parameter_counts({f"layer {i}": i for i in range(WIDE)}),
    "unrolled_diagram": lambda: viz.unrolled_diagram(range(MANY), range(MANY), layers=40),
    "sequence_heat_map": lambda: viz.sequence_heat_map(
        {"a": rng().normal(size=(MANY // 10, 300)), "b": np.zeros((MANY // 10, 2))}
    ),
    "attention_maps": lambda: viz.attention_maps(rng().uniform(size=(100, 200, 200)), columns=100),
    "attention_maps_long": lambda: viz.attention_maps(rng().uniform(size=(2, 8, WIDE))),
    "alignment_map": lambda: viz.alignment_map(
        rng().uniform(size=(300, 700)), range(700), range(300)
    ),
    "ctc_lattice": lambda: viz.ctc_lattice(rng().uniform(size=(WIDE, 601)), range(300)),
    "similarity_matrix": lambda: viz.similarity_matrix(rng().normal(size=(800, 3))),
    "scatter_map": lambda: viz.scatter_map(
        rng().normal(size=(5000, 2)), [f"word {i}" for i in range(5000)]
    ),
}


FIGURES = ORDINARY | TROUBLE
