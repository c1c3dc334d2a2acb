"""Breaks source files in small ways, one at a time, and reports what the tests do not notice.

    python tests/mutation/audit.py                       # optimizers, schedules, clipping, averages
    python tests/mutation/audit.py optim/adam.py -v      # one file, listing every mutant
    python tests/mutation/audit.py core/losses           # a folder of another package

A mutant is the file with one change: another operator, comparison, constant, sign or condition, a
swapped pair of arguments, a statement left out. It is killed if a test of the mirrored test file
(and of those in SHARED) fails. Survivors are holes in the tests, unless the change makes no
difference that a test could see; those are listed in `explained.toml` with the reason.

Each mutant runs in a forked child, in which an import hook serves the changed source, so no file
is ever written. Exit status 1 if there are survivors that nobody has explained.
"""

import argparse
import ast
import copy
import importlib.abc
import importlib.machinery
import importlib.util
import io
import os
import signal
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

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
]
# Tests that look at every file of a package, besides the mirrored one.
SHARED = {"optim": ["test_optimizer.py", "schedules/test_scheduler.py"]}
# Files without a mirror of their own.
MIRROR = {
    "optim/_slot.py": ["test_optimizer.py"],
    "optim/_loading.py": ["test_optimizer.py"],
    "optim/optimizer.py": ["test_optimizer.py", "test_elementwise.py", "test_sgd.py"],
    "optim/elementwise.py": ["test_elementwise.py", "test_nadam.py"],
    "optim/_flat.py": ["test_flat.py", "test_elementwise.py"],
}
TIMEOUT = 60  # seconds; a mutant that never ends is killed

ARITHMETIC = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
}
COMPARISONS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
REVERSED = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE}
NAMES = {"min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "all": "any"}
NAMES |= {"any": "all", "sqrt": "abs", "zeros_like": "ones_like", "zeros": "ones", "sin": "cos"}
NAMES |= {"cos": "sin", "exp": "abs", "log": "abs"}
ORDERED = {"subtract", "divide", "power"}  # calls whose first two arguments may be swapped


@dataclass
class Mutant:
    """One change of one file."""

    line: int
    before: str
    after: str
    tree: ast.Module

    def __str__(self) -> str:
        return f"{self.line}: {self.before}  ->  {self.after}"


def variants(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the changed forms of one node (not of what is below it)."""
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in ARITHMETIC:
        changed = copy.deepcopy(node)
        changed.op = ARITHMETIC[type(node.op)]()
        yield changed
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield node.operand
    elif isinstance(node, ast.BoolOp):
        changed = copy.deepcopy(node)
        changed.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield changed
    elif isinstance(node, ast.Compare):
        for table in (COMPARISONS, REVERSED):
            for i, op in enumerate(node.ops):
                if type(op) in table:
                    changed = copy.deepcopy(node)
                    changed.ops[i] = table[type(op)]()
                    yield changed
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        changed = copy.deepcopy(node)
        changed.test = ast.UnaryOp(ast.Not(), changed.test)
        yield changed
    elif isinstance(node, ast.Constant):
        yield from (ast.Constant(value) for value in other_values(node.value))
    elif isinstance(node, ast.Call):
        yield from call_variants(node)
    if isinstance(node, ast.Expr | ast.AugAssign) or (
        isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name)
    ):
        yield ast.Pass()


def other_values(value: object) -> list[object]:
    """Return what to put in the place of a constant."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1]
    if isinstance(value, float):
        return [value * 2 if value else 1.0]
    return []


def call_variants(node: ast.Call) -> Iterator[ast.AST]:
    """Yield calls of another function, or with the first two arguments swapped."""
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if name in NAMES:
        changed = copy.deepcopy(node)
        if isinstance(changed.func, ast.Attribute):
            changed.func.attr = NAMES[name]
        else:
            changed.func.id = NAMES[name]
        yield changed
    if name in ORDERED and len(node.args) >= 2:
        changed = copy.deepcopy(node)
        changed.args[:2] = changed.args[1], changed.args[0]
        yield changed


class Places(ast.NodeVisitor):
    """Collects the nodes worth changing: code, but no docstrings, annotations or messages."""

    def __init__(self) -> None:
        self.found: list[tuple[ast.AST, str, int | None]] = []

    def generic_visit(self, node: ast.AST) -> None:
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list", "type_comment"):
                continue
            children = value if isinstance(value, list) else [value]
            for i, child in enumerate(children):
                if isinstance(child, ast.AST):
                    self.found.append((node, field, i if isinstance(value, list) else None))
                    self.visit(child)

    def visit_Raise(self, node: ast.Raise) -> None:
        """Leave the text of errors alone."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Leave text alone."""

    def visit_Assign(self, node: ast.Assign) -> None:
        names = {getattr(target, "id", "") for target in node.targets}
        if not names & {"__all__", "__version__"}:
            self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if getattr(node.test, "id", "") != "TYPE_CHECKING":
            self.generic_visit(node)


def mutants(source: str) -> Iterator[Mutant]:
    """Yield every mutant of a source text."""
    tree = ast.parse(source)
    lines = source.splitlines()
    places = Places()
    places.visit(tree)
    for parent, field, i in places.found:
        held = getattr(parent, field)
        node = held if i is None else held[i]
        if is_text(node):
            continue
        for changed in variants(node):
            ast.copy_location(changed, node)
            put(parent, field, i, changed)
            mutated = ast.fix_missing_locations(copy.deepcopy(tree))
            put(parent, field, i, node)
            line = getattr(node, "lineno", 0)
            before, after = ast.unparse(node), ast.unparse(changed)
            where = lines[line - 1].strip() if line else ""
            yield Mutant(line, f"{where}   [{brief(before)}", f"{brief(after)}]", mutated)


def is_text(node: ast.AST) -> bool:
    """Tell whether a node is a docstring or another string, whose removal changes nothing."""
    if isinstance(node, ast.Expr):
        node = node.value
        # A call of super().__init__ or of a method may be left out; a bare constant may not.
        return isinstance(node, ast.Constant)
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def put(parent: ast.AST, field: str, i: int | None, node: ast.AST) -> None:
    """Put a node into its parent."""
    if i is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[i] = node


def brief(code: str) -> str:
    """Return the first line, shortened."""
    first = code.splitlines()[0]
    return first if len(first) <= 60 else first[:57] + "..."


class Served(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives a changed syntax tree to whoever imports the module."""

    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        self.name, self.path, self.tree = name, path, tree

    def find_spec(self, name: str, path: object, target: object = None) -> object:
        if name != self.name:
            return None
        locations = [str(self.path.parent)] if self.path.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(
            name, self.path, loader=self, submodule_search_locations=locations
        )

    def exec_module(self, module: object) -> None:
        exec(compile(self.tree, str(self.path), "exec"), vars(module))  # noqa: S102


def run(name: str, path: Path, tree: ast.Module | None, tests: list[Path]) -> int:
    """Run the tests in a forked child against the changed module; return pytest's status."""
    import pytest

    child = os.fork()
    if child == 0:
        status = 99
        try:
            if tree is not None:
                sys.meta_path.insert(0, Served(name, path, tree))
            options = ["-x", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=no"]
            options.append("--hypothesis-profile=ci")  # the same examples for every mutant
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                status = int(pytest.main([*options, *map(str, tests)]))
        finally:
            os._exit(status)
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -signal.SIGKILL


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


def tests_of(short: str) -> list[list[Path]]:
    """Return the test files that should notice a change of a file: its own, and the shared."""
    package, _, rest = short.partition("/")
    base = ROOT / f"packages/neural-net-{package}/tests"
    path = Path(rest)
    names = MIRROR.get(short) or [str(path.parent / f"test_{path.stem.lstrip('_')}.py")]
    own = [base / name for name in names if (base / name).exists()]
    shared = [base / name for name in SHARED.get(package, []) if base / name not in own]
    return [tests for tests in (own, shared) if tests]


def main() -> int:
    """Audit the files and print what survived."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", default=DEFAULT)
    parser.add_argument("-v", "--verbose", action="store_true")
    arguments = parser.parse_args()
    explained = tomllib.loads((Path(__file__).parent / "explained.toml").read_text("utf-8"))
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import numpy  # noqa: F401  (loaded once, before the forks)

    total = killed = excused = 0
    survivors = []
    for short, module, path in [entry for name in arguments.files for entry in locate(name)]:
        tests = tests_of(short)
        if not tests or any(run(module, path, None, part) != 0 for part in tests):
            print(f"{short}: no tests, or they fail without any change")
            return 2
        count = alive = 0
        started = time.monotonic()
        reasons = explained.get(short, {})
        for mutant in mutants(path.read_text(encoding="utf-8")):
            count += 1
            # The shared tests only if the file's own have noticed nothing.
            status = next((s for part in tests if (s := run(module, path, mutant.tree, part))), 0)
            if status != 0:
                killed += 1
            elif any(pattern in str(mutant) for pattern in reasons):
                excused += 1
            else:
                alive += 1
                survivors.append(f"{short}:{mutant}")
                print(f"  survived  {short}:{mutant}", flush=True)
            if arguments.verbose and status != 0:
                print(f"  killed    {short}:{mutant}", flush=True)
        total += count
        seconds = time.monotonic() - started
        print(f"{short}: {count} mutants, {alive} unexplained, {seconds:.0f} s", flush=True)
    print(f"{total} mutants: {killed} killed, {excused} explained, {len(survivors)} survived")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
