"""Slack's bad days, at random: it accepts, delays, drops, resets, rate-limits, and answers with a hotel's welcome page."""

import asyncio
from dataclasses import dataclass, field
from random import Random

from aiohttp import web

from driftwatch.testing.slack import FakeSlack


@dataclass
class Chaos:
    """Decides what happens to each request.

    Parameters
    ----------
    healthy : bool
        Everything works, as on a good day.
    """

    slack: FakeSlack
    chance: Random
    healthy: bool = False
    happened: dict[str, int] = field(default_factory=dict)
    _under_way: int = 0

    def begin(self) -> None:
        self.slack.always(self.on_message).always_asked(self.on_question)

    async def on_message(self, request: web.Request) -> web.StreamResponse:
        self._under_way += 1
        try:
            return await self._message(request)
        except ConnectionResetError:
            # Killed while it was still speaking: half a request is none.
            return web.Response(status=400)
        finally:
            self._under_way -= 1

    async def _message(self, request: web.Request) -> web.StreamResponse:
        slack, chance = self.slack, self.chance
        what = "well" if self.healthy else chance.choices(list(BAD_DAY), weights=list(BAD_DAY.values()))[0]
        self.happened[what] = self.happened.get(what, 0) + 1
        match what:
            case "late":
                await asyncio.sleep(chance.uniform(0.0, 0.2))
            case "accepted, then lost":
                return await slack.drop(accepted=True, reset=chance.random() < 0.5)(request)
            case "lost":
                return await slack.drop(accepted=False, reset=chance.random() < 0.5)(request)
            case "accepted, answered late":
                answer = await slack.well(request)
                await asyncio.sleep(chance.uniform(0.0, 0.4))
                return answer
            case "accepted, answered with HTML":
                await slack.well(request)
                return web.Response(text="<html>Welcome</html>", content_type="text/html")
            case "rate limited":
                return await slack.rate_limited(chance.choice(["0", "1", None]))(request)
            case "out of order":
                return web.Response(status=chance.choice([500, 502, 503, 504]), text="service_unavailable")
        return await slack.well(request)

    async def on_question(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self._question(request)
        except ConnectionResetError:
            return web.Response(status=400)

    async def _question(self, request: web.Request) -> web.StreamResponse:
        if self.healthy or self.chance.random() < 0.8:
            # Slack has a second's delay at most, and we ask after 15: here what is under way is waited for.
            while self._under_way:  # noqa: ASYNC110  # a count is no event
                await asyncio.sleep(0.005)
            return await self.slack.well(request)
        if self.chance.random() < 0.5:
            return web.Response(status=503, text="service_unavailable")
        return await self.slack.drop(accepted=False)(request)


BAD_DAY = {
    "well": 55.0,
    "late": 9.0,
    "accepted, then lost": 9.0,
    "lost": 7.0,
    "accepted, answered late": 8.0,
    "accepted, answered with HTML": 2.0,
    "rate limited": 4.0,
    "out of order": 6.0,
}
