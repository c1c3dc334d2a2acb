"""Whether recorded steps have the bits of the steps as they are written, and what a record costs.

    python benchmarks/recorded.py [--steps 3000] [--seconds 60] [--rows XOR,MLP] [--json FILE]

For each row two models are made from one seed. One is trained by the step as it is written, the
other by `RecordedStep`, on batches that change from step to step; after every step the bits of the
loss are compared, and at last those of all parameters, buffers and of the optimizer's state. A row
ends after `--steps` steps or `--seconds` seconds. Beside that: how many calls of NumPy a record
makes, the memory that it plans, and how long the calls took in which it was recorded and proven.
"""

import argparse
import json
import re
import time
from pathlib import Path

import numpy as np
from rows import ROWS, Parts

import neural_net_core as nn
from neural_net_utils import RecordedStep


def compare(number: int, steps: int, seconds: float) -> dict:
    """Train two models of a row and return what was found."""
    eager, other = _made(number), _made(number)
    step = RecordedStep(other.loss_of, model=other.model, optimizer=other.optimizer)
    rng, start = np.random.default_rng(0), time.perf_counter()
    recording, count, replayed, same = 0.0, 0, 0, True
    while count < steps and time.perf_counter() - start < seconds and same:
        inputs = tuple(_moved(rng, x) for x in eager.inputs)
        eager.optimizer.zero_grad()
        value = eager.loss_of(*inputs)
        value.backward()
        eager.optimizer.step()
        begin = time.perf_counter()
        loss = step(*inputs)
        if step.why_eager is None:
            replayed += 1
        else:
            recording += time.perf_counter() - begin
        same = loss.data.tobytes() == value.data.tobytes()
        count += 1
    same = same and _bits(eager) == _bits(other)
    lines = repr(step).splitlines()[1:]
    proven = re.search(r"([\d,]+) calls, ([\d,]+) bytes, proven", repr(step))
    calls, size = (int(x.replace(",", "")) for x in proven.groups()) if proven else (0, 0)
    return {
        "row": ROWS[number].name,
        "steps": count,
        "replayed": replayed,
        "same": same,
        "recording_s": recording,
        "calls": calls,
        "bytes": size,
        "record": "; ".join(line.strip() for line in lines),
        "why_eager": step.why_eager,
    }


def _made(number: int) -> Parts:
    nn.seed(0)
    return ROWS[number].parts()


def _moved(rng: np.random.Generator, x: object) -> object:
    """Return an input of another batch: its numbers in another order."""
    array = x.data if isinstance(x, nn.Tensor) else x
    new = rng.permutation(array.reshape(-1)).reshape(array.shape)
    return nn.Tensor(new) if isinstance(x, nn.Tensor) else new


def _bits(parts: Parts) -> list[bytes]:
    state = parts.optimizer.state_dict()["state"]
    arrays = [*parts.model.state_dict().values()]
    arrays += [x for entry in state.values() for x in entry.values()]
    return [np.asarray(x).tobytes() for x in arrays]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rows", default="", help="only rows whose name contains one of these")
    parser.add_argument("--json", type=Path, help="write the records to this file too")
    args = parser.parse_args()
    wanted = [w.lower() for w in args.rows.split(",") if w]
    records = []
    for number, row in enumerate(ROWS):
        if wanted and not any(w in row.name.lower() for w in wanted):
            continue
        if not isinstance(row.parts(), Parts):
            continue  # an operation or an update alone
        record = compare(number, args.steps, args.seconds)
        print(
            f"{record['row']:<50} {record['steps']:>5} steps, {record['replayed']:>5} replayed, "
            f"{'the same bits' if record['same'] else 'OTHER BITS'}; recorded in "
            f"{record['recording_s']:.2f} s; {record['record']}",
            flush=True,
        )
        records.append(record)
    if args.json:
        args.json.write_text(json.dumps({"rows": records}, indent=2) + "\n")


if __name__ == "__main__":
    main()
