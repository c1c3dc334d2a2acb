"""The install proof: strangers take packages from a folder of wheels; one trains, one has types."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ["core", "optim", "layers", "viz", "utils"]

TRAINING_SCRIPT = """\
import numpy as np
from neural_net_core import Dense, MSELoss, Sequential, seed
from neural_net_optim import SGD
seed(0)
x = np.linspace(-1, 1, 32, dtype=np.float32).reshape(-1, 1)
model, loss_function = Sequential(Dense(1, 8), Dense(8, 1)), MSELoss()
optimizer, losses = SGD(model.parameters(), lr=0.1), []
for _ in range(200):
    optimizer.zero_grad()
    loss = loss_function(model(x), 3 * x + 1)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
print(losses[0], losses[-1])
"""


def uv(*arguments: str, cwd: Path) -> str:
    """Run uv as a stranger would: no environment, no settings of this repository."""
    ours = ("VIRTUAL_ENV", "PYTHONPATH", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    command = [os.environ.get("UV", "uv"), *arguments]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source archive of every package and the wheel built from that archive."""
    folder = tmp_path_factory.mktemp("built")
    uv("build", "--all-packages", "--out-dir", str(folder), "--quiet", cwd=ROOT)
    return folder


def new_project(folder: Path, built: Path, *packages: str) -> Path:
    """Make an empty project outside the repository and add packages to it."""
    assert not folder.resolve().is_relative_to(ROOT)
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "stranger"\nversion = "0"\nrequires-python = ">=3.11"\n'
    )
    python = ["--python", sys.executable]
    uv("add", *packages, "--find-links", str(built), *python, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def project(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project to which neural-net-optim was added."""
    return new_project(tmp_path_factory.mktemp("project"), built, "neural-net-optim")


@pytest.fixture(scope="module")
def typed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with all five packages, the two programs of `tests/typing`, and pyright strict."""
    packages = [f"neural-net-{name}" for name in PACKAGES]
    folder = new_project(tmp_path_factory.mktemp("typed"), built, *packages)
    for program in (ROOT / "tests/typing").glob("*.py"):
        shutil.copy(program, folder)
    (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    return folder


def test_adding_optim_pulls_core_and_nothing_else_of_ours(project: Path) -> None:
    command = ["pip", "list", "--format=json", "--python", str(project / ".venv")]
    installed = {entry["name"] for entry in json.loads(uv(*command, cwd=project))}
    assert installed == {"neural-net-optim", "neural-net-core", "numpy"}


def test_a_short_training_script_learns(project: Path) -> None:
    (project / "train.py").write_text(TRAINING_SCRIPT)
    output = uv("run", "--no-sync", "python", "-W", "error", "train.py", cwd=project)
    first, last = map(float, output.split())
    assert last < first / 1000


def test_the_script_ran_on_the_wheels_and_not_on_the_sources(project: Path) -> None:
    show = (
        "import neural_net_core, neural_net_optim as o; print(neural_net_core.__file__, o.__file__)"
    )
    for path in uv("run", "--no-sync", "python", "-c", show, cwd=project).split():
        assert Path(path).is_relative_to(project), path


def from_the_repository(folder: Path, built: Path) -> None:
    address = f"git+{ROOT.as_uri()}#subdirectory=packages/neural-net-optim"
    uv("add", f"neural-net-optim @ {address}", "--python", sys.executable, cwd=folder)


def from_a_clone(folder: Path, built: Path) -> None:
    path = str(ROOT / "packages/neural-net-optim")
    uv("add", "--editable", path, "--python", sys.executable, cwd=folder)


def from_a_folder_of_wheels(folder: Path, built: Path) -> None:
    page = (ROOT / "docs/how-to/use-in-your-project.md").read_text(encoding="utf-8")
    settings = page.partition("```toml\n[project]\n")[2].partition("```")[0]
    project = folder / "pyproject.toml"
    text = project.read_text() + settings.replace("/path/to/neural-net/dist", built.as_posix())
    project.write_text(text)
    uv("sync", "--python", sys.executable, cwd=folder)


@pytest.mark.parametrize("way", [from_the_repository, from_a_clone, from_a_folder_of_wheels])
def test_each_way_that_the_how_to_page_names_brings_core_and_numpy_alone(
    way: Callable[[Path, Path], None], built: Path, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "stranger"\nversion = "0"\nrequires-python = ">=3.11"\n'
    )
    way(tmp_path, built)
    command = ["pip", "list", "--format=json", "--python", str(tmp_path / ".venv")]
    installed = {entry["name"] for entry in json.loads(uv(*command, cwd=tmp_path))}
    assert installed == {"neural-net-optim", "neural-net-core", "numpy"}


def test_a_program_on_all_packages_runs(typed: Path) -> None:
    output = uv("run", "--no-sync", "python", "-W", "error", "program.py", cwd=typed)
    assert output == "['accuracy', 'loss'] (1, 3)\n"


def complaints(checker: str, folder: Path) -> dict[str, set[int]]:
    """Run a type checker in a project; return the lines that it marks, by file."""
    python = str(folder / ".venv/bin/python")
    command = {
        "mypy": ["--strict", "--no-error-summary", f"--python-executable={python}"],
        "basedpyright": ["--pythonpath", python],
    }[checker]
    program = str(Path(sys.executable).parent / checker)
    command = [program, *command, "program.py", "errors.py"]
    output = subprocess.run(command, cwd=folder, capture_output=True, text=True).stdout
    found: dict[str, set[int]] = {"program.py": set(), "errors.py": set()}
    for name, line in re.findall(r"(\w+\.py):(\d+)(?::\d+)?(?::| -) error", output):
        found.setdefault(name, set()).add(int(line))
    assert found["errors.py"], output
    return found


@pytest.mark.parametrize("checker", ["mypy", "basedpyright"])
def test_a_type_checker_finds_every_marked_mistake_and_no_other(typed: Path, checker: str) -> None:
    lines = (typed / "errors.py").read_text(encoding="utf-8").splitlines()
    marked = {i for i, line in enumerate(lines, 1) if line.endswith("# error")}
    assert len(marked) > 50
    assert complaints(checker, typed) == {"program.py": set(), "errors.py": marked}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_wheel_holds_its_package_its_licence_and_nothing_else(built: Path, package: str) -> None:
    (wheel,) = built.glob(f"neural_net_{package}-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {f"neural_net_{package}"}
    assert f"neural_net_{package}/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_source_archive_holds_sources_tests_and_licence(built: Path, package: str) -> None:
    (archive,) = built.glob(f"neural_net_{package}-*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert {"LICENSE", "README.md", "pyproject.toml", f"src/neural_net_{package}/py.typed"} <= names
    assert any(name.startswith("tests/") and "/test_" in name for name in names)
    assert not any("__pycache__" in name for name in names)
