"""What the types cannot see: names that must match, models that must be pinned, and what is worth a look."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from driftwatch.config.document import Document, dotted
from driftwatch.config.drivers import is_dated, key_variable
from driftwatch.config.faults import nearest, read_mapping
from driftwatch.config.interpolate import Where
from driftwatch.config.secrets import readable_by_all, secret_path
from driftwatch.config.settings import MOST_ENDPOINTS, Settings
from driftwatch.domain.errors import Problem
from driftwatch.domain.judge_drift import is_judge
from driftwatch.domain.schedule import Every
from driftwatch.stats.errors import BudgetError

NOT_YET: tuple[str, ...] = ()
"""Keys that this version accepts, so that files stay valid, and does not act on."""

_SECRET_FILES = (
    *("api_key_file", "slack_webhook_file", "slack_token_file", "slack_app_token_file", "webhook_file"),
    *("signing_key_file", "pagerduty_file", "apprise_file", "url_file", "headers_file", "token_file", "store_file"),
)
_ROUTED = ("pages", "notices", "ops", "fallback")

Values = Mapping[str, Any]


def faults(values: Values, document: Document) -> Iterator[Problem]:
    """Yield what is wrong across keys, in a file that may have wrong types as well."""
    seen: dict[str, int] = {}
    for path, endpoint in _endpoints(values):
        yield from _same_name(path, endpoint, seen, document)
        yield from _not_pinned(path, endpoint, document)
    for name, judge in read_mapping(values.get("judges")).items():
        if isinstance(judge, dict) and "params" in judge:
            yield from _not_pinned(("judges", str(name)), judge, document)
    yield from _unknown_routes(values, document)


def warnings(values: Values, document: Document, *, root: Path, environ: Mapping[str, str]) -> Iterator[Problem]:
    """Yield what is allowed and worth a look."""
    for path, endpoint in _endpoints(values):
        yield from _alias(path, endpoint, document)
    for name, judge in read_mapping(values.get("judges")).items():
        yield from _alias(("judges", str(name)), read_mapping(judge), document)
    for path, name in secret_files(values):
        if readable_by_all(secret_path(name, root=root, environ=environ)):
            met, need = f"the file of `{dotted(path)}` can be read by every user of this machine", "chmod 600 mends it."
            yield document.problem(path, met=met, need=need, slug="config-secret-exposed")
    for key in NOT_YET:
        path = tuple(key.split("."))
        if document.known(path) == path:
            met, need = f"`{key}` is accepted, and not acted on by this version", "leave it, or remove it."
            yield document.problem(path, met=met, need=need, slug="config-not-yet")
    if not read_mapping(values.get("alerting")).get("pages"):
        need = "add a route and `alerting: {pages: its-name}`."
        yield document.problem((), met="no route for pages: nobody is woken", need=need, slug="config-no-pages")


def missing_keys(settings: Settings, document: Document) -> Iterator[Problem]:
    """Yield the endpoints and judges whose vendor wants a key that is nowhere to be found."""
    for index, endpoint in enumerate(settings.endpoints):
        variable = key_variable(endpoint.model, endpoint.base_url)
        if endpoint.key is None and variable and endpoint.driver != "scripted":
            met = f"`endpoints[{index}]` ({endpoint.name}) has no key"
            need = f"set {variable} in the environment, or give `api_key_file:`."
            yield document.problem(("endpoints", index, "model"), met=met, need=need, slug="config-no-key")
    for name, judge in settings.judges.items():
        variable = key_variable(judge.model, judge.base_url)
        if judge.key is None and variable and judge.driver != "scripted":
            met, need = f"the judge `{name}` has no key", f"set {variable} in the environment, or give `api_key_file:`."
            yield document.problem(("judges", name, "model"), met=met, need=need, slug="config-no-key")


def unkeepable(settings: Settings, document: Document) -> Iterator[Problem]:
    """Yield the endpoints that are replayed too rarely for the false-alarm budget to mean anything."""
    for index, endpoint in enumerate(settings.endpoints):
        schedule = endpoint.schedule.as_schedule()
        if not isinstance(schedule, Every):
            continue
        for what, budget in (("pages", settings.false_alarms.pages), ("notices", settings.false_alarms.notices)):
            try:
                budget.arl_replays(365 * 86400 / schedule.interval.total_seconds())
            except BudgetError:
                met = f"`false_alarms.{what}` allows {endpoint.name} a false alarm in fewer than 20 replays"
                need = "accept fewer false alarms, or replay more often."
                yield document.problem(("endpoints", index, "schedule"), met=met, need=need, slug="config-false-alarms")


def _endpoints(values: Values) -> Iterator[tuple[Where, Values]]:
    listed = values.get("endpoints")
    for index, endpoint in enumerate(listed[:MOST_ENDPOINTS] if isinstance(listed, list) else []):
        yield ("endpoints", index), read_mapping(endpoint)


def _same_name(path: Where, endpoint: Values, seen: dict[str, int], document: Document) -> Iterator[Problem]:
    name = endpoint.get("name")
    if not isinstance(name, str):
        return
    if is_judge(name):
        met, need = f"the endpoint is called `{name[:60]}`", "take another name: those of judges begin so."
        yield document.problem((*path, "name"), met=met, need=need, slug="config-wrong-value")
    line = document.parsed.line_of((*path, "name"))
    if name in seen:
        met = f"a second endpoint is called `{name[:60]}`, the first on line {seen[name]}"
        need = "give it a name of its own: its history is kept under it."
        yield document.problem((*path, "name"), met=met, need=need, slug="config-duplicate-endpoint")
    seen.setdefault(name, line)


def _not_pinned(path: Where, endpoint: Values, document: Document) -> Iterator[Problem]:
    params = endpoint.get("params", {})
    if not endpoint or endpoint.get("driver") == "scripted" or not isinstance(params, dict):
        return
    temperature, seed = params.get("temperature"), params.get("seed")
    at = (*path, "params", "temperature")
    number = isinstance(temperature, int | float) and not isinstance(temperature, bool)
    if temperature is not None and not number:
        met, need = f"`{dotted(at)}` is not a number", "write it without quotes, as in `temperature: 0`."
        yield document.problem(at, met=met, need=need, slug="config-wrong-value")
    elif seed is None and temperature != 0:
        met = f"`{dotted(at)}` is {'not set' if temperature is None else f'{temperature:g}'}"
        need = "a pinned endpoint needs 0, or a seed. Set `temperature: 0`, or add `seed:`."
        yield document.problem(at, met=met, need=need, slug="endpoint-not-pinned")


def _alias(path: Where, endpoint: Values, document: Document) -> Iterator[Problem]:
    model = endpoint.get("model")
    ours = endpoint.get("base_url") or endpoint.get("driver") == "scripted"
    if isinstance(model, str) and not ours and not is_dated(model):
        met = f"`{dotted(path)}.model` {document.show((*path, 'model'))}, an alias that its vendor may move"
        need = "name a dated snapshot where there is one; a moved alias will be reported as drift."
        yield document.problem((*path, "model"), met=met, need=need, slug="endpoint-not-pinned")


def _unknown_routes(values: Values, document: Document) -> Iterator[Problem]:
    routes, alerting = read_mapping(values.get("routes")), read_mapping(values.get("alerting"))
    rules = alerting.get("rules")
    asked: list[tuple[Where, Any]] = [(("alerting", key), alerting.get(key)) for key in _ROUTED]
    asked.append((("alerting", "report", "to"), read_mapping(alerting.get("report")).get("to")))
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        asked.append((("alerting", "rules", index, "to"), read_mapping(rule).get("to")))
    for path, name in (one for where, names in asked for one in _one_by_one(where, names)):
        if isinstance(name, str) and name and name not in routes:
            near = nearest(name, routes)
            need = f"did you mean `{near}`?" if near else "add it under `routes:`."
            met = f"`{dotted(path)}` {document.show(path)}, and no route has that name"
            yield document.problem(path, met=met, need=need, slug="config-route")


def _one_by_one(path: Where, names: Any) -> Iterator[tuple[Where, Any]]:
    if isinstance(names, list):
        yield from (((*path, index), name) for index, name in enumerate(names))
    else:
        yield path, names


def secret_files(value: Any, path: Where = ()) -> Iterator[tuple[Where, str]]:
    """Yield every key that names a secret's file, and the name."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in _SECRET_FILES and isinstance(item, str):
                yield (*path, key), item
            elif key != "params":
                yield from secret_files(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from secret_files(item, (*path, index))
