"""One endpoint with all that it takes to replay and judge it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from driftwatch.domain.decide import Audience
from driftwatch.domain.delivery import Routes
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.metric import Metric
from driftwatch.services.ports import LanguageModel
from driftwatch.services.score import Scorers
from driftwatch.services.streams import StreamPlan


@dataclass(frozen=True, kw_only=True)
class Watched:
    """An endpoint, the model that answers for it, its scorers and its streams.

    Parameters
    ----------
    metrics : mapping
        Every metric by name, those that never alarm included.
    routes : mapping
        Audience -> the route or routes that are told; an audience without one is told nothing.
    vendors : mapping
        Every watched endpoint, this one included, to who answers there; what moves together is told by it.
    surroundings : callable, optional
        Looks at what the user named under ``watch:`` and returns parts of our fingerprint, before every replay.
    """

    endpoint: Endpoint
    model: LanguageModel
    fingerprint: Fingerprint
    scorers: Scorers
    metrics: Mapping[str, Metric]
    plans: Mapping[str, StreamPlan]
    routes: Mapping[Audience, Routes]
    vendors: Mapping[str, str] = field(default_factory=dict)
    surroundings: Callable[[], Mapping[str, str]] | None = None

    def fingerprint_now(self) -> Fingerprint:
        """Return our side as it is at this moment; reads files, so call it in a thread."""
        if self.surroundings is None:
            return self.fingerprint
        return Fingerprint(parts={**self.fingerprint.parts, **self.surroundings()})
