"""A stranger's file is data: reading it touches nothing else and raises only what is documented."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).with_name("strangers_files.py")


def run(folder: Path, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *arguments],
        cwd=folder,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("seed", ["0", "1"])
def test_no_hostile_file_does_anything_but_being_read(tmp_path: Path, seed: str) -> None:
    """4,000 readings of forged files in a process whose audit hook sees every action."""
    result = run(tmp_path, seed)
    assert result["offences"] == []
    assert result["refused"] > 400
    assert result["loaded"] > 100
    assert result["refused index"] > 400
    assert result["loaded index"] > 100
    files = {"valid.safetensors", "file.safetensors", "model.index.json"}
    assert {path.name for path in tmp_path.iterdir()} == files


def test_an_action_would_be_seen(tmp_path: Path) -> None:
    (offence,) = set(run(tmp_path, "2", "plant")["offences"])
    assert offence.startswith("open ('planted'")
