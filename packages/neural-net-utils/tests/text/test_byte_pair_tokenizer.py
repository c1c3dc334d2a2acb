"""Byte-pair encoding: recorded results of Hugging Face `tokenizers`, and what must always hold."""

import json
import random
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_net_utils.datasets.texts import load_text
from neural_net_utils.text import _merging, _tokens, byte_pair_tokenizer
from neural_net_utils.text.byte_pair_tokenizer import BytePairTokenizer, split_pieces

RECORDED = json.loads(
    (Path(__file__).parent / "fixtures/byte_pairs.json").read_text(encoding="utf-8")
)
TEXT = st.one_of(st.text(max_size=40), st.text(alphabet="ab '\n", max_size=40))


@pytest.mark.parametrize("case", RECORDED)
def test_recorded_merges_and_ids(case):
    """Same merges in the same order, same ids, as the other library found."""
    texts = [
        text if text is not None else load_text()[start : start + length]
        for text, (start, length) in zip(case["texts"], case["places"], strict=True)
    ]
    tokenizer = BytePairTokenizer.train(
        texts, case["size"], min_frequency=case["min_frequency"], specials=case["specials"]
    )
    assert [list(pair) for pair in tokenizer.merges] == case["merges"]
    assert tokenizer.encode(case["probe"]).tolist() == case["ids"]


def test_pieces():
    """Words take one space along, runs of white space leave one, contractions stand apart."""
    assert list(split_pieces("a  b\n\nc\n d")) == ["a", " ", " b", "\n", "\n", "c", "\n", " d"]
    assert list(split_pieces("they'll've 's 'tis")) == [
        *("they", "'ll", "'ve", " '", "s", " '", "tis")
    ]
    assert list(split_pieces("x=12 ½, été_1")) == ["x", "=", "12", " ½", ",", " été", "_", "1"]
    assert list(split_pieces("a\u3000b")) == ["a", "\u3000", "b"]
    assert list(split_pieces("a \x1cb")) == ["a", " \x1c", "b"]
    assert list(split_pieces("end \n ")) == ["end", " \n "]
    assert list(split_pieces("")) == []


@given(TEXT)
def test_pieces_are_the_text(text):
    """Nothing is lost, nothing is empty."""
    pieces = list(split_pieces(text))
    assert "".join(pieces) == text
    assert all(pieces)


@settings(deadline=None)
@given(TEXT, TEXT)
def test_any_text_comes_back(trained, text):
    """decode(encode(text)) is text, whatever the tokenizer was trained on; JSON changes nothing."""
    tokenizer = BytePairTokenizer.train(trained, 290, specials=["<pad>"])
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert 0 not in ids
    again = BytePairTokenizer.from_json(tokenizer.to_json())
    assert again.vocabulary == tokenizer.vocabulary
    assert again.encode(text).tolist() == ids.tolist()


def counted_anew(text, size):
    """Merges by counting everything again before each, as the paper's figure 1 does."""
    start = BytePairTokenizer()
    words = Counter(tuple(start.encode(piece)) for piece in split_pieces(text))
    merges = []
    for token in range(256, size):
        pairs = Counter()
        for word, n in words.items():
            for pair in pairwise(word):
                pairs[pair] += n
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        merged = Counter()
        for word, n in words.items():
            out = []
            for one in word:
                out.append(one)
                if tuple(out[-2:]) == best:
                    out[-2:] = [token]
            merged[tuple(out)] += n
        words = merged
    return [(int(a), int(b)) for a, b in merges]


@pytest.mark.parametrize("text", ["aaaa aaa aaaaaaa baaab", "low lower lowest slow", "ab" * 30])
def test_bookkeeping_equals_counting_anew(text):
    """Only touched words are counted again; the result is the same."""
    assert list(BytePairTokenizer.train(text, 275).merges) == counted_anew(text, 275)


def merged_one_by_one(tokenizer, text):
    """Ids by the definition: look at all pairs, merge the earliest, leftmost one, look again."""
    first = len(tokenizer.specials)
    ids = {token: i for i, token in enumerate(tokenizer.vocabulary) if i >= first}
    ranks = {pair: rank for rank, pair in enumerate(tokenizer.merges)}
    out = []
    for piece in split_pieces(text):
        word = [ids[bytes([b])] for b in piece.encode()]
        while found := [
            (ranks[pair], at) for at, pair in enumerate(pairwise(word)) if pair in ranks
        ]:
            _, at = min(found)
            both = b"".join(tokenizer.vocabulary[i] for i in word[at : at + 2])
            word[at : at + 2] = [ids[both]]
        out += word
    return out


@st.composite
def merge_tables(draw):
    """Merges of three letters at random: chains, doublings, and one token by several ways."""
    pool = BytePairTokenizer().encode("abc").tolist()
    merges = []
    for _ in range(draw(st.integers(0, 12))):
        pair = draw(st.tuples(st.sampled_from(pool), st.sampled_from(pool)))
        if pair not in merges:
            merges.append(pair)
            pool = [*pool[:3], *range(256, len(BytePairTokenizer(merges)))]
    return BytePairTokenizer(merges)


@settings(deadline=None, max_examples=300)
@given(merge_tables(), st.text(alphabet="aaabc ", max_size=60))
def test_any_merge_table_gives_the_ids_of_the_definition(tokenizer, text):
    """The chain and its queue only save looking again."""
    assert tokenizer.encode(text).tolist() == merged_one_by_one(tokenizer, text)


def lines_run(function):
    """Count the lines that a call runs in the tokenizer's files: steps, not seconds."""
    count = 0

    def watch(frame, event, _):
        nonlocal count
        if frame.f_code.co_filename not in (byte_pair_tokenizer.__file__, _merging.__file__):
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


def one_letter(n):
    return "a" * n


def unbroken_script(n):
    return "".join(random.Random(0).choices("あいうえおかきくけこ", k=n))


@pytest.mark.parametrize("text", [one_letter, unbroken_script])
def test_twice_the_text_takes_about_twice_the_steps(text):
    """Also where nothing cuts it: an unbroken run is one piece."""
    tokenizer = BytePairTokenizer.train(text(3000), 400)
    encoding = [lines_run(lambda n=n: tokenizer.encode(text(n))) for n in (1000, 2000, 4000)]
    assert encoding[1] < 2.5 * encoding[0]
    assert encoding[2] < 2.5 * encoding[1]
    training = [
        lines_run(lambda n=n: BytePairTokenizer.train(text(n), 256 + n // 10)) for n in (500, 1000)
    ]
    assert training[1] < 2.5 * training[0]


def test_only_so_many_pieces_are_remembered_and_no_long_ones(monkeypatch):
    """A server that reads strangers' texts all day does not grow."""
    monkeypatch.setattr(_tokens, "MOST_PIECES", 10)
    tokenizer = BytePairTokenizer()
    for i in range(100):
        tokenizer.encode(f"word{i:c} {i}" + "x" * 1000)
        assert len(tokenizer._pieces) <= 10
        assert max(map(len, tokenizer._pieces)) <= _tokens.LONGEST_PIECE


def test_one_token_from_two_pairs():
    """(ab)c and a(bc) are the same bytes, hence the same id, and the vocabulary grows once."""
    a, b, c = BytePairTokenizer().encode("abc").tolist()
    tokenizer = BytePairTokenizer([(a, b), (b, c), (256, c), (a, 257)])
    assert tokenizer.vocabulary[256:] == (b"ab", b"bc", b"abc")
    assert tokenizer.encode("abc").tolist() == [258]


def test_merging_prefers_what_was_learned_first():
    """The order of learning decides, not the longest match."""
    a, b, c = BytePairTokenizer().encode("abc").tolist()
    assert BytePairTokenizer([(b, c), (a, b)]).encode("abc").tolist() == [a, 256]
    assert BytePairTokenizer([(a, b), (b, c)]).encode("abc").tolist() == [256, c]
    assert BytePairTokenizer([(a, a)]).encode("aaa").tolist() == [256, a]


def test_size_frequency_and_an_early_end():
    """The vocabulary is as large as asked, or as the text allows."""
    text = load_text()[:3000]
    tokenizer = BytePairTokenizer.train(text, 300, specials=["<pad>", "<end>"])
    assert len(tokenizer) == 300
    assert len(tokenizer.merges) == 300 - 256 - 2
    assert tokenizer.id("<end>") == 1
    assert len(BytePairTokenizer.train("ab", 999)) == 257
    assert len(BytePairTokenizer.train("ab ab cd", 999, min_frequency=2)) == 257
    assert len(BytePairTokenizer.train(["", ""], 999)) == 256
    assert repr(tokenizer) == "BytePairTokenizer(300 tokens)"


def test_specials_vanish_or_show():
    """Specials are dropped unless asked for; a name in a text is plain characters."""
    tokenizer = BytePairTokenizer.train("on and on", 260, specials=["<end>"])
    ids = [0, *tokenizer.encode("on<end>"), 0]
    assert tokenizer.decode(ids) == "on<end>"
    assert tokenizer.decode(ids, keep_specials=True) == "<end>on<end><end>"


def test_a_cut_character_shows_as_such():
    """Half of a character of two bytes is U+FFFD, not an error."""
    ids = BytePairTokenizer().encode("é")
    assert len(ids) == 2
    assert BytePairTokenizer().decode(ids[:1]) == "\N{REPLACEMENT CHARACTER}"


def test_errors():
    """Merges that cannot be, sizes too small, ids and files of something else."""
    with pytest.raises(ValueError, match=r"merge 0 joins tokens 3 and 256, but only 0 to 255"):
        BytePairTokenizer([(3, 256)])
    with pytest.raises(ValueError, match=r"merge 0 joins tokens 0 and 5, but only 1 to 256"):
        BytePairTokenizer([(0, 5)], specials=["<pad>"])
    with pytest.raises(ValueError, match="a pair is merged twice"):
        BytePairTokenizer([(3, 4), (3, 4)])
    with pytest.raises(ValueError, match="vocabulary_size must be an int >= 257, got 256"):
        BytePairTokenizer.train("a", 256, specials=["<pad>"])
    with pytest.raises(ValueError, match="id 256 is outside 0 to 255"):
        BytePairTokenizer().decode([256])
    with pytest.raises(KeyError, match="no special token '<pad>'"):
        BytePairTokenizer().id("<pad>")
    with pytest.raises(ValueError, match="expected a tokenizer of byte pairs, got 'characters'"):
        BytePairTokenizer.from_json('{"kind": "characters"}')
