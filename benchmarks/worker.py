"""One library in one process: reads a row's number and a repeat count, answers with a time.

Started by `run.py`, which keeps one worker per library and asks them in turn, so that whatever
else the machine is doing hits both sides alike.
"""

import json
import sys
import time

from rows import ROWS


def main() -> None:
    library = sys.argv[1]
    if library == "torch":
        import torch

        torch.set_num_threads(int(sys.argv[2]))
    steps = {}
    for line in sys.stdin:
        number, repeats = json.loads(line)
        if number not in steps:
            steps[number] = getattr(ROWS[number], library)()
            for _ in range(5):
                steps[number]()
        step = steps[number]
        start = time.perf_counter()
        for _ in range(repeats):
            step()
        print((time.perf_counter() - start) / repeats, flush=True)


if __name__ == "__main__":
    main()
