"""`driftwatch gate` from the shell, against a real server and a store that the daemon's own replays filled."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from driftwatch.adapters.store import StoreLock, open_store
from driftwatch.cli import main
from driftwatch.testing.behaviours import say, status
from driftwatch.testing.server import ChatRequest, ScriptedServer
from tests.systemd.printed import commands

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "gate.md"
START = datetime(2026, 7, 20, tzinfo=UTC)
PROBES, BASELINE = 20, 12
CONFIG = """\
budget: {{usd_per_day: {usd}}}
endpoints:
  - name: bot
    model: tiny/one
    base_url: "{url}"
    params: {{temperature: 0{params}}}
    probes: [probes/golden.yaml]
    price: {{input_usd: 1, output_usd: 1}}
    schedule: {{every: 1h}}
    baseline: {{replays: {baseline}}}
    attempts: 1
"""


@dataclass
class Vendor:
    """Answers well enough, now and then at greater length; the first `broken` probes fail once it has changed."""

    broken: int = 0
    down: bool = False
    said: str = ""
    chance: Random = field(default_factory=lambda: Random(5))

    def __call__(self, request: ChatRequest):
        if self.down:
            return status(503, self.said)
        number = int(request.prompt.split()[-1].rstrip(".!"))
        tail = self.chance.choice(["", " Indeed.", " That is all.", " Ask again."])
        return say(f"No.{tail}" if number < self.broken else f"word{number}{tail}")


@dataclass
class Shop:
    """A folder with a configuration, a golden set and a store, and the vendor behind it."""

    folder: Path
    server: ScriptedServer
    vendor: Vendor

    def settle(self, *, ask: str = "Say word", usd: float = 100, params: str = "", baseline: int = BASELINE) -> None:
        for name in ("config", "probes"):
            (self.folder / name).mkdir(exist_ok=True)
        written = CONFIG.format(url=self.server.base_url, usd=usd, params=params, baseline=baseline)
        (self.folder / "config" / "driftwatch.yaml").write_text(written)
        probes = "".join(
            f'  - {{id: word-{n:02}, prompt: "{ask} {n}.", scorers: [{{contains: "word{n}"}}]}}\n'
            for n in range(PROBES)
        )
        (self.folder / "probes" / "golden.yaml").write_text(f"name: words\nprobes:\n{probes}")

    def run(self, *arguments: str) -> Result:
        config = str(self.folder / "config" / "driftwatch.yaml")
        return CliRunner(env={"OPENAI_API_KEY": "sk-nobodys"}).invoke(main, ["-c", config, *arguments])

    def gate(self, *arguments: str) -> tuple[int, dict]:
        result = self.run("gate", "--json", *arguments)
        assert result.stdout, result.output
        return result.exit_code, json.loads(result.stdout)

    def stored(self) -> list[tuple[str, int]]:
        """Return how many rows each table has."""
        with sqlite3.connect(self.folder / "driftwatch.db") as connection:
            tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
            return [(name, connection.execute(f'select count(*) from "{name}"').fetchone()[0]) for name in tables]


@pytest.fixture(scope="module")
def learned(tmp_path_factory) -> Iterator[Shop]:
    """A baseline of an hour a replay."""
    vendor = Vendor()
    with ScriptedServer(vendor) as server:
        shop = Shop(tmp_path_factory.mktemp("learned"), server, vendor)
        shop.settle()
        for hour in range(BASELINE + 2):
            result = shop.run("replay", "bot", "--slot", (START + timedelta(hours=hour)).isoformat())
            assert result.exit_code == 0, result.output
        yield shop


@pytest.fixture
def shop(learned: Shop, tmp_path: Path) -> Shop:
    """The same baseline, for one test."""
    folder = tmp_path / "shop"
    shutil.copytree(learned.folder, folder)
    learned.server.requests.clear()
    learned.vendor.broken, learned.vendor.down = 0, False
    return Shop(folder, learned.server, learned.vendor)


def row(told: dict, metric: str) -> dict:
    return next(one for one in told["endpoints"][0]["metrics"] if one["metric"] == metric)


def test_the_commands_of_the_page(shop: Shop, tmp_path: Path) -> None:
    """docs/howto/gate.md, as it stands: the gate passes beside its store, and with a baseline that came as a file."""
    page, pipeline = commands(PAGE), tmp_path / "pipeline"
    [there], [keep, here] = page["Where the baseline is"], page["Bring the baseline as a file"]
    for block, folder in ((there, shop.folder), (keep, shop.folder), (here, pipeline)):
        if folder is pipeline:
            shutil.copytree(shop.folder, pipeline, ignore=shutil.ignore_patterns("*.db*", "gate.*"))
        environ = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "OPENAI_API_KEY": "sk-n"}
        script = ["bash", "-c", f"set -euo pipefail\n{block}"]
        ran = subprocess.run(script, cwd=folder, env=environ, capture_output=True, text=True, timeout=120, check=False)
        assert ran.returncode == 0, f"{block}\n{ran.stdout}{ran.stderr}"
        if "gate" in block:
            assert "unchanged: 1 unchanged" in ran.stdout.splitlines(), ran.stdout
            assert (folder / "gate.xml").exists()
            assert len((folder / "gate.jsonl").read_text().splitlines()) in (PROBES, 3 * PROBES)


def test_a_gate_passes_an_unchanged_model_and_says_what_it_would_have_seen(shop: Shop) -> None:
    code, told = shop.gate()
    assert (code, told["verdict"]) == (0, "unchanged")
    assert len(shop.server.requests) == PROBES
    passes = row(told, "pass")
    assert (passes["verdict"], passes["fails"], passes["before"], passes["after"]) == ("unchanged", True, 1.0, 1.0)
    assert (passes["compared"], passes["of"]) == (PROBES, PROBES)
    assert 2 <= passes["sees"]["broken_probes"] <= 6
    assert row(told, "length")["fails"] is False
    assert "where and when" in row(told, "latency")["why"]


@pytest.mark.parametrize("broken", [1, 10])
def test_a_gate_fails_where_as_many_probes_break_as_it_says_it_sees(shop: Shop, broken: int) -> None:
    shop.vendor.broken = broken
    code, told = shop.gate()
    passes = row(told, "pass")
    assert (broken >= passes["sees"]["broken_probes"]) == (code == 1)
    assert {probe["probe"] for probe in passes["probes"]} == {f"word-{n:02}" for n in range(broken)}
    if code == 1:
        assert (told["verdict"], passes["verdict"]) == ("drift", "worse")
        assert passes["p"] <= told["false_alarms"] == 0.01
        low, high = passes["interval"]
        assert low <= passes["difference"] <= high < 0


def test_a_prompt_that_the_pipeline_changes_is_compared_by_its_id(shop: Shop) -> None:
    shop.settle(ask="In one word, say word")
    code, told = shop.gate()
    assert (code, row(told, "pass")["compared"], row(told, "novelty")["compared"]) == (0, PROBES, PROBES)
    assert any("compared by id" in note for note in told["endpoints"][0]["notes"])
    shop.vendor.broken = PROBES
    assert shop.gate()[0] == 1


def test_a_parameter_that_the_pipeline_changes_is_named_and_begins_no_baseline(shop: Shop) -> None:
    shop.settle(params=", max_tokens: 50")
    code, told = shop.gate()
    assert code == 0
    assert "our side differs from the baseline's: sampling" in told["endpoints"][0]["notes"]


def test_a_movement_without_harm_fails_only_where_any_does(shop: Shop) -> None:
    shop.vendor.chance = Random(6)
    say_more = shop.vendor.chance.choice
    shop.vendor.chance.choice = lambda options: f"{say_more(options)} {'And so on and so forth. ' * 20}"  # type: ignore[method-assign]
    code, told = shop.gate()
    assert (code, row(told, "length")["verdict"], row(told, "length")["fails"]) == (0, "moved", False)
    code, told = shop.gate("--fail-on", "any")
    assert (code, row(told, "length")["verdict"], row(told, "length")["fails"]) == (1, "moved", True)
    shop.vendor.chance = Random(5)


def test_a_gate_writes_nothing_to_the_store_and_needs_no_lock(shop: Shop) -> None:
    before = shop.stored()
    shop.vendor.broken = PROBES
    with StoreLock(f"sqlite:///{shop.folder}/driftwatch.db"):
        assert shop.run("replay", "bot").exit_code == 3
        assert shop.gate()[0] == 1
    assert shop.stored() == before


def test_a_store_of_an_older_daemon_is_not_upgraded_by_a_pipeline(shop: Shop) -> None:
    """Whatever opens a store brings it up to date: a gate of a newer branch did so under the running daemon."""
    with sqlite3.connect(shop.folder / "driftwatch.db") as connection:
        connection.execute("update alembic_version set version_num = '0006'")
    result = shop.run("gate")
    assert result.exit_code == 3
    assert "has schema 0006" in result.stderr
    with sqlite3.connect(shop.folder / "driftwatch.db") as connection:
        assert connection.execute("select version_num from alembic_version").fetchone() == ("0006",)
    assert not list(shop.folder.glob("*.before-*"))


def test_several_replays_are_asked_and_a_vendor_that_is_down_is_no_zero(shop: Shop) -> None:
    code, told = shop.gate("--replays", "3")
    assert (code, told["endpoints"][0]["asked"], told["endpoints"][0]["answered"]) == (0, 3 * PROBES, 3 * PROBES)
    shop.vendor.down = True
    code, told = shop.gate()
    assert (code, told["verdict"], told["endpoints"][0]["metrics"]) == (3, "unknown", [])
    assert "0 of 20 questions were answered" in told["endpoints"][0]["why"]


def test_a_budget_that_is_used_up_is_no_all_clear(shop: Shop) -> None:
    shop.settle(usd=0.000001)
    code, told = shop.gate()
    assert code == 3
    assert "budget" in told["endpoints"][0]["why"]
    assert shop.server.requests == []


def test_without_a_baseline_nobody_is_asked(shop: Shop) -> None:
    shop.settle(baseline=50)
    with open_store(f"sqlite:///{shop.folder}/driftwatch.db") as store:
        store.start_epoch("bot", reason="a test", now=START)
    code, told = shop.gate()
    assert (code, shop.server.requests) == (3, [])
    assert "no baseline" in told["endpoints"][0]["why"]


def test_what_cannot_be_asked_is_2_before_anybody_is(shop: Shop, tmp_path: Path) -> None:
    """One file for both was written twice, and the answers were gone; a number without end ended in a traceback."""
    same = ["--junit", str(tmp_path / "gate"), "--output", f"{tmp_path}/../{tmp_path.name}/gate"]
    for arguments in (same, ["--false-alarms", f"1 in 1{'0' * 5000}"]):
        assert (shop.run("gate", *arguments).exit_code, shop.server.requests) == (2, [])
    assert not (tmp_path / "gate").exists()


def test_a_store_that_is_not_there_is_3_and_a_name_that_nobody_has_is_2(shop: Shop) -> None:
    assert shop.run("gate", "bat").exit_code == 2
    assert shop.run("gate", "--false-alarms", "seldom").exit_code == 2
    (shop.folder / "driftwatch.db").unlink()
    assert shop.run("gate").exit_code == 3


def test_a_metric_of_which_too_few_have_a_score_is_3(shop: Shop) -> None:
    """A few answers with a score would be a pass rate of the few."""
    probes = shop.folder / "probes" / "golden.yaml"
    probes.write_text(probes.read_text().replace("contains:", "icontains:", PROBES - 5))
    code, told = shop.gate()
    assert (code, told["verdict"]) == (3, "unknown")
    assert row(told, "contains")["verdict"] == "unscored"
    assert told["endpoints"][0]["why"] == "could not be scored: contains"
    assert row(told, "icontains")["verdict"] == "not compared"


def test_a_probe_that_the_pipeline_removes_is_named(shop: Shop) -> None:
    """A probe that fails can be taken out, and the gate passed without a word."""
    probes = shop.folder / "probes" / "golden.yaml"
    probes.write_text("".join(line for line in probes.read_text().splitlines(keepends=True) if "word-07" not in line))
    code, told = shop.gate()
    assert (code, told["endpoints"][0]["asked"]) == (0, PROBES - 1)
    assert "in the baseline and asked no more: word-07" in told["endpoints"][0]["notes"]


def test_a_scorer_that_the_pipeline_removes_is_named(shop: Shop) -> None:
    probes = shop.folder / "probes" / "golden.yaml"
    probes.write_text(probes.read_text().replace("contains:", "icontains:"))
    assert "in the baseline and measured no more: contains" in shop.gate()[1]["endpoints"][0]["notes"]


def test_junit_and_the_answers_are_written(shop: Shop, tmp_path: Path) -> None:
    shop.vendor.broken = PROBES
    junit, records = tmp_path / "gate.xml", tmp_path / "gate.jsonl"
    result = shop.run("gate", "--junit", str(junit), "--output", str(records))
    assert result.exit_code == 1
    suites = ET.parse(junit).getroot()
    failed = {case.get("name") for case in suites.iter("testcase") if case.find("failure") is not None}
    assert failed == {"pass", "contains"}
    assert suites.get("failures") == "2"
    assert "1.00 → 0" in next(suites.iter("failure")).get("message", "")
    lines = [json.loads(line) for line in records.read_text().splitlines()]
    assert len(lines) == PROBES
    assert {line["scores"]["pass"] for line in lines} == {0.0}


def test_a_vendors_words_cannot_break_the_xml(shop: Shop, tmp_path: Path) -> None:
    """U+FFFE and U+FFFF are in no XML: an error that had one made a file that no pipeline could read."""
    shop.vendor.down = True
    shop.vendor.said = "no\x1b[2J \uffff\ufffe ]]> <failure/> \x00"
    junit = tmp_path / "gate.xml"
    result = shop.run("gate", "--junit", str(junit))
    shop.vendor.said = ""
    assert result.exit_code == 3
    assert not set("\x1b\uffff\ufffe\x00") & set(result.stdout)
    [error] = ET.parse(junit).getroot().iter("error")
    assert "0 of 20 questions were answered" in error.get("message", "")
    assert "<failure/>" in error.get("message", "")


def test_what_has_no_price_has_cost_no_one_knows_what(shop: Shop) -> None:
    """It was told as 0.0: a cost of nothing."""
    config = shop.folder / "config" / "driftwatch.yaml"
    config.write_text(config.read_text().replace("    price: {input_usd: 1, output_usd: 1}\n", ""))
    _, told = shop.gate()
    assert (told["cost_usd"], told["endpoints"][0]["cost_usd"]) == (None, None)
    assert "20 of 20 questions answered, at a price that is not known." in shop.run("gate").stdout


def test_the_table_says_verdict_chance_and_probes(shop: Shop) -> None:
    shop.vendor.broken = PROBES
    text = shop.run("gate").stdout
    assert text.startswith("drift: 1 drift\n")
    assert "an unchanged model does so 1 in 100 times" in text
    assert "does so 1 in 123,456 times" in shop.run("gate", "--false-alarms", "1 in 123456").stdout
    assert "worse" in text
    assert "moved most: word-00 1.00 → 0" in text
