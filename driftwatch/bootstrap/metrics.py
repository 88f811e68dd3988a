"""The metrics that an endpoint has, and the charts that may be chosen for them."""

from collections.abc import Mapping

from driftwatch.bootstrap.scoring import build_scorers
from driftwatch.config.settings import EndpointSettings, Settings
from driftwatch.domain.metric import SIMILARITY, Metric
from driftwatch.domain.probe import ProbeSet


def metrics_of(
    probes: ProbeSet, scored: Mapping[str, Metric], *, logprobs: bool, seeded: bool = False, similar: bool = False
) -> dict[str, Metric]:
    """Return every metric that an endpoint with these probes has."""
    from driftwatch.domain.metric import SEED
    from driftwatch.services.sensors import METRICS
    from driftwatch.services.streams import watched_metrics

    more = {METRICS[probe.sensor].name for probe in probes.probes if probe.sensor}
    only = all(probe.sensor for probe in probes.probes)
    if seeded and not only:
        more.add(SEED.name)
    if similar and not only:
        more.add(SIMILARITY.name)
    return watched_metrics(scored.values(), logprobs=logprobs, more=more, sensors_only=only, tasks=probes.has_tasks)


def refuse_unfit_charts(settings: Settings, wanted: EndpointSettings, probes: ProbeSet) -> None:
    """Raise `ConfigError` where charts are chosen for a metric that the endpoint has not, or that they cannot read."""
    if wanted.charts:
        from driftwatch.config.charts import chosen_charts

        scored = build_scorers(probes)[1]
        chosen_charts(
            settings,
            wanted.name,
            metrics_of(
                probes,
                scored,
                logprobs=wanted.top_logprobs > 0,
                seeded=wanted.params.get("seed") is not None,
                similar=settings.embed is not None,
            ),
        )
