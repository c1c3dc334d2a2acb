"""The checks of this workspace, each in an environment of its own.

`uv run nox -l` lists them, `uv run nox -s NAME` runs one, `uv run nox -s NAME -- ARGS` passes
arguments on to the program that the session runs.
"""

import importlib
import importlib.util
import os
import re
import shutil
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv"
nox.options.sessions = ["tests", "lint", "examples", "docs", "workspace", "install"]

ROOT = Path(__file__).parent
PACKAGES = ["core", "optim", "layers", "viz", "utils"]
TORCH = "torch==2.13.0"
TOKENIZERS = "tokenizers==0.23.3"
JAX = ["jax==0.10.2", "optax==0.2.8"]
# `uv run` names itself in UV; it need not be on the PATH.
UV = os.environ.get("UV") or shutil.which("uv")
if UV is None and importlib.util.find_spec("uv"):  # installed beside nox
    UV = importlib.import_module("uv").find_uv_bin()
if UV is None:
    sys.exit("The sessions build and install with uv, which was not found: `pip install uv` first.")

# What a developer's shell may hold and a clean environment must not see. OPENBLAS_CORETYPE stays
# where it is set: some processors compute wrong results without it (benchmarks remove it).
CLEAN = {
    "PYTHONPATH": None,
    "PYTHONDONTWRITEBYTECODE": None,  # else every process that a test starts compiles everything
}
# Warnings are errors, but for one false alarm: see `row_dots` in neural_net_core/ops/matmul.py.
STRICT = ["-W", "error", "-W", "ignore:invalid value encountered in matmul:RuntimeWarning"]


@nox.session
@nox.parametrize("package", PACKAGES, ids=PACKAGES)
def tests(session: nox.Session, package: str) -> None:
    """Install one package alone from its built wheel and run its tests and its doctests."""
    wheels = build_wheels(session, package)
    session.install(*wheels, *requirements("test"), "--constraint", pinned_versions(session))
    run_package_tests(session, package)


@nox.session(default=False)
@nox.parametrize("package", PACKAGES, ids=PACKAGES)
def minimums(session: nox.Session, package: str) -> None:
    """Run the tests of one package with the oldest versions that it declares to support."""
    wheels = build_wheels(session, package)
    foreign = {name for member in internal_closure(package) for name in declared(member)}
    foreign = {name for name in foreign if not name.startswith("neural-net-")}
    session.install(*wheels, *sorted(foreign), "--resolution=lowest-direct")
    session.install(*requirements("test"))
    run_package_tests(session, package)


@nox.session
@nox.parametrize("package", [*PACKAGES, "workspace"], ids=[*PACKAGES, "workspace"])
def lint(session: nox.Session, package: str) -> None:
    """Check format, style and types of one package, or style of what belongs to none."""
    sync(session, "packages", "lint")
    if package == "workspace":
        folders = [".ci", "examples", "tests", "benchmarks", "docs"]
        paths = ["noxfile.py", "conftest.py", *filter(os.path.isdir, folders)]
    else:
        paths = [f"packages/neural-net-{package}"]
    session.run("ruff", "format", "--check", *paths)
    session.run("ruff", "check", *paths)
    if package != "workspace":
        session.run("mypy", f"packages/neural-net-{package}/src")


@nox.session
def examples(session: nox.Session) -> None:
    """Run every example (quickly, where it offers that) and the tests of all."""
    sync(session, "packages", "test")
    names = sorted(path.parent.name for path in Path("examples").glob("*/main.py"))
    # A copy, so that the figures and checkpoints of the repository stay as they are.
    copies = Path(session.create_tmp()).resolve() / "examples"
    shutil.rmtree(copies, ignore_errors=True)
    shutil.copytree("examples", copies)
    for name in names:
        main = copies / name / "main.py"
        quick = ["--quick"] if "--quick" in main.read_text(encoding="utf-8") else []
        session.run("python", *STRICT, str(main), *quick, env=CLEAN)
    session.run("pytest", "examples", *session.posargs, env=CLEAN)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation and look at every page in Chromium, its network cut."""
    sync(session, "packages", "docs", "test")
    session.run("mkdocs", "build", "--strict", env={"NO_MKDOCS_2_WARNING": "1"})
    pages = ["tests/test_site.py", "tests/browser"]
    session.run("pytest", *(session.posargs or pages), env=CLEAN)


@nox.session(default=False)
def figures(session: nox.Session) -> None:
    """Draw the figures of the site and of all examples, or of those named, again."""
    sync(session, "packages")
    names = session.posargs or sorted(
        path.parent.name for path in Path("examples").glob("*/main.py")
    )
    for name in names:
        # main.py first; other programs of an example draw figures of their own.
        for program in sorted(
            Path("examples", name).glob("*.py"), key=lambda p: p.name != "main.py"
        ):
            if '__name__ == "__main__"' in program.read_text(encoding="utf-8"):
                session.run("python", *STRICT, str(program), env=CLEAN)
    session.run("python", "docs/figures.py")
    session.run("python", "examples/record_figures.py", *names)


@nox.session
def workspace(session: nox.Session) -> None:
    """Check what no single package can: lock file, public names, the code in README and docs."""
    sync(session, "dev")
    elsewhere = ("parity", "mutation", "test_install.py", "test_site.py", "browser")
    others = ["tests", *(f"--ignore=tests/{name}" for name in elsewhere)]
    session.run("pytest", *(session.posargs or others), env={**CLEAN, "UV": UV})


@nox.session
def install(session: nox.Session) -> None:
    """Prove that a stranger's project can install the built wheels, and only what it asks for."""
    sync(session, "test")
    session.run("pytest", "tests/test_install.py", *session.posargs, env={**CLEAN, "UV": UV})


@nox.session(default=False, venv_backend="virtualenv", reuse_venv=True)
def parity(session: nox.Session) -> None:
    """Compare with PyTorch, installed by pip (PIP_FIND_LINKS may name a folder with its wheel)."""
    install_with_torch(session)
    # Alone: what else it asks for only serves downloads.
    session.install("--no-deps", TOKENIZERS)
    session.run("pytest", "tests/parity", *session.posargs, env=CLEAN)


@nox.session(default=False, venv_backend="virtualenv", reuse_venv=True)
def bench(session: nox.Session) -> None:
    """Time training steps side by side with PyTorch, and with JAX after `-- --jax`."""
    install_with_torch(session)
    if "--jax" in session.posargs:
        session.install(*JAX)
    session.run("python", "benchmarks/run.py", *session.posargs, env=CLEAN)


@nox.session(default=False, venv_backend="none")
def build(session: nox.Session) -> None:
    """Build wheel and source archive of every package into dist/."""
    session.run(UV, "build", "--all-packages", "--out-dir", "dist", external=True)


@nox.session(default=False, venv_backend="none")
def lock(session: nox.Session) -> None:
    """Update uv.lock and strip the download locations from it; run this before a commit.

    uv writes the locations back whenever it resolves: the working copy holds them most of the time.
    """
    session.run(UV, "lock", *session.posargs, external=True)
    path = ROOT / "uv.lock"
    path.write_text(strip_locations(path.read_text(encoding="utf-8")), encoding="utf-8")


@nox.session(default=False, venv_backend="none")
def hashes(session: nox.Session) -> None:
    """Compare what would be installed now with the hashes in uv.lock; installs nothing."""
    session.run(sys.executable, ".ci/check_lock.py", env={"UV": UV}, external=True)


# ---- helpers


def strip_locations(lock: str) -> str:
    """Remove from a lock file all that depends on where packages are downloaded from.

    Versions and hashes stay. Without the [package.metadata] tables uv considers the lock outdated,
    so it resolves again, preferring the versions that it finds here, and fills the locations in.
    """
    lock = re.sub(r'registry = "[^"]*"', 'registry = "index"', lock)
    lock = re.sub(r'(url|path) = "[^"]*/([^"/]+)"', r'\1 = "\2"', lock)
    tables = re.split(r"^(?=\[)", lock, flags=re.MULTILINE)
    return "".join(table for table in tables if not table.startswith("[package.metadata"))


def requirements(group: str) -> list[str]:
    """Read the requirements of one dependency group."""
    return nox.project.dependency_groups(nox.project.load_toml(ROOT / "pyproject.toml"), group)


def declared(package: str) -> list[str]:
    """Read the dependencies that a package declares."""
    pyproject = nox.project.load_toml(ROOT / f"packages/neural-net-{package}/pyproject.toml")
    dependencies: list[str] = pyproject["project"]["dependencies"]
    return dependencies


def internal_closure(package: str) -> list[str]:
    """List a package and those packages of this workspace that it depends on."""
    found = [package]
    for requirement in declared(package):
        if match := re.match(r"neural-net-(\w+)", requirement):
            found += [name for name in internal_closure(match[1]) if name not in found]
    return found


def build_wheels(session: nox.Session, *packages: str) -> list[str]:
    """Build the wheels of packages and of all they need from this workspace."""
    folder = Path(session.create_tmp()).resolve() / "wheels"
    shutil.rmtree(folder, ignore_errors=True)
    names = dict.fromkeys(name for package in packages for name in internal_closure(package))
    for name in names:
        command = ["build", "--wheel", "--package", f"neural-net-{name}", "--out-dir", str(folder)]
        session.run_install(UV, *command, "--quiet", external=True)
    return sorted(map(str, folder.glob("*.whl")))


def pinned_versions(session: nox.Session) -> str:
    """Write the versions of uv.lock as a constraints file and return its path."""
    path = Path(session.create_tmp()).resolve() / "constraints.txt"
    command = ["export", "--all-groups", "--no-emit-workspace", "--no-hashes", "--no-header"]
    session.run_install(UV, *command, "--quiet", "--output-file", str(path), external=True)
    return str(path)


def sync(session: nox.Session, *groups: str) -> None:
    """Install dependency groups at the versions of uv.lock; the packages are editable."""
    options = [f"--group={group}" for group in groups]
    session.run_install(UV, "sync", "--no-default-groups", *options, "--quiet", external=True)


def install_with_torch(session: nox.Session) -> None:
    """Install PyTorch with pip, and all packages of the workspace."""
    constraint = ["--constraint", pinned_versions(session)]
    session.install(
        TORCH, "numpy", "safetensors", "svgwrite", "rich", *requirements("test"), *constraint
    )
    wheels = build_wheels(session, *PACKAGES)
    session.install(
        "--force-reinstall", "--no-deps", *wheels
    )  # a reused environment holds older builds


def run_package_tests(session: nox.Session, package: str) -> None:
    """Run one package's tests, and the doctests of what is installed (not of the sources)."""
    module = f"neural_net_{package}"
    targets = session.posargs or [f"packages/neural-net-{package}/tests", "--pyargs", module]
    session.run("pytest", *targets, env=CLEAN)


if __name__ == "__main__":
    sys.exit("This file is read by nox: `uv run nox -l`")
