"""All the data in every step: L-BFGS beside Adam and Nesterov's momentum.

Logistic regression and a small network on the 8 × 8 digits, both with an L2 penalty. Every method
gets as many computations of the loss and its gradient; L-BFGS, which computes them several times in
some steps, gets no more steps for that. The rates of the others are chosen on starts of their own.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

import neural_net_viz as viz
from neural_net_core import CrossEntropyLoss, Dense, Module, Sequential, Tanh, no_grad
from neural_net_optim import LBFGS, SGD, Adam, Optimizer, l2_penalty
from neural_net_utils import accuracy, load_digits, track

HERE = Path(__file__).parent
# A bar in a terminal; what is written to a file holds the results alone.
PROGRESS = "auto" if sys.stdout.isatty() else "off"
PENALTY = 1e-3  # λ of λ/2 ‖w‖²; without it the cost of data that can be separated has no minimum
MODELS: dict[str, Callable[[np.random.Generator], Module]] = {
    "logistic regression": lambda rng: Sequential(Dense(64, 10, rng=rng)),
    "network 64-32-10": lambda rng: Sequential(
        Dense(64, 32, rng=rng), Tanh(), Dense(32, 10, rng=rng)
    ),
}
OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "SGD Nesterov": lambda params, lr: SGD(params, lr, momentum=0.9, nesterov=True),
    "Adam": Adam,
    # 1 is Newton's step, with which the search begins: there is no rate to be chosen. All
    # iterations are in one step; a new one would compute the loss once more at the same place.
    "L-BFGS": lambda params, lr: LBFGS(
        params, lr, max_iter=BUDGET, max_eval=BUDGET, line_search_fn="strong_wolfe"
    ),
}
RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
TUNING, SEEDS = range(100, 103), range(5)
BUDGET = 500  # computations of the loss and its gradient
PLACES = (20, 50, 100, 200, 500)


def run(
    task: str, make: Callable[..., Optimizer], lr: float, seed: int, budget: int = BUDGET
) -> tuple[np.ndarray, float]:
    """Return the lowest cost so far at each computation, and the held-out accuracy at the end."""
    rng = np.random.default_rng(seed)
    (x, y), (x_test, y_test) = load_digits("train"), load_digits("test")
    model, loss_fn = MODELS[task](rng), CrossEntropyLoss()
    optimizer = make(model.parameters(), lr=lr)
    costs: list[float] = []

    def closure() -> float:
        optimizer.zero_grad()
        cost = loss_fn(model(x), y) + l2_penalty(model, PENALTY)
        cost.backward()
        costs.append(cost.item())
        return costs[-1]

    while len(costs) < budget:
        before = len(costs)
        optimizer.step(closure)
        if optimizer.needs_closure and len(costs) < before + 5:
            break  # nothing is left to gain that float32 could show
    lowest = np.minimum.accumulate(costs[:budget])
    with no_grad():
        correct = accuracy(model(x_test), y_test)
    return np.concatenate([lowest, np.full(budget - len(lowest), lowest[-1])]), correct


def main(quick: bool = False, folder: Path = HERE) -> dict[str, float]:
    """Choose each rate, draw the curves; return the last costs."""
    budget, tuning, seeds = (30, TUNING[:1], SEEDS[:1]) if quick else (BUDGET, TUNING, SEEDS)
    result = {}
    (folder / "images").mkdir(exist_ok=True)
    print(f"{'':<36}rate  lowest cost so far, median, after      held-out")
    print(f"{'':<41}{''.join(f'{at:>6}  ' for at in PLACES)}accuracy")
    for task in MODELS:
        curves = {}
        for name, make in track(OPTIMIZERS.items(), task, progress=PROGRESS):
            rates = (1.0,) if name == "L-BFGS" else RATES
            ends = {lr: [run(task, make, lr, s, budget)[0][-1] for s in tuning] for lr in rates}
            lr = min(ends, key=lambda rate: float(np.median(ends[rate])))
            runs = [run(task, make, lr, seed, budget) for seed in seeds]
            costs = np.array([costs for costs, _ in runs])
            curves[name if name == "L-BFGS" else f"{name}, {lr:g}"] = costs
            result[f"{task}, {name}"] = float(np.median(costs[:, -1]))
            medians = [f"{np.median(costs[:, at - 1]):.4f}" for at in PLACES if at <= budget]
            correct = np.median([score for _, score in runs])
            print(f"{task:<20} {name:<13} {lr:<5g} {'  '.join(medians)}  {correct:.1%}")
        viz.training_curves(
            curves,
            x_label="computations of the loss and its gradient",
            y_label="lowest training cost so far",
            log_x=True,
            log_y=True,
            title=f"All the data in every step: {task}",
        ).save(folder / "images" / f"full_batch_{task.split()[0]}.svg")
    return result


if __name__ == "__main__":
    main(quick="--quick" in sys.argv)
