"""Which findings a judge explains: one English sentence a row."""

from datetime import UTC, datetime
from typing import Any

import pytest

from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.incident import Finding, Incident, IncidentKind, IncidentState, Reason
from driftwatch.domain.judge_drift import JudgeState, ended_by_judge, with_judges, without_judge
from driftwatch.domain.metric import Severity

NOW = datetime(2026, 10, 14, 9, tzinfo=UTC)
JUDGED = {"llm-rubric": "default", "strict": "other"}


def finding(metric: str = "llm-rubric", before: float | None = 1.0, after: float | None = 0.5) -> Finding:
    return Finding(
        metric=metric, severity=Severity.PAGE, chart="mixture", statistic=9.0, threshold=8.0, arl=8760.0, direction=-1,
        before=before, after=after,
    )  # fmt: skip


def side(**state: Any) -> Fingerprint:
    return with_judges(Fingerprint(parts={}), {"default": JudgeState(generation="3f2a#1.0", **state)})


@pytest.mark.parametrize(
    ("sentence", "found", "state", "kept"),
    [
        ("a steady judge explains nothing", finding(), {}, 1),
        ("a judge with a drift of its own explains all that it grades", finding(), {"moved": "inc-7"}, 0),
        ("no judge explains what rules measure", finding("pass"), {"moved": "inc-7"}, 1),
        ("no judge explains what another one grades", finding("strict"), {"moved": "inc-7"}, 1),
        ("anchors that fell half as far explain a fall", finding(), {"shift": -0.25}, 0),
        ("anchors that fell less do not", finding(), {"shift": -0.249}, 1),
        ("anchors that rose do not explain a fall", finding(), {"shift": 0.5}, 1),
        ("a movement that nobody measured is not explained", finding(before=None, after=None), {"shift": -0.5}, 1),
    ],
)
def test_a_finding_is_held_back(sentence: str, found: Finding, state: dict[str, Any], kept: int) -> None:
    assert len(without_judge([found], JUDGED, side(**state))) == kept, sentence


def incident(*findings: Finding, **changes: Any) -> Incident:
    facts = {
        "id": 8, "endpoint": "bot", "epoch": 1, "number": 8, "state": IncidentState.FIRING, "severity": Severity.PAGE,
        "reason": Reason.FIRST, "by": "ada", "comment": "asking", "opened_at": NOW, "updated_at": NOW, "findings": findings,
    }  # fmt: skip
    return Incident(**(facts | changes))


@pytest.mark.parametrize(
    ("sentence", "blamed", "news", "state", "ends"),
    [
        ("what only a moved judge said is taken back", incident(finding()), [], {"moved": "inc-7"}, True),
        ("not while it stands still", incident(finding()), [], {"shift": -0.9}, False),
        ("not if a rule said it too", incident(finding(), finding("pass")), [], {"moved": "inc-7"}, False),
        ("not if something else alarms now", incident(finding()), [finding("pass")], {"moved": "inc-7"}, False),
        ("not if another judge said it", incident(finding("strict")), [], {"moved": "inc-7"}, False),
        ("not if nothing was found", incident(), [], {"moved": "inc-7"}, False),
        ("not missing data", incident(finding(), kind=IncidentKind.NO_DATA), [], {"moved": "inc-7"}, False),
        ("not what has ended", incident(finding(), state=IncidentState.RESOLVED), [], {"moved": "inc-7"}, False),
        ("not what is not there", None, [], {"moved": "inc-7"}, False),
    ],
)
def test_a_drift_is_taken_back(
    sentence: str, blamed: Incident | None, news: list[Finding], state: dict[str, Any], *, ends: bool
) -> None:
    over = ended_by_judge(blamed, news, JUDGED, side(**state), seq=9, now=NOW)
    assert (over is not None) == ends, sentence
    if over is not None:
        assert (over.reason, over.attribution) == (Reason.JUDGE_DRIFT, "judge drift")
        assert "default (inc-7)" in over.detail
        assert (over.by, over.comment) == (None, None), "whoever had taken it did not end it"
