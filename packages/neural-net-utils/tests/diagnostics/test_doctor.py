"""The doctor: findings, advice where something is wrong, a table for people."""

import io
import os

import pytest
from rich.console import Console

from neural_net_utils import doctor
from neural_net_utils.command import main
from neural_net_utils.diagnostics import examine, machine

# The name `doctor` in the package is the function.
module = __import__("sys").modules["neural_net_utils.diagnostics.doctor"]


@pytest.fixture
def healthy(monkeypatch):
    """A machine of four idle cores with a BLAS that uses them all."""
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)  # which some machines set
    monkeypatch.setattr(module, "available_cores", lambda: 4)
    monkeypatch.setattr(module.os, "getloadavg", lambda: (0.5, 0.5, 0.5), raising=False)
    monkeypatch.setattr(module, "find_blas", lambda: machine.Blas("openblas 1", "Zen", 4))
    monkeypatch.setattr(
        module, "matrix_speed", lambda dtype: {"float32": 100, "float64": 50}[dtype]
    )
    monkeypatch.setattr(module, "memory_speed", lambda: 12.0)
    monkeypatch.setattr(module.platform, "libc_ver", lambda: ("glibc", "2.36"))
    return monkeypatch


def advice(**environment):
    return {f.what: f.advice for f in examine(environment) if f.advice}


def test_a_healthy_machine_gets_no_advice(healthy):
    assert advice() == {}
    found = {f.what: f.found for f in examine({})}
    assert found["matrix product, float32"] == "100 GFLOP/s"
    assert found["memory, one thread"] == "12.0 GB/s"
    assert found["BLAS"] == "openblas 1, kernel Zen"
    assert found["BLAS threads"] == "4 of 4 cores"


def test_a_busy_machine(healthy):
    healthy.setattr(module.os, "getloadavg", lambda: (9.0, 0.5, 0.5), raising=False)
    assert list(advice()) == ["processor"]


@pytest.mark.parametrize(
    ("threads", "words"),
    [(1, "fewer threads than cores: unset OMP_NUM_THREADS=1"), (8, "OPENBLAS_NUM_THREADS=4")],
)
def test_threads_that_do_not_fit_the_cores(healthy, threads, words):
    healthy.setattr(module, "find_blas", lambda: machine.Blas("openblas 1", "Zen", threads))
    assert words in advice(OMP_NUM_THREADS=str(threads))["BLAS threads"]


def test_a_kernel_for_old_processors(healthy):
    healthy.setattr(module, "find_blas", lambda: machine.Blas("openblas 1", "Prescott", 4))
    assert "OPENBLAS_CORETYPE" in advice()["BLAS"]


def test_a_variable_that_slows_products_is_measured_with_and_without(healthy):
    """And one that is set but does no harm is only named."""
    healthy.setattr(module, "speed_in", lambda env: 40.0 if "OPENBLAS_CORETYPE" in env else 100.0)
    (finding,) = [f for f in examine({"OPENBLAS_CORETYPE": "Haswell"}) if f.what == "environment"]
    assert finding.found == "OPENBLAS_CORETYPE=Haswell: 40 GFLOP/s, without it 100"
    assert finding.advice.startswith("unset it")
    (finding,) = [f for f in examine({"NPY_DISABLE_CPU_FEATURES": "X"}) if f.what == "environment"]
    assert finding.found == "NPY_DISABLE_CPU_FEATURES=X: 100 GFLOP/s, without it 100"
    assert finding.advice == ""


def test_where_no_process_can_be_started_the_variable_is_named(healthy):
    """As in WebAssembly."""

    def refuse(env):
        raise OSError("no processes here")

    healthy.setattr(module, "speed_in", refuse)
    (finding,) = [f for f in examine({"OPENBLAS_CORETYPE": "Haswell"}) if f.what == "environment"]
    assert finding.found == "OPENBLAS_CORETYPE=Haswell"
    assert finding.advice.startswith("unset it")


def test_the_measurement_in_a_new_process():
    assert module.speed_in(os.environ | {"OPENBLAS_NUM_THREADS": "1"}) > 0.1


def test_memory_that_goes_back_to_the_system(healthy):
    assert "unset NEURAL_NET_KEEP_MEMORY" in advice(NEURAL_NET_KEEP_MEMORY="0")["freed memory"]
    assert advice(MALLOC_TRIM_THRESHOLD_="1") == {}


def test_double_precision_as_fast_as_single_is_no_good_sign(healthy):
    healthy.setattr(module, "matrix_speed", lambda dtype: 50)
    assert "measure again" in advice()["matrix product, float64"]


def test_packages_of_different_versions(healthy):
    versions = {"neural-net-core": "0.1.0", "neural-net-utils": "0.2.0"}

    def version(name):
        if name not in versions:
            raise module.importlib.metadata.PackageNotFoundError(name)
        return versions[name]

    healthy.setattr(module.importlib.metadata, "version", version)
    assert advice() == {"neural-net": "install the same version of all packages"}


def test_the_table_shows_every_finding(healthy):
    out = io.StringIO()
    healthy.setattr(module, "find_blas", lambda: machine.Blas("[bold]openblas[/bold] 1", "Zen", 2))
    findings = doctor(console=Console(file=out, width=200))
    text = out.getvalue()
    for finding in findings:
        assert finding.found in text  # names are no markup
    assert "fewer threads than cores" in text
    assert text.rstrip().endswith(f"1 of {len(findings)} need attention")


def test_the_command(healthy, capsys):
    assert main(["doctor", "--quick"]) == int(bool(advice(**os.environ)))
    out = capsys.readouterr().out
    assert "BLAS threads" in out
    assert "GFLOP/s" not in out
    healthy.setattr(module, "find_blas", lambda: machine.Blas("openblas 1", "Zen", 2))
    assert main(["doctor", "--quick"]) == 1
    with pytest.raises(SystemExit):
        main([])
