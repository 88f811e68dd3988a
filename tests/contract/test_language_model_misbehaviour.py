"""A vendor that misbehaves, over real HTTP: every driver makes one request and gives the failure its name."""

import asyncio
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from driftwatch.adapters.clock import SystemClock
from driftwatch.adapters.llm.direct import DirectModel
from driftwatch.adapters.llm.litellm import LiteLLMModel
from driftwatch.domain.answer import Question, Reply
from driftwatch.domain.errors import EndpointError, Outcome
from driftwatch.domain.secret import Secret
from driftwatch.services.ports import LanguageModel
from driftwatch.testing.behaviours import Behaviour, drip, endless, hang, raw, reset, say, status, stream
from driftwatch.testing.server import ScriptedServer, refused_url
from driftwatch.testing.wire import Said, events

KEY = Secret("sk-contract-0123456789")
# Generous: a busy machine must not turn another failure into a timeout.
DEADLINE_S = 20.0

Make = Callable[[str], LanguageModel]


def direct(base_url: str) -> LanguageModel:
    return DirectModel(model="m", base_url=base_url, clock=SystemClock(), api_key=KEY)


def via_litellm(route: str) -> Make:
    def make(base_url: str) -> LanguageModel:
        address = base_url.removesuffix("/v1") if route.startswith("anthropic") else base_url
        return LiteLLMModel(model=route, base_url=address, clock=SystemClock(), api_key=KEY)

    return make


DRIVERS = {
    "direct": direct,
    "litellm openai": via_litellm("openai/m"),
    "litellm hosted_vllm": via_litellm("hosted_vllm/m"),
    "litellm anthropic": via_litellm("anthropic/claude-sonnet-4-20250514"),
}


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture(params=DRIVERS)
def make(request: pytest.FixtureRequest) -> Make:
    return DRIVERS[request.param]


def ask(make: Make, base_url: str, **options: Any) -> Reply:
    async def asked() -> Reply:
        model = make(base_url)
        try:
            question = Question(
                messages=({"role": "user", "content": "Go."},), **{"deadline_s": DEADLINE_S, "params": {}, **options}
            )
            return await model.ask(question)
        finally:
            await model.aclose()

    return asyncio.run(asked())


def failure(make: Make, server: ScriptedServer, behaviour: Behaviour, **options: Any) -> EndpointError:
    """Ask once and return the failure; exactly one request must have arrived."""
    server.behave = lambda _: behaviour
    before = len(server.requests)
    with pytest.raises(EndpointError) as caught:
        ask(make, server.base_url, **options)
    assert len(server.requests) - before == 1
    assert KEY.reveal() not in str(caught.value)
    assert len(str(caught.value)) <= 500
    return caught.value


@pytest.mark.parametrize(
    ("code", "outcome", "transient"),
    [
        (400, Outcome.BAD_REQUEST, False),
        (401, Outcome.AUTH, False),
        (402, Outcome.AUTH, False),
        (403, Outcome.AUTH, False),
        (404, Outcome.NOT_FOUND, False),
        (408, Outcome.TIMEOUT, True),
        (422, Outcome.BAD_REQUEST, False),
        (429, Outcome.RATE_LIMITED, True),
        (500, Outcome.UNAVAILABLE, True),
        (502, Outcome.UNAVAILABLE, True),
        (503, Outcome.UNAVAILABLE, True),
        (504, Outcome.UNAVAILABLE, True),
        (529, Outcome.UNAVAILABLE, True),
    ],
)
def test_each_status_has_its_outcome(
    make: Make, server: ScriptedServer, code: int, outcome: Outcome, transient: bool
) -> None:
    error = failure(make, server, status(code, "the vendor's words"))
    assert (error.outcome, error.transient) == (outcome, transient)
    assert str(error) == f"HTTP {code}: the vendor's words"


@pytest.mark.parametrize(
    ("behaviour", "outcome", "transient"),
    [
        pytest.param(hang(), Outcome.TIMEOUT, True, id="hang"),
        pytest.param(drip(), Outcome.TIMEOUT, True, id="drip"),
        pytest.param(reset(), Outcome.NETWORK, True, id="reset"),
        pytest.param(reset(after_headers=True), Outcome.NETWORK, True, id="reset after headers"),
        pytest.param(endless(), Outcome.OVERSIZE, False, id="50 MB"),
        pytest.param(raw(b"<html>hello</html>", content_type="text/html"), Outcome.PROTOCOL, False, id="HTML"),
        pytest.param(raw(b""), Outcome.PROTOCOL, False, id="empty"),
        pytest.param(raw(b'{"choices": []}'), Outcome.PROTOCOL, False, id="choices []"),
        pytest.param(raw(b"[1, 2]"), Outcome.PROTOCOL, False, id="a list"),
        pytest.param(raw(b'{"choices": []}{"choices": []}'), Outcome.PROTOCOL, False, id="two objects"),
        pytest.param(raw(b"[" * 100_000), Outcome.PROTOCOL, False, id="100 000 brackets"),
        pytest.param(say(None), Outcome.PROTOCOL, False, id="null content"),
        pytest.param(status(302, headers={"Location": "http://127.0.0.1:9/"}), Outcome.PROTOCOL, False, id="redirect"),
        pytest.param(
            status(429, '{"error": {"message": "pay", "code": "insufficient_quota"}}'),
            Outcome.RATE_LIMITED,
            False,
            id="empty account",
        ),
    ],
)
def test_each_misbehaviour_has_its_outcome(
    make: Make, server: ScriptedServer, behaviour: Behaviour, outcome: Outcome, transient: bool
) -> None:
    began = time.perf_counter()
    error = failure(make, server, behaviour, deadline_s=1.5 if outcome is Outcome.TIMEOUT else DEADLINE_S)
    assert (error.outcome, error.transient) == (outcome, transient)
    assert outcome is not Outcome.TIMEOUT or time.perf_counter() - began < 10


def test_an_answer_with_a_header_beyond_ascii_is_an_answer(make: Make, server: ScriptedServer) -> None:
    """HTTP lets any byte stand there; every question through LiteLLM was lost to a gateway that names its city."""
    server.behave = lambda _: say("ok", headers={"X-Served-By": "Z\u00fcrich"})
    assert ask(make, server.base_url).output == b"ok"


@pytest.mark.parametrize("location", ["http://[no/", "//\u2100.example/"])
def test_a_redirect_to_no_address_is_told_as_a_redirect(make: Make, server: ScriptedServer, location: str) -> None:
    """What the standard library refuses to split came out of the direct driver as a bare ValueError."""
    error = failure(make, server, status(302, headers={"Location": location}))
    assert (error.outcome, error.transient) == (Outcome.PROTOCOL, False)
    assert "redirected to another address" in str(error)


def test_nobody_listening_is_a_network_failure(make: Make) -> None:
    with pytest.raises(EndpointError) as caught:
        ask(make, refused_url())
    assert (caught.value.outcome, caught.value.transient) == (Outcome.NETWORK, True)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"Retry-After": "3"}, 3.0),
        ({"retry-after-ms": "250", "Retry-After": "1"}, 0.25),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "1e300"}, None),
        ({"Retry-After": "nan"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_where_it_can_be_believed(
    make: Make, server: ScriptedServer, headers: dict[str, str], wait_s: float | None
) -> None:
    assert failure(make, server, status(429, headers=headers)).retry_after_s == wait_s


def test_a_server_that_echoes_the_key_does_not_get_it_into_an_error(make: Make, server: ScriptedServer) -> None:
    error = failure(make, server, status(401, f"bad key {KEY.reveal()} \x1b[2J" + "x" * 10_000))
    assert str(error).startswith("HTTP 401: bad key *** ")
    assert "\x1b" not in str(error)


def test_a_server_that_echoes_the_key_does_not_get_it_into_an_answer(make: Make, server: ScriptedServer) -> None:
    server.behave = lambda _: say(f"your key is {KEY.reveal()}", headers={"x-request-id": KEY.reveal()})
    reply = ask(make, server.base_url)
    assert reply.output == b"your key is ***"
    assert KEY.reveal() not in repr(reply)


def test_a_key_that_the_cut_of_an_error_goes_through_leaves_no_part_of_itself(server: ScriptedServer) -> None:
    """The first 80 bytes of what is no JSON were cut off before the key was looked for: all but its end was told."""
    body = b"Authorization: Bearer ".rjust(63, b".") + KEY.reveal().encode() + b" is not welcome"
    assert body[:80].endswith(KEY.reveal()[:17].encode())
    for behaviour in (raw(body), stream([b"data: " + body + b"\n\n"])):
        error = failure(DRIVERS["direct"], server, behaviour)
        assert error.outcome is Outcome.PROTOCOL
        assert KEY.reveal()[:8] not in str(error)


def test_cookies_and_unknown_headers_are_not_kept(make: Make, server: ScriptedServer) -> None:
    server.behave = lambda _: say("ok", headers={"Set-Cookie": "a=private", "x-request-id": "r-1", "X-Other": "o"})
    reply = ask(make, server.base_url)
    assert reply.headers.keys() == {"x-request-id", "server"}
    assert reply.request_id == "r-1"


def test_50_mb_are_not_held_in_memory(make: Make, server: ScriptedServer) -> None:
    ask_once = lambda: failure(make, server, endless(piece=4096), max_bytes=200_000)  # noqa: E731
    ask_once()
    tracemalloc.start()
    try:
        assert ask_once().outcome is Outcome.OVERSIZE
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "usage",
    [{"prompt_tokens": -1, "completion_tokens": -1}, {}, {"prompt_tokens": 10**12, "completion_tokens": 10**12}],
)
def test_absurd_usage_is_unknown_not_zero(server: ScriptedServer, usage: Any) -> None:
    server.behave = lambda _: say("ok", usage=usage)
    for name in ("direct", "litellm openai"):
        found = ask(DRIVERS[name], server.base_url).usage
        assert (found.input_tokens, found.output_tokens) == (None, None), name


@pytest.mark.parametrize("name", DRIVERS)
def test_the_key_goes_where_it_belongs_and_none_is_made_up(server: ScriptedServer, name: str) -> None:
    server.behave = lambda _: say("ok")
    ask(DRIVERS[name], server.base_url)
    assert KEY.reveal() in str(server.requests[-1].headers)


def test_without_a_key_of_ours_no_key_of_the_environment_is_sent_to_another_host(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-the-environment")
    server.behave = lambda _: say("ok")
    for make in (
        lambda url: DirectModel(model="m", base_url=url, clock=SystemClock()),
        lambda url: LiteLLMModel(model="openai/m", base_url=url, clock=SystemClock()),
    ):
        ask(make, server.base_url)
        assert "sk-from-the-environment" not in str(server.requests[-1].headers)


# -- streams: the direct driver's own ----------------------------------------------------------

WHOLE = list(events(Said(text="one two three"), {}))


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(stream(WHOLE[:3]), id="ended"),
        pytest.param(stream([*WHOLE[:3], b'data: {"choi']), id="ended inside an event"),
        pytest.param(stream(WHOLE[:3], then=reset()), id="reset"),
    ],
)
def test_half_an_answer_is_never_returned(server: ScriptedServer, behaviour: Behaviour) -> None:
    error = failure(direct, server, behaviour)
    assert (error.outcome, error.transient) == (Outcome.TRUNCATED, True)


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param([*WHOLE, b"data: [DONE]\n\n"], id="as it should be"),
        pytest.param(WHOLE, id="no [DONE]"),
        pytest.param([*WHOLE, b"data: [DONE]\n\n", b"data: [DONE]\n\n"], id="two [DONE]"),
        pytest.param([*WHOLE, b"data: [DONE]"], id="[DONE] without a line end"),
        pytest.param([b"\xef\xbb\xbf", *WHOLE], id="BOM"),
        pytest.param([b": ping\n\n", b"event: x\nid: 3\n\n", *WHOLE, b": bye\n\n"], id="comments"),
        pytest.param([b"".join(WHOLE).replace(b"\n", b"\r\n")], id="CRLF"),
        pytest.param([b"".join(WHOLE).replace(b"\n\n", b"\n")], id="no blank lines"),
        pytest.param([bytes([b]) for b in b"".join(WHOLE)], id="byte by byte"),
    ],
)
def test_a_whole_answer_is_read_however_it_is_framed(server: ScriptedServer, chunks: list[bytes]) -> None:
    server.behave = lambda _: stream(chunks)
    assert ask(direct, server.base_url).output == b"one two three"


def test_a_connection_lost_after_the_reason_why_it_stopped_loses_nothing(server: ScriptedServer) -> None:
    server.behave = lambda _: stream(WHOLE, then=reset())
    assert ask(direct, server.base_url).output == b"one two three"


def test_an_error_inside_a_stream_is_the_vendors_failure(server: ScriptedServer) -> None:
    error = failure(direct, server, stream([WHOLE[0], b'data: {"error": {"message": "overloaded", "code": 502}}\n\n']))
    assert (error.outcome, error.transient) == (Outcome.UNAVAILABLE, True)


def test_rubbish_inside_a_stream_is_a_protocol_failure(server: ScriptedServer) -> None:
    error = failure(direct, server, stream([WHOLE[0], b"data: {{{\n\n", *WHOLE[1:]]))
    assert error.outcome is Outcome.PROTOCOL


def test_undecodable_bytes_are_kept_even_split_between_events(server: ScriptedServer) -> None:
    halves = [b'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n' % part for part in (b"caf\xc3", b"\xa9 \xff")]
    server.behave = lambda _: stream([*halves, WHOLE[-1]])
    assert ask(direct, server.base_url).output == b"caf\xc3\xa9 \xff"


def test_tool_calls_are_put_together_from_their_pieces(server: ScriptedServer) -> None:
    pieces = [
        '{"index":0,"id":"c1","type":"function","function":{"name":"pay","arguments":""}}',
        '{"index":0,"function":{"arguments":"{\\"usd\\":"}}',
        '{"index":1,"id":"c2","function":{"name":"end","arguments":"{}"}}',
        '{"index":0,"function":{"arguments":"5}"}}',
    ]
    lines = [f'data: {{"choices":[{{"delta":{{"tool_calls":[{p}]}}}}]}}\n\n'.encode() for p in pieces]
    finish = b'data: {"choices":[{"delta":{},"finish_reason":"tool_calls"}]}\n\n'
    server.behave = lambda _: stream([*lines, finish])
    reply = ask(direct, server.base_url)
    assert [call["function"] for call in reply.tool_calls] == [
        {"name": "pay", "arguments": '{"usd":5}'},
        {"name": "end", "arguments": "{}"},
    ]
    assert reply.output == b""


def test_a_refusal_is_an_answer(make: Make, server: ScriptedServer) -> None:
    if make is DRIVERS["litellm anthropic"]:
        pytest.skip("Anthropic's API has no refusal field")
    server.behave = lambda _: say(None, refusal="I will not.")
    reply = ask(make, server.base_url)
    assert (reply.refusal, reply.output) == ("I will not.", b"")


def test_time_to_first_token_is_that_of_the_first_token_not_of_the_headers(server: ScriptedServer) -> None:
    server.behave = lambda _: stream(
        [b'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n', *WHOLE[1:]], token_s=0.06
    )
    reply = ask(direct, server.base_url)
    assert reply.ttft_ms is not None
    assert 60 <= reply.ttft_ms < reply.latency_ms - 60


def test_the_connection_is_used_again(server: ScriptedServer) -> None:
    ports = []

    def behave(_: Any) -> Behaviour:
        async def behaviour(request: Any, body: Any) -> Any:
            ports.append(request.transport.get_extra_info("peername")[1])
            return await say("ok")(request, body)

        return behaviour

    async def twice() -> None:
        model = direct(server.base_url)
        question = Question(messages=({"role": "user", "content": "Go."},))
        await model.ask(question)
        await model.ask(question)
        await model.aclose()

    server.behave = behave
    asyncio.run(twice())
    assert ports[0] == ports[1]


def test_params_are_passed_on_untouched(make: Make, server: ScriptedServer) -> None:
    server.behave = lambda _: say("ok")
    ask(make, server.base_url, params={"temperature": 0, "max_tokens": 40})
    body = server.requests[-1].body
    assert (body["temperature"], body["max_tokens"]) == (0, 40)
