"""A judge is itself an endpoint under watch: its anchors as probes, its verdicts on them as a stream."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from statistics import fmean

from driftwatch.domain.incident import IncidentKind
from driftwatch.domain.judge_drift import VERDICT as VERDICT_METRIC
from driftwatch.domain.judge_drift import JudgeState
from driftwatch.domain.metric import Metric, Severity
from driftwatch.domain.probe import Message, Probe, ProbeSet, ScorerSpec, content_hash
from driftwatch.domain.replay import SlotState
from driftwatch.scorers import build
from driftwatch.scorers.anchors import ANCHORS, Anchor
from driftwatch.scorers.criterion import Criterion, Question
from driftwatch.scorers.judge import of_text
from driftwatch.scorers.verdict import Scored
from driftwatch.services.bench import Judge
from driftwatch.services.ports import Clock, Store
from driftwatch.services.saved import load_watch
from driftwatch.services.score import NamedScorer, Scorers
from driftwatch.services.streams import watched_metrics
from driftwatch.services.watched import WatchedJudge
from driftwatch.stats.stream_state import StreamState

VERDICT = Metric(name=VERDICT_METRIC, kind="graded", weight=6.0)
"""The judge's verdicts on its anchors: the stream that tells that it has moved."""
INTERRUPTED = "driftwatch was stopped in the middle of it"


def anchor_probes(anchors: Iterable[Anchor] = ANCHORS) -> tuple[ProbeSet, Scorers]:
    """Return the anchors as probes, each with what reads its verdict."""
    probes, scorers = [], {}
    for number, anchor in enumerate(anchors, 1):
        criterion = build(anchor.scorer, anchor.argument)
        assert isinstance(criterion, Criterion)  # noqa: S101  # every anchor names a judged scorer; a test builds all
        question = criterion.question(question=anchor.question, answer=anchor.answer)
        assert isinstance(question, Question)  # noqa: S101  # none is too long, none wants a reference of its own
        probe = Probe(
            id=f"{anchor.scorer}-{number:02}",
            messages=tuple(Message(role=turn["role"], content=turn["content"]) for turn in question.messages),
            scorers=(ScorerSpec(name=anchor.scorer, argument=question.mark, metric=VERDICT.name),),
        )
        probes.append(probe)
        scorers[probe.key] = (NamedScorer(metric=VERDICT.name, scorer=of_text(_reader(criterion, question.mark))),)
    return ProbeSet(name="anchors", probes=tuple(probes)), scorers


def anchor_metrics() -> dict[str, Metric]:
    """Return what is watched of a judge; nothing of it wakes anybody: no user has seen its verdicts."""
    metrics = watched_metrics([VERDICT], logprobs=False)
    del metrics["pass"]
    return {
        name: replace(metric, severity=min(metric.severity, Severity.NOTICE, key=lambda severity: severity.rank))
        for name, metric in metrics.items()
    }


def anchors_due(one: WatchedJudge, due: datetime, store: Store, clock: Clock) -> bool:
    """Return whether the judge's anchors are to be graded in the slot `due`; a slot that a crash left open is ended."""
    last = store.last_slot(one.name)
    if last is None or last.slot.due == due:
        return True
    if last.state is SlotState.RUNNING:
        store.end_slot(last.slot, SlotState.SKIPPED, reason=INTERRUPTED, now=clock.now())
        return True
    return due - last.slot.due >= one.every


def judge_states(judges: Mapping[str, WatchedJudge], store: Store) -> dict[str, JudgeState]:
    """Return how every judge stands now, by its own history."""
    return {name: _state(one, store) for name, one in judges.items()}


def configuration_hash(judge: Judge) -> str:
    """Return the hash of all on our side that could move a judge's verdicts: model, sampling, votes, words asked."""
    endpoint = judge.endpoint
    return content_hash(
        [
            endpoint.model,
            endpoint.base_url or "",
            dict(endpoint.params),
            judge.votes,
            judge.confirm,
            endpoint.probe_set.content_hash,
        ]
    )


def _state(one: WatchedJudge, store: Store) -> JudgeState:
    drifts = [i for i in store.incidents(endpoint=one.name) if i.kind is IncidentKind.DRIFT]
    still_open = next((i.name for i in drifts if i.state.open), "")
    ended = sum(not i.state.open for i in drifts)
    return JudgeState(
        generation=f"{configuration_hash(one.judge)}#{store.epoch(one.name)}.{ended}",
        moved=still_open,
        shift=_shift(one, store),
    )


def _shift(one: WatchedJudge, store: Store) -> float:
    """Return the mean change of the last verdicts on the anchors against their bags; 0 before there is a baseline."""
    state = load_watch(one.watched, store)[0].states.get(VERDICT.name)
    wanted = one.watched.plans[VERDICT.name].detector.baseline_replays
    if not isinstance(state, StreamState) or state.baseline_seen < wanted:
        return 0.0
    seq = store.decided_seq(one.name)
    last = next(iter(store.replays(one.name, after_seq=seq - 1, metrics=(VERDICT.name,))), None)
    values = last.values.get(VERDICT.name, {}) if last else {}
    bags = dict(zip(state.reference.probes, state.reference.held.tolist(), strict=True))
    # Values that a bag holds no longer, or not yet, are nan.
    known = {key: [v for v in bag if v == v] for key, bag in bags.items()}  # noqa: PLR0124
    moved = [fmean(values[key]) - fmean(bag) for key, bag in known.items() if bag and key in values]
    return fmean(moved) if moved else 0.0


def _reader(criterion: Criterion, mark: str) -> Callable[[str], Scored]:
    return lambda text: criterion.read(text, mark)
