"""Alive is what moves; ready is who can be relied on. Neither looks at the database."""

import json
import subprocess
import sys
from datetime import timedelta

from driftwatch.daemon.emergency import Emergency
from driftwatch.domain.errors import StoreError
from driftwatch.services.vitals import Role
from driftwatch.web.site import Site
from tests.unit.web.serving import ask, served


def test_a_daemon_that_moves_is_alive_and_ready(site: Site) -> None:
    site.vitals.moved("scheduler")
    with served(site) as address:
        assert ask(address, "/healthz")[::2] == (200, "ok\n")
        assert ask(address, "/readyz")[::2] == (200, "ready (leader)\n")


def test_a_scheduler_that_stands_still_is_neither(site: Site) -> None:
    site.vitals.moved("scheduler")
    site.clock.advance(timedelta(seconds=31))  # type: ignore[attr-defined]
    with served(site) as address:
        assert ask(address, "/healthz")[::2] == (503, "the scheduler has not moved for 31 s\n")
        assert ask(address, "/readyz")[0] == 503


def test_a_part_that_ended_on_purpose_need_not_move(site: Site) -> None:
    site.vitals.moved("scheduler")
    site.vitals.ended("scheduler")
    site.clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]
    with served(site) as address:
        assert ask(address, "/healthz")[0] == 200


def test_all_sinks_failing_is_alive_and_not_ready(site: Site) -> None:
    site.vitals.delivers = lambda: False
    with served(site) as address:
        assert ask(address, "/healthz")[0] == 200
        status, _, told = ask(address, "/readyz")
    assert status == 503
    assert "every sink fails" in told


def test_a_leader_that_can_store_nothing_is_alive_and_not_ready_and_tells_no_address(site: Site) -> None:
    emergency = Emergency()
    site.vitals.store_trouble = lambda: emergency.slug
    emergency.broke(StoreError("db.internal:5432/driftwatch: gone", slug="store-unreachable"), site.clock)
    with served(site) as address:
        assert ask(address, "/healthz")[0] == 200
        status, _, told = ask(address, "/readyz")
        assert "driftwatch_store_failing 1.0" in ask(address, "/metrics")[2]
        emergency.well()
        assert ask(address, "/readyz")[0] == 200
        assert "driftwatch_store_failing 0.0" in ask(address, "/metrics")[2]
    assert (status, told) == (503, "the store fails: nothing is measured (driftwatch explain store-unreachable)\n")


def test_a_standby_is_ready_whatever_its_own_sinks_do(site: Site) -> None:
    site.vitals.role, site.vitals.delivers = Role.STANDBY, lambda: False
    with served(site) as address:
        assert ask(address, "/readyz")[::2] == (200, "ready (standby)\n")


def test_who_has_not_started_is_alive_and_not_ready(site: Site) -> None:
    site.vitals.started = False
    with served(site) as address:
        assert ask(address, "/healthz")[0] == 200
        assert ask(address, "/readyz")[::2] == (503, "starting\n")


def test_a_store_that_is_gone_costs_neither(site: Site) -> None:
    site.store.close()
    with served(site) as address:
        assert (ask(address, "/healthz")[0], ask(address, "/readyz")[0]) == (200, 200)


WHAT_IS_LOADED = """
import asyncio, sys
from unittest.mock import MagicMock
from driftwatch.web.front import create_front
create_front(MagicMock(token=None))
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_health_metrics_and_reload_load_neither_fastapi_nor_templates() -> None:
    """Why it matters: docs/decisions/0020."""
    ran = subprocess.run(
        [sys.executable, "-c", WHAT_IS_LOADED], capture_output=True, text=True, timeout=120, check=True
    )
    loaded = set(ran.stdout.split())
    assert "starlette" in loaded
    assert not loaded & {"fastapi", "jinja2", "scipy", "pandas", "litellm"}


def test_the_dashboards_application_is_made_once_and_lists_what_is_always_there(site: Site) -> None:
    with served(site) as address:
        described = json.loads(ask(address, "/api/openapi.json")[2])
        assert ask(address, "/api/openapi.json")[0] == 200
    assert {"/healthz", "/readyz", "/metrics", "/-/reload"} <= set(described["paths"])
