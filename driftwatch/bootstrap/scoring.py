"""What scores answers: every probe's scorers, and the processes that bound those that may run away."""

import atexit
from dataclasses import replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from driftwatch.bootstrap.embedders import embedder
from driftwatch.config.settings import Settings
from driftwatch.domain.metric import SIMILARITY, Metric, scored_metric
from driftwatch.domain.probe import ProbeSet, ScorerSpec

if TYPE_CHECKING:
    from driftwatch.adapters.scoring import ScorerPool
    from driftwatch.scorers.reference import ReferenceTexts
    from driftwatch.scorers.verdict import Scorer
    from driftwatch.services.score import NamedScorer, OwnSimilarity, Scorers


@cache
def scorer_pool() -> "ScorerPool":
    """Return the processes in which scorers run that may run away; each starts with the first score that needs it."""
    from driftwatch.adapters.scoring import ScorerPool

    pool = ScorerPool()
    atexit.register(pool.close)
    return pool


def end_scorers() -> None:
    """End the scorers' processes for good; scorers that are built from now on have others."""
    if scorer_pool.cache_info().currsize:
        scorer_pool().close()
        scorer_pool.cache_clear()


def build_scorers(probes: ProbeSet) -> tuple["Scorers", dict[str, Metric]]:
    """Return every probe's scorers, and the metrics that they make."""
    from driftwatch.scorers import SCORERS
    from driftwatch.scorers.criterion import Criterion
    from driftwatch.services.score import NamedScorer
    from driftwatch.services.tasks import TOOL_CALLED, calls_tools

    task = (NamedScorer(metric=TOOL_CALLED, scorer=calls_tools, counts=False),)
    scorers = {
        probe.key: (*map(_named_scorer, probe.scorers), *(task if probe.tools else ())) for probe in probes.probes
    }
    kinds = {spec.metric: SCORERS[spec.name].kind for probe in probes.probes for spec in probe.scorers}
    judged = {
        named.metric: named.scorer for each in scorers.values() for named in each if isinstance(named.scorer, Criterion)
    }
    metrics = {name: scored_metric(name, kind) for name, kind in kinds.items()}
    return scorers, metrics | {
        name: replace(metrics[name], judge=criterion.judge, own_reference=criterion.own_reference)
        for name, criterion in judged.items()
    }


def judges_of(scorers: "Scorers") -> set[str]:
    """Return the judges that these scorers ask."""
    from driftwatch.scorers.criterion import Criterion

    # By criterion, not by metric: a criterion whose judge is not there fails the replay.
    return {one.scorer.judge for each in scorers.values() for one in each if isinstance(one.scorer, Criterion)}


def _named_scorer(spec: ScorerSpec) -> "NamedScorer":
    """Return the scorer, in a process of its own if nothing else bounds its time."""
    from driftwatch.scorers import SCORERS, build
    from driftwatch.scorers.callee import callee_of
    from driftwatch.services.score import NamedScorer

    kind = SCORERS[spec.name]
    bounded = scorer_pool().bounded(spec) if kind.runs_away else None
    return NamedScorer(
        metric=spec.metric,
        scorer=bounded or build(spec.name, spec.argument, negate=spec.negate, extract=spec.extract),
        enough=kind.enough_of(spec.argument, negate=spec.negate),
        family=f"{spec.name} {callee_of(spec.argument) or ''}" if bounded else "",
    )


def own_similarity(settings: Settings) -> "OwnSimilarity | None":
    """Return what measures how near answers are to a probe's own first ones; None without an embedder."""
    from driftwatch.scorers.similar import EMBEDDER

    found = embedder(settings)
    if found is None:
        return None

    @lru_cache(maxsize=512)
    def similarity(reference: "ReferenceTexts") -> "Scorer":
        texts = sorted({text for text in reference.texts if text.strip()})
        spec = ScorerSpec(name="similar", argument={"value": texts, EMBEDDER: found}, metric=SIMILARITY.name)
        scorer = scorer_pool().bounded(spec)
        assert scorer is not None  # noqa: S101 -- it has no function that only this process has; for mypy
        return scorer

    return similarity
