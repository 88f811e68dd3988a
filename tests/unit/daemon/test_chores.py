"""Old answers go, newer ones stay; the dead-man's switch hears from us only while pages go out."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from driftwatch.adapters.deadman import DeadMan
from driftwatch.daemon.chores import DAY_S, SETTLED_S, Chores
from driftwatch.domain.delivery import Delivery, DeliveryState
from driftwatch.domain.errors import DeliveryError, StoreError
from driftwatch.domain.metric import Severity
from driftwatch.domain.secret import Secret
from driftwatch.testing.model import ScriptedModel
from driftwatch.testing.server import refused_url
from driftwatch.testing.slack import HOOK, FakeSlack, serve_slack
from tests.acceptance.world import HOUR, START, SmallWorld, capitals, right


@pytest.fixture
def at(tmp_path: Path) -> SmallWorld:
    return SmallWorld(tmp_path, ScriptedModel(right(1)), probes=capitals(1))


class Ear:
    """A dead-man's switch that counts."""

    def __init__(self, error: DeliveryError | None = None) -> None:
        self.heard, self._error = 0, error

    async def __call__(self) -> None:
        if self._error:
            raise self._error
        self.heard += 1


def promised(at: SmallWorld, *, state: DeliveryState, minutes: float) -> Delivery:
    row = Delivery(
        key="support-bot/1/1/FIRST/9@oncall",
        route="oncall",
        severity=Severity.PAGE,
        payload={},
        created_at=at.clock.now() - timedelta(minutes=minutes),
    )
    at.store.enqueue([row])
    at.store.save_delivery(replace(row, state=state))
    return row


def told(at: SmallWorld) -> int:
    ear = Ear()
    asyncio.run(Chores(alive=ear).tell_alive(at.world))
    return ear.heard


@pytest.mark.parametrize(
    ("state", "minutes", "heard"),
    [
        (DeliveryState.PENDING, 6, 0),
        (DeliveryState.SENDING, 6, 0),
        (DeliveryState.PENDING, 4, 1),
        (DeliveryState.SENT, 6, 1),
        (DeliveryState.DEAD, 6, 1),
    ],
)
def test_the_switch_is_told_only_while_no_message_is_stuck(
    at: SmallWorld, state: DeliveryState, minutes: float, heard: int
) -> None:
    promised(at, state=state, minutes=minutes)
    assert told(at) == heard


def test_a_message_that_waits_for_its_next_attempt_is_stuck_all_the_same(at: SmallWorld) -> None:
    row = promised(at, state=DeliveryState.PENDING, minutes=6)
    at.store.save_delivery(replace(row, not_before=at.clock.now() + HOUR))
    assert told(at) == 0


def test_without_a_switch_nobody_is_told(at: SmallWorld) -> None:
    asyncio.run(Chores().tell_alive(at.world))


def test_a_switch_that_does_not_listen_is_logged_and_breaks_nothing(at: SmallWorld) -> None:
    ear = Ear(DeliveryError("It sleeps.", permanent=False))
    with capture_logs() as logs:
        asyncio.run(Chores(alive=ear).tell_alive(at.world))
    assert [(line["log_level"], line["error"]) for line in logs] == [("warning", "It sleeps.")]


def test_a_mistake_of_ours_in_telling_the_switch_is_logged_and_breaks_nothing(at: SmallWorld) -> None:
    async def fail() -> None:
        raise RuntimeError("a mistake")

    with capture_logs() as logs:
        asyncio.run(Chores(alive=fail).tell_alive(at.world))
    assert [line["log_level"] for line in logs] == ["error"]


def days_of_chores(at: SmallWorld, forget: Callable[[datetime], int], *, days: float) -> None:
    """Let the chores run for so long by a clock on which a sleep takes no time."""

    async def run() -> None:
        chores = asyncio.create_task(Chores(forget=forget, keep=timedelta(days=90)).forget_daily(at.world))
        end = START + timedelta(days=days)
        while at.clock.now() < end and not chores.done():  # noqa: ASYNC110  # the clock is no event
            await asyncio.sleep(0.001)
        if chores.done():
            chores.result()
        chores.cancel()
        await asyncio.gather(chores, return_exceptions=True)

    asyncio.run(run())


def test_old_answers_are_forgotten_once_a_day_and_not_in_the_first_minute(at: SmallWorld) -> None:
    asked: list[datetime] = []

    def forget(before: datetime) -> int:
        asked.append(before)
        return 1

    days_of_chores(at, forget, days=3)
    first, second, third, *_ = [moment + timedelta(days=90) for moment in asked]
    assert first == START + timedelta(seconds=SETTLED_S)
    assert second - first == third - second == timedelta(seconds=DAY_S)


@pytest.mark.parametrize("trouble", [StoreError("The disk is full.", slug="store-failed"), RuntimeError("a mistake")])
def test_trouble_while_forgetting_is_tried_again_the_next_day(at: SmallWorld, trouble: Exception) -> None:
    """Only our own errors were caught once: any other ended the chore, and the daemon stopped with it."""
    asked: list[datetime] = []

    def forget(before: datetime) -> int:
        asked.append(before)
        if len(asked) == 1:
            raise trouble
        return 0

    days_of_chores(at, forget, days=2)
    assert len(asked) >= 2


# -- the switch itself, over HTTP -----------------------------------------------------------------

SECRET = "loopback"
"""The last part of the address: who has it can keep the switch quiet."""


@contextmanager
def switch() -> Iterator[tuple[FakeSlack, Secret]]:
    """Any HTTP server will do; this one can misbehave. It takes POST only, so a plain GET is a 405."""
    with serve_slack() as server:
        yield server, Secret(server.webhook_url.reveal().replace(HOOK, "/elsewhere"))


def test_a_call_that_is_answered_was_heard() -> None:
    with switch() as (server, url):
        asyncio.run(DeadMan(url).tell())
        assert server.strayed == 1


@pytest.mark.parametrize(
    ("path", "says"),
    [("/ping/loopback", "answered with status 404"), (HOOK, "answered with status 405")],
)
def test_a_refusal_is_told_without_the_address(path: str, says: str) -> None:
    with switch() as (server, _):
        url = Secret(server.webhook_url.reveal().replace(HOOK, path))
        message = unheard(DeadMan(url))
    assert says in message


def test_an_address_where_nobody_listens_is_told_without_the_address() -> None:
    assert "could not be reached" in unheard(DeadMan(Secret(f"{refused_url()}/{SECRET}")))


@pytest.mark.parametrize(
    "url", [f"no address {SECRET}", f"http://[{SECRET}", f"ftp://127.0.0.1/{SECRET}", f"http:///{SECRET}"]
)
def test_a_broken_address_is_told_without_the_address(url: str) -> None:
    assert "could not be reached" in unheard(DeadMan(Secret(url)))


def test_a_switch_that_hangs_is_not_waited_for() -> None:
    # Nobody accepts: the kernel takes the connection and no answer ever comes.
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = Secret(f"http://127.0.0.1:{server.getsockname()[1]}/{SECRET}")
        assert "TimeoutError" in unheard(DeadMan(url, timeout_s=0.1))


def unheard(switch: DeadMan) -> str:
    """Return what the error says, having looked for the address in all that is shown of it."""
    with pytest.raises(DeliveryError) as caught:
        asyncio.run(switch.tell())
    error = caught.value
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    assert SECRET not in str(error)
    assert "127.0.0.1" not in str(error)
    return str(error)
