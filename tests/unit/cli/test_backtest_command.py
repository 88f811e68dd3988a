"""`driftwatch backtest` over files as other systems write them, and over a store."""

import gzip
import json
import random
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

START = datetime(2026, 7, 20, tzinfo=UTC)
DRIFT = 30
LONG = 36
GOLDEN = "name: golden\nprobes:\n" + "".join(
    f'  - {{id: probe-{i:02}, prompt: "{i}?", scorers: [{{contains: "14 days"}}{", {equals: x}" * (i == 0)}]}}\n'
    for i in range(12)
)


def config(
    folder: Path, *, price: str = "price: {input_usd: 1, output_usd: 2}", budget: str = "{usd_per_day: 5}"
) -> None:
    """Write a configuration whose endpoint is called bot."""
    (folder / "config").mkdir()
    (folder / "golden.yaml").write_text(GOLDEN)
    (folder / "config" / "driftwatch.yaml").write_text(
        f"""\
store: sqlite:///driftwatch.db
budget: {budget}
endpoints:
  - name: bot
    model: openai/gpt-x-2026-01-01
    api_key: sk-not-a-key
    params: {{temperature: 0, max_tokens: 100}}
    probes: [golden.yaml]
    {price}
routes:
  oncall: {{webhook: "https://example.com/hook"}}
alerting: {{pages: oncall}}
"""
    )


def record(hour: float, probe: int, *, right: bool = True, endpoint: str = "bot", **more: Any) -> dict[str, Any]:
    replay = (START + timedelta(hours=hour)).isoformat().replace("+00:00", "Z")
    kept = {"endpoint": endpoint, "probe": f"probe-{probe:02}", "replay": replay, "scores": {"contains": int(right)}}
    return kept | more


def history(replays: int = LONG, *, drift: int | None = DRIFT, probes: int = 12, **more: Any) -> list[dict[str, Any]]:
    """Return hourly replays; from `drift` on half of the probes fail."""
    return [
        record(hour, probe, right=drift is None or hour < drift or probe % 2 > 0, **more)
        for hour in range(replays)
        for probe in range(probes)
    ]


def write(path: Path, records: Iterable[Any]) -> Path:
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in records))
    return path


@pytest.fixture
def told(driftwatch, tmp_path):
    """Return a function that backtests records and gives exit code and endpoints."""

    def run(records: Iterable[Any], *arguments: str, code: int) -> dict[str, Any]:
        path = write(tmp_path / "history.jsonl", records)
        result = driftwatch("backtest", str(path), "--json", *arguments)
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)["endpoints"]

    return run


def test_a_drift_is_one_alarm_with_the_promised_keys(told) -> None:
    bot = told(history(), code=1)["bot"]
    assert bot.keys() == {"replays", "baseline_replays", "alarms", "streams"}
    assert (bot["replays"], bot["baseline_replays"]) == (LONG, 24)
    (alarm,) = bot["alarms"]
    assert alarm.keys() == {
        *("replay", "severity", "streams", "onset", "attribution", "probes", "statistic", "threshold", "state")
    }
    assert (alarm["state"]["verdict"], alarm["state"]["state"]) == ("new", "B")
    assert alarm["severity"] == "page"
    assert set(alarm["streams"]) == {"pass", "contains"}
    assert alarm["onset"] == "2026-07-21T06:00:00Z" <= alarm["replay"]
    assert alarm["attribution"] == "silent change"
    assert all(int(probe[-2:]) % 2 == 0 for probe in alarm["probes"][:3])
    assert alarm["statistic"] >= alarm["threshold"]


def test_each_stream_has_one_statistic_a_replay_and_none_while_it_learns(told) -> None:
    bot = told(history(), code=1)["bot"]
    for stream in bot["streams"].values():
        assert stream.keys() == {"statistic", "threshold"}
        assert len(stream["statistic"]) == LONG
        assert stream["statistic"][:24] == [None] * 23 + stream["statistic"][23:24]
        assert None not in stream["statistic"][24:]
    at = next(i for i in range(LONG) if bot["streams"]["pass"]["statistic"][i] or 0)
    assert at >= DRIFT


def test_a_configured_judge_is_judged_as_its_daemon_does_and_wakes_nobody(driftwatch, tmp_path: Path) -> None:
    """Its own history was taken for an endpoint's: refusals of the judge "would have paged", and its anchors did."""
    config(tmp_path)
    with (tmp_path / "config" / "driftwatch.yaml").open("a") as file:
        file.write("judges: {default: {model: openai/judge-2026-01-01, api_key: sk-not-a-key}}\n")
    records = [{**one, "scores": {"verdict": one["scores"]["contains"]}} for one in history(endpoint="judge/default")]
    ran = driftwatch("backtest", str(write(tmp_path / "judge.jsonl", records)), "--json")
    assert ran.exit_code == 1, ran.output
    told = json.loads(ran.stdout)["endpoints"]["judge/default"]
    assert {alarm["severity"] for alarm in told["alarms"]} == {"notice"}


def test_a_quiet_history_ends_with_0(told) -> None:
    assert told(history(drift=None), code=0)["bot"]["alarms"] == []


def test_a_rise_is_a_notice(told) -> None:
    records = [record(h, p, right=h >= DRIFT or p % 2 > 0) for h in range(LONG) for p in range(12)]
    assert {a["severity"] for a in told(records, code=1)["bot"]["alarms"]} == {"notice"}


def test_lines_in_any_order_tell_the_same(told) -> None:
    records = history()
    shuffled = random.Random(3).sample(records, len(records))
    assert told(shuffled, code=1) == told(records, code=1)


def test_gzip_is_read(driftwatch, told, tmp_path: Path) -> None:
    plain = told(history(), code=1)
    packed = tmp_path / "history.jsonl.gz"
    packed.write_bytes(gzip.compress((tmp_path / "history.jsonl").read_bytes()))
    assert json.loads(driftwatch("backtest", str(packed), "--json").stdout)["endpoints"] == plain


def test_a_dash_is_standard_input(told, tmp_path: Path) -> None:
    """`zcat history.jsonl.gz | driftwatch backtest -` ended with "File '-' does not exist"."""
    plain = told(history(), code=1)
    packed = gzip.compress((tmp_path / "history.jsonl").read_bytes())
    for given in ((tmp_path / "history.jsonl").read_bytes(), packed):
        command = [sys.executable, "-m", "driftwatch", "backtest", "-", "--json"]
        ended = subprocess.run(command, input=given, capture_output=True, check=False, cwd=tmp_path)
        assert ended.returncode == 1
        assert json.loads(ended.stdout)["endpoints"] == plain


def test_records_of_standard_input_are_imported(driftwatch, tmp_path: Path) -> None:
    config(tmp_path)
    given = write(tmp_path / "h.jsonl", history(3)).read_bytes()
    command = [sys.executable, "-m", "driftwatch", "import", "observations", "-", "--json"]
    ended = subprocess.run(command, input=given, capture_output=True, check=False, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["replays"] == 3


@pytest.mark.parametrize("command", [("backtest",), ("import", "observations")])
def test_standard_input_that_is_closed_is_named(tmp_path: Path, command: tuple[str, ...]) -> None:
    """`driftwatch backtest - <&-`, as a service without standard input runs it, ended with a traceback."""
    config(tmp_path)
    shell = ["/bin/sh", "-c", 'exec "$@" <&-', "sh", sys.executable, "-m", "driftwatch", *command, "-"]
    ended = subprocess.run(shell, capture_output=True, check=False, cwd=tmp_path, text=True)
    assert ended.returncode == 2, ended.stderr
    assert "standard input is closed; name a FILE" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_import_of_a_torn_file_names_the_trouble_and_leaves_out_the_replay_at_the_cut(driftwatch, tmp_path) -> None:
    config(tmp_path)
    packed = gzip.compress(write(tmp_path / "h.jsonl", history(80, drift=None)).read_bytes())
    (tmp_path / "torn.jsonl.gz").write_bytes(packed[: len(packed) * 3 // 4])
    told = json.loads(driftwatch("import", "observations", "torn.jsonl.gz", "--json").stdout)
    assert told["replays"] > 1
    assert told["answers"] == 12 * told["replays"]
    assert {one["slug"] for one in told["skipped"]} == {"records-torn"}


def test_local_time_is_the_same_moment(told) -> None:
    west = timezone(timedelta(hours=-7))
    local = [r | {"replay": datetime.fromisoformat(r["replay"]).astimezone(west).isoformat()} for r in history()]
    assert told(local, code=1) == told(history(), code=1)


def test_naive_times_are_utc_and_counted(driftwatch, tmp_path: Path) -> None:
    naive = write(tmp_path / "n.jsonl", [r | {"replay": r["replay"].rstrip("Z")} for r in history()])
    result = driftwatch("backtest", str(naive), "--json")
    assert json.loads(result.stdout)["endpoints"]["bot"]["alarms"][0]["onset"] == "2026-07-21T06:00:00Z"
    assert f"{LONG * 12} lines have a time without offset" in result.stderr


@pytest.mark.parametrize("command", [("backtest",), ("import", "observations")])
def test_one_time_without_offset_is_one_line(driftwatch, tmp_path: Path, command: tuple[str, ...]) -> None:
    """An import said "1 lines have a time without offset"."""
    config(tmp_path)
    path = write(tmp_path / "n.jsonl", [record(0, 0) | {"replay": "2026-07-20T06:00"}])
    result = driftwatch(*command, str(path))
    assert "1 line has a time without offset; it was taken as UTC." in result.stdout + result.stderr


def test_gaps_and_a_change_of_rhythm_do_no_harm(told) -> None:
    """Every third replay is missing, and then a week; the alarm comes at the first replays after the drift."""
    at = [h for h in range(50) if h % 3] + [h + 168 for h in range(60, 70)]
    records = [record(h, p, right=h < 200 or p % 2 > 0) for h in at for p in range(12)]
    (alarm,) = told(records, code=1)["bot"]["alarms"]
    assert alarm["onset"] == "2026-07-29T12:00:00Z"
    assert told([record(h, p) for h in at for p in range(12)], code=0)["bot"]["alarms"] == []


def test_a_line_that_stands_twice_is_a_second_sample(told) -> None:
    assert told([r for r in history(drift=None) for _ in range(2)], code=0)["bot"]["replays"] == LONG


def test_a_broken_line_is_listed_and_the_others_count(driftwatch, tmp_path: Path) -> None:
    mixed = write(tmp_path / "mixed.jsonl", ["{nonsense", *history(), '{"endpoint": "bot"}'])
    result = driftwatch("backtest", str(mixed), "--json")
    assert result.exit_code == 1
    assert "2 lines could not be used" in result.stderr
    assert "mixed.jsonl:1:" in result.stderr


@pytest.mark.parametrize("command", [("backtest",), ("import", "observations")])
def test_what_is_wrong_with_many_lines_is_said_once_and_hides_nothing(
    driftwatch, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """The first 20 lines were listed, all of one kind, and what was wrong with the next 400 was not to be seen."""
    config(tmp_path)
    records = history(drift=None)
    for at, item in enumerate(records):
        if at < 30:
            item["scores"] = {"contains": f"yes {at}"}
    mixed = write(tmp_path / "mixed.jsonl", [*records, records[-1] | {"replay": "24.12.2026"}])
    result = driftwatch(*command, str(mixed))
    shown = result.stdout + result.stderr
    assert "31 lines could not be used" in shown
    assert shown.count("the score 'contains' is not a number") == 1
    assert "29 more like it, in lines 2, 3, 4" in shown
    assert f"mixed.jsonl:{LONG * 12 + 1}: replay is not an ISO 8601 time: '24.12.2026'" in shown


def test_one_line_is_one_line(driftwatch, tmp_path: Path) -> None:
    shown = driftwatch("backtest", str(write(tmp_path / "h.jsonl", ["{", *history()]))).stderr
    assert "1 line could not be used" in shown


@pytest.mark.parametrize(("lines", "code"), [([], 3), (["", " "], 3), (["nonsense"], 2)])
def test_nothing_to_judge_is_no_traceback(told, lines: list[str], code: int) -> None:
    assert told(lines, code=code) == {}


def test_too_few_replays_for_a_baseline_end_with_3(told) -> None:
    bot = told(history(20, drift=None), code=3)["bot"]
    assert (bot["replays"], bot["baseline_replays"]) == (20, 20)
    assert told(history(20, drift=None), "--baseline", "10", code=0)["bot"]["baseline_replays"] == 10


def test_a_baseline_that_takes_every_replay_has_judged_nothing(driftwatch, tmp_path: Path) -> None:
    """36 replays, `--baseline 36`: "nobody would have been told", exit code 0, and no replay was compared."""
    path = str(write(tmp_path / "h.jsonl", history()))
    result = driftwatch("backtest", path, "--baseline", str(LONG))
    assert result.exit_code == 3
    assert "too few replays to be judged" in result.stdout
    assert f"baseline of {LONG}, and no replay after it" in " ".join(result.stdout.split())
    assert driftwatch("backtest", path, "--baseline", str(LONG - 1)).exit_code == 0


def test_a_short_baseline_is_told_as_it_was_asked_for(told) -> None:
    """`latency` learns for eight replays at least, and then all of them were said to: `--baseline 4` told 8."""
    bot = told(history(drift=None, latency_ms=420), "--baseline", "5", code=0)["bot"]
    assert bot["baseline_replays"] == 5


def lossy(lost: int) -> list[Any]:
    """The last `lost` lines of a quiet history are cut short."""
    lines = [json.dumps(item) for item in history(drift=None)]
    return [line if at < len(lines) - lost else line[:-30] for at, line in enumerate(lines)]


def test_a_file_of_which_half_could_not_be_read_is_no_proof_of_quiet(told) -> None:
    """The later half of a history, with every score written as text, was skipped: exit code 0, no drift."""
    lines = LONG * 12
    assert told(lossy(lines // 2), "--baseline", "10", code=3)["bot"]["alarms"] == []
    assert told(lossy(lines // 2 - 1), "--baseline", "10", code=0)["bot"]["alarms"] == []
    assert told([*history(), *["nonsense"] * lines], code=1)["bot"]["alarms"]


def test_a_record_that_is_there_twice_is_not_lost(told) -> None:
    named = [item | {"request_id": f"r{at}"} for at, item in enumerate(history(drift=None))]
    assert told([*named, *named, *named], code=0)["bot"]["alarms"] == []


def test_answers_lost_under_one_number_are_no_proof_of_quiet(driftwatch, tmp_path: Path) -> None:
    """Two answers a probe, all with `"sample": 0`: the drift was in the half that went, and the exit code was 0."""
    pairs = zip(history(drift=None, output="one"), history(output="two"), strict=True)
    lines = [item | {"sample": 0} for pair in pairs for item in pair]
    result = driftwatch("backtest", str(write(tmp_path / "h.jsonl", lines)))
    assert result.exit_code == 3, result.output
    assert "quiet in the rest proves nothing" in result.stderr


def test_a_file_that_was_cut_off_is_no_proof_of_quiet(driftwatch, tmp_path: Path) -> None:
    packed = gzip.compress(write(tmp_path / "h.jsonl", history(80, drift=None)).read_bytes())
    (tmp_path / "torn.jsonl.gz").write_bytes(packed[: len(packed) * 3 // 4])
    result = driftwatch("backtest", "torn.jsonl.gz")
    assert result.exit_code == 3
    assert "cannot be read any further" in result.stderr
    assert "quiet in the rest proves nothing" in result.stderr


def test_answers_that_each_have_a_replay_of_their_own_are_noticed(driftwatch, tmp_path: Path) -> None:
    """`replay` taken from each answer's own time makes replays of one probe; it is judged so, and nobody was told."""
    apart = [r | {"replay": (START + timedelta(seconds=20 * at)).isoformat()} for at, r in enumerate(history(30))]
    told = driftwatch("backtest", str(write(tmp_path / "apart.jsonl", apart))).stderr
    assert "bot: 1.0 answers a replay on average, of 12 probes; answers of one replay need the same `replay`." in told
    assert "answers a replay" not in driftwatch("backtest", str(write(tmp_path / "h.jsonl", history(30)))).stderr


def test_a_golden_set_that_was_replaced_is_no_lack_of_answers(driftwatch, tmp_path: Path) -> None:
    """36 whole replays, the set replaced twice: "12.0 answers a replay on average, of 36 probes" was no mistake."""
    replaced = [r | {"probe": f"{r['probe']}-{at // (12 * 12)}"} for at, r in enumerate(history(drift=None))]
    assert "answers a replay" not in driftwatch("backtest", str(write(tmp_path / "h.jsonl", replaced))).stderr
    apart = [r | {"replay": (START + timedelta(seconds=20 * at)).isoformat()} for at, r in enumerate(replaced)]
    told = driftwatch("backtest", str(write(tmp_path / "apart.jsonl", apart))).stderr
    assert "bot: 1.0 answers a replay on average, of 12 probes; answers of one" in told


def test_answers_apart_of_probes_that_were_asked_once_are_noticed(driftwatch, tmp_path: Path) -> None:
    """Nothing tells when each of them was there: they are taken to be of one golden set."""
    once = [record(at / 60, at) for at in range(30)]
    told = driftwatch("backtest", str(write(tmp_path / "once.jsonl", once))).stderr
    assert "bot: 1.0 answers a replay on average, of 30 probes" in told


def test_one_drift_among_many_endpoints_blames_one(told) -> None:
    records = [r for name in ("a", "b", "c") for r in history(drift=DRIFT if name == "b" else None, endpoint=name)]
    found = told(records, code=1)
    assert {name: bool(one["alarms"]) for name, one in found.items()} == {"a": False, "b": True, "c": False}


def test_replays_of_errors_only_are_no_evidence(told) -> None:
    def failing(item: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in item.items() if k != "scores"} | {"error": "timeout"}

    records = [failing(r) if r["replay"] >= "2026-07-21T06" else r for r in history(drift=None)]
    bot = told(records, code=0)["bot"]
    assert bot["alarms"] == []
    assert bot["replays"] == LONG
    assert bot["streams"]["pass"]["statistic"][DRIFT:] == [None] * (LONG - DRIFT)


def test_what_is_found_in_the_records_becomes_streams(told) -> None:
    given = {"output": "- yes, within 14 days", "latency_ms": 420, "ttft_ms": 130, "input_tokens": 5,
             "output_tokens": 8, "cost_usd": 0.01, "finish_reason": "stop",
             "logprobs": [{"token": "a", "logprob": -0.1, "top": {"a": -0.1}}]}  # fmt: skip
    streams = told(history(drift=None, **given), code=0)["bot"]["streams"]
    assert streams.keys() >= {
        *("pass", "contains", "length", "novelty", "markdown", "json-shape", "refusal", "cut-off", "script"),
        *("latency", "ttft", "input-tokens", "output-tokens", "tokens-per-s", "cost", "logprob", "unseen"),
    }


def test_a_judges_grades_page_when_they_fall_and_are_no_pass(told) -> None:
    rng = random.Random(7)
    records = [
        record(h, p, scores={"rubric": rng.choice((3.5, 4, 4.5)) - (h >= DRIFT)})
        for h in range(LONG)
        for p in range(12)
    ]
    bot = told(records, code=1)["bot"]
    assert bot["alarms"][0]["severity"] == "page"
    assert bot["streams"].keys() == {"rubric"}


def test_pass_is_not_known_where_a_score_is_missing(told) -> None:
    records = history(drift=None)
    for item in records[-12:]:
        item["scores"] = {"contains": 1, "judge": None}
    for item in records[:-12]:
        item["scores"] = {"contains": 1, "judge": 1}
    streams = told(records, code=0)["bot"]["streams"]
    assert streams["pass"]["statistic"][-1] is None
    assert streams["contains"]["statistic"][-1] is not None


def test_a_metric_that_changes_its_type_is_one_stream_of_the_wider_type(told) -> None:
    rng = random.Random(5)
    records = [
        record(h, p, scores={"quality": 1 if h < DRIFT else rng.random()}) for h in range(LONG) for p in range(12)
    ]
    assert told(records, code=1)["bot"]["alarms"][0]["streams"][0] in ("quality", "pass")


def test_a_change_of_our_own_side_begins_a_new_baseline_and_alarms_nobody(told) -> None:
    records = history(60)
    for item in records:
        item["fingerprint"] = "a" if item["replay"] < "2026-07-21T06" else "b"
    assert told(records, code=0)["bot"]["alarms"] == []


def test_another_model_in_the_echo_is_an_announced_change(told) -> None:
    records = [r | {"output": "14 days", "model": "one" if r["replay"] < "2026-07-21T06" else "two"} for r in history()]
    first = told(records, code=1)["bot"]["alarms"][0]
    assert first["attribution"] == "announced change"


def test_a_stricter_budget_has_a_higher_threshold(told) -> None:
    usual, strict = (
        told(history(), "--pages", pages, code=1)["bot"]["alarms"][0]
        for pages in ("1 per endpoint-month", "1 per 10 endpoint-years")
    )
    assert strict["threshold"] > usual["threshold"]


@pytest.mark.parametrize("pages", ["", "often", "0 per endpoint-year", "1 per endpoint-day"])
def test_a_budget_that_no_chart_keeps_is_refused(driftwatch, tmp_path: Path, pages: str) -> None:
    path = write(tmp_path / "h.jsonl", [record(h * 24, p) for h in range(30) for p in range(3)])
    result = driftwatch("backtest", str(path), "--pages", pages)
    assert result.exit_code == 2
    assert "false-alarm budget" in result.stderr


def test_rare_replays_have_the_loosest_notices_there_are(told) -> None:
    """Four notices a year are more than a chart with 52 replays a year can be made to give."""
    weekly = [record(h * 168, p, output=f"{h % 3}") for h in range(30) for p in range(6)]
    assert told(weekly, code=0)["bot"]["replays"] == 30


@pytest.mark.parametrize("arguments", [(), ("h.jsonl", "--store"), ("nowhere.jsonl",), ("h.jsonl", "--baseline", "1")])
def test_what_cannot_be_meant_is_a_usage_error(driftwatch, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    write(tmp_path / "h.jsonl", history(5))
    assert driftwatch("backtest", *arguments).exit_code == 2


def test_a_store_that_is_not_there_could_not_be_judged(driftwatch, tmp_path: Path) -> None:
    config(tmp_path)
    assert driftwatch("backtest", "--store").exit_code == 3
    assert not (tmp_path / "driftwatch.db").exists()


def test_store_and_file_and_the_incidents_of_an_import_agree_and_nothing_is_written(driftwatch, tmp_path: Path) -> None:
    config(tmp_path)
    records = history(output="within 14 days", finish_reason="stop")
    for item in records:
        item["scores"] |= {"pass": item["scores"]["contains"]}  # an import derives no pass
    write(tmp_path / "h.jsonl", records)
    assert driftwatch("import", "observations", "h.jsonl").exit_code == 0
    before = (tmp_path / "driftwatch.db").read_bytes()
    stored, filed = (
        json.loads(driftwatch("backtest", what, "--json").stdout)["endpoints"]["bot"] for what in ("--store", "h.jsonl")
    )
    assert stored == filed
    (incident,) = json.loads(driftwatch("incidents", "--all", "--json").stdout)
    (alarm,) = stored["alarms"]
    worst = incident["findings"][0]
    assert (alarm["severity"], alarm["streams"][0]) == (incident["severity"], worst["metric"])
    assert datetime.fromisoformat(alarm["onset"]) == datetime.fromisoformat(worst["onset"])
    assert (tmp_path / "driftwatch.db").read_bytes() == before


def test_people_read_a_table_and_one_log_line(driftwatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker of the test run has no terminal: at 80 columns the table breaks the words that are looked for."""
    monkeypatch.setenv("COLUMNS", "160")
    result = driftwatch("backtest", str(write(tmp_path / "h.jsonl", history())))
    assert "bot: 1 page and 0 notices" in result.stdout
    assert "silent change" in result.stdout
    assert "a new state (B)" in result.stdout
    assert [line for line in result.stderr.splitlines() if line.startswith("backtest: ")] == result.stderr.splitlines()


def test_hostile_names_cannot_command_the_terminal(driftwatch, tmp_path: Path) -> None:
    records = [r | {"probe": r["probe"] + "\x1b[2J", "endpoint": "bot\x1b]0;x\x07"} for r in history()]
    assert "\x1b" not in driftwatch("backtest", str(write(tmp_path / "h.jsonl", records))).stdout
