"""Whether the knowledge moved with the format: the same answers, read flexibly, before and since the onset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from statistics import fmean, stdev

from driftwatch.domain.decide import Decision
from driftwatch.domain.incident import Finding, IncidentKind
from driftwatch.domain.replay import ReplayScores
from driftwatch.services.ports import Store

FLEXIBLE = ":flexible"
ERRORS = 2.0
"""So many standard errors away from 0 a movement is told as one."""
MOST_REPLAYS = 500
"""The latest replays that are compared; a year of hours need not be read to say what moved today."""

Values = Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """Means over probes before and since, and the standard error of their difference."""

    before: float
    after: float
    error: float


def with_format(store: Store, replay: ReplayScores, decision: Decision) -> Decision:
    """Return the decision, its incident saying how the answers do when read flexibly; unchanged where nothing tells.

    Only for a drift that is told now, and on which a score fell that the golden set takes strictly and flexibly.
    """
    incident = decision.incident
    if incident is None or incident.kind is not IncidentKind.DRIFT or not decision.tell or incident.detail:
        return decision
    onset = incident.findings[0].onset if incident.findings else None
    strict = _fallen(incident.findings, [m.removesuffix(FLEXIBLE) for m in replay.values if m.endswith(FLEXIBLE)])
    if onset is None or strict is None:
        return decision
    flexible = f"{strict}{FLEXIBLE}"
    history = [r for r in store.replays(replay.slot.endpoint, metrics=(flexible,)) if r.epoch == replay.epoch]
    history = [r for r in history if r.seq <= replay.seq][-MOST_REPLAYS:]
    moved = movement(
        [r.values.get(flexible, {}) for r in history if r.slot.due < onset],
        [r.values.get(flexible, {}) for r in history if r.slot.due >= onset],
    )
    return replace(decision, incident=replace(incident, detail=words(flexible, moved))) if moved else decision


def _fallen(findings: Sequence[Finding], strict: Sequence[str]) -> str | None:
    """Return the metric, taken strictly and flexibly, that fell; where only `pass` is known to, the first there is."""
    fell = [f.metric for f in findings if f.direction < 0]
    named = [metric for metric in fell if metric in strict]
    return named[0] if named else next(iter(strict), None) if "pass" in fell else None


def movement(before: Sequence[Values], after: Sequence[Values]) -> Movement | None:
    """Return how far the probes moved, each against itself; None with less than two probes on both sides.

    Examples
    --------
    >>> moved = movement([{"a": (0.0,), "b": (1.0,), "c": (0.0,)}], [{"a": (1.0,), "b": (1.0,), "c": (1.0,)}])
    >>> round(moved.before, 2), moved.after, round(moved.error, 2)
    (0.33, 1.0, 0.33)
    """
    old, new = _means(before), _means(after)
    probes = sorted(old.keys() & new.keys())
    if len(probes) < 2:
        return None
    steps = [new[probe] - old[probe] for probe in probes]
    return Movement(
        before=fmean(old[probe] for probe in probes),
        after=fmean(new[probe] for probe in probes),
        error=stdev(steps) / sqrt(len(steps)),
    )


def _means(replays: Sequence[Values]) -> dict[str, float]:
    values: dict[str, list[float]] = {}
    for replay in replays:
        for probe, scores in replay.items():
            values.setdefault(probe, []).extend(scores)
    return {probe: fmean(scores) for probe, scores in values.items() if scores}


def words(flexible: str, moved: Movement) -> str:
    """Return what a person should know before looking for lost knowledge.

    Examples
    --------
    >>> words("equals:flexible", Movement(before=0.52, after=0.70, error=0.05))
    'the format changed; read flexibly the answers got better: equals:flexible rose 0.52 → 0.70'
    >>> words("equals:flexible", Movement(before=0.52, after=0.54, error=0.05))
    'the format changed; read flexibly the answers are as good as before: equals:flexible 0.52 → 0.54'
    >>> words("equals:flexible", Movement(before=0.52, after=0.20, error=0.05))
    'not the format alone: read flexibly the answers got worse, too: equals:flexible fell 0.52 → 0.20'
    """
    step = moved.after - moved.before
    numbers = f"{moved.before:.2f} → {moved.after:.2f}"
    if step > ERRORS * moved.error:
        return f"the format changed; read flexibly the answers got better: {flexible} rose {numbers}"
    if step < -ERRORS * moved.error:
        return f"not the format alone: read flexibly the answers got worse, too: {flexible} fell {numbers}"
    return f"the format changed; read flexibly the answers are as good as before: {flexible} {numbers}"
