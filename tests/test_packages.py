"""What the five packages promise together: one version, one direction, exact declarations."""

import ast
import re
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ["core", "optim", "layers", "viz", "utils"]
DISTRIBUTIONS = {f"neural_net_{name}": f"neural-net-{name}" for name in PACKAGES}

# Design: dependencies run one way.
OURS = {
    "core": set(),
    "optim": {"neural-net-core"},
    "layers": {"neural-net-core"},
    "viz": {"neural-net-core"},
    "utils": {"neural-net-core"},
}


def metadata(package: str) -> dict[str, Any]:
    path = ROOT / f"packages/neural-net-{package}/pyproject.toml"
    project: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    return project


def declared(package: str) -> set[str]:
    requirements = metadata(package)["dependencies"]
    return {re.match(r"[\w-]+", requirement)[0] for requirement in requirements}  # type: ignore[index]


# A communicator of mpi4py is an argument: who passes one has imported it.
def extras(package: str) -> set[str]:
    """What a package imports where it is asked for it."""
    groups = metadata(package).get("optional-dependencies", {}).values()
    groups = [[wanted for wanted in group if not wanted.startswith("mpi4py")] for group in groups]
    return {re.match(r"[\w-]+", wanted)[0] for group in groups for wanted in group}  # type: ignore[index]


def imported(package: str, *, in_functions: bool = True, folder: str = "src") -> set[str]:
    """The distributions that a package's sources import, at any depth of the code or not."""
    names = set()
    for path in (ROOT / f"packages/neural-net-{package}" / folder).rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        late = {node for function in functions for node in ast.walk(function)}
        for node in ast.walk(tree):
            if node in late and not in_functions:
                continue
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add(str(node.module).split(".")[0])
    # Every type checker brings typing_extensions, which nothing imports when it runs.
    foreign = names - sys.stdlib_module_names - {f"neural_net_{package}", "typing_extensions"}
    return {DISTRIBUTIONS.get(name, name) for name in foreign}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_declares_exactly_what_it_imports(package: str) -> None:
    assert imported(package) == declared(package) | extras(package)


@pytest.mark.parametrize("package", PACKAGES)
def test_tests_import_none_of_our_packages_that_theirs_does_not_depend_on(package: str) -> None:
    """They run where it is installed alone."""
    there = imported(package, folder="tests") & set(DISTRIBUTIONS.values())
    assert there <= declared(package)


@pytest.mark.parametrize("package", PACKAGES)
def test_an_extra_is_not_imported_with_the_package(package: str) -> None:
    assert imported(package, in_functions=False) & extras(package) == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_dependencies_between_packages_run_one_way(package: str) -> None:
    assert declared(package) & set(DISTRIBUTIONS.values()) == OURS[package]


def test_all_packages_have_one_version_and_demand_it_of_each_other() -> None:
    (version,) = {metadata(package)["version"] for package in PACKAGES}
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    for package in PACKAGES:
        source = ROOT / f"packages/neural-net-{package}/src/neural_net_{package}/__init__.py"
        assert f'\n__version__ = "{version}"\n' in source.read_text(encoding="utf-8")
        for requirement in metadata(package)["dependencies"]:
            if requirement.startswith("neural-net"):
                assert requirement.endswith(f"=={version}")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_carries_the_licence_and_its_types(package: str) -> None:
    folder = ROOT / f"packages/neural-net-{package}"
    assert (folder / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    assert (folder / f"src/neural_net_{package}/py.typed").exists()
    assert metadata(package)["requires-python"] == ">=3.11"


@pytest.mark.parametrize("package", PACKAGES)
def test_a_folder_holds_at_most_two_dozen_files(package: str) -> None:
    """What has more is more than one subject, and nobody finds anything in it."""
    source = ROOT / f"packages/neural-net-{package}/src"
    counts = Counter(path.parent.relative_to(source).as_posix() for path in source.rglob("*.py"))
    assert {folder: count for folder, count in counts.items() if count > 24} == {}


# A log that grows line by line while a run goes on is no file written in one piece.
APPENDING = {"_table_logger.py"}


def writes(tree: ast.AST) -> list[int]:
    """The lines at which a program opens a file for writing, or writes one by its path."""
    lines = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        name = node.func.id if isinstance(node.func, ast.Name) else name
        words = [*node.args, *(keyword.value for keyword in node.keywords)]
        modes = [w.value for w in words if isinstance(w, ast.Constant) and isinstance(w.value, str)]
        if name in {"write_text", "write_bytes"} or (
            name == "open" and any(re.fullmatch("[rb]*[wax+][wb+]*t?", mode) for mode in modes)
        ):
            lines.append(node.lineno)
    return lines


@pytest.mark.parametrize("package", PACKAGES)
def test_every_file_is_written_by_cores_one_way(package: str) -> None:
    """Whole or not at all, with the old file's permissions: see `whole_file`."""
    found = [
        f"{path.name}:{line}"
        for path in (ROOT / f"packages/neural-net-{package}/src").rglob("*.py")
        if path.name not in {"whole_file.py", *APPENDING}
        for line in writes(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []


def test_a_way_of_its_own_would_be_found() -> None:
    program = "open(p, 'wb')\nPath(p).open(mode='a')\np.write_text('')\nopen(p, 'rb')\nopen(p)"
    assert writes(ast.parse(program)) == [1, 2, 3]
