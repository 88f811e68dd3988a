"""Model text on a terminal: visible, and without power."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.cli.terminal import printable

COMMANDS = [
    "\x1b[2J",
    "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "\x1b]52;c;cm0gLXJm\x07",
    "\x9b31m",
    "\x07",
    "safe\roverwritten",
    "\u202egnp.exe",
    "\u2066hidden\u2069",
    "a\u200bb",
    "\ud800",
    "\U000e0041",
    "\x7f",
    "\u2028",
]


@pytest.mark.parametrize("text", COMMANDS)
def test_a_command_to_the_terminal_is_shown_and_not_obeyed(text: str) -> None:
    assert printable(text).isascii()
    assert "\\" in printable(text)


@given(st.text(alphabet=st.characters(codec=None) | st.sampled_from("".join(COMMANDS))))
def test_nothing_printable_returns_can_command_a_terminal(text: str) -> None:
    shown = printable(text)
    shown.encode("utf-8")
    for character in shown:
        category = unicodedata.category(character)
        assert character in "\t\n" or category not in ("Cc", "Cs", "Zl", "Zp"), repr(character)
        assert unicodedata.bidirectional(character) not in (
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        )


@given(st.text())
def test_making_it_printable_twice_changes_nothing(text: str) -> None:
    assert printable(printable(text)) == printable(text)


@given(st.text())
def test_a_cell_stays_on_its_line(text: str) -> None:
    assert len(printable(text, one_line=True).splitlines()) <= 1


@pytest.mark.parametrize(
    "text", ["Grüße, мир, 你好, नमस्ते, سلام", "👩\u200d🚀", "می\u200cخواهم", "two\nlines\tand a tab"]
)
def test_the_worlds_scripts_stay_as_they_are(text: str) -> None:
    assert printable(text) == text
