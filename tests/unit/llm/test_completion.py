"""Hostile pieces of a completion: never a crash, only an answer or a named failure."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json

from driftwatch.adapters.llm.completion import Completion, parse_logprobs, take_event, to_bytes
from driftwatch.adapters.llm.usage import parse_usage
from driftwatch.domain.errors import EndpointError

FIELDS = (  # noqa: SIM905
    "choices delta message content index tool_calls function arguments logprobs token logprob top_logprobs "
    "usage prompt_tokens finish_reason refusal model id error"
).split()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(FIELDS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@given(st.lists(JSON, max_size=4))
def test_any_json_is_an_answer_or_a_named_failure(pieces: list[Any]) -> None:
    completion = Completion(max_bytes=1000)
    with contextlib.suppress(EndpointError):
        for piece in pieces:
            take_event(json.dumps(piece).encode(), completion)
    assert isinstance(completion.output(), bytes)
    assert isinstance(completion.refusal(), str | None)
    assert isinstance(completion.tool_calls(), tuple)


NUMBER = st.from_regex(r"\A-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,4})?\Z") | st.floats().map(
    json.dumps
)
TOKENS = (
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b'"a"',
        b'"a":1',
        b"true",
        b"null",
        b"NaN",
        b"-Infinity",
        b"-NaN",
        b"+1",
        b"01",
    ),
    *(
        b"1.",
        b".5",
        b"-0",
        b"1e999",
        b" ",
        b"\n",
        b"\x0b",
        b"\x00",
        b"\xef\xbb\xbf",
        b'"\x01"',
        b'"\\x"',
        b'"\xff"',
        b"'a'",
    ),
    *(b'"\\ud83d"', b'"\\ude00\\ud83d\\ude00"', b'"\xe2\x80\xa8"', b'"\\/"'),
)


@given(
    NUMBER.map(str.encode)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.lists(st.sampled_from(TOKENS), max_size=6).map(b"".join)
)
def test_what_the_fast_parser_takes_python_takes_and_reads_the_same(event: bytes) -> None:
    try:
        found = from_json(event)
    except ValueError:
        return
    assert repr(found) == repr(json.loads(event.decode()))


@pytest.mark.parametrize(
    ("event", "output"),
    [
        (rb'{"choices": [{"delta": {"content": "\ud83d"}}]}', b"\xed\xa0\xbd"),
        (b'{"choices": [{"delta": {"content": "caf\xe9"}}]}', b"caf\xe9"),
        (b'\x0b{"choices": [{"delta": {"content": "a"}}]}\x0b', b"a"),
        (b'{"choices": [{"delta": {"content": "a", "x": ' + b"[" * 300 + b"]" * 300 + b"}}]}", b"a"),
    ],
    ids=["half a pair", "no UTF-8", "odd white space", "nested deeper than the fast parser goes"],
)
def test_what_only_python_reads_is_read(event: bytes, output: bytes) -> None:
    completion = Completion(max_bytes=1000)
    with pytest.raises(ValueError, match=r"line 1 column|expected value|recursion|invalid unicode|surrogate"):
        from_json(event)
    completion.take(event)
    assert completion.output() == output


@given(st.binary(max_size=60))
def test_bytes_that_are_no_utf8_come_back_as_they_were(raw: bytes) -> None:
    assert to_bytes(raw.decode("utf-8", "surrogateescape"), broken=True) == raw


@given(st.text(st.characters(), max_size=60))
def test_any_text_has_bytes_and_reads_back(text: str) -> None:
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    assert to_bytes(text).decode("utf-8", "surrogatepass") in (text, whole)


@pytest.mark.parametrize("count", [-1, 1.5, "12", True, None, 10**12, [1], float("nan")])
def test_a_count_that_cannot_be_true_is_unknown(count: Any) -> None:
    assert parse_usage({"prompt_tokens": count, "completion_tokens": count}).input_tokens is None


@pytest.mark.parametrize(
    "usage", [None, 3, "usage", [], {"prompt_tokens_details": 3, "completion_tokens_details": "x"}]
)
def test_usage_that_is_no_usage_is_unknown(usage: Any) -> None:
    assert parse_usage(usage).output_tokens is None


def test_details_of_usage_are_read() -> None:
    found = parse_usage(
        {"prompt_tokens_details": {"cached_tokens": 5}, "completion_tokens_details": {"reasoning_tokens": 9}}
    )
    assert (found.cached_tokens, found.reasoning_tokens) == (5, 9)


@pytest.mark.parametrize("value", [0.5, float("nan"), float("-inf"), "-1", None, True])
def test_a_log_probability_that_cannot_be_one_is_left_out(value: Any) -> None:
    assert (
        parse_logprobs({"content": [{"token": "a", "logprob": value}, {"token": "b", "logprob": -1.0}]})[0].token == "b"
    )


def test_a_second_choice_does_not_mix_into_the_first() -> None:
    completion = Completion(max_bytes=1000)
    choices = [{"index": 1, "delta": {"content": "no"}}, {"index": 0, "delta": {"content": "yes"}}]
    completion.take(json.dumps({"choices": choices}).encode())
    assert completion.output() == b"yes"


def test_thinking_without_end_is_cut_off() -> None:
    completion = Completion(max_bytes=1000)
    piece = json.dumps({"choices": [{"delta": {"reasoning_content": "hm " * 100}}]}).encode()
    for _ in range(3):
        completion.take(piece)
    with pytest.raises(EndpointError, match="larger than 1000"):
        completion.take(piece)


def test_an_empty_text_with_a_reason_is_an_answer() -> None:
    completion = Completion(max_bytes=1000)
    completion.take(b'{"choices": [{"message": {"content": ""}, "finish_reason": "stop"}]}')
    assert not completion.empty


@pytest.mark.parametrize("reason", ["content_filter", "length"])
def test_null_content_is_an_answer_where_the_vendor_says_why(reason: str) -> None:
    completion = Completion(max_bytes=1000)
    completion.take(json.dumps({"choices": [{"message": {"content": None}, "finish_reason": reason}]}).encode())
    assert not completion.empty
