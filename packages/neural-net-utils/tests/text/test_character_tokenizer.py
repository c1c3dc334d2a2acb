"""Characters to ids and back."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_utils.text.character_tokenizer import CharacterTokenizer


def test_the_vocabulary_is_sorted_and_specials_come_first():
    """The order of the alphabet's text does not matter; lengths and ids follow."""
    tokenizer = CharacterTokenizer("cabbage", specials=["<pad>", "<end>"])
    assert tokenizer.vocabulary == ("<pad>", "<end>", "a", "b", "c", "e", "g")
    assert len(tokenizer) == 7
    assert tokenizer.id("<end>") == 1
    assert tokenizer.encode("age").tolist() == [2, 6, 5]
    assert tokenizer.encode("age").dtype == np.int64
    assert tokenizer.encode("").shape == (0,)
    assert repr(tokenizer) == "CharacterTokenizer(7 tokens)"


@given(st.text(min_size=1))
def test_round_trip(text):
    """Any text comes back, also through JSON."""
    tokenizer = CharacterTokenizer(text, specials=["<pad>"])
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert 0 not in ids
    again = CharacterTokenizer.from_json(tokenizer.to_json())
    assert again.vocabulary == tokenizer.vocabulary
    assert np.array_equal(again.encode(text), ids)


def test_specials_vanish_or_show():
    """Text never becomes a special; specials are dropped unless asked for."""
    tokenizer = CharacterTokenizer("<end>", specials=["<end>"])
    assert 0 not in tokenizer.encode("<end>")
    ids = [0, *tokenizer.encode("den"), 0]
    assert tokenizer.decode(ids) == "den"
    assert tokenizer.decode(ids, keep_specials=True) == "<end>den<end>"


def test_errors_name_character_place_and_id():
    """What is not in the alphabet or the vocabulary."""
    tokenizer = CharacterTokenizer("abc", specials=["<pad>"])
    with pytest.raises(ValueError, match="character 'x' at place 2"):
        tokenizer.encode("abxbx")
    with pytest.raises(ValueError, match="id 4 is outside 0 to 3"):
        tokenizer.decode([1, 4])
    with pytest.raises(ValueError, match="id -1 is outside"):
        tokenizer.decode([-1])
    with pytest.raises(ValueError, match=r"whole numbers \(N,\), got .* float64"):
        tokenizer.decode([1.0])
    with pytest.raises(ValueError, match=r"got an array of shape \(1, 2\)"):
        tokenizer.decode([[1, 2]])
    with pytest.raises(KeyError, match="no special token '<end>', only"):
        tokenizer.id("<end>")
    assert tokenizer.decode([]) == ""


def test_bad_alphabets_and_specials():
    """Nothing, more than a character, a name twice, a name alone."""
    with pytest.raises(ValueError, match="at least one character"):
        CharacterTokenizer("")
    with pytest.raises(ValueError, match="single characters, got 'ab'"):
        CharacterTokenizer(["c", "ab"])
    with pytest.raises(ValueError, match="a special is named twice"):
        CharacterTokenizer("a", specials=["<x>", "<x>"])
    with pytest.raises(ValueError, match="specials must be a list of names, got '<pad>'"):
        CharacterTokenizer("a", specials="<pad>")


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}", json.dumps({"kind": "byte pairs"})])
def test_other_json_is_refused(text):
    """A file of something else raises ValueError, not a puzzle."""
    with pytest.raises(ValueError, match=r"CharacterTokenizer.from_json"):
        CharacterTokenizer.from_json(text)
