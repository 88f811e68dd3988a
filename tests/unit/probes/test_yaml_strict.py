"""YAML 1.2 as we read it, and everything we refuse."""

import json
import os
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftwatch.adapters.yaml_strict import _OF_WORDS, parse, parse_file, read_text, resolve
from driftwatch.domain.errors import ConfigError


def value(text):
    return parse(text, file="a.yaml").value


def refused(text):
    with pytest.raises(ConfigError) as error:
        parse(text, file="a.yaml")
    return error.value.problems


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *(
            ("on", "on"),
            ("yes", "yes"),
            ("No", "No"),
            ("12:30", "12:30"),
            ("2026-07-20", "2026-07-20"),
            ("1_000", "1_000"),
        ),
        *(
            ("1e-3", 0.001),
            ("1e3", 1000.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("+7", 7),
            ("-7", -7),
            ("0o17", 15),
            ("0x1F", 31),
        ),
        *(("017", 17), ("true", True), ("FALSE", False), ("~", None), ("null", None), ("", None), ("=", "=")),
        *(("'12'", "12"), ('"true"', "true"), ("!!str 12", "12"), ("|\n  a\n  b", "a\nb"), ("[1, two]", [1, "two"])),
        *(
            ("{a: 1, b: {c: x}}", {"a": 1, "b": {"c": "x"}}),
            ('"\\u00e9\\n"', "é\n"),
            ("1.2.3", "1.2.3"),
            ("0b1", "0b1"),
        ),
    ],
)
def test_a_scalar_means_what_yaml_1_2_says(written, meant):
    found = value(f"key: {written}")["key"]
    assert found == meant
    assert type(found) is type(meant)


def test_keys_are_text():
    assert value("on: 1\n1: 2\nnull: 3\ntrue: 4") == {"on": 1, "1": 2, "null": 3, "true": 4}


@pytest.mark.parametrize("text", ["", "# only a comment", "---\n", "\ufeff"])
def test_an_empty_document_is_nothing(text):
    assert value(text) is None


def test_a_line_is_known_for_every_key_item_and_what_is_missing():
    parsed = parse("a:\n  b:\n    - 1\n    -\n      c: 2\n", file="a.yaml")
    lines = {
        path: parsed.line_of(path) for path in [("a",), ("a", "b"), ("a", "b", 0), ("a", "b", 1), ("a", "b", 1, "c")]
    }
    assert list(lines.values()) == [1, 2, 3, 5, 5]
    assert parsed.line_of(("a", "b", 1, "d", "e")) == 5
    assert parsed.line_of(("z",)) == 1


def test_every_duplicate_key_is_reported_with_both_lines():
    problems = refused("a: 1\nb: {c: 1, c: 2}\na: 3\n")
    assert [(p.line, p.slug) for p in problems] == [(2, "duplicate-key"), (3, "duplicate-key")]
    assert "first on line 1" in problems[1].met


def test_keys_that_only_look_different_are_equal():
    assert refused('"a": 1\na: 2')[0].slug == "duplicate-key"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: b: c", "not YAML"),
        ("a:\n\tb: 1", "not YAML"),
        ('a: "b', "not YAML"),
        ('a: "\\ud800"', "not YAML"),
        ("a: \0", "U+0000"),
        ("a: \ud800", "U+D800"),
        ("a: \x07", "U+0007"),
        ('a: "\\0"', "NUL"),
        ("a: 1\n---\nb: 2", "second document"),
        ("a: &x {b: 1}\nc:\n  <<: *x", "merge"),
        ("a: !!python/name:os.system x", "tag"),
        ("a: !secret x", "tag"),
        ("a: &x [*x]", "refers to nothing"),
        ("a: *x", "refers to nothing"),
        ("? [a, b]\n: c", "where a key is needed"),
        ("a: .inf", "infinity"),
        ("a: .NaN", "not-a-number"),
        ("a: 1e999", "larger"),
        ("a: " + "9" * 5000, "number"),
        ("[" * 100_000, "nested"),
        ("{a: " * 100_000, "nested"),
        ("- " * 100_000, "nested"),
        ("- x\n" * 300_000, "too many values"),
        ("a" * 5_000_001, "too large"),
        (
            "a0: &a0 [x,x,x]\n" + "".join(f"a{i + 1}: &a{i + 1} [{','.join([f'*a{i}'] * 9)}]\n" for i in range(9)),
            "aliases",
        ),
    ],
    ids=lambda text: text[:20],
)
def test_what_surprises_or_explodes_is_refused(text, words):
    (problem,) = refused(text)
    assert words in problem.met
    assert problem.need.endswith(".")


def test_an_alias_used_with_measure_is_taken():
    assert value("a: &x [1, 2]\nb: *x") == {"a": [1, 2], "b": [1, 2]}


def test_hundred_megabytes_are_refused_unread(tmp_path):
    large = tmp_path / "large.yaml"
    with large.open("wb") as stream:
        stream.truncate(100_000_000)
    started = time.process_time()
    with pytest.raises(ConfigError, match="too large"):
        parse_file(large)
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize("kind", ["missing", "folder", "fifo", "latin-1"])
def test_what_is_no_readable_text_file_is_refused(tmp_path, kind):
    path = tmp_path / "a.yaml"
    {
        "missing": lambda: None,
        "folder": path.mkdir,
        "fifo": lambda: os.mkfifo(path),
        "latin-1": lambda: path.write_bytes("a: 1\nb: ä".encode("latin-1")),
    }[kind]()
    with pytest.raises(ConfigError) as error:
        read_text(path, shown="a.yaml")
    (problem,) = error.value.problems
    assert (problem.file, problem.slug, problem.line) == ("a.yaml", "unreadable-file", 2 if kind == "latin-1" else None)


printable = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), max_size=20)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | printable,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(printable, inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(value_=plain)
def test_json_is_yaml(value_):
    # But for characters beyond U+FFFF: JSON escapes them as surrogate pairs, which YAML does not know.
    assert value(json.dumps(value_, ensure_ascii=False)) == value_


@settings(deadline=None)
@given(
    text=st.text(st.characters(exclude_categories=()), max_size=80)
    | st.text("-: \n[]{}&*!|>'\"#%@`,?a1\t", max_size=80)
)
def test_any_text_is_read_or_refused(text):
    with suppress(ConfigError):
        parse(text, file="a.yaml")


@given(st.sampled_from(sorted(_OF_WORDS)), st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=6))
def test_a_text_known_by_its_first_character_means_what_its_patterns_say(first: str, rest: str) -> None:
    """Most values are told by their first character alone, without a look at YAML's patterns."""
    assert resolve(first + rest) == first + rest
