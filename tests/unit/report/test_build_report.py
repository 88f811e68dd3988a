from dataclasses import replace
from datetime import timedelta

import pytest

from driftwatch.adapters.calendar import slots_between
from driftwatch.domain.confirmation import Burst, Confirmation
from driftwatch.domain.delivery import DeliveryState
from driftwatch.domain.incident import Silence
from driftwatch.domain.metric import Severity
from driftwatch.domain.replay import SlotState
from driftwatch.services.bands import MOST, bands
from driftwatch.services.course import Courses
from driftwatch.services.history import Point, trace
from driftwatch.services.own import Person, accept, reset_baseline, resolve
from driftwatch.services.report import build_report
from driftwatch.services.saved import load_watch
from driftwatch.services.standing import EndpointState, StreamState
from driftwatch.services.status import build_status
from driftwatch.stats.any_stream import encode as encode_state
from driftwatch.stats.series_stream import CommonFactorStream
from driftwatch.stats.stream import StreamDetector
from tests.unit.report.scripted import BASELINE, HOUR, MONDAY, watched

ADA = Person(name="ada", now=MONDAY + timedelta(days=4), comment="the vendor told us")


def report_of(scripted, *ones, until=None, **more):
    until = until or scripted.clock.now()
    return build_report(scripted.store, ones, now=until, **more)


def test_the_report_names_exactly_the_endpoint_the_stream_and_the_probes_of_a_planted_drift(scripted):
    drifted, quiet = watched("support-bot"), watched("summaries")
    until = scripted.replays(drifted, 60, drift_at=48)
    scripted.replays(quiet, 60)
    report = report_of(scripted, drifted, quiet, until=until)
    assert report.verdict.words == "2 endpoints: 1 unchanged, 1 drifted; coverage 100.0 %; nothing missed"
    support, summaries = report.endpoints
    assert (support.state, summaries.state) == (EndpointState.DRIFTED, EndpointState.UNCHANGED)
    assert summaries.incidents == ()
    (told,) = support.incidents
    assert told.incident.findings[0].metric == "pass"
    assert told.incident.findings[0].onset == MONDAY + 48 * HOUR
    broken = {f"dates-{i:02}" for i in range(8)}
    sure = {moved.probe_id for _, moved in told.moved if moved.q is not None and moved.q < 0.05}
    assert sure
    assert sure <= broken
    assert {told.answers[probe] for probe in broken} == {("14 days", "30 days")}
    states = {s.standing.metric.name: s.standing.state for s in support.streams}
    assert states == {
        "pass": StreamState.ALARM,
        "length": StreamState.QUIET,
        "logprob": StreamState.NO_DATA,
        "latency": StreamState.QUIET,
    }


def test_an_incident_that_began_before_its_page_shows_answers_that_changed(scripted):
    """A notice opened it, the pass rate fell a replay later, and "old and new" were twice the same text."""
    one = watched("support-bot")
    until = scripted.replays(one, 60, drift_at=48)
    store = scripted.store
    store.save_incident(replace(store.incident(1), opened_at=MONDAY + 40 * HOUR))
    (told,) = report_of(scripted, one, until=until).endpoints[0].incidents
    assert told.slot.due == MONDAY + 39 * HOUR
    assert {told.answers[f"dates-{i:02}"] for i in range(8)} == {("14 days", "30 days")}


def confirm(scripted, one, *bursts):
    """Record bursts that ended at these moments and cost so many US dollars."""
    for seq, (at, usd) in enumerate(bursts, start=1):
        scripted.store.record_burst(
            Burst(
                endpoint=one.endpoint.name,
                seq=seq,
                incident=1,
                started_at=at,
                finished_at=at,
                verdict=Confirmation.VANISHED,
                values={},
                cost_usd=usd,
            )
        )


def test_what_confirming_cost_is_in_the_cost_of_the_period(scripted):
    one = watched("support-bot")
    until = scripted.replays(one, 60)
    confirm(scripted, one, (MONDAY, 0.5), (until - HOUR, 0.25), (until, 4.0))
    report = report_of(scripted, one, until=until)
    assert report.cost_usd == pytest.approx(60 * 20 * 0.001 + 0.75)


def test_status_counts_for_each_endpoint_what_confirming_cost_today(scripted):
    """An endpoint's spend left its bursts out, and the fleet's held them: the rows did not add up to the sum."""
    one, other = watched("support-bot"), watched("summaries")
    scripted.replays(other, 6, start=MONDAY)
    now = scripted.replays(one, 6, start=MONDAY)
    confirm(scripted, one, (MONDAY - HOUR, 0.5), (MONDAY + HOUR, 0.25), (now, 4.0))
    status = build_status(scripted.store, [one, other], now=now)
    assert [e.spent_usd for e in status.endpoints] == [pytest.approx(6 * 20 * 0.001 + 4.25), pytest.approx(0.12)]
    assert status.spent_usd == pytest.approx(sum(e.spent_usd for e in status.endpoints))


def test_a_period_without_news_is_a_full_report(scripted):
    one = watched("support-bot")
    until = scripted.replays(one, 60)
    report = report_of(scripted, one, until=until)
    (support,) = report.endpoints
    assert report.verdict.words == "1 endpoint: 1 unchanged; coverage 100.0 %; nothing missed"
    assert (support.replays, support.watched, support.asked, support.answered) == (60, 36, 1200, 1200)
    assert support.cost_usd == pytest.approx(60 * 20 * 0.001)
    assert {s.standing.metric.name for s in support.shown} == set()
    passed = support.streams[0]
    assert passed.normal.low < passed.mean < passed.normal.high
    assert 0 < passed.peak < 1


@pytest.mark.parametrize(
    ("replays", "state"), [(12, EndpointState.LEARNING), (24, EndpointState.LEARNING), (25, EndpointState.UNCHANGED)]
)
def test_an_endpoint_is_unchanged_only_once_a_replay_was_compared_with_its_baseline(scripted, replays, state):
    one = watched("support-bot")
    until = scripted.replays(one, replays)
    (support,) = report_of(scripted, one, until=until).endpoints
    assert support.state is state
    assert support.baseline == (min(replays, BASELINE), BASELINE)


def test_an_endpoint_without_a_replay_in_the_period_has_no_data(scripted):
    one, never = watched("support-bot"), watched("never-asked")
    scripted.replays(one, 30)
    report = report_of(scripted, one, never, until=MONDAY + timedelta(days=30))
    assert report.verdict.words == "2 endpoints: 2 no data; no slot was due"


def distrusted(read):
    return lambda self, state: replace(read(self, state), trusted=False, distrust="its replays are not alike")


def test_an_endpoint_whose_streams_all_failed_their_check_is_not_called_unchanged(scripted, monkeypatch):
    one = watched("support-bot")
    until = scripted.replays(one, 30)
    for detector in (StreamDetector, CommonFactorStream):
        monkeypatch.setattr(detector, "read", distrusted(detector.read))
    report = report_of(scripted, one, until=until)
    assert report.verdict.words.startswith("1 endpoint: 1 not trusted;")


def test_missed_slots_are_counted_with_their_reasons(scripted):
    one = watched("support-bot")
    until = scripted.replays(one, 30)
    scripted.skip(one, until, SlotState.SKIPPED, "our own network is down")
    for i in (1, 2):
        scripted.skip(one, until + i * HOUR, SlotState.FAILED, f"timeout: no answer within 60 s (request {i})")
    report = report_of(scripted, one, until=until + 6 * HOUR, due_slots=slots_between)
    # 32 h failed last; 33 to 35 h were never begun, and 36 h is the end of the period.
    assert report.coverage.reasons == {"driftwatch was not running": 3, "timeout": 2, "our own network is down": 1}
    assert report.coverage.words == "83.3 %"
    assert report.coverage.missed_words == "6 slots missed (2 failed, 1 skipped, 3 not begun)"


def test_fault_49_slots_without_money_are_said_to_be_that_in_the_report(scripted):
    """Only the JSON said why: to whoever read the report they had failed."""
    one = watched("support-bot")
    until = scripted.replays(one, 30)
    for i in range(2):
        scripted.skip(one, until + i * HOUR, SlotState.FAILED, "budget: 5.00 of 5.00 USD spent today")
    report = report_of(scripted, one, until=until + 2 * HOUR)
    assert "2 slots missed (2 failed; in 2 the day's money was spent)" in report.verdict.words


def test_recomputed_detectors_end_in_the_very_states_that_were_committed(scripted):
    one = watched("support-bot")
    until = scripted.replays(one, 60, drift_at=48)
    incident = scripted.store.open_incident("support-bot")
    resolve(scripted.store, incident.id, replace(ADA, now=scripted.clock.now()), one.routes)
    until = scripted.replays(one, 6, start=until)
    found = trace(
        one,
        scripted.store,
        since=until - 10 * HOUR,
        until=until,
        incidents=scripted.store.incidents(endpoint="support-bot"),
        from_levels=False,
    )
    saved, _ = load_watch(one, scripted.store)
    assert found.recomputed
    assert found.watch.seq == saved.seq == 66
    assert {n: encode_state(s) for n, s in found.watch.states.items()} == {
        n: encode_state(s) for n, s in saved.states.items()
    }


def test_what_the_decisions_read_is_what_the_detectors_read_again(scripted):
    one = watched("support-bot")
    until = scripted.replays(one, 60, drift_at=52)
    period = {"since": until - 40 * HOUR, "until": until, "incidents": scripted.store.incidents(endpoint="support-bot")}
    taken = trace(one, scripted.store, **period, most_updates=0)
    again = trace(one, scripted.store, **period, from_levels=False)
    assert (taken.recomputed, again.recomputed) == (False, True)
    assert [replace(p, statistics={}) for p in taken.points] == [replace(p, statistics={}) for p in again.points]
    assert (taken.baseline, taken.asked) == (again.baseline, again.asked)
    assert {m: encode_state(s) for m, s in taken.watch.states.items()} == {
        m: encode_state(s) for m, s in again.watch.states.items()
    }
    assert [p.statistics for p in taken.points] == [pytest.approx(p.statistics, rel=5e-4) for p in again.points]
    assert max(p.statistics.get("pass", 0) for p in taken.points) > 1


def test_a_period_that_ended_just_now_costs_no_fold_where_that_is_dear(scripted):
    """The weekly report is due at nine, and made after the replay of nine."""
    one = watched("support-bot")
    until = scripted.replays(one, 60)
    period = {"since": until - 30 * HOUR, "until": until - 1 * HOUR, "incidents": ()}
    dear = trace(one, scripted.store, **period)
    cheap = trace(one, scripted.store, **period, most_updates=10)
    assert (dear.recomputed, cheap.recomputed) == (True, False)
    assert [p.means for p in cheap.points] == [p.means for p in dear.points]
    assert cheap.watch.seq == dear.watch.seq + 1


def test_beyond_the_allowed_work_a_store_of_an_older_version_tells_no_peak(scripted, monkeypatch):
    one = watched("support-bot")
    until = scripted.replays(one, 60)
    since = until - 10 * HOUR
    dear = trace(one, scripted.store, since=since, until=until, incidents=())
    monkeypatch.setattr(scripted.store, "levels", lambda *_, **__: {}, raising=False)
    cheap = trace(one, scripted.store, since=since, until=until, incidents=(), most_updates=10)
    assert not cheap.recomputed
    assert len(cheap.points) == 10
    assert [p.means for p in cheap.points] == [p.means for p in dear.points]
    assert [p.watched for p in cheap.points] == [p.watched for p in dear.points]
    assert (cheap.baseline, cheap.asked) == (dear.baseline, dear.asked)
    assert all(p.statistics == {} for p in cheap.points)
    within = trace(one, scripted.store, since=since, until=until, incidents=())
    assert within.recomputed
    assert all(p.statistics for p in within.points)


def test_a_past_period_is_told_as_it_was_then(scripted):
    one = watched("support-bot")
    scripted.replays(one, 60, drift_at=48)
    (then,) = report_of(scripted, one, until=MONDAY + 40 * HOUR).endpoints
    assert then.state is EndpointState.UNCHANGED
    assert then.streams[0].standing.state is StreamState.QUIET


def test_after_an_accepted_drift_the_endpoint_learns_and_the_report_still_tells_of_the_drift(scripted):
    one = watched("support-bot")
    until = scripted.replays(one, 60, drift_at=48)
    incident = scripted.store.open_incident("support-bot")
    accept(scripted.store, incident.id, replace(ADA, now=scripted.clock.now()), one.routes)
    (support,) = report_of(scripted, one, until=until).endpoints
    assert (support.state, support.epoch, support.baseline) == (EndpointState.DRIFTED, 2, (0, BASELINE))
    assert support.streams[0].standing.words == "learning 0/24"
    (told,) = support.incidents
    assert (told.incident.state.value, told.incident.by) == ("accepted", "ada")
    assert [step.state.value for step in told.timeline] == ["firing", "accepted"]


def test_after_a_reset_the_endpoint_is_learning_and_not_unchanged(scripted):
    one = watched("support-bot")
    until = scripted.replays(one, 60)
    reset_baseline(scripted.store, "support-bot", ADA)
    (support,) = report_of(scripted, one, until=until).endpoints
    assert support.state is EndpointState.LEARNING


def test_deliveries_are_told_with_how_late_they_were_and_the_dead_by_name(scripted):
    one = watched("support-bot")
    until = scripted.replays(one, 60, drift_at=48)
    (page,) = scripted.store.deliveries()
    scripted.store.save_delivery(
        replace(page, state=DeliveryState.SENT, sent_at=page.created_at + timedelta(seconds=4), attempts=1)
    )
    scripted.store.enqueue([replace(page, key="other", state=DeliveryState.DEAD, error="channel is archived")])
    report = report_of(scripted, one, until=until)
    assert (report.deliveries.sent, report.deliveries.waiting) == (1, 0)
    assert [d.error for d in report.deliveries.dead] == ["channel is archived"]
    assert (report.deliveries.late_p50_s, report.deliveries.late_max_s) == (4.0, 4.0)
    assert report.endpoints[0].incidents[0].sent == 1


def test_a_silence_about_to_end_is_marked(scripted):
    one = watched("support-bot")
    until = scripted.replays(one, 3)
    for name, hours in (("*", 300), ("support-bot", 3)):
        scripted.store.add_silence(
            Silence(endpoint=name, starts_at=until - HOUR, ends_at=until + hours * HOUR, by="ada", comment="move")
        )
    report = report_of(scripted, one, until=until)
    assert [(s.endpoint, report.ends_soon(s)) for s in report.silences] == [("support-bot", True), ("*", False)]


def test_a_drift_that_only_gave_notice_is_said_to_have_shown_no_harm(scripted):
    one = watched("support-bot")
    until = scripted.replays(one, 60, drift_at=48)
    incident = scripted.store.open_incident("support-bot")
    scripted.store.save_incident(replace(incident, severity=Severity.NOTICE))
    words = report_of(scripted, one, until=until).verdict.words
    assert words.startswith("1 endpoint: 1 drifted (without harm shown);")


@pytest.mark.parametrize("days", [1, 30, 90, 400])
def test_a_long_period_is_drawn_together_from_midnight(days):
    """pandas warned of an origin that it did not take for bands of days with a time zone."""
    step = timedelta(days=days) / 100
    points = [
        Point(
            due=MONDAY + i * step, seq=i + 1, epoch=1, watched=True, means={"pass": 0.5}, statistics={"pass": i / 100}
        )
        for i in range(100)
    ]
    drawn = bands(points)["pass"]
    assert len(drawn) <= MOST
    assert sum(band.replays for band in drawn) == 100
    assert max(band.peak for band in drawn if band.peak is not None) == 0.99
    assert all(band.at.minute in (0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55) for band in drawn)


def test_the_drift_of_a_judge_that_is_gone_is_in_the_report(scripted):
    """A removed endpoint's incidents were named, a removed judge's were in no report."""
    judge, bot = watched("judge/default"), watched("support-bot")
    scripted.replays(judge, 60, drift_at=48)
    until = scripted.replays(bot, 60)
    assert report_of(scripted, bot, judge, until=until).removed == ()
    assert [one.endpoint for one in report_of(scripted, bot, until=until).removed] == ["judge/default"]


def test_imported_history_of_an_endpoint_that_is_gone_is_told_in_the_week_of_its_replays(scripted):
    """It is judged long after it was: by when it was opened it was in no week's report."""
    gone, bot = watched("support-bot"), watched("summaries")
    until = scripted.replays(gone, 60, drift_at=48)
    (incident,) = scripted.store.incidents(endpoint="support-bot")
    late = until + timedelta(days=30)
    scripted.store.save_incident(replace(incident, opened_at=late, updated_at=late))
    assert [one.id for one in report_of(scripted, bot, until=until).removed] == [incident.id]
    assert report_of(scripted, bot, until=MONDAY + 40 * HOUR).removed == ()


def test_a_rate_is_usually_at_most_one(scripted):
    """A pass rate was "usually 0.91 to 1.02"."""
    one = watched("support-bot")
    until = scripted.replays(one, 30)
    (endpoint,) = report_of(scripted, one, until=until).endpoints
    usual = {s.standing.metric.name: s.normal for s in endpoint.streams}
    assert usual["pass"].high == 1.0
    assert usual["length"].high > 100
    course = Courses(scripted.store).normal(one, 1)
    assert (course["pass"].high, course["length"].high) == (1.0, usual["length"].high)
