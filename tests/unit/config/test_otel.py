"""`otel:`: off until configured, and its headers are secrets."""

import sys
from pathlib import Path

import pytest

from driftwatch.bootstrap import keys, worlds
from driftwatch.config.load import load_settings
from driftwatch.config.otel import read_headers
from driftwatch.config.settings import Settings
from driftwatch.domain.errors import ConfigError, DriftwatchError

CONFIG = """\
store: sqlite:///x.db
endpoints:
  - {name: a, model: openai/gpt-4.1-2025-04-14, params: {temperature: 0}, probes: [g.yaml]}
"""


@pytest.fixture
def settings(tmp_path: Path):
    def load(otel: str = "", headers: str | None = None) -> Settings:
        (tmp_path / "driftwatch.yaml").write_text(CONFIG + (f"otel: {otel}\n" if otel else ""))
        if headers is not None:
            (tmp_path / "headers").write_text(headers)
        return load_settings(tmp_path / "driftwatch.yaml", {})

    return load


def test_nothing_is_told_until_it_is_configured(settings) -> None:
    assert settings().otel is None
    assert worlds.traces(settings()) is None


def test_the_least_that_is_needed_is_an_address(settings) -> None:
    otel = settings("{endpoint: 'http://127.0.0.1:4318'}").otel
    assert (otel.semconv, otel.content, otel.scores, otel.headers) == ("1.41", False, "events", {})
    assert worlds.traces(settings("{endpoint: 'http://127.0.0.1:4318'}")).address == "http://127.0.0.1:4318/v1/traces"


@pytest.mark.parametrize(("written", "read"), [("1.41", "1.41"), ("'1.41'", "1.41"), ("latest", "latest")])
def test_the_version_may_stand_without_quotes(written: str, read: str, settings) -> None:
    assert settings(f"{{endpoint: 'http://x', semconv: {written}}}").otel.semconv == read


@pytest.mark.parametrize(
    "wrong",
    ["{}", "{endpoint: x}", "{endpoint: 'http://x', semconv: 1.4}", "{endpoint: 'http://x', content: 'yes'}",
     "{endpoint: 'http://x', header: y}", "{endpoint: 'http://user:pass@x'}", "{endpoint: 'http://x', scores: langfuse}"],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(wrong: str, settings) -> None:
    with pytest.raises(ConfigError) as error:
        settings(wrong)
    assert error.value.problems[0].line == 4


@pytest.mark.parametrize("wrong", ["no equals", "=x", "a b=c", "a=%0d%0aevil: 1", "a=é", "a=%C3%A9"])
def test_headers_that_no_request_may_carry_are_refused_without_showing_them(wrong: str, settings) -> None:
    with pytest.raises(ConfigError) as error:
        settings("{endpoint: 'http://x', headers_file: headers}", wrong)
    assert wrong not in str(error.value)


def test_keys_among_the_headers_are_kept_out_of_logs_and_names_are_not(settings) -> None:
    headers = "authorization=Bearer%20abcd1234,x-api-key=k-5678,x-mlflow-experiment-id=1234"
    loaded = settings("{endpoint: 'http://x', headers_file: headers}", headers)
    assert set(keys.secrets_of(loaded)) == {"Bearer abcd1234", "abcd1234", "k-5678"}
    assert read_headers(headers)["x-mlflow-experiment-id"] == "1234"
    assert "abcd1234" not in repr(loaded)


def test_without_the_extra_the_way_on_is_told(settings, monkeypatch) -> None:
    for name in [name for name in sys.modules if name.startswith("driftwatch.adapters.traces")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(DriftwatchError, match="uv sync --extra otel") as error:
        worlds.traces(settings("{endpoint: 'http://x'}"))
    assert error.value.slug == "otel-not-installed"
