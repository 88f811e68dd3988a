"""Answers that a cache gave again: the same bytes under the same response id are no further evidence."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from driftwatch.domain.answer import Answer
from driftwatch.domain.errors import Outcome
from driftwatch.services.ports import Store

LOOK_BACK = 8
"""The most replays whose answers are read after a start: those of the last one may be copies in part."""


class _Print(NamedTuple):
    """What an answer and a copy of it have in common."""

    id: str
    probe: str
    output: bytes


Kept = Mapping[tuple[str, int], _Print]
"""(probe key, sample) -> its last answer that was none of a cache's."""


def without_copies(answers: Sequence[Answer], kept: Kept) -> tuple[tuple[Answer, ...], Kept]:
    """Return the answers, each copy as not answered, for it was counted already; and what to keep for the next time.

    An id tells only if it names one answer of one probe. A server that gives every answer the same id, or one id two
    texts, has no ids, and nothing of it is called a copy.
    """
    now = {(a.probe_key, a.sample): found for a in answers if (found := _print(a))}
    named = defaultdict[str, set[_Print]](set)
    for found in (*kept.values(), *now.values()):
        named[found.id].add(found)
    telling = {name for name, found in named.items() if len(found) == 1 and len(named) > 1}
    counted, told, fresh = set(kept.values()), [], {}
    for answer in answers:
        place = (answer.probe_key, answer.sample)
        mine = now.get(place)
        if mine is None:
            told.append(answer)
        elif mine in counted and mine.id in telling:
            told.append(_uncounted(answer, mine.id))
        else:
            counted.add(mine)
            fresh[place] = mine
            told.append(answer)
    return tuple(told), {**kept, **fresh}


@dataclass(frozen=True, kw_only=True)
class Copies:
    """Finds copies of one store's endpoints; what it keeps is one answer for each probe and sample."""

    store: Store
    _kept: dict[str, Kept] = field(default_factory=dict, init=False, repr=False)

    def removed(self, endpoint: str, answers: Sequence[Answer]) -> tuple[Answer, ...]:
        """Return the answers of a replay without what a cache gave again; blocks."""
        kept = self._kept[endpoint] if endpoint in self._kept else self._before(endpoint, answers)
        told, self._kept[endpoint] = without_copies(answers, kept)
        return told

    def _before(self, endpoint: str, asked: Sequence[Answer]) -> Kept:
        kept: dict[tuple[str, int], _Print] = {}
        wanted = {(answer.probe_key, answer.sample) for answer in asked}
        after = max(self.store.decided_seq(endpoint) - LOOK_BACK, 0)
        # The newest first: mostly it tells of every probe, and reading answers is dear.
        for replay in reversed([*self.store.replays(endpoint, after_seq=after, metrics=())]):
            answers = self.store.answers(endpoint, replay.slot)
            kept = {(a.probe_key, a.sample): found for a in answers if (found := _print(a))} | kept
            if wanted <= kept.keys():
                break
        return kept


def _print(answer: Answer) -> _Print | None:
    name = answer.reply.request_id if answer.reply else None
    return _Print(name, answer.probe_key, answer.reply.output) if answer.reply and name else None


def _uncounted(answer: Answer, name: str) -> Answer:
    error = f"the same bytes under the same id as before ({name[:80]}): a cache answered"
    return replace(answer, outcome=Outcome.CACHED, reply=None, error=error)
