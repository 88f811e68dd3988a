"""Scorers of tool calls, of how the answer came, and the user's own."""

from driftwatch.scorers import runtime, trajectory
from driftwatch.scorers.call_schema import valid_calls
from driftwatch.scorers.callee import python
from driftwatch.scorers.kind import ScorerKind
from driftwatch.scorers.perplexity import perplexity, perplexity_score

_TOOLS = "nothing (the probe's own `tools:` are meant), or `tools:`, definitions as the API takes them"
_USED = "a name, a list of names, or `pattern:` with `min:` (1) and `max:`"
_ARGS = "`name:` or `pattern:`, and `args:`; where needed `mode:` (`partial`), `defaults:`, `ignore:`"
_STEPS = "a list of names, or `steps:` with `mode:` (`in_order`, or `exact`)"

ACTS = (
    ScorerKind(
        name="finish-reason",
        reads="other",
        build=runtime.finish_reason,
        doc="The model stopped for this reason; unscored where the endpoint gives none.",
        argument="`stop`, `length`, `tool_calls` or `content_filter`, or a list of them",
        example="finish-reason: stop",
    ),
    ScorerKind(
        name="latency",
        reads="other",
        build=runtime.latency,
        doc="The last byte came within so many milliseconds.",
        argument="milliseconds, also as `threshold:`",
        example="latency: {threshold: 3000}",
    ),
    ScorerKind(
        name="cost",
        reads="other",
        build=runtime.cost,
        doc="The answer cost at most so many US dollars; unscored where the price is not known.",
        argument="US dollars, also as `threshold:`",
        example="cost: {threshold: 0.002}",
    ),
    ScorerKind(
        name="python",
        reads="code",
        runs_away=True,
        kind="graded",
        build=python,
        doc="A function of yours, `(text, context) -> bool | float`, says so: true or false, or 0 to 1.",
        argument="`module:function` or `file.py:function`, or `value:` with `timeout:` (10s) and `threshold:` (1)",
        example="python: checks.py:polite",
    ),
    ScorerKind(
        name="guardrails",
        build=runtime.guardrails,
        doc="The vendor's own content filter let the answer pass; unscored where no finish reason is given.",
        argument="nothing, or `purpose: redteam`: then it is the other way round",
        example="guardrails",
        reads="other",
    ),
    ScorerKind(
        name="perplexity",
        build=perplexity,
        doc="The perplexity of the answer's tokens is at most this; unscored without log-probabilities.",
        argument="a number of 1 or more, also as `threshold:`",
        example="perplexity: {threshold: 1.5}",
        reads="other",
    ),
    ScorerKind(
        name="perplexity-score",
        kind="graded",
        build=perplexity_score,
        doc="1 / (1 + perplexity), so that larger is surer; unscored without log-probabilities.",
        argument="nothing, or `threshold:` (0)",
        example="perplexity-score: {threshold: 0.4}",
        reads="other",
        enough=0.0,
    ),
    ScorerKind(
        name="is-valid-openai-tools-call",
        build=valid_calls,
        doc="The answer calls tools that are offered, each with arguments that fit its schema.",
        argument=_TOOLS,
        example="is-valid-openai-tools-call",
        reads="other",
    ),
    ScorerKind(
        name="is-valid-function-call",
        build=valid_calls,
        doc="As `is-valid-openai-tools-call`; a call written as JSON in the text counts, too.",
        argument=_TOOLS,
        example="is-valid-function-call",
        reads="other",
    ),
    ScorerKind(
        name="is-valid-openai-function-call",
        build=valid_calls,
        doc="The older name of `is-valid-function-call`.",
        argument=_TOOLS,
        example="is-valid-openai-function-call",
        reads="other",
    ),
    ScorerKind(
        name="tool-call-f1",
        kind="graded",
        build=trajectory.tool_call_f1,
        doc="F1 of the names of the tools that are called and of those expected.",
        argument="a list of names, or `value:` with `threshold:` (1)",
        example="tool-call-f1: {value: [get_weather, book_flight], threshold: 0.8}",
        reads="other",
    ),
    ScorerKind(
        name="tool-used",
        build=trajectory.tool_used,
        doc="This tool is called, or each of these, or so often.",
        argument=_USED,
        example="tool-used: get_weather",
        reads="other",
    ),
    ScorerKind(
        name="tool-args-match",
        build=trajectory.tool_args_match,
        doc="This tool is called with these arguments.",
        argument=_ARGS,
        example="tool-args-match: {name: get_weather, args: {city: Oslo}}",
        reads="other",
    ),
    ScorerKind(
        name="trajectory:tool-used",
        build=trajectory.tool_used,
        doc="promptfoo's name of `tool-used`; the calls of all turns of the conversation count.",
        argument=_USED,
        example='"trajectory:tool-used": {pattern: "search*", min: 2, max: 3}',
        reads="other",
    ),
    ScorerKind(
        name="trajectory:tool-args-match",
        build=trajectory.tool_args_match,
        doc="promptfoo's name of `tool-args-match`; the calls of all turns of the conversation count.",
        argument=_ARGS,
        example='"trajectory:tool-args-match": {name: orders, args: {status: open}, mode: exact, ignore: [request_id]}',
        reads="other",
    ),
    ScorerKind(
        name="trajectory:tool-sequence",
        build=trajectory.tool_sequence,
        doc="These tools are called in this order, over all turns of the conversation.",
        argument=_STEPS,
        example='"trajectory:tool-sequence": [search_orders, compose_reply]',
        reads="other",
    ),
    ScorerKind(
        name="trajectory:step-count",
        build=trajectory.step_count,
        doc="So many tool calls over all turns of the conversation.",
        argument="a whole number, or `min:` and `max:`, with `pattern:`",
        example='"trajectory:step-count": {max: 3}',
        reads="other",
    ),
)
