"""What a log line may hold: no secret, nothing that a terminal would obey, and JSON that a collector can read."""

import json
import logging
import sys
from typing import Any

import pytest
import structlog

from driftwatch.daemon.logs import OfLibraries, Redact, configure

SECRET = "sk-loopback-0123456789"
HOSTILE = "\x1b[2J\x1b]0;owned\x07 line\r\nforged 2026-01-01 \u202egpj.exe \x00 \x7f \x9b2J"


def broken(words: str) -> None:
    raise RuntimeError(words)


def logged(capsys: pytest.CaptureFixture[str], event: str, *, as_json: bool, **facts: Any) -> str:
    configure(secrets=[SECRET, "abc", ""], as_json=as_json)
    structlog.get_logger("test").warning(event, **facts)
    told = capsys.readouterr()
    assert told.out == "", "standard output belongs to the commands"
    return told.err


@pytest.mark.parametrize("as_json", [True, False])
def test_a_secret_is_removed_from_the_event_its_facts_and_its_exception(
    capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    try:
        broken(f"refused {SECRET}")
    except RuntimeError as error:
        line = logged(capsys, f"asked with {SECRET}", as_json=as_json, url=f"http://x/{SECRET}", exc_info=error)
    assert SECRET not in line
    assert line.count("***") >= 3


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize(
    "fact",
    [[f"refused {SECRET}"], {"url": f"http://x/{SECRET}"}, (1, {"deep": [SECRET]}), ValueError(f"refused {SECRET}")],
    ids=["list", "mapping", "nested", "exception"],
)
def test_a_secret_inside_a_fact_that_is_no_text_is_removed_too(
    capsys: pytest.CaptureFixture[str], as_json: bool, fact: Any
) -> None:
    line = logged(capsys, "refused", as_json=as_json, fact=fact)
    assert SECRET not in line
    assert "***" in line


def test_a_secret_that_json_would_escape_is_removed(capsys: pytest.CaptureFixture[str]) -> None:
    secret = 'pass"wörd\\1'
    for as_json in (True, False):
        configure(secrets=[secret], as_json=as_json)
        structlog.get_logger("test").warning("refused", fact={"key": secret}, key=secret)
        line = capsys.readouterr().err
        assert secret not in line
        assert json.dumps(secret)[1:-1] not in line


def test_nothing_short_is_taken_for_a_secret(capsys: pytest.CaptureFixture[str]) -> None:
    assert "abcdef" in logged(capsys, "abcdef", as_json=False)


@pytest.mark.parametrize("as_json", [True, False])
def test_hostile_words_stay_one_line_and_a_terminal_obeys_nothing(
    capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    line = logged(capsys, HOSTILE, as_json=as_json, said=HOSTILE, fact=[HOSTILE])
    assert line.endswith("\n")
    assert line[:-1].isascii()
    assert line[:-1].isprintable()


def test_hostile_words_in_an_exception_are_escaped_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        broken(HOSTILE)
    except RuntimeError as error:
        lines = logged(capsys, "broke", as_json=False, exc_info=error).splitlines()
    assert len(lines) > 3
    assert all(line.isprintable() and line.isascii() for line in lines)


def test_a_hostile_key_stays_on_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    line = logged(capsys, "told", as_json=False, **{"a\x1b[2J\nb": 1})
    assert line[:-1].isprintable()


def test_json_logs_are_one_object_a_line_with_what_every_collector_wants(capsys: pytest.CaptureFixture[str]) -> None:
    line = logged(capsys, "replay finished", as_json=True, endpoint="bot", slots=3, at=object())
    told = json.loads(line)
    assert {"timestamp", "level", "event", "endpoint", "slots", "at"} == set(told)
    assert (told["level"], told["event"], told["slots"]) == ("warning", "replay finished", 3)
    assert told["timestamp"].endswith("Z")


def test_json_logs_stay_json_where_a_number_is_not_one(capsys: pytest.CaptureFixture[str]) -> None:
    line = logged(capsys, "odd", as_json=True, cost=float("nan"), most=float("inf"))

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    json.loads(line, parse_constant=refuse)


def test_what_libraries_log_is_redacted_and_escaped_with_its_traceback() -> None:
    try:
        broken(f"GET http://x/{SECRET} {HOSTILE}")
    except RuntimeError:
        record = logging.LogRecord(
            "asyncio", logging.ERROR, "x.py", 1, "task of %s died: %s", (SECRET, HOSTILE), sys.exc_info()
        )
    lines = OfLibraries(Redact([SECRET])).format(record).splitlines()
    assert lines[0].startswith("ERROR asyncio task of *** died: ")
    assert lines[1].startswith("Traceback")
    assert not [line for line in lines if SECRET in line or not line.isprintable()]
