"""The recorded cases say what PyTorch says today."""

import freeze
import numpy as np
import pytest

from neural_net_core.testing.reference import load_cases, relative_error


@pytest.mark.parametrize("package", freeze.PACKAGES)
def test_the_committed_file_is_what_freeze_would_write(package):
    committed, today = load_cases(freeze.fixture(package)), freeze.record_package(package)
    assert set(committed) == set(today), "run python tests/parity/freeze.py"
    for name, case in today.items():
        for field, arrays, recorded in zip(case._fields, case, committed[name], strict=True):
            assert len(arrays) == len(recorded), f"{name} {field}"
            for expected, found in zip(arrays, recorded, strict=True):
                assert found.dtype == expected.dtype
                assert found.shape == expected.shape
                # Another processor may round the last digit of an exponential differently.
                if expected.dtype.kind == "f":
                    assert relative_error(found, expected) < 1e-13, f"{name} {field}"
                else:
                    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("package", freeze.PACKAGES)
def test_the_files_stay_small(package):
    assert freeze.fixture(package).stat().st_size < 250_000
