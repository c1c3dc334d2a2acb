"""The shipped play, and windows cut out of a text."""

import hashlib
from importlib import resources

import numpy as np
import pytest

from neural_net_core.errors import ShapeError
from neural_net_utils.datasets import texts
from neural_net_utils.datasets.texts import load_text, random_windows


def test_the_play_is_the_one_described():
    """Length, alphabet and persons as the docstring and the data sheet say."""
    play = load_text()
    assert len(play) == 122_930
    assert len(set(play)) == 64
    assert play.startswith("ACT I, SCENE I. Orchard of Oliver's house.\n\n[Enter ORLANDO and ADAM]")
    assert "All the world's a stage,\nAnd all the men and women merely players:" in play
    assert play.count("\nROSALIND:\n") == 201
    assert play.endswith("bid me farewell.\n\n[Exeunt]\n")


def test_parts_together_are_the_whole():
    """First 90 % and last 10 %, nothing lost, nothing twice."""
    train, validation = load_text("train"), load_text("validation")
    assert train + validation == load_text()
    assert len(train) == 122_930 * 9 // 10


def test_data_sheet_matches_the_file():
    """The sheet beside the file names its checksum, its author and its status."""
    folder = resources.files("neural_net_utils") / "data"
    sheet = (folder / "TEXT.md").read_text(encoding="utf-8")
    content = (folder / "as_you_like_it.txt").read_bytes()
    assert hashlib.sha256(content).hexdigest() == texts.SHA256
    assert texts.SHA256 in sheet
    assert "William Shakespeare" in sheet
    assert "public domain" in sheet
    assert f"{len(content):,} bytes" in sheet


def test_a_changed_file_and_a_wrong_split_are_refused(monkeypatch):
    """Both say what is the matter."""
    with pytest.raises(ValueError, match="split must be 'train', 'validation' or None, got 'test'"):
        load_text("test")
    monkeypatch.setattr(texts, "SHA256", "0" * 64)
    with pytest.raises(ValueError, match="checksum"):
        load_text()


def test_windows_are_pieces_of_the_text_and_what_follows():
    """y is x one place later; every start occurs, the first and the last too."""
    tokens = np.arange(100, 110)
    x, y = random_windows(tokens, 300, 4, rng=np.random.default_rng(0))
    assert x.shape == y.shape == (300, 4)
    assert np.array_equal(y, x + 1)
    assert np.array_equal(np.diff(x, axis=1), np.ones((300, 3)))
    assert sorted(set(x[:, 0].tolist())) == list(range(100, 106))
    again, _ = random_windows(tokens, 300, 4, rng=np.random.default_rng(0))
    assert np.array_equal(x, again)


def test_a_text_too_short_for_its_windows():
    """The longest window leaves one token to predict."""
    x, y = random_windows([1, 2, 3], 2, 2)
    assert x.tolist() == [[1, 2], [1, 2]]
    assert y.tolist() == [[2, 3], [2, 3]]
    with pytest.raises(ShapeError, match=r"N > length = 3, got \(3,\)"):
        random_windows([1, 2, 3], 2, 3)
    with pytest.raises(ShapeError, match=r"got \(2, 3\)"):
        random_windows(np.zeros((2, 3)), 2, 2)
    with pytest.raises(ValueError, match="length must be an int >= 1"):
        random_windows([1, 2, 3], 2, 0)
