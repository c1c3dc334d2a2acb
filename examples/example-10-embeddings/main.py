"""Embeddings: words that are used alike get vectors that point the same way.

A text is made in which some words are synonyms by construction, so that it is known what there is
to be found. Skip-gram with negative sampling finds it, beside a baseline that only counts. Then:
what positions are for.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from neighbours import TWINS, cosine, nearest, ppmi_vectors, twins_found, unrelated
from positions import KINDS, LENGTH, order_run
from skip_gram import EPOCHS, FEATURES, LINES, train

import neural_net_viz as viz
from neural_net_layers import sinusoidal_positions
from neural_net_utils import CODE_SYNONYMS, track

HERE = Path(__file__).parent
# A bar in a terminal; what is written to a file holds the results alone.
PROGRESS = "auto" if sys.stdout.isatty() else "off"
SEEDS = range(10, 15)  # sizes and rates were chosen on seeds 0 to 2
FEW_LINES = {60: 100, 100: 60, 300: 30, 1000: 20}  # lines -> epochs


def show_words(seeds: range, images: Path, epochs: int, lines: int) -> dict[str, float]:
    """Learn the same kind of text several times; look at twins, strangers and neighbours."""
    runs = [train(seed, epochs, lines) for seed in track(seeds, "text", progress=PROGRESS)]
    dealt = [
        train(seed, epochs, lines, shuffle=True)
        for seed in track(seeds, "its words shuffled", progress=PROGRESS)
    ]
    result = {}
    for name, some in (("text", runs), ("its words shuffled", dealt)):
        print(f"skip-gram, {name}:")
        for a, b in CODE_SYNONYMS:
            values = [cosine(run["vocabulary"], run["vectors"], a, b) for run in some]
            print(f"  {f'{a} – {b}':<22}{spread(values)}")
            result[f"{name}: {a} {b}"] = float(np.median(values))
        strangers = [unrelated(run["vocabulary"], run["vectors"]) for run in some]
        middle = [float(np.median(values)) for values in strangers]
        print(f"  {'112 other pairs, median':<24}{spread(middle)}")
        print(f"  {'their largest':<24}{spread([values.max() for values in strangers])}")
        found = [twins_found(run["vocabulary"], run["vectors"]) for run in some]
        print(f"  nearest neighbour is the twin: {spread(found, '.0%')}")
        result[f"{name}: others"] = float(np.median(middle))
        result[f"{name}: largest other"] = float(np.median([v.max() for v in strangers]))
        result[f"{name}: twins found"] = float(np.median(found))
    function_class = [
        cosine(run["vocabulary"], run["vectors"], "function", "class") for run in runs
    ]
    print(f"  function – class, not shuffled: {spread(function_class)}")
    result["text: function class"] = float(np.median(function_class))
    show_neighbours(runs[0])
    draw_words(runs, images)
    return result


def show_neighbours(run: dict) -> None:
    """Print the nearest neighbours of a few words, learned and counted."""
    vocabulary = run["vocabulary"]
    counted = ppmi_vectors(vocabulary, run["text"], FEATURES)
    print(f"{'nearest neighbours of':<24}{'skip-gram':<32}counting (PPMI and SVD)")
    for word in ("def", "struct", "math", "i", "Vector"):
        lists = [", ".join(nearest(vocabulary, v, word)) for v in (run["vectors"], counted)]
        print(f"  {word:<22}{lists[0]:<32}{lists[1]}")


def draw_words(runs: list[dict], images: Path) -> None:
    """Draw losses, the planted words' similarities, and a map of all words."""
    run = runs[0]
    words, vocabulary = [w for pair in CODE_SYNONYMS for w in pair], run["vocabulary"]
    vectors = run["vectors"][[vocabulary.ids[word] for word in words]]
    viz.similarity_matrix(vectors, words, title="Cosines of the planted words").save(
        images / "similarity.svg"
    )
    frequent = [i for i, word in enumerate(vocabulary.words) if word.isalpha()][:48]
    names = [vocabulary.words[i] for i in frequent]
    viz.scatter_map(
        run["vectors"][frequent],
        names,
        groups=["planted" if name in TWINS else "other" for name in names],
        title="The most frequent words, in two of 16 directions",
    ).save(images / "map.svg")
    viz.training_curves(
        {"loss": np.array([r["losses"] for r in runs])}, title="Skip-gram with 5 negatives"
    ).save(images / "loss.svg")


def show_few_lines(seeds: range, images: Path, sizes: dict[int, int]) -> dict[str, float]:
    """Compare with counting on texts that become short."""
    result, shares = {}, {}
    print("twins found          skip-gram              counting")
    for lines, epochs in track(sizes.items(), "texts", progress=PROGRESS):
        runs = [train(seed, epochs, lines) for seed in seeds]
        learned = [twins_found(run["vocabulary"], run["vectors"]) for run in runs]
        counted = [
            twins_found(run["vocabulary"], ppmi_vectors(run["vocabulary"], run["text"], FEATURES))
            for run in runs
        ]
        print(f"  {lines:>5} lines        {spread(learned, '.0%'):<23}{spread(counted, '.0%')}")
        shares[lines] = (np.median(learned), np.median(counted))
        result[f"{lines} lines: learned"], result[f"{lines} lines: counted"] = shares[lines]
    xs = list(shares)
    viz.line_plot(
        {
            "skip-gram": (xs, [shares[n][0] for n in xs]),
            "counting": (xs, [shares[n][1] for n in xs]),
        },
        x_label="lines of text",
        y_label="twins found",
        log_x=True,
        markers=True,
        title="Planted synonyms found, median of the seeds",
    ).save(images / "few_lines.svg")
    return result


def show_positions(seeds: range, images: Path) -> dict[str, float]:
    """Draw the sinusoidal patterns, and learn order with and without positions."""
    table = sinusoidal_positions(64, 32)
    viz.heat_map(
        table,
        row_title="place",
        column_title="feature",
        row_labels=[p if p % 8 == 0 else None for p in range(64)],
        column_labels=[j if j % 4 == 0 else None for j in range(32)],
        colors="signed",
        title="Sinusoidal positions: sines and cosines, fast to slow",
    ).save(images / "positions.svg")
    products = {f"place {p}": table @ table[p] / 16 for p in (8, 32, 56)}
    viz.line_plot(
        products, x_label="other place", y_label="cosine", title="How alike two places are"
    ).save(images / "places_alike.svg")
    print(f"which of two tokens of {LENGTH} comes first, accuracy:")
    scores = {
        kind: [order_run(kind, seed)["accuracy"] for seed in seeds]
        for kind in track(KINDS, "positions", progress=PROGRESS)
    }
    for kind, values in scores.items():
        print(f"  {f'positions: {kind}':<24}{spread(values, '.1%')}")
    viz.run_comparison(
        scores, value_label="accuracy", title=f"Order of two tokens, {len(seeds)} starts each"
    ).save(images / "order.svg")
    return {f"order: {kind}": float(np.median(values)) for kind, values in scores.items()}


def spread(values: list[float], form: str = ".3f") -> str:
    return f"{np.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def main(quick: bool = False, folder: Path = HERE) -> dict[str, float]:
    """Show all of it; return what was measured."""
    images = folder / "images"
    images.mkdir(exist_ok=True)
    seeds = SEEDS[:1] if quick else SEEDS
    print(f"{LINES} lines of code-like text with 8 planted pairs of synonyms, {len(seeds)} seed(s)")
    result = show_words(seeds, images, 8 if quick else EPOCHS, LINES)
    sizes = {100: 20, 300: 10} if quick else FEW_LINES
    result |= show_few_lines(seeds, images, sizes)
    return result | show_positions(seeds, images)


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    if not quick:
        print(
            "All of it takes about a minute on one core; --quick shows it in small.",
            file=sys.stderr,
        )
    # A quick run is a look, not a result: its figures stay out of the repository.
    main(quick, Path(tempfile.mkdtemp()) if quick else HERE)
