"""What watching an endpoint costs, and where its false-alarm budget goes; said before the first call is paid."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

from driftwatch.domain.answer import Question
from driftwatch.domain.endpoint import Price
from driftwatch.domain.metric import Severity
from driftwatch.services.grade import grading_calls
from driftwatch.services.plan_power import StreamPower, powers_of
from driftwatch.services.ports import Store
from driftwatch.services.questions import planned_questions
from driftwatch.services.sensors import sensor_probes
from driftwatch.services.spend import estimate_question
from driftwatch.services.watched import Watched

_RECENT = 100
"""Replays of the store that say what one takes."""
_DOLLAR_SENT, _DOLLAR_ANSWERED = Price(input_usd=1e6, output_usd=0), Price(input_usd=0, output_usd=1e6)
"""A dollar a token: what is then spent is the number of tokens."""
_TAKEN = ("input-tokens", "output-tokens", "cost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one replay takes.

    Parameters
    ----------
    input_tokens, output_tokens, usd : float, optional
        None where it is not known.
    replays : int
        Recorded replays of which it is the mean; 0 for the most that is expected, without retries.
    """

    calls: int
    input_tokens: float | None
    output_tokens: float | None
    usd: float | None
    replays: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One stream's part of the false-alarm budget.

    Parameters
    ----------
    share : float
        Of its severity's budget, 0 to 1.
    arl : float
        Replays between two false alarms, on average.
    per_year : float
        False alarms in a year of quiet.
    """

    metric: str
    severity: Severity
    share: float
    arl: float
    per_year: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointPlan:
    """The plan of one endpoint; None where there is none of a kind.

    Parameters
    ----------
    taken : Taken
        By all its probes, sensors included.
    grading : Taken, optional
        What its judges take beside, at most.
    sensors : Taken, optional
        What its sensors take, at most; a part of `taken`.
    """

    name: str
    model: str
    probes: int
    replays_per_day: float
    baseline_replays: int
    taken: Taken
    grading: Taken | None
    sensors: Taken | None
    shares: tuple[Share, ...]
    powers: tuple[StreamPower, ...]


def plan_endpoint(watched: Watched, store: Store | None, *, replays_per_year: float) -> EndpointPlan:
    """Plan one endpoint; what its history in the store says is taken from there."""
    return EndpointPlan(
        name=watched.endpoint.name,
        model=watched.endpoint.model,
        probes=len(watched.endpoint.probe_set.probes),
        replays_per_day=replays_per_year / 365,
        baseline_replays=watched.endpoint.baseline_replays,
        taken=(_measured(watched, store) if store else None) or _expected(watched),
        grading=_grading(watched),
        sensors=_sensors(watched),
        shares=_shares(watched, replays_per_year),
        powers=powers_of(watched, store, replays_per_day=replays_per_year / 365),
    )


def _shares(watched: Watched, replays_per_year: float) -> tuple[Share, ...]:
    return tuple(
        Share(
            metric=name,
            severity=plan.metric.severity,
            share=plan.arl_together / plan.arl,
            arl=plan.arl,
            per_year=replays_per_year / plan.arl,
        )
        for name, plan in watched.plans.items()
    )


def _questions(watched: Watched, *, sensors: bool = False) -> list[Question]:
    endpoint = watched.endpoint
    return [
        question
        for probe in (sensor_probes(endpoint) if sensors else endpoint.probe_set.probes)
        for question in planned_questions(endpoint, probe) * probe.samples
    ]


def _expected(watched: Watched) -> Taken:
    """Return the most that a replay takes, without retries: the length of what is sent, and the whole of max_tokens."""
    return _taken(_questions(watched), watched.endpoint.price)


def _sensors(watched: Watched) -> Taken | None:
    """Return the same of the sensors alone."""
    questions = _questions(watched, sensors=True)
    return _taken(questions, watched.endpoint.price) if questions else None


def _taken(questions: Sequence[Question], price: Price | None) -> Taken:
    sent = fsum(estimate_question(question, _DOLLAR_SENT) for question in questions)
    answered = fsum(estimate_question(question, _DOLLAR_ANSWERED) for question in questions)
    usd = None if price is None else fsum(estimate_question(question, price) for question in questions)
    return Taken(calls=len(questions), input_tokens=sent, output_tokens=answered, usd=usd, replays=0)


def _grading(watched: Watched) -> Taken | None:
    """Return the most that one replay's verdicts take, without retries and second votes."""
    calls = list(grading_calls(watched))
    if not calls:
        return None
    known = all(judge.endpoint.price for judge, _ in calls)
    usd = fsum(estimate_question(asked, judge.endpoint.price) for judge, asked in calls) if known else None
    sent = fsum(estimate_question(asked, _DOLLAR_SENT) for _, asked in calls)
    answered = fsum(estimate_question(asked, _DOLLAR_ANSWERED) for _, asked in calls)
    return Taken(calls=len(calls), input_tokens=sent, output_tokens=answered, usd=usd, replays=0)


def _measured(watched: Watched, store: Store) -> Taken | None:
    """Return what the last replays took, or None where nobody counted."""
    name = watched.endpoint.name
    sums: dict[str, list[float]] = {metric: [] for metric in _TAKEN}
    for replay in store.replays(name, after_seq=max(store.decided_seq(name) - _RECENT, 0), metrics=_TAKEN):
        for metric, probes in replay.values.items():
            sums[metric].append(fsum(fsum(samples) for samples in probes.values()))
    means = {metric: fsum(found) / len(found) if found else None for metric, found in sums.items()}
    if means["input-tokens"] is None and means["cost"] is None:
        return None
    return Taken(
        calls=len(_questions(watched)),
        input_tokens=means["input-tokens"],
        output_tokens=means["output-tokens"],
        usd=means["cost"],
        replays=max(map(len, sums.values())),
    )
