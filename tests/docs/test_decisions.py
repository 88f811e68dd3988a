"""A decision is cited by its number: each has one of its own."""

from collections import Counter
from pathlib import Path

DECISIONS = sorted((Path(__file__).resolve().parents[2] / "docs" / "decisions").glob("*.md"))


def test_every_decision_has_a_number_of_its_own_and_none_is_left_out() -> None:
    """Two were the 11th."""
    numbers = Counter(int(page.name.partition("-")[0]) for page in DECISIONS)
    assert dict(numbers) == dict.fromkeys(range(1, len(DECISIONS) + 1), 1)
