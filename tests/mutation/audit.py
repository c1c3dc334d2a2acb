"""Breaks source files in small ways, one at a time, and reports what the tests do not notice.

    python tests/mutation/audit.py                       # all of neural-net-optim, core's losses
    python tests/mutation/audit.py optim/adam.py -v      # one file, listing every mutant
    python tests/mutation/audit.py --quick core/losses   # a folder; what might survive, in a hurry
    python tests/mutation/audit.py --sample 60 layers/recurrent   # at most 60 mutants of each file

A mutant is the file with one change: another operator, comparison, constant, sign or condition, a
swapped pair of arguments, a statement left out. It is killed if a test of the mirrored test file
(and of those shared, see `mirrors.py`) fails. Survivors are holes in the tests, unless the change
makes no difference that a test could see; those are listed in `explained.toml` with the reason.

No file is ever written. First the tests are collected and run once. Then for each mutant a forked
child gives the loaded module its new code and runs the tests that enter the changed function, with
the last one that found a change before the others (`Forks`). What survives that is served by an
import hook to a child that imports and collects everything anew (`thorough`), since values made
while importing may have been the old ones. Exit status 1 if there are survivors that nobody has
explained.
"""

import argparse
import gc
import importlib.abc
import importlib.machinery
import importlib.util
import json
import mmap
import os
import random
import resource
import signal
import sys
import tempfile
import threading
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType
from typing import TextIO

import numpy  # noqa: F401  (loaded once, before the forks)
import pytest
from mirrors import DEFAULT, tests_of
from mutants import Mutant, mutants
from patch import NotAFunction, changed_functions, patch, transplant

ROOT = Path(__file__).parents[2]
CPU_SECONDS = 40  # a mutant that computes for ever is killed
WALL_SECONDS = 300  # and one that waits for ever
FIRST = 600, 3600  # the same two limits for all tests and the files unchanged
MEMORY = 4 << 30  # bytes; a wrong size must not take the machine's memory


def forked(
    work: Callable[[], int], cpu_seconds: float = CPU_SECONDS, wall_seconds: float = WALL_SECONDS
) -> int:
    """Return the exit status of a function run in a forked child, in silence."""
    child = os.fork()
    if child == 0:
        status = 99
        try:
            signal.setitimer(signal.ITIMER_PROF, cpu_seconds)  # whose signal ends the process
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            status = work()
        finally:
            os._exit(status)
    deadline = time.monotonic() + wall_seconds
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -signal.SIGKILL


@dataclass
class Source:
    """One file to audit.

    Attributes:
        short: Its name in reports, such as `optim/adam.py`.
        module: The name under which it is imported.
        path: Where it is.
        tests: The test files that should notice a change, its own first.
        mutants: All its mutants.
    """

    short: str
    module: str
    path: Path
    tests: list[Path]
    mutants: list[Mutant]

    def concerned(self, items: list[pytest.Item]) -> list[pytest.Item]:
        """Return the tests of its files, without gradient checks of other files' operations."""
        # What a private file does is seen in the operations of its neighbours, and what a fast form
        # does in that of its idea, which stands elsewhere.
        family = self.module.rpartition("._")[0] or self.module.partition(".fast.")[0]
        found = []
        for path in self.tests:
            for item in items:
                op = getattr(getattr(item, "callspec", None), "params", {}).get("op")
                foreign = isinstance(op, type) and not op.__module__.startswith(family)
                if item.path == path and not foreign:
                    found.append(item)
        # Those with many examples last: most mutants are killed before.
        return sorted(found, key=lambda item: hasattr(item.obj, "hypothesis"))


class Examples:
    """A pytest plugin: the same Hypothesis examples for every mutant, and no search for smaller."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self) -> None:
        from hypothesis import Phase, settings

        phases = [Phase.explicit, Phase.generate]
        settings.register_profile("audit", settings.get_profile("ci"), phases=phases)


class Selection(Examples):
    """A pytest plugin that keeps the tests that concern one source."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def pytest_collection_modifyitems(self, items: list) -> None:
        items[:] = self.source.concerned(items)


class Forks(Examples):
    """A pytest plugin that runs the tests concerned in a forked child for every mutant."""

    def __init__(self, sources: list[Source], write: Callable) -> None:
        self.sources, self.write = sources, write
        # Written by a child, read here: which of its tests failed.
        self.failed = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("i")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        gc.collect()
        gc.freeze()  # or every child's collections would copy the whole memory
        # The unchanged files first: their tests have to pass. Then nothing may take much longer.
        with tempfile.TemporaryFile("w+") as file:
            passed = forked(partial(self.watched, session, file), *FIRST) == 0
            file.seek(0)
            runs = {item: json.loads(line) for item, line in zip(session.items, file, strict=False)}
        for source in self.sources:
            items = source.concerned(session.items) if passed else []
            self.write(f"{int(not items)}\n")
            entered = [set(runs[item]["entered"].get(source.module, [])) for item in items]
            seconds = [runs[item]["seconds"] for item in items]
            limits = 0.5 + 3 * sum(cpu for cpu, _ in seconds), 20 + 10 * sum(w for _, w in seconds)
            original = compile(source.path.read_text(encoding="utf-8"), str(source.path), "exec")
            order = list(range(len(entered)))
            for mutant in source.mutants if items else []:
                functions = functions_with_change(original, mutant.code)
                some = [i for i in order if entered[i] & functions] if functions else []
                chosen = [items[i] for i in some or order]
                work = partial(self.tested, session, chosen, source, original, mutant.code)
                status = forked(work, *limits)
                self.write(f"{status}\n")
                killer = (some or order)[self.failed[0]] if status == 1 else None
                if killer is not None and not hasattr(items[killer].obj, "hypothesis"):
                    # It is likely to kill the next one too, which is most often on the same line.
                    order.remove(killer)
                    order.insert(0, killer)
        return True

    def watched(self, session: pytest.Session, file: TextIO) -> int:
        """Return 1 if a test fails; write what each takes, and which functions it enters.

        A function is the line of its module where it begins.
        """
        modules = {sys.modules[source.module].__file__: source.module for source in self.sources}
        entered = defaultdict[str, set[int]](set)

        def watch(frame: FrameType, event: str, argument: object) -> None:
            if event == "call" and frame.f_code.co_filename in modules:
                entered[modules[frame.f_code.co_filename]].add(frame.f_code.co_firstlineno)

        threading.setprofile(watch)
        sys.setprofile(watch)
        for i, item in enumerate(session.items):
            entered.clear()
            before = time.process_time(), time.monotonic()
            following = session.items[i + 1] if i + 1 < len(session.items) else None
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed:
                return 1
            seconds = time.process_time() - before[0], time.monotonic() - before[1]
            lines = {module: sorted(found) for module, found in entered.items()}
            print(json.dumps({"seconds": seconds, "entered": lines}), file=file)
        file.flush()
        return 0

    def tested(
        self,
        session: pytest.Session,
        items: list[pytest.Item],
        source: Source,
        original: CodeType,
        code: CodeType,
    ) -> int:
        """Return 1 if a test fails with the changed code in place, or it cannot be loaded."""
        self.failed[0] = 0
        module = sys.modules[source.module]
        try:
            for name, old, new in changed_functions(original, code):
                patch(module, name, old, new)
        except NotAFunction:
            try:
                transplant(module, code)
            except NotAFunction:
                return 0  # not known yet
        for i, item in enumerate(items):
            following = items[i + 1] if i + 1 < len(items) else None
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed:
                self.failed[0] = i
                return 1
        return 0


def functions_with_change(original: CodeType, code: CodeType) -> set[int]:
    """Return the first lines of the functions changed and those inside; none if it is elsewhere."""
    try:
        waiting = [old for _, old, _ in changed_functions(original, code)]
    except NotAFunction:
        return set()
    found = set()
    while waiting:
        function = waiting.pop()
        found.add(function.co_firstlineno)
        waiting += [inner for inner in function.co_consts if isinstance(inner, CodeType)]
    return found


def arguments_of(tests: list[Path]) -> list[str]:
    """Return pytest's command line."""
    options = ["-x", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=no"]
    return [*options, "--hypothesis-profile=audit", *map(str, tests)]


def quick(sources: list[Source]) -> Iterator[list[int]]:
    """Yield for each file its mutants' statuses, after that of the file as it is.

    The tests of all are collected once.
    """
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(out)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        write = lambda text: os.write(into, text.encode())  # noqa: E731
        tests = list(dict.fromkeys(path for source in sources for path in source.tests))
        os._exit(int(pytest.main(arguments_of(tests), plugins=[Forks(sources, write)])))
    os.close(into)
    with os.fdopen(out) as lines:
        for source in sources:
            yield [int(line) for line in islice(lines, 1 + len(source.mutants))]
    os.waitpid(child, 0)


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


def thorough(source: Source, mutant: Mutant) -> int:
    """Return the status of a mutant whose file is imported with the change."""

    def work() -> int:
        sys.meta_path.insert(0, Served(source.module, source.path, mutant.code))
        return int(pytest.main(arguments_of(source.tests), plugins=[Selection(source)]))

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


def main() -> int:
    """Audit the files and print what survived."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", default=DEFAULT)
    parser.add_argument("-v", "--verbose", action="store_true", help="list the killed ones too")
    parser.add_argument(
        "--sample", type=int, help="of each file so many, drawn; the same each time"
    )
    parser.add_argument("--quick", action="store_true", help="the first pass and own tests only")
    arguments = parser.parse_args()
    explained = tomllib.loads((Path(__file__).parent / "explained.toml").read_text("utf-8"))
    sources = [
        Source(
            short,
            module,
            path,
            tests_of(short, with_shared=not arguments.quick),
            sample(list(mutants(path.read_text(encoding="utf-8"), str(path))), arguments.sample),
        )
        for name in arguments.files
        for short, module, path in locate(name)
    ]
    counts = Counter[str]()
    for source, statuses in zip(sources, quick(sources), strict=True):
        if len(statuses) != 1 + len(source.mutants) or statuses[0] != 0:
            print(f"{source.short}: no tests, or they fail without any change")
            return 2
        reasons = explained["*"] | explained.get(source.short, {})
        results = Counter[str]()
        for mutant, status in zip(source.mutants, statuses[1:], strict=True):
            result = "killed"
            if status == 0 and any(fits(pattern, str(mutant)) for pattern in reasons):
                result = "explained"
            elif status == 0 and (arguments.quick or thorough(source, mutant) == 0):
                result = "survived"
            results[result] += 1
            if result == "survived" or arguments.verbose:
                print(f"  {result:<10}{source.short}:{mutant}", flush=True)
        print(f"{source.short}: {report(results)}", flush=True)
        counts += results
    print(report(counts))
    return 1 if counts["survived"] else 0


def sample(found: list[Mutant], size: int | None) -> list[Mutant]:
    """Return so many of the mutants of a file, in their order; all of them if there are no more."""
    if size is None or size >= len(found):
        return found
    drawn = random.Random(0).sample(range(len(found)), size)
    return [found[i] for i in sorted(drawn)]


def fits(pattern: str, line: str) -> bool:
    """Tell whether a line holds all parts of a pattern, which are separated by dots."""
    return all(part in line for part in pattern.split(" ... "))


def report(counts: Counter[str]) -> str:
    """Return the numbers in words."""
    parts = ", ".join(
        f"{counts[result]} {result}" for result in ("killed", "explained", "survived")
    )
    return f"{counts.total()} mutants: {parts}"


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
