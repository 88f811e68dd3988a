"""Drivers, cron lines and durations: one row per decision."""

from datetime import timedelta

import pytest

from driftwatch.config.cron import read_cron
from driftwatch.config.drivers import is_dated, key_variable, resolve_base_url, resolve_driver
from driftwatch.config.values import parse_duration


@pytest.mark.parametrize(
    ("model", "base_url", "driver", "resolved"),
    [
        ("openai/gpt-4.1-2025-04-14", None, "auto", "direct"),
        ("anthropic/claude-3-5-sonnet-20241022", None, "auto", "litellm"),
        ("anything/at-all", "http://127.0.0.1:8080/v1", "auto", "direct"),
        ("openai/gpt-4.1-2025-04-14", None, "litellm", "litellm"),
        ("scripted/one", None, "scripted", "scripted"),
    ],
)
def test_auto_takes_the_driver_whose_clock_can_be_trusted(
    model: str, base_url: str | None, driver: str, resolved: str
) -> None:
    assert resolve_driver(model, base_url, driver) == resolved  # type: ignore[arg-type]


def test_the_vendors_address_is_the_default() -> None:
    assert resolve_base_url("openai/x", None) == "https://api.openai.com/v1"
    assert resolve_base_url("openai/x", "http://a/v1") == "http://a/v1"
    assert resolve_base_url("anthropic/x", None) is None


@pytest.mark.parametrize(
    "url", ["https://api.openai.com.evil.example/v1", "https://evil.example/api.openai.com", "http://127.0.0.1"]
)
def test_a_look_alike_host_does_not_get_the_vendors_key(url: str) -> None:
    assert key_variable("openai/x", url) is None
    assert key_variable("openai/x", "https://api.openai.com/v1") == "OPENAI_API_KEY"


@pytest.mark.parametrize(
    ("model", "dated"),
    [
        ("openai/gpt-4.1-2025-04-14", True),
        ("anthropic/claude-3-5-sonnet-20241022", True),
        ("bedrock/anthropic.claude-3-5-sonnet-20241022-v2:0", True),
        ("vertex_ai/claude-3-haiku@20240307", True),
        ("openai/gpt-4-0613", True),
        ("mistral/mistral-large-2411", True),
        ("gemini/gemini-2.0-flash-001", True),
        ("openai/gpt-4.1", False),
        ("openai/gpt-4o-latest", False),
        ("anthropic/claude-sonnet-4-5", False),
        ("groq/llama-3.1-70b-versatile", False),
    ],
)
def test_a_dated_snapshot_is_told_from_an_alias(model: str, dated: bool) -> None:
    assert is_dated(model) is dated


@pytest.mark.parametrize(
    ("line", "canonical"),
    [
        ("* * * * *", "* * * * *"),
        ("*/15 8-18/2 1,15 jan-mar sun", "*/15 8,10,12,14,16,18 1,15 1,2,3 0"),
        ("0 0 * * fri-sun", "0 0 * * 5,6,0"),
        ("0 0 * * 7", "0 0 * * 0"),
        ("0 0 29 2 *", "0 0 29 2 *"),
        ("  5   4 * * *  ", "5 4 * * *"),
    ],
)
def test_a_cron_line_is_written_out(line: str, canonical: str) -> None:
    assert read_cron(line) == canonical


@pytest.mark.parametrize(
    "line",
    [
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "*/0 * * * *",
        "5-1 * * * *",
        "a * * * *",
        "* * * * xyz",
        "1,,2 * * * *",
        "*-5 * * * *",
        "@daily",
        "0 0 30 2 *",
        "0 0 31 2,4-6/2 */2",
        "٣ * * * *",
    ],
)
def test_a_line_that_cron_would_not_take_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        read_cron(line)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("5m", 300),
        ("1h", 3600),
        ("1h30m", 5400),
        ("90d", 7_776_000),
        ("1.5h", 5400),
        ("250ms", 0.25),
        ("2w", 1_209_600),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "1", "h", "1 h", "-1h", "1y", "0s", "1e9h", "999999999w", "1h\n"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        parse_duration(text)
