"""Breaks source files in small ways, one at a time, and reports what the tests do not notice.

    python tests/mutation/audit.py                       # optimizers, schedules, clipping, averages
    python tests/mutation/audit.py optim/adam.py -v      # one file, listing every mutant
    python tests/mutation/audit.py core/losses           # a folder of another package

A mutant is the file with one change: another operator, comparison, constant, sign or condition, a
swapped pair of arguments, a statement left out. It is killed if a test of the mirrored test file
(and of those in SHARED) fails. Survivors are holes in the tests, unless the change makes no
difference that a test could see; those are listed in `explained.toml` with the reason.

No file is ever written. First the tests are collected once, and for each mutant a forked child
gives the loaded module its new code and runs them (`Forks`). What survives that is served by an
import hook to a child that imports and collects everything anew (`thorough`), since values made
while importing may have been the old ones. Exit status 1 if there are survivors that nobody has
explained.
"""

import argparse
import importlib.abc
import importlib.machinery
import importlib.util
import os
import resource
import signal
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import CodeType

import numpy  # noqa: F401  (loaded once, before the forks)
import pytest
from mutants import Mutant, mutants
from patch import NotAFunction, changed_functions, patch, transplant

ROOT = Path(__file__).parents[2]
DEFAULT = [
    *("optim/" + name for name in ("sgd.py", "adam.py", "adamw.py", "adagrad.py", "adadelta.py")),
    *("optim/" + name for name in ("rmsprop.py", "adamax.py", "nadam.py", "radam.py", "lion.py")),
    *("optim/" + name for name in ("lamb.py", "adafactor.py", "muon.py", "lookahead.py")),
    *("optim/" + name for name in ("clipping.py", "penalties.py", "accumulation.py", "limits.py")),
    *("optim/" + name for name in ("optimizer.py", "elementwise.py", "tensorwise.py")),
    *("optim/" + name for name in ("_flat.py", "_slot.py", "_loading.py", "_threads.py")),
    "optim/schedules",
    "optim/averaging",
    "core/losses",
]
# Tests that look at every file of a package or folder, besides the mirrored one.
SHARED = {
    "optim/schedules": ["schedules/test_scheduler.py"],
    "optim/averaging": ["averaging/test_weights.py"],
    "optim": ["test_recorded.py", "test_optimizer.py", "test_resume.py"],
    "core/losses": ["losses/test_every_loss.py", "test_gradcheck_table.py", "test_recorded.py"],
}
# Files without a mirror of their own.
MIRROR = {
    "optim/_slot.py": ["test_optimizer.py"],
    "optim/_loading.py": ["test_optimizer.py"],
    "optim/optimizer.py": ["test_optimizer.py", "test_elementwise.py", "test_sgd.py"],
    "optim/elementwise.py": ["test_elementwise.py", "test_nadam.py"],
    "optim/_flat.py": ["test_flat.py", "test_elementwise.py"],
    "core/losses/_loss.py": ["losses/test_every_loss.py"],
    "core/losses/_classes.py": ["losses/test_every_loss.py"],
}
CPU_SECONDS = 40  # a mutant that computes for ever is killed
WALL_SECONDS = 300  # and one that waits for ever
MEMORY = 4 << 30  # bytes; a wrong size must not take the machine's memory


def forked(work: Callable[[], int]) -> int:
    """Return the exit status of a function run in a forked child, in silence."""
    child = os.fork()
    if child == 0:
        status = 99
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            status = work()
        finally:
            os._exit(status)
    deadline = time.monotonic() + WALL_SECONDS
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -signal.SIGKILL


class Selection:
    """A pytest plugin that drops the gradient checks of other files' operations."""

    def __init__(self, module: str) -> None:
        self.module = module

    def pytest_collection_modifyitems(self, items: list) -> None:
        operations = [getattr(item, "callspec", None) for item in items]
        items[:] = [
            item
            for item, call in zip(items, operations, strict=True)
            if not call
            or not isinstance(op := call.params.get("op"), type)
            # What a private file does is seen in the operations of its neighbours.
            or op.__module__.startswith(self.module.rpartition("._")[0] or self.module)
        ]


class Forks:
    """A pytest plugin that runs the collected tests in a forked child for every mutant."""

    def __init__(self, module: str, path: Path, codes: list[CodeType], write: Callable) -> None:
        self.module, self.path, self.codes, self.write = module, path, codes, write

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        source = self.path.read_text(encoding="utf-8")
        original = compile(source, str(self.path), "exec")
        for code in [original, *self.codes]:
            self.write(f"{forked(lambda c=code: self.tested(session, original, c))}\n")
        return True

    def tested(self, session: pytest.Session, original: CodeType, code: CodeType) -> int:
        """Return 1 if a test fails with the changed code in place, or it cannot be loaded."""
        module = sys.modules[self.module]
        try:
            for name, function in changed_functions(original, code):
                patch(module, name, function)
        except NotAFunction:
            try:
                transplant(module, code)
            except NotAFunction:
                return 0  # not known yet
        for i, item in enumerate(session.items):
            following = session.items[i + 1] if i + 1 < len(session.items) else None
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed:
                return 1
        return 0


def arguments_of(tests: list[Path]) -> list[str]:
    """Return pytest's command line; the same Hypothesis examples for every mutant."""
    options = ["-x", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=no"]
    return [*options, "--hypothesis-profile=ci", *map(str, tests)]


def quick(module: str, path: Path, codes: list[CodeType], tests: list[Path]) -> list[int]:
    """Return the status of the unchanged file and of each mutant, collecting the tests once."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(out)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        write = lambda text: os.write(into, text.encode())  # noqa: E731
        plugins = [Selection(module), Forks(module, path, codes, write)]
        os._exit(int(pytest.main(arguments_of(tests), plugins=plugins)))
    os.close(into)
    with os.fdopen(out) as lines:
        statuses = [int(line) for line in lines]
    os.waitpid(child, 0)
    return statuses


class Served(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives changed code to whoever imports the module."""

    def __init__(self, name: str, path: Path, code: CodeType) -> None:
        self.name, self.path, self.code = name, path, code

    def find_spec(self, name: str, path: object, target: object = None) -> object:
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)

    def exec_module(self, module: object) -> None:
        exec(self.code, vars(module))  # noqa: S102


def thorough(module: str, path: Path, code: CodeType, tests: list[Path]) -> int:
    """Return the status of a mutant whose file is imported with the change."""

    def work() -> int:
        sys.meta_path.insert(0, Served(module, path, code))
        return int(pytest.main(arguments_of(tests), plugins=[Selection(module)]))

    return forked(work)


def locate(short: str) -> list[tuple[str, str, Path]]:
    """Return (short name, module name, path) of a file or of all files of a folder."""
    package, _, rest = short.partition("/")
    base = ROOT / f"packages/neural-net-{package}/src/neural_net_{package}"
    path = base / rest
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    found = []
    for file in files:
        if file.name == "__init__.py":
            continue
        relative = file.relative_to(base)
        module = ".".join((base.name, *relative.with_suffix("").parts))
        found.append((f"{package}/{relative.as_posix()}", module, file))
    return found


def tests_of(short: str) -> list[Path]:
    """Return the test files that should notice a change of a file: its own, then the shared."""
    package, _, rest = short.partition("/")
    base = ROOT / f"packages/neural-net-{package}/tests"
    path = Path(rest)
    names = list(MIRROR.get(short, [(path.parent / f"test_{path.stem.lstrip('_')}.py").as_posix()]))
    for folder, shared in SHARED.items():
        if short.startswith(folder + "/"):
            names += shared
    return [base / name for name in dict.fromkeys(names) if (base / name).exists()]


def audit(
    short: str, module: str, path: Path, only_quick: bool
) -> tuple[list[Mutant], list[Mutant]] | None:
    """Return all mutants of a file and those that survive; None if its tests fail by themselves."""
    tests = tests_of(short)
    every = list(mutants(path.read_text(encoding="utf-8"), str(path)))
    statuses = quick(module, path, [mutant.code for mutant in every], tests)
    if len(statuses) != len(every) + 1 or statuses[0] != 0:
        return None
    left = [mutant for mutant, status in zip(every, statuses[1:], strict=True) if status == 0]
    return every, [m for m in left if only_quick or thorough(module, path, m.code, tests) == 0]


def main() -> int:
    """Audit the files and print what survived."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", default=DEFAULT)
    parser.add_argument("-v", "--verbose", action="store_true", help="list the killed ones too")
    parser.add_argument("--quick", action="store_true", help="the first pass only")
    arguments = parser.parse_args()
    explained = tomllib.loads((Path(__file__).parent / "explained.toml").read_text("utf-8"))
    total = excused = alive = 0
    for short, module, path in [entry for name in arguments.files for entry in locate(name)]:
        if not module.startswith("neural_net_core"):
            import neural_net_core  # noqa: F401  (once, as it stays as it is)
        started = time.monotonic()
        result = audit(short, module, path, arguments.quick)
        if result is None:
            print(f"{short}: no tests, or they fail without any change")
            return 2
        every, survivors = result
        reasons = explained.get(short, {})
        open_ = [m for m in survivors if not any(pattern in str(m) for pattern in reasons)]
        for mutant in every:
            if mutant in open_ or (arguments.verbose and mutant not in survivors):
                print(f"  {'survived' if mutant in open_ else 'killed  '}  {short}:{mutant}")
        seconds = time.monotonic() - started
        print(
            f"{short}: {len(every)} mutants, {len(survivors) - len(open_)} explained, "
            f"{len(open_)} survived, {seconds:.0f} s",
            flush=True,
        )
        total += len(every)
        excused += len(survivors) - len(open_)
        alive += len(open_)
    print(
        f"{total} mutants: {total - excused - alive} killed, {excused} explained, {alive} survived"
    )
    return 1 if alive else 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
