import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.domain.legible import legible, one_line

ANY = st.text(st.characters(codec=None), max_size=400)


@given(ANY)
def test_no_control_bidi_or_surrogate_survives(text: str) -> None:
    shown = legible(text)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"]
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u2028\u2029")
    shown.encode("utf-8")


@given(ANY)
def test_making_legible_twice_changes_nothing(text: str) -> None:
    assert legible(legible(text)) == legible(text)


@given(ANY, st.integers(1, 50))
def test_the_limit_holds(text: str, limit: int) -> None:
    assert len(legible(text, limit)) <= limit
    assert len(one_line(text, limit)) <= limit


@given(ANY)
def test_one_line_is_one_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b]52;c;ZXZpbA==\x07", r"\x1b]52;c;ZXZpbA==\x07"),
        ("\x9b31mred", r"\x9b31mred"),
        ("all good\rALL BAD", r"all good\x0dALL BAD"),
        ("a\x00b", r"a\x00b"),
        ("user\u202egpj.exe", r"user\u202egpj.exe"),
        ("half \ud83d pair", "half \ufffd pair"),
        ("two\r\nlines", "two\nlines"),
        ("family 👨‍👩‍👧", "family 👨‍👩‍👧"),
    ],
)
def test_hostile_text_is_shown_as_what_it_is(hostile: str, shown: str) -> None:
    assert legible(hostile) == shown
