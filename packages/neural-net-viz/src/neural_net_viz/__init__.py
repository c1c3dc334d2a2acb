"""SVG figures of networks and of their training.

Every function returns a `Figure`: `figure.save("images/xor.svg")`, `figure.to_html()`, or just
the value in a notebook. Write `import neural_net_viz as viz` and then `viz.heat_map(...)`.

All figures take `title=` and `description=` (one is made from the data if none is given), arrays,
lists or Tensors, and labels as plain text. NaN, infinities and empty data are drawn as what they
are, never an error; a wrong shape is a `ShapeError` that names the function.

Networks

    network_diagram(network, biases=None, *, values=None, inputs=None, activations=None,
                    input_names=None, output_names=None, max_nodes=8, weight_labels=None)
    parameter_counts(counts)                        # a Module or {name: count}
    computation_graph(tensor, *, names=None, max_nodes=120)

Training

    training_curves(runs, *, x_label="epoch", y_label="loss", log_y=False, log_x=False, x=None,
                    band="range")                   # {name: (steps,) or (seeds, steps)}
    line_plot(lines, *, x=None, x_label="", y_label="", log_x=False, log_y=False, markers=False)
    train_test_gap(train, test, *, x=None, x_label="epoch", y_label="accuracy")
    run_comparison(runs, *, value_label="", log=False)          # {name: values over seeds}
    schedule_plot(schedules, *, steps=None, y_label="learning rate", log_y=False)
    gradient_norms(norms, *, threshold=None, x_label="step")
    gradient_flow(gradients, *, step_labels=None)   # {layer: mean |gradient| at some steps}
    bar_chart(values, *, value_label="", errors=None, log=False)   # {name: value}, or groups
    optimizer_paths(surface, paths, *, seconds=8.0, x_range=None, y_range=None, log_levels=None)
    flame_graph(frames, *, value_label="ms")        # nested (name, value, children)

What a model decides

    decision_boundary(model, points=None, labels=None, *, x_range=None, y_range=None,
                      threshold=0.5, resolution=96, names=("x₁", "x₂"), class_names=None)
    truth_table(inputs, expected, outputs, *, input_names=None, output_names=None, margin=0.5)
    confusion_matrix(matrix, *, class_names=None)   # rows: actual, columns: predicted
    image_grid(images, captions=None, *, columns=None, correct=None, colors="ink",
               value_range=None)
    saliency_map(image, gradient, *, caption="")

Inside a model

    heat_map(values, *, row_labels=None, column_labels=None, row_title="", column_title="",
             value_label="", colors="sequential", value_range=None, log=False, best=None)
    activation_histograms(activations, *, bins=40)  # {layer: array}
    filter_grid(weights, *, columns=None, labels=None)          # (O, I, kH, kW) or (N, H, W)
    feature_maps(maps, *, columns=None, labels=None)            # (C, H, W)
    sequence_heat_map(values, *, step_labels=None, value_range=None)   # {name: (T, D)} or (T, D)
    attention_maps(weights, *, query_labels=None, key_labels=None, head_names=None)
    alignment_map(weights, source, target)          # (target steps, source steps)
    similarity_matrix(vectors, labels=None)         # (N, D), by cosine
    scatter_map(points, labels=None, *, groups=None)            # (N, 2), or (N, D) by PCA
"""

from neural_net_viz.figure import Figure
from neural_net_viz.figures.bar_chart import bar_chart
from neural_net_viz.figures.confusion_matrix import confusion_matrix
from neural_net_viz.figures.decision_boundary import decision_boundary
from neural_net_viz.figures.image_grid import image_grid
from neural_net_viz.figures.line_plot import line_plot
from neural_net_viz.figures.network_diagram import network_diagram
from neural_net_viz.figures.training_curves import training_curves
from neural_net_viz.figures.truth_table import truth_table

__all__ = [
    "Figure",
    "bar_chart",
    "confusion_matrix",
    "decision_boundary",
    "image_grid",
    "line_plot",
    "network_diagram",
    "training_curves",
    "truth_table",
]

__version__ = "0.1.0"
