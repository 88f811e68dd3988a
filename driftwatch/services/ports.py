"""What the use cases need from the world; adapters implement it, `driftwatch.testing` fakes it."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from driftwatch.domain.acceptance import Acceptance
from driftwatch.domain.answer import Answer, Question, Reply
from driftwatch.domain.confirmation import Burst
from driftwatch.domain.delivery import Arrival, Arrived, Delivery
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.incident import Incident, Silence
from driftwatch.domain.replay import AnswerCount, Replay, ReplayMeans, ReplayScores, Score, Slot, SlotRecord, SlotState
from driftwatch.services.glance import GivenAnswer, Head, Place


class Clock(ABC):
    """The time, injected. Wall time dates things; monotonic time measures them."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the aware UTC wall time."""

    @abstractmethod
    def monotonic(self) -> float:
        """Return seconds that never step back."""

    @abstractmethod
    async def sleep(self, seconds: float) -> None:
        """Wait that many real seconds."""

    def seconds_until(self, moment: datetime) -> float:
        """Return the real seconds to wait for `moment`; 0 or less if it has passed."""
        return (moment - self.now()).total_seconds()


class LanguageModel(ABC):
    """Something that answers a question once, or raises `EndpointError`."""

    identity: str
    """Driver and versions, for the fingerprint: ``direct 0.1.0``."""

    @abstractmethod
    async def ask(self, question: Question) -> Reply:
        """Make exactly one attempt within the question's deadline and size.

        Raises
        ------
        EndpointError
            With the outcome's name and whether asking again may help.
        """

    async def aclose(self) -> None:
        """Release connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedStream:
    """The state of one stream's detector after the replay `seq` of `epoch`."""

    metric: str
    seq: int
    epoch: int
    state: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionCommit:
    """Everything one replay decided: written in one transaction or not at all.

    Parameters
    ----------
    levels : mapping
        What it read: each watching stream's statistic as a share of its threshold.
    before : Incident, optional
        The open incident from which `incident` was made.
    """

    endpoint: str
    seq: int
    streams: Sequence[SavedStream]
    levels: Mapping[str, float] = field(default_factory=dict)
    incident: Incident | None = None
    deliveries: Sequence[Delivery] = ()
    before: Incident | None = None


class Store(ABC):
    """Facts, decisions and deliveries; every method is one transaction. Methods block: call them in a thread."""

    # -- facts ---------------------------------------------------------------------------------

    @abstractmethod
    def claim(self, slot: Slot, *, now: datetime, reserve_usd: float = 0.0) -> bool:
        """Take a slot: True if it is ours to replay now, False if it has ended (done, failed or skipped).

        A slot found ``running`` belonged to a dead process (one daemon a store): it is taken again.
        `reserve_usd` counts as spent until the slot ends.
        """

    @abstractmethod
    def record_replay(self, replay: Replay, scores: Sequence[Score]) -> int:
        """Commit 1: answers, scores, the slot done, its cost; returns the replay's seq. Repeating it is a no-op."""

    @abstractmethod
    def end_slot(self, slot: Slot, state: SlotState, *, reason: str, now: datetime, cost_usd: float = 0.0) -> None:
        """End a slot as failed or skipped; a slot that has ended stays as it is."""

    @abstractmethod
    def slots(
        self, endpoint: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[SlotRecord]:
        """Return slots in order of their due time; `since` inclusive, `until` exclusive."""

    @abstractmethod
    def last_slot(self, endpoint: str) -> SlotRecord | None:
        """Return the slot with the latest due time."""

    @abstractmethod
    def replays(
        self, endpoint: str, *, after_seq: int = 0, metrics: Sequence[str] | None = None
    ) -> Iterator[ReplayScores]:
        """Yield committed replays in order of seq; an accepted probe's scores go by a key of their own from then on."""

    @abstractmethod
    def summed(self, endpoint: str, *, first: int, last: int) -> Iterator[ReplayMeans]:
        """Yield the replays `first` to `last`, summed up, in order of seq."""

    @abstractmethod
    def levels(self, endpoint: str, *, first: int, last: int) -> Mapping[int, Mapping[str, float]]:
        """Return, by seq, what the decisions on the replays `first` to `last` read; to four digits."""

    @abstractmethod
    def scores(self, endpoint: str, slot: Slot) -> Sequence[Score]:
        """Return a slot's scores one by one, the unscored with their reasons."""

    @abstractmethod
    def answers(self, endpoint: str, slot: Slot) -> Sequence[Answer]:
        """Return a slot's answers with their bytes."""

    @abstractmethod
    def count_answers(self, endpoint: str, slot: Slot) -> AnswerCount:
        """Return how many answers a slot has and what they cost, without reading them."""

    @abstractmethod
    def reference_texts(
        self, endpoint: str, *, epoch: int, limit: int, seq: int | None = None
    ) -> Mapping[str, Sequence[str]]:
        """Return, by probe key, the texts of the first `limit` answers of the epoch, or since the probe was accepted.

        With `seq`, what was accepted with that replay or later is left out of account.
        """

    @abstractmethod
    def first_answers(self, endpoint: str, *, epoch: int, limits: Mapping[str, int]) -> Mapping[str, Sequence[Answer]]:
        """Return, for each of these probe keys, its first answers of the epoch that have a reply, up to its limit."""

    @abstractmethod
    def epoch(self, endpoint: str) -> int:
        """Return the number of the current epoch; 1 before the first replay."""

    @abstractmethod
    def start_epoch(self, endpoint: str, *, reason: str, now: datetime) -> int:
        """Begin the next epoch and return its number."""

    @abstractmethod
    def try_write(self, room: int = 0) -> None:
        """Commit a write that changes nothing; raises StoreError where so much, or anything, cannot be written."""

    def was_away(self, since: float) -> bool:  # noqa: ARG002
        """Return whether some call has waited, since this monotonic time, for a database that was gone."""
        return False

    @abstractmethod
    def spent_usd(self, *, since: datetime) -> float:
        """Return what answers cost, and what running slots have reserved, since then."""

    @abstractmethod
    def endpoints(self) -> Sequence[str]:
        """Return the names of all endpoints with history."""

    # -- decisions -----------------------------------------------------------------------------

    @abstractmethod
    def streams(self, endpoint: str) -> Mapping[str, SavedStream]:
        """Return the saved detector states by metric."""

    @abstractmethod
    def commit_decision(self, decision: DecisionCommit) -> bool:
        """Commit 2: states, incident, outbox rows.

        False, and nothing written, if seq was decided already, or if a person has changed the incident meanwhile.
        """

    @abstractmethod
    def decided_seq(self, endpoint: str) -> int:
        """Return the seq of the last decided replay; 0 for none."""

    @abstractmethod
    def next_incident_id(self) -> int:
        """Return a number no incident has had: the 42 of ``inc-42``."""

    @abstractmethod
    def save_incident(self, incident: Incident, deliveries: Sequence[Delivery] = ()) -> None:
        """Write one transition (a person's, say) and its outbox rows."""

    @abstractmethod
    def change_incident(
        self, before: Incident, after: Incident, deliveries: Sequence[Delivery] = (), *, new_epoch: str | None = None
    ) -> bool:
        """Write what a person made of an incident with all that follows; False, and nothing, if it changed meanwhile.

        One that has ended is given the seq of the last decided replay. `new_epoch` says why its endpoint's next
        epoch begins with it.
        """

    @abstractmethod
    def acceptances(self, endpoint: str) -> Sequence[Acceptance]:
        """Return the acceptances of single probes, oldest first."""

    @abstractmethod
    def incident(self, incident_id: int) -> Incident | None:
        """Return one incident."""

    @abstractmethod
    def open_incident(self, endpoint: str) -> Incident | None:
        """Return the endpoint's incident that has not ended."""

    @abstractmethod
    def incidents(self, *, endpoint: str | None = None, since: datetime | None = None) -> Sequence[Incident]:
        """Return incidents that were open at or after `since`, newest first."""

    @abstractmethod
    def transitions(self, incident_id: int) -> Sequence[Incident]:
        """Return the incident as it stood after each of its changes, oldest first."""

    @abstractmethod
    def add_silence(self, silence: Silence) -> int:
        """Store a silence and return its number."""

    @abstractmethod
    def end_silence(self, number: int, *, by: str, now: datetime) -> Silence | None:
        """End a silence, or a window that is yet to come, now; None if none of that number is left to end."""

    @abstractmethod
    def silences(self, *, now: datetime) -> Sequence[Silence]:
        """Return the silences in force."""

    @abstractmethod
    def silences_ahead(self, *, now: datetime) -> Sequence[Silence]:
        """Return the silences in force and the windows that are yet to come."""

    @abstractmethod
    def record_burst(self, burst: Burst) -> None:
        """Keep a confirmation burst; repeating it is a no-op, and its cost counts as spent."""

    @abstractmethod
    def burst(self, endpoint: str, seq: int) -> Burst | None:
        """Return the burst that the replay `seq` asked for."""

    @abstractmethod
    def bursts(self, endpoint: str) -> Sequence[Burst]:
        """Return an endpoint's bursts in order of seq."""

    @abstractmethod
    def confirming_usd(self, endpoint: str, *, since: datetime, until: datetime) -> float:
        """Return what the bursts that ended in [since, until) cost; their answers are not read."""

    # -- deliveries ----------------------------------------------------------------------------

    @abstractmethod
    def enqueue(self, deliveries: Sequence[Delivery]) -> None:
        """Add outbox rows; a key that exists stays as it is."""

    @abstractmethod
    def due_deliveries(self, *, now: datetime) -> Sequence[Delivery]:
        """Return rows to act on now, oldest first: waiting ones that are due, and `sending` ones left by a crash."""

    @abstractmethod
    def thread(self, route: str, subject: str) -> Sequence[Delivery]:
        """Return what was sent about an incident on a route and has an id there, oldest first."""

    @abstractmethod
    def delivery(self, key: str) -> Delivery | None:
        """Return an outbox row by its key; None where there is none."""

    @abstractmethod
    def deliveries_under(self, *subjects: str) -> Sequence[Delivery]:
        """Return every message that belongs to these incidents' threads, on whatever route, oldest first."""

    @abstractmethod
    def save_delivery(self, delivery: Delivery, then: Sequence[Delivery] = ()) -> None:
        """Write the row's new state, found by its key, and with it the promises that follow from it."""

    @abstractmethod
    def join_deliveries(self, lead: Delivery, joined: Sequence[Delivery]) -> None:
        """Write a message that tells of others, and that those are told in it, as one."""

    @abstractmethod
    def deliveries(self, *, since: datetime | None = None) -> Sequence[Delivery]:
        """Return outbox rows, oldest first."""

    # -- glances: what people look at, small pieces of a long history ----------------------------

    @abstractmethod
    def pulse(self) -> Hashable:
        """Return something else after a slot, a decision, an incident, a silence or a message has changed."""

    @abstractmethod
    def heads(self, endpoints: Sequence[str], *, since: datetime, spent_since: datetime) -> Mapping[str, Head]:
        """Return what each endpoint did lately: slots due from `since` on, bursts that ended from `spent_since` on."""

    @abstractmethod
    def places(self, endpoint: str, *, since: datetime, until: datetime, most: int) -> Sequence[Place]:
        """Return replays due in [`since`, `until`), oldest first: all of them, or every n-th and the last one."""

    @abstractmethod
    def first_places(self, endpoint: str, *, epoch: int, most: int) -> Sequence[Place]:
        """Return the first replays of an epoch."""

    @abstractmethod
    def means(self, endpoint: str, seqs: Sequence[int]) -> Mapping[int, Mapping[str, float]]:
        """Return each replay's mean over probes by metric, a probe's samples averaged first."""

    @abstractmethod
    def levels_at(self, endpoint: str, seqs: Sequence[int]) -> Mapping[int, Mapping[str, float]]:
        """Return, for those of the replays that were decided, each watching stream's share of its threshold."""

    @abstractmethod
    def probe_answers(
        self, endpoint: str, probe_id: str, *, before_seq: int | None = None, replays: int
    ) -> Sequence[GivenAnswer]:
        """Return what a probe was answered in its last `replays` replays (before one), newest first."""

    @abstractmethod
    def incidents_before(
        self, incident_id: int | None = None, *, endpoint: str | None = None, only_open: bool = False, most: int
    ) -> Sequence[Incident]:
        """Return at most so many incidents with lower numbers, highest first."""

    @abstractmethod
    def deliveries_about(self, incident: Incident) -> Sequence[Delivery]:
        """Return every message about one incident, oldest first."""

    def close(self) -> None:
        """Release connections and locks."""


class Canary(ABC):
    """Places unrelated to an endpoint, by which our own network is told from a vendor's."""

    @abstractmethod
    async def look(self) -> Mapping[str, str | None]:
        """Return for each host what is wrong on the way to it; None if it answered."""


class Traces(ABC):
    """Somebody outside who is told of every recorded replay, as well as it can be done."""

    address: str
    """Where it is."""

    @abstractmethod
    def tell(self, endpoint: Endpoint, replay: Replay, scores: Sequence[Score]) -> None:
        """Take a replay; returns at once and never raises: losing it is better than waiting."""

    @abstractmethod
    async def aclose(self) -> None:
        """Send what waits, for some seconds at most, and release connections."""


class Notifier(ABC):
    """A sink for messages."""

    threads: bool = False
    """Whether details are sent as a message of their own, behind the first one about an incident."""

    joins: bool = True
    """Whether one message may tell of several incidents; not where each is opened and ended under its own key."""

    @abstractmethod
    async def send(self, delivery: Delivery) -> str | None:
        """Deliver once and return the remote's id, where it has one.

        Raises
        ------
        DeliveryError
            Saying whether it is permanent, and whether the message may have arrived.
        """

    async def arrived(self, delivery: Delivery) -> Arrival:  # noqa: ARG002
        """Say whether an earlier attempt arrived; most sinks cannot be asked.

        Raises
        ------
        DeliveryError
            If the remote could not be asked now.
        """
        return Arrival(arrived=Arrived.UNKNOWN)

    async def doubts(self) -> Sequence[str]:
        """Return, in sentences, what this sink cannot promise as it is set up; asked once at the start."""
        return ()

    async def aclose(self) -> None:
        """Release connections."""
