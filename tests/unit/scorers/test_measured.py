"""What is measured on every answer without asking."""

from datetime import UTC, datetime

import pytest

from driftwatch.domain.answer import Answer, Reply, TokenLogprob, Usage
from driftwatch.domain.errors import Outcome
from driftwatch.domain.metric import MEASURED, NOT_EVERYWHERE, OF_TASKS
from driftwatch.scorers import measure
from driftwatch.scorers.shape import json_shape, markdown, script
from driftwatch.scorers.verdict import Unscored

ELSEWHERE = {"pass", "novelty", "unseen"} | NOT_EVERYWHERE | OF_TASKS


def answer(output="Hello.", **reply):
    reply = Reply(
        output=output.encode("utf-8", "surrogatepass"), **{"latency_ms": 1100.0, "finish_reason": "stop"} | reply
    )
    at = datetime(2026, 7, 20, tzinfo=UTC)
    return Answer(probe_key="a@b", at=at, outcome=Outcome.OK, reply=reply, cost_usd=0.0004)


def test_every_measure_of_the_domain_that_an_answer_alone_tells_is_there():
    assert set(measure(answer())) == set(MEASURED) - ELSEWHERE


def test_a_full_answer_is_measured_in_the_units_of_the_glossary():
    usage = Usage(input_tokens=51, output_tokens=101, reasoning_tokens=7, cached_tokens=0)
    logprobs = (TokenLogprob(token="a", logprob=-0.1), TokenLogprob(token="b", logprob=-0.2))
    measured = measure(answer("Привет", ttft_ms=100.0, usage=usage, logprobs=logprobs))
    shape = {"refusal": 0.0, "cut-off": 0.0, "length": 6.0, "markdown": 0.0, "json-shape": 0.0, "script": 1.0}
    times = {"latency": 1100.0, "ttft": 100.0, "tokens-per-s": 100.0}
    tokens = {"input-tokens": 51.0, "output-tokens": 101.0, "reasoning-tokens": 7.0, "cached-tokens": 0.0}
    assert measured == {**shape, **times, **tokens, "logprob": -0.15, "cost": 0.0004}


def test_what_the_vendor_does_not_tell_is_unscored_and_not_zero():
    measured = measure(answer(finish_reason=None))
    missing = {name for name, value in measured.items() if isinstance(value, Unscored)}
    assert missing == {"cut-off", "logprob", "ttft", "tokens-per-s", *(n for n in MEASURED if n.endswith("-tokens"))}


def test_an_answer_without_a_reply_is_measured_without_raising():
    at = datetime(2026, 7, 20, tzinfo=UTC)
    lost = Answer(probe_key="a@b", at=at, outcome=Outcome.TIMEOUT)
    assert isinstance(measure(lost)["latency"], Unscored)


def test_the_text_of_a_filtered_answer_is_not_measured_but_its_refusal_is():
    measured = measure(answer("Sure, fir", finish_reason="content_filter"))
    assert measured["refusal"] == 1.0
    assert isinstance(measured["length"], Unscored)


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_a_log_probability_that_is_not_finite_is_no_evidence(value):
    assert isinstance(measure(answer(logprobs=(TokenLogprob(token="a", logprob=value),)))["logprob"], Unscored)


@pytest.mark.parametrize("reason", ["length", "max_tokens"])
def test_an_answer_cut_at_its_limit_is_cut_off(reason):
    assert measure(answer(finish_reason=reason))["cut-off"] == 1.0


@pytest.mark.parametrize(
    "text",
    [
        *("# Title", "- one\n- two", "1. one", "* one", "```py\nx\n```", "~~~", "So **bold** it is.", "**Note:** x"),
        *("| a | b |\n|---|---|\n| 1 | 2 |", "a\n## b", "• one"),
    ],
)
def test_markdown_shows(text):
    assert markdown(text) == 1.0


@pytest.mark.parametrize(
    "text",
    ["", "Plain.", "2**3**2", "-5 degrees", "C# is a language", "#hashtag", "a * b * c", "3.5", "-- he said", "1.5 kg"],
)
def test_plain_text_is_not_markdown(text):
    assert markdown(text) == 0.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [('{"a": 1}', 1.0), (" [1]\n", 1.0), ("12", 0.0), ("{a}", 0.0), ("[1] see below", 0.0), ("", 0.0)],
)
def test_only_a_whole_json_object_or_list_has_json_shape(text, expected):
    assert json_shape(text) == expected


@pytest.mark.parametrize(("text", "expected"), [("abc", 0.0), ("Äöü ﬁ ſ", 1 / 5), ("東京 Tokyo", 2 / 7), ("кот", 1.0)])
def test_script_is_the_share_of_letters_that_are_not_latin(text, expected):
    assert script(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "42", "!?", "😀"])
def test_script_of_no_letters_is_unscored(text):
    assert isinstance(script(text), Unscored)
