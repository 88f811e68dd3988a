"""Endpoints with all that it takes to replay them and to decide."""

from dataclasses import replace
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from driftwatch.bootstrap.embedders import embedder
from driftwatch.bootstrap.judges import may_page, watched_judge
from driftwatch.bootstrap.keys import redaction
from driftwatch.bootstrap.metrics import metrics_of
from driftwatch.bootstrap.models import NobodyAsks, endpoint_of, language_model
from driftwatch.bootstrap.routing import audiences, grouping, vendors
from driftwatch.bootstrap.scoring import build_scorers, judges_of, own_similarity
from driftwatch.config.settings import Settings
from driftwatch.domain.decide import Audience
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.metric import SIMILARITY, Severity
from driftwatch.services.ports import Clock, LanguageModel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from driftwatch.services.watched import Watched, WatchedJudge


def watch(
    settings: Settings,
    endpoint: Endpoint,
    clock: Clock,
    *,
    model: LanguageModel | None = None,
    judges: "dict[str, WatchedJudge] | None" = None,
) -> "Watched":
    """Return the endpoint with all that it takes to replay it and to decide.

    Parameters
    ----------
    model : LanguageModel, optional
        Answers for it and for its judges; by default their drivers do.
    judges : dict, optional
        Those that were made before, to be shared; new ones are added.
    """
    from driftwatch.adapters.calendar import replays_per_year
    from driftwatch.config.charts import chosen_charts
    from driftwatch.services.our_side import our_side
    from driftwatch.services.seeded import is_seeded
    from driftwatch.services.streams import Budgets, plan_streams
    from driftwatch.services.watched import Watched

    scorers, scored = build_scorers(endpoint.probe_set)
    used = judges_of(scorers)
    judges = {} if judges is None else judges
    for name in sorted(used - judges.keys()):
        judges[name] = watched_judge(settings, name, clock, model=model)
    quiet = {name for name in used if not may_page(settings, name)}
    scored = {name: replace(m, severity=Severity.NOTICE) if m.judge in quiet else m for name, m in scored.items()}
    metrics = metrics_of(
        endpoint.probe_set,
        scored,
        logprobs=endpoint.top_logprobs > 0,
        seeded=is_seeded(endpoint),
        similar=settings.embed is not None,
    )
    compares = embedder(settings) if SIMILARITY.name in metrics else None
    model = model or language_model(endpoint, clock)
    return Watched(
        endpoint=endpoint,
        model=model,
        fingerprint=our_side(endpoint, model.identity, code=code_identity(), embedder=compares),
        scorers=scorers,
        similarity=own_similarity(settings) if compares else None,
        metrics=metrics,
        plans=plan_streams(
            metrics,
            Budgets(pages=settings.false_alarms.pages, notices=settings.false_alarms.notices),
            replays_per_year=replays_per_year(endpoint.schedule, clock.now()),
            baseline_replays=endpoint.baseline_replays,
            charts=chosen_charts(settings, endpoint.name, metrics),
        ),
        routes=audiences(settings, endpoint.name),
        confirm=settings.alerting.confirm,
        vendors=vendors(settings),
        pages_of={one.name: audiences(settings, one.name).get(Audience.PAGES, ()) for one in settings.endpoints},
        grouping=grouping(settings, endpoint.name),
        surroundings=surroundings(settings),
        judges={name: judges[name] for name in sorted(used)},
        redact=redaction(settings),
    )


def watched_endpoints(settings: Settings, clock: Clock) -> tuple["Watched", ...]:
    """Return every endpoint of the configuration; nothing is sent yet."""
    judges: dict[str, WatchedJudge] = {}
    return tuple(watch(settings, endpoint_of(settings, wanted), clock, judges=judges) for wanted in settings.endpoints)


def endpoints_to_read(settings: Settings, clock: Clock) -> tuple["Watched", ...]:
    """Return every endpoint, and every judge that grades one, for reports: no driver is imported, none could ask."""
    judges: dict[str, WatchedJudge] = {}
    endpoints = tuple(
        watch(settings, endpoint_of(settings, wanted), clock, model=NobodyAsks(), judges=judges)
        for wanted in settings.endpoints
    )
    return (*endpoints, *(judge.watched for _, judge in sorted(judges.items())))


def surroundings(settings: Settings) -> "Callable[[], Mapping[str, str]] | None":
    """Return what looks at the local things under ``watch:``, if there are any."""
    if settings.watch is None:
        return None
    from driftwatch.adapters.surroundings import Surroundings

    paths = tuple(settings.root / path for path in settings.watch.paths)
    return Surroundings(paths=paths, git=settings.root / settings.watch.git if settings.watch.git else None).parts


@cache
def code_identity() -> str:
    """Return our version and those of the libraries that scorers rest on: an upgrade may move scores."""
    names = ("driftwatch-llm", "jsonschema", "rapidfuzz", "regex")
    return ", ".join(f"{name} {version(name)}" for name in names)
