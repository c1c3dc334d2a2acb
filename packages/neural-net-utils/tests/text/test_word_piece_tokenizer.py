"""WordPiece: the definition written out, BERT's steps one by one, and what must always hold."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_net_utils import WordPieceTokenizer, load_text
from neural_net_utils.text import word_piece_tokenizer

BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PARTS = ["un", "##aff", "##able", "##afford", "able", "a", "##a", "##b", "b", "##ab", "!", ","]
TOKENIZER = WordPieceTokenizer([*BERT, *PARTS], specials=BERT)


def words(text, **options):
    return WordPieceTokenizer(["[UNK]"], **options).words(text)


def by_definition(vocabulary, word):
    """All ways to cut a word whose first part is the longest there is, then the second, …"""
    if not word:
        return []
    fitting = [
        token for token in vocabulary if token not in BERT and word.startswith(token)
    ]  # the word bears its prefix
    for token in sorted(fitting, key=len, reverse=True)[:1]:
        rest = word[len(token) :]
        found = by_definition(vocabulary, f"##{rest}" if rest else "")
        return None if found is None else [token, *found]
    return None


@given(st.text(alphabet="abunf", min_size=1, max_size=12))
def test_the_longest_part_first(word):
    cut = by_definition(PARTS, word)
    expected = ["[UNK]"] if cut is None else cut
    assert [TOKENIZER.vocabulary[i] for i in TOKENIZER.encode(word)] == expected


def test_a_worked_example():
    """Unaffordable: "un", then "##afford" before the shorter "##aff", then "##able"."""
    ids = TOKENIZER.encode("Unaffordable, able!").tolist()
    assert [TOKENIZER.vocabulary[i] for i in ids] == [
        *("un", "##afford", "##able", ",", "able", "!")
    ]
    assert TOKENIZER.decode(ids) == "unaffordable, able!"


def test_greed_can_fail_where_patience_would_not():
    """The longest first part may leave a rest that is no part; nothing goes back to try again."""
    tokenizer = WordPieceTokenizer(["[UNK]", "ab", "a", "##bc"])
    assert tokenizer.encode("abc").tolist() == [0]
    assert tokenizer.encode("a").tolist() == [2]


def test_a_long_word_is_unknown():
    tokenizer = WordPieceTokenizer(["[UNK]", "a", "##a"], longest_word=5)
    assert tokenizer.encode("aaaaa aaaaaa").tolist() == [1, 2, 2, 2, 2, 0]
    usual = WordPieceTokenizer(["[UNK]", "a", "##a"])
    assert len(usual.encode("a" * 100)) == 100
    assert usual.encode("a" * 101).tolist() == [0]


def test_specials_are_never_found_in_a_text():
    """Text that looks like a special token is plain characters."""
    tokenizer = WordPieceTokenizer(["[UNK]", "[", "cls", "]", "[CLS]"], specials=["[UNK]", "cls"])
    assert tokenizer.encode("[CLS]").tolist() == [1, 0, 3]
    assert tokenizer.decode([1, 2, 3, 4]) == "[ ] [CLS]"
    assert tokenizer.decode([2, 1], keep_specials=True) == "cls ["
    assert tokenizer.id("cls") == 2
    with pytest.raises(KeyError, match="no special token '\\[CLS\\]', only"):
        tokenizer.id("[CLS]")


def test_cleaning():
    """Control characters go, all white space is a space; marks and capitals as asked."""
    assert words("a\x00b\x07c\ufffdd\u200be") == ["abcde"]
    assert words("a\tb\nc\rd\u00a0e\u3000f\u2028g") == list("abcdefg")
    assert words("a\x1cb") == ["ab"]
    assert words("a\x1cb\x85c", clean=False) == ["a\x1cb", "c"]
    assert words("Café É e\u0301") == ["cafe", "e", "e"]
    assert words("Café É", lower_case=False) == ["Café", "É"]
    assert words("Café É", strip_accents=False) == ["café", "é"]
    assert words("Café É", lower_case=False, strip_accents=True) == ["Cafe", "E"]
    assert words("ΟΔΟΣ", strip_accents=False) == ["οδοσ"]  # no special letter at a word's end
    assert words("İ", strip_accents=False) == ["i\u0307"]


def test_words():
    """Punctuation and Chinese characters stand alone; signs that are neither do not."""
    assert words("isn't it?!") == ["isn", "'", "t", "it", "?", "!"]
    assert words("a$b^c`d~e|f") == list("a$b^c`d~e|f")
    assert words("a…b—c¿d") == list("a…b—c¿d")
    assert words("a€b×c") == ["a€b×c"]
    assert words("天地ab玄") == ["天", "地", "ab", "玄"]
    assert words("天地ab", spread_chinese=False) == ["天地ab"]
    assert words("ひらがな 한글", strip_accents=False) == ["ひらがな", "한글"]
    assert words("") == []


# The first and the last character of each block, and the two beside them.
BLOCKS = [
    *((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2A6DF)),
    *((0x2A700, 0x2B73F), (0x2B740, 0x2B81F), (0x2B920, 0x2CEAF), (0x2F800, 0x2FA1F)),
]


@pytest.mark.parametrize(("first", "last"), BLOCKS, ids=hex)
def test_blocks_of_chinese_characters_end_where_unicode_says(first, last):
    def alone(code):
        return len(words(f"a{chr(code)}b", lower_case=False, clean=False)) == 3

    assert alone(first) and alone(last)
    assert not alone(first - 1) or first - 1 in [end for _, end in BLOCKS]
    assert not alone(last + 1) or last + 1 in [begin for begin, _ in BLOCKS]


@given(st.text(max_size=30))
def test_words_hold_no_white_space_and_no_empty_one(text):
    found = words(text)
    assert all(found)
    assert not any(c.isspace() for word in found for c in word)
    assert words(" ".join(found), clean=False) == found  # nothing more to cut


def test_tidy_text():
    """Spaces before the marks that English sets close go, where it is asked for."""
    tokens = ["[UNK]", "it", "'", "s", "##n", "is", ".", "(", "'s"]
    ids = [1, 8, 7, 5, 4, 6]
    assert WordPieceTokenizer(tokens).decode(ids) == "it's ( isn."
    assert WordPieceTokenizer(tokens, tidy=False).decode(ids) == "it 's ( isn ."
    assert WordPieceTokenizer(tokens).decode([4, 5]) == "##n is"  # a continuation of nothing
    assert WordPieceTokenizer(tokens).decode([]) == ""


def test_training():
    """Characters first, then frequent neighbours; every word of the text can be cut."""
    text = load_text()[:20_000]
    tokenizer = WordPieceTokenizer.train(text, 500)
    assert len(tokenizer) == 500
    assert not any(c.isupper() for token in tokenizer.vocabulary[5:] for c in token)
    assert tokenizer.specials == tuple(BERT)
    assert tokenizer.id("[UNK]") not in tokenizer.encode(text)
    assert " ".join(tokenizer.words(text)) == WordPieceTokenizer.from_json(
        tokenizer.to_json().replace('"tidy": true', '"tidy": false')
    ).decode(tokenizer.encode(text))
    small = WordPieceTokenizer.train("abab abc ab", 12, specials=["[UNK]"])
    assert small.vocabulary == ("[UNK]", "##a", "##b", "##c", "a", "ab", "##ab", "abc", "abab")
    assert small.encode("abab abx").tolist() == [8, 0]
    assert len(WordPieceTokenizer.train("aa ab", 99, min_frequency=2)) == 5 + 3
    cased = WordPieceTokenizer.train(["Ab", "É"], 50, specials=["?"], unknown="?", lower_case=False)
    assert cased.vocabulary == ("?", "##b", "A", "É", "Ab")


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=40), st.integers(0, 30))
def test_what_was_trained_is_written_and_read_whole(trained, text, more):
    least = 5 + 2 * len(set(words(trained)) | set("".join(words(trained))))
    tokenizer = WordPieceTokenizer.train(trained, least + more)
    again = WordPieceTokenizer.from_json(tokenizer.to_json())
    assert again.to_json() == tokenizer.to_json()
    assert again.encode(text).tolist() == tokenizer.encode(text).tolist()
    assert max(tokenizer.encode(trained), default=5) >= 5


def steps(function):
    """Count the lines that a call runs in the tokenizer's file: steps, not seconds."""
    count = 0

    def watch(frame, event, _):
        nonlocal count
        if frame.f_code.co_filename != word_piece_tokenizer.__file__:
            return None
        count += event == "line"
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


def test_twice_the_text_takes_about_twice_the_steps():
    """Also where nothing cuts it: a word is as long as it may be, then it is unknown."""
    for text in ("ab" * 20 + " ", "a", "天"):
        once, twice = (
            steps(lambda t=text * n: WordPieceTokenizer([*BERT, *PARTS]).encode(t))
            for n in (500, 1000)
        )
        assert twice < 2.5 * once


def test_no_part_longer_than_the_longest_token_is_looked_for():
    """Nine letters at most are tried at each of a word's 100 places, not all that follow."""
    tokenizer = WordPieceTokenizer([*BERT, *PARTS])
    tried = steps(lambda: tokenizer.encode("a" + "b" * 99))
    assert tried < 100 * (9 * 3 + 10)


def test_errors():
    for wrong in ("clean", "strip_accents", "lower_case", "spread_chinese", "tidy"):
        with pytest.raises(ValueError, match=rf"{wrong} must be True or False, got 1"):
            WordPieceTokenizer(["[UNK]"], **{wrong: 1})
    with pytest.raises(ValueError, match=r"decode: keep_specials must be True or False"):
        TOKENIZER.decode([1], keep_specials=1)
    with pytest.raises(ValueError, match=r"words: text must be a str"):
        TOKENIZER.words(None)
    with pytest.raises(ValueError, match=r"vocabulary holds no token '\[UNK\]'"):
        WordPieceTokenizer(["a"])
    with pytest.raises(ValueError, match="vocabulary holds no token 'b'"):
        WordPieceTokenizer(["[UNK]", "a"], specials=["a", "b"])
    with pytest.raises(ValueError, match="vocabulary holds 'a' twice"):
        WordPieceTokenizer(["[UNK]", "a", "b", "a"])
    with pytest.raises(ValueError, match=r"longest_word must be .* got 1001"):
        WordPieceTokenizer(["[UNK]"], longest_word=1001)
    with pytest.raises(ValueError, match="id 17 is outside 0 to 16"):
        TOKENIZER.decode([17])
    with pytest.raises(ValueError, match=r"vocabulary_size must be .* got 6"):
        WordPieceTokenizer.train("ab", 6)
    with pytest.raises(ValueError, match="specials hold no '#', the unknown token"):
        WordPieceTokenizer.train("ab", 99, unknown="#")
    with pytest.raises(ValueError, match="expected a tokenizer of word pieces, got 'characters'"):
        WordPieceTokenizer.from_json('{"kind": "characters"}')
