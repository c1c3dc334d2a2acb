"""The committed uv.lock names no download location, and still pins every version and hash."""

import importlib.util
import os
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]


def committed(path: str) -> str:
    """The content of a file in the last commit."""
    command = ["git", "show", f"HEAD:{path}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    if done.returncode != 0:
        pytest.skip(f"not in a git checkout: {done.stderr.strip()}")
    return done.stdout


@pytest.fixture(scope="module")
def noxfile() -> ModuleType:
    specification = importlib.util.spec_from_file_location("noxfile", ROOT / "noxfile.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def resolved_again(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What uv makes of the committed lock file where nothing but the commit is known."""
    folder = tmp_path_factory.mktemp("workspace")
    members = sorted(path.parent.name for path in ROOT.glob("packages/*/pyproject.toml"))
    files = ["pyproject.toml", "uv.lock", *(f"packages/{name}/pyproject.toml" for name in members)]
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(committed(file), encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if k != "UV_PROJECT_ENVIRONMENT"}
    command = [os.environ.get("UV", "uv"), "lock"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return (folder / "uv.lock").read_text(encoding="utf-8")


def versions(lock: str) -> set[tuple[str, str]]:
    """Every pinned (name, version)."""
    return {(entry["name"], entry["version"]) for entry in tomllib.loads(lock)["package"]}


def hashes(lock: str) -> dict[str, str]:
    """Hash of every file, by its bare name."""
    files: list[dict[str, Any]] = []
    for entry in tomllib.loads(lock)["package"]:
        files += entry.get("wheels", []) + ([entry["sdist"]] if "sdist" in entry else [])
    return {(file.get("url") or file["path"]).rpartition("/")[2]: file["hash"] for file in files}


def test_the_committed_lock_holds_no_location() -> None:
    assert "://" not in committed("uv.lock")


def test_uv_resolves_it_to_the_same_versions(resolved_again: str) -> None:
    assert versions(resolved_again) == versions(committed("uv.lock"))


def test_uv_resolves_it_to_the_same_hashes(resolved_again: str) -> None:
    pinned, found = hashes(committed("uv.lock")), hashes(resolved_again)
    common = pinned.keys() & found.keys()  # an index may have gained or lost a file since
    assert len(common) > len(pinned) / 2
    assert {name: found[name] for name in common} == {name: pinned[name] for name in common}


def test_stripping_removes_locations_and_keeps_versions_and_hashes(
    noxfile: ModuleType, resolved_again: str
) -> None:
    stripped = noxfile.strip_locations(resolved_again)
    assert "://" in resolved_again
    assert "://" not in stripped
    assert versions(stripped) == versions(resolved_again)
    assert hashes(stripped) == hashes(resolved_again)
    assert noxfile.strip_locations(stripped) == stripped
