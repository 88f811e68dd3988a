"""What the pages say, asked over HTTP; how they look is tested in a browser."""

import gc
import re
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from urllib.parse import urlencode

import pytest

from driftwatch.domain.delivery import DeliveryState
from driftwatch.presentation.charts.palette import DARK
from driftwatch.presentation.vendored import SCRIPTS, sums
from driftwatch.presentation.words import movement
from driftwatch.services.vitals import Role
from driftwatch.web.site import Site
from tests.unit.report.scripted import Scripted
from tests.unit.web.dashboard.conftest import TOKEN
from tests.unit.web.serving import ask, served

PAGES = ("/", "/incidents", "/incidents/inc-1", "/endpoint?name=support-bot", "/endpoint?name=summaries&period=1y")


def test_the_fleet_page_begins_with_the_verdict(site: Site, drifted: Scripted) -> None:
    with served(site) as address:
        status, headers, page = ask(address, "/")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    verdict = page.index("2 endpoints: 1 drifted, 1 no data")
    assert verdict < page.index("Open incidents") < page.index('href="/incidents/inc-1"') < page.index("Endpoints</h2>")
    assert movement(drifted.store.incident(1)) in page
    assert "of 5.00 USD spent today" in page


def test_an_endpoint_page_draws_every_stream_with_its_onset_and_alarm(site: Site) -> None:
    with served(site) as address:
        page = ask(address, "/endpoint?name=support-bot")[2]
    assert page.count('<svg class="stream"') == 3  # logprob was never measured
    assert "Nothing was measured in the period." in page
    drawn = page[page.index('<article class="stream alarmed">') :]
    drawn = drawn[: drawn.index("</article>")]
    assert all(
        shape in drawn
        for shape in ('rect class="usual"', 'path class="onset"', 'path class="alarm"', 'path class="course"')
    )
    assert "of its threshold" in drawn
    assert 'class="stream levels"' in drawn
    assert 'path class="threshold"' in drawn
    assert "every replay is drawn" in page


def test_an_incident_page_has_evidence_answers_timeline_and_messages(site: Site) -> None:
    with served(site) as address:
        page = ask(address, "/incidents/inc-1")[2]
        assert ask(address, "/incidents/1")[2].count("inc-1") == page.count("inc-1")
    for told in (
        "<ins>30</ins> days",
        "<del>14</del> days",
        "driver",
        "direct 0.1.0",
        "Timeline",
        "firing (FIRST, page)",
        "page to oncall, FIRST",
    ):
        assert told in page
    assert "driftwatch ack inc-1" in page


def test_a_probe_page_shows_answers_newest_first_and_older_ones_on_the_next_leaf(site: Site) -> None:
    with served(site) as address:
        page = ask(address, "/probe?endpoint=support-bot&id=dates-00")[2]
        older = page[page.index('rel="next" href="') + 17 :].partition('"')[0].replace("&amp;", "&")
        next_page = ask(address, older)[2]
    assert page.index("11:00 UTC") < page.index("10:00 UTC")
    assert "First answers of this baseline" in page
    assert page.count("<pre") == 1 + 1 + 25, "what it asks, one reference that was given five times, a leaf of answers"
    assert "Tue 6 Oct" in next_page
    assert re.search(r"pass \d · latency \d+ ms · length \d+", page), "the pass first, and every figure with its unit"
    assert "Wed 7 Oct 2026 11:00" not in next_page


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/endpoint?name=nobody", 404),
        ("/endpoint?name=support-bot&period=2y", 422),
        ("/endpoint", 422),
        ("/incidents/inc-99", 404),
        ("/incidents/nonsense", 404),
        ("/incidents/999999999999999999", 404),
        ("/incidents?before=0", 422),
        ("/probe?endpoint=support-bot&id=nothing", 404),
        ("/static/../site.py", 404),
        ("/incidents?before=2147483648", 422),
        ("/probe?endpoint=support-bot&id=dates-00&before=2147483648", 422),
    ],
)
def test_what_is_not_there_is_said_so(site: Site, path: str, status: int) -> None:
    with served(site) as address:
        assert ask(address, path)[0] == status


def test_a_number_that_no_row_can_have_is_not_asked_of_the_store(site: Site) -> None:
    """PostgreSQL refuses it as out of range, which looked like a store that cannot be read."""
    with served(site) as address:
        assert "no incident &#39;2147483648&#39;" in ask(address, "/incidents/2147483648")[2]
        assert "no incident &#39;" not in ask(address, "/incidents/2147483647")[2]


def test_a_node_that_stands_by_offers_no_decision(guarded: Callable[[], Site]) -> None:
    site = guarded()
    with served(site) as address:
        there = {"authorization": f"Bearer {TOKEN}"}
        _, headers, page = ask(address, "/incidents/inc-1", **there)
        assert '<form class="act" method="post"' in page
        site.vitals.role = Role.STANDBY
        status, _, page = ask(address, "/incidents/inc-1", if_none_match=headers["etag"], **there)
    assert status == 200
    assert "<form" not in page
    assert "Ask the node that leads." in page


def test_nothing_on_a_page_is_loaded_from_elsewhere_and_nothing_is_inline(site: Site) -> None:
    with served(site) as address:
        for path in PAGES:
            _, headers, page = ask(address, path)
            policy = headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
            assert "unsafe" not in policy
            assert page.count("<script") == page.count('<script src="/static/') == 1 + path.startswith("/endpoint")
            for banned in ("<style", " style=", "http://", "https://", "javascript:", " onclick", "|safe"):
                assert banned not in page, (path, banned)


def test_a_page_that_did_not_change_is_not_sent_again(site: Site, drifted: Scripted) -> None:
    with served(site) as address:
        mark = ask(address, "/")[1]["etag"]
        assert ask(address, "/", if_none_match=mark)[0] == 304
        assert ask(address, "/incidents", if_none_match=mark)[0] == 200
        drifted.store.end_silence(1, by="ada", now=drifted.clock.now())
        assert ask(address, "/", if_none_match=mark)[0] == 304
        drifted.replay(site.watched()[1], drifted.clock.now())
        assert ask(address, "/", if_none_match=mark)[0] == 200


def test_a_page_is_sent_again_after_a_reload_and_after_a_restart(site: Site) -> None:
    """Both left the endpoints' names as they were, and a browser kept what it had for up to 20 seconds."""
    fleet = [*site.watched()]
    reloaded = replace(site, watched=lambda: fleet)
    with served(reloaded) as address:
        mark = ask(address, "/")[1]["etag"]
        assert ask(address, "/", if_none_match=mark)[0] == 304
        fleet[0] = replace(fleet[0], endpoint=replace(fleet[0].endpoint, model="openai/another-2026-10-01"))
        status, headers, page = ask(address, "/", if_none_match=mark)
        assert (status, "another-2026-10-01" in page) == (200, True)
        assert ask(address, "/", if_none_match=headers["etag"])[0] == 304
    with served(reloaded) as address:
        assert ask(address, "/", if_none_match=headers["etag"])[0] == 200


def test_a_message_that_is_sent_is_seen_at_once(site: Site, drifted: Scripted) -> None:
    with served(site) as address:
        mark = ask(address, "/incidents/inc-1")[1]["etag"]
        (waiting, *_) = drifted.store.deliveries()
        now = drifted.clock.now()
        drifted.store.save_delivery(replace(waiting, state=DeliveryState.SENT, attempts=1, sent_at=now))
        assert ask(address, "/incidents/inc-1", if_none_match=mark)[0] == 200


def test_names_of_any_shape_are_links_that_lead_back(site: Site) -> None:
    with served(site) as address:
        page = ask(address, f"/incidents?{urlencode({'endpoint': 'a b/c?d&e<f>'})}")[2]
    assert "Incidents of a b/c?d&amp;e&lt;f&gt;" in page
    assert "endpoint=a+b%2Fc%3Fd%26e%3Cf%3E" in page


def test_a_short_history_is_drawn_over_the_whole_width(site: Site) -> None:
    with served(site) as address:
        year, week = (ask(address, f"/endpoint?name=support-bot&period={period}")[2] for period in ("1y", "7d"))

    def first_x(page: str) -> float:
        return float(page.partition('<path class="course" d="M')[2].partition(" ")[0])

    # 60 hours are a third of a week, and a hundredth of a year.
    assert first_x(year) < 25
    assert first_x(week) > 600


def test_pages_do_not_stop_the_process_to_look_through_what_modules_made(site: Site) -> None:
    gc.unfreeze()
    with served(site) as address:
        assert ask(address, "/static/dashboard.css")[0] == 200
        assert gc.get_freeze_count() == 0, "a daemon whose dashboard nobody asks for is left alone"
        assert ask(address, "/")[0] == 200
    assert gc.get_freeze_count() > 10_000
    gc.unfreeze()


def test_the_scripts_that_draw_are_the_vendored_ones_and_their_addresses_change_with_them(site: Site) -> None:
    with served(site) as address:
        page = ask(address, "/endpoint?name=support-bot")[2]
        named = re.search(r'data-scripts="([^"]+)"', page)[1].split()
        told = [ask(address, path) for path in named]
        assert "vega" not in ask(address, "/")[2]
    known = sums()
    assert [path.partition("?")[0] for path in named] == [f"/static/{name}" for name in (*SCRIPTS, "charts.js")]
    for path, name, (status, headers, text) in zip(named, SCRIPTS, told, strict=False):
        assert (status, headers["content-type"]) == (200, "text/javascript; charset=utf-8")
        assert sha256(text.encode()).hexdigest() == known[name]
        assert path.endswith(f"?{known[name][:16]}")
        assert "immutable" in headers["cache-control"]
    assert "immutable" not in told[-1][1]["cache-control"]


def test_the_stylesheet_exchanges_every_colour_of_the_charts_on_a_dark_screen(site: Site) -> None:
    with served(site) as address:
        style = ask(address, "/static/dashboard.css")[2]
    dark = style[style.index("prefers-color-scheme: dark") :]
    for light, other in DARK.items():
        assert f'[fill="{light}"] {{ fill: {other}; }} .stage svg [stroke="{light}"] {{ stroke: {other}; }}' in dark
