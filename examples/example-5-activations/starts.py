"""What the start and a norm do: the same activations, other first weights, three times the steps.

"ReLU trains and sigmoid does not" is a sentence about He's initialization. Drawn as PyTorch draws a
layer's weights, ReLU's signal shrinks as sigmoid's gradient does; and with batch normalization in
front of it, sigmoid trains.
"""

import sys

import numpy as np
from spirals import STEPS, network, run

from neural_net_core import ReLU, Sigmoid, Tanh, init
from neural_net_utils import track

CASES = {
    "sigmoid, He": (Sigmoid, init.kaiming_normal, False),
    "sigmoid, Xavier": (Sigmoid, init.xavier_normal, False),
    "sigmoid, He, BatchNorm": (Sigmoid, init.kaiming_normal, True),
    "tanh, PyTorch's default": (Tanh, None, False),
    "ReLU, He": (ReLU, init.kaiming_normal, False),
    "ReLU, PyTorch's default": (ReLU, None, False),
    "ReLU, default, BatchNorm": (ReLU, None, True),
}
RATES = (0.3, 1.0)
LONG = 3 * STEPS
# A bar in a terminal; what is written to a file holds the results alone.
PROGRESS = "auto" if sys.stdout.isatty() else "off"


def started(case: str, lr: float, seeds: range, steps: int = LONG) -> dict:
    """Train one case."""
    activation, start, norm = CASES[case]
    return run(network(activation, seeds, start, norm), seeds, lr, steps)


def compare(tuning: range, seeds: range, steps: int = LONG) -> dict[str, tuple[float, dict]]:
    """Return for each case its rate with the least median loss on the tuning seeds, and runs."""
    result = {}
    for case in track(CASES, "other starts", progress=PROGRESS):
        losses = [np.median(started(case, lr, tuning, steps)["loss"]) for lr in RATES]
        lr = RATES[int(np.argmin(losses))]
        result[case] = lr, started(case, lr, seeds, steps)
    return result
