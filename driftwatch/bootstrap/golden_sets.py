"""The golden set of an endpoint, with the embedder that its scorers need."""

from driftwatch.bootstrap.embedders import embedder
from driftwatch.config.embedders import no_embedder
from driftwatch.config.settings import EndpointSettings, Settings
from driftwatch.domain.probe import ProbeSet


def probe_set(settings: Settings, endpoint: EndpointSettings) -> ProbeSet:
    """Return an endpoint's golden set."""
    from driftwatch.adapters.probes import load_probe_set
    from driftwatch.adapters.scoring.embedding import SIMILAR, with_embedder

    probes = load_probe_set(settings.probe_paths(endpoint))
    scorer = next((spec.name for probe in probes.probes for spec in probe.scorers if spec.name in SIMILAR), None)
    if scorer is None:
        return probes
    found = embedder(settings)
    if found is None:
        raise no_embedder(settings, scorer)
    return with_embedder(probes, found)
