"""One endpoint with all that it takes to replay and judge it."""

from collections.abc import Mapping
from dataclasses import dataclass

from driftwatch.domain.decide import Audience
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
        Audience -> name of the route that is told; an audience without one is told nothing.
    """

    endpoint: Endpoint
    model: LanguageModel
    fingerprint: Fingerprint
    scorers: Scorers
    metrics: Mapping[str, Metric]
    plans: Mapping[str, StreamPlan]
    routes: Mapping[Audience, str]
