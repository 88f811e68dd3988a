"""How alarms stand together: what cannot be true cannot be said."""

from typing import Any

import pytest

from driftwatch.domain.alarms import Alarms


@pytest.mark.parametrize(
    "said",
    [{"returning": True}, {"stand": True, "calm": 3}, {"calm": 3}, {"stand": True, "returning": True, "calm": -1}],
    ids=["a return without an alarm", "a calm that is no return", "a calm without an alarm", "less calm than none"],
)
def test_what_contradicts_itself_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="what is calm is returning, and what is returning stands"):
        Alarms(**said)
