"""SVG figures of networks and of their training.

Every function returns a `Figure`: `figure.save("images/xor.svg")`, `figure.to_html()`, or just
the value in a notebook. Write `import neural_net_viz as viz` and then `viz.heat_map(...)`.

All figures take `title=` and `description=` (one is made from the data if none is given), arrays,
lists or Tensors, and labels as plain text; a blank label shows as a sign, None leaves it out. NaN,
infinities and empty data are drawn as what they are, never an error; a wrong shape is a
`ShapeError` and any other wrong argument a `ValueError`, both naming the function. However much
there is to show, no figure is wider than 1,600 or its file larger than about four megabytes: the
figure then takes a form without words, or draws a part and says what it leaves out.

- Networks: `network_diagram`, `computation_graph`, `backward_graph`, `dataflow` of a recorded step,
  `parameter_counts`; how recurrent cells work (`rnn_diagram`, `gru_diagram`, `lstm_diagram`), a
  `convolution_diagram`, an `attention_diagram`, a `multi_head_diagram` and a
  `transformer_diagram`.
- Training: `training_curves`, `train_test_gap`, `run_comparison`, `schedule_plot`,
  `gradient_norms`, `gradient_flow`, `memory_plot`, one `gradient_step`, `optimizer_paths`, and
  animated `training_animation` and `alignment_animation`.
- What a model decides: `decision_boundary`, `truth_table`, `confusion_matrix`, `image_grid`,
  `saliency_map`.
- What goes on inside: `activation_histograms`, `filter_grid`, `feature_maps`,
  `sequence_heat_map`, `unrolled_diagram`, `ctc_lattice`, `attention_maps`, `alignment_map`,
  `similarity_matrix`, `scatter_map`, `raster_plot`; a text as it is written, `text_animation`.
- Anything: `line_plot`, `bar_chart`, `heat_map`, `flame_graph`.
"""

from neural_net_viz.figure import Figure
from neural_net_viz.figures.attention.alignment_animation import alignment_animation
from neural_net_viz.figures.attention.alignment_map import alignment_map
from neural_net_viz.figures.attention.attention_diagram import attention_diagram
from neural_net_viz.figures.attention.attention_maps import attention_maps
from neural_net_viz.figures.attention.ctc_lattice import ctc_lattice
from neural_net_viz.figures.attention.multi_head_diagram import multi_head_diagram
from neural_net_viz.figures.attention.sequence_heat_map import sequence_heat_map
from neural_net_viz.figures.attention.text_animation import text_animation
from neural_net_viz.figures.charts.bar_chart import bar_chart
from neural_net_viz.figures.charts.confusion_matrix import confusion_matrix
from neural_net_viz.figures.charts.heat_map import heat_map
from neural_net_viz.figures.charts.image_grid import image_grid
from neural_net_viz.figures.charts.line_plot import line_plot
from neural_net_viz.figures.charts.raster_plot import raster_plot
from neural_net_viz.figures.charts.scatter_map import scatter_map
from neural_net_viz.figures.charts.similarity_matrix import similarity_matrix
from neural_net_viz.figures.charts.truth_table import truth_table
from neural_net_viz.figures.cost.flame_graph import flame_graph
from neural_net_viz.figures.cost.memory_plot import memory_plot
from neural_net_viz.figures.networks.activation_histograms import activation_histograms
from neural_net_viz.figures.networks.backward_graph import backward_graph
from neural_net_viz.figures.networks.computation_graph import computation_graph
from neural_net_viz.figures.networks.convolution_diagram import convolution_diagram
from neural_net_viz.figures.networks.dataflow import dataflow
from neural_net_viz.figures.networks.feature_maps import feature_maps
from neural_net_viz.figures.networks.filter_grid import filter_grid
from neural_net_viz.figures.networks.gru_diagram import gru_diagram
from neural_net_viz.figures.networks.lstm_diagram import lstm_diagram
from neural_net_viz.figures.networks.network_diagram import network_diagram
from neural_net_viz.figures.networks.parameter_counts import parameter_counts
from neural_net_viz.figures.networks.rnn_diagram import rnn_diagram
from neural_net_viz.figures.networks.saliency_map import saliency_map
from neural_net_viz.figures.networks.transformer_diagram import transformer_diagram
from neural_net_viz.figures.networks.unrolled_diagram import unrolled_diagram
from neural_net_viz.figures.training.decision_boundary import decision_boundary
from neural_net_viz.figures.training.gradient_flow import gradient_flow
from neural_net_viz.figures.training.gradient_norms import gradient_norms
from neural_net_viz.figures.training.gradient_step import gradient_step
from neural_net_viz.figures.training.optimizer_paths import optimizer_paths
from neural_net_viz.figures.training.run_comparison import run_comparison
from neural_net_viz.figures.training.schedule_plot import schedule_plot
from neural_net_viz.figures.training.train_test_gap import train_test_gap
from neural_net_viz.figures.training.training_animation import training_animation
from neural_net_viz.figures.training.training_curves import training_curves

__all__ = [
    "Figure",
    "activation_histograms",
    "alignment_animation",
    "alignment_map",
    "attention_diagram",
    "attention_maps",
    "backward_graph",
    "bar_chart",
    "computation_graph",
    "confusion_matrix",
    "convolution_diagram",
    "ctc_lattice",
    "dataflow",
    "decision_boundary",
    "feature_maps",
    "filter_grid",
    "flame_graph",
    "gradient_flow",
    "gradient_norms",
    "gradient_step",
    "gru_diagram",
    "heat_map",
    "image_grid",
    "line_plot",
    "lstm_diagram",
    "memory_plot",
    "multi_head_diagram",
    "network_diagram",
    "optimizer_paths",
    "parameter_counts",
    "raster_plot",
    "rnn_diagram",
    "run_comparison",
    "saliency_map",
    "scatter_map",
    "schedule_plot",
    "sequence_heat_map",
    "similarity_matrix",
    "text_animation",
    "train_test_gap",
    "training_animation",
    "training_curves",
    "transformer_diagram",
    "truth_table",
    "unrolled_diagram",
]

__version__ = "0.1.0"
