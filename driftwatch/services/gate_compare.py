"""From a gate's replays to its verdict: every metric looked at once, corrected over all of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from driftwatch.domain.answer import Answer
from driftwatch.domain.errors import Outcome
from driftwatch.domain.judge_drift import moved
from driftwatch.domain.metric import Metric
from driftwatch.services.gate_bags import Bags, by_todays_keys
from driftwatch.services.gate_found import EndpointGate, Facts, MetricGate, Rules, Verdict
from driftwatch.services.monitor import MIN_COVERAGE
from driftwatch.services.score import scored_values
from driftwatch.services.watched import Watched
from driftwatch.stats.comparison import Comparison
from driftwatch.stats.one_look import corrected


@dataclass(frozen=True, kw_only=True)
class Prepared:
    watched: Watched
    epoch: int
    bags: Mapping[str, Bags | str]
    stood: Mapping[str, str]
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Row:
    """A metric before the correction.

    Parameters
    ----------
    fails_p, other_p : float, optional
        Chance of what fails the gate, and of what is only told.
    """

    row: MetricGate
    fails_p: float | None = None
    other_p: float | None = None
    comparison: Comparison | None = None


@dataclass(frozen=True, kw_only=True)
class Compared:
    """An endpoint whose p-values are not corrected yet; no rows where it could not be measured."""

    told: EndpointGate
    rows: tuple[_Row, ...] = ()


def compared(prepared: Prepared, facts: Facts, rules: Rules) -> Compared:
    """Look at every metric of an endpoint; too few answers are no evidence."""
    answers = [answer for replay, _ in facts for answer in replay.answers]
    answered = sum(answer.outcome is Outcome.OK for answer in answers)
    told = EndpointGate(
        name=prepared.watched.endpoint.name,
        verdict=Verdict.UNCHANGED,
        notes=prepared.notes,
        asked=len(answers),
        answered=answered,
        cost_usd=_cost(prepared, facts),
        replays=facts,
    )
    if not answered or answered < MIN_COVERAGE * len(answers):
        return Compared(told=replace(told, verdict=Verdict.UNKNOWN, why=_unanswered(answers, answered)))
    values = tuple(scored_values(scores) for _, scores in facts)
    plans = prepared.watched.plans
    rows = (
        _row(plan.metric, prepared, tuple(one.get(name, {}) for one in values), facts, rules)
        for name, plan in plans.items()
    )
    return Compared(told=told, rows=tuple(rows))


def _cost(prepared: Prepared, facts: Facts) -> float | None:
    if prepared.watched.endpoint.price is None:
        return None
    asked = sum(answer.cost_usd or 0.0 for replay, _ in facts for answer in replay.answers)
    return asked + sum(replay.grading_usd for replay, _ in facts)


def _unanswered(answers: Sequence[Answer], answered: int) -> str:
    worst, count = Counter(a.outcome for a in answers if a.outcome is not Outcome.OK).most_common(1)[0]
    error = next((a.error for a in answers if a.outcome is worst and a.error), "")
    said = f"{worst.value.replace('_', ' ')}{f': {error}' if error else ''}"
    return f"{answered} of {len(answers)} questions were answered; {count} failed ({said})"


def _row(
    metric: Metric,
    prepared: Prepared,
    values: tuple[Mapping[str, tuple[float, ...]], ...],
    facts: Facts,
    rules: Rules,
) -> _Row:
    bags, fails = prepared.bags[metric.name], rules.fails(metric)
    nothing = MetricGate(metric=metric, verdict=Verdict.NOT_COMPARED, fails=fails)
    if isinstance(bags, str):
        return _Row(row=replace(nothing, why=bags))
    held = by_todays_keys(bags, prepared.stood)
    if not held:
        return _Row(row=replace(nothing, why="none of its probes is in the baseline"))
    made = Comparison.of(held, values, past=bags.past, kind=metric.kind)
    row = replace(nothing, verdict=Verdict.UNSCORED, compared=made.compared, of=made.of_probes)
    if why := _unscored(metric, row, facts):
        return _Row(row=replace(row, why=why))
    look = made.look()
    looked = _Row(row=replace(row, verdict=Verdict.UNCHANGED, look=look), comparison=made)
    if not rules.harm_only:
        return replace(looked, fails_p=look.p)
    if not fails:
        return replace(looked, other_p=look.p)
    worse, better = (look.p_lower, look.p_higher) if _harmful(metric) < 0 else (look.p_higher, look.p_lower)
    return replace(looked, fails_p=worse, other_p=better)


def _harmful(metric: Metric) -> int:
    """Return the side on which a metric that can page does harm."""
    return -1 if metric.harm < 0 else 1


def _unscored(metric: Metric, row: MetricGate, facts: Facts) -> str:
    """Return why a metric says nothing today; empty if it does."""
    if metric.judge and (open_one := moved(facts[-1][0].fingerprint, metric.judge)):
        return f"its judge {metric.judge} has moved: {open_one}"
    return f"{row.compared} of {row.of} probes have a score" if row.compared < MIN_COVERAGE * row.of else ""


def concluded(found: Sequence[Compared], rules: Rules) -> tuple[EndpointGate, ...]:
    """Correct over everything that was asked, what fails and what is only told apart, and say what follows."""
    rows = [row for one in found for row in one.rows]
    fails = corrected([row.fails_p for row in rows if row.fails_p is not None])
    other = corrected([row.other_p for row in rows if row.other_p is not None])
    next_fails, next_other, done = iter(fails), iter(other), []
    for one in found:
        metrics = []
        for row in one.rows:
            fails_p = None if row.fails_p is None else next(next_fails)
            other_p = None if row.other_p is None else next(next_other)
            share = rules.alpha / (len(fails) if fails_p is not None else max(len(other), 1))
            metrics.append(_told(row, fails_p, other_p, rules, share=share))
        done.append(_ended(replace(one.told, metrics=tuple(metrics)), rules) if metrics else one.told)
    return tuple(done)


def _told(one: _Row, fails_p: float | None, other_p: float | None, rules: Rules, *, share: float) -> MetricGate:
    """Return the row with its verdict, and what would have been seen at its share of the chance of being wrong."""
    row, look = one.row, one.row.look
    if look is None or one.comparison is None:
        return row
    harm, fell = row.metric.harm, look.p_lower < look.p_higher
    good = Verdict.BETTER if harm else Verdict.MOVED
    verdict, p = Verdict.UNCHANGED, fails_p if fails_p is not None else other_p
    if fails_p is not None and fails_p <= rules.alpha:
        verdict = Verdict.WORSE if harm and (harm < 0) == fell else good
    elif other_p is not None and other_p <= rules.alpha:
        verdict, p = (good if rules.fails(row.metric) or not harm or (harm < 0) != fell else Verdict.WORSE), other_p
    one_sided = fails_p is not None and rules.harm_only
    alpha = share if one_sided else share / 2
    return replace(
        row,
        verdict=verdict,
        p=p,
        sees_broken=one.comparison.least_broken(alpha, _harmful(row.metric) if one_sided else 0),
        sees_shift=one.comparison.least_shift(alpha),
    )


def _ended(one: EndpointGate, rules: Rules) -> EndpointGate:
    """A drift is one whatever else is not known; what could not be scored, or seen at all, is no all-clear."""
    failing = [row for row in one.metrics if row.fails]
    if any(rules.is_drift(row.metric, row.verdict) for row in failing):
        return replace(one, verdict=Verdict.DRIFT)
    if unscored := [row.metric.name for row in failing if row.verdict is Verdict.UNSCORED]:
        return replace(one, verdict=Verdict.UNKNOWN, why=f"could not be scored: {', '.join(unscored)}")
    if not any(row.sees_broken for row in failing):
        why = (
            "not even all probes breaking would show: the baseline is too small for so small a chance of being wrong, "
            "or nothing in it can get worse"
        )
        return replace(one, verdict=Verdict.UNKNOWN, why=why)
    if blind := [row.metric.name for row in failing if row.look is not None and not row.sees_broken]:
        return replace(one, notes=(*one.notes, f"not even all probes breaking would show in {', '.join(blind)}"))
    return one
