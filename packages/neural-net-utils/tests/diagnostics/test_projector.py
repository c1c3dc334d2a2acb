"""Vectors for embedding projectors."""

import numpy as np
import pytest

from neural_net_core import Parameter
from neural_net_utils import save_vectors


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_numbers_come_back_bit_by_bit(dtype, tmp_path):
    vectors = np.random.default_rng(0).normal(size=(20, 3)).astype(dtype)
    save_vectors(tmp_path / "a" / "b", Parameter(vectors, dtype))
    read = np.loadtxt(tmp_path / "a" / "b" / "vectors.tsv", delimiter="\t").astype(dtype)
    np.testing.assert_array_equal(read, vectors)
    assert not (tmp_path / "a" / "b" / "metadata.tsv").exists()


def test_one_column_has_no_header_and_several_have(tmp_path):
    save_vectors(tmp_path, np.ones((2, 1)), word=["a", "b"])
    assert (tmp_path / "metadata.tsv").read_text() == "a\nb\n"
    save_vectors(tmp_path, np.ones((2, 1)), word=["a", "b"], count=[3, 1])
    assert (tmp_path / "metadata.tsv").read_text() == "word\tcount\na\t3\nb\t1\n"


def test_a_label_cannot_end_its_row(tmp_path):
    """Character tokenizers have such tokens."""
    save_vectors(tmp_path, np.ones((4, 1)), token=["\n", "\t", "\\n", "ü"])
    lines = (tmp_path / "metadata.tsv").read_bytes().decode("utf-8").split("\n")
    assert lines == [r"\n", r"\t", r"\\n", "ü", ""]


def test_what_is_no_table_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"\(N, D\), got float64 of shape \(3,\)"):
        save_vectors(tmp_path, np.ones(3))
    with pytest.raises(ValueError, match="floating vectors"):
        save_vectors(tmp_path, np.ones((3, 2), int))
    with pytest.raises(ValueError, match="expected 3 values of word, got 2"):
        save_vectors(tmp_path, np.ones((3, 2)), word=["a", "b"])
    assert not list(tmp_path.iterdir())
