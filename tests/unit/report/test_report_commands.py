import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from driftwatch.adapters.store import open_store
from driftwatch.cli.ownership import INCIDENT


@pytest.fixture
def drifted_here(project_of, command):
    return command(project_of(60, 48))


@pytest.fixture
def quiet_here(project_of, command):
    return command(project_of(30))


def inc(run) -> str:
    return json.loads(run("incidents", "--json").stdout)[0]["name"]


def test_status_says_alarm_and_exits_with_1_while_a_drift_is_open(drifted_here):
    shown = drifted_here("status")
    assert shown.exit_code == 1, shown.output
    assert "support-bot: drifted" in shown.stdout
    assert re.search(r"pass +alarm +mixture \d+\.\d ≥ \d+\.\d", shown.stdout)


def test_status_exits_with_0_when_nothing_is_open(quiet_here):
    shown = quiet_here("status", "--json")
    assert shown.exit_code == 0, shown.output
    (endpoint,) = json.loads(shown.stdout)["endpoints"]
    assert endpoint["state"] == "unchanged"
    assert {s["metric"]: s["state"] for s in endpoint["streams"]}["pass"] == "quiet"


def test_status_of_a_learning_endpoint_says_how_far_it_is_and_exits_with_0(project_of, command):
    shown = command(project_of(12))("status")
    assert shown.exit_code == 0, shown.output
    assert "support-bot: learning" in shown.stdout
    assert re.search(r"pass +learning 12/24", shown.stdout)
    assert "unchanged" not in shown.stdout


def test_without_a_store_nothing_is_known_and_nothing_is_made(project_of, command, tmp_path):
    run = command(project_of(12))
    (tmp_path / "project" / "driftwatch.db").unlink()
    for words in (
        ["status"],
        ["report"],
        ["incidents"],
        ["show", "1"],
        ["ack", "1"],
        ["baseline", "show", "support-bot"],
    ):
        shown = run(*words)
        assert shown.exit_code == 3
        assert "there is no store yet" in shown.stderr
    assert not (tmp_path / "project" / "driftwatch.db").exists()


def test_an_endpoint_whose_daemon_stopped_long_ago_has_no_data(project_of, command):
    shown = command(project_of(26, ended_hours_ago=6))("status", "--json")
    (endpoint,) = json.loads(shown.stdout)["endpoints"]
    # The slot of this very hour may be two minutes old or less, and so not be missed yet.
    assert endpoint["coverage"]["not_begun"] in (5, 6)
    assert (endpoint["state"], shown.exit_code) == ("no data", 3)


def test_status_asks_for_the_daemon_where_nobody_begins_slots(project_of, command, quiet_here):
    """It said "no data" above streams that are all quiet, and not what to do about it."""
    stopped = command(project_of(26, ended_hours_ago=6), "stopped")("status").stdout
    assert "is `driftwatch run` running?" in " ".join(stopped.split())
    assert "running?" not in quiet_here("status").stdout


def test_a_narrow_terminal_breaks_no_word_of_an_incident(drifted_here, monkeypatch):
    """At 60 columns the heading was `inciden` over `t`."""
    name = inc(drifted_here)
    monkeypatch.setenv("COLUMNS", "60")
    shown = drifted_here("incidents").stdout
    assert shown.startswith(f"{name}  support-bot: page, firing\n  ")
    assert max(map(len, shown.splitlines())) <= 60
    assert "opened" in shown


def test_a_name_with_a_line_break_poses_as_no_incident_on_a_narrow_terminal_either(drifted_here, monkeypatch):
    """The table escapes it; where there is no room for one, the name of who acted made a line of its own."""
    assert drifted_here("ack", inc(drifted_here), "--by", "eve\ninc-9  billing: page, firing").exit_code == 0
    for columns in ("60", "160"):
        monkeypatch.setenv("COLUMNS", columns)
        shown = drifted_here("incidents").stdout
        assert "eve" in shown
        assert not [line for line in shown.splitlines() if line.startswith("inc-9")], shown


def test_report_exits_by_its_verdict_and_each_format_names_the_drift(drifted_here):
    for form in ("terminal", "markdown", "json"):
        shown = drifted_here("report", "--format", form)
        assert shown.exit_code == 1, shown.output
        assert "1 endpoint: 1 drifted" in shown.stdout
        assert inc(drifted_here) in shown.stdout


@pytest.mark.parametrize("form", ["terminal", "markdown", "json", "html", "slack"])
def test_a_drift_is_in_the_report_though_its_endpoint_left_the_configuration(drifted_here, tmp_path, form):
    """Whoever renamed the endpoint on Friday had a week's report without the page of Tuesday in it."""
    name = inc(drifted_here)
    config = tmp_path / "project" / "driftwatch.yaml"
    config.write_text(config.read_text().replace("name: support-bot", "name: renamed-bot"))
    shown = drifted_here("report", "--format", form)
    assert name in shown.stdout, shown.output
    assert "support-bot" in shown.stdout
    if form == "json":
        (listed,) = json.loads(drifted_here("incidents", "--json").stdout)
        (removed,) = json.loads(shown.stdout)["removed"]
        assert removed | {key: listed[key] for key in ("since_onset", "latest")} == listed


def test_a_quiet_week_is_reported_with_exit_code_0(quiet_here):
    shown = quiet_here("report", "--since", "3d")
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith("1 endpoint: 1 unchanged; coverage 100.0 %; nothing missed\n")
    assert "We would have seen: a fall of the pass rate by" in shown.stdout


def test_the_report_file_is_written_whole_and_nothing_else_is_left(drifted_here, tmp_path):
    (tmp_path / "week.json").write_text("old")
    assert drifted_here("report", "--format", "json", "--output", str(tmp_path / "week.json")).exit_code == 1
    assert json.loads((tmp_path / "week.json").read_text())["verdict"]["drifted"] == 1
    assert not list(tmp_path.glob(".*partial"))


@pytest.mark.parametrize(
    "words", [["report", "--format", "json"], ["export", "observations"]], ids=["report", "observations"]
)
def test_an_output_that_cannot_be_written_is_named_and_is_the_users(words, drifted_here, tmp_path):
    """The part's name was told, `.week.json.4711.partial`, and exit code 3: could not find out."""
    shown = drifted_here(*words, "--output", str(tmp_path / "nowhere" / "week.json"))
    assert shown.exit_code == 2
    assert f"Invalid value for --output: {tmp_path}/nowhere/week.json cannot be written: No such file" in shown.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["report", "--since", "yesterday"], "is not a time"),
        (["report", "--since", "2026-07-20", "--until", "2026-07-19"], "not before its end"),
        (["show", "forty-two"], "write inc-42 or 42"),
        (["silence", "support-bot"], "say for how long and why"),
        (["silence", "support-bot", "--for", "4", "--comment", "x"], "is not a duration"),
        (["silence", "--for", "4h"], "name the endpoint"),
        (["silence", "suport-bot", "--for", "4h", "--comment", "x"], "there is no endpoint"),
        (["incidents", "--endpoint", "nobody"], "there is no endpoint"),
        (["show", "4242"], "there is no inc-4242"),
        (["baseline", "accept", "support-bot"], "nothing to accept"),
    ],
)
def test_a_mistake_is_told_in_a_sentence_and_exits_with_2(quiet_here, words, told):
    shown = quiet_here(*words)
    assert shown.exit_code == 2
    assert told in shown.stderr
    assert "Traceback" not in shown.output


def test_show_tells_findings_answers_messages_and_timeline(drifted_here):
    shown = drifted_here("show", inc(drifted_here))
    assert shown.exit_code == 0, shown.output
    for part in (
        "pass (page):",
        "14 days",
        "30 days",
        "page to oncall, CONFIRMED: pending",
        "firing (CONFIRMED, page)",
        "ack inc-",
    ):
        assert part in shown.stdout
    told = json.loads(drifted_here("show", inc(drifted_here), "--json").stdout)
    assert told["answers"]["dates-00"] == {"before": "14 days", "now": "30 days"}
    assert told["deliveries"][0]["route"] == "oncall"


def test_an_incident_is_taken_once_and_then_accepted_which_begins_a_baseline_and_tells_who_was_told(drifted_here):
    name = inc(drifted_here)
    assert "acknowledged by ada" in drifted_here("ack", name, "--comment", "looking").stdout
    again = drifted_here("ack", name, "--by", "bob")
    assert (again.exit_code, "acknowledged already, by ada" in again.stderr) == (2, True)
    accepted = drifted_here("accept", name, "--comment", "vendor announced it")
    assert "baseline 2 begins with the next replay" in accepted.stdout
    told = json.loads(drifted_here("show", name, "--json").stdout)
    assert [d["reason"] for d in told["deliveries"]] == ["CONFIRMED", "ACKNOWLEDGED", "ACCEPTED"]
    assert [step["state"] for step in told["timeline"]] == ["pending", "firing", "acknowledged", "accepted"]
    status = drifted_here("status", "--json")
    assert json.loads(status.stdout)["endpoints"][0]["state"] == "learning"
    assert status.exit_code == 0
    assert drifted_here("resolve", name).exit_code == 2


@pytest.mark.parametrize("words", [["accept", "INC"], ["baseline", "accept", "support-bot"]])
def test_json_of_an_acceptance_says_what_to_do_next_as_the_sentence_does(drifted_here, tmp_path, words):
    """Slack, the dashboard and the terminal said to mine border inputs again; whoever reads JSON was not told."""
    folder = tmp_path / "project"
    config, borders = folder / "driftwatch.yaml", folder / "border.yaml"
    borders.write_text("probes: [{id: border-001, prompt: b, sensor: border}]")
    (named,) = re.findall(r"probes: \[(.*)\]", config.read_text())
    config.write_text(config.read_text().replace(named, f"{named}, border.yaml"))
    done = drifted_here(*(inc(drifted_here) if word == "INC" else word for word in words), "--json")
    assert json.loads(done.stdout)["advice"].endswith("driftwatch mine support-bot --force"), done.output


def test_json_of_what_needs_nothing_more_has_no_advice(drifted_here):
    name = inc(drifted_here)
    told = [json.loads(drifted_here(verb, name, "--json").stdout) for verb in ("ack", "resolve")]
    assert [one["advice"] for one in told] == [None, None]


def test_a_resolved_incident_leaves_the_list_of_open_ones_and_stays_in_that_of_all(drifted_here):
    name = inc(drifted_here)
    assert drifted_here("resolve", name).exit_code == 0
    assert drifted_here("incidents").stdout == "No incident is open.\n"
    assert name in drifted_here("incidents", "--all").stdout


def test_a_baseline_with_an_open_drift_is_not_thrown_away(drifted_here):
    refused = drifted_here("baseline", "reset", "support-bot")
    assert refused.exit_code == 2
    assert "End it first" in refused.stderr
    assert "baseline 2 begins" in drifted_here("baseline", "accept", "support-bot").stdout


def test_baseline_shows_what_is_normal_and_reset_begins_the_next(quiet_here):
    shown = quiet_here("baseline", "show", "support-bot")
    assert shown.stdout.startswith("support-bot: baseline 1, 24 of 24 replays, complete")
    assert re.search(r"pass +0\.9\d \(usually 0\.\d+ to 1\.\d+\)", shown.stdout)
    assert (
        "baseline 2 begins with the next replay and takes 24" in quiet_here("baseline", "reset", "support-bot").stdout
    )
    after = json.loads(quiet_here("baseline", "show", "support-bot", "--json").stdout)
    assert (after["epoch"], after["seen"], after["normal"]) == (2, 0, {})


def test_a_silence_is_kept_listed_and_shown_in_the_status(quiet_here):
    assert quiet_here("silence", "*", "--for", "4h", "--comment", "vendor's move").exit_code == 0
    assert "every endpoint: until" in quiet_here("silence").stdout
    (silence,) = json.loads(quiet_here("status", "--json").stdout)["silences"]
    assert (silence["endpoint"], silence["by"], silence["comment"]) == ("*", "ada", "vendor's move")


def test_who_ends_one_of_two_silences_is_told_that_nobody_is_told_yet(quiet_here):
    """It said that what is still wrong is told now, and the other silence kept that back."""
    for endpoint, hours in (("support-bot", "4h"), ("*", "2h")):
        quiet_here("silence", endpoint, "--for", hours, "--comment", "vendor's maintenance")
    said = quiet_here("silence", "--end", "1").stdout
    assert said.startswith("Silence 1 has ended, but messages are still kept back by silence 2 (*, until")
    assert "is told now" not in said
    assert quiet_here("silence", "--end", "2").stdout.strip().endswith("what is still wrong is told now.")


@pytest.mark.parametrize(("text", "number"), [("inc-42", 42), ("42", 42), ("INC-7", 7)])
def test_an_incident_is_named_with_or_without_its_prefix(text, number):
    assert INCIDENT.convert(text, None, None) == number


DEAR = ("litellm", "slack_sdk", "apscheduler", "pandas", "aiohttp")


@pytest.mark.parametrize(
    ("words", "dear"),
    [(["status"], DEAR), (["incidents"], (*DEAR, "scipy")), (["silence"], (*DEAR, "scipy"))],
)
def test_a_reading_command_imports_only_what_it_needs(project_of, words, dear):
    project = project_of(30)
    code = (
        "import sys; from driftwatch.cli import main\n"
        f"main(['--config', r'{project}/driftwatch.yaml', *{words}], standalone_mode=False)\n"
        f"print('loaded:', [m for m in {dear} if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout.splitlines()[-1] == "loaded: []", ran.stdout + ran.stderr


def test_an_incident_is_shown_without_loading_the_engine(project_of):
    project = project_of(60, 48)
    code = (
        "import sys; from driftwatch.cli import main\n"
        f"main(['--config', r'{project}/driftwatch.yaml', 'show', '1'], standalone_mode=False)\n"
        "print('loaded:', [m for m in ('scipy', 'pandas') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout.splitlines()[-1] == "loaded: []", ran.stdout + ran.stderr


WEEKLY = "alerting: {pages: oncall, report: {to: oncall, weekly: mon 09:00, timezone: Europe/Berlin}}\n"


def test_the_week_is_promised_once_however_often_it_is_asked_for(command, project_of, tmp_path):
    run = command(project_of(60, ended_hours_ago=24 * 9))
    config = tmp_path / "project" / "driftwatch.yaml"
    config.write_text(config.read_text().replace("alerting: {pages: oncall}\n", WEEKLY))
    first, again = run("report", "--weekly", "--json"), run("report", "--weekly", "--json")
    assert (first.exit_code, again.exit_code) == (0, 0), first.output
    assert json.loads(first.stdout)["done"] == "promised to oncall"
    assert json.loads(again.stdout)["done"] == "promised already"
    with open_store(f"sqlite:///{tmp_path}/project/driftwatch.db") as store:
        (row,) = [row for row in store.deliveries() if row.payload["kind"] == "report"]
    assert (row.route, row.state.value) == ("oncall", "pending")
    assert row.payload["week"] == json.loads(first.stdout)["week"]
    assert row.payload["verdict"].startswith("1 endpoint: ")


def test_a_weekly_report_that_nobody_gets_is_said(command, project_of):
    result = command(project_of(2))("report", "--weekly")
    assert result.exit_code == 2
    assert "nobody gets a weekly report: add `alerting: {report: {to: its-route}}`." in result.stderr


def test_the_report_as_slack_takes_it(command, project_of):
    body = json.loads(command(project_of(60, 48))("report", "--format", "slack").stdout)
    assert body["blocks"][0]["type"] == "header"
    assert "1 endpoint: 1 drifted" in body["text"]


def test_the_report_as_a_page_in_a_file(command, project_of, tmp_path):
    result = command(project_of(60, 48))("report", "--format", "html", "--output", str(tmp_path / "report.html"))
    assert result.exit_code == 1
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")


def test_a_report_on_imported_history_tells_the_drift_in_it(command, project_of, tmp_path):
    """Its incident is opened when it is imported, after the period: the report said that nothing moved, under alarms."""
    run = command(project_of(0))
    moments = [datetime(2026, 7, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(40)]
    lines = [
        {"endpoint": "support-bot", "probe": f"p{p}", "replay": at.isoformat(), "scores": {"pass": int(n < 30)}}
        for n, at in enumerate(moments)
        for p in range(20)
    ]
    (tmp_path / "history.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert run("import", "observations", str(tmp_path / "history.jsonl")).exit_code == 0
    for since, until, code in (
        ("2026-07-01", "2026-07-04", 1),
        ("2026-07-02T10:00Z", "2026-07-04", 1),
        ("2026-07-01", "2026-07-02", 0),
    ):
        shown = run("report", "--since", since, "--until", until, "--json")
        assert shown.exit_code == code, shown.output
        assert [one["name"] for one in json.loads(shown.stdout)["endpoints"][0]["incidents"]] == ["inc-1"] * code
