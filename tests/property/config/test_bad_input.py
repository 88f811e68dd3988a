"""Whatever a file holds, there is one kind of answer to it: settings, or ConfigError."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from driftwatch.adapters.calendar import next_slot
from driftwatch.config.cron import read_cron
from driftwatch.config.load import load_settings
from driftwatch.domain.errors import ConfigError
from driftwatch.domain.schedule import Cron

PRODUCT = (Path(__file__).resolve().parents[3] / "config" / "driftwatch.yaml").read_text()
ENVIRON = {"A": "x", "B": "{", "SLACK_WEBHOOK_URL": "https://h.example", "OPENAI_API_KEY": "sk-1"}
SETTINGS = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["${A}", "${B}", "${C}", "1h", "0", "openai/gpt-4", "1 per endpoint-year", "key", "https://x", "*/5 * * * *"]
    ),
)
keys = st.sampled_from(
    [
        "store",
        "false_alarms",
        "pages",
        "notices",
        "budget",
        "usd_per_day",
        "endpoints",
        "name",
        "model",
        "params",
        "temperature",
        "seed",
        "driver",
        "probes",
        "schedule",
        "every",
        "cron",
        "timezone",
        "baseline",
        "replays",
        "judges",
        "routes",
        "slack_webhook",
        "slack_token_file",
        "channel",
        "alerting",
        "report",
        "to",
        "weekly",
        "watch",
        "paths",
        "deadman",
        "url",
        "retention",
        "answers",
        "http",
        "bind",
        "price",
        "input_usd",
        "timeout",
        "api_key",
        "api_key_file",
        "tags",
        "base_url",
    ]
) | st.text(max_size=8)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5), max_leaves=25
)


def attempt(path: Path) -> None:
    try:
        load_settings(path, ENVIRON)
    except ConfigError as error:
        told = error.problems
    else:
        return
    assert told
    assert all(p.met and p.need and p.slug and p.file == str(path) for p in told)


@SETTINGS
@given(document=st.dictionaries(keys, values, max_size=6))
def test_any_structure_is_answered_with_config_error(document: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=False), encoding="utf-8")
    attempt(path)


@SETTINGS
@given(raw=st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_answered_with_config_error(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(raw)
    attempt(path)


@SETTINGS
@given(
    at=st.integers(0, len(PRODUCT)),
    cut=st.integers(0, 30),
    put=st.text(alphabet="{}[]:,-#&*!|>'\"%@`$ \n\tax1\x00é", max_size=6),
)
def test_a_damaged_file_is_answered_with_config_error(at: int, cut: int, put: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(PRODUCT[:at] + put + PRODUCT[at + cut :], encoding="utf-8")
    attempt(path)


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30)
)


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 100_000,
        b"{a: " * 100_000,
        b"- " * 100_000,
        BOMB.encode(),
        b"a: &a [*a]",
        b"endpoints: \x00",
        b"\xff\xfe\x00",
        b"a" * 127_999,
        b"k: 1\n" * 25_000,
        b"".join(b"key%d: ${NOPE}\n" % n for n in range(7_000)),
        b"endpoints:\n" + b"- {nam: 1}\n" * 10_000,
        b"x: '" + b"${" * 63_000 + b"'",
    ],
    ids=[
        "brackets",
        "braces",
        "dashes",
        "bomb",
        "cycle",
        "nul",
        "utf-16",
        "word",
        "duplicates",
        "unset",
        "endpoints",
        "dollars",
    ],
)
def test_a_hostile_file_is_refused_within_a_second(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(raw)
    began = time.process_time()
    with pytest.raises(ConfigError) as caught:
        load_settings(path, ENVIRON)
    # Under 1 s of CPU; half as much again for a machine that is busy with something else.
    assert time.process_time() - began < 1.5, caught.value.problems[:1]


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.touch()
    os.truncate(path, 100_000_000)
    began = time.process_time()
    with pytest.raises(ConfigError, match="too large"):
        load_settings(path, {})
    assert time.process_time() - began < 1.0


field = st.sampled_from(
    [
        "*",
        "*/2",
        "*/7",
        "1",
        "0",
        "3-5",
        "1,4",
        "2-6/2",
        "sun",
        "mon-fri",
        "fri-sun",
        "jan-jun/2",
        "*/30",
        "7",
        "31",
        "29",
    ]
)


@settings(parent=SETTINGS, max_examples=60)
@given(line=st.lists(field, min_size=5, max_size=5).map(" ".join))
def test_the_calendar_takes_every_line_that_is_not_refused(line: str) -> None:
    try:
        read = read_cron(line)
    except ValueError:
        return
    assert next_slot(Cron(line=read, timezone="Europe/Berlin"), datetime(2026, 7, 20, tzinfo=UTC)) is not None
