"""What the demo counts as a message."""

import pytest

from driftwatch.demo.story import _told
from driftwatch.testing.slack import Post

PAGE, AGAIN = "pass fell 1.00 to 0.72", "pass fell 1.00 to 0.72; possible repeat: an earlier attempt may have arrived"


@pytest.mark.parametrize(
    ("texts", "told"),
    [([], 0), ([PAGE], 1), ([PAGE, AGAIN], 1), ([AGAIN], 1), ([PAGE, PAGE], 2), ([PAGE, PAGE, AGAIN], 2)],
)
def test_a_marked_repeat_is_no_second_message_and_an_unmarked_one_is(texts: list[str], told: int) -> None:
    """A daemon killed while it sent says it again: a webhook cannot be asked, so the demo failed on a kept promise."""
    assert _told([Post(body={"text": text}) for text in texts]) == told
