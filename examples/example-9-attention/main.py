"""Attention: renaming variables, telling which word comes first, and writing like Shakespeare.

Each is shown where attention is what solves it, and beside what cannot: a decoder that may not look
at the source, a bag of words, models that count what follows the last few letters. `main.py order`
runs only one part.
"""

import sys
import tempfile
from pathlib import Path

import language_model as play
import numpy as np
import renaming
import word_order
from language_model import PROGRESS
from memory import measure

import neural_net_viz as viz
from neural_net_utils import track

HERE = Path(__file__).parent
SEEDS = 5
FRAMES = 24
RECIPES = {
    "2 layers, 64 features": play.SMALL,
    "4 layers, 128 features": play.PUBLISHED,
}


def spread(values: list[float], form: str = ".1%") -> str:
    return f"{np.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def show_renaming(seeds: range, steps: int, images: Path) -> dict[str, float]:
    """Translate programs never seen; look at where the decoder looks."""
    result = {}
    for form, said in (("tokens", "tokens alone"), ("encoder", "through an encoder")):
        exact, right, median = [], [], []
        for seed in track(seeds, said, progress=PROGRESS):
            data = renaming.programs(seed)
            looked = Film(data, steps)
            pictured = form == "tokens" and seed == seeds[0]
            look = looked.look if pictured else None
            model, losses = renaming.train(data, seed, steps, form, look)
            if pictured:
                looked.draw(losses).save(images / "forming.svg")
            weights = renaming.weight_on_the_right_token(model, data.held_out[0])
            exact.append(renaming.share_exact(model, data.held_out))
            median.append(float(np.median(weights)))
            right.append(float((weights >= 0.95).mean()))
            if seed == seeds[0]:
                draw_alignments(model, data, images / f"alignment_{form}.svg", said)
        print(f"  {said:<19} exact {spread(exact)}")
        print(f"  {'':<19} weight on the right token {spread(median, '.3f')}")
        print(f"  {'':<19} at least 0.95 for {spread(right)} of tokens")
        result |= {f"exact, {form}": float(np.median(exact))}
        result |= {f"weight, {form}": float(np.median(median))}
    data = renaming.programs(seeds[0])
    model, _ = renaming.train(data, seeds[0], steps // 2, "nothing")
    result["exact, nothing"] = renaming.share_exact(model, data.held_out)
    print(f"  {'no source shown':<19} exact {result['exact, nothing']:.1%}")
    return result


def draw_alignments(model, data, path: Path, said: str) -> None:
    source = data.held_out[0][:1]
    words = data.words(renaming.translate(model, source)[0])
    weights = renaming.alignment(model, source)[0]
    title = f"What is read while each token is written ({said})"
    viz.alignment_map(weights, data.words(source[0]), words, title=title).save(path)


class Film:
    """The weights of one program, written as it should be, while they are being learned."""

    def __init__(self, data, steps: int) -> None:
        self.source, self.target = (part[:1] for part in data.held_out)
        self.words = data.words(self.source[0]), data.words(self.target[0])
        # Closer to each other at first, where most happens.
        self.moments = {round(steps * (k / FRAMES) ** 2) for k in range(FRAMES + 1)}
        self.seen = {}

    def look(self, step: int, model) -> None:
        if step in self.moments:
            self.seen[step] = renaming.alignment(model, self.source, self.target)[0]

    def draw(self, losses: list[float]) -> viz.Figure:
        title = "Attention while it is learned"
        losses = [*losses, losses[-1]]
        return viz.alignment_animation(self.seen, *self.words, losses, title=title)


def film(seed: int = 10, steps: int = renaming.STEPS) -> viz.Figure:
    """Draw where the network looks while it learns to rename, as an animation."""
    data = renaming.programs(seed)
    looked = Film(data, steps)
    _, losses = renaming.train(data, seed, steps, look=looked.look)
    return looked.draw(losses)


def show_word_order(seeds: range, steps: int, images: Path) -> dict[str, float]:
    """Compare a classifier that knows positions with two that cannot know them."""
    scores = {form: [] for form in word_order.FORMS}
    for form, values in scores.items():
        for seed in track(seeds, form, progress=PROGRESS):
            model, score = word_order.train(form, seed, steps)
            values.append(score)
            if form == "attention, positions" and seed == seeds[0]:
                draw_heads(model, seed, images / "heads.svg")
        print(f"  {form:<22}{spread(values)}")
    viz.run_comparison(
        scores,
        value_label="accuracy on sequences not seen",
        title="Which of two tokens comes first",
    ).save(images / "word_order.svg")
    return {form: float(np.median(values)) for form, values in scores.items()}


def draw_heads(model, seed: int, path: Path) -> None:
    ids, _ = word_order.order_task(1, word_order.LENGTH, rng=np.random.default_rng(seed))
    _, weights = model.attention(model.positions(model.tokens(ids)), need_weights=True)
    names = [
        f"{'AB'[i] if i < 2 else chr(95 + i)} at {place + 1}" for place, i in enumerate(ids[0])
    ]
    viz.attention_maps(weights.data[0], query_labels=names, title="Does A or B come first?").save(
        path
    )


def show_language_model(
    seeds: range, recipes: dict[str, play.Recipe], images: Path
) -> dict[str, float]:
    """Train on nine tenths of a play; compare the rest with models that count."""
    text = play.the_play()
    counted = play.n_gram_losses(text)
    best = min(counted, key=counted.get)
    for n in (0, 1, 2, 3, best):
        name = "all letters alike" if n == 0 else f"{n}-gram"
        print(f"  {name:<28}{counted[n]:.3f} nats per character")
    result = {"n-gram": counted[best], "uniform": counted[0]}
    curves = {}
    for name, recipe in recipes.items():
        scores, curves[name], seconds = [], [], []
        for seed in seeds:
            model, losses, cost = play.train(text, seed, recipe)
            scores.append(play.held_out_loss(model, text))
            curves[name].append(averaged(losses))
            seconds.append(cost)
        took = f"{np.median(seconds):.0f} s of processor time each"
        print(f"  {name:<28}{spread(scores, '.3f')}, {took}")
        result[name] = float(np.median(scores))
    viz.training_curves(
        {name: np.array(runs) for name, runs in curves.items()},
        x_label="step",
        y_label="loss, mean of 20 steps",
        title="Loss on windows of the play",
    ).save(images / "language_model.svg")
    sample = play.continue_far(
        model, text, "ROSALIND:\n", 200, temperature=0.8, rng=np.random.default_rng(0)
    )
    print("\n".join(f"    {line}" for line in sample.splitlines()))
    return result


def averaged(losses: list[float]) -> np.ndarray:
    """Return the running mean of 20 losses."""
    window = min(20, len(losses))
    return np.convolve(losses, np.ones(window) / window, mode="valid")


def show_memory(longest: int, images: Path) -> dict[str, float]:
    """Compare what all weights take with what tiles of them take."""
    measured = measure(longest)
    for form, (lengths, amounts) in measured.items():
        said = ", ".join(f"{n}: {mib:.1f}" for n, mib in zip(lengths, amounts, strict=True))
        print(f"  {form:<10}{said} MiB")
    viz.memory_plot(
        measured,
        x_label="length of the sequence",
        title="Memory of attention, forward and backward",
    ).save(images / "memory.svg")
    return {f"MiB, {form}": amounts[-1] for form, (_, amounts) in measured.items()}


PARTS = {
    "memory": "memory by length of the sequence:",
    "renaming": "renaming variables, programs not seen in training:",
    "order": "which of two tokens comes first:",
    "play": "a play, the last tenth, which training has not seen:",
}


def main(
    quick: bool = False, folder: Path = HERE, parts: tuple[str, ...] = tuple(PARTS)
) -> dict[str, float]:
    """Show the parts; return what was measured."""
    images = folder / "images"
    images.mkdir(exist_ok=True)
    seeds = range(10, 11 if quick else 10 + SEEDS)  # settings were chosen on seeds 0 to 2
    recipes = RECIPES
    if quick:
        recipes = {name: recipe._replace(steps=20) for name, recipe in RECIPES.items()}
    result: dict[str, float] = {}
    for part in parts:
        print(PARTS[part], flush=True)  # some of the parts take minutes
        if part == "memory":
            result |= show_memory(512 if quick else 4096, images)
        elif part == "renaming":
            result |= show_renaming(seeds, 150 if quick else renaming.STEPS, images)
        elif part == "order":
            result |= show_word_order(seeds, 100 if quick else word_order.STEPS, images)
        else:
            result |= show_language_model(seeds, recipes, images)
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
