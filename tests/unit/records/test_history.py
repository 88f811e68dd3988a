"""A file of records put in order for a backtest: the same whatever the file's order, and however its lines are held."""

import io
import json
import random

import pytest

from driftwatch.adapters.records import history
from driftwatch.adapters.records.history import Scoring, recorded_history

RECORDS = [
    {"endpoint": name, "probe": f"p{probe}", "replay": f"2026-07-20T{hour:02}:00Z", **more}
    for hour in range(4)
    for name in ("x", "y")
    for probe in range(5)
    for more in (
        {"scores": {"exact": (hour + probe) % 2}, "latency_ms": 100 + probe},
        {"output": f"answer {hour}", "scores": {"exact": 1}, "logprobs": [{"token": "a", "logprob": -0.5}]},
        {"error": "timeout: too slow", "fingerprint": {"git": "3f2a"}},
    )
]


def events_of(records):
    with recorded_history(io.BytesIO("\n".join(map(json.dumps, records)).encode())) as read:
        read.load()
        scoring = {name: Scoring(references=2) for name in read.endpoints}
        return list(read.events(scoring)), read.report


def test_the_longest_run_of_lines_held_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    usual, _ = events_of(RECORDS)
    for lines, size in ((1, 1 << 20), (2, 1 << 20), (256, 0)):
        monkeypatch.setattr(history, "_LONGEST_RUN", lines)
        monkeypatch.setattr(history, "_LARGEST_RUN", size)
        assert events_of(RECORDS)[0] == usual


def test_replays_whose_lines_are_mixed_up_are_told_in_order_with_all_their_answers() -> None:
    mixed = random.Random(3).sample(RECORDS, len(RECORDS))
    events, report = events_of(mixed)
    assert [(name, event.slot.due.hour) for name, event in events] == [(n, h) for h in range(4) for n in ("x", "y")]
    assert {event.asked for _, event in events} == {15}
    assert {event.answered for _, event in events} == {10}
    assert report.skipped == []


def test_answers_of_a_probe_without_a_number_are_its_samples_in_their_order() -> None:
    scores = [{"endpoint": "x", "probe": "p", "replay": "2026-07-20T06:00Z", "scores": {"grade": n}} for n in (3, 1, 2)]
    (_, event), *_ = events_of(scores)[0]
    assert event.values["grade"] == {"p@imported": (3.0, 1.0, 2.0)}


def test_an_answer_that_names_its_sample_leaves_the_others_the_free_ones() -> None:
    one = {"endpoint": "x", "probe": "p", "replay": "2026-07-20T06:00Z"}
    records = [one | {"scores": {"grade": 7}}, one | {"scores": {"grade": 5}, "sample": 0}]
    (_, event), *_ = events_of(records)[0]
    assert event.values["grade"] == {"p@imported": (5.0, 7.0)}
    again, report = events_of([*records, one | {"scores": {"grade": 9}, "sample": 0}])
    assert again[0][1].values["grade"] == {"p@imported": (5.0, 7.0)}
    assert [problem.line for problem in report.skipped] == [3]


def test_a_line_that_is_there_again_is_one_answer_where_it_says_which_it_is() -> None:
    """A file put together from overlapping exports of a log made two samples of every answer in both."""
    one = {"endpoint": "x", "probe": "p", "replay": "2026-07-20T06:00Z", "scores": {"grade": 7}}
    asked = one | {"at": "2026-07-20T06:00:12.345Z", "latency_ms": 420.5}
    named = one | {"request_id": "chatcmpl-1"}
    for same in (asked, named):
        events, report = events_of([same, same | {"scores": {"grade": 5}}, same])
        assert events[0][1].values["grade"] == {"p@imported": (7.0, 5.0)}
        assert [(problem.line, problem.met) for problem in report.skipped] == [(3, "the same answer was there before")]
    # Three samples that say no more than this are three: nothing tells them from one.
    events, report = events_of([one, one, one])
    assert events[0][1].values["grade"] == {"p@imported": (7.0, 7.0, 7.0)}
    assert report.skipped == []


def test_another_answer_under_a_number_that_was_there_is_lost_and_the_same_record_is_not() -> None:
    """All lines with `"sample": 0` and two different answers a probe: half of them went, and counted as repeats."""
    one = {"endpoint": "x", "probe": "p", "replay": "2026-07-20T06:00Z", "sample": 0, "scores": {"grade": 7}}
    _, same = events_of([one, one])
    assert (same.skipped_lines, same.repeats, same.partial) == (1, 1, False)
    _, other = events_of([one, one | {"scores": {"grade": 5}}])
    assert (other.skipped_lines, other.repeats, other.partial) == (1, 0, True)
    assert same.skipped[0].met == "sample 0 of this probe and replay was there before"
    assert other.skipped[0].met == "sample 0 of this probe and replay was there before, with another answer"
