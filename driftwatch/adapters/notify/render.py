"""A payload as a Slack message: blocks and fallback text. Pure; snapshot-tested.

Our own words stand in escaped ``mrkdwn`` with `verbatim` (nothing is linked), model output only in ``rich_text``,
which knows no markup: no string of a model's can ping, link, or end a block.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    HeaderBlock,
    MarkdownTextObject,
    PlainTextObject,
    RichTextBlock,
    RichTextElementParts,
    RichTextPreformattedElement,
    RichTextSectionElement,
    SectionBlock,
)

from driftwatch.adapters.notify import wording
from driftwatch.adapters.notify.escaping import escape
from driftwatch.adapters.notify.report_blocks import report_levels
from driftwatch.adapters.notify.wording import Payload, render_text
from driftwatch.domain.delivery import DETAILS
from driftwatch.domain.legible import legible
from driftwatch.domain.payload import EXCERPT
from driftwatch.domain.weekly import KIND as REPORT

__all__ = ["BUTTON", "Message", "escape", "render", "render_text"]

BUTTON = "driftwatch:"
"""What the action_id of every button of ours begins with; the verb follows."""
_LABELS = {"ack": "Acknowledge", "silence": "Silence for 4 h", "accept": "Accept as baseline"}
MAX_BLOCKS = 50
MAX_SECTION = 3_000
MAX_HEADER = 150
# Slack refuses messages whose blocks hold about 13,200 characters together; that limit is documented nowhere.
MAX_TOTAL = 12_000
LEVELS = 3
"""Full; without the answers; text only."""
_Text = RichTextElementParts.Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What goes to Slack.

    Parameters
    ----------
    text : str
        The fallback, shown in push notifications, and alone where no blocks are left; escaped.
    blocks : sequence of dict
        Empty for a plain message.
    """

    text: str
    blocks: Sequence[dict[str, Any]] = ()


def render(payload: Payload, *, possible_repeat: bool = False, level: int = 0, buttons: bool = False) -> Message:
    """Return the message at the fullest level, from `level` on, that Slack's limits allow; never nothing.

    Parameters
    ----------
    level : int
        0 full, 1 without the answers, 2 text only.
    buttons : bool
        With buttons, where somebody hears them (socket mode).

    Examples
    --------
    >>> payload = {"kind": "budget", "reason": "BUDGET_EXHAUSTED", "endpoint": "a<b", "severity": "notice",
    ...     "at": "2026-10-14T09:00:00+00:00", "spent_usd": 5.0, "limit_usd": 5}
    >>> render(payload).text.splitlines()[0]
    'a&lt;b · budget exhausted: 5.00 of 5.00 USD spent today'
    """
    text = escape(_fallback(payload, possible_repeat=possible_repeat), MAX_SECTION)
    if payload.get("part") == DETAILS:
        return _details(payload, level=level)
    for blocks in _levels(payload, possible_repeat=possible_repeat, buttons=buttons)[level:]:
        if len(blocks) <= MAX_BLOCKS and len(json.dumps(blocks, ensure_ascii=False)) <= MAX_TOTAL:
            return Message(text=text, blocks=blocks)
    return Message(text=text)


def _levels(payload: Payload, *, possible_repeat: bool, buttons: bool) -> list[list[dict[str, Any]]]:
    if payload["kind"] == REPORT:
        return report_levels(payload, remark=wording.remarks(payload, possible_repeat=possible_repeat))
    own = list(_own_words(payload))
    last = list(_last_words(payload, possible_repeat=possible_repeat))
    last += list(_buttons(payload)) if buttons else []
    answers = list(_answers(payload))
    return [[block.to_dict() for block in blocks] for blocks in ([*own, *answers, *last], [*own, *last])]


def _details(payload: Payload, *, level: int) -> Message:
    """Return the answers alone: what a thread adds to a message that was sent."""
    text = escape(f"{payload.get('incident', '')}: the answers that moved most", MAX_SECTION)
    blocks = [block.to_dict() for block in _answers(payload)]
    fits = len(blocks) <= MAX_BLOCKS and len(json.dumps(blocks, ensure_ascii=False)) <= MAX_TOTAL
    return Message(text=text, blocks=blocks if fits and level < LEVELS - 1 else ())


def _fallback(payload: Payload, *, possible_repeat: bool) -> str:
    """Return the words without any answer of the model's: a text-only message may link what looks like an address."""
    return render_text({**payload, "moved": _named_only(payload)}, possible_repeat=possible_repeat)


def _named_only(payload: Payload) -> list[dict[str, Any]]:
    return [{"probe": moved["probe"]} for moved in payload.get("moved", ())]


def _own_words(payload: Payload) -> Iterator[Block]:
    head = wording.headline(payload)
    shown = legible(head, MAX_HEADER)
    yield HeaderBlock(text=PlainTextObject(text=shown, emoji=False))
    if not wording.evidence(payload) and shown != legible(head, MAX_SECTION):
        yield _section(head)  # a vendor's own words of an outage stand nowhere else
    opening = wording.since(payload).strip()
    opening = f"Interval {opening}" if opening.startswith("(") else opening[:1].upper() + opening[1:]
    lines = [opening, wording.evidence(payload), wording.also(payload)]
    if any(lines):
        yield _section("\n".join(line for line in lines if line))
    if wording.movers(payload):
        yield _section(f"{wording.movers(payload)}.")


def _answers(payload: Payload) -> Iterator[Block]:
    for moved in wording.moved_probes(payload):
        shown = [(when, moved[key]) for when, key in (("before", "old_answer"), ("now", "new_answer")) if key in moved]
        if not shown:
            continue
        elements: list[dict[str, Any] | RichTextSectionElement | RichTextPreformattedElement] = []
        for when, answer in shown:
            label = _Text(text=f"{moved['probe']}, {when}:", style={"bold": True})
            elements.append(RichTextSectionElement(elements=[label]))
            text = _Text(text=wording.excerpt(answer, EXCERPT))
            elements.append(RichTextPreformattedElement(elements=[text]))
        yield RichTextBlock(elements=elements)


def _last_words(payload: Payload, *, possible_repeat: bool) -> Iterator[Block]:
    if wording.actions(payload):
        command = _Text(text=wording.actions(payload), style={"code": True})
        yield RichTextBlock(elements=[RichTextSectionElement(elements=[command])])
    # A page that somebody has taken is no notice: this stands in its place.
    loud = "acknowledged" if payload["reason"] == "ACKNOWLEDGED" else payload.get("severity", "")
    words = [loud, payload.get("incident", ""), payload.get("model", "")]
    words += [wording.note(payload), wording.remarks(payload, possible_repeat=possible_repeat)]
    yield ContextBlock(elements=[_mrkdwn(" · ".join(word for word in words if word), 2_000)])


def _buttons(payload: Payload) -> Iterator[Block]:
    """Yield one row of what can be done now; only our own words and the incident's number are in it."""
    number = str(payload.get("incident", "")).removeprefix("inc-")
    verbs = [verb for verb in wording.verbs(payload) if verb in _LABELS] if number.isdigit() else []
    if verbs:
        yield ActionsBlock(elements=[_button(verb, number) for verb in verbs])


def _button(verb: str, number: str) -> ButtonElement:
    sure = ConfirmObject(
        title="A new baseline?",
        text=PlainTextObject(text="The incident ends, and what the endpoint does now is normal from here on."),
        confirm="Accept",
        deny="Cancel",
    )
    return ButtonElement(
        text=PlainTextObject(text=_LABELS[verb], emoji=False),
        action_id=f"{BUTTON}{verb}",
        value=number,
        confirm=sure if verb == "accept" else None,
    )


def _section(text: str) -> SectionBlock:
    return SectionBlock(text=_mrkdwn(text, MAX_SECTION))


def _mrkdwn(text: str, limit: int) -> MarkdownTextObject:
    return MarkdownTextObject(text=escape(text, limit), verbatim=True)
