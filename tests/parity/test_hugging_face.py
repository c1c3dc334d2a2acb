"""Tokenizers read from a `tokenizer.json` against the library that wrote the file: the same ids.

    python tests/parity/test_hugging_face.py

writes two small files of that library, and its ids of a few texts, for the package's own tests.

Each option set trains a tokenizer of that library on a shipped play and on a few words of many
scripts, and its file is read by ours. The texts hold what tokenizers stumble over.
"""

import json
import random
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

from neural_net_utils import HuggingFaceTokenizer, WordPieceTokenizer, from_hugging_face, load_text

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "packages/neural-net-utils/tests/text/fixtures/hugging_face.json"

SCRIPTS = """Zażółć gęślą jaźń. Съешь ещё этих мягких булок! Ξεσκεπάζω την ψυχοφθόρα βδελυγμία;
그들은 나중에 왔다. いろはにほへと ちりぬるを。天地玄黃，宇宙洪荒。 صِف خَلقَ خَودِ כל הנביאים נשבעו
ऋषियों को सताने वाले दुष्ट राक्षसों เป็นมนุษย์สุดประเสริฐ ፊደል თბილისი հայոց தமிழ் తెలుగు
İstanbul'da ŞŞ ığüş; Straße GROẞ ﬁn ǅ Ωμέγας ΟΔΟΣ naïve café e\u0301e\u0308 A\u030a"""
WORDS = [
    *load_text()[:6000].split(" "),
    *SCRIPTS.split(" "),
    *(" ", "  ", "\n", "\t", "\r\n", "\u00a0", "\u3000", "\u2028", "\x85", "\x1c", "\x1f"),
    *("\x00", "\x07", "\x7f", "\x9f", "\u200b", "\u200d", "\u200e", "\ufeff", "\ufffd", "\u00ad"),
    *("\ue000", "\U000e0041", "\U000f0000", "\u0378", "\U0001f9ff"),
    *("👩‍👩‍👧‍👦", "👍🏽", "🏳️‍🌈", "🇩🇪", "☺️", "1️⃣", "🙂"),
    *("\u0301", "\u0308", "\u20dd", "\u094d", "\u0e33", "\u05b8", "\u1100\u1161\u11a8", "각"),
    *("don't", "she'll", "'S", "I'M", "'ſ", "they've", "'", "''", "’s"),
    *("42", "1234567", "²", "½", "Ⅷ", "٣", "१२", "3.14", "0x1F"),
    *("x" * 99, "x" * 100, "y" * 101, "ab" * 300, "一" * 120, "é" * 100),
    *("…", "¿", "—", "_", "#", "$", "^", "`", "~", "<", ">", "|", "+", "[", "]", "##", "##ing"),
    *("[CLS]", "[SEP]", "[UNK]", "[MASK]", "[mask]", " [PAD] ", "<s>", "</s>", "<mask>", "<|end|>"),
    *("<|endoftext|>", "Ⓐ", "ᾳ", "ŉ", "ǰ", "İ", "ß", "ẞ", "K", "ﷺ", "㍿", "𝔘", "𠀀", "𫠠", "𫢀"),
    *(
        "token",
        "Token",
        "token",
        "xtoken",
        "token_",
        "token!",
        "tokén",
        "tokéns",
        "TOKENSx",
        "ab cd",
        "  token  ",
    ),
]


def made_texts(n: int, seed: int) -> list[str]:
    """Return texts of such words, and of single characters from all over Unicode."""
    draw = random.Random(seed)
    known = [c for c in map(chr, range(0x3000)) if unicodedata.category(c) not in ("Cs", "Cn")]
    known += [chr(draw.randrange(0x3000, 0x20000)) for _ in range(4000)]
    known = [c for c in known if agreed(c)]
    texts = []
    for _ in range(n):
        words = draw.choices(WORDS, k=draw.randrange(12))
        words += ["".join(draw.choices(known, k=draw.randrange(6))) for _ in range(3)]
        draw.shuffle(words)
        texts.append(draw.choice(["", " ", " "]).join(words))
    return texts


# --- characters on which the two tables of Unicode agree

_CUT = pre_tokenizers.BertPreTokenizer()
_CLEAN = normalizers.BertNormalizer(True, False, False, False)
_STRIP = normalizers.BertNormalizer(False, False, True, False)
_MARKS, _COMPATIBLE = normalizers.StripAccents(), normalizers.NFKC()


def agreed(c: str) -> bool:
    """Tell whether both sides know a character as the same kind of character."""
    kind = unicodedata.category(c)
    if kind == "Cs" or kind == "Cn":
        return False
    if c.isascii():
        return True
    punctuation = len(_CUT.pre_tokenize_str(f"a{c}b")) == 3
    dropped = _CLEAN.normalize_str(f"a{c}b") == "ab"
    bare = "".join(x for x in unicodedata.normalize("NFD", c) if unicodedata.category(x) != "Mn")
    return (
        punctuation == (kind[0] == "P")
        and dropped == (kind in ("Cc", "Cf", "Co") or c == "\ufffd")
        and _STRIP.normalize_str(c) == bare
        and bool(_MARKS.normalize_str(c)) == (kind[0] != "M")
        and _COMPATIBLE.normalize_str(c) == unicodedata.normalize("NFKC", c)
    )


# --- tokenizers of the other library

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CORPUS = [load_text()[:40_000], *[SCRIPTS] * 4, "token tokens tokenized " * 20]


def word_pieces(size: int = 1200, cased: bool = False, **options: Any) -> Tokenizer:
    """Train a WordPiece tokenizer as BERT's."""
    prefix = options.pop("prefix", "##")
    longest = options.pop("longest", 100)
    tokenizer = Tokenizer(
        models.WordPiece(
            unk_token="[UNK]", max_input_chars_per_word=longest, continuing_subword_prefix=prefix
        )
    )
    normalizer = options.pop("normalizer", None)
    tokenizer.normalizer = normalizer or normalizers.BertNormalizer(lowercase=not cased, **options)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix=prefix, cleanup=not cased)
    trainer = trainers.WordPieceTrainer(
        vocab_size=size,
        special_tokens=SPECIALS,
        continuing_subword_prefix=prefix,
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def with_bert_template(tokenizer: Tokenizer) -> Tokenizer:
    """Put [CLS] and [SEP] around texts."""
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")],
    )
    return tokenizer


def byte_pairs(
    size: int = 900,
    *,
    specials: tuple[str, ...] = ("<|endoftext|>",),
    cut: Any = None,
    normalizer: Any = None,
    prefix: bool = False,
) -> Tokenizer:
    """Train a byte-level tokenizer."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = cut or pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(specials),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


GPT_2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA_3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN_2 = LLAMA_3.replace("{1,3}", "")


def split(pattern: str, behavior: str = "isolated", invert: bool = False) -> Any:
    """Cut by a pattern, then into bytes."""
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior, invert),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def digits(alone: bool) -> Any:
    """Cut at digits, then as GPT-2 does."""
    return pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(alone), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )


def bert_processing() -> Tokenizer:
    tokenizer = word_pieces()
    ids = {name: tokenizer.token_to_id(name) for name in SPECIALS}
    tokenizer.post_processor = processors.BertProcessing(
        ("[SEP]", ids["[SEP]"]), ("[CLS]", ids["[CLS]"])
    )
    return tokenizer


def roberta() -> Tokenizer:
    names = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
    tokenizer = byte_pairs(specials=names, prefix=True)
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, normalized=True)])
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", tokenizer.token_to_id("</s>")), ("<s>", tokenizer.token_to_id("<s>"))
    )
    return tokenizer


def llama_3() -> Tokenizer:
    """Whole pieces first, a beginning in the template, specials behind the vocabulary."""
    tokenizer = byte_pairs(specials=(), cut=split(LLAMA_3))
    tokenizer.add_special_tokens(["<|begin|>", "<|end|>"])
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(
                single="<|begin|> $A",
                pair="<|begin|> $A <|begin|> $B:1",
                special_tokens=[("<|begin|>", tokenizer.token_to_id("<|begin|>"))],
            ),
        ]
    )
    return tokenizer


def with_added(tokenizer: Tokenizer) -> Tokenizer:
    """Add tokens with every flag."""
    tokenizer.add_tokens(
        [
            AddedToken("token", single_word=True),
            AddedToken("ab cd", lstrip=True, rstrip=True),
            AddedToken("Tok", normalized=False),
            AddedToken("TOKÉNS"),
            AddedToken("  "),
            AddedToken("<", rstrip=True, normalized=False),
        ]
    )
    tokenizer.add_special_tokens([AddedToken("<|end|>", lstrip=True), "<|en"])
    return tokenizer


def with_length(tokenizer: Tokenizer, length: int = 12, **options: Any) -> Tokenizer:
    """Cut what is longer."""
    tokenizer.enable_truncation(length, **options)
    return tokenizer


def with_padding(tokenizer: Tokenizer, **options: Any) -> Tokenizer:
    """Fill up what is shorter."""
    tokenizer.enable_padding(**options)
    return tokenizer


def from_sequence() -> Tokenizer:
    steps = [normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents()]
    return word_pieces(normalizer=normalizers.Sequence(steps))


OPTION_SETS: dict[str, Callable[[], Tokenizer]] = {
    "BERT": lambda: with_bert_template(word_pieces()),
    "BERT, cased": lambda: with_bert_template(word_pieces(cased=True)),
    "BERT, accents kept": lambda: word_pieces(strip_accents=False),
    "BERT, cased without accents": lambda: word_pieces(cased=True, strip_accents=True),
    "BERT, not cleaned": lambda: word_pieces(clean_text=False),
    "BERT, Chinese words": lambda: word_pieces(handle_chinese_chars=False),
    "BERT, another prefix": lambda: word_pieces(prefix="@", longest=30),
    "BERT, a large vocabulary": lambda: word_pieces(4000),
    "BERT, in steps": from_sequence,
    "BERT, named ends": bert_processing,
    "BERT, added tokens": lambda: with_added(with_bert_template(word_pieces())),
    "BERT, cut and filled": lambda: with_padding(
        with_length(with_bert_template(word_pieces())), length=12, pad_token="[PAD]"
    ),
    "BERT, cut and filled to the left": lambda: with_padding(
        with_length(bert_processing(), direction="left"), direction="left", pad_to_multiple_of=8
    ),
    "GPT-2": byte_pairs,
    "GPT-2, a space first": lambda: byte_pairs(prefix=True),
    "GPT-2, by its pattern": lambda: byte_pairs(cut=split(GPT_2, "removed", True)),
    "GPT-2, composed": lambda: byte_pairs(normalizer=normalizers.NFC()),
    "GPT-2, compatible": lambda: byte_pairs(normalizer=normalizers.NFKC()),
    "GPT-2, added tokens": lambda: with_added(byte_pairs()),
    "GPT-2, lower case and added tokens": lambda: with_added(
        byte_pairs(normalizer=normalizers.Lowercase())
    ),
    "GPT-2, a large vocabulary": lambda: byte_pairs(3000),
    "each digit": lambda: byte_pairs(cut=digits(True)),
    "numbers": lambda: byte_pairs(cut=digits(False)),
    "RoBERTa": roberta,
    "RoBERTa, cut": lambda: with_length(roberta(), 9),
    "RoBERTa, first text cut": lambda: with_length(roberta(), 300, strategy="only_first"),
    "Llama 3": llama_3,
    "Qwen 2": lambda: byte_pairs(cut=split(QWEN_2), normalizer=normalizers.NFC()),
}
every = pytest.mark.parametrize("name", OPTION_SETS)
_made: dict[str, tuple[Tokenizer, HuggingFaceTokenizer]] = {}


def both(name: str) -> tuple[Tokenizer, HuggingFaceTokenizer]:
    """Return a tokenizer of the other library, and ours for the same file."""
    if name not in _made:
        other = OPTION_SETS[name]()
        _made[name] = other, HuggingFaceTokenizer.from_json(other.to_str())
    return _made[name]


def assert_same(name: str, text: str) -> None:
    """Compare the ids of a text, with and without what stands around it, and the text they give."""
    other, own = both(name)
    if "first text cut" in name and len(text) > 100:
        return
    ids = other.encode(text).ids
    assert own.encode(text).tolist() == ids, text
    bare = other.encode(text, add_special_tokens=False).ids
    assert own.encode(text, around=False).tolist() == bare, text
    if "TOKÉNS" in own.decode(ids):
        return  # the other library spells it as it is once normalized, and cuts its bytes apart
    assert own.decode(ids) == other.decode(ids), text
    shown = other.decode(ids, skip_special_tokens=False)
    assert own.decode(ids, keep_specials=True) == shown, text


@every
def test_three_thousand_texts(name: str) -> None:
    for text in made_texts(3000, seed=0):
        assert_same(name, text)


@every
def test_pairs(name: str) -> None:
    other, own = both(name)
    texts = made_texts(400, seed=1)
    for first, second in zip(texts[::2], texts[1::2], strict=True):
        if "first text cut" in name:
            first, second = first[:80], second[:80]
        theirs = other.encode(first, second)
        ids, types = own.encode_pair(first, second)
        assert ids.tolist() == theirs.ids
        assert types.tolist() == theirs.type_ids


@every
def test_the_vocabulary(name: str) -> None:
    other, own = both(name)
    assert len(own) == other.get_vocab_size()
    if name.startswith("BERT"):
        # The other library names an added token as it is once normalized.
        spelled = ["tokens" if t == "TOKÉNS" else t for t in own.vocabulary]
        assert spelled == [other.id_to_token(i) for i in range(len(own))]
    again = HuggingFaceTokenizer.from_json(own.to_json())
    assert again.vocabulary == own.vocabulary


ANY = st.characters(exclude_categories=["Cs", "Cn"]).filter(agreed)
TEXTS = st.lists(st.one_of(st.sampled_from(WORDS), st.text(ANY, max_size=5)), max_size=30)


@every
@settings(deadline=None, max_examples=60)
@given(words=TEXTS, between=st.sampled_from(["", " "]))
@example(words=["ΟΔΟΣ", "İ"], between=" ")
def test_drawn_texts(name: str, words: list[str], between: str) -> None:
    assert_same(name, between.join(words))


def test_specials_as_plain_text() -> None:
    """The library has a switch for texts of strangers; ours gives the same."""
    for name in ("BERT", "RoBERTa", "Llama 3"):
        other, own = both(name)
        other.encode_special_tokens = True
        try:
            for text in made_texts(500, seed=2):
                ids = own.encode(text, read_specials=False).tolist()
                assert ids == other.encode(text).ids, text
        finally:
            other.encode_special_tokens = False


def test_word_pieces_alone() -> None:
    """The model itself, made from a vocabulary, gives the ids between [CLS] and [SEP]."""
    for cased in (False, True):
        other = word_pieces(cased=cased)
        vocabulary = [other.id_to_token(i) for i in range(other.get_vocab_size())]
        own = WordPieceTokenizer(
            vocabulary, specials=SPECIALS, lower_case=not cased, tidy=not cased
        )
        other.encode_special_tokens = True
        for text in made_texts(500, seed=3):
            ids = own.encode(text)
            assert ids.tolist() == other.encode(text).ids, text
            assert own.decode(ids) == other.decode(ids.tolist()), text


def test_few_characters_are_not_agreed_on() -> None:
    """The other library's table is of 2015; what was known long before is the same in both."""
    known = [
        chr(i)
        for i in range(0x20000)
        if unicodedata.ucd_3_2_0.category(chr(i)) != "Cn"
        and unicodedata.category(chr(i)) != "Cs"
        and unicodedata.ucd_3_2_0.category(chr(i)) == unicodedata.category(chr(i))
    ]
    assert len(known) > 40_000
    assert [c for c in known if not agreed(c)] == []


def test_chinese_characters() -> None:
    """Each stands alone on both sides, in all of Unicode."""
    other = normalizers.BertNormalizer(False, True, False, False)
    own = WordPieceTokenizer(["[UNK]"], clean=False, lower_case=False)
    letters = [c for c in map(chr, range(0x3000, 0x30000)) if agreed(c)]
    text = "a".join(c for c in letters if unicodedata.category(c)[0] == "L")
    assert own.words(text) == other.normalize_str(text).split()


def test_a_file_and_a_folder(tmp_path: Path) -> None:
    other, own = both("BERT")
    other.save(str(tmp_path / "tokenizer.json"))
    for path in (tmp_path, tmp_path / "tokenizer.json"):
        read = from_hugging_face(path)
        assert read.vocabulary == own.vocabulary
        assert read.encode("Where is it?").tolist() == other.encode("Where is it?").ids


def recorded() -> dict[str, Any]:
    """Return what the other library does with a few texts."""
    small = {
        "WordPiece": with_added(with_bert_template(word_pieces(250))),
        "BPE": with_added(byte_pairs(330, specials=("<s>", "</s>"))),
    }
    texts = [*SCRIPTS.split("\n"), *made_texts(25, seed=4)]
    return {
        name: {
            "file": json.loads(other.to_str()),
            "texts": [[text, other.encode(text).ids] for text in texts],
        }
        for name, other in small.items()
    }


def test_the_recorded_file_holds_what_the_other_library_does() -> None:
    """Training there draws the order of some tokens by chance: only encoding is compared."""
    for case in json.loads(FIXTURE.read_text(encoding="utf-8")).values():
        other = Tokenizer.from_str(json.dumps(case["file"]))
        for text, ids in case["texts"]:
            assert other.encode(text).ids == ids


if __name__ == "__main__":
    FIXTURE.write_text(json.dumps(recorded()) + "\n", encoding="utf-8")
