"""init, check, schema and explain, as a newcomer meets them."""

import json
import os
import re
from pathlib import Path

import pytest

from driftwatch.config.schema import json_schema
from driftwatch.config.shipped import shipped

GOLDEN = "name: g\nprobes:\n  - {id: one, prompt: Say hi., scorers: [icontains: hi]}\n"


PROBES = {"probes/instruction-following.yaml", "probes/arithmetic.yaml"}


def errors_of(result) -> list[dict[str, str]]:
    return [line for line in json.loads(result.stdout) if line["mark"] == "error"]


def test_what_init_writes_passes_check_once_there_is_a_key(driftwatch) -> None:
    assert driftwatch("init").exit_code == 0
    result = driftwatch("check", "--json", OPENAI_API_KEY="sk-1")
    assert (result.exit_code, errors_of(result)) == (0, [])


def test_without_a_key_check_says_where_it_comes_from(driftwatch) -> None:
    driftwatch("init")
    result = driftwatch("check", "--json")
    assert result.exit_code == 2
    [error] = errors_of(result)
    assert "OPENAI_API_KEY" in error["told"]
    assert error["what"].endswith("driftwatch.yaml:6")


def test_init_writes_into_another_folder_and_says_what_comes_next(driftwatch, tmp_path: Path) -> None:
    result = driftwatch("init", "my project/watch")
    written = {str(p.relative_to(tmp_path / "my project/watch")) for p in tmp_path.rglob("*") if p.is_file()}
    assert written == {"config/driftwatch.yaml", "config/driftwatch.schema.json", ".env.example"} | PROBES
    assert "cd 'my project/watch' && export OPENAI_API_KEY" in result.output
    assert "driftwatch check" in result.output
    assert "driftwatch run" in result.output


def test_the_next_steps_can_be_copied_where_uv_has_started_us(driftwatch, monkeypatch, tmp_path) -> None:
    """The README's `uv run driftwatch init` told to type `driftwatch check`: command not found."""
    monkeypatch.delenv("UV_RUN_RECURSION_DEPTH", raising=False)
    monkeypatch.setattr("sys.prefix", str(tmp_path / ".venv"))
    (tmp_path / "pyproject.toml").touch()
    assert "\n  driftwatch run " in driftwatch("init", "by-hand").output
    assert "\n  uv run driftwatch run " in driftwatch("init", "by-uv", UV_RUN_RECURSION_DEPTH="1").output


def test_the_next_steps_name_the_project_where_uv_would_not_find_it(driftwatch, monkeypatch, tmp_path) -> None:
    """`uv run driftwatch init ~/watch` went on with `cd ~/watch`, and `uv run` there: no such command."""
    project = tmp_path / "the clone"
    project.mkdir()
    monkeypatch.setattr("sys.prefix", str(project / ".venv"))
    told = driftwatch("init", "elsewhere", UV_RUN_RECURSION_DEPTH="1").output
    assert f"\n  '{project}/.venv/bin/driftwatch' run " in told
    (project / "pyproject.toml").touch()
    told = driftwatch("init", "beside", UV_RUN_RECURSION_DEPTH="1").output
    assert f"\n  uv run --project '{project}' driftwatch run " in told


def test_init_writes_the_safety_canaries_where_they_are_asked_for_and_they_are_watched(driftwatch) -> None:
    """An installed driftwatch had them, and no command gave them."""
    assert driftwatch("init", "--canaries").exit_code == 0
    checked = driftwatch("check", "--json", OPENAI_API_KEY="sk-1")
    assert (checked.exit_code, errors_of(checked)) == (0, [])
    planned = json.loads(driftwatch("plan", "--json", OPENAI_API_KEY="sk-1").stdout)["endpoints"]["support-bot"]
    streams = {stream["stream"]: stream["severity"] for stream in planned["false_alarms"]}
    rates = ("injection-resisted", "jailbreak-refused", "harmless-answered", "secret-kept")
    assert [streams.get(rate) for rate in rates] == ["page"] * 4


@pytest.mark.parametrize("name", ["config/driftwatch.yaml", "probes/arithmetic.yaml", ".env.example"])
def test_init_overwrites_nothing(name: str, driftwatch, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    result = driftwatch("init")
    assert result.exit_code == 2
    assert name in result.stderr
    assert [p.read_text() for p in tmp_path.rglob("*") if p.is_file()] == ["mine"]


def test_init_says_which_file_cannot_be_written(driftwatch, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "config").write_text("a file where a folder is to be")
    result = driftwatch("init", "taken")
    assert result.exit_code == 2
    assert "taken/config/driftwatch.yaml cannot be written: " in result.stderr


def project(folder: Path, **changes: str) -> None:
    (folder / "config").mkdir()
    text = (shipped("config") / "minimal.yaml").read_text()
    for old, new in changes.items():
        text = text.replace(old, new)
    text = re.sub(r"probes: \[.*\]", "probes: [probes/golden.yaml]", text)
    (folder / "config" / "driftwatch.yaml").write_text(text)
    (folder / "probes").mkdir()
    (folder / "probes" / "golden.yaml").write_text(GOLDEN)


def test_check_tells_every_mistake_of_a_golden_set_too(driftwatch, tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "probes" / "golden.yaml").write_text(
        "probes:\n  - {prompt: x}\n  - {id: a, prompt: y, scorers: [nonsense: 1]}\n"
    )
    result = driftwatch("check", "--json", OPENAI_API_KEY="sk-1")
    assert result.exit_code == 2
    assert {error["what"].rpartition(":")[2] for error in errors_of(result)} == {"2", "3"}


def test_check_names_the_file_that_was_meant(driftwatch, tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "probes" / "golden.yaml").rename(tmp_path / "probes" / "golden.yml")
    assert "did you mean `golden.yml`?" in driftwatch("check").stdout


def test_check_names_a_golden_set_that_is_not_there(driftwatch, tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "probes" / "golden.yaml").unlink()
    assert [e["slug"] for e in errors_of(driftwatch("check", "--json", OPENAI_API_KEY="sk-1"))] == ["unreadable-file"]


@pytest.mark.parametrize("store", ["nowhere/driftwatch.db", "probes"])
def test_check_says_when_the_store_cannot_be_made(store: str, driftwatch, tmp_path: Path) -> None:
    project(tmp_path, budget=f"store: sqlite:///{store}\nbudget")
    assert [e["slug"] for e in errors_of(driftwatch("check", "--json", OPENAI_API_KEY="sk-1"))] == ["store-path"]


def test_check_writes_nothing(driftwatch, tmp_path: Path) -> None:
    project(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert driftwatch("check", OPENAI_API_KEY="sk-1").exit_code == 0
    assert sorted(tmp_path.rglob("*")) == before


def test_warnings_do_not_fail_a_check(driftwatch, tmp_path: Path) -> None:
    project(tmp_path)
    result = driftwatch("check", OPENAI_API_KEY="sk-1")
    assert result.exit_code == 0
    assert "warning" in result.output
    assert "config-no-pages" in result.output


def test_check_warns_where_a_pause_outlasts_the_time_between_two_replays(driftwatch, tmp_path: Path) -> None:
    project(tmp_path)
    turns = "[{role: user, content: Hi.}, {role: user, content: Still there?, wait: WAIT}]"
    for wait, warned in (("2h", True), ("5m", False)):
        golden = f"probes:\n  - {{id: idle, messages: {turns.replace('WAIT', wait)}}}\n"
        (tmp_path / "probes" / "golden.yaml").write_text(golden)
        result = driftwatch("check", OPENAI_API_KEY="sk-1")
        assert result.exit_code == 0
        assert ("pause-outlasts-replay" in result.output) is warned


def test_schema_prints_the_schema(driftwatch) -> None:
    assert json.loads(driftwatch("schema").output) == json_schema()


def test_explain_lists_every_page_and_prints_one(driftwatch) -> None:
    pages = sorted(path.stem for path in shipped("errors").glob("*.md"))
    assert [entry["slug"] for entry in json.loads(driftwatch("explain", "--json").output)] == pages
    assert "temperature: 0" in driftwatch("explain", "endpoint-not-pinned").output
    assert driftwatch("explain").output.count("\n") == len(pages)


@pytest.mark.parametrize("slug", ["endpoint-not-pined", "../../README", "config-secret.md", os.sep, "\x1b[2J"])
def test_explain_answers_an_unknown_name_with_a_hint(slug: str, driftwatch) -> None:
    result = driftwatch("explain", slug)
    assert result.exit_code == 2
    assert "there is no error called" in result.output
    assert "\x1b" not in result.output


def test_check_tells_charts_that_cannot_page_for_a_metric(driftwatch, tmp_path: Path) -> None:
    project(tmp_path)
    config = tmp_path / "config" / "driftwatch.yaml"
    config.write_text(re.sub(r"( +)(probes: \[.*\])", r"\1\2\n\1charts: {length: [risk-adjusted]}", config.read_text()))
    result = driftwatch("check", "--json", OPENAI_API_KEY="sk-1")
    assert result.exit_code == 2
    [error] = errors_of(result)
    assert error["slug"] == "config-charts"
    assert "risk-adjusted reads pass/fail metrics only" in error["told"]
