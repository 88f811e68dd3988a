"""On a real server: log-probabilities tell four bits from thirty-two at once, and nothing from nothing never."""

import asyncio
import itertools

import pytest

pytest.importorskip("xllamacpp", reason="the wheel with the llama.cpp server (extra `demo`) is not installed")

from benchmarks.lab.power_logprobs import ARL, REFERENCE, distances, values
from benchmarks.lab.power_probes import shortest
from benchmarks.lab.power_record import ask
from driftwatch.demo.llama import BASE, QUANTISED, LlamaServer
from driftwatch.stats.stream import StreamDetector

pytestmark = pytest.mark.model

PROBES = shortest(40)
QUIET = 20


def replays(model, count):
    async def one_by_one(base_url):
        asked = {"max_tokens": 1, "temperature": 0, "logprobs": True, "top_logprobs": 5}
        return [await ask(base_url, PROBES, **asked) for _ in range(count)]

    with LlamaServer(model=model) as server:
        return asyncio.run(one_by_one(server.base_url))


def test_four_bits_page_in_the_first_replay_and_twenty_unchanged_ones_after_a_restart_never():
    """One token an answer, at one false page per endpoint-year of hourly replays, and a change nobody reads in a text."""
    reference, quiet = replays(BASE, 2 * REFERENCE), replays(BASE, QUIET)
    scored = distances(reference[:REFERENCE], [*reference[REFERENCE:], *quiet, *replays(QUANTISED, 1)])
    detector = StreamDetector(baseline_replays=REFERENCE, arl=ARL, kind="continuous")
    keyed = (values(row, f"{i}") for i, row in enumerate(scored))
    states = list(itertools.accumulate(keyed, detector.update, initial=detector.start()))
    assert [detector.read(state).alarm for state in states[-QUIET - 1 :]] == [False] * QUIET + [True]
