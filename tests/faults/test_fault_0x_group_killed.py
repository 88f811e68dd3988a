"""Messages that wait for their group, under SIGKILL: nobody is lost, and what may come twice says so."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from time import sleep

import pytest

from driftwatch.adapters.store import open_store
from driftwatch.domain.delivery import Delivery, DeliveryState
from driftwatch.domain.metric import Severity
from driftwatch.testing.slack import FakeSlack
from tests.faults.pager_child import HurriedClock, promise
from tests.faults.test_fault_0x_pager_killed import child, slack, store_url, wait_until

__all__ = ["slack", "store_url"]
GROUPS, EACH, KILLS = 3, 4, 5
WAIT = timedelta(seconds=60)
"""Three real seconds at the child's pace: some kills come before it is over, some after."""


def grouped(number: int) -> Delivery:
    one, name = promise(HurriedClock().now()), f"bot-{number:02}"
    payload = {**one.payload, "endpoint": name, "key": f"{name}/1/1", "incident": f"inc-{number}"}
    return replace(
        one,
        key=f"{name}/1/1/FIRST/7@oncall",
        payload={**payload, "group": f"vendor {number % GROUPS}"},
        severity=Severity.NOTICE if number >= GROUPS else Severity.PAGE,
        not_before=one.created_at + WAIT,
    )


def ended(url: str) -> bool:
    with open_store(url) as store:
        return all(not d.state.open for d in store.deliveries())


@pytest.mark.parametrize("seed", [3, 4])
def test_fault_02_killed_while_a_group_waits_or_is_told_every_endpoint_is_named(
    tmp_path: Path, store_url: str, slack: FakeSlack, seed: int
) -> None:
    rng = Random(seed)
    with open_store(store_url) as store:
        store.enqueue([grouped(number) for number in range(GROUPS * EACH)])
    for _ in range(KILLS):
        with child(store_url, slack, "page"):
            sleep(rng.uniform(0.5, 2.5))
    with child(store_url, slack, "page"):
        wait_until(lambda: ended(store_url))
    said = [post.text for post in slack.posts]
    for number in range(GROUPS * EACH):
        assert any(f"bot-{number:02}" in text for text in said), f"bot-{number:02} was lost"
    unmarked = Counter(text.partition(" ")[0] for text in said if "possible repeat" not in text)
    assert max(unmarked.values()) == 1, unmarked
    with open_store(store_url) as store:
        states = Counter(d.state for d in store.deliveries())
    assert states == {DeliveryState.SENT: GROUPS, DeliveryState.JOINED: GROUPS * (EACH - 1)}
