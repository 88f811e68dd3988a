"""A sink behind the leader's fence: nothing leaves a node that does not lead."""

import asyncio

import pytest

from driftwatch.adapters.notify.fenced import Fenced
from driftwatch.domain.errors import DeliveryError
from driftwatch.testing.notifier import RecordingNotifier

from .examples import delivery


@pytest.mark.parametrize("leads", [True, False])
def test_a_message_leaves_only_a_node_that_leads(leads: bool) -> None:
    sink = RecordingNotifier()

    async def may_send() -> bool:
        return leads

    sending = Fenced(sink, may_send).send(delivery())
    if leads:
        asyncio.run(sending)
    else:
        with pytest.raises(DeliveryError, match="another node leads") as refused:
            asyncio.run(sending)
        assert (refused.value.permanent, refused.value.ambiguous) == (False, False)
    assert len(sink.attempts) == int(leads)
