"""Warm-up again, on the kind of network that it was invented for: a deep post-norm transformer.

Twelve layers read twelve tokens and write them in reverse. Without warm-up the first steps, all of
the full size, throw the network off; with the norms before the branches nothing is thrown off.
"""

import sys
from pathlib import Path

import numpy as np

import neural_net_viz as viz
from neural_net_core import CrossEntropyLoss, Dense, Module, Tensor, no_grad
from neural_net_layers import Embedding, LearnedPositionalEmbedding, TransformerEncoder
from neural_net_optim import Adam
from neural_net_optim.schedules import WarmupLR
from neural_net_utils import reverse_task, track

HERE = Path(__file__).parent
# A bar in a terminal; what is written to a file holds the results alone.
PROGRESS = "auto" if sys.stdout.isatty() else "off"
LENGTH, SYMBOLS = 12, 8
WIDTH, HEADS, HIDDEN, DEPTH = 64, 4, 256, 12
RATE, WARMUP, STEPS, BATCH = 3e-3, 150, 400, 64
SEEDS = 3

# Whether the norms stand before the branches, and the steps of warm-up.
KINDS = {"post-norm": (False, 0), "post-norm, warm-up": (False, WARMUP), "pre-norm": (True, 0)}


class Reverser(Module):
    """Tokens (B, T) in; for each place of the answer the scores of all symbols, (B, T, V), out."""

    def __init__(self, norm_first: bool, depth: int, rng: np.random.Generator) -> None:
        self.tokens = Embedding(SYMBOLS, WIDTH, rng=rng)
        self.positions = LearnedPositionalEmbedding(WIDTH, LENGTH, rng=rng)
        self.encoder = TransformerEncoder(
            depth, WIDTH, HEADS, hidden_features=HIDDEN, dropout=0.0, norm_first=norm_first, rng=rng
        )
        self.head = Dense(WIDTH, SYMBOLS, rng=rng)

    def forward(self, ids: np.ndarray) -> Tensor:
        return self.head(self.encoder(self.positions(self.tokens(ids))))


def transformer_run(
    norm_first: bool, warmup: int, seed: int, steps: int = STEPS, depth: int = DEPTH
) -> tuple[float, list[float]]:
    """Train; return the share of tokens that are right in new sequences, and the losses."""
    rng = np.random.default_rng(seed)
    model = Reverser(norm_first, depth, rng)
    optimizer = Adam(model.parameters(), lr=RATE)
    scheduler, loss_fn, losses = WarmupLR(optimizer, warmup), CrossEntropyLoss(), []
    for _ in range(steps):
        x, y = reverse_task(BATCH, LENGTH, symbols=SYMBOLS, rng=rng)
        loss = loss_fn(model(x).reshape(-1, SYMBOLS), y.reshape(-1))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        scheduler.step()
        losses.append(loss.item())
    x, y = reverse_task(500, LENGTH, symbols=SYMBOLS, rng=rng)
    with no_grad():
        return float((model.eval()(x).data.argmax(-1) == y).mean()), losses


def main(quick: bool = False, folder: Path = HERE) -> dict[str, list[float]]:
    """Compare the three over some seeds; return the shares of tokens that were right."""
    curves, scores = {}, {}
    for kind, (norm_first, warmup) in KINDS.items():
        seeds = track(range(10, 11 if quick else 10 + SEEDS), kind, progress=PROGRESS)
        runs = [transformer_run(norm_first, warmup, seed, 5 if quick else STEPS) for seed in seeds]
        scores[kind] = [score for score, _ in runs]
        curves[kind] = np.array([losses for _, losses in runs])
        low, high = min(scores[kind]), max(scores[kind])
        print(f"  {kind:<20}{np.median(scores[kind]):.1%} ({low:.1%} to {high:.1%})", flush=True)
    (folder / "images").mkdir(exist_ok=True)
    viz.training_curves(
        curves, x_label="step", log_y=True, title=f"A transformer of {DEPTH} layers reverses tokens"
    ).save(folder / "images" / "transformer_warm_up.svg")
    return scores


if __name__ == "__main__":
    main(quick="--quick" in sys.argv)
