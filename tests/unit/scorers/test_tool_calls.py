"""Tool calls: names, arguments, order; promptfoo's documented tables are here row by row."""

import math

import pytest

from driftwatch.adapters.probes import load_probe_set
from driftwatch.domain.errors import ConfigError
from driftwatch.scorers import ScorerArgumentError, build, score
from driftwatch.scorers.verdict import Unscored
from tests.unit.scorers.replies import Reply, call

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
PING = {"type": "function", "function": {"name": "ping"}}
TOOLS = {"tools": [WEATHER, PING]}
OSLO = call("get_weather", '{"city": "Oslo"}')


def mark(name, argument, *calls, text="", finish="tool_calls"):
    value = score(build(name, argument), Reply(text, finish_reason=finish, tool_calls=calls))
    return None if isinstance(value, Unscored) else value


@pytest.mark.parametrize(
    ("calls", "text", "wanted"),
    [
        ([OSLO], "", 1),
        ([OSLO, call("ping", "")], "", 1),
        ([call("get_weather", {"city": "Oslo"})], "", 1),
        ([call("get_weather", '{"town": "Oslo"}')], "", 0),
        ([call("get_weather", '{"city": "Os')], "", 0),
        ([call("get_weather", "[]")], "", 0),
        ([OSLO, call("delete_everything")], "", 0),
        ([], "I cannot know.", 0),
        ([], '{"name": "get_weather", "arguments": "{\\"city\\": \\"Oslo\\"}"}', 1),
        ([], 'Calling: [{"function": {"name": "get_weather", "arguments": {"city": "Oslo"}}}]', 1),
        ([call("get_weather", "[" * 100_000)], "", None),
        ([{"function": "nonsense"}], "", 0),
    ],
)
@pytest.mark.parametrize(
    "name", ["is-valid-openai-tools-call", "is-valid-function-call", "is-valid-openai-function-call"]
)
def test_calls_are_valid_when_each_tool_is_offered_and_takes_its_arguments(name, calls, text, wanted):
    assert mark(name, TOOLS, *calls, text=text) == wanted


@pytest.mark.parametrize(
    ("expected", "called", "wanted"),
    [
        (["get_weather", "book_flight"], ["get_weather", "book_flight"], 1.0),
        (["get_weather", "book_flight"], ["get_weather"], 2 / 3),
        (["get_weather", "book_flight"], ["get_weather", "book_flight", "search"], 0.8),
        (["get_weather"], ["book_flight"], 0.0),
        ("get_weather, book_flight", ["book_flight", "get_weather", "get_weather"], 1.0),
        ({"value": ["get_weather"], "threshold": 0.8}, [], 0.0),
    ],
)
def test_tool_call_f1_is_promptfoos_table(expected, called, wanted):
    assert mark("tool-call-f1", expected, *map(call, called)) == pytest.approx(wanted)


@pytest.mark.parametrize("prefix", ["", "trajectory:"])
@pytest.mark.parametrize(
    ("argument", "called", "wanted"),
    [
        ("search_orders", ["search_orders", "compose_reply"], 1),
        ("search_orders", ["Search_Orders"], 0),
        (["search_orders", "compose_reply"], ["compose_reply"], 0),
        ({"pattern": "search*", "min": 2, "max": 3}, ["search_orders", "search_mail"], 1),
        ({"pattern": "search*", "min": 2, "max": 3}, ["search_orders"], 0),
        ({"pattern": "search*", "min": 2, "max": 3}, ["search_a"] * 4, 0),
        ({"pattern": "delete*", "max": 0}, ["search_orders"], 1),
        ({"value": {"pattern": "s[1]"}}, ["s1"], 0),
        ("search_orders", [], 0),
    ],
)
def test_tool_used_counts_calls_by_name_or_pattern(prefix, argument, called, wanted):
    assert mark(f"{prefix}tool-used", argument, *map(call, called)) == wanted


DEFAULTS = {"name": "orders", "mode": "exact", "args": {"status": "Q"}, "defaults": {"page": 1, "page_size": 5}}
CURSOR = {**DEFAULTS, "ignore": "cursor"}


@pytest.mark.parametrize(
    ("argument", "sent", "wanted"),
    [
        ({"name": "orders", "args": {"status": "Q"}}, '{"status": "Q", "page": 2}', 1),
        ({"name": "orders", "args": {"a": {"b": [1]}}}, '{"a": {"b": [1], "c": 2}}', 1),
        ({"name": "orders", "args": {"a": {"b": [1]}}}, '{"a": {"b": [1, 2]}}', 0),
        ({"pattern": "ord*", "arguments": {"status": "Q"}}, '{"status": "q"}', 0),
        (DEFAULTS, '{"status": "Q"}', 1),
        (DEFAULTS, '{"status": "Q", "page": 1}', 1),
        (DEFAULTS, '{"status": "Q", "page": 1, "page_size": 5}', 1),
        (DEFAULTS, '{"status": "Q", "page": 2}', 0),
        (DEFAULTS, '{"status": "Q", "delete_database": true}', 0),
        (CURSOR, '{"status": "Q", "cursor": "abc123"}', 1),
        (CURSOR, '{"status": "Q", "page": 2}', 0),
        ({**DEFAULTS, "ignore": ["*_id"]}, '{"status": "Q", "request_id": "a1b2"}', 1),
        (DEFAULTS, "{broken", 0),
        (DEFAULTS, "[1]", 0),
    ],
)
@pytest.mark.parametrize("prefix", ["", "trajectory:"])
def test_tool_args_match_is_promptfoos_tables(prefix, argument, sent, wanted):
    assert mark(f"{prefix}tool-args-match", argument, call("other"), call("orders", sent)) == wanted


@pytest.mark.parametrize(
    ("argument", "called", "wanted"),
    [
        (["a", "b"], "a x b", 1),
        (["a", "b"], "b a", 0),
        ({"steps": ["a", "b"], "mode": "exact"}, "a b", 1),
        ({"steps": ["a", "b"], "mode": "exact"}, "a x b", 0),
        (["a", "a"], "a", 0),
        (["s*"], "search", 1),
    ],
)
def test_a_sequence_lets_others_between_unless_it_is_exact(argument, called, wanted):
    assert mark("trajectory:tool-sequence", argument, *map(call, called.split())) == wanted


@pytest.mark.parametrize(
    ("argument", "count", "wanted"),
    [({"max": 3}, 3, 1), ({"max": 3}, 4, 0), ({"type": "tool", "min": 1}, 0, 0), (2, 2, 1), (2, 3, 0)],
)
def test_steps_are_counted(argument, count, wanted):
    assert mark("trajectory:step-count", argument, *[call("a")] * count) == wanted


@pytest.mark.parametrize(
    ("name", "argument", "words"),
    [
        ("trajectory:step-count", {"type": "reasoning", "max": 1}, "only steps of the type `tool`"),
        ("trajectory:step-count", {"pattern": "a*"}, "neither"),
        ("trajectory:tool-sequence", {"steps": ["a"], "mode": "any"}, "in_order"),
        ("tool-args-match", {"name": "a"}, "no mapping"),
        ("tool-used", {"pattern": "a", "min": 3, "max": 2}, "exchange them"),
        ("is-valid-openai-tools-call", {"tools": []}, "no tools to compare"),
        ("guardrails", {"purpose": "fun"}, "redteam"),
        ("perplexity", 0.5, "1 or more"),
    ],
)
def test_what_cannot_be_checked_is_refused_in_words(name, argument, words):
    with pytest.raises(ScorerArgumentError, match=words):
        build(name, argument)


def test_the_content_filter_leaves_calls_unscored():
    assert mark("tool-used", "a", call("a"), finish="content_filter") is None


def test_guardrails_and_their_opposite():
    assert [mark("guardrails", None, finish=f) for f in ("stop", "content_filter", "", None)] == [1, 0, None, None]
    assert mark("guardrails", {"config": {"purpose": "redteam"}}, finish="content_filter") == 1


def test_perplexity_is_exp_of_minus_the_mean_log_probability():
    """Jelinek et al. (1977): two tokens of probability 1/2 and 1/8 have the geometric mean 1/4, so perplexity 4."""
    reply = Reply("a", token_logprobs=[math.log(1 / 2), math.log(1 / 8)])
    assert [score(build("perplexity", limit), reply) for limit in (4.001, 3.999)] == [1, 0]
    assert score(build("perplexity-score", None), reply) == pytest.approx(1 / 5)
    for values in ([], [math.nan], [-math.inf]):
        assert isinstance(score(build("perplexity", 2), Reply("a", token_logprobs=values)), Unscored)


def written(tmp_path, extra=""):
    (tmp_path / "a.yaml").write_text(
        "probes:\n  - id: a\n    prompt: Weather in Oslo?\n    scorers: [is-valid-openai-tools-call]\n" + extra
    )
    return load_probe_set([tmp_path / "a.yaml"]).probes[0]


def test_the_probes_own_tools_are_what_its_calls_are_compared_with(tmp_path):
    probe = written(tmp_path, "    tools:\n      - {type: function, function: {name: ping}}\n")
    assert probe.scorers[0].argument == {"tools": [{"type": "function", "function": {"name": "ping"}}]}


def test_a_probe_without_tools_cannot_check_calls(tmp_path):
    with pytest.raises(ConfigError, match="there are no tools to compare with"):
        written(tmp_path)
