"""Lines 53 to 60 of the fault catalogue: pager, SQLite outbox, slack-sdk and a real HTTP server on loopback."""

import asyncio
import json
import logging
import re
import resource
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from structlog.testing import capture_logs

from driftwatch.adapters.notify.slack import SlackWebhook
from driftwatch.adapters.notify.slack_bot import SlackBot
from driftwatch.adapters.store import SqlStore, open_store
from driftwatch.domain.delivery import Delivery, DeliveryState
from driftwatch.domain.incident import Incident, IncidentState, Reason
from driftwatch.domain.metric import Severity
from driftwatch.domain.payload import payload_for
from driftwatch.services.page import Pager
from driftwatch.services.ports import Notifier
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.slack import Behaviour, FakeSlack, serve_slack

START = datetime(2026, 7, 20, 6, tzinfo=UTC)
Sink = Callable[[FakeSlack, ManualClock], Notifier]


def webhook(slack: FakeSlack, clock: ManualClock) -> Notifier:
    return SlackWebhook(slack.webhook_url, clock=clock, timeout_s=2.0)


def bot(slack: FakeSlack, clock: ManualClock) -> Notifier:
    return SlackBot(slack.token, "#oncall", clock=clock, timeout_s=2.0, base_url=slack.api_url)


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with serve_slack() as served:
        yield served


@pytest.fixture
def ops() -> Iterator[FakeSlack]:
    with serve_slack() as served:
        yield served


@pytest.fixture(params=[webhook, bot])
def sink(request: pytest.FixtureRequest) -> Sink:
    return request.param  # type: ignore[no-any-return]


class Night:
    """An outbox, a clock, two routes, and time that passes only when told."""

    def __init__(self, store: SqlStore, oncall: Notifier, ops: Notifier, clock: ManualClock) -> None:
        self.store, self.clock = store, clock
        self.pager = Pager(store, {"oncall": oncall, "ops": ops}, clock=clock, fallback="ops", rng=Random(7))

    def promise(self, *numbers: int, route: str = "oncall", **changes: Any) -> None:
        self.store.enqueue([promise(number, route, **changes) for number in numbers])

    def passes(self, times: int = 1, *, then_wait_s: float = 0.0) -> None:
        for _ in range(times):
            asyncio.run(self.pager.deliver_due())
            self.clock.advance(timedelta(seconds=then_wait_s))

    def states(self, route: str = "oncall") -> list[DeliveryState]:
        return [d.state for d in self.store.deliveries() if d.route == route]


@pytest.fixture
def night(tmp_path: Path, slack: FakeSlack, ops: FakeSlack, sink: Sink) -> Iterator[Night]:
    clock = ManualClock(START)
    with open_store(f"sqlite:///{tmp_path}/driftwatch.db") as store:
        yield Night(store, sink(slack, clock), webhook(ops, clock), clock)


def promise(number: int, route: str = "oncall", **changes: Any) -> Delivery:
    incident = Incident(
        id=number, endpoint=f"bot-{number}", epoch=1, number=number, state=IncidentState.FIRING, severity=Severity.PAGE,
        reason=Reason.FIRST, opened_at=START, updated_at=START, detail="the endpoint now answers as gpt-y",
    )  # fmt: skip
    payload = payload_for(incident, reason=Reason.FIRST, severity=Severity.PAGE, now=START)
    facts = {
        "key": f"{incident.key}/FIRST/7@{route}", "route": route, "severity": Severity.PAGE, "payload": payload,
        "created_at": START + timedelta(milliseconds=number),
    }  # fmt: skip
    return Delivery(**(facts | changes))


def told(slack: FakeSlack) -> list[str]:
    """Return whom the messages people saw were about."""
    return [post.text.partition(" ")[0] for post in slack.posts]


@pytest.mark.parametrize(
    ("retry_after", "waited_s"), [("20", 20.0), ("Mon, 20 Jul 2026 06:00:40 GMT", 40.0), (None, 2.0)]
)
def test_fault_53_rate_limited_waits_as_asked_in_order_and_others_go_on(
    night: Night, slack: FakeSlack, ops: FakeSlack, retry_after: str | None, waited_s: float
) -> None:
    slack.then(slack.rate_limited(retry_after))
    night.promise(1, 2)
    night.promise(3, route="ops")
    night.passes()
    assert (told(slack), told(ops)) == ([], ["bot-3"])
    if retry_after:
        night.clock.advance(timedelta(seconds=waited_s - 1 - (night.clock.now() - START).total_seconds()))
        night.passes()
        assert told(slack) == []
    night.passes(2, then_wait_s=waited_s)
    night.passes()
    assert told(slack) == ["bot-1", "bot-2"]
    assert "possible repeat" not in slack.posts[0].text


def hours_of_trouble(slack: FakeSlack) -> list[Behaviour]:
    return [slack.answer(503, "service_unavailable"), slack.answer(500, "rollup_error"), slack.drop(accepted=False)]


def test_fault_54_six_hours_of_5xx_and_lost_connections_end_in_one_delivery(
    night: Night, slack: FakeSlack, ops: FakeSlack
) -> None:
    trouble = hours_of_trouble(slack)
    night.promise(1)
    for minute in range(6 * 60):
        slack.always(trouble[minute % 3])
        night.passes(then_wait_s=60.0)
        if minute == 3:
            assert not ops.posts
    assert told(ops) == ["bot-1"]
    assert "route oncall did not take it" in ops.posts[0].text
    # Enqueued at five minutes, sent with the next pass; passes are a minute and a few seconds apart here.
    assert re.search(r"delayed by [567] min", ops.posts[0].text)
    slack.always(None)
    night.passes(10, then_wait_s=60.0)
    assert told(slack) == ["bot-1"]
    assert re.search(r"delayed by 3\d\d min", slack.posts[0].text)
    assert night.states() == [DeliveryState.SENT]


@pytest.mark.parametrize("silence", ["hang", "connect"])
def test_fault_54_a_silent_slack_is_cut_off_by_one_total_deadline(slack: FakeSlack, sink: Sink, silence: str) -> None:
    clock = ManualClock(START)
    notifier = sink(slack, clock)
    if isinstance(notifier, SlackBot):
        notifier._web.timeout_s = 0.3
    else:
        notifier._timeout_s = 0.3  # type: ignore[attr-defined]
    slack.then(slack.hang(20.0))
    night_of = promise(1)
    loop_time: list[float] = []

    async def send() -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            await notifier.send(night_of)
        finally:
            loop_time.append(loop.time() - started)

    with pytest.raises(Exception, match="did not answer"):
        asyncio.run(send())
    assert loop_time[0] < 2.0


@pytest.mark.parametrize("reset", [True, False])
def test_fault_55_accepted_then_lost_is_never_reposted_by_the_library(
    night: Night, slack: FakeSlack, *, reset: bool
) -> None:
    """slack-sdk's default handler posts again at once; ours waits 15 s and says that it may be a repeat."""
    slack.then(slack.drop(accepted=True, reset=reset))
    night.promise(1)
    night.passes(14, then_wait_s=1.0)
    assert (told(slack), slack.requests) == (["bot-1"], 1)
    night.passes(20, then_wait_s=1.0)
    # A bot looks for the message by its metadata; a webhook cannot be asked, so the second one says so.
    looked_up = isinstance(night.pager._sinks["oncall"].notifier, SlackBot)
    assert [("possible repeat" in post.text) for post in slack.posts] == ([False] if looked_up else [False, True])
    assert night.states() == [DeliveryState.SENT]


@pytest.mark.parametrize("body", ["<html>Welcome to the hotel</html>", "", "OK!", '{"ok": true', "null", "[]"])
def test_fault_56_a_200_that_is_not_slacks_ok_is_no_success(night: Night, slack: FakeSlack, body: str) -> None:
    slack.then(slack.answer(200, body, {"Content-Type": "text/html"}), slack.answer(200, body))
    night.promise(1)
    night.passes()
    assert night.states() == [DeliveryState.AMBIGUOUS]
    night.passes(60, then_wait_s=2.0)
    assert told(slack) == ["bot-1"]
    assert night.states() == [DeliveryState.SENT]


def test_fault_56_ok_false_is_no_success(night: Night, slack: FakeSlack) -> None:
    slack.then(slack.json(200, ok=False, error="internal_error"))
    night.promise(1)
    night.passes()
    assert night.states() == [DeliveryState.PENDING]
    night.passes(10, then_wait_s=2.0)
    assert told(slack) == ["bot-1"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, "no_service"),
        (410, "channel_is_archived"),
        (403, "invalid_token"),
        (200, json.dumps({"ok": False, "error": "invalid_auth"})),
        (200, json.dumps({"ok": False, "error": "is_archived"})),
        (200, json.dumps({"ok": False, "error": "channel_not_found"})),
    ],
)
def test_fault_57_what_cannot_succeed_is_dead_and_told_on_ops_at_once(
    night: Night, slack: FakeSlack, ops: FakeSlack, status: int, body: str
) -> None:
    kind = "application/json" if body.startswith("{") else "text/plain"
    slack.always(slack.answer(status, body, {"Content-Type": kind}))
    night.promise(1)
    with capture_logs() as logs:
        night.passes(2)
    assert night.states() == [DeliveryState.DEAD]
    assert slack.requests == 1
    assert told(ops) == ["bot-1"]
    assert "route oncall did not take it" in ops.posts[0].text
    assert ("error", "message refused, fallback told") in {(entry["log_level"], entry["event"]) for entry in logs}


def test_fault_58_a_300_mb_reply_is_not_read(night: Night, slack: FakeSlack) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slack.then(slack.huge_reply(300_000_000))
    night.promise(1)
    night.passes()
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    # What was on its way in socket and stream buffers of both sides, which share this process.
    assert slack.sent_bytes < 30_000_000
    assert grown_mb < 60
    assert night.states() == [DeliveryState.AMBIGUOUS]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_fault_59_a_redirect_is_not_followed(night: Night, slack: FakeSlack, ops: FakeSlack, status: int) -> None:
    slack.always(slack.answer(status, "", {"Location": "/elsewhere"}))
    night.promise(1)
    night.passes(2)
    assert (slack.strayed, slack.requests) == (0, 1)
    assert told(ops) == ["bot-1"]


def test_fault_60_what_slack_finds_too_big_arrives_with_less_detail(night: Night, slack: FakeSlack, sink: Sink) -> None:
    """Slack's own limits are not all documented: a refusal for size costs detail, never the message."""
    refusal = (
        slack.answer(400, "invalid_blocks") if sink is webhook else slack.json(200, ok=False, error="invalid_blocks")
    )
    # A bot's first message starts without the answers: they follow into its thread.
    slack.then(*[refusal] * (2 if sink is webhook else 1))
    night.promise(1)
    night.passes()
    assert told(slack) == ["bot-1"]
    assert "blocks" not in slack.posts[0].body
    assert night.states() == [DeliveryState.SENT]


def test_fault_60_a_huge_incident_fits_slacks_limits(night: Night, slack: FakeSlack) -> None:
    long = "<&>" * 5_000
    answers = [{"probe": f"p{n}", "old_answer": long, "new_answer": long} for n in range(60)]
    finding = {"metric": long, "chart": long, "statistic": 9.0, "threshold": 4.8, "direction": -1}
    said = promise(1).payload | {"moved": answers, "findings": [finding] * 40, "comment": long, "detail": long}
    night.promise(1, payload=said)
    night.passes()
    assert (told(slack), slack.requests) == (["bot-1"], 1)
    assert "metadata" in slack.posts[0].body or "Bearer" not in str(slack.posts[0].headers)


def test_no_error_log_or_row_ever_holds_the_address_or_the_token(
    night: Night, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for behaviour in (slack.redirect(), slack.answer(404, "no_service"), slack.drop(accepted=False), slack.hang(5.0)):
        slack.then(behaviour)
    night.promise(1, 2, 3, 4, 5)
    with capture_logs() as logs:
        night.passes(6, then_wait_s=20.0)
    told_all = caplog.text + str(logs) + str([replace(d, payload={}) for d in night.store.deliveries()])
    assert "/services/" not in told_all
    assert slack.token.reveal() not in told_all
    assert len([d for d in night.store.deliveries() if d.error]) >= 2


def test_an_unreachable_slack_is_not_an_ambiguous_one(sink: Sink) -> None:
    """Nothing was written, so the next attempt is no possible repeat."""
    clock = ManualClock(START)
    with serve_slack() as gone:
        notifier = sink(gone, clock)
    with pytest.raises(Exception, match="could not be reached") as caught:
        asyncio.run(notifier.send(promise(1)))
    assert not caught.value.ambiguous  # type: ignore[attr-defined]


def test_the_web_api_returns_the_remotes_id_and_carries_the_key(slack: FakeSlack) -> None:
    sent = asyncio.run(bot(slack, ManualClock(START)).send(promise(1)))
    assert sent == "C00000000:4000000000.000001"
    assert slack.posts[0].body["metadata"]["event_payload"] == {"key": promise(1).key}
