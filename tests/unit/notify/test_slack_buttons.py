"""Buttons in socket mode, over a real WebSocket: what a press does, who did it, and what people see of it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from driftwatch.adapters.notify import slack_socket
from driftwatch.adapters.notify.render import BUTTON, render
from driftwatch.adapters.notify.slack_allowed import Allowed, Doorkeeper
from driftwatch.adapters.notify.slack_body import slack_body
from driftwatch.adapters.notify.slack_bot import SlackBot
from driftwatch.adapters.notify.slack_socket import SlackButtons
from driftwatch.adapters.notify.slack_web import SlackWeb
from driftwatch.adapters.store import SqlStore, open_store
from driftwatch.domain.decide import Audience
from driftwatch.domain.errors import DriftwatchError
from driftwatch.domain.incident import Incident, IncidentState, Reason
from driftwatch.domain.secret import Secret
from driftwatch.services.page import Pager
from driftwatch.services.press import SILENCED_FOR, Press, Pressed, press_button
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.slack import FakeSlack
from driftwatch.testing.slack_socket import pressed
from tests.unit.report.scripted import mined

from .examples import ENDED, EXAMPLES, INCIDENT, NOW, delivery, payload
from .hostile import AROUND, HOSTILE, everywhere
from .slack_model import acts

ADA = {"id": "U012AB3CD", "username": "ada", "name": "ada"}
ROUTES = {Audience.PAGES: "oncall", Audience.NOTICES: "oncall", Audience.OPS: "oncall"}


class Room:
    """A channel with a page in it, and driftwatch listening."""

    def __init__(self, slack: FakeSlack, store: SqlStore, buttons: SlackButtons, pager: Pager) -> None:
        self.slack, self.store, self.buttons, self.pager = slack, store, buttons, pager

    @property
    def page(self) -> dict[str, Any]:
        first = self.slack.workspace.messages[0]
        return {"channel": first.channel, "ts": first.ts}

    async def press(self, verb: str, value: str = "42", user: dict[str, str] = ADA) -> None:
        await self.slack.socket.send(pressed(f"{BUTTON}{verb}", value, message=self.page, user=user))
        await asyncio.sleep(0.1)

    async def until(self, happened: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not happened():  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    def incident(self) -> Incident:
        found = self.store.incident(42)
        assert found is not None
        return found

    def said(self) -> list[str]:
        return [str(m.body["text"]) for m in self.slack.workspace.messages]


@asynccontextmanager
async def room(folder: Path, **more: Any):
    clock = ManualClock(NOW)
    async with FakeSlack() as slack:
        with open_store(f"sqlite:///{folder}/driftwatch.db") as store:
            store.save_incident(INCIDENT, [delivery(payload(excerpts={}))])
            bot = SlackBot(slack.token, "#oncall", clock=clock, base_url=slack.api_url, buttons=True)
            pager = Pager(store, {"oncall": bot}, clock=clock)
            await pager.deliver_due()

            async def act(press: Press) -> Pressed:
                return await asyncio.to_thread(
                    press_button,
                    store,
                    press,
                    clock,
                    more.get("routes_of", lambda _: ROUTES),
                    watched=[mined("gpt-x@vendor")],
                )

            app = SlackWeb(more.get("app_token", slack.app_token), clock=clock, base_url=slack.api_url)
            web = SlackWeb(slack.token, clock=clock, base_url=slack.api_url)
            buttons = SlackButtons(app, web, act, clock=clock, routes=more.get("routes", ()))
            listening = asyncio.create_task(buttons.run())
            try:
                yield Room(slack, store, buttons, pager)
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)


def played(folder: Path, script: Callable[[Room], Awaitable[None]], **more: Any) -> None:
    async def scenario() -> None:
        async with room(folder, **more) as here:
            if "app_token" not in more:
                await here.until(here.buttons.connected.is_set)
            await script(here)

    asyncio.run(scenario())


def test_acknowledge_is_recorded_with_who_pressed_and_the_message_says_so(tmp_path: Path) -> None:
    async def script(here: Room) -> None:
        await here.press("ack")
        await here.until(lambda: here.incident().state is IncidentState.ACKNOWLEDGED)
        assert here.incident().by == "ada (Slack U012AB3CD)"
        await here.pager.deliver_due()
        first, news = here.slack.workspace.messages
        assert "acknowledged by ada" in first.body["text"]
        assert news.thread_ts == first.ts
        verbs = [
            b["action_id"] for block in first.body["blocks"] for b in block.get("elements", ()) if "action_id" in b
        ]
        assert verbs == [f"{BUTTON}silence", f"{BUTTON}accept"]

    played(tmp_path, script)


def test_accept_ends_the_incident_and_begins_a_new_baseline(tmp_path: Path) -> None:
    async def script(here: Room) -> None:
        before = here.store.epoch("gpt-x@vendor")
        await here.press("accept")
        await here.until(lambda: here.incident().state is IncidentState.ACCEPTED)
        assert here.store.epoch("gpt-x@vendor") == before + 1
        await here.pager.deliver_due()
        first = here.slack.workspace.messages[0]
        assert "accepted by ada" in first.body["text"]
        assert BUTTON not in str(first.body["blocks"]), "nothing is left to press"

    played(tmp_path, script)


ADVICE = "to find new ones: driftwatch mine gpt-x@vendor --force"


def test_who_presses_accept_is_reminded_to_mine_border_inputs_again(tmp_path: Path) -> None:
    """Only the shell said so: who pressed here kept on asking prompts that were ties of the model before."""

    async def script(here: Room) -> None:
        await here.press("accept")
        await here.until(lambda: here.incident().state is IncidentState.ACCEPTED)
        await here.pager.deliver_due()
        for message in here.slack.workspace.messages:
            assert ADVICE in message.body["text"]
            assert ADVICE in str(message.body["blocks"])

    played(tmp_path, script)


def test_who_presses_accept_where_nobody_is_told_is_reminded_all_the_same(tmp_path: Path) -> None:
    async def script(here: Room) -> None:
        await here.press("accept")
        await here.until(lambda: len(here.said()) == 2)
        assert here.said()[1].endswith(ADVICE)

    played(tmp_path, script, routes_of=lambda _: {})


def test_silence_lasts_four_hours_and_the_thread_hears_of_it(tmp_path: Path) -> None:
    async def script(here: Room) -> None:
        await here.press("silence")
        await here.until(lambda: len(here.said()) == 2)
        [silence] = here.store.silences(now=NOW)
        assert (silence.endpoint, silence.by) == ("gpt-x@vendor", "ada (Slack U012AB3CD)")
        assert silence.ends_at - silence.starts_at == SILENCED_FOR
        assert "Nobody is told about gpt-x@vendor until" in here.said()[1]

    played(tmp_path, script)


def test_a_second_press_on_silence_leaves_one_silence_which_one_command_ends(tmp_path: Path) -> None:
    """Two presses made two silences: whoever ended the first was told that pages come again, and none came."""

    async def script(here: Room) -> None:
        for _ in range(2):
            await here.press("silence")
        await here.until(lambda: bool(here.slack.workspace.ephemeral))
        [standing] = here.store.silences(now=NOW)
        [whispered] = here.slack.workspace.ephemeral
        assert f"driftwatch silence --end {standing.id}" in whispered["text"]
        # The first press's answer is sent beside the second's.
        await here.until(lambda: any("Nobody is told" in said for said in here.said()))
        assert sum("Nobody is told" in said for said in here.said()) == 1

    played(tmp_path, script)


def test_a_silence_is_pressed_longer_when_some_of_it_has_passed(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    with open_store(f"sqlite:///{tmp_path}/driftwatch.db") as store:
        store.save_incident(INCIDENT, [])
        press = Press(verb="silence", incident=42, user_id="U1", user_name="ada", channel="C1", thread="1.1")
        press_button(store, press, clock, lambda _: ROUTES, watched=())
        clock.advance(timedelta(hours=1))
        press_button(store, press, clock, lambda _: ROUTES, watched=())
        assert [one.ends_at for one in store.silences(now=clock.now())] == [
            NOW + SILENCED_FOR,
            NOW + SILENCED_FOR + timedelta(hours=1),
        ]


def test_silence_on_an_incident_that_has_ended_keeps_nothing_back(tmp_path: Path) -> None:
    """The button of an old message silenced its endpoint for four hours: the next page would have been kept back."""

    async def script(here: Room) -> None:
        await here.press("accept")
        await here.until(lambda: here.incident().state is IncidentState.ACCEPTED)
        await here.press("silence")
        await here.until(lambda: bool(here.slack.workspace.ephemeral))
        assert not here.store.silences(now=NOW)
        assert "only an open incident" in here.slack.workspace.ephemeral[0]["text"]

    played(tmp_path, script)


def test_a_second_press_changes_nothing_and_tells_its_presser_alone(tmp_path: Path) -> None:
    async def script(here: Room) -> None:
        for _ in range(2):
            await here.press("ack")
        await here.until(lambda: bool(here.slack.workspace.ephemeral))
        [whispered] = here.slack.workspace.ephemeral
        assert whispered["user"] == "U012AB3CD"
        assert "acknowledged already" in whispered["text"]

    played(tmp_path, script)


def test_presses_are_done_one_after_the_other() -> None:
    """Under load two quick presses both found the incident untaken, and both were told."""
    under_way, most = 0, 0

    async def act(_: Press) -> Pressed:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return Pressed(sentence="done", told=True)

    async def twice() -> None:
        clock = ManualClock(NOW)
        web = SlackWeb(Secret("xoxb-unused"), clock=clock)
        buttons = SlackButtons(web, web, act, clock=clock)
        press = Press(verb="ack", incident=42, user_id="U1", user_name="ada", channel="C1", thread="1.0")
        await asyncio.gather(buttons._pressed(press), buttons._pressed(press))
        assert most == 1

    asyncio.run(twice())


@pytest.mark.parametrize(
    ("verb", "value"), [("ack", "42; DROP"), ("ack", "-1"), ("ack", "٤٢"), ("ack", ""), ("reboot", "42")]
)
def test_what_is_not_a_button_of_ours_does_nothing(tmp_path: Path, verb: str, value: str) -> None:
    async def script(here: Room) -> None:
        await here.press(verb, value)
        await here.slack.socket.send({"type": "view_submission"})
        await here.slack.socket.send({"command": "/ack"}, kind="slash_commands")
        assert here.incident() == INCIDENT

    played(tmp_path, script)


def test_a_name_that_wants_to_ping_pings_nobody(tmp_path: Path) -> None:
    async def script(here: Room) -> None:
        await here.press("silence", user={"id": "U1", "username": "<!channel>"})
        await here.until(lambda: len(here.said()) == 2)
        assert acts(here.slack.workspace.messages[1].body) == []

    played(tmp_path, script)


def test_a_connection_that_slack_ends_is_made_again(tmp_path: Path) -> None:
    async def script(here: Room) -> None:
        await here.slack.socket.refresh()
        await here.until(lambda: here.slack.socket.opened == 2 and bool(here.slack.socket.connections))
        await here.press("ack")
        await here.until(lambda: here.incident().state is IncidentState.ACKNOWLEDGED)

    played(tmp_path, script)


def test_waiting_for_presses_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each second of a quiet connection left one task behind that waited for its end: 86 400 a day."""
    monkeypatch.setattr(slack_socket, "LOOK_S", 0.01)

    async def script(_: Room) -> None:
        before = len(asyncio.all_tasks())
        await asyncio.sleep(0.3)
        # The library starts and ends some of its own.
        assert len(asyncio.all_tasks()) <= before + 3

    played(tmp_path, script)


def test_a_wrong_app_token_is_said_and_pages_go_out_all_the_same(tmp_path: Path) -> None:
    async def script(here: Room) -> None:
        await here.until(lambda: any("not heard" in entry["event"] for entry in logs))
        assert len(here.said()) == 1

    with capture_logs() as logs:
        played(tmp_path, script, app_token=Secret("xapp-wrong"))
    assert "xapp-wrong" not in str(logs)


@pytest.mark.parametrize("name", EXAMPLES)
def test_only_an_open_incident_has_buttons_and_not_its_answers_in_the_thread(name: str) -> None:
    said = EXAMPLES[name]
    found = BUTTON in str(render(said, buttons=True).blocks)
    assert found == (said.get("state") in ("firing", "acknowledged") and said.get("part") is None)


def test_a_webhook_has_no_buttons_for_nobody_would_hear_them() -> None:
    assert BUTTON not in str(render(payload()).blocks)
    assert BUTTON not in str(render(payload(ENDED, reason=Reason.RESOLVED), buttons=True).blocks)


def test_no_hostile_string_makes_or_moves_a_button() -> None:
    ours = [a.text for a in acts(slack_body(render(payload(), buttons=True)))]
    assert len(ours) == 4, "the row, and three buttons in it"
    for text in HOSTILE[:: len(AROUND)]:
        body = slack_body(render(everywhere(text), buttons=True))
        assert [a.text for a in acts(body)] == ours, text


def test_a_press_names_the_person_and_the_id() -> None:
    press = Press(verb="ack", incident=42, user_id="U1", user_name="ada", channel="C1", thread="1.2")
    assert replace(press, user_name="bob").by == "bob (Slack U1)"


# -- who may press ---------------------------------------------------------------------------------

GROUP = "S034EF5GH"
BOB = {"id": "U999ZZ9ZZ", "username": "bob", "name": "bob"}


def whispers(here: Room) -> list[str]:
    return [str(body["text"]) for body in here.slack.workspace.ephemeral]


def test_who_is_not_on_the_list_is_refused_in_a_message_of_their_own_and_nothing_changes(tmp_path: Path) -> None:
    async def script(here: Room) -> None:
        await here.press("ack", user=BOB)
        await here.until(lambda: bool(whispers(here)))
        assert "You may not press here, bob" in whispers(here)[0]
        assert here.incident() == INCIDENT
        await here.press("ack")
        await here.until(lambda: here.incident().state is IncidentState.ACKNOWLEDGED)

    played(tmp_path, script, routes=[Allowed(channel="#oncall", users=frozenset({ADA["id"]}))])


def test_members_of_an_allowed_group_may_press(tmp_path: Path) -> None:
    async def script(here: Room) -> None:
        here.slack.workspace.scopes |= {"usergroups:read"}
        here.slack.workspace.groups[GROUP] = [ADA["id"]]
        await here.press("ack", user=BOB)
        await here.until(lambda: bool(whispers(here)))
        await here.press("ack")
        await here.until(lambda: here.incident().state is IncidentState.ACKNOWLEDGED)

    played(tmp_path, script, routes=[Allowed(channel="#oncall", groups=frozenset({GROUP}))])


def test_where_slack_does_not_say_who_is_in_a_group_nobody_of_it_may_press(tmp_path: Path) -> None:
    async def script(here: Room) -> None:
        await here.press("ack")
        await here.until(lambda: bool(whispers(here)))
        assert "usergroups:read" in whispers(here)[0]
        assert here.incident() == INCIDENT

    played(tmp_path, script, routes=[Allowed(channel="#oncall", groups=frozenset({GROUP}))])


@pytest.mark.parametrize(
    ("routes", "may"),
    [
        ([], True),
        ([Allowed(channel="#oncall")], True),
        ([Allowed(channel="#oncall"), Allowed(channel="#other", users=frozenset({"U0"}))], True),
        ([Allowed(channel="C7"), Allowed(channel="#oncall", users=frozenset({"U0"}))], False),
        ([Allowed(channel="C123", users=frozenset({"U0"}))], False),
        # Slack does not tell the name of a private channel: then whoever is on a list of the app.
        ([Allowed(channel="#secret", users=frozenset({"U0"}))], False),
        ([Allowed(channel="#secret", users=frozenset({"U1"}))], True),
    ],
)
def test_the_list_of_the_channel_decides(routes: list[Allowed], *, may: bool) -> None:
    clock = ManualClock(NOW)
    door = Doorkeeper(SlackWeb(Secret("xoxb-1"), clock=clock), routes, clock=clock)
    press = Press(
        verb="ack", incident=42, user_id="U1", user_name="eve", channel="C123", channel_name="oncall", thread="1.0"
    )
    if may:
        asyncio.run(door.let_in(press))
    else:
        with pytest.raises(DriftwatchError, match="You may not press here, eve") as caught:
            asyncio.run(door.let_in(press))
        assert caught.value.slug == "button-refused"
