"""What carries messages: the sink behind every route, the pager that empties the outbox, the buttons that answer."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from driftwatch.bootstrap.routing import audiences, fallback
from driftwatch.config.settings import Settings
from driftwatch.domain.delivery import Delivery
from driftwatch.domain.secret import Secret
from driftwatch.services.ports import Clock, Notifier, Store

if TYPE_CHECKING:
    from driftwatch.adapters.notify.fenced import MaySend
    from driftwatch.adapters.notify.slack_socket import SlackButtons
    from driftwatch.config.routes import Route
    from driftwatch.services.counts import Counts
    from driftwatch.services.deliver import Doubts
    from driftwatch.services.page import Pager
    from driftwatch.services.press import Press, Pressed
    from driftwatch.services.watched import Watched


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
            route.secret, route.channel or "", clock=clock, buttons=route.app_token is not None, chart=report_picture
        )
    if route.kind == "pagerduty":
        from driftwatch.adapters.notify.pagerduty import PagerDuty

        return PagerDuty(route.secret, clock=clock)
    if route.kind == "apprise":
        from driftwatch.adapters.notify.apprise import Apprise

        return Apprise(route.secret)
    from driftwatch.adapters.notify.webhook import Webhook

    return Webhook(route.secret, clock=clock, signing_key=route.signing)


def report_picture(delivery: Delivery) -> bytes | None:
    """Draw what a report's message shows, where that can be done; an incident's message has no chart frozen in it."""
    charts = delivery.payload.get("charts")
    if not charts:
        return None
    from driftwatch.presentation.drawing import drawn_png

    return next(iter(drawn_png(dict(list(charts.items())[-1:])).values()), None)


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


def buttons(settings: Settings, store: Store, clock: Clock, watched: "Sequence[Watched]") -> "tuple[SlackButtons, ...]":
    """Return what hears the buttons of each Slack app whose app-level token is given."""
    from driftwatch.services.press import press_button

    async def act(press: "Press") -> "Pressed":
        return await asyncio.to_thread(
            press_button, store, press, clock, lambda endpoint: audiences(settings, endpoint), watched=watched
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
