"""How the alarms of several streams stand together, as a table: one English sentence a row."""

from dataclasses import replace
from typing import Any

import pytest

from driftwatch.domain.alarms import Alarms
from driftwatch.services.monitor import MOST_RETURNING, alarms
from driftwatch.stats.stream import StreamDetector

DETECTOR = StreamDetector(baseline_replays=20, arl=8760, kind="binary")
QUIET = replace(DETECTOR.read(DETECTOR.start()), trusted=True)


def alarmed(**of_it: Any) -> Any:
    return replace(QUIET, alarm=True, **of_it)


DRIFTS = alarmed()
YOUNG = alarmed(returning=MOST_RETURNING)
OLD = alarmed(returning=MOST_RETURNING + 1)
PROVED = alarmed(returning=40, calm=40)
LATELY_PROVED = alarmed(returning=7, calm=7)


@pytest.mark.parametrize(
    ("readings", "together"),
    [
        pytest.param([], Alarms(), id="of no stream there is none"),
        pytest.param([QUIET], Alarms(), id="nor of one that is quiet"),
        pytest.param([replace(DRIFTS, trusted=False)], Alarms(), id="nor of one that may not page"),
        pytest.param([DRIFTS, QUIET], Alarms(stand=True), id="one stream's alarm stands"),
        pytest.param([YOUNG], Alarms(stand=True, returning=True), id="what may be a return is one while it is young"),
        pytest.param([OLD], Alarms(stand=True), id="what is not proved in twelve replays is none any more"),
        pytest.param([PROVED], Alarms(stand=True, returning=True, calm=40), id="a proved one stays one"),
        pytest.param([PROVED, YOUNG], Alarms(stand=True, returning=True), id="calm is what all of them are"),
        pytest.param([PROVED, LATELY_PROVED], Alarms(stand=True, returning=True, calm=7), id="and as long as the last"),
        pytest.param([PROVED, DRIFTS], Alarms(stand=True), id="one that drifts on holds all of them"),
    ],
)
def test_how_alarms_stand_together(readings: list[Any], together: Alarms) -> None:
    assert alarms({f"stream-{i}": reading for i, reading in enumerate(readings)}) == together
