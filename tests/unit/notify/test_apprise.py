"""apprise, over its own JSON plugin to a real server: taken, refused, and nobody mentioned."""

import asyncio
import sys

import pytest

from driftwatch.adapters.notify.apprise import Apprise, plain
from driftwatch.domain.errors import DeliveryError, DriftwatchError
from driftwatch.domain.secret import Secret
from driftwatch.testing.slack import HOOK, FakeSlack, serve_slack

from .examples import delivery
from .hostile import HOSTILE, everywhere


def sink(slack: FakeSlack) -> Apprise:
    return Apprise(Secret(slack.webhook_url.reveal().replace("http://", "json://")))


def test_a_message_is_taken_by_a_service_of_apprises() -> None:
    got = []
    with serve_slack() as slack:
        slack.then(slack.takes(got.append))
        asyncio.run(sink(slack).send(delivery()))
    assert "exact_match fell 0.91 → 0.78" in got[0]["title"]
    assert "dates-07" in got[0]["message"]


@pytest.mark.parametrize("status", [404, 500])
def test_a_refusal_is_tried_again_and_may_be_a_repeat_then(status: int) -> None:
    with serve_slack() as slack:
        slack.then(slack.answer(status))
        with pytest.raises(DeliveryError, match="did not take it") as caught:
            asyncio.run(sink(slack).send(delivery()))
    assert (caught.value.permanent, caught.value.ambiguous) == (False, True)
    assert HOOK not in str(caught.value)


def test_a_service_that_hangs_is_given_up() -> None:
    with serve_slack() as slack:
        slack.then(slack.hang(1.0))
        slow = Apprise(Secret(slack.webhook_url.reveal().replace("http://", "json://")), timeout_s=0.2)
        with pytest.raises(DeliveryError, match="in time"):
            asyncio.run(slow.send(delivery()))


def test_an_address_that_apprise_does_not_know_is_refused_without_showing_it() -> None:
    with pytest.raises(DriftwatchError) as caught:
        Apprise(Secret("nonsense://sekret"))
    assert "sekret" not in str(caught.value)


def test_without_apprise_the_way_on_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(DriftwatchError, match="uv sync --extra apprise"):
        Apprise(Secret("json://127.0.0.1"))


def test_fault_73_no_hostile_string_mentions_anybody() -> None:
    for text in HOSTILE:
        told = "\n".join(plain(delivery(everywhere(text))))
        assert "@everyone" not in told
        assert "@here" not in told
        assert "@channel" not in told
