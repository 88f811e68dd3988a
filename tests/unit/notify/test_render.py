"""Every message as a plain file under snapshots/; `UPDATE_SNAPSHOTS=1 uv run pytest tests/unit/notify` writes them anew."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.models.blocks import Block

from driftwatch.adapters.notify.render import LEVELS, escape, render, render_text
from driftwatch.adapters.notify.wording import our_side, recurrence
from driftwatch.domain.situation import RECURRENCE_WAKES_AFTER

from .examples import BLIND, EXAMPLES, FALL, INCIDENT, NOTICE, OLD, payload

SNAPSHOTS = Path(__file__).parent / "snapshots"


def check_snapshot(name: str, text: str) -> None:
    path = SNAPSHOTS / name
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(text)
    assert path.read_text() == text, f"{name} differs; if that is meant: UPDATE_SNAPSHOTS=1"


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_message_reads_as_it_did(name: str) -> None:
    message = render(EXAMPLES[name])
    check_snapshot(f"{name}.txt", render_text(EXAMPLES[name]) + "\n")
    blocks = json.dumps({"text": message.text, "blocks": message.blocks}, indent=1, ensure_ascii=False)
    check_snapshot(f"{name}.json", blocks + "\n")


def test_every_snapshot_has_an_example() -> None:
    assert {path.stem for path in SNAPSHOTS.iterdir()} == set(EXAMPLES)


def test_the_page_has_the_shape_that_was_promised() -> None:
    """The three lines of design/delivery.md, "What the page says"."""
    lines = render_text(EXAMPLES["page"]).splitlines()
    assert lines[0] == (
        "gpt-x@vendor · exact_match fell 0.91 → 0.78 (0.72-0.83) since Wed 14 Oct 06:00 UTC "
        "(between 05:00 and 07:00), 38 replays"
    )
    assert lines[1] == (
        "CUSUM 6.1 ≥ 4.8; by chance about once in 370 replays. Our side unchanged: probes 3f2a, driver 1.4.0, sampling."
    )
    assert lines[2] == (
        "Three probes moved most: dates-07, json-12, json-15 → driftwatch show inc-42 · ack · silence · accept"
    )


def test_what_is_not_known_is_left_out() -> None:
    said = render_text(EXAMPLES["page-bare"])
    assert "None" not in said
    assert "→" not in said.splitlines()[0]
    assert "since" not in said
    assert "Our side" not in said
    assert "probes" not in said


def test_an_onset_of_another_year_names_it() -> None:
    old = replace(FALL, onset=OLD, onset_early=OLD, onset_late=FALL.onset)
    assert "since Tue 9 Sep 2025 09:00 UTC (between 09:00 and Wed 14 Oct 2026 06:00)" in render_text(
        payload(replace(INCIDENT, findings=(old,)))
    )


def test_money_that_is_left_and_buys_nothing_is_said_to_be_too_little() -> None:
    """It read as a contradiction: "budget exhausted: 0.00 of 1.00 USD spent"."""
    said = render_text({**EXAMPLES["budget"], "spent_usd": 0.0, "limit_usd": 1.0})
    assert "What is left does not cover another question." in said
    assert "What is left" not in render_text(EXAMPLES["budget"])


def test_a_repeat_a_delay_and_a_fallback_are_said() -> None:
    late = {**EXAMPLES["page"], "delayed_min": 12, "instead_of": "oncall"}
    words = ("possible repeat", "delayed by 12 min", "route oncall did not take it")
    message = render(late, possible_repeat=True)
    shown = json.dumps(message.blocks)
    assert all(word in message.text and word in shown for word in words)


@pytest.mark.parametrize("level", range(LEVELS))
@pytest.mark.parametrize("name", EXAMPLES)
def test_slack_takes_every_level(name: str, level: int) -> None:
    message = render(EXAMPLES[name], level=level)
    assert message.text
    assert bool(message.blocks) == (level < LEVELS - 1)
    for block in message.blocks:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.validate_json()


def test_what_a_vendor_says_of_an_outage_stands_whole_below_a_header_that_is_too_short_for_it() -> None:
    """The header ends after 150 characters, and nothing below had the rest: which model, and where to read more."""
    words = (
        "HTTP 404: The model gpt-4.1-2025-04-14 has been deprecated <!channel>, learn more here: example.com/changes"
    )
    detail = f"cannot be measured: not found, 3 in a row since Wed 14 Oct 06:00 UTC: {words}"
    blocks = render(payload(replace(BLIND, detail=detail), severity=NOTICE, excerpts=None)).blocks
    assert "example.com/changes" not in blocks[0]["text"]["text"]
    assert blocks[1]["text"]["text"].endswith("deprecated &lt;!channel&gt;, learn more here: example.com/changes")
    short = render(EXAMPLES["no-data"]).blocks
    assert short[0]["text"]["text"] not in str(short[1:])


def huge() -> dict[str, Any]:
    long = "<&>" * 5_000
    moved = [{"probe": long, "before": 1.0, "after": 0.0, "old_answer": long, "new_answer": long} for _ in range(40)]
    return {**payload(), "endpoint": long, "detail": long, "comment": long, "model": long, "moved": moved}


def test_an_oversized_message_loses_detail_and_is_never_lost() -> None:
    message = render(huge())
    assert message.text
    assert len(message.text) <= 3_000
    assert len(json.dumps(message.blocks, ensure_ascii=False)) <= 12_000
    assert len(message.blocks) <= 50


def test_fewer_blocks_come_before_plain_text() -> None:
    """Six full answers of 300 characters fit; forty probes' do not, so the answers go and our own words stay."""
    moved = [{"probe": f"p{i}", "old_answer": "x" * 300, "new_answer": "y" * 300} for i in range(40)]
    message = render({**payload(), "moved": moved})
    assert message.blocks
    assert "yyy" not in json.dumps(message.blocks)


@pytest.mark.parametrize("limit", range(1, 40))
def test_a_cut_never_falls_inside_an_entity(limit: int) -> None:
    cut = escape("ab&<>cd&amp;ef", limit)
    assert len(cut) <= limit
    rest = cut.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
    assert "&" not in rest


def test_a_state_that_was_told_of_before_says_when_it_will_wake_somebody() -> None:
    """It promised to after a day, and had waited for a week since its repeats were made quiet."""
    said = recurrence({"recurrence_of": "inc-4", "visits": 2})
    assert RECURRENCE_WAKES_AFTER.days == 7
    assert said.endswith("nobody is woken before it has stood for a week.")


def test_probes_that_were_added_since_the_baseline_do_not_say_that_our_side_changed() -> None:
    """One sensor was added, and every page for the rest of the epoch began with a change of ours that explains nothing."""
    said = our_side(payload(changed=["probes"]))
    assert said.startswith("Our side unchanged: driver")
    assert said.endswith("Probes added or edited since have a baseline of their own.")
    assert our_side(payload(changed=["code", "probes"])) == "Our side changed since the baseline: code."


def test_a_judge_that_changed_since_the_baseline_does_not_explain_what_rules_measure() -> None:
    """A judge drifted and came back; every page of the epoch after that began with "Our side changed: judge:default"."""
    ours = {"driver": "direct 1", "judge:default": "3f2a#2"}
    assert our_side({"fingerprint": ours, "changed": ["judge:default"]}) == (
        "Our side unchanged: driver direct 1. Judged scores have one of their own since the judge changed."
    )
    assert our_side({"fingerprint": ours, "changed": ["code", "judge:default"]}).endswith("since the baseline: code.")


def test_a_price_that_was_given_since_the_baseline_does_not_say_that_our_side_changed() -> None:
    """A price moves only cost (docs/decisions/0003), and every page until the next baseline began with it."""
    ours = {"driver": "direct 1", "price": "77aa"}
    assert our_side({"fingerprint": ours, "changed": ["price"]}) == "Our side unchanged: driver direct 1."
    assert our_side({"fingerprint": ours, "changed": ["code", "price"]}) == "Our side changed since the baseline: code."


def test_where_nothing_but_probes_is_known_of_our_side_nothing_is_called_unchanged() -> None:
    said = our_side({"fingerprint": {"probes": "3f2a"}, "changed": ["probes"]})
    assert said == "Probes added or edited since have a baseline of their own."
