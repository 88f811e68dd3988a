"""The report as a message: what it says, Slack's limits, and that no name of anybody's pings or links."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from driftwatch.adapters.notify import webhook
from driftwatch.adapters.notify.pagerduty import event
from driftwatch.adapters.notify.render import (
    LEVELS,
    MAX_BLOCKS,
    MAX_HEADER,
    MAX_SECTION,
    MAX_TOTAL,
    render,
    render_text,
)
from driftwatch.adapters.notify.slack_body import slack_body
from driftwatch.adapters.notify.slack_bot import SlackBot
from driftwatch.adapters.store import open_store
from driftwatch.bootstrap import senders
from driftwatch.domain.delivery import Delivery, DeliveryState
from driftwatch.domain.metric import Severity
from driftwatch.presentation.drawing import can_draw
from driftwatch.presentation.report_message import report_payload
from driftwatch.services.page import Pager
from driftwatch.services.standing import EndpointState
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.slack import serve_slack
from tests.unit.notify.hostile import AROUND, HOSTILE
from tests.unit.notify.slack_model import acts, shown
from tests.unit.presentation.test_html_report import saying
from tests.unit.report.handmade import DRIFTED, LEARNING, REPORT, UNTIL

PAYLOAD = report_payload(REPORT, week="2026-W43")
ROW = Delivery(
    key="report/2026-W43", route="quiet", severity=Severity.NOTICE, payload=json.loads(json.dumps(PAYLOAD)), created_at=UNTIL
)  # fmt: skip


def test_the_verdict_comes_first_then_what_is_to_be_done():
    blocks = render(PAYLOAD).blocks
    assert blocks[0]["text"]["text"] == REPORT.verdict.words
    assert blocks[1]["text"]["text"].startswith("Week 2026-W43, Mon 12 Oct 2026 00:00 UTC to Mon 19 Oct 2026")
    assert "inc-42 support-bot: pass 0.91 → 0.78" in blocks[2]["text"]["text"]


@pytest.mark.parametrize(
    "words",
    [
        "▲ support-bot: drifted. inc-42 page, pass 0.91 → 0.78, acknowledged",
        "… summaries: learning. learning baseline 2: 12/24",
        "Slots: 179 of 180 done; 1 slot missed (1 failed).",
        "Messages: 1 sent, 0 waiting, 0 never delivered; half within 2.0 s",
        "Self-tests: None was run",
        "Cost: 3.27 USD.",
        "ENDS SOON, until Mon 19 Oct 2026 03:00 UTC",
        "driftwatch accept inc-42",
    ],
)
def test_it_says(words):
    assert words in shown(slack_body(render(PAYLOAD)))
    assert words in render_text(PAYLOAD)


def test_the_longest_report_stays_within_the_limits_of_slack():
    many = tuple(replace(DRIFTED if i % 3 else LEARNING, name=f"<&>{'x' * 90}{i}") for i in range(200))
    body = slack_body(render(report_payload(replace(REPORT, endpoints=many))))
    assert body["blocks"]
    assert len(body["blocks"]) <= MAX_BLOCKS
    assert len(json.dumps(body["blocks"], ensure_ascii=False)) <= MAX_TOTAL
    for block in body["blocks"]:
        text = block.get("text", {}).get("text", "")
        assert len(text) <= (MAX_HEADER if block["type"] == "header" else MAX_SECTION)
    assert "driftwatch report" in shown(body)


def test_what_is_left_out_of_a_long_message_is_what_did_not_change():
    """Thirty are shown; in the configured order one without an answer came after all that are well."""
    well = [replace(LEARNING, name=f"well-{i}", state=EndpointState.UNCHANGED) for i in range(40)]
    dumb = replace(LEARNING, name="dumb", state=EndpointState.ERROR)
    payload = report_payload(replace(REPORT, endpoints=(*well, dumb, DRIFTED)))
    named = [endpoint["name"] for endpoint in payload["endpoints"]]
    assert named == ["support-bot", "dumb", *(f"well-{i}" for i in range(28))]
    assert payload["more_endpoints"] == 12


@pytest.mark.parametrize("level", range(LEVELS))
def test_fault_73_no_name_in_a_report_pings_or_links(level):
    for text in HOSTILE[:: len(AROUND)]:
        payload = report_payload(saying(text))
        assert acts(slack_body(render(payload, level=level))) == [], text
        json.dumps(payload).encode("utf-8")


def test_no_answer_of_a_model_is_in_it():
    told = replace(DRIFTED.incidents[0], answers={"dates-07": ("SECRET OLD", "SECRET NEW")})
    payload = report_payload(replace(REPORT, endpoints=(replace(DRIFTED, incidents=(told,)),)))
    assert "SECRET" not in json.dumps(payload)


def test_every_other_sink_tells_it_as_well():
    assert REPORT.verdict.words in json.loads(webhook._body(ROW))["text"]
    assert event(ROW)["payload"]["severity"] == "info"


@pytest.mark.skipif(not can_draw(), reason="the extra `charts` is not installed")
def test_a_bot_puts_a_picture_into_the_thread(tmp_path: Path):
    with serve_slack() as slack, open_store(f"sqlite:///{tmp_path}/driftwatch.db") as store:
        slack.workspace.id_of("#quiet")
        clock = ManualClock(UNTIL)
        bot = SlackBot(
            slack.token, "#quiet", clock=clock, timeout_s=30.0, base_url=slack.api_url, chart=senders.report_picture
        )
        store.enqueue([ROW])
        asyncio.run(Pager(store, {"quiet": bot}, clock=clock, rng=Random(7)).deliver_due())
        assert [row.state for row in store.deliveries()] == [DeliveryState.SENT]
        (message,), (file,) = slack.workspace.messages, slack.workspace.files
        assert REPORT.verdict.words in str(message.body["blocks"])
        assert file["ts"] == message.ts
        assert b"\x89PNG" in file["content"]
