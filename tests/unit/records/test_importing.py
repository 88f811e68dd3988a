"""Importing and exporting observations."""

import io
import json
import random
import shutil
import tracemalloc
import zlib
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from driftwatch.adapters.records import export_observations, import_observations
from driftwatch.adapters.store import open_store
from driftwatch.domain.errors import Outcome
from driftwatch.domain.metric import MEASURED
from driftwatch.domain.replay import Score, SlotState
from driftwatch.scorers.verdict import Unscored
from tests.contract.observed import NOON, answer, failed, replay, reply, rich_reply, score, slot

START = datetime(2026, 7, 20, 6, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    with closing(open_store(f"sqlite:///{tmp_path}/driftwatch.db")) as made:
        yield made


def record(hour=0, probe="hi", endpoint="bot", **more):
    item = {"endpoint": endpoint, "probe": probe, "replay": (START + timedelta(hours=hour)).isoformat()}
    return item | (more or {"output": f"answer {hour}", "scores": {"exact": 1}})


def stream(*items):
    return io.BytesIO("\n".join(i if isinstance(i, str) else json.dumps(i) for i in items).encode())


def everything(store):
    return [(r, store.answers(name, r.slot)) for name in store.endpoints() for r in store.replays(name)]


def test_shuffled_lines_become_replays_in_order_of_time(store):
    items = [record(hour, probe, name) for hour in range(5) for probe in ("a", "b") for name in ("x", "y")]
    random.Random(3).shuffle(items)
    report = import_observations(store, stream(*items))
    assert (report.replays, report.answers, report.known, report.skipped) == (10, 20, 0, [])
    for name in ("x", "y"):
        assert [r.slot.due for r in store.replays(name)] == [START + timedelta(hours=h) for h in range(5)]
        assert all(r.values == {"exact": {"a@imported": (1.0,), "b@imported": (1.0,)}} for r in store.replays(name))


def test_importing_again_changes_nothing(store):
    items = [record(hour) for hour in range(5)]
    import_observations(store, stream(*items))
    before = str(everything(store))
    report = import_observations(store, stream(*items, record(5)))
    assert (report.replays, report.known) == (1, 5)
    assert str(everything(store)[:5]) == before, "as text: a latency that nobody logged is no number"


def test_junk_is_listed_by_line_and_the_rest_is_kept(store):
    report = import_observations(store, stream(record(0), "junk", record(1), "{}", record(2, output=7)))
    assert report.replays == 2
    assert [problem.line for problem in report.skipped] == [2, 4, 5]
    assert report.skipped_lines == 3


def test_times_without_offset_are_counted(store):
    assert import_observations(store, stream(record(0) | {"replay": "2026-07-20 06:00"})).naive == 1


def test_records_of_one_probe_are_its_samples(store):
    items = [record(0, output=str(n), scores={"exact": n}) for n in range(3)]
    items.insert(0, record(0, sample=1, output="named", scores={"exact": 9}))
    items.append(record(0, sample=1, output="twice"))
    report = import_observations(store, stream(*items))
    found = {a.sample: a.text for a in store.answers("bot", slot(-6))}
    assert found == {1: "named", 0: "0", 2: "1", 3: "2"}
    assert [r.values["exact"]["hi@imported"] for r in store.replays("bot")] == [(0.0, 9.0, 1.0, 2.0)]
    assert [problem.line for problem in report.skipped] == [5]


def test_an_error_is_an_answer_that_never_came_and_no_score(store):
    import_observations(store, stream(record(0, error="timeout"), record(0, "b", error="odd", output="half")))
    assert [(a.outcome, a.reply) for a in store.answers("bot", slot(-6))] == [
        (Outcome.TIMEOUT, None),
        (Outcome.UNAVAILABLE, None),
    ]
    (found,) = store.replays("bot")
    assert (found.asked, found.answered, found.values) == (2, 0, {})


def test_scores_without_a_text_are_scores_and_its_numbers_too(store):
    import_observations(store, stream(record(0, scores={"exact": 0.5}, latency_ms=420, input_tokens=7)))
    (found,) = store.replays("bot")
    assert found.values == {
        "exact": {"hi@imported": (0.5,)},
        "latency": {"hi@imported": (420.0,)},
        "input-tokens": {"hi@imported": (7.0,)},
    }
    assert found.answered == 1
    assert store.answers("bot", slot(-6))[0].reply is None, "no text was logged: none is invented"


def test_the_callers_scores_are_added_and_the_records_own_win(store):
    def measured(replay, given):
        assert given == {("hi@imported", 0): {"exact": 1.0}}
        (one,) = replay.answers
        return [
            Score(probe_key=one.probe_key, sample=0, metric="exact", value=0.0),
            Score(probe_key=one.probe_key, sample=0, metric="length", value=float(len(one.text))),
            Score(probe_key=one.probe_key, sample=0, metric="latency", value=one.latency_ms),
        ]

    import_observations(store, stream(record(0)), score=measured)
    (found,) = store.replays("bot")
    assert found.values == {"exact": {"hi@imported": (1.0,)}, "length": {"hi@imported": (8.0,)}}
    (unscored,) = [s for s in store.scores("bot", found.slot) if s.metric == "latency"]
    assert unscored.value == Unscored("not a finite number"), "a latency nobody logged is not 0"


def torn(items):
    """The items, packed, such that each line can be unpacked without the next, and the end is missing."""
    packer = zlib.compressobj(wbits=31)
    packed = b"".join(
        packer.compress(json.dumps(item).encode() + b"\n") + packer.flush(zlib.Z_SYNC_FLUSH) for item in items
    )
    return io.BufferedReader(io.BytesIO(packed))


def test_the_replay_at_the_cut_of_a_torn_file_is_left_out_and_the_whole_file_brings_all_of_it(store):
    """It stayed as it was at the cut for ever: of a replay that is in the store nothing is taken any more."""
    items = [record(hour, probe) for hour in range(3) for probe in "abcde"]
    report = import_observations(store, torn(items[:12]))
    assert (report.replays, report.answers, report.torn) == (2, 10, True)
    assert [(found.line, found.slug) for found in report.skipped] == [
        (13, "records-torn"),
        *[(n, "records-torn") for n in (11, 12)],
    ]
    assert "the file ends within this replay" in report.skipped[1].met
    report = import_observations(store, stream(*items))
    assert (report.replays, report.known, report.answers) == (1, 2, 5)
    mixed = [record(9, probe, name) for probe in "ab" for name in ("bot", "other")]
    assert import_observations(store, torn(mixed[:3])).replays == 0, "of each endpoint that was asked at that moment"
    again = import_observations(store, torn(items[:12]))
    assert (again.known, again.skipped_lines) == (3, 1), "what is in the store already is not lost"


def test_a_replay_whose_slot_was_given_up_is_listed(store):
    store.end_slot(slot(-6), SlotState.SKIPPED, reason="no connectivity", now=NOON)
    report = import_observations(store, stream(record(0)))
    assert report.replays == 0
    assert "has ended as skipped" in report.skipped[0].met


def test_an_export_imported_into_an_empty_store_is_the_same_history(store, tmp_path):
    store.record_replay(
        replay(0, answers=[answer("z@1", reply=rich_reply(), cost_usd=0.5), failed("a@2"), answer("z@1", sample=1)]),
        [score(1.0, probe="z@1"), score(0.25, probe="z@1", sample=1), score(Unscored("timeout"), probe="a@2")],
    )
    store.record_replay(replay(1), [])
    exported = [json.dumps(item) for item in export_observations(store, "bot")]
    with closing(open_store(f"sqlite:///{tmp_path}/other.db")) as other:
        report = import_observations(other, stream(*exported))
        assert (report.skipped, report.naive) == ([], 0)
        assert everything(other) == everything(store)
        assert [json.dumps(item) for item in export_observations(other, "bot")] == exported


def test_an_export_can_be_cut_by_time(store):
    for hour in range(4):
        store.record_replay(replay(hour), [])
    cut = export_observations(store, "bot", since=NOON + timedelta(hours=1), until=NOON + timedelta(hours=3))
    assert [item["replay"] for item in cut] == ["2026-07-20T13:00:00Z", "2026-07-20T14:00:00Z"]


def test_bytes_that_are_not_utf_8_travel_as_base64(store):
    store.record_replay(replay(answers=[answer(reply=reply(b"\xff\x00"))]), [])
    (item,) = export_observations(store, "bot")
    assert (item["output"], item["output_b64"]) == (None, "/wA=")


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory):
    """A store to copy: making one takes longer than using it."""
    file = tmp_path_factory.mktemp("empty") / "driftwatch.db"
    open_store(f"sqlite:///{file}").close()
    return file


texts = st.text(st.characters(exclude_categories=()), max_size=12)
finite = st.floats(-1e11, 1e11)
items = st.fixed_dictionaries(
    {
        "endpoint": st.sampled_from(["a", "b\x00"]),
        "probe": st.sampled_from(["p", "q@r", "\ud800"]),
        "replay": st.sampled_from(["2026-07-20T06:00Z", "2026-07-20T06:00+02:00", "2026-07-21"]),
        # Hypothesis takes words from our own modules, too, and `unseen` goes from 0 to 1.
        "scores": st.dictionaries(texts.filter(lambda name: name not in MEASURED), finite, max_size=2),
    },
    optional={
        "at": st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(datetime.isoformat),  # noqa: DTZ001
        "output": texts,
        "latency_ms": st.floats(0, 1e9),
        "cost_usd": st.floats(0, 10),
        "input_tokens": st.integers(0, 10**9),
        "model": texts,
        "error": texts,
        "refusal": texts,
        "probe_hash": st.sampled_from(["aaa", "bbb"]),
        "fingerprint": st.none() | texts | st.dictionaries(texts, texts, max_size=2),
        "logprobs": st.none() | st.lists(st.fixed_dictionaries({"token": texts, "logprob": finite}), max_size=2),
    },
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_items=st.lists(items, max_size=8))
def test_whatever_was_imported_is_exported_such_that_importing_it_gives_the_same(
    tmp_path_factory, empty_store, given_items
):
    here = tmp_path_factory.mktemp("stores")
    for name in ("a.db", "b.db"):
        shutil.copy(empty_store, here / name)
    with (
        closing(open_store(f"sqlite:///{here}/a.db")) as one,
        closing(open_store(f"sqlite:///{here}/b.db")) as two,
    ):
        assert import_observations(one, stream(*given_items)).skipped == []
        exported = [item for name in one.endpoints() for item in export_observations(one, name)]
        assert len(exported) == len(given_items)
        assert import_observations(two, stream(*exported)).skipped == []
        assert str(everything(two)) == str(everything(one))


def test_a_long_shuffled_file_needs_little_memory(store):
    places = [(hour, f"p{n}") for hour in range(20) for n in range(100)]
    random.Random(5).shuffle(places)

    class Endless(io.RawIOBase):
        """A file that is never in memory as a whole."""

        def __init__(self):
            self.lines = (json.dumps(record(h, p, output=f"{h} {p}" * 300)) + "\n" for h, p in places)

        def readline(self, _size=-1):
            return next(self.lines, "").encode()

    tracemalloc.start()
    report = import_observations(store, Endless())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (report.replays, report.answers) == (20, 2000)
    assert peak < 2_500_000
