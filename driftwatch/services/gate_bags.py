"""What a gate compares with: each stream's reference as the daemon left it, by the probes of today's golden set.

A pipeline that changes a prompt changes the probe's key with it. It asks whether the answers moved, so a probe is
compared with what was accepted under the same id; the daemon, which does not know who changed it, would begin anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan

from driftwatch.domain.acceptance import Acceptance, asked_key, since_accepted
from driftwatch.domain.probe import Probe
from driftwatch.services.references import Texts
from driftwatch.services.streams import StreamPlan
from driftwatch.stats.any_stream import AnyState
from driftwatch.stats.stream_state import RAW, StreamState

Values = tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Bags:
    """The reference of one stream.

    Parameters
    ----------
    held : mapping of str to tuple of float
        Probe key, as it was asked then -> its values.
    seen : mapping of str to int
        Probe key -> the last replay in which it was scored.
    past : tuple of float
        Evidence of the reference's own replays.
    """

    held: Mapping[str, Values]
    seen: Mapping[str, int]
    past: Values


def bags_of(
    plan: StreamPlan, state: AnyState | None, known: tuple[Acceptance, ...], *, epoch: int, judges: Mapping[str, str]
) -> Bags | str:
    """Return the reference of a stream, or why there is none to compare with.

    Parameters
    ----------
    known : tuple of Acceptance
        Of what was accepted for single probes the old answers are no reference any more.
    judges : mapping
        Judge -> its generation now; another one's verdicts are not comparable.
    """
    if not isinstance(state, StreamState):
        return "it depends on where and when one asks"
    if state.baseline_seen < plan.detector.baseline_replays:
        return f"learning its baseline: {state.baseline_seen} of {plan.detector.baseline_replays} replays"
    if not state.trusted:
        return f"its stream did not pass its own check: {state.distrust}"
    mark = f"~{judges[plan.metric.judge]}" if judges.get(plan.metric.judge) else ""
    held, seen = dict[str, Values](), dict[str, int]()
    rows = zip(state.reference.probes, state.reference.held.tolist(), state.reference.last_seen.tolist(), strict=True)
    for name, row, last in rows:
        key = name.removesuffix(mark)
        values = tuple(value for value in row if not isnan(value))
        if not values or (mark and key == name) or not _stands(key, known, epoch):
            continue
        held[asked_key(key)], seen[asked_key(key)] = values, last
    if not held:
        return "its judge is another than the baseline's" if mark else "no probe has a reference"
    return Bags(held=held, seen=seen, past=tuple(state.history[:, RAW].tolist()))


def _stands(key: str, known: tuple[Acceptance, ...], epoch: int) -> bool:
    """Whether a key is the one by which the probe's scores go now."""
    asked = asked_key(key)
    last = since_accepted(asked.rpartition("@")[0], known, epoch=epoch)
    return key == (asked if last is None else f"{asked}~{last.incident}")


def stood_for(probes: tuple[Probe, ...], bags: Mapping[str, Bags]) -> dict[str, str]:
    """Return each of today's probes that has a reference, by key, and the key under which it was asked last.

    Examples
    --------
    >>> from driftwatch.domain.probe import Message
    >>> ones = (1.0, 1.0, 1.0)
    >>> bags = {"pass": Bags(held={"a@1": ones, "a@2": ones}, seen={"a@1": 3, "a@2": 9}, past=ones)}
    >>> probe = Probe(id="a", messages=(Message(role="user", content="Hi."),))
    >>> stood_for((probe,), bags)[probe.key]
    'a@2'
    """
    last: dict[str, tuple[int, str]] = {}
    for one in bags.values():
        for key, at in one.seen.items():
            name = key.rpartition("@")[0]
            last[name] = max(last.get(name, (-1, "")), (at, key))
    return {probe.key: last[probe.id][1] for probe in probes if probe.id in last}


def asked_last(bags: Mapping[str, Bags]) -> frozenset[str]:
    """Return the ids of the probes that the daemon asked in its last replay, as far as any of them has a score.

    Examples
    --------
    >>> asked_last({"pass": Bags(held={"a@1": (1.0,), "b@1": (1.0,)}, seen={"a@1": 3, "b@1": 9}, past=(0.0,))})
    frozenset({'b'})
    """
    latest = ((one.seen, max(one.seen.values())) for one in bags.values())
    return frozenset(key.rpartition("@")[0] for seen, last in latest for key, at in seen.items() if at == last)


def texts_for(stood: Mapping[str, str], texts: Texts) -> Texts:
    """Return the reference texts by today's keys."""
    return {key: texts[then] for key, then in stood.items() if then in texts}


def by_todays_keys(bags: Bags, stood: Mapping[str, str]) -> dict[str, Values]:
    """Return the references of today's probes, by their keys."""
    return {key: bags.held[then] for key, then in stood.items() if then in bags.held}
