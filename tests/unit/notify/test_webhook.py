import asyncio
import hashlib
import hmac
import json
from collections.abc import Iterator

import pytest

from driftwatch.adapters.notify.webhook import SIGNATURE, Webhook
from driftwatch.domain.errors import DeliveryError
from driftwatch.domain.secret import Secret
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.slack import FakeSlack, serve_slack

from .examples import delivery

KEY = Secret("shared between us")


@pytest.fixture
def sink() -> Iterator[FakeSlack]:
    with serve_slack() as served:
        yield served


def webhook(sink: FakeSlack, signing_key: Secret | None = None) -> Webhook:
    return Webhook(sink.webhook_url, clock=ManualClock(), signing_key=signing_key, timeout_s=2.0)


def test_the_payload_goes_out_as_frozen_with_its_words_and_its_key(sink: FakeSlack) -> None:
    asyncio.run(webhook(sink).send(delivery(possible_repeat=True)))
    [post] = sink.posts
    assert post.headers["Idempotency-Key"] == delivery().key == post.body["delivery"]
    assert {key: post.body[key] for key in delivery().payload} == delivery().payload
    assert post.body["possible_repeat"] is True
    assert "exact_match fell 0.91 → 0.78" in post.body["text"]
    assert SIGNATURE not in post.headers


def test_the_receiver_can_check_the_signature_over_the_bytes_it_got(sink: FakeSlack) -> None:
    asyncio.run(webhook(sink, KEY).send(delivery()))
    [post] = sink.posts
    body = json.dumps(dict(post.body)).encode()
    expected = hmac.new(KEY.reveal().encode(), body, hashlib.sha256).hexdigest()
    assert post.headers[SIGNATURE] == f"sha256={expected}"


def test_a_key_that_no_header_can_hold_is_sent_encoded(sink: FakeSlack) -> None:
    asyncio.run(webhook(sink).send(delivery(key="bötchen\r\nX-Evil: 1")))
    assert bytes.fromhex(sink.posts[0].headers["Idempotency-Key"]).decode() == "bötchen\r\nX-Evil: 1"


@pytest.mark.parametrize(
    ("status", "permanent", "ambiguous"),
    [(400, True, False), (404, True, False), (408, False, False), (500, False, False), (502, False, True)],
)
def test_a_status_says_whether_trying_again_may_help(
    sink: FakeSlack, status: int, permanent: bool, ambiguous: bool
) -> None:
    sink.then(sink.answer(status))
    with pytest.raises(DeliveryError, match=f"status {status}") as caught:
        asyncio.run(webhook(sink).send(delivery()))
    assert (caught.value.permanent, caught.value.ambiguous) == (permanent, ambiguous)


def test_retry_after_is_passed_on(sink: FakeSlack) -> None:
    sink.then(sink.rate_limited("17"))
    with pytest.raises(DeliveryError) as caught:
        asyncio.run(webhook(sink).send(delivery()))
    assert (caught.value.permanent, caught.value.retry_after_s) == (False, 17.0)


def test_a_redirect_is_not_followed(sink: FakeSlack) -> None:
    sink.then(sink.redirect())
    with pytest.raises(DeliveryError, match="redirect") as caught:
        asyncio.run(webhook(sink).send(delivery()))
    assert caught.value.permanent
    assert sink.strayed == 0


@pytest.mark.parametrize("address", ["not an address", "http://[::1", ""])
def test_an_address_that_is_none_is_refused_without_showing_it(address: str) -> None:
    with pytest.raises(DeliveryError, match="not a URL") as caught:
        asyncio.run(Webhook(Secret(address), clock=ManualClock()).send(delivery()))
    assert caught.value.permanent
    assert not address or address not in str(caught.value)
