"""What must hold in the store whatever died: checked over the real file after each fault."""

from collections import Counter
from collections.abc import Iterator

from driftwatch.adapters.calendar import slots_between
from driftwatch.domain.acceptance import watches_anew
from driftwatch.domain.decide import listeners
from driftwatch.domain.delivery import listed
from driftwatch.domain.errors import Outcome
from driftwatch.domain.incident import Incident, Reason
from driftwatch.domain.replay import ReplayScores, SlotState
from driftwatch.services.monitor import Watch, begin, fold, rearm
from driftwatch.services.ports import Store
from driftwatch.services.saved import load_watch
from driftwatch.services.watched import Watched
from driftwatch.stats.any_stream import encode

ENDED = {SlotState.DONE, SlotState.FAILED, SlotState.SKIPPED}
TIMED = {Reason.REPEAT_DUE, Reason.NO_DATA, Reason.SILENCE_ENDED, Reason.ENDPOINT_REMOVED}
TOLD = {
    *(Reason.FIRST, Reason.WORSE, Reason.RECURRED, Reason.FLAPPING, Reason.CONFIRMED),
    *(Reason.REPEAT_DUE, Reason.SILENCE_ENDED, Reason.NO_DATA),
}


def check(store: Store, watched: Watched) -> None:
    """Assert I1, I2, I3, I4 and I8 for one endpoint; its routes and plans are needed to say what should be there."""
    every_due_slot_ended_once(store, watched)
    scores_are_unique(store, watched)
    states_are_the_fold_of_the_scores(store, watched)
    told_transitions_have_their_rows(store, watched)
    failed_answers_have_no_score(store, watched)


def every_due_slot_ended_once(store: Store, watched: Watched) -> None:
    """I1: done, failed or skipped, with a reason unless done; only the last one may still be running."""
    records = store.slots(watched.endpoint.name)
    assert records, "no slot was ever taken"
    for record in records[:-1]:
        assert record.state in ENDED, f"{record} was left"
    for record in records:
        assert (record.state is SlotState.DONE) == (record.seq is not None), record
        assert record.state in (SlotState.DONE, SlotState.RUNNING) or record.reason, f"{record} does not say why"
    known = [record.slot.due for record in records]
    assert len(set(known)) == len(known)
    # What the schedule asked for between the first and the last of them, whoever was dead then.
    missing = set(slots_between(watched.endpoint.schedule, known[0], known[-1])) - set(known)
    assert not missing, f"nobody accounted for {sorted(missing)}"


def scores_are_unique(store: Store, watched: Watched) -> None:
    """I2: one replay a slot, seqs without a gap, one score for each answer at most."""
    name, samples = watched.endpoint.name, {p.key: p.samples for p in watched.endpoint.probe_set.probes}
    replays = list(store.replays(name))
    assert [r.seq for r in replays] == list(range(1, len(replays) + 1))
    done = {r.slot: r.seq for r in store.slots(name) if r.state is SlotState.DONE}
    assert {r.slot: r.seq for r in replays} == done
    for replay, metric, probe, values in _scores(replays):
        assert len(values) <= samples.get(probe, len(values)), f"{metric} of {probe} twice in {replay.slot.key}"


def states_are_the_fold_of_the_scores(store: Store, watched: Watched) -> None:
    """I3: nothing is in the detectors that is not in the committed scores; nothing of those is missing."""
    name = watched.endpoint.name
    stored, _ = load_watch(watched, store)
    ends = {i.seq: i for i in store.incidents(endpoint=name) if watches_anew(i)}
    folded: Watch = begin(watched.plans, 1)
    for replay in store.replays(name):
        if replay.seq > stored.seq:
            break
        folded = fold(watched.plans, folded, replay)
        ended = ends.get(replay.seq)
        # What a person ended is armed again with the next replay, what ended of itself with its last one.
        if ended and (ended.by is None or replay.seq < stored.seq):
            folded = rearm(watched.plans, folded, every=bool(ended.accepted_probes))
    assert stored.seq == folded.seq == store.decided_seq(name)
    for metric, state in folded.states.items():
        assert encode(stored.states[metric]) == encode(state), f"{metric} is not the fold of its scores"


def told_transitions_have_their_rows(store: Store, watched: Watched) -> None:
    """I4: each told transition has one outbox row a route, and nobody is told what was not decided."""
    keys = Counter(d.key for d in store.deliveries() if ">" not in d.key and not d.is_details)
    assert not [key for key, times in keys.items() if times > 1]
    wanted = {
        f"{subject}@{route}"
        for incident in store.incidents(endpoint=watched.endpoint.name)
        for subject, at in _told(store, incident)
        for audience in listeners(at)
        for route in listed(watched.routes.get(audience))
    }
    ours = {key for key in keys if key.startswith(f"{watched.endpoint.name}/")}
    assert wanted == ours, f"missing {wanted - ours}, undecided {ours - wanted}"


def failed_answers_have_no_score(store: Store, watched: Watched) -> None:
    """I8: a provider's failure is no score, not even a zero."""
    name = watched.endpoint.name
    for replay in store.replays(name):
        good = Counter(a.probe_key for a in store.answers(name, replay.slot) if a.outcome is Outcome.OK)
        for _, metric, probe, values in _scores([replay]):
            assert len(values) <= good[probe], f"{metric} of {probe} in {replay.slot.key} was scored without an answer"


def _scores(replays: list[ReplayScores]) -> Iterator[tuple[ReplayScores, str, str, tuple[float, ...]]]:
    for replay in replays:
        for metric, by_probe in replay.values.items():
            for probe, values in by_probe.items():
                yield replay, metric, probe, values


def _told(store: Store, incident: Incident) -> Iterator[tuple[str, Incident]]:
    """Yield the subjects of the outbox rows that the incident's transitions must have left."""
    for at in store.transitions(incident.id):
        news = at.reason in TOLD and at.told_at == at.updated_at
        if news or not at.state.open:
            timed = at.reason in TIMED
            yield f"{at.key}/{at.reason.value}/{at.updated_at.isoformat() if timed else at.seq}", at
