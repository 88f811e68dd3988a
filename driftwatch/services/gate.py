"""The gate of a pipeline: replays made now, compared with the accepted baseline; nothing of it reaches the store.

The daemon's streams, incidents and references stay as they are (docs/decisions/0029). What a gate costs is bounded by
the day's budget, as every replay is.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from driftwatch.domain.judge_drift import with_judges
from driftwatch.domain.replay import Replay, Score, Slot
from driftwatch.services.ask import ask_all, until_next_s
from driftwatch.services.gate_bags import Bags, asked_last, bags_of, stood_for, texts_for
from driftwatch.services.gate_compare import Compared, Prepared, compared, concluded
from driftwatch.services.gate_found import EndpointGate, Gate, Rules, Verdict
from driftwatch.services.grade import grade_all
from driftwatch.services.judge import load_watch
from driftwatch.services.judge_watch import judge_states
from driftwatch.services.memory import STREAM as MEMORY
from driftwatch.services.our_side import EXPLAINING
from driftwatch.services.score import score_replay
from driftwatch.services.seeded import seed_scores
from driftwatch.services.sensors import plain_answers, sensor_scores
from driftwatch.services.tick import World
from driftwatch.services.watched import Watched

Advance = Callable[[str, int, int | None], None]


async def gate(
    endpoints: Sequence[Watched], world: World, rules: Rules, advance: Advance = lambda _what, _done, _of: None
) -> Gate:
    """Replay every endpoint and compare; one that has no baseline is not asked, so that nothing is paid for it."""
    found = list[Compared]()
    wanted = len(endpoints) * rules.replays
    for number, watched in enumerate(endpoints):
        prepared = await asyncio.to_thread(_prepared, watched, world, rules)
        if isinstance(prepared, str):
            told = EndpointGate(name=watched.endpoint.name, verdict=Verdict.UNKNOWN, why=prepared)
            found.append(Compared(told=told))
            continue
        facts = []
        for again in range(rules.replays):
            facts.append(await _replayed(prepared, world))
            advance("replays", number * rules.replays + again + 1, wanted)
        found.append(await asyncio.to_thread(compared, prepared, tuple(facts), rules))
    return Gate(rules=rules, endpoints=await asyncio.to_thread(concluded, found, rules))


def _prepared(watched: Watched, world: World, rules: Rules) -> Prepared | str:
    """Read the references; or say why there is nothing to compare with."""
    store, name = world.store, watched.endpoint.name
    watch, _ = load_watch(watched, store)
    epoch, known = store.epoch(name), tuple(store.acceptances(name))
    marks = {judge: state.generation for judge, state in judge_states(watched.judges, store).items()}
    states = watch.states if watch.epoch == epoch else {}
    bags = {
        metric: bags_of(plan, states[metric], known, epoch=epoch, judges=marks)
        if metric in states
        else "no replay of this baseline yet"
        for metric, plan in watched.plans.items()
    }
    usable = {metric: one for metric, one in bags.items() if isinstance(one, Bags)}
    failing = [metric for metric, plan in watched.plans.items() if rules.fails(plan.metric)]
    if not failing:
        return "it has no metric of harm; ask with --fail-on any"
    if not set(failing) & usable.keys():
        reasons = Counter(str(bags[metric]) for metric in failing).most_common(1)
        return f"there is no baseline to compare with ({reasons[0][0]})"
    probes = tuple(watched.endpoint.probe_set.probes)
    stood = stood_for(probes, usable)
    if not stood:
        return "none of its probes is in the baseline"
    gone = asked_last(usable) - {probe.id for probe in probes}
    notes = tuple(_notes(watched, world, stood, gone, epoch))
    return Prepared(watched=watched, epoch=epoch, bags=bags, stood=stood, notes=notes)


def _notes(
    watched: Watched, world: World, stood: Mapping[str, str], left_out: Collection[str], epoch: int
) -> Iterator[str]:
    store, name, probes = world.store, watched.endpoint.name, watched.endpoint.probe_set.probes
    last = next(iter(store.replays(name, after_seq=store.decided_seq(name) - 1, metrics=())), None)
    if last is not None and last.epoch == epoch:
        now, then = watched.fingerprint.parts, last.fingerprint.parts
        if differ := sorted(p for p in now.keys() & then.keys() - EXPLAINING if now[p] != then[p]):
            yield f"our side differs from the baseline's: {', '.join(differ)}"
    if edited := [p.id for p in probes if p.key in stood and stood[p.key] != p.key]:
        yield f"asked or scored in another way than the baseline, compared by id: {_some(edited)}"
    if new := [p.id for p in probes if p.key not in stood]:
        yield f"without a baseline, not compared: {_some(new)}"
    if left_out:
        yield f"in the baseline and asked no more: {_some(sorted(left_out))}"
    if gone := sorted(store.streams(name).keys() - watched.metrics.keys() - {MEMORY}):
        yield f"in the baseline and measured no more: {_some(gone)}"
    if (incident := store.open_incident(name)) is not None:
        yield f"{incident.name} is open: today is compared with what was before it, so what it found shows here too"


def _some(names: Sequence[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


async def _replayed(prepared: Prepared, world: World) -> tuple[Replay, tuple[Score, ...]]:
    """Replay once: the steps of `services.tick` up to its first commit, without the commit."""
    watched, started = prepared.watched, world.clock.now()
    endpoint, store = watched.endpoint, world.store
    asked = await ask_all(endpoint, watched.model, clock=world.clock, guard=world.guard)
    answers = await asyncio.to_thread(world.copies.removed, endpoint.name, asked.answers)
    texts = await asyncio.to_thread(world.references.of, endpoint, epoch=prepared.epoch)
    references = texts_for(prepared.stood, texts)
    states = await asyncio.to_thread(judge_states, watched.judges, store)
    graded = await grade_all(
        answers,
        watched,
        references,
        clock=world.clock,
        guard=world.guard,
        left_s=until_next_s(endpoint, world.clock),
        generations={name: state.generation for name, state in states.items()},
    )
    heard = {name: replace(state, models=sorted(graded.models.get(name, ()))) for name, state in states.items()}
    replay = Replay(
        slot=Slot(endpoint=endpoint.name, due=started),
        epoch=prepared.epoch,
        started_at=started,
        finished_at=world.clock.now(),
        fingerprint=with_judges(await asyncio.to_thread(watched.fingerprint_now), heard),
        answers=answers,
        loop_lag_ms=asked.loop_lag_ms,
        grading_usd=graded.cost_usd,
    )
    plain = plain_answers(endpoint, answers)
    score = partial(score_replay, plain, watched.scorers, references, graded.verdicts, watched.similarity)
    scores = (
        *await world.scoring.run(score, watched.scorers, beside=watched.similarity is not None),
        *seed_scores(endpoint, plain, references),
        *await asyncio.to_thread(sensor_scores, endpoint, replay, world.sensors),
    )
    return replay, scores
