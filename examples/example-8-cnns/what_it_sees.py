"""Figures of a trained network: its filters, what they find, and what an answer hangs on."""

from pathlib import Path

import numpy as np
from digit_runs import digits

import neural_net_viz as viz
from neural_net_core import Module, Tensor, no_grad
from neural_net_utils import confusion_matrix, mnist_1d, mnist_1d_templates, predict


def draw_network(model: Module, images: Path) -> None:
    """Draw the filters, one of them at work, the maps of one digit, saliency and mistakes.

    Args:
        model: As `small_networks.cnn` makes it.
        images: The folder for the figures.
    """
    x, labels = digits("test")
    row = int(np.flatnonzero(labels == 3)[0])
    one = x[row : row + 1]
    viz.filter_grid(model[1].weight.numpy(), title="The filters of the first layer").save(
        images / "filters.svg"
    )
    with no_grad():
        first = model[2](model[1](model[0](one)))
        second = model[4](model[3](first))
    viz.image_grid(one[0], ["a 3"], title="The input").save(images / "input.svg")
    viz.convolution_diagram(
        one[0, 0].round(1),  # one decimal, to compute along with
        model[1].weight.numpy()[0, 0].round(1),
        padding=1,
        animated=True,
        seconds=40.0,
        title="The first filter slides over the 3",
    ).save(images / "sliding.svg")
    viz.feature_maps(
        first.numpy(), title="A 3 after the first layer: one map for each filter"
    ).save(images / "maps_first.svg")
    viz.feature_maps(second.numpy(), title="The same 3 after the second layer").save(
        images / "maps_second.svg"
    )
    pixels = Tensor(one, requires_grad=True)
    model.eval()(pixels)[0, 3].backward()
    viz.saliency_map(
        one[0], pixels.grad[0], caption="gradient of the score for 3", title="What the 3 hangs on"
    ).save(images / "saliency.svg")
    viz.confusion_matrix(
        confusion_matrix(predict(model, x), labels, num_classes=10),
        class_names=[str(digit) for digit in range(10)],
        title="What the 360 test images were taken for",
    ).save(images / "confusion_matrix.svg")


def draw_signals(images: Path) -> None:
    """Draw the ten strokes, and four signals that hide the same one."""
    strokes = mnist_1d_templates()
    viz.line_plot(
        {str(digit): strokes[digit] for digit in (0, 2, 5, 7)},
        x_label="point", title="Four of the ten strokes",
    ).save(images / "strokes.svg")  # fmt: skip
    x, y = mnist_1d(200, rng=np.random.default_rng(0))
    rows = np.flatnonzero(y == 2)[:4]
    viz.line_plot(
        {f"signal {i + 1}": x[row] for i, row in enumerate(rows)},
        x_label="place", title="Four signals with the stroke of 2 in them",
    ).save(images / "signals.svg")  # fmt: skip
