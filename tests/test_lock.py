"""The committed uv.lock names no download location, and still pins every version and hash."""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


def program(path: str) -> ModuleType:
    """A program of the repository that is no module of a package."""
    specification = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def noxfile() -> ModuleType:
    return program("noxfile.py")


@pytest.fixture(scope="module")
def check_lock() -> ModuleType:
    return program(".ci/check_lock.py")


@pytest.fixture(scope="module")
def pinned(check_lock: ModuleType) -> str:
    """The lock file of the last commit."""
    try:
        return str(check_lock.committed("uv.lock"))
    except FileNotFoundError as error:
        pytest.skip(f"not in a git checkout: {error}")


@pytest.fixture(scope="module")
def resolved_again(check_lock: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(check_lock.resolve_again(tmp_path_factory.mktemp("workspace")))


def test_the_committed_lock_holds_no_location(pinned: str) -> None:
    assert "://" not in pinned


def test_what_uv_resolves_it_to_is_on_record(
    check_lock: ModuleType, pinned: str, resolved_again: str
) -> None:
    common = check_lock.hashes(pinned).keys() & check_lock.hashes(resolved_again).keys()
    assert len(common) > len(check_lock.hashes(pinned)) / 2  # an index may have lost some since
    lines = check_lock.differences(pinned, resolved_again)
    assert [line for line in lines if not line.startswith("new file:")] == []


def a_changed_hash(lock: str) -> str:
    return re.sub(r"sha256:[0-9a-f]{64}", "sha256:" + "0" * 64, lock, count=1)


def a_changed_version(lock: str) -> str:
    return lock.replace('name = "numpy"\nversion = "', 'name = "numpy"\nversion = "1', 1)


def a_file_of_another_name(lock: str) -> str:
    return re.sub(r"[\w.-]+\.whl", "unknown-1-py3-none-any.whl", lock, count=1)


@pytest.mark.parametrize("change", [a_changed_hash, a_changed_version, a_file_of_another_name])
def test_every_change_of_what_would_be_installed_is_named(
    check_lock: ModuleType, pinned: str, change: Callable[[str], str]
) -> None:
    changed = change(pinned)
    assert changed != pinned
    assert check_lock.differences(pinned, pinned) == []
    assert len(check_lock.differences(pinned, changed)) == 1


def test_stripping_removes_locations_and_keeps_versions_and_hashes(
    noxfile: ModuleType, check_lock: ModuleType, resolved_again: str
) -> None:
    stripped = noxfile.strip_locations(resolved_again)
    assert "://" in resolved_again
    assert "://" not in stripped
    assert check_lock.versions(stripped) == check_lock.versions(resolved_again)
    assert check_lock.hashes(stripped) == check_lock.hashes(resolved_again)
    assert noxfile.strip_locations(stripped) == stripped


@pytest.mark.skipif(importlib.util.find_spec("uv") is not None, reason="uv is installed here")
def test_without_uv_one_sentence_says_what_is_missing(tmp_path: Path) -> None:
    nothing = {k: v for k, v in os.environ.items() if k != "UV"} | {"PATH": str(tmp_path)}
    for path in ("noxfile.py", ".ci/check_lock.py"):
        command = [sys.executable, str(ROOT / path)]
        done = subprocess.run(command, cwd=ROOT, env=nothing, capture_output=True, text=True)
        assert done.returncode == 1
        (said,) = done.stderr.splitlines()
        assert "pip install uv" in said
