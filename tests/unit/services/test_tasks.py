"""Probes with tools are tasks: done or not, and what the ones that were done cost."""

from datetime import UTC, datetime

import pytest

from driftwatch.bootstrap.scoring import build_scorers
from driftwatch.domain.answer import Answer, Reply
from driftwatch.domain.errors import Outcome
from driftwatch.domain.probe import Message, Probe, ProbeSet, ScorerSpec
from driftwatch.scorers.verdict import Unscored
from driftwatch.services.score import score_replay
from driftwatch.services.streams import watched_metrics
from tests.unit.scorers.replies import call

TOOL = {"type": "function", "function": {"name": "stock"}}
DONE = ScorerSpec(name="contains", argument="three", metric="contains")


def probe(name="p", tools=(TOOL,), scorers=(DONE,)):
    return Probe(id=name, messages=(Message(role="user", content="Stock?"),), tools=tools, scorers=scorers)


def answer(of, text="three", usd=0.01, sample=0, calls=(), finish="stop", outcome=Outcome.OK):
    reply = Reply(output=text.encode(), finish_reason=finish, latency_ms=1.0, tool_calls=calls)
    return Answer(
        probe_key=of.key,
        sample=sample,
        at=datetime(2026, 7, 20, tzinfo=UTC),
        outcome=outcome,
        reply=reply if outcome is Outcome.OK else None,
        cost_usd=usd,
    )


def scores(probes, answers):
    scorers, _ = build_scorers(ProbeSet(name="s", probes=probes))
    return {(s.probe_key.split("@")[0], s.sample, s.metric): s.value for s in score_replay(answers, scorers, {})}


def test_a_task_is_done_when_every_scorer_is_content_and_the_model_came_to_its_end():
    task = probe()
    for text, finish, wanted in (("three", "stop", 1.0), ("none", "stop", 0.0), ("three", "length", 0.0)):
        made = scores([task], [answer(task, text, finish=finish)])
        assert made["p", 0, "task-success"] == wanted


def test_without_tools_nothing_of_it_is_measured_and_no_budget_goes_there():
    plain = probe(tools=())
    assert not {m for _, _, m in scores([plain], [answer(plain)])} & {"tool-called", "task-success", "cost-per-success"}
    assert not set(watched_metrics((), logprobs=False)) & {"tool-called", "task-success", "cost-per-success"}
    assert {"tool-called", "task-success"} <= set(watched_metrics((), logprobs=False, tasks=True))


def test_whether_a_tool_was_called_is_no_part_of_pass():
    task = probe()
    made = scores([task], [answer(task)])
    assert (made["p", 0, "tool-called"], made["p", 0, "pass"]) == (0.0, 1.0)
    assert scores([task], [answer(task, calls=(call("stock"),))])["p", 0, "tool-called"] == 1.0


def test_failures_are_paid_for_by_the_successes():
    task = probe()
    made = scores(
        [task], [answer(task, "none", 0.03, 0), answer(task, "three", 0.01, 1), answer(task, "three", 0.02, 2)]
    )
    assert made["p", 1, "cost-per-success"] == pytest.approx(0.03)


def test_an_answer_that_never_came_is_paid_for_too():
    task = probe()
    lost = answer(task, usd=0.05, sample=1, outcome=Outcome.TRUNCATED)
    assert scores([task], [answer(task), lost])["p", 0, "cost-per-success"] == pytest.approx(0.06)


@pytest.mark.parametrize(
    ("text", "usd", "reason"), [("none", 0.01, "did the task"), ("three", None, "price is not known")]
)
def test_without_a_success_or_a_price_there_is_no_cost_of_one(text, usd, reason):
    task = probe()
    value = scores([task], [answer(task, text, usd)])["p", 0, "cost-per-success"]
    assert isinstance(value, Unscored)
    assert reason in value.reason


def test_an_answer_that_only_calls_tools_has_no_text_to_measure():
    task = probe()
    made = scores([task], [answer(task, "", calls=(call("stock"),), finish="tool_calls")])
    for metric in ("length", "markdown", "json-shape", "script", "novelty", "unseen"):
        assert made["p", 0, metric] == Unscored("the answer calls tools and has no text")
    # The user's scorer asked for words, and there are none: that is a finding.
    assert made["p", 0, "contains"] == 0.0


def test_a_task_without_scorers_has_no_success():
    task = probe(scorers=())
    assert scores([task], [answer(task)])["p", 0, "task-success"] == Unscored("the probe has no scorers")
