"""`driftwatch plan` before the first call, and with a baseline in the store."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.test_backtest_command import config, record, write

KEY = "OPENAI_API_KEY"


def planned(driftwatch, **more: str) -> dict:
    result = driftwatch("plan", "--json", **more)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_before_the_first_call_the_most_is_planned_and_its_basis_named(driftwatch, tmp_path: Path) -> None:
    config(tmp_path)
    told = planned(driftwatch)
    bot = told["endpoints"]["bot"]
    # 12 probes, one call each, 100 tokens at most at 2 USD a million, plus what is sent at 1.
    assert bot["per"]["day"]["calls"] == 12 * 24
    assert bot["per"]["replay"]["output_tokens"] == 1200
    sent = bot["per"]["replay"]["input_tokens"]
    assert bot["per"]["replay"]["usd"] == pytest.approx((sent + 2 * 1200) / 1e6)
    assert told["usd_per_day"] == pytest.approx(24 * bot["per"]["replay"]["usd"])
    assert told["limit_usd_per_day"] == 5
    assert {power["basis"] for power in bot["power"]} == {"assumed"}
    assert not (tmp_path / "driftwatch.db").exists()


def test_the_shares_of_each_severity_make_its_whole_budget(driftwatch, tmp_path: Path) -> None:
    config(tmp_path)
    shares = planned(driftwatch)["endpoints"]["bot"]["false_alarms"]
    for severity, per_year in (("page", 1), ("notice", 4)):
        mine = [share for share in shares if share["severity"] == severity]
        assert sum(share["share"] for share in mine) == pytest.approx(1)
        assert sum(share["per_year"] for share in mine) == pytest.approx(per_year)


def test_a_larger_fall_is_found_sooner_and_a_smaller_one_given_more_days(driftwatch, tmp_path: Path) -> None:
    config(tmp_path)
    (power,) = (p for p in planned(driftwatch)["endpoints"]["bot"]["power"] if p["stream"] == "pass")
    delays = [found["replays"] for found in power["delays"]]
    assert delays == sorted(delays, reverse=True)
    assert list(power["detectable"]) == ["1d", "7d", "30d"]
    assert list(power["detectable"].values()) == sorted(power["detectable"].values(), reverse=True)


def test_a_scorer_of_one_probe_has_the_evidence_of_one_probe(driftwatch, tmp_path: Path) -> None:
    config(tmp_path)
    powers = {p["stream"]: p["probes"] for p in planned(driftwatch)["endpoints"]["bot"]["power"]}
    assert (powers["pass"], powers["contains"], powers["equals"]) == (12, 12, 1)


def test_with_a_baseline_in_the_store_tokens_money_and_spread_are_measured(driftwatch, tmp_path: Path) -> None:
    config(tmp_path)
    write(
        tmp_path / "history.jsonl",
        [
            record(hour, probe, right=(hour + probe) % 9 > 0, input_tokens=51, output_tokens=20, cost_usd=0.001)
            for hour in range(26)
            for probe in range(12)
        ],
    )
    assert driftwatch("import", "observations", "history.jsonl").exit_code == 0
    bot = planned(driftwatch)["endpoints"]["bot"]
    assert bot["basis"]["measured_replays"] == 26
    assert bot["per"]["replay"] == {
        "calls": 12,
        "input_tokens": 12 * 51,
        "output_tokens": 12 * 20,
        "usd": pytest.approx(0.012),
    }
    (power,) = (p for p in bot["power"] if p["stream"] == "contains")
    assert (power["basis"], power["probes"]) == ("baseline", 12)


def test_a_price_that_is_not_known_is_said_and_not_taken_for_zero(driftwatch, tmp_path: Path) -> None:
    config(tmp_path, price="")
    told = planned(driftwatch)
    assert told["usd_per_day"] is None
    assert told["endpoints"]["bot"]["per"]["day"]["usd"] is None
    assert "price" in driftwatch("plan").stdout.splitlines()[-1]


def test_a_plan_beyond_the_budget_says_so(driftwatch, tmp_path: Path) -> None:
    config(tmp_path, budget="{usd_per_day: 0.001}")
    assert "More than the budget" in driftwatch("plan").stdout


def test_without_a_configuration_there_is_nothing_to_plan(driftwatch) -> None:
    assert driftwatch("plan").exit_code == 2


def test_the_mixture_that_pages_has_its_simulated_delay_beside_the_cusums_and_the_oracles(
    driftwatch, tmp_path: Path
) -> None:
    config(tmp_path)
    (power,) = (p for p in planned(driftwatch)["endpoints"]["bot"]["power"] if p["stream"] == "pass")
    assert power["simulation"].keys() == {"runs", "seed", "horizon"}
    large = power["delays"][-1]
    assert large["oracle_replays"] < large["replays"]
    assert large["oracle_replays"] < large["mixture"]["replays"]
    assert large["mixture"]["days"] == pytest.approx(large["mixture"]["replays"] / 24)
    assert 0 < large["mixture"]["standard_error"] < large["mixture"]["replays"] / 5
    assert "simulated" in driftwatch("plan").stdout


def test_the_mixture_has_no_delay_where_another_chart_pages(driftwatch, tmp_path: Path) -> None:
    config(tmp_path)
    file = tmp_path / "config/driftwatch.yaml"
    file.write_text(file.read_text().replace("    model:", "    charts: {pass: [cusum]}\n    model:", 1))
    (power,) = (p for p in planned(driftwatch)["endpoints"]["bot"]["power"] if p["stream"] == "pass")
    assert {found["mixture"] for found in power["delays"]} == {None}


def test_every_stream_has_one_line_at_80_columns_and_streams_with_the_same_share_stand_in_one(
    driftwatch, tmp_path: Path
) -> None:
    """Delays with two more in brackets took three lines a stream, and nobody read them."""
    config(tmp_path)
    bot = planned(driftwatch)["endpoints"]["bot"]
    shown = driftwatch("plan", COLUMNS="80").stdout
    assert max(map(len, shown.splitlines())) <= 80
    shares, _, found = shown.partition("What is found")
    lines = [line.split() for line in found.splitlines()]
    for power in bot["power"]:
        (line,) = (words for words in lines if words[:2] == [power["stream"], str(power["probes"])])
        assert len(line) >= 8
    rows = [line for line in shares.splitlines() if line.startswith((" page ", " notice "))]
    alike = {(share["severity"], round(share["share"], 3)) for share in bot["false_alarms"]}
    assert len(rows) == len(alike) < len(bot["false_alarms"])


def test_a_change_that_no_simulated_run_found_takes_at_least_so_long_and_is_not_said_to_be_never_found(
    driftwatch, tmp_path: Path
) -> None:
    """A fall that hourly replays find in years was `never` found by replays every minute, and in days in truth."""
    config(tmp_path)
    file = tmp_path / "config/driftwatch.yaml"
    file.write_text(file.read_text().replace("    params:", "    schedule: {every: 10s}\n    params:"))
    (power,) = (p for p in planned(driftwatch)["endpoints"]["bot"]["power"] if p["stream"] == "equals")
    assert power["delays"][1]["mixture"]["replays"] is None
    shown = driftwatch("plan").stdout
    (line,) = (line for line in shown.splitlines() if line.startswith(" equals "))
    # 200 runs of 2,000 replays without one that found it: more than a third of their sum, with 95 % confidence.
    assert line.split()[2:5] == [">", "15", "days"]
    assert "never" not in shown


def test_what_none_stands_for_is_said_where_it_stands(driftwatch, tmp_path: Path) -> None:
    config(tmp_path)
    assert "none:" not in driftwatch("plan").stdout
    file = tmp_path / "config/driftwatch.yaml"
    file.write_text(file.read_text().replace("    params:", "    schedule: {every: 1d}\n    params:"))
    shown = " ".join(driftwatch("plan").stdout.split())
    assert "none: too few replays by then, or so many that chance alone alarms" in shown


def test_streams_that_are_not_planned_for_are_named(driftwatch, tmp_path: Path) -> None:
    """A learned baseline in which nothing varied left the table to `latency` alone, without a word."""
    config(tmp_path)
    write(tmp_path / "history.jsonl", [record(hour, probe) for hour in range(26) for probe in range(12)])
    assert driftwatch("import", "observations", "history.jsonl").exit_code == 0
    shown = " ".join(driftwatch("plan").stdout.split())
    assert "Not planned for" in shown
    assert "contains" in shown.partition("Not planned for")[2]
