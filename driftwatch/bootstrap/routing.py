"""Who is told, where, and together with whom."""

from driftwatch.config.drivers import resolve_base_url
from driftwatch.config.settings import Settings
from driftwatch.domain.decide import Audience
from driftwatch.domain.delivery import Routes, listed
from driftwatch.domain.endpoint import vendor_of
from driftwatch.domain.grouping import Grouping, family_of


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


def fallback(settings: Settings) -> str | None:
    """Return the route that is told what another one does not take: as configured, else operations' first."""
    return settings.alerting.fallback or next(iter(listed(audiences(settings).get(Audience.OPS))), None)


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
