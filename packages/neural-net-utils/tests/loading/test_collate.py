"""Stacking and padding of samples."""

import numpy as np
import pytest

from neural_net_core.errors import ShapeError
from neural_net_utils.loading.collate import pad_pairs, pad_samples, pad_sequences, stack_samples


def test_stack_keeps_fields_and_dtypes():
    """Fields are stacked one by one."""
    x, y = stack_samples([(np.float32([1, 2]), 3), (np.float32([4, 5]), 6)])
    assert x.dtype == np.float32
    assert x.tolist() == [[1, 2], [4, 5]]
    assert y.tolist() == [3, 6]


def test_ragged_samples_point_to_padding():
    """The message for different lengths names the way out."""
    with pytest.raises(ShapeError, match=r"field 0 has samples of shapes.*pad_samples"):
        stack_samples([([1, 2],), ([3],)])
    with pytest.raises(ShapeError, match="number of fields"):
        stack_samples([(1, 2), (3,)])


def test_padding_and_mask():
    """Steps with features, a value of one's own, a fixed length that cuts."""
    batch, mask = pad_sequences([np.ones((2, 3)), np.ones((0, 3)), np.ones((4, 3))], value=-1)
    assert batch.shape == (3, 4, 3)
    assert mask.sum(axis=1).tolist() == [2, 0, 4]
    assert np.array_equal(batch[..., 0] == 1, mask)
    cut, mask = pad_sequences([[1, 2, 3], [4]], length=2)
    assert cut.tolist() == [[1, 2], [4, 0]]
    assert mask.tolist() == [[True, True], [True, False]]
    assert [part.shape for part in pad_sequences([[1, 2, 3], [4]], length=0)] == [(2, 0), (2, 0)]


@pytest.mark.parametrize("collate", [stack_samples, pad_samples, pad_pairs])
@pytest.mark.parametrize(
    "samples", [[], [()], [(), ()], [5], [5, ([1], [2])], [([1], [2]), 5], [([1], [2]), ()]]
)
def test_what_is_no_sample_is_refused(collate, samples):
    where = collate.__name__
    with pytest.raises(ShapeError, match=rf"{where}: samples must be tuples of one or more"):
        collate(samples)


def test_padding_refuses_other_differences():
    """Only the first axis may differ."""
    with pytest.raises(ShapeError, match="differ in length only"):
        pad_sequences([np.ones((2, 3)), np.ones((2, 4))])
    with pytest.raises(ShapeError, match="at least one sequence"):
        pad_sequences([])
    for sequences in ([[1, 2], 3], [3, [1, 2]], [3, 3]):
        with pytest.raises(ShapeError, match=r"expected sequences \(T, ...\), got the number 3"):
            pad_sequences(sequences)


def test_pad_samples_adds_the_mask():
    """(x, y) pairs become (x, mask, y)."""
    x, mask, y = pad_samples([([1, 2], 0), ([3], 1)])
    assert x.tolist() == [[1, 2], [3, 0]]
    assert mask.tolist() == [[True, True], [True, False]]
    assert y.tolist() == [0, 1]
    assert len(pad_samples([([1],)])) == 2


def test_pad_pairs_pads_each_side_to_its_own_length():
    """Sources and targets have masks of their own; padding can be any value."""
    source, source_mask, target, target_mask = pad_pairs([([1, 2], [3]), ([4], [5, 6, 7])], value=9)
    assert source.tolist() == [[1, 2], [4, 9]]
    assert source_mask.tolist() == [[True, True], [True, False]]
    assert target.tolist() == [[3, 9, 9], [5, 6, 7]]
    assert target_mask.tolist() == [[True, False, False], [True, True, True]]
    assert pad_pairs([([1, 2], [3]), ([4], [5, 6])])[0].tolist() == [[1, 2], [4, 0]]
    with pytest.raises(ShapeError, match="expected samples of 2 sequences, got 3 fields"):
        pad_pairs([([1], [2], 3)])


@pytest.mark.parametrize(
    ("dtype", "value", "possible"),
    [
        (np.float32, 0.1, True),
        (np.float32, np.nan, True),
        (np.float64, -np.inf, True),
        (np.int64, -1, True),
        (np.int64, 0.5, False),
        (np.uint8, -1, False),
        (np.uint8, 300, False),
        (np.int64, np.nan, False),
        (np.int64, np.inf, False),
        (np.int64, 10**30, False),
        (np.uint8, 0, True),
        (np.uint8, 255, True),
        (np.int8, -128, True),
        (np.int8, -129, False),
        (bool, 2, False),
        (bool, 0, True),
        (bool, -1, False),
        (bool, 1, True),
        (np.float32, None, False),
        (np.float32, "0", False),
        (np.float32, [None], False),
    ],
)
def test_padding_is_a_number_that_the_sequences_can_hold(dtype, value, possible):
    """It is neither wrapped round nor cut off, and None does not become NaN."""
    sequences = [np.zeros(2, dtype), np.zeros(1, dtype)]
    if possible:
        batch, _ = pad_sequences(sequences, value=value)
        assert batch.dtype == dtype
        assert np.array_equal(batch[1, 1], np.array(value).astype(dtype), equal_nan=True)
    else:
        with pytest.raises(ValueError, match="pad_sequences: value must be a number that"):
            pad_sequences(sequences, value=value)
