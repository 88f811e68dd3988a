"""Probes with tools are tasks: whether each was done from end to end, and what a task that was done cost."""

from collections.abc import Iterable, Mapping, Sequence
from math import fsum

from driftwatch.domain.answer import Answer
from driftwatch.domain.metric import PASS
from driftwatch.domain.replay import Score
from driftwatch.scorers.verdict import Scorable, Scored, Unscored

TOOL_CALLED = "tool-called"
SUCCESS = "task-success"
COST = "cost-per-success"
_CUT_SHORT = frozenset({"length", "max_tokens", "content_filter"})


def calls_tools(answer: Scorable) -> Scored:
    """Return 1 if the answer calls a tool, of all turns."""
    return float(bool(answer.tool_calls))


def task_scores(answer: Answer, scores: Mapping[str, Scored]) -> dict[str, Scored]:
    """Return what a task is measured by: whether it called a tool, and whether it was done.

    Done is: every scorer gave full marks, and the model came to its own end.
    """
    passed = scores.get(PASS.name, Unscored("the probe has no scorers"))
    cut = answer.finish_reason in _CUT_SHORT
    return {TOOL_CALLED: calls_tools(answer), SUCCESS: 0.0 if cut else passed}


def costs_per_success(answers: Sequence[Answer], scores: Iterable[Score]) -> list[Score]:
    """Return, for each probe that is a task, the cost of all its answers in the replay for each one that was done.

    Failures are paid for, too: a model that needs two tries costs twice as much for what it gets done.
    """
    done: dict[str, list[Score]] = {}
    for score in scores:
        if score.metric == SUCCESS:
            done.setdefault(score.probe_key, []).append(score)
    return [_cost(key, tried, [a for a in answers if a.probe_key == key]) for key, tried in done.items()]


def _cost(key: str, tried: Sequence[Score], asked: Sequence[Answer]) -> Score:
    successes = [score for score in tried if score.value == 1.0]
    known = [answer.cost_usd for answer in asked if answer.cost_usd is not None]
    value: Scored
    if any(answer.reply is not None and answer.cost_usd is None for answer in asked):
        value = Unscored("the price is not known")
    elif not successes:
        value = Unscored("no answer of this replay did the task")
    else:
        value = fsum(known) / len(successes)
    return Score(probe_key=key, sample=(successes or tried)[0].sample, metric=COST, value=value)
