"""What fast forms earn: every row with them and with textbook forms alone, and form by form.

    python benchmarks/textbook.py [--rounds 9] [--rows XOR,MLP] [--threads 1] [--json FILE]

The first table has whole training steps, timed in two processes in turns, one of which was started
with NEURAL_NET_TEXTBOOK=1. The second takes the steps apart: forward and backward of every
operation that has a fast form, and the step of the optimizer, each in the row in which its fast
form earns most. The third has operations and optimizers alone (`alone.py`). Processor time of all
threads; medians over rounds of the ratio within a round.
"""

import argparse
import functools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

from rows import ROWS
from run import SECONDS, Worker, environment

FORMS = ["ours", "textbook"]
SHARE = 0.02  # of a step: an operation that takes less of it has no say in whether a form pays


def whole_steps(numbers: list[int], rounds: int, threads: int) -> Iterator[tuple[str, dict]]:
    """Yield for each row the microseconds of both forms and the ratio, with its range."""
    workers = {form: Worker(form, threads) for form in FORMS}
    try:
        for number in numbers:
            repeats = {}
            for form, worker in workers.items():
                first, _ = min(worker.time(number, 3) for _ in range(3))
                repeats[form] = max(1, round(SECONDS / first))
            times: dict[str, list[float]] = {form: [] for form in FORMS}
            for i in range(rounds):
                for form in FORMS if i % 2 else FORMS[::-1]:
                    times[form].append(workers[form].time(number, repeats[form])[1])
            ratios = [b / a for a, b in zip(times["ours"], times["textbook"], strict=True)]
            yield (
                ROWS[number].name,
                {
                    "fast_us": statistics.median(times["ours"]) * 1e6,
                    "textbook_us": statistics.median(times["textbook"]) * 1e6,
                    "ratio": statistics.median(ratios),
                    "low": min(ratios),
                    "high": max(ratios),
                },
            )
    finally:
        for worker in workers.values():
            worker.close()


class Clock:
    """Adds up the processor time of operations and optimizers, by the idea that they compute."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._inside = False

    def around(self, method: Callable, name: Callable[[object], str]) -> Callable:
        """Return the method with a clock around it; what it calls counts as part of it."""

        @functools.wraps(method)
        def timed(this, *args, **kwargs):
            if self._inside:
                return method(this, *args, **kwargs)
            self._inside, start = True, time.process_time()
            try:
                return method(this, *args, **kwargs)
            finally:
                spent = time.process_time() - start
                key = name(this)
                self.seconds[key] = self.seconds.get(key, 0.0) + spent
                self._inside = False

        return timed

    def watch(self) -> None:
        """Put the clock around all operations and optimizers that there are."""
        from neural_net_core import Op
        from neural_net_optim.base.optimizer import Optimizer

        for base, methods in ((Op, ("forward", "backward")), (Optimizer, ("step",))):
            name = (lambda op: op.idea.__name__) if base is Op else (lambda o: type(o).__name__)
            waiting = [base]
            while waiting:
                kind = waiting.pop()
                waiting += kind.__subclasses__()
                for method in methods:
                    if callable(function := vars(kind).get(method)):
                        setattr(kind, method, self.around(function, name))


def operations(number: int, rounds: int) -> dict[str, dict[str, float]]:
    """Return for every idea of a row its share of the fast step, and its ratio of the two forms."""
    from neural_net_core import textbook

    step, clock = ROWS[number].ours(), Clock()
    step()
    clock.watch()
    samples: dict[str, list[tuple[float, float]]] = {}
    shares: dict[str, list[float]] = {}
    for _ in range(rounds + 1):
        spent, whole = [], 0.0
        for form in (nullcontext(), textbook()):
            clock.seconds = {}
            with form:
                start = time.process_time()
                while (now := time.process_time()) - start < SECONDS / 2:
                    step()
                    done = clock.seconds
                    count = done["steps"] = done.get("steps", 0) + 1
            whole = whole or (now - start) / count
            spent.append({key: t / count for key, t in clock.seconds.items() if key != "steps"})
        fast, slow = spent
        for idea, seconds in fast.items():
            samples.setdefault(idea, []).append((seconds, slow.get(idea, float("nan"))))
            shares.setdefault(idea, []).append(seconds / whole)
    return {
        idea: {
            "ratio": statistics.median(b / a for a, b in pairs[1:]),
            "share": statistics.median(shares[idea][1:]),
            "fast_us": statistics.median(a for a, _ in pairs[1:]) * 1e6,
        }
        for idea, pairs in samples.items()
    }


def ideas_with_fast_forms() -> set[str]:
    """Return the names of all operations that have a fast form."""
    from neural_net_core.testing import op_classes

    return {
        op.__name__
        for package in ("neural_net_core", "neural_net_layers")
        for op in op_classes(package)
        if op.fast
    }


def form_by_form(numbers: list[int], rounds: int, threads: int) -> dict[str, list[dict]]:
    """Return for every idea its ratios, row by row, the row in which it earns most first."""
    found: dict[str, list[dict]] = {}
    for number in numbers:
        command = [sys.executable, __file__, "--operations", str(number), "--rounds", str(rounds)]
        output = subprocess.run(
            command, env=environment(threads), check=True, capture_output=True, text=True
        ).stdout
        for idea, record in json.loads(output).items():
            found.setdefault(idea, []).append({"row": ROWS[number].name} | record)
    for records in found.values():
        records.sort(key=lambda r: (r["share"] < SHARE, -r["ratio"]))
    return found


def alone(number: int, rounds: int) -> dict[str, float]:
    """Return the microseconds of both forms of a row of `ALONE`, and the ratio, with its range."""
    from alone import ALONE

    from neural_net_core import textbook

    steps = {}
    for form, context in (("ours", nullcontext()), ("textbook", textbook())):
        with context:
            steps[form] = ALONE[number].build()
            steps[form]()
    times: dict[str, list[float]] = {form: [] for form in FORMS}
    for i in range(rounds + 1):
        for form in FORMS if i % 2 else FORMS[::-1]:
            step, count = steps[form], 0
            with textbook() if form == "textbook" else nullcontext():
                start = time.process_time()
                while (now := time.process_time()) - start < SECONDS / 2:
                    step()
                    count += 1
            times[form].append((now - start) / count)
    fast, slow = (times[form][1:] for form in FORMS)  # the first round warms up
    ratios = [b / a for a, b in zip(fast, slow, strict=True)]
    return {
        "fast_us": statistics.median(fast) * 1e6,
        "textbook_us": statistics.median(slow) * 1e6,
        "ratio": statistics.median(ratios),
        "low": min(ratios),
        "high": max(ratios),
    }


def each_alone(wanted: list[str], rounds: int, threads: int) -> Iterator[tuple[str, dict]]:
    """Yield for each row of `ALONE` its record, measured in a process of its own."""
    from alone import ALONE

    for number, row in enumerate(ALONE):
        if not wanted or any(w in row.name.lower() for w in wanted):
            command = [sys.executable, __file__, "--alone", str(number), "--rounds", str(rounds)]
            output = subprocess.run(
                command, env=environment(threads), check=True, capture_output=True, text=True
            ).stdout
            yield row.name, json.loads(output)


def line(name: str, r: dict) -> str:
    """Lay out one record as a line of the first or third table."""
    times = f"{r['fast_us']:>10,.0f} {r['textbook_us']:>12,.0f}"
    return f"{name:<64} {times} {r['ratio']:>7.2f}   {r['low']:.2f} to {r['high']:.2f}"


def print_forms(forms: dict[str, list[dict]]) -> None:
    """Print the second table."""
    print(f"{'fast form of':<24} {'ratio':>6} {'of the step':>12}   in the row")
    fast = ideas_with_fast_forms()
    for idea in sorted(forms):
        best = forms[idea][0]
        if idea in fast or not idea.endswith("Op"):
            print(f"{idea:<24} {best['ratio']:>6.2f} {best['share']:>12.1%}   {best['row']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--rows", default="", help="only rows whose name contains one of these")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the records to this file too")
    parser.add_argument("--operations", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--alone", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    for number, measure in ((args.operations, operations), (args.alone, alone)):
        if number is not None:
            print(json.dumps(measure(number, args.rounds)))
            return
    wanted = [w.lower() for w in args.rows.split(",") if w]
    numbers = [
        i for i, r in enumerate(ROWS) if not wanted or any(w in r.name.lower() for w in wanted)
    ]
    heading = f"{'fast µs':>10} {'textbook µs':>12} {'ratio':>7}   spread"
    rows, forms, singles = {}, {}, {}
    if numbers:
        print(f"{'training step':<64} {heading}")
        for name, r in whole_steps(numbers, args.rounds, args.threads):
            rows[name] = r
            print(line(name, r), flush=True)
        mean = statistics.geometric_mean(r["ratio"] for r in rows.values())
        print(f"{'geometric mean':<87} {mean:>7.2f}\n")
        forms = form_by_form(numbers, args.rounds, args.threads)
        print_forms(forms)
        print()
    print(f"{'alone':<64} {heading}")
    for name, r in each_alone(wanted, args.rounds, args.threads):
        singles[name] = r
        print(line(name, r), flush=True)
    with_row = forms.keys() | {name.split(",")[0] for name in singles}
    if not wanted and (missing := sorted(ideas_with_fast_forms() - with_row)):
        print("in no row:", ", ".join(missing))
    if args.json:
        record = {"rows": rows, "forms": forms, "alone": singles}
        args.json.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
