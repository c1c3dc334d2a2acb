"""Recurrent networks: what they remember, for how long, and what they can be used for.

Six tasks, from counting seven bits to writing in the manner of Shakespeare, each for the plain
recurrence, the LSTM and the GRU where the difference is of interest. `main.py counting adding`
runs only some of them.
"""

import math
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import lags
import numpy as np
from adding import MEAN_ANSWER, PLAN, SOLVED, WIDTH, adding_run, gradient_by_lag
from character_model import character_run, sample
from counting import LONG, LONG_STEPS, SHORT, long_run, short_run
from ngram import NGram
from pattern import continuation, pattern_run
from reader import KINDS, WINDOW, Reader
from spelling import BLANK, HELD_OUT, STEPS, Speller, alignment, errors, spelling_run, written

import neural_net_viz as viz
from neural_net_core import no_grad
from neural_net_layers import unroll
from neural_net_utils import (
    Tracked,
    adding_problem,
    ctc_greedy_decode,
    load_digits,
    load_text,
    track,
)

HERE = Path(__file__).parent
# A bar in a terminal; what is written to a file holds the results alone.
PROGRESS = "auto" if sys.stdout.isatty() else "off"
SEEDS = range(20, 25)  # the error at which counting stops was chosen on others
LONG_SEEDS = range(30, 35)
ADDING_SEEDS = range(5)
TEXT_SEEDS = range(5)
SPELLING_SEEDS = range(5)  # width, rate and noise were chosen on another
LOOKS = 0, 200, 400  # steps before which the alignment of a number is drawn


def starts(seeds: range, quick: bool, label: str) -> Tracked[int]:
    """Return the seeds to loop over, or one of them, with a bar that follows the loop."""
    return track(seeds[:1] if quick else seeds, label, progress=PROGRESS)


def show_counting(quick: bool, images: Path) -> dict[str, float]:
    """Count the ones of 7 bits, seen and unseen."""
    result = {}
    for kind in KINDS:
        seeds = starts(SEEDS, quick, kind)
        runs = [short_run(kind, seed) for seed in seeds]
        result[f"counting {SHORT}, {kind}"] = float(np.median(runs))
        say(f"  {kind:<10}{spread(runs)} of 128 right")
    return result


def show_pattern(quick: bool, images: Path) -> dict[str, float]:
    """Go on with a pattern, and with a longer one."""
    result = {}
    viz.unrolled_diagram(
        ["1", "0", "1", "?"], [None, None, None, "0"], title="The same cell at every step"
    ).save(images / "unrolled.svg")
    for length, period in ((3, 2), (12, 5)):
        for kind in KINDS:
            seeds = starts(SEEDS, quick, f"period {period}, {kind}")
            steps = 150 if period == 2 else 300
            runs = [pattern_run(kind, seed, steps, length, period) for seed in seeds]
            scores = [score for score, _ in runs]
            result[f"pattern {period}, {kind}"] = float(np.median(scores))
            text = f"  period {period}, {kind:<10}{spread(scores, '.0%')} right"
            if period == 2:
                text += f"; 1, 0, 1 is followed by {continuation(runs[0][1], [1, 0, 1])}"
            say(text)
    return result


def show_long_counting(quick: bool, images: Path) -> dict[str, float]:
    """Count the ones of 50 bits: 50 sequences that were never seen."""
    result, curves = {}, {}
    for kind in KINDS:
        seeds = starts(LONG_SEEDS, quick, kind)
        runs = [long_run(kind, seed, 60 if quick else LONG_STEPS) for seed in seeds]
        scores = [score for score, _, _ in runs]
        curves[kind] = np.array([losses for _, losses, _ in runs])
        result[f"counting {LONG}, {kind}"] = float(np.median(scores))
        say(f"  {kind:<10}{spread(scores)} of 50 right")
    viz.training_curves(
        curves, x_label="step", y_label="squared error", log_y=True,
        title=f"Counting the ones of {LONG} bits",
    ).save(images / "long_counting.svg")  # fmt: skip
    return result


def show_adding(quick: bool, images: Path) -> dict[str, float]:
    """Add two numbers that stand far apart, and see how far gradients reach."""
    result, models = {}, {}
    plan = {10: dict.fromkeys(KINDS, 60)} if quick else PLAN
    for length, most in plan.items():
        curves = {}
        for kind in KINDS:
            seeds = starts(ADDING_SEEDS, quick, f"T = {length}, {kind}")
            runs = [adding_run(kind, length, seed, most[kind]) for seed in seeds]
            needed = sorted(step for step, _, _ in runs)
            result[f"adding {length}, {kind}"] = float(np.median(needed))
            say(f"  T = {length:<4} {kind:<10}{described(needed, most[kind], runs)}")
            models[length, kind] = runs[0][2]
            middle = min(
                runs, key=lambda run: abs(len(run[1]) - np.median([len(r[1]) for r in runs]))
            )
            curves[kind] = averaged(middle[1])
        curves["the mean, 1/6"] = averaged([MEAN_ANSWER] * max(map(len, curves.values())))
        viz.line_plot(
            {name: (np.arange(len(c)) + 1, c) for name, c in curves.items()}, log_y=True,
            x_label="step", y_label="squared error, mean of 20 steps",
            title=f"The adding problem, {length} steps long",
        ).save(images / f"adding_{length}.svg")  # fmt: skip
    shortest = next(iter(plan))
    show_gates(models[shortest, "LSTM"], shortest, images)
    show_gradients(models, shortest, images)
    return result


def described(needed: list[float], most: int, runs: list) -> str:
    """Say after how many steps the starts had learned, and how far the others came."""
    learned = [step for step in needed if step < math.inf]
    errors = [float(np.mean(losses[-WINDOW:])) for step, losses, _ in runs if step == math.inf]
    parts = []
    if learned:
        parts.append(f"after {spread(learned, ',.0f')} steps in {len(learned)} of {len(needed)}")
    if errors:
        missed = f"{len(errors)} of {len(needed)}"
        parts.append(f"not in {most:,} steps in {missed}, error then {spread(errors, '.3f')}")
    return f"below {SOLVED}: " + "; ".join(parts)


def show_gates(model: Reader, length: int, images: Path) -> None:
    """Draw the gates and the cells of some units while they read one sequence."""
    x, _ = adding_problem(1, length, rng=np.random.default_rng(1))
    seen = {name: values[0] for name, values in unroll(model.memory, x)["l0"].items()}
    # The units whose cell changes most at the two marked steps, compared with all others.
    change = np.abs(np.diff(seen["cell state"], axis=0, prepend=0))
    marked = x[0, :, 1] == 1
    busy = np.argsort(change[marked].mean(axis=0) / change.mean(axis=0))[::-1][:6]
    shown = {name: seen[name][:, busy] for name in ("input gate", "forget gate", "cell state")}
    viz.sequence_heat_map(
        {"marked": x[0, :, 1:], **shown}, title="An LSTM that adds two marked numbers: six units",
    ).save(images / "gates.svg")  # fmt: skip


def show_gradients(models: dict[tuple[int, str], Reader], length: int, images: Path) -> None:
    """Draw how the last state depends on inputs of long ago, before and after training."""
    lags.film().save(images / "lags.svg")
    for name, when in (("before", "before training"), ("after", "after training")):
        lines = {}
        for kind in KINDS:
            fresh = Reader(kind, 2, WIDTH, 1, np.random.default_rng(0))
            model = fresh if name == "before" else models[length, kind]
            lines[kind] = gradient_by_lag(model, length)
        viz.line_plot(
            lines, x_label="lag: steps before the last", y_label="norm of the gradient", log_y=True,
            title=f"How far back the last state depends on the input, {when}",
        ).save(images / f"gradient_by_lag_{name}.svg")  # fmt: skip
        ratio = ", ".join(f"{kind} {g[-1] / g[0]:.1e}" for kind, g in lines.items())
        say(f"  gradient at lag {length - 1} over that at lag 0, {when}: {ratio}")


def show_characters(quick: bool, images: Path) -> dict[str, float]:
    """Train a language model of characters and compare it with tables of counts."""
    training, held_out = load_text("train"), load_text("validation")
    symbols = len(set(load_text()))
    baselines = {"uniform": math.log(symbols)}
    for name, order in (("single characters", 1), ("bigram", 2), ("trigram", 3), ("5-gram", 5)):
        baselines[name] = NGram(training, order).loss(held_out)
    size: dict[str, int] = {"epochs": 1, "characters": 20_000} if quick else {}
    runs = [character_run(seed, **size) for seed in starts(TEXT_SEEDS, quick, "GRU")]
    run, ends = runs[0], [run["held_out"][-1] for run in runs]
    losses = {**baselines, "GRU": float(np.median(ends))}
    for name, loss in losses.items():
        say(f"  {name:<20}{loss:.3f} nats per character, {loss / math.log(2):.2f} bits")
    took = f"{run['seconds']:.0f} s of processor time each"
    say(f"  GRU, {len(runs)} starts: {spread(ends, '.3f')}, {took}")
    forgetful = [
        character_run(seed, **size, keep_state=False)["held_out"][-1]
        for seed in starts(TEXT_SEEDS, quick, "GRU, state forgotten")
    ]
    say(f"  GRU, state forgotten after each piece: {spread(forgetful, '.3f')}")
    say("  GRU, held out, after each epoch: " + " ".join(f"{v:.2f}" for v in run["held_out"]))
    viz.bar_chart(
        losses, value_label="nats per character of the held-out text",
        title="What the next character costs",
    ).save(images / "character_loss.svg")  # fmt: skip
    for temperature in (0.5, 0.8, 1.0):
        rng = np.random.default_rng(0)
        text = sample(
            run["model"], run["tokenizer"], "ROSALIND:\n", 200, temperature=temperature, rng=rng
        )
        say(f"  --- temperature {temperature}\n{text}")
    show_states(run, images)
    return losses


def show_states(run: dict, images: Path) -> None:
    """Draw what some units keep in mind while they read a line."""
    model, tokenizer = run["model"], run["tokenizer"]
    line = "ORLANDO:\nI will not touch a bit."
    with no_grad():
        states, _ = model.memory(model.embed(tokenizer.encode(line)[np.newaxis]))
    h = states.data[0]
    # The units that move least from step to step: those that keep something.
    calm = np.argsort(np.abs(np.diff(h, axis=0)).mean(axis=0) / h.std(axis=0))[:12]
    viz.sequence_heat_map(
        {"hidden state": h[:, calm]}, step_labels=line, step_title="character read",
        title="Twelve slow units of the language model",
    ).save(images / "hidden_states.svg")  # fmt: skip


def show_spelling(quick: bool, images: Path) -> dict[str, float]:
    """Spell numbers of handwritten digits without having been told where each digit is."""
    training, held_out = load_digits("train"), load_digits("test")
    numbers = written(held_out, 30 if quick else HELD_OUT, np.random.default_rng(10_000))
    x, labels = numbers[0][0, : numbers[2][0]], numbers[1][0, : numbers[3][0]]
    steps, middle = (12, 6) if quick else (STEPS, LOOKS[-1])
    looks = (0, 3, 6) if quick else LOOKS

    def look(model: Speller) -> tuple[np.ndarray, dict[str, float]]:
        return alignment(model, x, labels), errors(model, numbers)

    start = time.process_time()
    runs = [
        spelling_run(training, seed, steps, look=look, at=looks)
        for seed in starts(SPELLING_SEEDS, quick, "spelling")
    ]
    took = (time.process_time() - start) / len(runs)
    result = {}
    for when, place in ((middle, -2), (steps, -1)):
        for how in ("greedy", "8 beams"):
            wrong = [seen[place][1][how] for _, _, seen in runs]
            whole = [seen[place][1][f"{how}, whole numbers"] for _, _, seen in runs]
            result[f"spelling, {how}, step {when}"] = float(np.median(wrong))
            say(
                f"  after {when:>5,} steps, {how:<7}  digits {spread(wrong, '.1%')} wrong, "
                f"numbers {spread(whole, '.1%')}"
            )
    say(f"  {took:.0f} s of processor time for each start")
    viz.training_curves(
        {"loss": np.array([losses for _, losses, _ in runs])}, x_label="step",
        y_label="nats per digit", log_y=True, title="Learning to spell numbers",
    ).save(images / "spelling_loss.svg")  # fmt: skip
    model, _, seen = runs[0]
    show_alignments(x, labels, [gamma for gamma, _ in seen], (*looks, steps), images)
    say_numbers(model, numbers)
    return result


def show_alignments(
    x: np.ndarray, labels: np.ndarray, gammas: list, steps: tuple[int, ...], images: Path
) -> None:
    """Draw where the loss takes the digits of a number to be, as the network learns."""
    name = " ".join(map(str, labels))
    panels = {
        f"after {step:,} steps" if step else "before the first step": gamma
        for step, gamma in zip(steps, gammas, strict=True)
    }
    viz.sequence_heat_map(
        {"pixels": x, **panels}, unit_labels=[*range(BLANK), "blank"], step_title="column",
        title=f"Which column is which digit, if it reads {name}",
    ).save(images / "spelling_alignment.svg")  # fmt: skip


def say_numbers(model: Speller, numbers: tuple) -> None:
    """Print how the first of the held-out numbers are spelled."""
    x, labels, frames, lengths = (part[:10] for part in numbers)
    with no_grad():
        found = ctc_greedy_decode(model(x, frames), frames, blank=BLANK)
    said = []
    for spelled, row, length in zip(found, labels, lengths, strict=True):
        name, right = ("".join(map(str, digits)) for digits in (spelled, row[:length]))
        said.append(name if name == right else f"{name or 'nothing'} for {right}")
    say(f"  the first ones, by the first start: {', '.join(said)}")


def averaged(losses: list[float]) -> np.ndarray:
    """Return the running mean of 20 losses."""
    window = min(20, len(losses))
    return np.convolve(losses, np.ones(window) / window, mode="valid")


def spread(values: list[float], form: str = ".0f") -> str:
    return f"{np.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def say(text: str) -> None:
    print(text, flush=True)  # some of the runs take minutes


PARTS: dict[str, tuple[str, Callable[..., dict[str, float]]]] = {
    "counting": (f"counting the ones of {SHORT} bits, 100 of 128 sequences seen:", show_counting),
    "pattern": ("going on with a pattern:", show_pattern),
    "long-counting": (f"counting the ones of {LONG} bits:", show_long_counting),
    "characters": ("a language model of characters:", show_characters),
    "adding": ("the adding problem:", show_adding),
    "spelling": ("spelling numbers without being told where each digit is:", show_spelling),
}


def main(
    quick: bool = False, folder: Path = HERE, parts: tuple[str, ...] = tuple(PARTS)
) -> dict[str, float]:
    """Run the parts; return what was measured."""
    images = folder / "images"
    images.mkdir(exist_ok=True)
    result: dict[str, float] = {}
    for part in parts:
        headline, show = PARTS[part]
        say(headline)
        result |= show(quick, images)
    return result


if __name__ == "__main__":
    chosen = tuple(part for part in PARTS if part in sys.argv) or tuple(PARTS)
    quick = "--quick" in sys.argv
    if not quick:
        print(
            "All of it takes about 18 minutes on one core; --quick shows it in small.",
            file=sys.stderr,
        )
    # A quick run is a look, not a result: its figures stay out of the repository.
    main(quick, Path(tempfile.mkdtemp()) if quick else HERE, parts=chosen)
