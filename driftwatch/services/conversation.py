"""One sample of a probe: its turns, its pauses, and the tools that the golden set answers for."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from driftwatch.domain.answer import Reply
from driftwatch.domain.probe import Message, Probe
from driftwatch.services.attempt import Asker, Attempted, ask_question
from driftwatch.services.questions import as_sent, opening, question_of

Turns = list[Mapping[str, Any]]
MOST_STEPS = 8
"""Questions in a row that the model may answer with tool calls; then its answer is what it is."""


@dataclass(slots=True, kw_only=True)
class Conversation:
    """What was said so far, and how each question ended.

    Parameters
    ----------
    asker : Asker
        Its time limit moves with the pauses: a deadline counts asking only.
    """

    asker: Asker
    probe: Probe
    turns: Turns = field(default_factory=list)
    ended: list[Attempted] = field(default_factory=list)

    async def pause(self, turn: Message) -> bool:
        """Send what comes before a turn that waits, and wait; False if it was not answered.

        Where the golden set fixes no answer before the pause, the model's own goes into the conversation.
        """
        sent = opening(self.turns)
        if sent:
            own = len(sent) == len(self.turns)
            told: Turns = [*sent]
            if not await self.ask(told):
                return False
            if own:
                self.turns = [*told, *_said(self.ended[-1].reply)]
        await self.asker.clock.sleep(turn.wait_s)
        self.asker = replace(self.asker, until=self.asker.until + turn.wait_s)
        return True

    async def ask(self, turns: Turns) -> bool:
        """Ask until there is an answer without a call that the golden set answers for; False if there was none.

        What was called, and the results, are added to `turns`.
        """
        for _ in range(MOST_STEPS):
            attempted = await ask_question(self.asker, question_of(self.asker.endpoint, self.probe, turns))
            self.ended.append(attempted)
            if attempted.reply is None:
                return False
            results = tool_turns(attempted.reply, self.probe.tool_results)
            if not results:
                return True
            turns += results
        return True

    def say(self, turn: Message) -> None:
        """Add a turn of the golden set."""
        self.turns.append(as_sent(turn))

    @property
    def reply(self) -> Reply | None:
        """The last reply, with the tool calls of all."""
        last = self.ended[-1].reply
        if last is None:
            return None
        if len(self.ended) == 1:
            return last
        calls = [call for attempted in self.ended if attempted.reply for call in attempted.reply.tool_calls]
        return replace(last, tool_calls=tuple(calls))


def tool_turns(reply: Reply, results: Mapping[str, str]) -> Turns:
    """Return the turns that answer a reply's tool calls; none if it has none, or one that has no fixed result.

    Examples
    --------
    >>> call = {"id": "c1", "type": "function", "function": {"name": "stock", "arguments": "{}"}}
    >>> [turn["role"] for turn in tool_turns(Reply(output=b"", latency_ms=1.0, tool_calls=(call,)), {"stock": "3"})]
    ['assistant', 'tool']
    """
    calls = [_call(number, call) for number, call in enumerate(reply.tool_calls)]
    if not calls or any(call["function"]["name"] not in results for call in calls):
        return []
    told = [
        {"role": "tool", "tool_call_id": call["id"], "content": results[call["function"]["name"]]} for call in calls
    ]
    return [{"role": "assistant", "content": _text(reply) or None, "tool_calls": calls}, *told]


def _call(number: int, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return a call as it is sent back: with an id, and its arguments as text."""
    function = sent.get("function")
    given = function if isinstance(function, Mapping) else {}
    arguments = given.get("arguments", "{}")
    written = arguments if isinstance(arguments, str) else json.dumps(arguments)
    name = str(given.get("name", ""))
    return {
        "id": str(sent.get("id") or f"call_{number}"),
        "type": "function",
        "function": {"name": name, "arguments": written},
    }


def _said(reply: Reply | None) -> Sequence[Mapping[str, Any]]:
    text = _text(reply) if reply else ""
    return [{"role": "assistant", "content": text}] if text else []


def _text(reply: Reply) -> str:
    return reply.output.decode("utf-8", "replace")
