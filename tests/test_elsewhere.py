"""What other systems lack is not needed: Windows, WebAssembly, a console that knows few characters.

The packages run on Linux here. So the calls that the others lack are taken away before the packages
are imported, and a program uses every part that touches the system.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

# NumPy and rich, which bring their own care for other systems, are imported before.
WITHOUT = {
    "windows": """
import os, signal, sys
import numpy, rich.console
import multiprocessing, pathlib, shutil, subprocess, tempfile
sys.modules["fcntl"] = sys.modules["resource"] = sys.modules["termios"] = None
for name in ("sched_getaffinity", "getloadavg", "chown", "fchmod", "geteuid", "getegid", "getuid",
             "O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC", "uname", "fork", "killpg", "getpgid"):
    if hasattr(os, name):
        delattr(os, name)
sys.platform = "win32"
""",
    "webassembly": """
import os, sys, threading
import numpy, rich.console
sys.modules["fcntl"] = sys.modules["resource"] = None
for name in ("sched_getaffinity", "getloadavg", "fork"):
    if hasattr(os, name):
        delattr(os, name)
def refuse(self):
    raise RuntimeError("can't start new thread")
threading.Thread.start = refuse
sys.platform = "emscripten"
""",
}

PROGRAM = """
from pathlib import Path
import numpy as np
import neural_net_viz as viz
from neural_net_core import Dense, MSELoss, Sequential, Tanh, seed
from neural_net_layers import LSTM, Conv2D, SelfAttention
from neural_net_optim import Adam
import neural_net_utils as utils

seed(0)
folder = Path("made")
folder.mkdir()
x = np.linspace(-1, 1, 64, dtype=np.float32).reshape(-1, 1)
data = utils.ArrayDataset(x, x**2)


def run(epochs, resume_from=None):
    model = Sequential(Dense(1, 300), Tanh(), Dense(300, 1))
    return utils.fit(
        model, MSELoss(), Adam(model.parameters(), lr=1e-2),
        utils.DataLoader(data, batch_size=8, shuffle=True),
        epochs=epochs,
        validation=utils.DataLoader(data, batch_size=8),
        callbacks=[
            utils.ModelCheckpoint(folder, monitor="val_loss"), utils.CSVLogger(folder / "log.csv")
        ],
        resume_from=resume_from,
    )


history = run(epochs=4)
assert history["loss"][-1] < history["loss"][0]
assert len(run(epochs=5, resume_from=utils.latest_checkpoint(folder))["loss"]) == 5
viz.training_curves({"loss": history["loss"]}).save(folder / "curve.svg")
# Large enough for work to be shared between threads, where there are any.
big = Adam([p for p in Sequential(Dense(1500, 1500)).parameters()])
for p in big.param_groups[0]["params"]:
    p.grad = np.ones_like(p.data)
big.step()
LSTM(8, 64)(np.ones((64, 20, 8), np.float32))
Conv2D(8, 16, 3)(np.ones((16, 8, 32, 32), np.float32))
SelfAttention(64, 4)(np.ones((2, 300, 64), np.float32))
utils.doctor()
print("done")
"""


@pytest.mark.parametrize(
    ("system", "encoding"), [("windows", "cp1252"), ("windows", "ascii"), ("webassembly", "utf-8")]
)
def test_a_run_needs_nothing_that_this_system_lacks(
    system: str, encoding: str, tmp_path: Path
) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT[system] + PROGRAM],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        encoding=encoding,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "done"
