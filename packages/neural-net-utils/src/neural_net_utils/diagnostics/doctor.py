"""The doctor: what this installation is, how fast it is, and what slows it down.

On the terminal: `neural-net doctor`. Every finding that needs something done says what.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neural_net_core.checks import check_flag, check_instance, shown
from neural_net_utils.diagnostics.machine import (
    Blas,
    available_cores,
    find_blas,
    matrix_speed,
    memory_speed,
    processor,
)

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Finding", "doctor", "examine"]

PACKAGES = ("core", "optim", "layers", "viz", "utils")

THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS")

# What may slow a matrix product, and what it does.
SLOWING = {
    "OPENBLAS_CORETYPE": "chooses the code for another processor than this one may be",
    "NPY_DISABLE_CPU_FEATURES": "keeps NumPy from instructions that the processor has",
}

# Kernels that run on any processor of the last twenty years, and use little of a new one.
OLD_KERNELS = ("katmai", "coppermine", "northwood", "prescott", "banias", "core2", "generic")

# Two measurements of one thing differ by this much on a busy machine.
NOTABLE = 1.25


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        what: What was looked at.
        found: What it is.
        advice: What to do about it; empty if all is well.
    """

    what: str
    found: str
    advice: str = ""


def doctor(*, measure: bool = True, console: Console | None = None) -> list[Finding]:
    """Print a report on this installation: versions, BLAS, speed, and what to do about each.

    Args:
        measure: Whether to measure the speed, about two seconds.
        console: Where to print; None means the terminal.

    Returns:
        The findings.
    """
    from rich.console import Console
    from rich.table import Table

    if console is not None:
        check_instance("doctor", "console", console, Console, "a rich.console.Console or None")
    findings = examine(measure=check_flag("doctor", "measure", measure))
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("", "found", "what to do"):
        table.add_column(column, overflow="fold")
    for finding in findings:
        style = "yellow" if finding.advice else None
        table.add_row(finding.what, finding.found, finding.advice, style=style)
    out = console or Console()
    out.print(table, markup=False)
    count = sum(bool(finding.advice) for finding in findings)
    out.print(f"\n{count} of {len(findings)} need attention" if count else "\nall is well")
    return findings


def examine(environment: Mapping[str, str] | None = None, *, measure: bool = True) -> list[Finding]:
    """Return what the doctor finds.

    Args:
        environment: The variables to look at; None means those of this process.
        measure: Whether to measure the speed.

    Examples:
        >>> [finding.what for finding in examine(measure=False)][:3]
        ['neural-net', 'Python', 'NumPy']
    """
    check_flag("examine", "measure", measure)
    env: Any = os.environ if environment is None else environment
    if not isinstance(env, Mapping) or not all(isinstance(one, str) for one in env.values()):
        raise ValueError(f"examine: environment must be a dict of variables, got {shown(env)}")
    blas, cores = find_blas(), available_cores()
    findings = [
        _packages(),
        Finding("Python", f"{platform.python_version()} on {platform.platform()}"),
        Finding("NumPy", np.__version__),
        _processor(cores),
        _blas(blas),
        _threads(blas, cores, env),
        *_slowing(env, measure=measure),
        _kept_memory(env),
    ]
    if measure:
        speed = {dtype: matrix_speed(dtype=dtype) for dtype in ("float32", "float64")}
        findings += [
            Finding("matrix product, float32", f"{speed['float32']:.0f} GFLOP/s"),
            _double(speed),
            Finding("memory, one thread", f"{memory_speed():.1f} GB/s"),
        ]
    return findings


def _packages() -> Finding:
    """The versions of the five packages, which belong together."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(f"neural-net-{package}")
        except importlib.metadata.PackageNotFoundError:
            continue
    by_version: dict[str, list[str]] = {}
    for package, version in versions.items():
        by_version.setdefault(version, []).append(package)
    found = "; ".join(f"{version}: {', '.join(names)}" for version, names in by_version.items())
    advice = "install the same version of all packages" if len(by_version) > 1 else ""
    return Finding("neural-net", found or "not installed", advice)


def _processor(cores: int) -> Finding:
    found = f"{processor()}, {cores} cores"
    try:
        busy = os.getloadavg()[0]
    except (AttributeError, OSError):  # not on every system
        return Finding("processor", found)
    found += f"; programs that wanted one in the last minute: {busy:.1f}"
    advice = ""
    if busy > cores + 0.5:
        advice = "other programs need the cores too: times will be long and uneven"
    return Finding("processor", found, advice)


def _blas(blas: Blas) -> Finding:
    found = blas.name + (f", kernel {blas.kernel}" if blas.kernel else "")
    advice = ""
    if blas.kernel is not None and blas.kernel.lower() in OLD_KERNELS:
        advice = "a kernel for any processor, slow on this one: see OPENBLAS_CORETYPE"
    return Finding("BLAS", found, advice)


def _threads(blas: Blas, cores: int, env: Mapping[str, str]) -> Finding:
    """Threads, and whether a variable sets fewer or more than there are cores."""
    settings = {name: env[name] for name in THREAD_VARIABLES if env.get(name)}
    said = ", ".join(f"{name}={value}" for name, value in settings.items())
    count = blas.threads
    found = "unknown" if count is None else f"{count} of {cores} cores"
    advice = ""
    if count is not None and count < cores:
        advice = "fewer threads than cores" + (f": unset {said} to use all" if said else "")
    elif count is not None and count > cores:
        advice = f"more threads than cores stand in each other's way: OPENBLAS_NUM_THREADS={cores}"
    return Finding("BLAS threads", found + (f" ({said})" if said else ""), advice)


def _slowing(env: Mapping[str, str], *, measure: bool) -> list[Finding]:
    """Variables that may slow matrix products; each is measured in processes with and without."""
    findings = []
    for name, effect in SLOWING.items():
        if not env.get(name):
            continue
        found, advice = f"{name}={env[name]}", f"unset it unless you know why: it {effect}"
        if measure:
            without = {key: value for key, value in env.items() if key != name}
            with suppress(
                OSError
            ):  # a system without processes, such as WebAssembly, cannot measure
                slow, fast = speed_in(env), speed_in(without)
                found += f": {slow:.0f} GFLOP/s, without it {fast:.0f}"
                if slow * NOTABLE > fast:
                    advice = ""
        findings.append(Finding("environment", found, advice))
    return findings or [Finding("environment", "no variable slows matrix products")]


def speed_in(env: Mapping[str, str]) -> float:
    """Measure the matrix speed in a new process with these variables; BLAS reads them at its start.

    Args:
        env: All variables of the process.
    """
    code = "from neural_net_utils.diagnostics.machine import matrix_speed; print(matrix_speed())"
    # -P: a module of that name in the current folder must not come first.
    run = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env=dict(env),
        capture_output=True,
        text=True,
        check=True,
    )
    return float(run.stdout)


def _kept_memory(env: Mapping[str, str]) -> Finding:
    """Whether freed memory is kept for the next step; see `neural_net_core.memory`."""
    limits = [name for name in env if name.startswith("MALLOC_") and name.endswith("_")]
    if env.get("NEURAL_NET_KEEP_MEMORY") == "0":
        advice = "unset NEURAL_NET_KEEP_MEMORY: steps with large arrays take up to a third longer"
        return Finding("freed memory", "goes back to the system", advice)
    if limits:
        return Finding("freed memory", f"as {', '.join(sorted(limits))} say")
    if platform.libc_ver()[0] == "glibc":
        return Finding("freed memory", "up to 64 MiB are kept once there is an optimizer")
    return Finding("freed memory", "as the C library likes it")


def _double(speed: Mapping[str, float]) -> Finding:
    """Half the speed of float32 is what the hardware gives; as much says something is wrong."""
    found = f"{speed['float64']:.0f} GFLOP/s"
    advice = ""
    if speed["float64"] * NOTABLE > speed["float32"]:
        advice = "as fast as float32, which should be twice as fast: measure again when idle"
    return Finding("matrix product, float64", found, advice)
