"""Tokenizers from a `tokenizer.json`: recorded ids of the library that wrote it, and bad files."""

import copy
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_net_utils import HuggingFaceTokenizer, from_hugging_face
from neural_net_utils.text import hugging_face

RECORDED = json.loads(
    (Path(__file__).parent / "fixtures/hugging_face.json").read_text(encoding="utf-8")
)
families = pytest.mark.parametrize("family", RECORDED)


def test_both_families_are_recorded():
    assert sorted(RECORDED) == ["BPE", "WordPiece"]


def changed(family, **parts):
    """A file with other parts."""
    return {**copy.deepcopy(RECORDED[family]["file"]), **parts}


def changed_model(family, **parts):
    file = changed(family)
    file["model"] |= parts
    return file


def refused(file, message):
    with pytest.raises(ValueError, match=f"HuggingFaceTokenizer: .*{message}"):
        HuggingFaceTokenizer(file)


@families
def test_recorded_ids(family):
    tokenizer = HuggingFaceTokenizer(RECORDED[family]["file"])
    assert len(RECORDED[family]["texts"]) > 25
    for text, ids in RECORDED[family]["texts"]:
        assert tokenizer.encode(text).tolist() == ids


@families
def test_a_file_in_a_folder(family, tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(RECORDED[family]["file"]), encoding="utf-8")
    for place in (path, str(path), tmp_path):
        tokenizer = from_hugging_face(place)
        assert tokenizer.encode("token!").tolist() == (
            HuggingFaceTokenizer(RECORDED[family]["file"]).encode("token!").tolist()
        )
    assert repr(tokenizer).startswith("HuggingFaceTokenizer(")


def test_bytes_come_back():
    tokenizer = HuggingFaceTokenizer(RECORDED["BPE"]["file"])
    for text in ("Where is it?", "naïve 🙂", "<s>x</s>", "a\x00b"):
        ids = tokenizer.encode(text, read_specials=False)
        assert tokenizer.decode(ids) == text
    ids = tokenizer.encode("<s>low</s>")
    assert ids[0] == tokenizer.id("<s>")
    assert tokenizer.decode(ids) == "low"
    assert tokenizer.decode(ids, keep_specials=True) == "<s>low</s>"
    with pytest.raises(KeyError, match="no special token '<unk>'"):
        tokenizer.id("<unk>")


def test_two_texts():
    tokenizer = HuggingFaceTokenizer(RECORDED["WordPiece"]["file"])
    begin, end = tokenizer.id("[CLS]"), tokenizer.id("[SEP]")
    first, second = (tokenizer.encode(t, around=False).tolist() for t in ("Who?", "The duke."))
    ids, types = tokenizer.encode_pair("Who?", "The duke.")
    assert ids.tolist() == [begin, *first, end, *second, end]
    assert types.tolist() == [0] * (len(first) + 2) + [1] * (len(second) + 1)
    ids, types = tokenizer.encode_pair("Who?", "The duke.", around=False)
    assert ids.tolist() == [*first, *second]


CUT = {"max_length": 9, "strategy": "LongestFirst", "stride": 0, "direction": "Right"}
FILL = {
    "strategy": {"Fixed": 12},
    "direction": "Right",
    "pad_to_multiple_of": None,
    "pad_id": 3,
    "pad_type_id": 5,
    "pad_token": "x",
}


def test_lengths():
    """What is too long is cut, what is too short filled up, at the end that the file says."""
    bare = HuggingFaceTokenizer(RECORDED["BPE"]["file"]).encode
    long, short = "0123456789abc", "ab"
    tokenizer = HuggingFaceTokenizer(changed("BPE", truncation=CUT, padding=FILL))
    assert tokenizer.encode(long).tolist() == [*bare(long)[:9], 3, 3, 3]
    assert tokenizer.encode(short).tolist() == [*bare(short), *[3] * (12 - len(bare(short)))]
    assert tokenizer.encode(long, lengths=False).tolist() == bare(long).tolist()
    left = {"direction": "Left"}
    tokenizer = HuggingFaceTokenizer(changed("BPE", truncation=CUT | left, padding=FILL | left))
    assert tokenizer.encode(long).tolist() == [3, 3, 3, *bare(long)[-9:]]
    rounded = FILL | {"strategy": "BatchLongest", "pad_to_multiple_of": 5}
    tokenizer = HuggingFaceTokenizer(changed("BPE", padding=rounded))
    assert [len(tokenizer.encode("0" * n)) % 5 for n in range(1, 12)] == [0] * 11
    _, types = tokenizer.encode_pair("0", "1")
    assert types.tolist() == [0, 1, 5, 5, 5]


@pytest.mark.parametrize(
    ("lengths", "kept"),
    [((2, 3), (2, 3)), ((2, 20), (2, 7)), ((20, 2), (7, 2)), ((8, 8), (4, 5)), ((30, 20), (5, 4))],
)
def test_the_longer_of_two_texts_is_cut_first(lengths, kept):
    tokenizer = HuggingFaceTokenizer(changed("BPE", truncation=CUT))
    _, types = tokenizer.encode_pair(_plain(lengths[0]), _plain(lengths[1]))
    assert (types.tolist().count(0), types.tolist().count(1)) == kept


def _plain(n):
    """A text of n tokens: no merge joins these bytes."""
    return "\x01" * n


def test_only_one_of_two_texts_is_cut():
    tokenizer = HuggingFaceTokenizer(changed("BPE", truncation=CUT | {"strategy": "OnlySecond"}))
    _, types = tokenizer.encode_pair(_plain(3), _plain(30))
    assert types.tolist() == [0] * 3 + [1] * 6
    with pytest.raises(ValueError, match="by cutting text 2 alone; that is not enough"):
        tokenizer.encode_pair(_plain(9), _plain(2))
    with pytest.raises(ValueError, match="that is not enough"):
        tokenizer.encode(_plain(10))


@families
def test_files_of_the_first_years_leave_fields_out(family):
    """GPT-2's file names no type of model, MiniLM's no direction of cutting."""
    file = changed(family, truncation={k: v for k, v in CUT.items() if k != "direction"})
    del file["model"]["type"]
    tokenizer = HuggingFaceTokenizer(file)
    for text, ids in RECORDED[family]["texts"]:
        assert tokenizer.encode(text, lengths=False).tolist() == ids


# --- what is not understood is named

NOT_UNDERSTOOD = {
    "another version": (changed("BPE", version="2.0"), "tokenizer.json: version must be"),
    "an unknown part": (changed("BPE", extra=1), "tokenizer.json: the field 'extra' is not known"),
    "another family": (changed_model("BPE", type="Unigram"), "model: type must be"),
    "a field of the model": (changed_model("BPE", x=0), "model: the field 'x' is not known"),
    "dropout": (changed_model("BPE", dropout=0.1), r"model\.dropout: 0\.1 is not supported"),
    "an ending": (
        changed_model("BPE", end_of_word_suffix="</w>"),
        r"model\.end_of_word_suffix: '</",
    ),
    "fallback": (changed_model("BPE", byte_fallback=True), r"model\.byte_fallback: True is not"),
    "a normalizer": (
        changed("BPE", normalizer={"type": "Precompiled", "precompiled_charsmap": ""}),
        "normalizer: the type 'Precompiled' is not one of NFC, ",
    ),
    "one within another": (
        changed(
            "BPE",
            normalizer={
                "type": "Sequence",
                "normalizers": [{"type": "NFC"}, {"type": "Replace", "content": ""}],
            },
        ),
        r"normalizer\.normalizers\[1\]: the type 'Replace' is not one of",
    ),
    "a field of a normalizer": (
        changed("BPE", normalizer={"type": "NFC", "x": 1}),
        "normalizer: the field 'x' is not known",
    ),
    "a way of cutting": (
        changed("WordPiece", pre_tokenizer={"type": "Metaspace"}),
        "pre_tokenizer: the type 'Metaspace' is not one of",
    ),
    "a pattern": (
        changed(
            "BPE",
            pre_tokenizer={
                "type": "Split",
                "behavior": "Isolated",
                "invert": False,
                "pattern": {"Regex": "(a*)*b"},
            },
        ),
        r"pre_tokenizer\.pattern: only GPT-2's, Llama 3's and Qwen 2's are known, got '\(a",
    ),
    "no bytes": (
        changed("BPE", pre_tokenizer={"type": "WhitespaceSplit"}),
        "pre_tokenizer: byte-level BPE is cut by 'ByteLevel', as the last step",
    ),
    "no cutting": (changed("BPE", pre_tokenizer=None), "pre_tokenizer: byte-level BPE is cut by"),
    "bytes": (
        changed("WordPiece", pre_tokenizer=RECORDED["BPE"]["file"]["pre_tokenizer"]),
        "pre_tokenizer: 'ByteLevel' does not go with a model of words",
    ),
    "a post-processor": (
        changed("BPE", post_processor={"type": "Other"}),
        "post_processor: the type 'Other' is not one of",
    ),
    "a decoder": (changed("BPE", decoder={"type": "Fuse"}), "decoder: the type 'Fuse' is not one"),
    "a truncation": (
        changed("BPE", truncation=CUT | {"strategy": "Neither"}),
        "truncation: strategy must be",
    ),
}


@pytest.mark.parametrize("what", NOT_UNDERSTOOD)
def test_what_is_not_understood_is_named(what):
    file, message = NOT_UNDERSTOOD[what]
    refused(file, message)


# --- what contradicts itself


def added(**fields):
    return {
        "id": 330,
        "content": "new",
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": True,
        "special": False,
        **fields,
    }


def test_tokens_and_ids_must_fit():
    file = changed("BPE")
    vocabulary = file["model"]["vocab"]
    size = len(vocabulary)
    refused(changed_model("BPE", vocab=[]), r"model\.vocab: expected an object of tokens")
    refused(changed_model("BPE", vocab={**vocabulary, "x y": 0}), r"model\.vocab: .* have the id 0")
    refused(changed_model("BPE", vocab={**vocabulary, "xy": 1.0}), "the id of 'xy' must be an int")
    refused(changed_model("BPE", vocab={**vocabulary, "xy": True}), "the id of 'xy' must be an int")
    fewer = {token: i for token, i in vocabulary.items() if token != "Ġ"}
    refused(changed_model("BPE", vocab=fewer), r"model\.vocab: holds no token 'Ġ', of the byte 32")
    refused(
        changed("BPE", added_tokens=[added(id=size + 1)]),
        rf"tokenizer\.json: {size + 1} tokens, but none has the id {size}",
    )
    refused(changed("BPE", added_tokens=[added(id=10**9)]), r"tokenizer\.json: .* none has the id")
    refused(changed("BPE", added_tokens=[added(id=0)]), r"added_tokens\[0\]: 'new' cannot have the")
    refused(changed("BPE", added_tokens=[added(content="a", id=size)]), "'a' cannot have the id")
    refused(changed("BPE", added_tokens=[added(id=size)] * 2), r"\[1\]: 'new' is added twice")
    refused(
        changed("BPE", added_tokens=[added(id=size, content="")]),
        "content must have 1 to 1000 char",
    )
    refused(
        changed("BPE", added_tokens=[added(id=size, content="x" * 1001)]), "must have 1 to 1000"
    )


def test_merges_must_make_tokens_of_tokens():
    merges = RECORDED["BPE"]["file"]["model"]["merges"]
    refused(changed_model("BPE", merges=[["a"]]), r"merges\[0\]: expected two tokens, got \['a'\]")
    refused(changed_model("BPE", merges=["a b c"]), r"merges\[0\]: expected two tokens")
    refused(changed_model("BPE", merges=[["a", 3]]), r"merges\[0\]: 3 is no token that stands")
    refused(changed_model("BPE", merges=merges[::-1]), "is no token that stands before it")
    refused(changed_model("BPE", merges=[["~", "~"]]), r"makes '~~', which the vocabulary does not")
    refused(changed_model("BPE", merges=[*merges, merges[0]]), "a pair is merged twice")
    old = HuggingFaceTokenizer(changed_model("BPE", merges=[" ".join(pair) for pair in merges]))
    for text, ids in RECORDED["BPE"]["texts"]:  # the way of writing merges until 2024
        assert old.encode(text).tolist() == ids


def test_templates_must_hold_the_texts_and_known_tokens():
    def template(single, **fields):
        begin = {"id": "a", "ids": [0], "tokens": ["a"]}
        pair = [{"Sequence": {"id": name, "type_id": 0}} for name in "AB"]
        return changed(
            "BPE",
            post_processor={
                "type": "TemplateProcessing",
                "single": single,
                "pair": pair,
                "special_tokens": {"a": begin},
                **fields,
            },
        )

    text = {"Sequence": {"id": "A", "type_id": 0}}
    special = {"SpecialToken": {"id": "a", "type_id": 0}}
    assert HuggingFaceTokenizer(template([special, text])).encode("b")[0] == 0
    refused(template([special]), r"post_processor\.single: expected each of A once")
    refused(template([text, text]), r"post_processor\.single: expected each of A once")
    refused(template([text, {"SpecialToken": {"id": "b", "type_id": 0}}]), "holds no 'b'")
    refused(template([text, {"Other": 1}]), r"single\[1\]: the field 'SpecialToken' is missing")
    far = {"a": {"id": "a", "ids": [10**6], "tokens": ["a"]}}
    refused(template([text], special_tokens=far), r"special_tokens\['a'\]: ids must be")
    many = {"a": {"id": "a", "ids": [0] * 10**4, "tokens": ["a"] * 10**4}}
    refused(
        template([text, *[special] * 200], special_tokens=many), "adds more than 1048576 tokens"
    )
    both = {"type": "Sequence", "processors": [template([text])["post_processor"]] * 2}
    refused(changed("BPE", post_processor=both), "two steps that add tokens are not supported")
    short = CUT | {"max_length": 1}
    refused(template([special, text]) | {"truncation": short}, "truncation: max_length must be")


# --- files of strangers


@pytest.mark.parametrize("part", ["normalizer", "pre_tokenizer", "post_processor"])
def test_sequences_of_sequences_end_somewhere(part):
    names = {"normalizer": "normalizers", "pre_tokenizer": "pretokenizers"}
    inner = None
    for _ in range(100):
        inner = {"type": "Sequence", names.get(part, "processors"): [inner]}
    refused(changed("BPE", **{part: inner}), rf"{part}.*: sequences stand more than 3 deep")
    many = {"type": "Sequence", names.get(part, "processors"): [{"type": "NFC"}] * 17}
    refused(changed("BPE", **{part: many}), rf"{part}.*: more than 16 parts, 17")


def test_a_token_that_stands_twice(tmp_path):
    """JSON lets a key stand twice, and readers take the last one without a word."""
    text = json.dumps(RECORDED["BPE"]["file"]).replace('"vocab": {', '"vocab": {"a": 3, ')
    path = tmp_path / "tokenizer.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(
        ValueError, match=rf"^from_hugging_face: {re.escape(str(path))}: .*'a' stands twice"
    ):
        from_hugging_face(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"[]", b'{"model": 3}', b"[" * 10**5, b'{"model": {"type": "BPE"}}'],
)
def test_what_is_no_such_file(content, tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"^from_hugging_face: {re.escape(str(path))}"):
        from_hugging_face(path)


WATCHED = """
import sys
from neural_net_utils import from_hugging_face

paths, events = sys.argv[1:], []


def hook(event, arguments):
    if not event.startswith(("object.", "sys._getframe", "builtins.id")):
        events.append(str(arguments[0]) if event == "open" else event)


for round in range(2):  # the first imports what reading takes
    for path in paths:
        try:
            from_hugging_face(path)
        except ValueError:
            pass
    if not round:
        sys.addaudithook(hook)
found = list(events)
print(*found, sep="\\n")
"""


def test_reading_opens_the_named_files_and_does_nothing_else(tmp_path):
    """No import, no program, no file by a name from within, whatever the file holds."""
    contents = [
        *(json.dumps(case["file"]) for case in RECORDED.values()),
        json.dumps(changed("BPE", normalizer={"type": "../../etc/passwd"})),
        json.dumps(changed_model("BPE", type="os.system")),
        "[" * 10**5,
    ]
    paths = [tmp_path / f"{i}.json" for i in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_text(content, encoding="utf-8")
    command = [sys.executable, "-c", WATCHED, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(path) for path in paths]


def test_a_file_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(hugging_face, "MOST_BYTES", 1 << 20)
    path = tmp_path / "tokenizer.json"
    path.write_bytes(b" " * (1 << 20) + b"{}")
    with pytest.raises(ValueError, match="holds more than 1 MiB"):
        from_hugging_face(path)
    with pytest.raises(FileNotFoundError):
        from_hugging_face(tmp_path / "nothing.json")


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 400),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    st.sampled_from(["Sequence", "ByteLevel", "NFC", "Split", "Left", "A", "\ud800", [], {}, [[]]]),
)


@families
@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_a_file_with_one_value_changed_is_refused_or_read_whole(family, data):
    """Whatever stands at any place: an error of ours that says where, or a tokenizer that works."""
    file = changed(family)
    at = file
    while True:
        keys = list(range(len(at))) if isinstance(at, list) else list(at)
        key = data.draw(st.sampled_from(keys))
        if not isinstance(at[key], (dict, list)) or not at[key] or data.draw(st.booleans()):
            break
        at = at[key]
    if data.draw(st.booleans()):
        at[key] = data.draw(LEAVES)
    else:
        del at[key]
    try:
        tokenizer, said = HuggingFaceTokenizer(file), ""
    except ValueError as error:
        tokenizer, said = None, str(error)
    if tokenizer is None:
        assert said.startswith("HuggingFaceTokenizer: ")
        assert len(said) < 500
    else:
        assert json.loads(tokenizer.to_json()) == file
        ids = tokenizer.encode("[CLS] naïve tokens<|end|>")
        assert ids.min() >= 0 and ids.max() < len(tokenizer)
        assert tokenizer.decode(range(len(tokenizer)), keep_specials=True)


def test_nobody_else_changes_the_tokenizer():
    """The file's fields are the caller's: what happens to them later changes nothing."""
    file = changed("WordPiece")
    tokenizer = HuggingFaceTokenizer(file)
    before = tokenizer.to_json()
    file["model"]["vocab"].clear()
    assert tokenizer.to_json() == before
