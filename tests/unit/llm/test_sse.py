"""Server-sent events from bytes, however they are cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.adapters.llm.sse import EventStream, EventTooLargeError

DATA = st.lists(
    st.binary(min_size=1, max_size=20).filter(lambda b: not set(b) & {10, 13} and b[:1] != b" "), max_size=6
)


def parse(chunks: list[bytes], limit: int = 1 << 20) -> list[bytes]:
    stream = EventStream(limit)
    events = [event for chunk in chunks for event in stream.feed(chunk)]
    return events + list(stream.close())


def cut(whole: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(p, len(whole)) for p in places), len(whole)]
    return [whole[a:b] for a, b in pairwise(edges)]


@given(DATA, st.sampled_from([b"\n", b"\r\n", b"\r"]), st.lists(st.integers(0, 200), max_size=12))
def test_cuts_and_line_ends_change_nothing(data: list[bytes], end: bytes, places: list[int]) -> None:
    whole = b"".join(b"data: " + event + end + end for event in data)
    assert parse(cut(whole, places)) == data


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=12))
def test_any_bytes_give_the_same_events_however_they_are_cut(whole: bytes, places: list[int]) -> None:
    assert parse(cut(whole, places)) == parse([whole])


@given(
    st.lists(
        st.sampled_from(
            [
                b"data: a\n\n",
                b"data: b\n\n",
                b"data: ",
                b"data:",
                b"\n",
                b"\r",
                b"c",
                b": d\n",
                b"id: 1\n",
                b"\xef\xbb\xbf",
            ]
        ),
        max_size=8,
    ).map(b"".join)
)
def test_events_in_one_piece_are_read_as_their_bytes_one_by_one(whole: bytes) -> None:
    assert parse([whole]) == parse([bytes([byte]) for byte in whole])


def test_lines_of_one_event_are_joined_and_other_fields_ignored() -> None:
    assert parse([b"event: x\nid: 1\ndata: a\ndata:b\nretry: 3\n\n: ping\n\ndata: c\n\n"]) == [b"a\nb", b"c"]


def test_one_leading_bom_is_ignored() -> None:
    assert parse([b"\xef\xbb\xbfdata: a\n\n"]) == [b"a"]


@pytest.mark.parametrize("endless", [b"x" * 100, b"data: xxxxxxxxxx\n", b": no line end ever "])
def test_what_never_ends_is_cut_off(endless: bytes) -> None:
    with pytest.raises(EventTooLargeError):
        parse([endless] * 1000, limit=5000)
