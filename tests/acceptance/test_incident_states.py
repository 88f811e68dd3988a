"""Incidents in which a vendor goes back and forth: `flapping-host` and `oscillation-2026`."""

from pathlib import Path

import pytest

from driftwatch.adapters.notify.wording import render_text
from driftwatch.services.episodes import states_shown
from driftwatch.testing.lasting import LASTING
from tests.acceptance.played import Played

WAKES = ("FIRST", "WORSE", "CONFIRMED")


def texts(here: Played, reason: str) -> list[str]:
    rows = here.world.store.deliveries()
    return [render_text(d.payload) for d in rows if d.payload["reason"] == reason]


@pytest.mark.parametrize("seed", [0, 1])
def test_items_that_flip_together_are_in_state_b_again(tmp_path: Path, seed: int) -> None:
    """One answer in twenty is worded otherwise: with such variants the third visit used to be called a state C."""
    here = Played(tmp_path, LASTING["oscillation-2026"], seed=seed, hours=148)
    news = [(severity, reason) for _, severity, reason in here.told() if reason in (*WAKES, "RECURRED")]
    assert news == [("page", "FIRST"), ("notice", "RECURRED"), ("notice", "RECURRED")]
    assert all("State B again" in text for text in texts(here, "RECURRED"))
    assert {s.since.name for s in states_shown(here.world.store, "support-bot").values() if s.since.name} == {"B"}
    first, *others = here.incidents
    assert [(i.recurrence_of, i.visits) for i in others] == [(first.id, 2), (others[0].id, 3)]
    assert {i.attribution for i in here.incidents} == {"silent change"}
    moved = {m.probe_id for m in first.findings[0].moved}
    assert moved <= {f"word-{n:02}" for n in range(6)}


def test_a_host_that_goes_back_and_forth_wakes_once_for_its_state_and_never_for_a_further_visit(tmp_path: Path) -> None:
    """Four visits in two weeks: one alarm, and each further visit a notice that names the state.

    The first one stands for a day and a half and is paged again as a repeat. Repeats of further visits paged as well,
    so four visits were four pages; they are notices now, until a visit has stood for a week.
    """
    here = Played(tmp_path, LASTING["flapping-host"])
    alarms = [(severity, reason) for _, severity, reason in here.told() if reason in (*WAKES, "RECURRED", "FLAPPING")]
    assert alarms[0] == ("page", "FIRST")
    assert set(alarms[1:]) == {("notice", "RECURRED")}
    assert len(alarms) == 4
    pages = [reason for _, severity, reason in here.told() if severity == "page"]
    assert pages == ["FIRST", "REPEAT_DUE"]
    assert ("notice", "REPEAT_DUE") in {told[1:] for told in here.told()}
    assert {i.recurrence_of is not None for i in here.incidents[1:]} == {True}
    assert {i.attribution for i in here.incidents} == {"silent change"}
