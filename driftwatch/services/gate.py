"""The gate of a pipeline: replays made now, compared with the accepted baseline; nothing of it reaches the store.

The daemon's streams, incidents and references stay as they are (docs/decisions/0029). What a gate costs is bounded by
the day's budget, as every replay is.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from driftwatch.domain.listing import listed
from driftwatch.domain.replay import Replay, Score, Slot
from driftwatch.services import measure
from driftwatch.services.gate_bags import Bags, asked_last, bags_of, stood_for, texts_for
from driftwatch.services.gate_compare import Compared, Prepared, compared, concluded
from driftwatch.services.gate_found import EndpointGate, Gate, Rules, Verdict
from driftwatch.services.judge_watch import judge_states
from driftwatch.services.memory import STREAM as MEMORY
from driftwatch.services.our_side import EXPLAINING
from driftwatch.services.saved import load_watch
from driftwatch.services.watched import Watched
from driftwatch.services.world import World

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
        yield f"asked or scored in another way than the baseline, compared by id: {listed(edited)}"
    if new := [p.id for p in probes if p.key not in stood]:
        yield f"without a baseline, not compared: {listed(new)}"
    if left_out:
        yield f"in the baseline and asked no more: {listed(sorted(left_out))}"
    if gone := sorted(store.streams(name).keys() - watched.metrics.keys() - {MEMORY}):
        yield f"in the baseline and measured no more: {listed(gone)}"
    if (incident := store.open_incident(name)) is not None:
        yield f"{incident.name} is open: today is compared with what was before it, so what it found shows here too"


async def _replayed(prepared: Prepared, world: World) -> tuple[Replay, tuple[Score, ...]]:
    """Measure once, as a tick does, and record nothing."""
    watched = prepared.watched
    slot = Slot(endpoint=watched.endpoint.name, due=world.clock.now())
    replay = await measure.asked(watched, slot, world, epoch=prepared.epoch)
    texts = await asyncio.to_thread(world.references.of, watched.endpoint, epoch=prepared.epoch)
    references = texts_for(prepared.stood, texts)
    replay, verdicts = await measure.graded(watched, replay, references, world)
    return replay, await measure.scored(watched, replay, references, verdicts, world)
