"""What holds of all tokenizers: text that is none, and files from strangers."""

import copy
import inspect
import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neural_net_utils
from neural_net_utils import (
    BytePairTokenizer,
    CharacterTokenizer,
    HuggingFaceTokenizer,
    WordPieceTokenizer,
)

# A file with every part that the family of WordPiece has.
CLS, SEP = ({"SpecialToken": {"id": name, "type_id": 0}} for name in ("[CLS]", "[SEP]"))
A, B = ({"Sequence": {"id": name, "type_id": i}} for i, name in enumerate("AB"))
FILE = {
    "version": "1.0",
    "truncation": {"max_length": 9, "strategy": "LongestFirst", "stride": 0, "direction": "Left"},
    "padding": {
        "strategy": {"Fixed": 5},
        "direction": "Left",
        "pad_to_multiple_of": 2,
        "pad_id": 0,
        "pad_type_id": 0,
        "pad_token": "[PAD]",
    },
    "added_tokens": [
        {
            "id": i,
            "content": name,
            "special": True,
            "normalized": False,
            "single_word": False,
            "lstrip": False,
            "rstrip": i == 2,
        }
        for i, name in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    ],
    "normalizer": {
        "type": "Sequence",
        "normalizers": [
            {"type": "NFC"},
            {
                "type": "BertNormalizer",
                "clean_text": True,
                "handle_chinese_chars": True,
                "strip_accents": None,
                "lowercase": True,
            },
        ],
    },
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {
        "type": "TemplateProcessing",
        "single": [CLS, A, SEP],
        "pair": [CLS, A, SEP, B],
        "special_tokens": {
            "[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
            "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]},
        },
    },
    "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
    "model": {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
        "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "low": 4, "##er": 5, "##est": 6},
    },
}

TOKENIZERS = {
    "BytePairTokenizer": BytePairTokenizer.train("low lower lowest", 262, specials=["<pad>"]),
    "CharacterTokenizer": CharacterTokenizer("low lower lowest", specials=["<pad>"]),
    "HuggingFaceTokenizer": HuggingFaceTokenizer(FILE),
    "WordPieceTokenizer": WordPieceTokenizer.train("low lower lowest", 20),
}
every = pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS)


def test_the_table_above_holds_every_tokenizer():
    found = [
        name
        for name in neural_net_utils.__all__
        if inspect.isclass(cls := getattr(neural_net_utils, name)) and hasattr(cls, "from_json")
    ]
    assert sorted(TOKENIZERS) == sorted(found)


# --- text that is none


@every
@pytest.mark.parametrize("text", [None, b"low", 3, ["l"], float("nan"), object()])
def test_what_is_no_text_is_refused_by_name(tokenizer, text):
    with pytest.raises(ValueError, match=r"encode: text must be a str, got"):
        tokenizer.encode(text)


@every
@pytest.mark.parametrize("text", ["lo\ud800w", "low\udfff", "\udc80", "\udc80\ud800"])
def test_half_a_surrogate_pair_is_refused_with_its_place(tokenizer, text):
    place = next(i for i, c in enumerate(text) if "\ud800" <= c <= "\udfff")
    with pytest.raises(ValueError, match=rf"text holds half .* at character {place},"):
        tokenizer.encode(text)


@pytest.mark.parametrize("text", ["lo\ud800w", "\udc80"])
def test_half_a_surrogate_pair_makes_no_token(text):
    for make in (BytePairTokenizer, lambda **options: CharacterTokenizer("ab", **options)):
        with pytest.raises(ValueError, match="Tokenizer: specials holds half"):
            make(specials=[text])
    with pytest.raises(ValueError, match="vocabulary holds half"):
        WordPieceTokenizer(["[UNK]", text])
    for trained in (BytePairTokenizer, WordPieceTokenizer):
        with pytest.raises(ValueError, match=r"train: text holds half"):
            trained.train(["low", text], 300)
    with pytest.raises(ValueError, match=r"alphabet holds half"):
        CharacterTokenizer(text)
    with pytest.raises(ValueError, match=r"model\.vocab: token holds half"):
        HuggingFaceTokenizer(changed(FILE, ("model", "vocab", text), 7))


@every
@pytest.mark.parametrize("ids", [None, "low", [None], [[1], [2, 3]], [1.5], [True], 3, {1, 2}])
def test_what_are_no_ids_are_refused_by_name(tokenizer, ids):
    with pytest.raises((ValueError, TypeError), match=r"decode: ids must be"):
        tokenizer.decode(ids)


# --- files

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 300),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    st.just("\ud800"),
    st.just([]),
    st.just({}),
    st.just([[0, 1]]),
)


def places(tree, path=()):
    """Every place of a JSON tree."""
    yield path
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from places(value, (*path, key))
    elif isinstance(tree, list):
        for i, value in enumerate(tree):
            yield from places(value, (*path, i))


def changed(tree, path, value):
    """A copy with another value at one place; "gone" takes it away."""
    if not path:
        return value
    tree = copy.deepcopy(tree)
    at = tree
    for step in path[:-1]:
        at = at[step]
    if value == "gone":
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return tree


def assert_refused_or_whole(cls, text):
    """A file is refused with a ValueError of ours, or it says what the tokenizer says."""
    try:
        read = cls.from_json(text)
    except ValueError as error:
        said = str(error)
    else:
        said = ""
        assert json.loads(read.to_json()) == json.loads(text)
        assert read.decode(range(len(read)), keep_specials=True)
    assert not said or cls.__name__ in said
    assert len(said) < 500


@every
@settings(deadline=None, max_examples=400)
@given(data=st.data())
def test_a_file_with_one_value_changed_is_refused_or_read_whole(tokenizer, data):
    tree = json.loads(tokenizer.to_json())
    path = data.draw(st.sampled_from(list(places(tree))))
    other = changed(tree, path, data.draw(LEAVES | st.just("gone")))
    assert_refused_or_whole(type(tokenizer), json.dumps(other))


@every
@settings(deadline=None, max_examples=400)
@given(data=st.data())
def test_a_file_with_characters_changed_is_refused_or_read_whole(tokenizer, data):
    text = tokenizer.to_json()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 5)))
    new = data.draw(st.text(st.sampled_from('[]{}",:0123456789.eE-+ntf\\u \ud800a'), max_size=4))
    assert_refused_or_whole(type(tokenizer), text[:start] + new + text[end:])


@every
@pytest.mark.parametrize(
    "text",
    [
        *("", "null", "3", "[]", "{}", '"kind"', "NaN", "{", "\x00", "\ud800"),
        "[" * 10**5,
        '{"kind":' * 10**5,
        "1" * 10**5,
        *(None, b"{}", 3, ["kind"]),
    ],
    ids=lambda text: repr(text)[:12],
)
def test_what_is_no_file_of_a_tokenizer_is_refused(tokenizer, text):
    with pytest.raises(ValueError, match=rf"^{type(tokenizer).__name__}\.from_json: "):
        type(tokenizer).from_json(text)


@pytest.mark.parametrize(
    "merges",
    [
        *(None, 3, "abc", {"a": 1}, [None], [[1]], [[1, 2, 3]], [[1.9, 2.2]], [[1.0, 2.0]]),
        *([[True, 2]], [["a", "b"]], [[1, 10**30]], [[-1, 2]], [[1, 2], [1, 2]], [[0, 256]]),
    ],
    ids=str,
)
def test_merges_that_are_none_are_refused(merges):
    text = json.dumps({"kind": "byte pairs", "merges": merges, "specials": []})
    with pytest.raises(ValueError, match=r"BytePairTokenizer: .*merge"):
        BytePairTokenizer.from_json(text)


def test_a_small_file_cannot_ask_for_much_memory():
    """Merges that double a token each time: 30 of them would make a gigabyte."""
    merges = [[0, 0], *([256 + i, 256 + i] for i in range(40))]
    text = json.dumps({"kind": "byte pairs", "merges": merges, "specials": []})
    assert len(text) < 600
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="merges add up to more than 64 MiB"):
            BytePairTokenizer.from_json(text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200 << 20
