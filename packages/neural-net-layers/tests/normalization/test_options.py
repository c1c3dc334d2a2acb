"""How norms read and begin: their sizes, what is not the default, scale 1 and shift 0."""

import numpy as np
import pytest

from neural_net_layers import (
    BatchNorm1D,
    BatchNorm2D,
    GroupNorm,
    InstanceNorm1D,
    InstanceNorm2D,
    LayerNorm,
    RMSNorm,
    batch_norm,
    group_norm,
    instance_norm,
    layer_norm,
    rms_norm,
)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: LayerNorm(4), "4"),
        (lambda: LayerNorm((3, 4), 1e-3, bias=False), "3, 4, eps=0.001, bias=False"),
        (lambda: LayerNorm(4, elementwise_affine=False), "4, elementwise_affine=False"),
        (lambda: RMSNorm(4), "4"),
        (lambda: RMSNorm((3, 4), 1e-3, False), "3, 4, eps=0.001, elementwise_affine=False"),
        (lambda: GroupNorm(2, 4), "2, 4"),
        (lambda: GroupNorm(2, 4, 1e-3, False), "2, 4, eps=0.001, affine=False"),
        (
            lambda: BatchNorm1D(4),
            "4, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True",
        ),
        (
            lambda: InstanceNorm2D(4),
            "4, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False",
        ),
        (
            lambda: InstanceNorm1D(4, 1e-3, None),
            "4, eps=0.001, momentum=None, affine=False, track_running_stats=False",
        ),
    ],
)
def test_it_reads_with_its_sizes_and_what_is_not_the_default(make, text):
    layer = make()
    assert repr(layer) == f"{type(layer).__name__}({text})"


@pytest.mark.parametrize(
    "make",
    [
        lambda: LayerNorm((3, 4)),
        lambda: RMSNorm((3, 4)),
        lambda: GroupNorm(2, 4),
        lambda: BatchNorm1D(4),
        lambda: BatchNorm2D(4),
        lambda: InstanceNorm1D(4, affine=True),
        lambda: InstanceNorm2D(4, affine=True, track_running_stats=True),
    ],
)
def test_scales_begin_with_1_and_shifts_with_0(make):
    state = make().state_dict()
    assert "weight" in state
    for name, array in state.items():
        begin = 1 if name in ("weight", "running_var") else 0
        np.testing.assert_array_equal(array, begin, err_msg=name)


def test_lists_of_integers_are_numbers_of_the_default_dtype():
    x = [[[1, 3], [1, 3]]]
    for y in (
        batch_norm(x, eps=0),
        instance_norm(x, eps=0),
        group_norm(x, 1, eps=0),
        layer_norm(x, 2, eps=0),
        GroupNorm(1, 2, eps=0)(x),
    ):
        assert y.dtype == np.float32
        assert y.tolist() == [[[-1, 1], [-1, 1]]]
    y = rms_norm([[1, 7]], 2)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.data, [[0.2, 1.4]], rtol=1e-6)
