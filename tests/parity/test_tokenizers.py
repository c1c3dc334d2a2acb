"""Byte-pair encoding against Hugging Face `tokenizers`: pieces, merges, vocabulary and ids.

    python tests/parity/test_tokenizers.py

writes what that library computes for a few texts to a file of the package's own tests.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from neural_net_utils import BytePairTokenizer, load_text
from neural_net_utils.text import split_pieces

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "packages/neural-net-utils/tests/text/fixtures/byte_pairs.json"

# Few letters give overlapping pairs ("aaaa") and ties; the others all kinds of characters:
# contractions, white space of several sorts, digits that are no decimals, marks, other alphabets.
FEW = st.text(alphabet="aab  ", max_size=60)
WORDS = st.sampled_from(
    [
        *(
            " ",
            "  ",
            "\n",
            "\t",
            "\u00a0",
            "\u3000",
            "\x1c",
            "\r\n",
            "'",
            "'s",
            "'ll",
            "don't",
            "'re",
        ),
        *(
            "low",
            "lower",
            " lowest",
            "été",
            "e\u0301",
            "42",
            "²",
            "Ⅷ",
            "½",
            "一二",
            "🙂",
            "...",
            "_",
        ),
        *("ß", "İ", "ﬁ", "\u200d", "\x00", "ज़", "A", "z", "-", "£"),
    ]
)
MIXED = st.lists(WORDS, max_size=40).map("".join)
# Both sides know characters by tables of their own; those that Python's has not yet are left out.
ANY = st.characters(exclude_categories=["Cs", "Cn"])
TEXTS = st.lists(st.one_of(FEW, MIXED, st.text(ANY, max_size=30)), min_size=1, max_size=3)


def theirs(texts: list[str], size: int, min_frequency: int = 0, specials: Any = ()) -> Tokenizer:
    """Train a byte-level tokenizer of the other library."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=min_frequency,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=list(specials),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def their_merges(tokenizer: Tokenizer) -> list[tuple[int, int]]:
    """Return the merges as pairs of ids."""
    model = json.loads(tokenizer.to_str())["model"]
    return [(model["vocab"][a], model["vocab"][b]) for a, b in model["merges"]]


def assert_equal(texts: list[str], size: int, min_frequency: int = 0, specials: Any = ()) -> None:
    """Train both and compare what they learned and what they do."""
    other = theirs(texts, size, min_frequency, specials)
    own = BytePairTokenizer.train(texts, size, min_frequency=min_frequency, specials=specials)
    assert list(own.merges) == their_merges(other)
    assert len(own) == other.get_vocab_size()
    for text in texts:
        ids = own.encode(text).tolist()
        assert ids == other.encode(text).ids
        assert own.decode(ids) == text


@settings(deadline=None, max_examples=300)
@given(texts=TEXTS, more=st.integers(0, 40), min_frequency=st.integers(0, 3))
def test_training_and_encoding(texts: list[str], more: int, min_frequency: int) -> None:
    assert_equal(texts, 256 + more, min_frequency)


@settings(deadline=None, max_examples=200)
@given(trained=TEXTS, text=st.one_of(FEW, MIXED, st.text(ANY, max_size=30)))
def test_encoding_of_another_text(trained: list[str], text: str) -> None:
    other = theirs(trained, 300)
    own = BytePairTokenizer(their_merges(other))
    assert own.encode(text).tolist() == other.encode(text).ids


@settings(deadline=None, max_examples=300)
@given(text=st.one_of(MIXED, st.text(ANY, max_size=50)))
def test_pieces(text: str) -> None:
    cut = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str(text)
    assert list(split_pieces(text)) == [text[begin:end] for _, (begin, end) in cut]


@pytest.mark.parametrize("size", [256, 512, 1500])
def test_the_shipped_text(size: int) -> None:
    assert_equal([load_text()], size)


def test_specials_come_first() -> None:
    specials = ["<pad>", "<end>"]
    assert_equal([load_text()[:5000]], 400, specials=specials)
    other = theirs(["aa"], 400, specials=specials)
    assert [other.token_to_id(name) for name in specials] == [0, 1]


def recorded() -> list[dict[str, Any]]:
    """Return what the other library does with a few texts."""
    sample = "naïve café: 42 ½ ²  marks,\tdon't\n\n  she'll 'Sblood 🙂🙂 aaaaaaa ababab"
    cases = [
        (["low lower lowest low", "aaaa aaaaa aaa abab"], 300, 0, []),
        ([load_text()[:20_000]], 600, 0, []),
        ([load_text()[20_000:30_000], sample], 500, 3, ["<pad>", "<end>"]),
        ([sample, sample], 400, 2, ["<pad>"]),
    ]
    found = []
    for texts, size, min_frequency, specials in cases:
        other = theirs(texts, size, min_frequency, specials)
        probe = sample + load_text()[-300:]
        found.append(
            {
                "texts": [None if text in load_text() else text for text in texts],
                "places": [[load_text().find(text), len(text)] for text in texts],
                "size": size,
                "min_frequency": min_frequency,
                "specials": specials,
                "merges": their_merges(other),
                "probe": probe,
                "ids": other.encode(probe).ids,
            }
        )
    return found


def test_the_recorded_file_is_up_to_date() -> None:
    assert json.loads(FIXTURE.read_text(encoding="utf-8")) == json.loads(json.dumps(recorded()))


if __name__ == "__main__":
    FIXTURE.parent.mkdir(exist_ok=True)
    FIXTURE.write_text(json.dumps(recorded()) + "\n", encoding="utf-8")
