"""What one replay shows once the detectors have taken it in: all that is decided by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from driftwatch.domain.alarms import Alarms
from driftwatch.domain.incident import Finding
from driftwatch.domain.judge_drift import without_judge
from driftwatch.domain.replay import ReplayScores
from driftwatch.services import monitor
from driftwatch.services.streams import StreamPlan, judged_streams
from driftwatch.stats.any_stream import AnyState
from driftwatch.stats.stream_reading import StreamReading


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one replay shows, to the daemon and to a backtest alike.

    Parameters
    ----------
    states : mapping
        Of every stream, after the replay.
    findings : tuple of Finding
        The standing alarms that are neither calm nor explained by a judge, worst first.
    alarms : Alarms
        How all of them stand, those left out of the findings too.
    announced : str
        What the vendor changed in its echoed identity, in words; empty for nothing.
    changed : tuple of str
        Parts of our side whose change begins a new baseline with this replay.
    judged : mapping
        Metric -> the judge whose verdicts it holds.
    """

    replay: ReplayScores
    states: Mapping[str, AnyState]
    findings: tuple[Finding, ...]
    alarms: Alarms
    announced: str
    changed: tuple[str, ...]
    judged: Mapping[str, str]

    def without_news(self) -> "Evidence":
        """Return it for a baseline that was given up while the replay ran: what differs from that is no news."""
        return replace(self, findings=(), announced="")


def evidence_of(
    replay: ReplayScores,
    *,
    plans: Mapping[str, StreamPlan],
    states: Mapping[str, AnyState],
    readings: Mapping[str, StreamReading],
    found: Sequence[Finding],
    announced: str,
    changed: tuple[str, ...],
) -> Evidence:
    """Return the evidence of a replay; of what was found, a judge's own doing is left out.

    Parameters
    ----------
    found : sequence of Finding
        As `monitor.findings` returns them.
    """
    judged = judged_streams(plans)
    return Evidence(
        replay=replay,
        states=states,
        findings=without_judge(found, judged, replay.fingerprint),
        alarms=monitor.alarms(readings),
        announced=announced,
        changed=changed,
        judged=judged,
    )
