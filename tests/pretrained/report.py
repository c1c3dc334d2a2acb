"""Print, for each network that others trained: lines of code, largest difference, and time.

    python tests/pretrained/report.py

Ours and the reference take turns, with one thread; times are of the process, not of the clock.
"""

import ast
import math
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import minilm
import mtcnn
import numpy as np
import references
import silero
import torch

from neural_net_core import no_grad
from neural_net_core.dtypes import Array
from neural_net_utils import from_hugging_face

HERE = Path(__file__).parent
Run = Callable[[], Any]


def lines(path: Path, *names: str) -> int:
    """Count the lines of definitions in a file, without blank lines, comments and docstrings."""
    text = path.read_text(encoding="utf-8")
    rows = text.splitlines()
    found: set[int] = set()
    docstrings: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if getattr(node, "name", None) in names:
            found |= set(range(node.lineno, node.end_lineno + 1))
        first = getattr(node, "body", None)
        start = first[0] if isinstance(first, list) and first else None
        if isinstance(start, ast.Expr) and isinstance(start.value, ast.Constant):
            docstrings |= set(range(start.lineno, (start.end_lineno or 0) + 1))
    code = (rows[i - 1].strip() for i in sorted(found - docstrings))
    return sum(bool(row) and not row.startswith("#") for row in code)


def seconds(run: Run, times: int) -> float:
    """Return what one of several calls takes."""
    start = time.process_time()
    for _ in range(times):
        run()
    return (time.process_time() - start) / times


def measured(ours: Run, theirs: Run, rounds: int = 15) -> tuple[float, float, float]:
    """Return the medians of both, and of their ratio, of rounds in which they take turns."""
    times = max(1, math.ceil(0.05 / max(seconds(ours, 2), 1e-6)))
    seconds(theirs, 2)
    pairs = [(seconds(ours, times), seconds(theirs, times)) for _ in range(rounds)]
    mine, other = zip(*pairs, strict=True)
    return median(mine), median(other), median(a / b for a, b in pairs)


def arrays(outputs: Any) -> list[Array]:
    """Return outputs, of either side, as arrays."""
    outputs = outputs if isinstance(outputs, (tuple, list)) else [outputs]
    return [np.asarray(getattr(y, "data", y)) for y in outputs]


def row(name: str, code: int, their_code: int, ours: Run, theirs: Run) -> str:
    """Return one line of the table."""
    pairs = zip(arrays(ours()), arrays(theirs()), strict=True)
    worst = max(float(np.abs(a - b).max()) for a, b in pairs)
    mine, other, ratio = measured(ours, theirs)
    return (
        f"| {name} | {code} | {their_code} | {worst:.1e} "
        f"| {1e3 * mine:.2f} | {1e3 * other:.2f} | {ratio:.2f} |"
    )


def mtcnn_rows() -> list[str]:
    """P-Net on one image, the other two on 32 proposals."""
    shapes = {"PNet": (1, 3, 240, 320), "RNet": (32, 3, 24, 24), "ONet": (32, 3, 48, 48)}
    path = references.folder("facenet_pytorch") / "models/mtcnn.py"
    found = []
    for name, shape in shapes.items():
        theirs = references.mtcnn()[name]
        own = getattr(mtcnn, name)()
        own.load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
        x = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
        given = torch.from_numpy(x)
        helper = [] if name == "PNet" else ["in_their_order"]
        code = lines(HERE / "mtcnn.py", name, *helper), lines(path, name)
        what = f"MTCNN {name} {shape}, PyTorch"
        found.append(row(what, *code, lambda m=own, x=x: m(x), lambda m=theirs, x=given: m(x)))  # type: ignore[misc]
    return found


def silero_rows() -> list[str]:
    """One second of sound, step by step, with each file's weights."""
    sound = np.random.default_rng(0).normal(0, 0.1, (1, 31 * 512)).astype(np.float32)
    states = references.silero_states()
    code = lines(HERE / "silero.py", "SileroVAD")
    theirs = lines(references.folder("silero_vad") / "tinygrad_model.py", "TinySileroVAD")
    runs = {
        "safetensors, PyTorch": references.TorchSilero(states["safetensors"]).probabilities,
        "jit, TorchScript": references.silero_jit(),
        "onnx, onnxruntime": references.silero_onnx(),
    }
    found = []
    for name, run in runs.items():
        model = silero.SileroVAD()
        model.load_state_dict(states[name.split(",")[0]])
        ours = lambda m=model: silero.probabilities(m, sound)  # noqa: E731
        found.append(row(f"Silero, 1 s, {name}", code, theirs, ours, lambda r=run: r(sound)))  # type: ignore[misc]
    return found


def minilm_rows() -> list[str]:
    """Sentences of 20 tokens, one and eight at once."""
    place = references.minilm_folder()
    model, theirs = minilm.load(place), references.torch_embedder(place)
    text = "The quick brown fox jumps over the lazy dog while seven wizards watch in silence today."
    ids = from_hugging_face(place).encode(text, lengths=False)
    code = lines(HERE / "minilm.py", "Bert", "embed"), lines(HERE / "references.py", "TorchBert")
    found = []
    for batch in (1, 8):
        given = np.tile(ids, (batch, 1))
        keep = np.ones(given.shape, bool)
        found.append(
            row(
                f"MiniLM, {batch} × {len(ids)} tokens, PyTorch",
                *code,
                lambda i=given, k=keep: minilm.embed(model, i, k),
                lambda i=given, k=keep: theirs(i, k),
            )
        )
    return found


def main() -> None:
    """Print the table."""
    print("| network | lines | reference | difference | ms | reference | ratio |")
    print("|---|---|---|---|---|---|---|")
    with no_grad(), torch.no_grad():
        for rows in (mtcnn_rows, silero_rows, minilm_rows):
            print("\n".join(rows()), flush=True)


if __name__ == "__main__":
    main()
