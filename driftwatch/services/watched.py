"""One endpoint with all that it takes to replay it and to decide."""

from asyncio import Lock
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from driftwatch.domain.decide import Audience
from driftwatch.domain.delivery import Routes
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.grouping import Grouping
from driftwatch.domain.metric import Metric
from driftwatch.services.bench import Judge
from driftwatch.services.ports import LanguageModel
from driftwatch.services.score import OwnSimilarity, Scorers
from driftwatch.services.streams import StreamPlan, judged_streams


@dataclass(frozen=True, kw_only=True)
class Watched:
    """An endpoint, the model that answers for it, its scorers and its streams.

    Parameters
    ----------
    metrics : mapping
        Every metric by name, those that never alarm included.
    routes : mapping
        Audience -> the route or routes that are told; an audience without one is told nothing.
    confirm : bool
        Whether a fresh alarm is confirmed by a rerun before it pages; a process without a model cannot.
    vendors : mapping
        Every watched endpoint, this one included, to who answers there; what moves together is told by it.
    pages_of : mapping
        Every watched endpoint to the routes that its pages go to; a page covers only what would go nowhere else.
    grouping : Grouping, optional
        The group with which the endpoint is told of; None where it is alone in it.
    surroundings : callable, optional
        Looks at what the user named under ``watch:`` and returns parts of our fingerprint, before every replay.
    judges : mapping
        Name -> judge, those that grade this endpoint's answers.
    redact : callable
        Takes our own secrets out of a text that is to be shown: a model may echo the key it was asked with.
    similarity : callable, optional
        Makes what measures how near an answer's meaning is to a probe's own reference answers.
    """

    endpoint: Endpoint
    model: LanguageModel
    fingerprint: Fingerprint
    scorers: Scorers
    metrics: Mapping[str, Metric]
    plans: Mapping[str, StreamPlan]
    routes: Mapping[Audience, Routes]
    confirm: bool = False
    vendors: Mapping[str, str] = field(default_factory=dict)
    pages_of: Mapping[str, Routes] = field(default_factory=dict)
    grouping: Grouping | None = None
    surroundings: Callable[[], Mapping[str, str]] | None = None
    judges: Mapping[str, "WatchedJudge"] = field(default_factory=dict)
    redact: Callable[[str], str] = str
    similarity: OwnSimilarity | None = None

    def fingerprint_now(self) -> Fingerprint:
        """Return our side as it is at this moment; reads files, so call it in a thread."""
        if self.surroundings is None:
            return self.fingerprint
        return Fingerprint(parts={**self.fingerprint.parts, **self.surroundings()})

    @property
    def models(self) -> tuple[LanguageModel, ...]:
        """Everything that answers: the endpoint's model, and the judges'."""
        return (self.model, *(judge.judge.model for judge in self.judges.values()))

    @property
    def judged(self) -> Mapping[str, str]:
        """Metric -> the judge whose verdicts it holds."""
        return judged_streams(self.plans)


@dataclass(frozen=True, kw_only=True)
class WatchedJudge:
    """A judge that is an endpoint under watch itself; the endpoints that it grades share it.

    Parameters
    ----------
    watched : Watched
        Its anchors are the probes.
    every : timedelta
        The anchors are graded again at most so often; 0 for in every replay.
    """

    judge: Judge
    watched: Watched
    every: timedelta = timedelta(0)
    lock: Lock = field(default_factory=Lock, compare=False, repr=False)
    """Two endpoints due at once have the anchors graded once."""

    @property
    def name(self) -> str:
        """Its name as an endpoint."""
        return self.watched.endpoint.name
