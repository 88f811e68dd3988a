"""The weights shipped with the demo answer as the demo promises, through the real llama.cpp server."""

import asyncio
from collections.abc import Iterator
from itertools import chain
from statistics import fmean

import pytest

pytest.importorskip("xllamacpp", reason="the wheel with the llama.cpp server (extra `demo`) is not installed")

from benchmarks.lab.asking import Answered, ask_all, golden_set, passes
from driftwatch.demo.llama import BASE, FINETUNED, QUANTISED, LlamaServer

pytestmark = pytest.mark.model

PROBES = golden_set()
KINDS = {probe.tags[0] for probe in PROBES}


@pytest.fixture(scope="module")
def base() -> Iterator[LlamaServer]:
    with LlamaServer(model=BASE) as server:
        yield server


@pytest.fixture(scope="module")
def base_answers(base: LlamaServer) -> list[Answered]:
    return asyncio.run(ask_all(base.base_url, PROBES))


def ask(server: LlamaServer, **params: object) -> list[Answered]:
    return asyncio.run(ask_all(server.base_url, PROBES, **params))


def failed_kinds(answers: list[Answered]) -> list[str]:
    return [p.tags[0] for p, a in zip(PROBES, answers, strict=True) if not passes(p, a)]


def texts(answers: list[Answered]) -> list[str]:
    return [answer.text for answer in answers]


def moved(before: list[Answered], after: list[Answered]) -> list[float]:
    pairs = (zip(b.logprobs, a.logprobs, strict=True) for b, a in zip(before, after, strict=True))
    return [abs(x - y) for x, y in chain.from_iterable(pairs)]


def test_every_golden_probe_passes_on_the_base_weights(base_answers: list[Answered]) -> None:
    wrong = {p.id: a.text for p, a in zip(PROBES, base_answers, strict=True) if not passes(p, a)}
    assert wrong == {}


@pytest.mark.parametrize("concurrency", [1, 4, 8])
def test_an_unchanged_model_gives_the_same_answers_at_any_concurrency(
    base: LlamaServer, base_answers: list[Answered], concurrency: int
) -> None:
    again = ask(base, concurrency=concurrency)
    assert texts(again) == texts(base_answers)
    # 1e-6 nat was the most in benchmarks/lab/README.md; a batch's company changes the order of sums.
    assert max(moved(base_answers, again)) < 1e-4


def test_quantised_weights_give_the_same_answers_and_other_logprobs(base_answers: list[Answered]) -> None:
    with LlamaServer(model=QUANTISED) as server:
        quantised = ask(server)
    assert texts(quantised) == texts(base_answers)
    assert fmean(moved(base_answers, quantised)) > 1e-4


def test_finetuned_weights_fail_some_kinds_only() -> None:
    with LlamaServer(model=FINETUNED) as server:
        failed = failed_kinds(ask(server))
    assert set(failed) == {"json", "arithmetic"}
    assert 0.15 <= len(failed) / len(PROBES) <= 0.40


def test_an_injected_system_prompt_changes_most_kinds(base: LlamaServer) -> None:
    assert len(set(failed_kinds(ask(base, system="Answer in capital letters.")))) >= 5


@pytest.mark.parametrize(
    ("temperature", "least", "most"),
    [(0.7, 0.90, 1.0), (1.4, 0.20, 0.90)],
    ids=["a usual temperature leaves noise", "a raised one does harm"],
)
def test_temperature_moves_the_pass_rate(base: LlamaServer, temperature: float, least: float, most: float) -> None:
    answers = [ask(base, temperature=temperature, seed=seed) for seed in range(3)]
    assert least <= 1 - fmean(len(failed_kinds(a)) for a in answers) / len(PROBES) <= most
