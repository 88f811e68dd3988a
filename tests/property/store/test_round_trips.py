"""Laws of the store, by Hypothesis: what goes in comes out, whatever a model may say."""

import tempfile
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from driftwatch.adapters.store import open_store, packing
from driftwatch.adapters.store.types import escape, unescape
from driftwatch.domain.answer import Answer, Reply, TokenLogprob, Usage
from driftwatch.domain.errors import Outcome
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.replay import Replay, Slot
from driftwatch.scorers.verdict import Unscored
from tests.stores import BACKENDS, STORES

# All code points, lone surrogates and NUL included.
TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
MOMENTS = st.datetimes(timezones=st.just(UTC))
OUTPUT = st.one_of(st.binary(max_size=300), TEXT.map(lambda t: t.encode("utf-8", "surrogatepass")))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
COUNTS = st.none() | st.integers(0, 2**63 - 1)
REPLIES = st.builds(
    Reply,
    output=OUTPUT,
    finish_reason=st.none() | TEXT,
    refusal=st.none() | TEXT,
    tool_calls=st.lists(st.dictionaries(TEXT, JSON, max_size=3), max_size=2).map(tuple),
    model=st.none() | TEXT,
    system_fingerprint=st.none() | TEXT,
    usage=st.builds(Usage, input_tokens=COUNTS, output_tokens=COUNTS, reasoning_tokens=COUNTS, cached_tokens=COUNTS),
    latency_ms=st.floats(0, allow_nan=False),
    ttft_ms=st.none() | st.floats(0, allow_nan=False),
    logprobs=st.lists(
        st.builds(
            TokenLogprob,
            token=TEXT,
            logprob=st.floats(allow_nan=False),
            top=st.dictionaries(TEXT, st.floats(allow_nan=False), max_size=2),
        ),
        max_size=3,
    ).map(tuple),
    request_id=st.none() | TEXT,
    headers=st.dictionaries(TEXT, TEXT, max_size=2),
)
ANSWERS = st.builds(
    Answer,
    probe_key=TEXT,
    sample=st.integers(0, 1000),
    at=MOMENTS,
    outcome=st.sampled_from(Outcome),
    reply=st.none() | REPLIES,
    attempts=st.integers(0, 9),
    error=st.none() | TEXT,
    cost_usd=st.none() | NUMBERS,
)
SCORED = NUMBERS | st.integers(-5, 300).map(float) | st.builds(Unscored, TEXT)


@pytest.fixture(scope="module", params=BACKENDS)
def store(request):
    server = request.getfixturevalue("postgres") if request.param == "postgres" else None
    with tempfile.TemporaryDirectory() as here, STORES.on(server), closing(open_store(STORES.url(Path(here)))) as made:
        yield made


dues = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=n) for n in count())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    answers=st.lists(ANSWERS, max_size=4, unique_by=lambda a: (a.probe_key, a.sample)),
    endpoint=TEXT,
    parts=st.dictionaries(TEXT, TEXT, max_size=2),
    lag=st.none() | NUMBERS,
)
def test_a_replay_comes_back_byte_for_byte(store, answers, endpoint, parts, lag):
    slot = Slot(endpoint=endpoint, due=next(dues))
    replay = Replay(
        slot=slot,
        epoch=1,
        started_at=slot.due,
        finished_at=slot.due,
        fingerprint=Fingerprint(parts=parts),
        answers=tuple(answers),
        loop_lag_ms=lag,
    )
    seq = store.record_replay(replay, [])
    assert store.answers(endpoint, slot) == replay.answers
    found = next(store.replays(endpoint, after_seq=seq - 1))
    assert (found.slot, found.fingerprint, found.asked) == (slot, replay.fingerprint, len(answers))
    assert store.record_replay(replace(replay, answers=()), []) == seq


@given(st.dictionaries(st.tuples(TEXT, st.integers(0, 3)), SCORED, max_size=30), st.integers(0, 5))
def test_packed_scores_come_back_and_nothing_is_invented(scores, others):
    layout = sorted({*scores, *((f"never asked {n}", 0) for n in range(others))})
    body = packing.pack(scores, {cell: n for n, cell in enumerate(layout)})
    unpacked = packing.unpack(body, layout)
    assert unpacked == scores
    assert str(sorted(unpacked.items(), key=lambda i: i[0])) == str(sorted(scores.items(), key=lambda i: i[0]))
    numbers = {}
    for (key, _), value in sorted((c, v) for c, v in scores.items() if not isinstance(v, Unscored)):
        numbers[key] = (*numbers.get(key, ()), value)
    assert packing.values(body, layout, packing.single_sample_keys(layout)) == numbers


@given(TEXT)
def test_escaped_text_is_storable_everywhere_and_comes_back(text):
    stored = escape(text)
    assert "\x00" not in stored
    assert unescape(stored.encode("utf-8").decode("utf-8")) == text


@given(st.binary(max_size=500) | st.binary(max_size=5).map(lambda b: b * 200))
def test_squeezed_bytes_come_back_and_never_grow_by_more_than_a_byte(plain):
    assert packing.unsqueeze(packing.squeeze(plain)) == plain
    assert len(packing.squeeze(plain)) <= len(plain) + 1
