"""A replay does not wait for ever for scorers that run away."""

from datetime import UTC, datetime

from driftwatch.domain.answer import Answer, Reply
from driftwatch.domain.errors import Outcome
from driftwatch.scorers.verdict import Unscored
from driftwatch.services.score import NamedScorer, score_replay
from driftwatch.services.timeouts import GIVEN_UP, MOST_TIMEOUTS, failing

LATE = Unscored("timeout: the scorer took longer than 10 s on this answer")


def answers(count):
    at = datetime(2026, 7, 20, tzinfo=UTC)
    reply = Reply(output=b"a", latency_ms=1.0)
    return [Answer(probe_key=f"p{n}@1", at=at, outcome=Outcome.OK, reply=reply) for n in range(count)]


def scores(replay, metric):
    return [score.value for score in replay if score.metric == metric]


def test_after_three_timeouts_a_scorer_is_given_up_for_the_replay_and_tried_again_in_the_next():
    tried = []

    def late(answer):
        tried.append(answer)
        return LATE

    asked = answers(6)
    slow = NamedScorer(metric="slow", scorer=late, family="python checks.py:slow")
    quick = NamedScorer(metric="quick", scorer=lambda _: 1.0, family="python checks.py:quick")
    scorers = {answer.probe_key: (slow, quick) for answer in asked}
    for replay in (1, 2):
        made = score_replay(asked, scorers, {})
        assert len(tried) == replay * MOST_TIMEOUTS
        assert scores(made, "slow") == [LATE] * 3 + [GIVEN_UP] * 3
        assert scores(made, "quick") == [1.0] * 6
        assert all(isinstance(value, Unscored) for value in scores(made, "pass"))


def test_a_failure_that_is_no_timeout_is_tried_for_every_answer():
    asked = answers(6)
    broken = NamedScorer(metric="broken", scorer=lambda _: 1 / 0, family="python checks.py:broken")
    made = score_replay(asked, {answer.probe_key: (broken,) for answer in asked}, {})
    assert GIVEN_UP not in scores(made, "broken")


def test_a_graded_score_passes_from_its_own_threshold_on():
    asked = answers(1)
    for enough, wanted in ((0.75, 1.0), (0.76, 0.0)):
        graded = NamedScorer(metric="rouge-n", scorer=lambda _: 0.75, enough=enough)
        assert scores(score_replay(asked, {"p0@1": (graded,)}, {}), "pass") == [wanted]


def test_scorers_that_failed_are_told_by_metric_and_what_is_rightly_unscored_is_not():
    asked = answers(3)
    broken = NamedScorer(metric="broken", scorer=lambda _: 1 / 0)
    silent = NamedScorer(metric="finish-reason", scorer=lambda _: Unscored("the endpoint gave no finish reason"))
    made = score_replay(asked, {answer.probe_key: (broken, silent) for answer in asked}, {})
    assert failing(made) == {"broken": (3, "the scorer failed: ZeroDivisionError: division by zero")}
