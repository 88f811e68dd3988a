"""Which state an endpoint is in after an alarm, and when it is calm again: known before, or new.

A pure fold over episodes. `services.episodes` reads them from the store, a backtest collects them as it goes; both ask
here, so both say the same, and nothing of it is stored.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from driftwatch.domain.acceptance import asked_key
from driftwatch.domain.incident import StateSeen, StateVerdict
from driftwatch.domain.metric import AGAINST_TEXTS, MEASURED, PASS
from driftwatch.domain.replay import ReplayScores
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.named_states import NamedStates, StateBook
from driftwatch.stats.recognition import Part, Recognition, StateKind, recognise
from driftwatch.stats.signature import between_replays

BASELINE = 24
"""Replays of an epoch, from its first, that show its baseline."""
WINDOW = 12
"""Replays up to an incident's opening, and after it, that show its state; and calm ones that show where it ended."""
LATEST = 3
"""Replays that tell where an open incident stands now."""
EPISODES = 32
"""Incidents of an endpoint, the latest, whose states are remembered."""

_TELLING = (PASS.name, "length", "novelty", "logprob")
"""What tells states apart; other measured metrics say the same again, or share a factor (latency)."""
_OF_EPOCH = "\n"
"""Parts a metric from the epoch whose texts it compares with; no name of a metric holds it."""
_BOOKS: Mapping[StateKind, StateBook] = {
    kind: StateBook(kind=kind, most_states=2 * EPISODES) for kind in ("binary", "continuous")
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One drift of an endpoint, by the replays that show it; those without evidence are left out.

    Parameters
    ----------
    baseline : sequence of ReplayScores
        The first of its epoch, before the onset.
    since : sequence of ReplayScores
        From the onset on, of the last `WINDOW` up to the opening and the next `WINDOW`; without the calm ones that
        ended it.
    latest : sequence of ReplayScores
        The calm ones that ended it, or the last `LATEST` after the opening of one that is open.
    accepted : bool
        Whether a person took its state for the next baseline.
    """

    epoch: int
    baseline: Sequence[ReplayScores]
    since: Sequence[ReplayScores]
    latest: Sequence[ReplayScores] = ()
    accepted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The state of an episode since its onset, and that of its latest replays; None where nothing can tell."""

    since: StateSeen | None = None
    latest: StateSeen | None = None


def shown(episodes: Sequence[Episode]) -> tuple[Shown, ...]:
    """Say of every episode of one endpoint, oldest first, which state it shows.

    States are named by letters in the order in which they were first seen; A is the first baseline. A new epoch's
    baseline keeps the letter of the state that it shows.

    Notes
    -----
    An alarm has excluded its own baseline already: where the few replays since then look most like it, the state is
    new if no other is known, and not decided else. Novelty compares with the texts of its epoch, so it tells states of
    one epoch apart only; states of other epochs are recognised by the other metrics.

    Measured: docs/explanation/engine.md, "After the alarm".
    """
    return tuple(_Names().read(episodes))


class _Names:
    """The states met so far."""

    def __init__(self) -> None:
        self._known: dict[str, NamedStates] = {}
        self._first: dict[str, str] = {}
        self._epoch, self._baseline, self._dispersion = 0, "", 1.0
        self._accepted: tuple[int, str] | None = None

    def read(self, episodes: Sequence[Episode]) -> Iterator[Shown]:
        """Yield what each episode shows."""
        for episode in episodes:
            try:
                self._begin(episode)
                yield self._shown(episode)
            except DegenerateError:  # a user's own scorer may bear a measured metric's name
                yield Shown()

    def _begin(self, episode: Episode) -> None:
        """Learn the baseline of an epoch with its first episode; an acceptance of some probes moves it."""
        if self._accepted and self._accepted[0] == episode.epoch:
            self._baseline, self._accepted = self._accepted[1], None
        if episode.epoch == self._epoch or not _values(episode.baseline):
            return
        decreed = self._accepted[1] if self._accepted and self._accepted[0] == episode.epoch - 1 else None
        found = None if decreed or not self._first else self._recognised(episode.baseline)
        name = decreed or (found.name if found else None) or self._next_name()
        self._learn(name, episode.baseline)
        self._epoch, self._baseline = episode.epoch, name
        single = [_values([replay]) for replay in episode.baseline]
        self._dispersion = max(
            between_replays([one.get(key, {}) for one in single]) for key in _values(episode.baseline)
        )

    def _shown(self, episode: Episode) -> Shown:
        if episode.epoch != self._epoch or not episode.since:
            return Shown()
        since = self._since_onset(episode.since)
        recent = {replay.seq for replay in episode.latest}
        own = [replay for replay in episode.since if replay.seq not in recent]
        if since.name is not None and own:
            self._learn(since.name, own)
        if episode.accepted and since.name:
            self._accepted = (episode.epoch, since.name)
        return Shown(since=since, latest=self._latest(episode.latest) if own and episode.latest else None)

    def _since_onset(self, replays: Sequence[ReplayScores]) -> StateSeen:
        found = self._recognised(replays)
        if found.verdict == "known" and found.name != self._baseline:
            return self._seen("known", replays, found)
        # The alarm has excluded the baseline, however like it these few replays look: without other states, new.
        if found.verdict == "new" or len(self._first) == 1:
            return self._seen("new", replays, found, name=self._next_name())
        return self._seen("undecided", replays, replace(found, name=None))

    def _latest(self, replays: Sequence[ReplayScores]) -> StateSeen:
        found = self._recognised(replays)
        back = found.verdict == "known" and found.name == self._baseline
        return self._seen("baseline" if back else found.verdict, replays, found)

    def _seen(
        self, verdict: StateVerdict, replays: Sequence[ReplayScores], found: Recognition, name: str | None = None
    ) -> StateSeen:
        name = name or found.name
        first = self._first.get(name) if name else None
        return StateSeen(verdict=verdict, name=name, first_seen=first, replays=len(replays), log_ratio=found.log_ratio)

    def _recognised(self, replays: Sequence[ReplayScores]) -> Recognition:
        """Compare with the states of this epoch by all metrics, then with others by those that outlast an epoch."""
        values = {key: given for key, given in _values(replays).items() if key in self._known}
        here = recognise(self._parts(values), dispersion=self._dispersion)
        lasting = {key: given for key, given in values.items() if _OF_EPOCH not in key}
        if here.verdict == "known" or len(lasting) == len(values):
            return here
        ever = recognise(self._parts(lasting), dispersion=self._dispersion)
        elsewhere = ever.name is not None and ever.name not in here.distances
        return ever if elsewhere or here.log_ratio is None else here

    def _parts(self, values: Mapping[str, Mapping[str, Sequence[float]]]) -> list[Part]:
        return [Part(kind=_kind(key), states=self._known[key].states, values=given) for key, given in values.items()]

    def _learn(self, name: str, replays: Sequence[ReplayScores]) -> None:
        self._first.setdefault(name, replays[0].slot.key)
        for key, given in _values(replays).items():
            book = _BOOKS[_kind(key)]
            self._known[key] = book.learn(self._known.get(key) or book.start(), name, given)

    def _next_name(self) -> str:
        return _BOOKS["binary"].next_name(NamedStates(named=len(self._first)))


def telling(replay: ReplayScores) -> tuple[str, ...]:
    """Return the metrics of a replay that tell states apart."""
    if PASS.name in replay.values:
        return tuple(name for name in _TELLING if name in replay.values)
    return tuple(name for name in replay.values if name in _TELLING or name not in MEASURED)


def _values(replays: Sequence[ReplayScores]) -> dict[str, dict[str, list[float]]]:
    """Metric -> probe key -> all samples."""
    joined: dict[str, dict[str, list[float]]] = {}
    for replay in replays:
        for metric in telling(replay):
            probes = joined.setdefault(_key(metric, replay.epoch), {})
            for probe, samples in replay.values[metric].items():
                # What a probe says is the same state after it was accepted; only its texts are compared with others.
                key = probe if metric in AGAINST_TEXTS else asked_key(probe)
                probes.setdefault(key, []).extend(samples)
    return joined


def _key(metric: str, epoch: int) -> str:
    return f"{metric}{_OF_EPOCH}{epoch}" if metric in AGAINST_TEXTS else metric


def _kind(key: str) -> StateKind:
    return "binary" if key == PASS.name else "continuous"
