"""Reading observation records: what is good is used, what is not is named with its line."""

import gzip
import io
import json
import time
import zipfile
from datetime import UTC, datetime

import pytest

from driftwatch.adapters.records import parse_record, read_records
from driftwatch.adapters.records.fields import RecordError
from driftwatch.domain.errors import DriftwatchError, Outcome, Problem

GOOD = {"endpoint": "bot", "probe": "hi", "replay": "2026-07-20T06:00Z", "output": "Hi."}


def line(**more):
    return json.dumps(GOOD | more).encode()


def test_the_record_of_the_documentation_is_understood():
    record = parse_record(
        b'{"endpoint": "support-bot", "probe": "refund-json", "replay": "2026-07-20T06:00Z", "at": '
        b'"2026-07-20T06:00:12Z", "output": "\\u2026", "scores": {"is-json": 1, "contains": 0}, "latency_ms": 420, '
        b'"ttft_ms": 130, "input_tokens": 51, "output_tokens": 88, "cost_usd": 0.0004, "model": "gpt-4.1-2025-04-14",'
        b' "system_fingerprint": null, "finish_reason": "stop", "logprobs": null, "error": null, "fingerprint": null}'
    )
    assert record.scores == {"is-json": 1.0, "contains": 0.0}
    assert record.output == "…".encode()
    assert record.numbers["cost_usd"] == 0.0004
    assert record.at == datetime(2026, 7, 20, 6, 0, 12, tzinfo=UTC)
    assert record.outcome is Outcome.OK


def test_a_line_of_many_keys_of_which_the_last_is_there_twice_is_read_at_once():
    """Each key was counted among all of them: seconds for 20,000 keys, hours for a line of some megabytes."""
    many = ",".join(f'"k{n}":1' for n in [*range(20_000), 19_999])
    started = time.process_time()
    with pytest.raises(RecordError, match="'k19999' is there twice"):
        parse_record(f"{{{many}}}".encode())
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("written", "hour", "naive"),
    [
        ("2026-07-20T06:00Z", 6, False),
        ("2026-07-20T06:00:00.000+02:00", 4, False),
        ("20260720T060000Z", 6, False),
        ("2026-07-20 06:00", 6, True),
        ("2026-07-20T06", 6, True),
        ("2026-07-20", 0, True),
    ],
)
def test_times_are_read_and_a_missing_offset_is_utc_and_told(written, hour, naive):
    record = parse_record(line(replay=written))
    assert (record.replay, record.naive) == (datetime(2026, 7, 20, hour, tzinfo=UTC), naive)


@pytest.mark.parametrize(
    ("bad", "met"),
    [
        (b"nonsense", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (line(endpoint=None), "endpoint is missing"),
        (line(endpoint=" "), "endpoint is not a name"),
        (line(probe=7), "probe is not a name"),
        (line(probe="x" * 501), "longer than 500"),
        (line(replay=None), "replay is missing"),
        (line(replay=17), "not a time"),
        (line(replay="yesterday"), "not an ISO 8601 time: 'yesterday'"),
        (line(replay="0001-01-01T00:00+14:00"), "ISO 8601"),
        (line(replay="0999-01-01"), "in the year 999"),
        (line(output=None), "none of output, scores, latency_ms, error"),
        (line(output=7), "output is not text"),
        (line(output=None, output_b64="%%"), "not base64"),
        (line(scores=[1]), "scores is not an object"),
        (line(scores={"a": "1"}), "the score 'a' is not a number"),
        (b'{"endpoint": "b", "probe": "p", "replay": "2026-07-20", "scores": {"a": NaN}}', "NaN is not a number"),
        (b'{"endpoint": "b", "probe": "p", "replay": "2026-07-20", "scores": {"a": 1e999}}', "not a finite number"),
        (line(scores={"a": 10**400}), "not a finite number"),
        (line(latency_ms=True), "latency_ms is not a number"),
        (line(latency_ms=1e300), "latency_ms is absurd"),
        # One such line, and `driftwatch report` ended in a traceback for as long as it was in the store.
        (line(scores={"a": 1e308}), "the score 'a' is absurd: 1e"),
        (line(scores={"pass": 2}), "the score 'pass' is 2; it goes from 0 to 1"),
        (line(scores={"refusal": -0.5}), "the score 'refusal' is -0.5; it goes from 0 to 1"),
        (line(sample=-1), "sample is not a count"),
        (line(sample=True), "sample is not a count"),
        (line(outcome="great"), "outcome is none of ok, timeout"),
        (line(logprobs=[{"token": "a"}]), "logprobs: logprob is not a number"),
        (line(tool_calls="f()"), "tool_calls is not a list"),
        (line(fingerprint=[1]), "fingerprint is not an object"),
        (line(probe_hash="a@b"), "probe_hash has an @"),
        # The last of two outputs was scored, and the first was nowhere.
        (line()[:-1] + b', "output": "another"}', "the key 'output' is there twice"),
        (line()[:-1] + b', "scores": {"a": 1, "a": 0}}', "the key 'a' is there twice"),
    ],
)
def test_a_line_that_cannot_be_used_says_what_was_met(bad, met):
    with pytest.raises(RecordError, match=met):
        parse_record(bad)


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ({}, Outcome.OK),
        ({"error": "timeout"}, Outcome.TIMEOUT),
        ({"error": "rate_limited: slow down"}, Outcome.RATE_LIMITED),
        ({"error": "it broke"}, Outcome.UNAVAILABLE),
        ({"error": "ok"}, Outcome.OK),
        ({"error": "it broke", "outcome": "network"}, Outcome.NETWORK),
    ],
)
def test_an_error_is_an_outcome(more, outcome):
    assert parse_record(line(**more)).outcome is outcome


def test_true_and_false_are_scores_and_null_is_none():
    assert parse_record(line(scores={"a": True, "b": False, "c": None})).scores == {"a": 1.0, "b": 0.0}


def test_lone_surrogates_and_nul_become_the_bytes_models_send():
    record = parse_record(b'{"endpoint": "b", "probe": "p", "replay": "2026-07-20", "output": "\\ud800\\u0000"}')
    assert record.output == b"\xed\xa0\x80\x00"


def test_good_lines_are_kept_when_a_third_is_junk(tmp_path):
    junk = [b"junk", b"{}", b"\xff", b'{"endpoint": 1']
    lines = [junk[n % 4] if n % 3 == 1 else line(probe=f"p{n}") for n in range(300)]
    path = tmp_path / "history.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(lines) + b"\n\n")
    found = list(read_records(path))
    assert [n for n, item in found if isinstance(item, Problem)] == [n + 1 for n in range(300) if n % 3 == 1]
    assert sum(not isinstance(item, Problem) for _, item in found) == 200
    assert str(found[1][1]).startswith(f"{path}:2: replay is missing")


@pytest.mark.parametrize("name", ["history.jsonl", "history.jsonl.gz"])
@pytest.mark.parametrize("packed", [False, True])
def test_gzip_is_told_by_its_first_bytes_whatever_the_name(tmp_path, name, packed):
    """A file that `gunzip -k` or a browser had unpacked under its old name could not be read, nor one renamed."""
    body = b"\n".join(line(probe=f"p{n}") for n in range(3))
    path = tmp_path / name
    path.write_bytes(gzip.compress(body) if packed else body)
    assert len([1 for _, found in read_records(path) if not isinstance(found, Problem)]) == 3
    stream = io.BufferedReader(io.BytesIO(path.read_bytes()))
    assert len([1 for _, found in read_records(stream) if not isinstance(found, Problem)]) == 3


class Pipe(io.RawIOBase):
    """A pipe whose writer gives one byte first, as `dd` or a shell's `printf` does."""

    def __init__(self, body):
        self.body = body
        self.asked = 1

    def readable(self):
        return True

    def readinto(self, buffer):
        size = min(len(buffer), self.asked, len(self.body))
        buffer[:size], self.body = self.body[:size], self.body[size:]
        self.asked = 7
        return size


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("made", [io.BytesIO, Pipe, lambda body: io.BufferedReader(Pipe(body))])
def test_gzip_is_told_in_any_binary_stream_however_slowly_it_comes(made, packed):
    """One raw read was looked at, and none where a stream cannot peek: gzip was then read as lines of noise."""
    body = b"".join(line(probe=f"p{n}") + b"\n" for n in range(50))
    whole = gzip.compress(body[: len(body) // 2]) + gzip.compress(body[len(body) // 2 :])
    found = list(read_records(made(whole if packed else body)))
    assert [(n, record.probe) for n, record in found] == [(n + 1, f"p{n}") for n in range(50)]


@pytest.mark.parametrize("body", [b"", b"\n", b"x", b"\n\n"])
def test_streams_of_a_byte_or_none_are_no_gzip(body):
    assert len(list(read_records(io.BytesIO(body)))) == (body == b"x")


def test_a_disk_that_cannot_be_read_from_the_first_byte_on_is_named():
    class Broken(Pipe):
        def readinto(self, buffer):
            raise OSError(5, "Input/output error")

    ((number, found),) = read_records(io.BufferedReader(Broken(b"")))
    assert (number, found.slug) == (1, "records-torn")


def test_a_torn_gzip_file_gives_what_it_has(tmp_path):
    path = tmp_path / "history.jsonl.gz"
    packed = gzip.compress(b"\n".join(line(probe=f"p{n}", output=str(hash(str(n)))) for n in range(5000)))
    path.write_bytes(packed)
    assert len(list(read_records(path))) == 5000
    path.write_bytes(packed[: len(packed) // 2])
    *good, (_, last) = read_records(path)
    assert len(good) > 1000
    assert isinstance(last, Problem)
    assert "cannot be read any further" in last.met


def test_a_line_without_end_is_passed_over(monkeypatch):
    from driftwatch.adapters.records import reading

    monkeypatch.setattr(reading, "LONGEST_LINE", 200)
    stream = io.BytesIO(b"x" * 1000 + b"\n" + line() + b"\n")
    (_, long), (number, good) = read_records(stream)
    assert isinstance(long, Problem)
    assert (number, good.probe) == (2, "hi")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DriftwatchError, match="No such file"):
        list(read_records(tmp_path / "none.jsonl"))


@pytest.mark.parametrize(
    ("bad", "need"),
    [
        (
            b'{"endpoint": "b", "probe": "p", "replay": "2026-07-20", "scores": {"a": NaN}}',
            "or null where there is none",
        ),
        (line(scores={"a": "yes"}), "a number, true, false or null"),
        (line(scores={"a": 1e300}), "within 1e+11 of 0"),
        (line(scores={"pass": 2}), "call the score something else"),
        (line(replay="20.07.2026"), '"2026-07-20T06:00Z"'),
        (line(replay=1784527200), '"2026-07-20T06:00Z"'),
        (line().replace(b"Hi.", b"Gr\xfc\xdfe"), "iconv -f latin1 -t utf-8"),
        (line().decode().encode("utf-16-le"), "iconv -f utf-16 -t utf-8"),
        (b"[" + line() + b"]", "jq -c '.[]'"),
        (b"[", "jq -c '.[]'"),
        (line()[:-1] + b', "output": "another"}', "each key once"),
        (line(endpoint=None), "a record is a JSON object with endpoint"),
    ],
)
def test_a_line_that_cannot_be_used_says_what_it_needs(bad, need):
    """Whatever was met in it, each line said that a record is an object with endpoint, probe and so on: it had them."""
    ((_, found),) = read_records(io.BytesIO(bad))
    assert isinstance(found, Problem)
    assert need in found.need


UTF_16 = json.dumps(GOOD | {"output": "日本語の答え。" * 99}, ensure_ascii=False) + "\n"


def zipped():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("history.jsonl", line())
    return packed.getvalue().partition(b"\n")[0]


@pytest.mark.parametrize(
    ("bad", "met", "need"),
    [
        (line().replace(b"Hi.", b"H\0i."), "zero bytes: it is no text", "\\u0000"),
        (b"\0" * 4096, "zero bytes: it is no text", "\\u0000"),
        (line()[:20] + b"\0" * 3000, "zero bytes: it is no text", "\\u0000"),
        (b"\x7fELF\2\1\1\0\0\xff\xfe\xfd\xfc\xfb\xfa", "zero bytes: it is no text", "\\u0000"),
        (zipped(), "begins as a zip archive does", "unzip -p"),
    ],
)
def test_zero_bytes_are_called_utf_16_only_where_they_look_like_it(bad, met, need):
    """One raw NUL in a line of UTF-8, or a zip archive: "as UTF-16 does", and `iconv -f utf-16` makes noise of both."""
    _, found = next(read_records(io.BytesIO(bad)))
    assert met in found.met
    assert need in found.need
    assert "iconv" not in found.need


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [UTF_16, line().decode() + "\n", "[1]\n"])
def test_every_line_of_a_file_in_utf_16_is_called_so(encoding, text):
    found = [problem for _, problem in read_records(io.BytesIO((text * 3 + "\n\n").encode(encoding)))]
    assert found
    assert {problem.met for problem in found} == {"the line holds zero bytes, as UTF-16 does"}


def test_a_number_of_thousands_of_digits_is_met_as_such_and_nobody_is_told_of_pythons_settings():
    with pytest.raises(RecordError, match="a number of thousands of digits"):
        parse_record(b'{"endpoint": "b", "probe": "p", "replay": "2026-07-20", "scores": {"a": %s}}' % (b"9" * 5000))
