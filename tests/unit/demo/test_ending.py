"""What the demo counts as a message, and as an ending."""

import pytest

from driftwatch.demo.stage import BASELINE
from driftwatch.demo.story import PATIENCE, QUIET, Ending, _told, limit_s
from driftwatch.domain.metric import Severity
from driftwatch.testing.slack import Post

PAGE, AGAIN = "pass fell 1.00 to 0.72", "pass fell 1.00 to 0.72; possible repeat: an earlier attempt may have arrived"


@pytest.mark.parametrize(
    ("texts", "told"),
    [([], 0), ([PAGE], 1), ([PAGE, AGAIN], 1), ([AGAIN], 1), ([PAGE, PAGE], 2), ([PAGE, PAGE, AGAIN], 2)],
)
def test_a_marked_repeat_is_no_second_message_and_an_unmarked_one_is(texts: list[str], told: int) -> None:
    """A daemon killed while it sent says it again: a webhook cannot be asked, so the demo failed on a kept promise."""
    assert _told([Post(body={"text": text}) for text in texts]) == told


def ended(*, must_come: Severity, came: Severity, replays: int) -> Ending:
    pages, notices = (int(came is one) for one in (Severity.PAGE, Severity.NOTICE))
    return Ending(
        drift="any",
        must_come=must_come,
        came=came,
        pages=pages,
        notices=notices,
        repeats=0,
        replays=replays,
        replays_wanted=36,
        replays_to_message=None,
        restarts=0,
        daemon_exit=0,
        seconds=240.0,
        recorded=False,
    )


@pytest.mark.parametrize("came", list(Severity))
def test_a_story_that_was_cut_off_did_not_end_as_it_must_though_what_must_come_came(came: Severity) -> None:
    """On a starved machine `--drift none` was silent for eight replays, learned no baseline, and exited with 0."""
    assert not ended(must_come=came, came=came, replays=8).as_it_must
    assert ended(must_come=came, came=came, replays=36).as_it_must


def test_replays_that_are_far_apart_have_the_time_they_need() -> None:
    replays = BASELINE + QUIET + PATIENCE
    assert limit_s("10s") > replays * 10
