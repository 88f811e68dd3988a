"""The one place that names concrete adapters: from settings to a program that runs.

Adapters are imported where they are built, so that a command pays only for what it uses.
"""

import asyncio
import atexit
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib.metadata import version
from math import isfinite
from typing import TYPE_CHECKING, Any

from driftwatch.adapters.clock import SteadyClock, SystemClock
from driftwatch.config.drivers import resolve_base_url, resolve_driver
from driftwatch.config.embedders import no_embedder, unfit_embedder
from driftwatch.config.settings import EndpointSettings, Settings
from driftwatch.domain.answer import Question, Reply
from driftwatch.domain.decide import Audience
from driftwatch.domain.delivery import Delivery, Routes, listed
from driftwatch.domain.endpoint import Endpoint, Price, vendor_of
from driftwatch.domain.errors import ConfigError, DriftwatchError
from driftwatch.domain.grouping import Grouping, family_of
from driftwatch.domain.metric import SIMILARITY, Metric, Severity, scored_metric
from driftwatch.domain.probe import ProbeSet, ScorerSpec
from driftwatch.domain.replay import Replay, Score
from driftwatch.domain.schedule import Every
from driftwatch.domain.secret import Secret
from driftwatch.scorers.extras import adding
from driftwatch.services.ports import Clock, LanguageModel, Notifier, Store, Traces

if TYPE_CHECKING:
    from pathlib import Path
    from typing import IO

    from driftwatch.adapters.notify.fenced import MaySend
    from driftwatch.adapters.notify.slack_socket import SlackButtons
    from driftwatch.adapters.records import ImportReport
    from driftwatch.adapters.scoring import ScorerPool
    from driftwatch.adapters.store import SqlStore
    from driftwatch.adapters.store.lease import Lease
    from driftwatch.config.routes import Route
    from driftwatch.config.settings import AskedSettings
    from driftwatch.domain.schedule import Schedule
    from driftwatch.scorers.reference import ReferenceTexts
    from driftwatch.scorers.similar import Embedder
    from driftwatch.scorers.verdict import Scorer
    from driftwatch.services.backtest import Backtest
    from driftwatch.services.calibrate import Calibration
    from driftwatch.services.counts import Counts
    from driftwatch.services.deliver import Doubts
    from driftwatch.services.mine import Mined
    from driftwatch.services.own_network import OwnNetwork
    from driftwatch.services.page import Pager
    from driftwatch.services.plan import EndpointPlan
    from driftwatch.services.press import Press, Pressed
    from driftwatch.services.score import NamedScorer, OwnSimilarity, Scorers
    from driftwatch.services.spend import SpendGuard
    from driftwatch.services.tick import World
    from driftwatch.services.trial import Trial
    from driftwatch.services.watched import Watched, WatchedJudge
    from driftwatch.services.weekly import Weekly
    from driftwatch.stats.budget import FalseAlarmBudget

SHORTEST_SECRET = 4
"""Shorter ones would be found everywhere."""
SELFTEST_S = 900.0
"""The longest that a self-test, or the weekly report, may take."""
DEFAULT_BASELINE = 24
"""Replays of the baseline of recorded endpoints that are not in the configuration."""


def refuse_missing_keys(settings: Settings) -> None:
    """Raise `ConfigError` with every key that is missing: nothing is started for answers that cannot come."""
    if settings.missing_keys:
        raise ConfigError(settings.missing_keys)


def open_store(settings: Settings, *, name: str = "driftwatch") -> "SqlStore":
    """Return the store, made or brought up to date; a server sees `name`."""
    from driftwatch.adapters.store import open_store as open_sql

    return open_sql(settings.store_url, name=name)


def open_node(settings: Settings) -> "tuple[SqlStore, Lease | None]":
    """Return the store of a daemon and, where several may work on it, this one's part in leading."""
    if settings.store_path is not None:
        return open_store(settings), None
    from driftwatch.adapters.store import open_lease
    from driftwatch.adapters.store.lease import node_name

    name = node_name()
    store = open_store(settings, name=name)
    return store, open_lease(settings.store_url, store, name=name)


def store_exists(settings: Settings) -> bool:
    """Return whether there is a store already; none is made for the answer."""
    if settings.store_path is not None:
        return settings.store_path.exists()
    from driftwatch.adapters.store import is_made

    return is_made(settings.store_url)


def lock_store(settings: Settings) -> AbstractContextManager[object]:
    """Return the lock that one daemon holds on its file, or say who has it; nodes on PostgreSQL have a leader."""
    if settings.store_path is None:
        return nullcontext()
    from driftwatch.adapters.store import StoreLock

    return StoreLock(settings.store_url)


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


def embedder(settings: Settings) -> "Embedder | None":
    """Return the embedder of the configuration, its files checked; None where none is configured."""
    if settings.embed is None:
        return None
    from driftwatch.adapters.scoring.embedding import EmbedderError, find_embedder

    try:
        return find_embedder(settings.root / settings.embed.model_path, settings.embed.sha256)
    except EmbedderError as error:
        raise unfit_embedder(settings, met=str(error), need=error.need) from None


def tried_embedder(settings: Settings) -> str:
    """Load the configured embedder, and say what it is; files that were pinned as they are may still be no model."""
    from driftwatch.adapters.scoring.embedding import EmbedderError, load_embedder

    found = embedder(settings)
    if found is None:
        return "none"
    try:
        [vector] = load_embedder(str(found), found.folder).embed(["the"])
    except EmbedderError as error:
        raise unfit_embedder(settings, met=str(error), need=error.need) from None
    return f"{found.folder}, {len(vector)} numbers a text"


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


def endpoint_of(settings: Settings, wanted: EndpointSettings) -> Endpoint:
    """Return the endpoint that these settings describe."""
    plain = _asked_endpoint(
        wanted,
        name=wanted.name,
        probe_set=probe_set(settings, wanted),
        schedule=wanted.schedule.as_schedule(),
        baseline_replays=wanted.baseline.replays,
    )
    return replace(plain, top_logprobs=wanted.top_logprobs)


def price_of(wanted: "AskedSettings") -> Price | None:
    """Return the endpoint's price: the user's own, or the price map's, or none."""
    if wanted.price is not None:
        return wanted.price.as_price()
    from driftwatch.adapters.llm.prices import price_of as price_in_map

    return price_in_map(wanted.model)


def language_model(endpoint: Endpoint, clock: Clock) -> LanguageModel:
    """Return what answers for the endpoint; nothing is sent yet."""
    if endpoint.driver == "direct":
        from driftwatch.adapters.llm.direct import DirectModel

        return DirectModel.for_endpoint(endpoint, clock=clock)
    if endpoint.driver == "litellm":
        from driftwatch.adapters.llm.litellm import LiteLLMModel

        return LiteLLMModel.for_endpoint(endpoint, clock=clock)
    from driftwatch.testing.model import ScriptedModel

    return ScriptedModel(clock=clock)


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


def refuse_unfit_charts(settings: Settings, wanted: EndpointSettings, probes: ProbeSet) -> None:
    """Raise `ConfigError` where charts are chosen for a metric that the endpoint has not, or that they cannot read."""
    if wanted.charts:
        from driftwatch.config.charts import chosen_charts

        scored = build_scorers(probes)[1]
        chosen_charts(
            settings,
            wanted.name,
            _metrics_of(
                probes,
                scored,
                logprobs=wanted.top_logprobs > 0,
                seeded=wanted.params.get("seed") is not None,
                similar=settings.embed is not None,
            ),
        )


def _metrics_of(
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


def watch(
    settings: Settings,
    endpoint: Endpoint,
    clock: Clock,
    *,
    model: LanguageModel | None = None,
    judges: "dict[str, WatchedJudge] | None" = None,
) -> "Watched":
    """Return the endpoint with all that it takes to replay and judge it.

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
    metrics = _metrics_of(
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


def vendors(settings: Settings) -> dict[str, str]:
    """Return who answers for every endpoint: what moves together is told by it."""
    return {one.name: vendor_of(one.model, resolve_base_url(one.model, one.base_url)) for one in settings.endpoints}


def grouping(settings: Settings, endpoint: str) -> Grouping | None:
    """Return the group of an endpoint; None where it has none to wait for."""
    who = vendors(settings)
    groups = {one.name: f"{who[one.name]} {family_of(one.model)}" for one in settings.endpoints}
    alone = sum(name == groups[endpoint] for name in groups.values()) < 2
    wait = settings.alerting.group.wait
    return None if alone or not wait else Grouping(name=groups[endpoint], wait=wait)


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


def watched_judge(settings: Settings, name: str, clock: Clock, *, model: LanguageModel | None = None) -> "WatchedJudge":
    """Return a judge, ready to be asked and watched by its anchors.

    Raises
    ------
    ConfigError
        If no judge of that name is configured (slug ``judge-missing``).
    """
    from driftwatch.adapters.calendar import replays_per_year
    from driftwatch.config.judges import configured_judge
    from driftwatch.domain.judge_drift import PREFIX
    from driftwatch.services.bench import Judge
    from driftwatch.services.judge_watch import anchor_metrics, anchor_probes
    from driftwatch.services.our_side import our_side
    from driftwatch.services.recorded import kept_budget
    from driftwatch.services.streams import Budgets, plan_streams
    from driftwatch.services.watched import Watched, WatchedJudge

    wanted = configured_judge(settings, name)
    probes, scorers = anchor_probes()
    graded = [one for one in settings.endpoints if name in judges_of(build_scorers(probe_set(settings, one))[0])]
    # One that nobody uses is still calibrated.
    schedules = [one.schedule.as_schedule() for one in graded or settings.endpoints]
    # Its anchors are graded in every replay of every endpoint that it grades; the most frequent one's pace is taken.
    schedule = max(schedules, key=lambda one: replays_per_year(one, clock.now()))
    if wanted.anchors.every is not None:
        schedule = min(
            schedule, Every(interval=wanted.anchors.every), key=lambda one: replays_per_year(one, clock.now())
        )
    endpoint = _asked_endpoint(
        wanted, name=f"{PREFIX}{name}", probe_set=probes, schedule=schedule, baseline_replays=wanted.anchors.replays
    )
    model = model or language_model(endpoint, clock)
    metrics, pace = anchor_metrics(), replays_per_year(schedule, clock.now())
    alarms = settings.false_alarms
    return WatchedJudge(
        judge=Judge(name=name, endpoint=endpoint, model=model, votes=wanted.votes, confirm=wanted.confirm),
        watched=Watched(
            endpoint=endpoint,
            model=model,
            fingerprint=our_side(endpoint, model.identity),
            scorers=scorers,
            metrics=metrics,
            plans=plan_streams(
                metrics,
                Budgets(pages=kept_budget(alarms.pages, pace), notices=kept_budget(alarms.notices, pace)),
                replays_per_year=pace,
                baseline_replays=endpoint.baseline_replays,
            ),
            routes=audiences(settings),
        ),
        every=wanted.anchors.every or timedelta(0),
    )


def _asked_endpoint(
    wanted: "AskedSettings", *, name: str, probe_set: ProbeSet, schedule: "Schedule", baseline_replays: int
) -> Endpoint:
    """Return the endpoint that a model's settings describe."""
    return Endpoint(
        name=name,
        model=wanted.model,
        driver=resolve_driver(wanted.model, wanted.base_url, wanted.driver),
        base_url=resolve_base_url(wanted.model, wanted.base_url),
        api_key=wanted.key,
        params=wanted.params,
        price=price_of(wanted),
        probe_set=probe_set,
        schedule=schedule,
        baseline_replays=baseline_replays,
        concurrency=wanted.concurrency,
        attempts=wanted.attempts,
        deadline_s=wanted.timeout.total_seconds(),
        max_bytes=wanted.max_bytes,
    )


async def calibrate_judge(
    settings: Settings, name: str, labels: "Path", *, advance: "Advance" = lambda _what, _done, _of: None
) -> "Calibration":
    """Return how far a judge agrees with a person's labels, for no more than today's budget has left."""
    from driftwatch.adapters.records.labels import read_labels
    from driftwatch.services.calibrate import calibrate

    clock = system_clock()
    judge = watched_judge(settings, name, clock).judge
    given = read_labels(labels)
    try:
        return await calibrate(
            judge,
            given,
            clock=clock,
            guard=spend_guard(settings, clock),
            advance=lambda done: advance("graded", done, len(given)),
        )
    finally:
        await judge.model.aclose()


def calibration_data(settings: Settings, name: str, found: "Calibration") -> dict[str, Any]:
    """Return a calibration as it is written down: `config.judges.is_calibrated` reads it."""
    from driftwatch.config.judges import configured_judge, judge_identity

    wanted = configured_judge(settings, name)
    figures = {key: getattr(found, key) for key in ("agreement", "kappa", "alpha")}
    return {
        "version": 1,
        "judge": judge_identity(wanted),
        "model": wanted.model,
        "at": system_clock().now().isoformat(timespec="seconds"),
        "passed": not found.failed,
        "failed": list(found.failed),
        "labels": found.labels,
        "graded": found.graded,
        **{key: value if isfinite(value) else None for key, value in figures.items()},
        "classes": [{"label": one.value, "labels": one.labels, "agreed": one.agreed} for one in found.classes],
        "unscored": found.ungraded,
        "cost_usd": found.cost_usd,
    }


async def mine_border_inputs(
    settings: Settings,
    name: str,
    *,
    calls: int,
    usd: float | None,
    wanted: int,
    seed: int,
    advance: "Advance" = lambda _what, _done, _of: None,
) -> "Mined":
    """Return border inputs of an endpoint, found with no more calls and money than are allowed."""
    from driftwatch.services.mine import mine

    refuse_missing_keys(settings)
    clock = system_clock()
    endpoint = endpoint_of(settings, next(one for one in settings.endpoints if one.name == name))
    model = language_model(endpoint, clock)
    try:
        return await mine(
            endpoint,
            model,
            clock=clock,
            guard=spend_guard(settings, clock, most_usd=usd),
            calls=calls,
            wanted=wanted,
            seed=seed,
            advance=lambda done: advance("asked", done, calls),
        )
    finally:
        await model.aclose()


def price_is_known(settings: Settings, name: str) -> bool:
    """Return whether an endpoint's calls have a price, as configured or as its driver knows it."""
    return endpoint_of(settings, next(one for one in settings.endpoints if one.name == name)).price is not None


def spend_guard(settings: Settings, clock: Clock, *, most_usd: float | None = None) -> "SpendGuard":
    """Return what guards today's money, or less of it, for a command that keeps nothing; no store is made for it."""
    from driftwatch.services.spend import SpendGuard

    limit = settings.budget.usd_per_day if settings.budget else None
    spent = 0.0
    if limit is not None and store_exists(settings):
        with open_store(settings) as store:
            spent = store.spent_usd(since=midnight(clock.now()))
    if most_usd is not None:
        limit = spent + most_usd if limit is None else min(limit, spent + most_usd)
    return SpendGuard(limit_usd_per_day=limit, clock=clock, spent_today_usd=spent)


def may_page(settings: Settings, judge: str) -> bool:
    """Return whether a judge's verdicts may wake somebody: it is calibrated, or the user says so."""
    from driftwatch.config.judges import configured_judge, is_calibrated

    return configured_judge(settings, judge).uncalibrated == "page" or is_calibrated(settings, judge)


def watched_endpoints(settings: Settings, clock: Clock) -> tuple["Watched", ...]:
    """Return every endpoint of the configuration; nothing is sent yet."""
    judges: dict[str, WatchedJudge] = {}
    return tuple(watch(settings, endpoint_of(settings, wanted), clock, judges=judges) for wanted in settings.endpoints)


def endpoints_to_read(settings: Settings, clock: Clock) -> tuple["Watched", ...]:
    """Return every endpoint, and every judge that grades one, for reports: no driver is imported, none could ask."""
    judges: dict[str, WatchedJudge] = {}
    endpoints = tuple(
        watch(settings, endpoint_of(settings, wanted), clock, model=_NobodyAsks(), judges=judges)
        for wanted in settings.endpoints
    )
    return (*endpoints, *(judge.watched for _, judge in sorted(judges.items())))


class _NobodyAsks(LanguageModel):
    identity = "not asked"

    async def ask(self, question: Question) -> Reply:
        raise NotImplementedError("this endpoint was made for reading only")


def audiences(settings: Settings, endpoint: str = "") -> dict[Audience, Routes]:
    """Return which routes each audience hears of an endpoint on; operations share the notices' if they have none."""
    alerting = settings.alerting
    notices = alerting.notices or alerting.pages
    wanted = {
        Audience.PAGES: _by_rule(settings, endpoint, "page") or alerting.pages,
        Audience.NOTICES: _by_rule(settings, endpoint, "notice") or notices,
        Audience.OPS: _by_rule(settings, endpoint, "ops") or alerting.ops or notices,
    }
    # One route is told by its name alone, as ever.
    return {who: routes[0] if len(routes) == 1 else routes for who, routes in wanted.items() if routes}


def _by_rule(settings: Settings, endpoint: str, severity: str) -> tuple[str, ...]:
    """Return where the first rule that matches sends a message; nowhere in particular if none does."""
    wanted = next((one for one in settings.endpoints if one.name == endpoint), None)
    if wanted is None:
        return ()
    provider = wanted.model.partition("/")[0]
    for rule in settings.alerting.rules:
        if rule.matches(severity=severity, provider=provider, endpoint=wanted.name, tags=wanted.tags):
            return rule.to
    return ()


def notifiers(settings: Settings, clock: Clock, may_send: "MaySend | None" = None) -> dict[str, Notifier]:
    """Return the sink behind every route; routes that lead to one place share it."""
    places: dict[tuple[str, str, str | None], Notifier] = {}
    sinks = {}
    for name, route in settings.routes.items():
        place = (route.kind, route.secret.reveal(), route.channel)
        places[place] = places.get(place) or _fenced(_notifier(route, clock), may_send)
        sinks[name] = places[place]
    return sinks


def past_the_store(sinks: Mapping[str, Notifier], may_warn: "MaySend | None") -> Mapping[str, Notifier]:
    """Return the sinks for a message that the store is gone: a fence that asks it would let none out."""
    if may_warn is None:
        return sinks
    from driftwatch.adapters.notify.fenced import Fenced

    return {name: sink.behind(may_warn) if isinstance(sink, Fenced) else sink for name, sink in sinks.items()}


def _fenced(notifier: Notifier, may_send: "MaySend | None") -> Notifier:
    if may_send is None:
        return notifier
    from driftwatch.adapters.notify.fenced import Fenced

    return Fenced(notifier, may_send)


def _notifier(route: "Route", clock: Clock) -> Notifier:
    if route.kind == "slack_webhook":
        from driftwatch.adapters.notify.slack import SlackWebhook

        return SlackWebhook(route.secret, clock=clock)
    if route.kind == "slack_token":
        from driftwatch.adapters.notify.slack_bot import SlackBot

        return SlackBot(
            route.secret, route.channel or "", clock=clock, buttons=route.app_token is not None, chart=_report_picture
        )
    if route.kind == "pagerduty":
        from driftwatch.adapters.notify.pagerduty import PagerDuty

        return PagerDuty(route.secret, clock=clock)
    if route.kind == "apprise":
        from driftwatch.adapters.notify.apprise import Apprise

        return Apprise(route.secret)
    from driftwatch.adapters.notify.webhook import Webhook

    return Webhook(route.secret, clock=clock, signing_key=route.signing)


def _report_picture(delivery: Delivery) -> bytes | None:
    """Draw what a report's message shows, where that can be done; an incident's message has no chart frozen in it."""
    charts = delivery.payload.get("charts")
    if not charts:
        return None
    from driftwatch.presentation.drawing import drawn_png

    return next(iter(drawn_png(dict(list(charts.items())[-1:])).values()), None)


def buttons(settings: Settings, store: Store, clock: Clock) -> "tuple[SlackButtons, ...]":
    """Return what hears the buttons of each Slack app whose app-level token is given."""
    from driftwatch.services.press import press_button

    async def act(press: "Press") -> "Pressed":
        return await asyncio.to_thread(
            press_button, store, press, clock, lambda endpoint: audiences(settings, endpoint)
        )

    apps = {route.app_token.reveal(): route for route in settings.routes.values() if route.app_token}
    if not apps:
        return ()
    from driftwatch.adapters.notify.slack_allowed import Allowed
    from driftwatch.adapters.notify.slack_socket import SlackButtons
    from driftwatch.adapters.notify.slack_web import SlackWeb

    def allowed(token: str) -> list[Allowed]:
        return [
            Allowed(channel=one.channel or "", users=frozenset(one.allowed_users), groups=frozenset(one.allowed_groups))
            for one in settings.routes.values()
            if one.app_token and one.app_token.reveal() == token
        ]

    return tuple(
        SlackButtons(
            SlackWeb(Secret(token), clock=clock),
            SlackWeb(route.secret, clock=clock),
            act,
            clock=clock,
            routes=allowed(token),
        )
        for token, route in apps.items()
    )


def pager(
    settings: Settings,
    store: Store,
    clock: Clock,
    counts: "Counts | None" = None,
    *,
    may_send: "MaySend | None" = None,
    doubts: "Doubts | None" = None,
) -> "Pager":
    """Return what delivers the outbox; `may_send` is asked before each message, `doubts` before each first attempt."""
    from driftwatch.services.page import Pager

    return Pager(
        store,
        notifiers(settings, clock, may_send),
        clock=clock,
        fallback=fallback(settings),
        counts=counts,
        interval=settings.alerting.group.interval,
        wait=settings.alerting.group.wait,
        doubts=doubts or (lambda _row: False),
    )


def fallback(settings: Settings) -> str | None:
    """Return the route that is told what another one does not take: as configured, else operations' first."""
    return settings.alerting.fallback or next(iter(listed(audiences(settings).get(Audience.OPS))), None)


def world(settings: Settings, store: Store, clock: Clock) -> "World":
    """Return what a tick needs beside its endpoint; today's spending is read from the store."""
    from driftwatch.services.references import References
    from driftwatch.services.scoring_threads import ScoringThreads
    from driftwatch.services.spend import SpendGuard
    from driftwatch.services.tick import World

    limit = settings.budget.usd_per_day if settings.budget else None
    spent = store.spent_usd(since=midnight(clock.now()))
    return World(
        store=store,
        clock=clock,
        guard=SpendGuard(limit_usd_per_day=limit, clock=clock, spent_today_usd=spent),
        references=References(store),
        traces=traces(settings),
        network=own_network(settings, clock),
        scoring=ScoringThreads(end_scorers),
    )


def own_network(settings: Settings, clock: Clock) -> "OwnNetwork | None":
    """Return what tells our own network from a vendor's; None where nothing unrelated is known that could be asked."""
    from driftwatch.adapters.canary import HttpCanary
    from driftwatch.config.canaries import canary_addresses, endpoint_hosts
    from driftwatch.services.own_network import OwnNetwork

    addresses = canary_addresses(settings)
    if not addresses:
        return None
    return OwnNetwork(canary=HttpCanary(addresses), clock=clock, hosts=endpoint_hosts(settings))


def read_spending(world: "World", store: Store) -> None:
    """Let the guard of the day's money go on from what the store says by now."""
    world.guard.read_again(store.spent_usd(since=midnight(world.clock.now())))


def traces(settings: Settings) -> "Traces | None":
    """Return what tells an OpenTelemetry collector of every replay, None where none is configured."""
    wanted = settings.otel
    if wanted is None:
        return None
    try:
        from driftwatch.adapters.traces.otlp import OtlpTraces
    except ImportError as error:
        need = f"Remove `otel:`, or: {adding('otel')}"
        raise DriftwatchError(
            f"otel: {error.name or error} is not installed. {need}", slug="otel-not-installed"
        ) from None
    return OtlpTraces(
        wanted.endpoint,
        headers=wanted.headers,
        semconv=wanted.semconv,
        content=wanted.content,
        scores=wanted.scores,
        redact=redaction(settings),
    )


def score_imported(
    settings: Settings, store: Store
) -> "Callable[[Replay, Mapping[tuple[str, int], Mapping[str, float]]], Iterable[Score]]":
    """Return what scores an imported replay: what is measured without asking, and the golden set where one is known."""
    from driftwatch.services.references import complete, text_reference
    from driftwatch.services.score import score_replay

    names = {wanted.name: wanted for wanted in settings.endpoints}
    known: dict[str, Scorers] = {}

    def score(replay: Replay, given: Mapping[tuple[str, int], Mapping[str, float]]) -> Iterable[Score]:
        name = replay.slot.endpoint
        if name not in known:
            known[name] = build_scorers(probe_set(settings, names[name]))[0] if name in names else {}
        limit = text_reference(names[name].baseline.replays if name in names else DEFAULT_BASELINE)
        references = complete(store.reference_texts(name, epoch=replay.epoch, limit=limit), limit)
        scores = score_replay(replay.answers, known[name], references)
        return [s for s in scores if s.metric not in given.get((s.probe_key, s.sample), {})]

    return score


def midnight(now: datetime) -> datetime:
    """Return the beginning of the UTC day."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def system_clock() -> Clock:
    """Return the machine's own clock."""
    return SystemClock()


def steady_clock() -> Clock:
    """Return a clock that never steps back, for what lives long."""
    return SteadyClock()


def dead_man(settings: Settings) -> "Callable[[], Awaitable[None]] | None":
    """Return what tells the dead-man's switch that we live, if there is one."""
    if settings.deadman is None or settings.deadman.address is None:
        return None
    from driftwatch.adapters.deadman import DeadMan

    return DeadMan(settings.deadman.address).tell


def selftest_process(settings: Settings) -> "Callable[[], Awaitable[bool]] | None":
    """Return what runs `driftwatch selftest` beside the daemon: a CPU-bound minute must not make its latencies lie.

    None where it is not wanted, or where operations have no route: nothing could arrive there.
    """
    if settings.selftest.daily is None or Audience.OPS not in audiences(settings):
        return None

    async def run() -> bool:
        return await _own_command(settings, "selftest", "--json")

    return run


def weekly_report(settings: Settings) -> "Weekly | None":
    """Return when the weekly report is due and who gets it, if anybody does."""
    wanted = settings.alerting.report
    if wanted is None:
        return None
    from driftwatch.services.weekly import Weekly

    return Weekly(schedule=wanted.schedule, to=wanted.to)


def weekly_process(settings: Settings) -> Callable[[], Awaitable[bool]]:
    """Return what makes the weekly report beside the daemon: a CPU-bound minute must not make its latencies lie."""
    return lambda: _own_command(settings, "report", "--weekly", "--json")


async def _own_command(settings: Settings, *words: str) -> bool:
    """Run one of our commands in a process of its own; whether it succeeded."""
    from driftwatch.config.last_good import OF_THE_DAEMON

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "driftwatch", "-c", str(settings.file), *words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        env={**os.environ, OF_THE_DAEMON: "1"},
    )
    try:
        return await asyncio.wait_for(process.wait(), SELFTEST_S) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def redaction(settings: Settings) -> Callable[[str], str]:
    """Return what takes every secret of the configuration out of a text that leaves us."""
    # Longest first: one secret may be part of another.
    secrets = sorted((s for s in secrets_of(settings) if len(s) >= SHORTEST_SECRET), key=len, reverse=True)

    def redact(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "***")
        return text

    return redact


def secrets_of(settings: Settings) -> Sequence[str]:
    """Return every secret of the configuration, to be removed from logs."""
    keys = [one.key for one in (*settings.endpoints, *settings.judges.values())]
    keys += [secret for route in settings.routes.values() for secret in route.secrets]
    keys.append(settings.deadman.address if settings.deadman else None)
    keys.append(settings.http.secret)
    keys += settings.otel.secrets if settings.otel else ()
    keys += settings.store_secrets
    return tuple(key.reveal() for key in keys if key is not None)


Advance = Callable[[str, int, int | None], None]
"""(what is done, how much of it, out of how much if that is known)."""


def backtest_file(
    source: "Path | str | IO[bytes]",
    settings: Settings | None,
    *,
    baseline: int | None = None,
    pages: "FalseAlarmBudget | None" = None,
    advance: Advance = lambda _what, _done, _of: None,
) -> "tuple[tuple[Backtest, ...], ImportReport]":
    """Return what a file of records would have told of every endpoint in it, and the lines that could not be used.

    A configured endpoint is watched as its daemon does; of another one the records alone say what there is to watch.
    """
    from driftwatch.adapters.records.history import Scoring, recorded_history
    from driftwatch.services.backtest_fold import Fold
    from driftwatch.services.recorded import local_changes, recorded_metrics
    from driftwatch.services.references import text_reference

    with recorded_history(source) as history:
        history.load(lambda line: advance("reading", line, None))
        folds, scoring = {}, {}
        for name, known in sorted(history.endpoints.items()):
            found = recorded_metrics(known.values, logprobs=known.logprobs)
            trial = _trial(settings, name, found, known.moments, baseline=baseline, pages=pages, all_found=True)
            folds[name] = Fold(name, plans=trial.plans, shown=trial.shown, changed=local_changes)
            scoring[name] = Scoring(
                scorers=trial.scorers,
                references=text_reference(trial.baseline_replays),
                derives_pass="pass" in found and "pass" not in known.values,
            )
        wanted = sum(len(known.moments) for known in history.endpoints.values())
        for done, (name, event) in enumerate(history.events(scoring), start=1):
            folds[name].take(event)
            advance("replaying", done, wanted)
        return tuple(fold.result() for fold in folds.values()), history.report


def backtest_store(
    settings: Settings,
    store: Store,
    *,
    baseline: int | None = None,
    pages: "FalseAlarmBudget | None" = None,
    advance: Advance = lambda _what, _done, _of: None,
) -> "tuple[Backtest, ...]":
    """Return what the store's history tells of every endpoint in it; nothing is written."""
    from driftwatch.services.backtest_fold import Fold
    from driftwatch.services.recorded import recorded_metrics
    from driftwatch.services.stored import stored_events, stored_moments, stored_values

    names = store.endpoints()
    moments = {name: stored_moments(store, name) for name in names}
    wanted, done, results = sum(map(len, moments.values())), 0, []
    for name in names:
        known = name in {endpoint.name for endpoint in settings.endpoints}
        found = {} if known else recorded_metrics(stored_values(store, name), logprobs=False)
        trial = _trial(settings, name, found, moments[name], baseline=baseline, pages=pages, all_found=False)
        bursts = {burst.seq: burst for burst in store.bursts(name)}
        fold = Fold(name, plans=trial.plans, shown=trial.shown, bursts=bursts)
        for event in stored_events(store, name):
            fold.take(event)
            done += 1
            advance("replaying", min(done, wanted), wanted)
        results.append(fold.result())
    return tuple(results)


def _trial(
    settings: Settings | None,
    name: str,
    found: Mapping[str, Metric],
    moments: Iterable[datetime],
    *,
    baseline: int | None,
    pages: "FalseAlarmBudget | None",
    all_found: bool,
) -> "Trial":
    """Return how an endpoint's history is judged: as configured, else by what its records show."""
    from driftwatch.adapters.calendar import replays_per_year
    from driftwatch.config.settings import FalseAlarms
    from driftwatch.services.recorded import kept_budget, replays_per_year_of
    from driftwatch.services.streams import Budgets
    from driftwatch.services.trial import make_trial

    alarms = settings.false_alarms if settings else FalseAlarms()
    budgets = Budgets(pages=pages or alarms.pages, notices=alarms.notices)
    wanted = next((one for one in settings.endpoints if one.name == name), None) if settings else None
    if settings is None or wanted is None:
        pace = replays_per_year_of(moments)
        loose = Budgets(pages=pages or kept_budget(budgets.pages, pace), notices=kept_budget(budgets.notices, pace))
        learned = baseline or DEFAULT_BASELINE
        return make_trial(found, loose, replays_per_year=pace, baseline_replays=learned, scorers={})
    clock = system_clock()
    watched = watch(settings, endpoint_of(settings, wanted), clock, model=_NobodyAsks())
    return make_trial(
        {**(found if all_found else {}), **watched.metrics},
        budgets,
        replays_per_year=replays_per_year(watched.endpoint.schedule, clock.now()),
        baseline_replays=baseline or watched.endpoint.baseline_replays,
        scorers=watched.scorers,
        charts=wanted.charts,
    )


def plan_endpoints(settings: Settings) -> "tuple[EndpointPlan, ...]":
    """Return the plan of every endpoint; a store that is not there is not made."""
    from contextlib import ExitStack

    from driftwatch.adapters.calendar import replays_per_year
    from driftwatch.services.plan import plan_endpoint

    clock = system_clock()
    with ExitStack() as opened:
        store = opened.enter_context(open_store(settings)) if store_exists(settings) else None
        return tuple(
            plan_endpoint(one, store, replays_per_year=replays_per_year(one.endpoint.schedule, clock.now()))
            for one in endpoints_to_read(settings, clock)
        )
