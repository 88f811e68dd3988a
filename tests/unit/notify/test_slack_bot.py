"""The bot over a Slack that really keeps messages: one message an incident, its thread, and what may have arrived."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from structlog.testing import capture_logs

from driftwatch.adapters.notify.slack_bot import SlackBot
from driftwatch.adapters.store import SqlStore, open_store
from driftwatch.domain.delivery import Arrived, Delivery, DeliveryState
from driftwatch.domain.errors import DeliveryError
from driftwatch.domain.incident import Reason
from driftwatch.domain.metric import Severity
from driftwatch.services.page import Pager
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.slack import FakeSlack, serve_slack
from driftwatch.testing.slack_api import Message

from .examples import ENDED, INCIDENT, NOW, delivery, payload

PNG = b"\x89PNG\r\n\x1a\n not much of a picture"


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with serve_slack() as served:
        yield served


class Channel:
    """A pager, its outbox and one bot."""

    def __init__(self, store: SqlStore, slack: FakeSlack, **more: Any) -> None:
        self.store, self.slack, self.clock = store, slack, ManualClock(NOW)
        self.bot = SlackBot(slack.token, "#oncall", clock=self.clock, timeout_s=5.0, base_url=slack.api_url, **more)
        slack.workspace.id_of("#oncall")
        self.pager = Pager(store, {"oncall": self.bot}, clock=self.clock, rng=Random(7))

    def passes(self, times: int = 1, *, wait_s: float = 2.0) -> None:
        for _ in range(times):
            asyncio.run(self.pager.deliver_due())
            self.clock.advance(timedelta(seconds=wait_s))

    def tell(self, *rows: Delivery, times: int = 3) -> None:
        self.store.enqueue(rows)
        self.passes(times)

    @property
    def messages(self) -> list[Message]:
        return self.slack.workspace.messages


@pytest.fixture
def channel(tmp_path: Path, slack: FakeSlack) -> Iterator[Channel]:
    with open_store(f"sqlite:///{tmp_path}/driftwatch.db") as store:
        yield Channel(store, slack)


FIRST = delivery()
WORSE = delivery(
    payload(replace(INCIDENT, reason=Reason.WORSE)),
    key="gpt-x@vendor/1/42/WORSE/40@oncall",
    created_at=NOW + timedelta(hours=2),
)
END = delivery(
    payload(ENDED, severity=Severity.NOTICE), key="gpt-x@vendor/1/42/RESOLVED/60@oncall", severity=Severity.NOTICE,
    created_at=NOW + timedelta(hours=9),
)  # fmt: skip


def answers(message: Message) -> str:
    return str([block for block in message.body["blocks"] if "rich_text_preformatted" in str(block)])


def test_the_first_message_is_short_and_its_answers_follow_into_its_thread(channel: Channel) -> None:
    channel.tell(FIRST)
    first, details = channel.messages
    assert first.thread_ts is None
    assert answers(first) == "[]"
    assert details.thread_ts == first.ts
    assert "Sure! Here is the JSON" in answers(details)
    assert not details.body["reply_broadcast"]
    assert {d.key: d.state for d in channel.store.deliveries()} == {
        FIRST.key: DeliveryState.SENT,
        f"{FIRST.key}+details": DeliveryState.SENT,
    }


def test_news_renew_the_message_in_place_and_join_its_thread(channel: Channel) -> None:
    channel.tell(FIRST)
    channel.tell(END)
    first, _, end = channel.messages
    assert (first.edits, end.thread_ts) == (1, first.ts)
    assert "inc-42 resolved" in first.body["text"]
    assert "inc-42 resolved" in end.body["text"]
    assert not end.body["reply_broadcast"]


def test_what_must_wake_somebody_is_shown_in_the_channel_too(channel: Channel) -> None:
    """Slack notifies nobody of an edited message, nor of a reply in a thread that they do not follow."""
    channel.tell(FIRST)
    channel.tell(WORSE)
    assert channel.messages[-1].body["reply_broadcast"] is True


def test_a_thread_survives_a_restart_and_another_incident_has_its_own(channel: Channel, slack: FakeSlack) -> None:
    channel.tell(FIRST)
    other = delivery(payload(replace(INCIDENT, id=43, number=43), excerpts={}), key="gpt-x@vendor/1/43/FIRST/50@oncall")
    again = Channel(channel.store, slack)
    again.tell(other, END)
    first, _, *rest = channel.messages
    assert sorted(str(m.thread_ts) for m in rest) == sorted(["None", first.ts])


def test_an_incident_whose_message_was_deleted_gets_a_new_one(channel: Channel) -> None:
    channel.tell(FIRST)
    del channel.messages[:]
    channel.tell(END)
    [end] = channel.messages
    assert end.thread_ts is None


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize("row", ["first", "news"])
def test_fault_55_what_may_have_arrived_is_looked_for_and_sent_only_if_it_is_not_there(
    channel: Channel, slack: FakeSlack, accepted: bool, row: str
) -> None:
    if row == "news":
        channel.tell(FIRST)
    had = len(channel.messages)
    slack.then(slack.drop(accepted=accepted))
    told = FIRST if row == "first" else END
    channel.tell(told, times=20)
    carrying = [m for m in channel.messages if m.body["metadata"]["event_payload"]["key"] == told.key]
    assert len(carrying) == 1
    assert "possible repeat" not in carrying[0].body["text"]
    assert len(channel.messages) - had == (2 if row == "first" else 1)
    assert {d.state for d in channel.store.deliveries()} == {DeliveryState.SENT}


def test_a_message_is_found_however_many_came_after_it(channel: Channel, slack: FakeSlack) -> None:
    slack.workspace.page_size = 3
    channel.tell(FIRST)
    for number in range(10):
        slack.workspace.post({"channel": "#oncall", "text": f"chatter {number}"})
    assert asyncio.run(channel.bot.arrived(FIRST)).arrived is Arrived.YES
    assert asyncio.run(channel.bot.arrived(replace(FIRST, key="never sent"))).arrived is Arrived.NO


def test_a_message_is_found_in_a_channel_where_people_write_at_length(channel: Channel, slack: FakeSlack) -> None:
    """Found by 2,000 kills: a page of history beyond 64 KiB was refused, so what had arrived was sent again."""
    channel.tell(FIRST)
    for number in range(300):
        slack.workspace.post({"channel": "#oncall", "text": f"{number} " + "chatter " * 500})
    assert asyncio.run(channel.bot.arrived(FIRST)).arrived is Arrived.YES
    assert asyncio.run(channel.bot.arrived(replace(FIRST, key="never sent"))).arrived is Arrived.NO


def test_while_the_history_does_not_answer_a_page_is_not_sent_again(channel: Channel, slack: FakeSlack) -> None:
    slack.then(slack.drop(accepted=True)).always_asked(slack.json(200, ok=False, error="internal_error"))
    channel.tell(FIRST, times=60)
    assert len(channel.messages) == 1
    assert channel.store.deliveries()[0].state is DeliveryState.AMBIGUOUS
    slack.always_asked(None)
    channel.passes(200)
    assert len(channel.messages) == 2, "the page, and its details"
    assert {d.state for d in channel.store.deliveries()} == {DeliveryState.SENT}


def test_a_history_that_stays_silent_for_five_minutes_costs_a_possible_repeat_never_the_page(
    channel: Channel, slack: FakeSlack
) -> None:
    slack.then(slack.drop(accepted=False)).always_asked(slack.json(200, ok=False, error="internal_error"))
    channel.tell(FIRST, times=400)
    assert "possible repeat" in channel.messages[0].body["text"]


def test_fault_62_without_the_scope_a_warning_at_the_start_and_a_marked_repeat(
    channel: Channel, slack: FakeSlack
) -> None:
    slack.workspace.scopes -= {"channels:history"}

    def doubts() -> list[Any]:
        return [entry for entry in logs if entry["event"] == "a route cannot promise everything"]

    async def start() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(channel.pager.run(stop))
        async with asyncio.timeout(60):
            while not doubts():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        stop.set()
        await running

    with capture_logs() as logs:
        asyncio.run(start())
    [doubt] = doubts()
    assert "lacks channels:history" in doubt["why"]
    slack.then(slack.drop(accepted=True))
    channel.tell(FIRST, times=20)
    pages = [m.body["text"] for m in channel.messages if "+details" not in str(m.body["metadata"])]
    assert ["possible repeat" in text for text in pages] == [False, True]


def test_a_bot_that_may_read_has_no_doubts(channel: Channel) -> None:
    assert asyncio.run(channel.bot.doubts()) == ()


def test_a_chart_at_hand_goes_into_the_thread(tmp_path: Path, slack: FakeSlack) -> None:
    with open_store(f"sqlite:///{tmp_path}/driftwatch.db") as store:
        channel = Channel(store, slack, chart=lambda _: PNG)
        channel.tell(FIRST)
        [file] = slack.workspace.files
        assert PNG in file["content"]
        assert (file["name"], file["ts"]) == ("inc-42.png", channel.messages[0].ts)


@pytest.mark.parametrize("trouble", ["scope", "drawing"])
def test_a_chart_that_cannot_be_sent_costs_nothing_but_itself(tmp_path: Path, slack: FakeSlack, trouble: str) -> None:
    def draw(_: Delivery) -> bytes:
        if trouble == "drawing":
            raise ImportError("vl-convert")
        return PNG

    slack.workspace.scopes -= {"files:write"}
    with open_store(f"sqlite:///{tmp_path}/driftwatch.db") as store:
        channel = Channel(store, slack, chart=draw)
        channel.tell(FIRST)
        assert {d.state for d in store.deliveries()} == {DeliveryState.SENT}


def test_a_refused_update_does_not_lose_the_news(channel: Channel, slack: FakeSlack) -> None:
    channel.tell(FIRST)
    slack.then_asked(slack.json(200, ok=False, error="cant_update_message"))
    channel.tell(END)
    assert channel.messages[-1].thread_ts == channel.messages[0].ts


def test_an_update_that_may_have_arrived_makes_no_message_ambiguous(channel: Channel, slack: FakeSlack) -> None:
    channel.tell(FIRST)
    slack.then_asked(slack.drop(accepted=False))
    with pytest.raises(DeliveryError) as caught:
        asyncio.run(channel.bot.send(replace(END, thread=f"C00000000:{channel.messages[0].ts}")))
    assert not caught.value.ambiguous


def test_a_slack_that_is_down_at_the_start_is_not_a_scope_that_is_missing(channel: Channel, slack: FakeSlack) -> None:
    """Started in an outage of Slack, the log told to add a scope that the token had."""
    slack.always_asked(slack.answer(500, "oops"))
    [doubt] = asyncio.run(channel.bot.doubts())
    assert "scope" not in doubt
    assert "out of order" in doubt
    assert ".." not in doubt
