"""What is sent for a probe: one question, or several with a pause between them."""

from collections.abc import Mapping, Sequence
from typing import Any

from driftwatch.domain.answer import Question
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.probe import Message, Probe

SENSOR_TOP = 5
"""Alternatives that a log-probability sensor asks for where the endpoint names no number: every vendor gives these."""
Turns = Sequence[Mapping[str, Any]]


def planned_questions(endpoint: Endpoint, probe: Probe) -> tuple[Question, ...]:
    """Return the questions of one sample of a probe, as far as they are known before any is answered."""
    turns = [as_sent(turn) for turn in probe.messages]
    parts = [opening(turns[:position]) for position, turn in enumerate(probe.messages) if turn.wait_s > 0]
    # A task is asked twice at least: for its calls, and with their results, which are not known before.
    last = [turns, turns] if probe.tool_results else [turns]
    return tuple(question_of(endpoint, probe, part) for part in (*parts, *last) if part)


def opening(turns: Turns) -> Turns:
    """Return the part of a conversation that can be sent before a pause: it ends with a turn the model answers.

    Fixed answers at its end are left out, as many vendors refuse to continue one.

    Examples
    --------
    >>> opening([{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello."}])
    [{'role': 'user', 'content': 'Hi.'}]
    >>> opening([{"role": "system", "content": "Be brief."}])
    []
    """
    end = len(turns)
    while end and turns[end - 1].get("role") not in ("user", "tool"):
        end -= 1
    return turns[:end]


def question_of(endpoint: Endpoint, probe: Probe, turns: Turns) -> Question:
    """Return the question that these turns make at this endpoint; a sensor is asked for one token."""
    return Question(
        messages=tuple(turns),
        params=_one_token(endpoint.params) if probe.sensor else endpoint.params,
        tools=probe.tools,
        top_logprobs=endpoint.top_logprobs or (SENSOR_TOP if probe.sensor == "logprob" else 0),
        deadline_s=endpoint.deadline_s,
        max_bytes=endpoint.max_bytes,
    )


def _one_token(params: Mapping[str, Any]) -> Mapping[str, Any]:
    # Newer models of some vendors refuse the older name.
    name = "max_completion_tokens" if "max_completion_tokens" in params else "max_tokens"
    return {**params, name: 1}


def as_sent(turn: Message) -> Mapping[str, Any]:
    """Return a turn as the API takes it."""
    return {"role": turn.role, "content": turn.content, **turn.extra}
