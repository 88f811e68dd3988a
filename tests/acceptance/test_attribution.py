"""What a drift is put down to, as the message says it: every attribution, through the real tick, store and wording."""

import asyncio
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from driftwatch.adapters.notify.wording import render_text
from driftwatch.adapters.surroundings import Surroundings
from driftwatch.testing.model import ScriptedModel
from driftwatch.testing.scenarios import SCENARIOS
from tests.acceptance.played import Played
from tests.acceptance.test_scenarios import BROKEN, QUIET, drift, fleet
from tests.acceptance.world import SmallWorld, right


def told(world: SmallWorld) -> list[tuple[str, str]]:
    """Severity and text of every message."""
    return [(d.severity.value, render_text(d.payload)) for d in world.store.deliveries()]


def committed(folder: Path) -> None:
    who = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", "-C", folder, *who, "commit", "-q", "--allow-empty", "-m", "x"], check=True)


def a_file(folder: Path) -> tuple[Surroundings, Callable[[], object]]:
    prompt = folder / "system-prompt.txt"
    prompt.write_text("Be kind.")
    return Surroundings(paths=[prompt]), lambda: prompt.write_text("Be terse.")


def a_work_tree(folder: Path) -> tuple[Surroundings, Callable[[], object]]:
    subprocess.run(["git", "init", "-q", folder], check=True)
    committed(folder)
    return Surroundings(git=folder), lambda: committed(folder)


@pytest.mark.parametrize(("watched", "part"), [(a_file, "paths"), (a_work_tree, "git")])
def test_what_moves_with_a_watched_file_or_commit_is_a_local_change_and_pages_nobody(
    tmp_path: Path, watched: Callable[[Path], tuple[Surroundings, Callable[[], object]]], part: str
) -> None:
    home = tmp_path / "ours"
    home.mkdir()
    ours, change = watched(home)
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))
    world.watched = replace(world.watched, surroundings=ours.parts)
    asyncio.run(world.replay(QUIET))
    change()
    world.model.drift(right(40, BROKEN))
    asyncio.run(world.replay(3))
    [(severity, text)] = told(world)
    assert severity == "notice"
    assert f"Local change: our side changed as it began: {part}." in text
    assert "Our side unchanged" not in text


def test_a_watched_file_that_stays_is_named_among_what_is_unchanged(tmp_path: Path) -> None:
    home = tmp_path / "ours"
    home.mkdir()
    world = SmallWorld(tmp_path, ScriptedModel(right(40)))
    world.watched = replace(world.watched, surroundings=a_file(home)[0].parts)
    asyncio.run(world.replay(QUIET))
    world.model.drift(right(40, BROKEN))
    asyncio.run(world.replay(1))
    [(severity, text)] = told(world)
    assert severity == "page"
    assert "Our side unchanged: probes" in text
    assert "paths" in text
    assert text.splitlines()[4].startswith("Silent change.")


@pytest.mark.parametrize(
    ("name", "severity", "says"),
    [
        (
            "announced",
            "page",
            "Announced change: the endpoint now answers as scripted-2026-08-01; before as scripted-2026-07-20.",
        ),
        ("new-build", "page", "Announced change: system_fingerprint is now fp_b; before fp_a."),
        ("reroute", "notice", "Serving change: quality unchanged: pass moved by +0.00"),
        ("dated-id-redirect", "page", "Silent change."),
    ],
)
def test_the_message_says_what_a_drift_is_put_down_to(tmp_path: Path, name: str, severity: str, says: str) -> None:
    here = Played(tmp_path, SCENARIOS[name])
    first = told(here.world)[0]
    assert first[0] == severity
    assert says in first[1]


def test_two_endpoints_of_unrelated_vendors_that_move_at_once_have_a_common_cause(tmp_path: Path) -> None:
    """Whoever is measured first knows of no other yet; the second says it, and wakes nobody again."""
    worlds = fleet(tmp_path, ["openai", "mistral"])
    drift(worlds, {0, 1})
    (loud, first), (quiet, second) = told(worlds[0])
    assert (loud, quiet) == ("page", "notice")
    assert "Silent change." in first
    assert "Common cause: unrelated vendors moved together: bot-0. Covered by the page of inc-1." in second
    incidents = [one.store.incidents(endpoint=one.watched.endpoint.name)[0] for one in worlds]
    assert {one.attribution for one in incidents} == {"common cause"}


def test_two_endpoints_of_one_vendor_have_a_parent_and_its_page_covers_the_other(tmp_path: Path) -> None:
    worlds = fleet(tmp_path, ["openai", "openai", "mistral"])
    drift(worlds, {0, 1})
    (loud, _), (quiet, second) = told(worlds[0])
    assert (loud, quiet) == ("page", "notice")
    assert "Provider-wide: other endpoints of openai moved with it: bot-0. Covered by the page of inc-1." in second
