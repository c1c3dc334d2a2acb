"""Compare the files that would be installed now with the hashes that uv.lock has on record.

The committed uv.lock holds versions and SHA-256 hashes but no download locations, so uv resolves
it again on the first run and takes the hashes of whatever index it finds. This program does the
same resolution in a folder of its own and compares, before anything is installed:

    pip install uv && python .ci/check_lock.py

It needs uv and Python's standard library alone. Exit status 1 names each file that differs.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def find_uv() -> str:
    """Return the path of uv: that of `uv run`, the one on the PATH, or the installed package's."""
    found = os.environ.get("UV") or shutil.which("uv")
    if not found:
        try:
            import uv
        except ImportError:
            sys.exit("uv was not found: `pip install uv`, then start this again")
        found = uv.find_uv_bin()
    return str(found)


def committed(path: str) -> str:
    """Return a file as the last commit has it; the working copy may hold uv's own additions."""
    command = ["git", "show", f"HEAD:{path}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    if done.returncode != 0:
        raise FileNotFoundError(f"{path} of the last commit: {done.stderr.strip()}")
    return done.stdout


def resolve_again(folder: Path) -> str:
    """Return what uv makes of the committed lock file where nothing but the commit is known."""
    members = sorted(path.parent.name for path in ROOT.glob("packages/*/pyproject.toml"))
    files = ["pyproject.toml", "uv.lock", *(f"packages/{name}/pyproject.toml" for name in members)]
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(committed(file), encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if k != "UV_PROJECT_ENVIRONMENT"}
    command = [find_uv(), "lock"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return (folder / "uv.lock").read_text(encoding="utf-8")


def versions(lock: str) -> set[tuple[str, str]]:
    """Return every pinned (name, version)."""
    return {(entry["name"], entry["version"]) for entry in tomllib.loads(lock)["package"]}


def hashes(lock: str) -> dict[str, str]:
    """Return the hash of every file, by its bare name."""
    files: list[dict[str, Any]] = []
    for entry in tomllib.loads(lock)["package"]:
        files += entry.get("wheels", []) + ([entry["sdist"]] if "sdist" in entry else [])
    return {(file.get("url") or file["path"]).rpartition("/")[2]: file["hash"] for file in files}


def differences(pinned: str, found: str) -> list[str]:
    """Return a line for each version and each file that is not the one on record.

    A file that the index has lost since is passed over, for it cannot be installed. One that it
    has gained is reported: nobody has looked at it.
    """
    lines = [
        f"version: {name} {version} is not the one on record"
        for name, version in sorted(versions(found) - versions(pinned))
    ]
    on_record = hashes(pinned)
    for file, came in sorted(hashes(found).items()):
        if file not in on_record:
            lines.append(f"new file: {file} is not on record")
        elif on_record[file] != came:
            lines.append(f"hash: {file} is {came}, on record is {on_record[file]}")
    return lines


def main() -> int:
    """Print what differs; return 1 if a version or a hash does."""
    find_uv()  # or say so, before anything else fails
    pinned = committed("uv.lock")
    with tempfile.TemporaryDirectory() as folder:
        lines = differences(pinned, resolve_again(Path(folder)))
    # An author may add a wheel for another system to a release at any time.
    wrong = [line for line in lines if not line.startswith("new file:")]
    for line in lines:
        print(line)
    print(f"uv.lock: {len(hashes(pinned))} files on record, {len(wrong)} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
