"""The sentences of a report: plain text that terminal and Markdown put into their own shape."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from math import fsum
from typing import TYPE_CHECKING

from driftwatch.adapters.notify import wording
from driftwatch.domain.delivery import Delivery
from driftwatch.domain.incident import Finding, Incident, IncidentKind, IncidentState, Moved, Reason, Silence, StateSeen
from driftwatch.domain.legible import legible, one_line
from driftwatch.domain.listing import counted, listed
from driftwatch.domain.metric import MEASURED, Severity
from driftwatch.domain.payload import payload_for
from driftwatch.presentation.spark import sparkline, squeezed
from driftwatch.services.standing import EndpointState, StreamState

if TYPE_CHECKING:  # the engine is not imported to show an incident
    from driftwatch.domain.selftest import SelfTest
    from driftwatch.services.report import Deliveries, Report
    from driftwatch.services.report_endpoint import EndpointReport, StreamReport
    from driftwatch.services.report_incident import IncidentReport
    from driftwatch.services.standing import Standing
    from driftwatch.services.states import Shown

SHOWN_CHARACTERS = 400
"""Of an answer."""
AT_REST = 0.01
"""Share of its threshold below which a statistic is as good as zero."""
NO_SELFTEST = "None was run in the period: nothing proves that a drift would have been told."
Q = "q: the share of this list, down to that probe, that chance may have put there."
NOT_THERE = "(no such answer is stored)"
STREAM_COLUMNS = ("stream", "state", "baseline", "period", "statistic", "peak", "course")
SHOWN_COLUMNS = ("metric", "baseline", "period", "course")
_PROBES_NAMED = 3
_PASSED_NAMED = 3


def moment(value: datetime) -> str:
    """Return a moment for people.

    Examples
    --------
    >>> moment(datetime(2026, 10, 14, 6, 5, tzinfo=UTC))
    'Wed 14 Oct 2026 06:05 UTC'
    """
    at = value.astimezone(UTC)
    return f"{at:%a} {at.day} {at:%b %Y %H:%M} UTC"


def number(value: float | None) -> str:
    """Return a number with about three digits; a dash for none.

    Examples
    --------
    >>> [number(v) for v in (None, 0.0, 1.0, 0.9123, 0.00042, 412.3, 12345.6)]
    ['-', '0', '1.00', '0.91', '0.00042', '412', '12,346']
    """
    if value is None:
        return "-"
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.1 else f"{value:.2g}"


def seconds(value: float) -> str:
    """Return a duration.

    Examples
    --------
    >>> seconds(0.42), seconds(75), seconds(7200)
    ('0.4 s', '1 min', '2.0 h')
    """
    return f"{value:.1f} s" if value < 60 else f"{value / 60:.0f} min" if value < 3600 else f"{value / 3600:.1f} h"


def period(report: "Report") -> str:
    """Return the period."""
    return f"{moment(report.since)} to {moment(report.until)}"


def endpoint_line(endpoint: "EndpointReport") -> str:
    """Return what the state rests on."""
    parts = [
        learned(endpoint.epoch, endpoint.baseline),
        _compared(endpoint),
        f"coverage {endpoint.coverage.words}",
    ]
    if endpoint.asked > endpoint.answered:
        parts.append(f"{endpoint.asked - endpoint.answered} of {endpoint.asked} questions unanswered")
    parts.append(f"{number(endpoint.cost_usd)} USD")
    return "; ".join(parts)


def learned(epoch: int, baseline: tuple[int, int]) -> str:
    """Return how far the baseline is.

    Examples
    --------
    >>> learned(1, (24, 24)), learned(2, (12, 24))
    ('baseline 1 (24 replays)', 'learning baseline 2: 12/24')
    """
    seen, of = baseline
    return f"baseline {epoch} ({of} replays)" if seen >= of else f"learning baseline {epoch}: {seen}/{of}"


def _compared(endpoint: "EndpointReport") -> str:
    if not endpoint.replays:
        return "no replay with evidence in the period"
    return f"{endpoint.watched} of {endpoint.replays} replays compared with a baseline"


def caveat(endpoint: "EndpointReport") -> str:
    """Return what an endpoint's state does not say; empty if it says all."""
    distrusted = sum(s.standing.distrust is not None for s in endpoint.streams)
    if endpoint.state is EndpointState.NOT_TRUSTED:
        return "No stream passed its own check, so nothing could have alarmed."
    if distrusted:
        whose = "its" if distrusted == 1 else "their"
        return f"{distrusted} of {len(endpoint.streams)} streams did not pass {whose} own check and cannot alarm."
    return ""


def drifted(report: "Report") -> bool:
    """Whether the verdict says so."""
    return EndpointState.DRIFTED in report.verdict.states


def todo(report: "Report") -> list[Incident]:
    """Return the incidents that somebody still has to end, pages first, otherwise in the report's order."""
    open_ones = [i.incident for e in report.endpoints for i in e.incidents if i.incident.state.open]
    return sorted(open_ones, key=lambda incident: incident.severity is not Severity.PAGE)


def quiet(report: "Report") -> str:
    """Return what a report without open incidents comes down to."""
    watching = sum(endpoint.watched > 0 for endpoint in report.endpoints)
    ended = sum(len(endpoint.told) for endpoint in report.endpoints)
    gone = " Endpoints that are watched no more had incidents, see below." if report.removed else ""
    # What was on those may be open still: where no daemon runs, nobody closes it.
    calm = f"Nothing is open{' on what is watched' if gone else ''}."
    if not watching:
        return f"Nothing could be compared with a baseline in this period, so its silence says nothing.{gone}"
    if ended:
        return f"{calm} {ended} incident{'' if ended == 1 else 's'} of the period ended; see below.{gone}"
    if gone:
        return f"{calm}{gone}"
    if any(endpoint.passed for endpoint in report.endpoints):
        return "Nothing moved that was still there when it was asked for again, and nothing is to be done."
    return "Nothing moved, and nothing is to be done. What would have been seen stands at each endpoint."


def by_chance(report: "Report") -> str:
    """Return how many of a period's alarms may be chance; empty where nothing drifted, or where that is less than one.

    Nobody can say of a single alarm that it is false: who reads a year of many endpoints is told how many may be.
    """
    allowed = {s: fsum(e.by_chance.get(s, 0.0) for e in report.endpoints) for s in (Severity.PAGE, Severity.NOTICE)}
    if not drifted(report) or sum(allowed.values()) < 1:
        return ""
    counts = [f"{number:.0f} {s.value}{'' if round(number) == 1 else 's'}" for s, number in allowed.items()]
    return (
        f"In a period as long as this, the false-alarm budget allows chance {' and '.join(counts)}. "
        "What drifted is named by the strength of its evidence (peak), the strongest first."
    )


def passed(endpoint: "EndpointReport") -> str:
    """Return which alarms' changes had vanished when they were asked for again; empty for none."""
    if not endpoint.passed:
        return ""
    many = len(endpoint.passed)
    named = [f"{i.incident.name} ({movement(i.incident)}, {moment(i.incident.opened_at)})" for i in endpoint.passed]
    told = listed(named, _PASSED_NAMED)
    return f"{many} alarm{'' if many == 1 else 's'} told to nobody, vanished when asked again: {told}."


def todo_line(incident: Incident) -> str:
    """Return what is open, where."""
    return f"{incident.name} on {one_line(incident.endpoint, 100)}: {since(incident)}"


def removed_line(incident: Incident) -> str:
    """Return what there was on an endpoint that is watched no more."""
    return f"{todo_line(incident)} ({incident.severity.value}, {incident.state.value})"


def since(incident: Incident) -> str:
    """Return what an incident is about, and when that began."""
    begun = next((finding.onset for finding in incident.findings if finding.onset), None)
    return movement(incident) + (f" since {moment(begun)}" if begun else "")


def seen(endpoint: "EndpointReport") -> str:
    """Return what would have been seen, or why that cannot be said."""
    if endpoint.power:
        seen = f"{endpoint.power[:1].lower()}{endpoint.power[1:]}".replace(" would be seen within ", ", within ")
        return f"We would have seen: {seen}"
    if endpoint.state is EndpointState.LEARNING:
        return "What would have been seen can be said once the baseline is complete."
    return "What would have been seen cannot be said: the pass rate is not watched, or never varied in the baseline."


def share(value: float | None) -> str:
    """Return a share of a threshold; a dash for none.

    Examples
    --------
    >>> share(0.364), share(None)
    ('36%', '-')
    """
    return "-" if value is None else f"{value:.0%}"


def peak(stream: "StreamReport") -> str:
    """Return how near a stream came to its alarm, in words short enough for a table."""
    return "" if stream.peak is None else f"peak {share(stream.peak)}"


def symbol(state: EndpointState) -> str:
    """Return a sign for a state: colour alone says nothing to many eyes."""
    return {EndpointState.UNCHANGED: "✓", EndpointState.DRIFTED: "▲", EndpointState.LEARNING: "…"}.get(state, "?")


def stream_row(stream: "StreamReport", *, course: int | None = None) -> tuple[str, ...]:
    """Return the cells under `STREAM_COLUMNS`, the course in at most so many characters."""
    standing = stream.standing
    name, before, now, line = shown_row(stream, course=course)
    return (name, standing.words, before, now, statistic(standing), share(stream.peak), line)


def shown_row(stream: "StreamReport", *, course: int | None = None) -> tuple[str, ...]:
    """Return the cells under `SHOWN_COLUMNS`."""
    standing, usual = stream.standing, stream.normal
    unit = f", {standing.metric.unit}" if standing.metric.unit else ""
    means = squeezed([band.mean for band in stream.bands], course)
    return (
        one_line(standing.metric.name, 60) + unit,
        number(usual.mean if usual else None),
        number(stream.mean if standing.after is None else standing.after),
        sparkline(means, normal=(usual.low, usual.high) if usual else None) or "-",
    )


def never_moved(stream: "StreamReport") -> bool:
    """Whether a watched stream stayed at rest for the whole period."""
    return stream.standing.state is StreamState.QUIET and stream.peak is not None and stream.peak < AT_REST


def statistic(standing: "Standing") -> str:
    """Return the nearest chart's statistic against its threshold."""
    if standing.chart is None or standing.statistic is None or standing.threshold is None:
        return "-"
    sign = "≥" if standing.statistic >= standing.threshold else "of"
    return f"{chart_name(standing.chart)} {standing.statistic:.1f} {sign} {standing.threshold:.1f}"


def chart_name(chart: str) -> str:
    """Return a chart's name as it is written: CUSUM, KS."""
    return chart.upper() if len(chart) <= 5 else chart


def incident_title(incident: Incident) -> str:
    """Return number, loudness, state and attribution."""
    unmeasured = incident.kind.value.replace("_", " ")
    kind = unmeasured if incident.kind.unmeasured else f"{incident.severity.value}, {incident.attribution}"
    return f"{incident.name}: {kind}, {incident.state.value}"


def incident_lines(report: "IncidentReport", at: datetime) -> Iterator[str]:
    """Yield what changed since when, how sure, who owns it and how it ended, who was told."""
    incident = report.incident
    payload = payload_for(
        incident,
        reason=Reason.FIRST if incident.kind is IncidentKind.DRIFT else Reason.NO_DATA,
        severity=incident.severity,
        now=at,
        fingerprint=report.fingerprint,
        # Of the first message: what was changed later, before a repeat, is no cause of what began before it.
        changed=next((d.payload.get("changed", ()) for d in report.deliveries if "fingerprint" in d.payload), ()),
        model=report.model,
    )
    yield wording.headline(payload) + wording.since(payload)
    # The other streams follow as findings, each with its numbers.
    yield from filter(None, [wording.evidence(payload)])
    yield f"Opened {moment(incident.opened_at)}. {ownership(incident)}"
    yield told(report.deliveries)


def states_lines(shown: "Shown") -> Iterator[str]:
    """Yield which state the endpoint is in since the onset, and in the latest replays."""
    if shown.since:
        yield f"State since the onset: {state(shown.since)}."
    if shown.latest:
        same = shown.since is not None and shown.latest.name is not None and shown.latest.name == shown.since.name
        yield f"Latest replays: {'the same state' if same else state(shown.latest)}."


def state(seen: StateSeen | None) -> str:
    """Return a state in words; empty for none.

    Examples
    --------
    >>> state(StateSeen(verdict="known", name="B", first_seen="2026-07-20T06:00:00Z", replays=3))
    'state B again (first seen Mon 20 Jul 2026 06:00 UTC)'
    >>> state(StateSeen(verdict="new", name="C", replays=8)), state(StateSeen(verdict="baseline", name="A", replays=8))
    ('a new state (C)', 'back to baseline')
    """
    if seen is None:
        return ""
    if seen.verdict == "known" and seen.first_seen:
        return f"state {seen.name} again (first seen {moment(datetime.fromisoformat(seen.first_seen))})"
    letter = f" ({seen.name})" if seen.name else ""
    told = {"baseline": "back to baseline", "new": f"a new state{letter}"}
    return told.get(seen.verdict, f"not decided by {counted(seen.replays, 'replay')}")


def ownership(incident: Incident) -> str:
    """Return who owns an incident, and how it ended."""
    by = f" by {one_line(incident.by, 80)}" if incident.by else ""
    said = f": {one_line(incident.comment, 300)}" if incident.comment else ""
    if incident.state is IncidentState.PENDING:
        return "Open, not confirmed yet; nobody was woken."
    if incident.state is IncidentState.FIRING:
        return "Open; nobody has taken it."
    if incident.state is IncidentState.ACKNOWLEDGED:
        return f"Open; taken{by}{said}"
    ended = f" {moment(incident.ended_at)}" if incident.ended_at else ""
    if incident.state is IncidentState.ACCEPTED:
        some = incident.accepted_probes
        more = " and others" if len(some) > _PROBES_NAMED else ""
        of = f" of {', '.join(some[:_PROBES_NAMED])}{more}" if some else ""
        return f"Accepted{ended}{by} as the new baseline{of}{said}"
    why = said or (f": {one_line(incident.detail, 300)}" if incident.detail else "")
    return f"Ended{ended}{by}{why}"


def told(deliveries: Sequence[Delivery]) -> str:
    """Return who was told of an incident.

    Examples
    --------
    >>> told(())
    'Nobody was told.'
    """
    deliveries = [one for one in deliveries if not one.is_details]
    if not deliveries:
        return "Nobody was told."
    routes = ", ".join(sorted({one_line(d.route, 80) for d in deliveries}))
    states = {d.state.value: 0 for d in deliveries}
    for delivery in deliveries:
        states[delivery.state.value] += 1
    counts = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return f"Told: {routes} ({counts})."


def finding_line(finding: Finding) -> str:
    """Return one stream's alarm."""
    metric = MEASURED.get(finding.metric)
    unit = f" {metric.unit}" if metric and metric.unit else ""
    words = f"{one_line(finding.metric, 60)} ({finding.severity.value}): "
    words += f"{number(finding.before)} → {number(finding.after)}{unit}"
    words += f"; {chart_name(finding.chart)} {finding.statistic:.1f} ≥ {finding.threshold:.1f}"
    if finding.onset:
        words += f"; since {moment(finding.onset)}"
    early, late = finding.onset_early, finding.onset_late
    if early and late and moment(early) != moment(late):
        words += f" (between {moment(early)} and {moment(late)})"
    return words


def movement(incident: Incident) -> str:
    """Return what an incident is about, in few words."""
    if not incident.findings:
        return one_line(incident.detail or incident.attribution, 100)
    first, *others = incident.findings
    words = f"{one_line(first.metric, 60)} {number(first.before)} → {number(first.after)}"
    return words + (f" (and {len(others)} more)" if others else "")


def delivery_line(delivery: Delivery) -> str:
    """Return one message and what became of it."""
    what = "its answers, in its thread" if delivery.is_details else delivery.severity.value
    about = f"{what} to {one_line(delivery.route, 80)}, {delivery.payload.get('reason', '')}"
    made = f"{moment(delivery.created_at)}: {about}: {delivery.state.value}"
    if delivery.sent_at:
        made += f" {moment(delivery.sent_at)}"
    if delivery.attempts > 1:
        made += f", {delivery.attempts} attempts"
    return made + (f"; {one_line(delivery.error, 300)}" if delivery.error else "")


def more_probes(count: int) -> str:
    """Return how many probes are not shown.

    Examples
    --------
    >>> more_probes(1), more_probes(4)
    ('1 more probe', '4 more probes')
    """
    return counted(count, "more probe")


def step_line(step: Incident) -> str:
    """Return one change of an incident."""
    who = f", {one_line(step.by, 80)}" if step.by else ""
    what = step.comment or (step.detail if step.kind.unmeasured else None)
    said = f": {one_line(what, 300)}" if what else ""
    return f"{moment(step.updated_at)}: {step.state.value} ({step.reason.value}, {step.severity.value}){who}{said}"


def way_on(incident: Incident) -> str:
    """Return the commands that fit an open incident."""
    verbs = [] if incident.state is IncidentState.ACKNOWLEDGED else [f"ack {incident.name}"]
    if incident.kind is IncidentKind.DRIFT:
        verbs.append(f"accept {incident.name}")
    verbs += [f"resolve {incident.name}", f"silence {one_line(incident.endpoint, 100)} --for 4h --comment TEXT"]
    return f"driftwatch {' · '.join(verbs)}"


def moved_line(metric: str, moved: Moved) -> str:
    """Return by how much a probe moved, and how sure that is."""
    sure = f", q = {moved.q:.2g}" if moved.q is not None else ""
    return f"{one_line(metric, 60)} {number(moved.before)} → {number(moved.after)}{sure}"


def answer(text: str | None, most: int = SHOWN_CHARACTERS) -> str:
    """Return an answer as it may be shown, control characters visible."""
    if text is None:
        return NOT_THERE
    return legible(text, most) or "(empty)"


def deliveries_line(deliveries: "Deliveries") -> str:
    """Return what was sent, what was not, and how late."""
    if not (deliveries.sent or deliveries.waiting or deliveries.dead):
        return "No message was due."
    words = f"{deliveries.sent} sent, {deliveries.waiting} waiting, {len(deliveries.dead)} never delivered"
    if deliveries.late_p50_s is not None and deliveries.late_max_s is not None:
        words += f"; half within {seconds(deliveries.late_p50_s)}, all within {seconds(deliveries.late_max_s)}"
    return words + "."


def selftests_line(selftests: "Sequence[SelfTest]") -> str:
    """Return how the period's self-tests went."""
    if not selftests:
        return NO_SELFTEST
    failed = [run for run in selftests if not run.passed]
    if not failed:
        return f"{len(selftests)} run, all passed; the last {moment(selftests[-1].at)}"
    last = f"the last failure {moment(failed[-1].at)}: {one_line(failed[-1].words, 300)}"
    return f"{len(selftests)} run, {len(failed)} FAILED; {last}"


def silence_line(silence: Silence, *, soon: bool) -> str:
    """Return one silence."""
    who = "every endpoint" if silence.endpoint == "*" else one_line(silence.endpoint, 100)
    ends = f"{'ENDS SOON, ' if soon else ''}until {moment(silence.ends_at)}"
    what = "maintenance, " if silence.maintenance else ""
    return f"{who}: {what}{ends}, by {one_line(silence.by, 80)}: {one_line(silence.comment, 300)}"
