"""A year of twenty endpoints, three documented incidents planted: the report names exactly those three."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import html5lib
import numpy as np
import pytest

from benchmarks.report.fleet import BASELINE, FINGERPRINT, START, endpoint
from driftwatch.adapters.calendar import next_slot, slots_between
from driftwatch.adapters.notify.render import render
from driftwatch.adapters.store import SqlStore, open_store
from driftwatch.cli.render.markdown import render_markdown
from driftwatch.cli.render.terminal import render_terminal
from driftwatch.domain.answer import Answer, Reply, Usage
from driftwatch.domain.errors import Outcome
from driftwatch.domain.metric import Severity
from driftwatch.domain.replay import Replay, Score, Slot
from driftwatch.domain.schedule import Every
from driftwatch.presentation import words
from driftwatch.presentation.as_json import report_data
from driftwatch.presentation.html_report import MOST_BYTES, render_html
from driftwatch.presentation.order import in_order
from driftwatch.presentation.report_charts import highest
from driftwatch.presentation.report_message import report_payload
from driftwatch.services.decide_pending import decide_pending
from driftwatch.services.report import Report, build_report
from driftwatch.services.streams import Budgets, plan_streams
from driftwatch.services.watched import Watched
from driftwatch.stats.budget import FalseAlarmBudget
from driftwatch.testing.clock import ManualClock

pytestmark = pytest.mark.slow

ENDPOINTS, PROBES = 20, 20
EVERY = timedelta(days=6)
"""Slower than anybody's schedule: 61 replays a year are judged by the daemon's own steps within minutes."""
REPLAYS = 61
BEGIN = next_slot(Every(interval=EVERY), START)
SEED = 11
BUDGET = FalseAlarmBudget.parse("0.005 per endpoint-year")
"""Exactly three are named only where chance names none: at 1 false page per endpoint-year, twenty endpoint-years may hold twenty. At this budget
ten such years hold one; at 1 per endpoint-year the last test of this file says what is true instead."""


@dataclass(frozen=True)
class Planted:
    """An incident of design/incidents.md: from which replay on, and what becomes of pass rate, length and latency."""

    name: str
    at: int
    passes: float
    length: float = 1.0
    latency: float = 1.0
    severity: Severity = Severity.PAGE


PLANTED = {
    # "is it prime" 84 -> 51 %, answers shorter by far.
    "endpoint-03": Planted("gpt4-june-2023", at=34, passes=0.51 / 0.84, length=0.3),
    # Length x0.7, latency x0.8, score -2 pp: faster and shorter is still a change.
    "endpoint-11": Planted("effort-2026", at=42, passes=0.98, length=0.7, latency=0.8, severity=Severity.NOTICE),
    # Another model behind a pinned, dated id.
    "endpoint-17": Planted("dated-id-redirect", at=50, passes=0.7, length=1.6),
}


class Year:
    """Writes what twenty endpoints answer and score in a year; the judging is the daemon's."""

    def __init__(self, store: SqlStore, budget: FalseAlarmBudget = BUDGET) -> None:
        self.store, self.clock = store, ManualClock(BEGIN)
        metrics = ("pass", "length", "latency")
        fleet = [endpoint(f"endpoint-{i:02}", PROBES, every=EVERY, metrics=metrics) for i in range(ENDPOINTS)]
        # One false page and one notice for each endpoint-year would be twenty and twenty: who wants none asks for less.
        plans = plan_streams(
            fleet[0].metrics,
            Budgets(pages=budget, notices=budget),
            replays_per_year=timedelta(days=365) / EVERY,
            baseline_replays=BASELINE,
        )
        self.fleet = [replace(one, plans=plans) for one in fleet]

    def lived(self) -> datetime:
        for number, one in enumerate(self.fleet):
            rng = np.random.default_rng([SEED, number])
            usual = rng.lognormal(5, 0.4, PROBES)
            for step in range(REPLAYS):
                self._replay(one, step, usual, rng)
                decide_pending(one, self.store, self.clock)
        return BEGIN + REPLAYS * EVERY

    def _replay(self, one: Watched, step: int, usual: np.ndarray, rng: np.random.Generator) -> None:
        due = BEGIN + step * EVERY
        self.clock.set(due + timedelta(minutes=1))
        slot = Slot(endpoint=one.endpoint.name, due=due)
        planted = PLANTED.get(one.endpoint.name)
        now = planted if planted and step >= planted.at else Planted("", 0, 1.0)
        text = b"14 days" if now.name == "" else b"Sure! It is 30 days."
        keys = [probe.key for probe in one.endpoint.probe_set.probes]
        scored = {
            "pass": (rng.random(PROBES) < 0.84 * now.passes).astype(float),
            "length": usual * now.length * rng.lognormal(0, 0.08, PROBES),
            "latency": 400 * now.latency * rng.lognormal(0, 0.1, PROBES),
        }
        reply = Reply(output=text, latency_ms=400.0, model="gpt-x-2026-01-01", usage=Usage())
        answers = tuple(Answer(probe_key=k, at=due, outcome=Outcome.OK, reply=reply, cost_usd=0.0001) for k in keys)
        scores = [
            Score(probe_key=key, sample=0, metric=metric, value=float(value))
            for metric, values in scored.items()
            for key, value in zip(keys, values, strict=True)
        ]
        self.store.claim(slot, now=due)
        made = Replay(slot=slot, epoch=1, started_at=due, finished_at=due, fingerprint=FINGERPRINT, answers=answers)
        self.store.record_replay(made, scores)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Year, Report]]:
    file: Path = tmp_path_factory.mktemp("year") / "driftwatch.db"
    with open_store(f"sqlite:///{file}") as store:
        lived = Year(store)
        end = lived.lived()
        yield lived, build_report(store, lived.fleet, now=end, since=BEGIN, until=end, due_slots=slots_between)


def test_the_report_of_the_year_names_exactly_the_three(year):
    _, report = year
    drifted = {e.name: e.incidents for e in report.endpoints if e.incidents}
    assert set(drifted) == set(PLANTED)
    for name, incidents in drifted.items():
        (one,) = incidents
        finding = one.incident.findings[0]
        change = BEGIN + PLANTED[name].at * EVERY
        assert one.incident.severity is PLANTED[name].severity
        assert finding.onset is not None
        # The weakest of them, 84 -> 59 % of 20 probes, is dated four replays too early; the others to the replay.
        assert abs(finding.onset - change) <= 5 * EVERY
        assert finding.onset_early <= change <= one.incident.opened_at <= change + 5 * EVERY
    words = "20 endpoints: 17 unchanged, 3 drifted (1 of them without harm shown); coverage 100.0 %; nothing missed"
    assert report.verdict.words == words
    assert "allows chance" not in render_markdown(report)


@pytest.mark.parametrize("form", ["terminal", "markdown", "json", "html", "slack"])
def test_every_form_of_it_names_the_three_and_no_fourth(year, form):
    _, report = year
    shown = {
        "terminal": lambda: render_terminal(report),
        "markdown": lambda: render_markdown(report).replace("\\", ""),
        "json": lambda: json.dumps(report_data(report)),
        "html": lambda: render_html(report, pictures={}),
        "slack": lambda: json.dumps(render(report_payload(report)).blocks),
    }[form]()
    named = {e.incident.name for endpoint in report.endpoints for e in endpoint.incidents}
    assert {number for number in range(1, 40) if f"inc-{number}" in shown} == {
        int(n.removeprefix("inc-")) for n in named
    }
    assert len(named) == 3


def test_the_page_of_a_year_stays_below_the_limit_and_marks_the_three(year):
    _, report = year
    page = render_html(report, pictures={})
    assert len(page.encode()) < MOST_BYTES
    document = html5lib.parse(page, namespaceHTMLElements=False)
    assert len(list(document.iter("article"))) == 3


def test_a_calm_week_of_it_is_a_full_report(year):
    lived, report = year
    calm = build_report(
        lived.store, lived.fleet[:3], now=report.until, since=report.until - timedelta(days=7), until=report.until
    )
    assert calm.verdict.words == "3 endpoints: 3 unchanged; coverage 100.0 %; nothing missed"
    assert all(endpoint.watched == endpoint.replays == 1 for endpoint in calm.endpoints)
    assert all(stream.peak is not None for endpoint in calm.endpoints for stream in endpoint.streams)


def test_at_one_false_page_per_endpoint_year_the_three_stand_first_and_the_false_ones_keep_to_the_budget(tmp_path):
    """Nobody can say of one page that it is false, so all are named; those that chance made come barely over the threshold.

    At this seed 8 pages and 6 notices were false, of 12 and 12 that are allowed; their endpoints reached twice the
    threshold, the three that were changed 45 times and more.
    """
    with open_store(f"sqlite:///{tmp_path}/driftwatch.db") as store:
        lived = Year(store, FalseAlarmBudget.parse("1 per endpoint-year"))
        end = lived.lived()
        report = build_report(store, lived.fleet, now=end, since=BEGIN, until=end, due_slots=slots_between)
    compared = sum(endpoint.watched for endpoint in report.endpoints)
    allowed = {s: sum(e.by_chance[s] for e in report.endpoints) for s in (Severity.PAGE, Severity.NOTICE)}
    per_year = timedelta(days=365) / EVERY
    assert list(allowed.values()) == pytest.approx([compared / per_year] * 2, rel=0.01)
    assert "allows chance 12 pages and 12 notices" in render_markdown(report)
    three, others = in_order(report).endpoints[:3], in_order(report).endpoints[3:]
    assert {endpoint.name for endpoint in three} == set(PLANTED)
    assert min(map(highest, three)) > 10 * max(map(highest, others))
    false = [one.incident for endpoint in others for one in endpoint.incidents]
    pages = sum(incident.severity is Severity.PAGE for incident in false)
    # A Poisson count of mean 12 stays below 12 + 4 standard deviations.
    assert max(pages, len(false) - pages) < 26
    assert {incident.endpoint for incident in words.todo(in_order(report))[:3]} == set(PLANTED)
