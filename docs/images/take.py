"""Take the README's pictures: `driftwatch demo --keep DIR --every 5s`, `python docs/images/take.py DIR [FOLDER]`.

Chromium takes them at the moment the demo ended: later, the slots that nobody replays any more are missed ones. Into
another FOLDER it takes every page in a wide and in a narrow window, light and dark, to be looked at.
"""  # noqa: INP001  # a script

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from driftwatch.adapters.calendar import slots_between
from driftwatch.bootstrap import clocks, stores, watching, worlds
from driftwatch.config.load import load_settings
from driftwatch.services.counts import Counts
from driftwatch.services.vitals import Vitals
from driftwatch.testing.clock import ManualClock
from driftwatch.web.site import Site

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from tests.unit.web.dashboard.browser import Visit, chromium, visiting  # noqa: E402  # not installed
from tests.unit.web.serving import served  # noqa: E402

ENDPOINT = "/endpoint?name=support-bot&period=24h"
PAGES = {
    "fleet": "/",
    "endpoint": ENDPOINT,
    "incidents": "/incidents",
    "incident": "/incidents/inc-1",
    "probe": "/probe?endpoint=support-bot&id=json-order-01",
}
CUT = (
    "for (const one of document.querySelectorAll('article')) one.style.cssText = 'max-height: 575px; overflow: hidden'"
)


def main(demo: Path, folder: Path) -> None:
    """Take the pictures."""
    with chromium() as browser, dashboard(demo) as address:
        report = (demo / "report.html").as_uri()
        if folder == HERE:
            with visiting(browser, address, width=900) as visit:
                visit.go(ENDPOINT)
                pointed(visit)
                take(visit, folder / "dashboard.png", 900, 780)
            with visiting(browser, report, width=900) as visit:
                visit.go("")
                visit.page.evaluate(CUT)
                take(visit, folder / "report.png", 900, 1445)
            return
        for width, scheme in ((1280, "light"), (1280, "dark"), (380, "light"), (380, "dark")):
            with visiting(browser, address, width=width, scheme=scheme) as visit:
                for name, path in PAGES.items():
                    visit.go(path)
                    if path == ENDPOINT:
                        pointed(visit)
                    take(visit, folder / f"{name}-{width}-{scheme}.png", width, 1500)
            with visiting(browser, report, width=width, scheme=scheme) as visit:
                visit.go("")
                take(visit, folder / f"report-{width}-{scheme}.png", width, 2400)


@contextmanager
def dashboard(demo: Path) -> Iterator[str]:
    """Serve the demo's dashboard as it was at its end; yields the address."""
    settings = load_settings(demo / "config" / "driftwatch.yaml", {})
    with stores.open_store(settings) as store:
        watched = watching.endpoints_to_read(settings, clocks.system_clock())
        ended = max(record.finished_at or record.slot.due for record in store.slots("support-bot"))
        clock = ManualClock(ended + timedelta(seconds=1))
        site = Site(
            vitals=Vitals(clock=clock, started=True),
            store=store,
            clock=clock,
            watched=lambda: watched,
            counts=Counts(),
            guard=lambda: worlds.world(settings, store, clock).guard,
            reload=None,
            due_slots=slots_between,
            version="0.1.0",
        )
        with served(site) as address:
            yield address


def pointed(visit: Visit) -> None:
    """Point at the last moments of the first charts, which then say what was."""
    visit.drawn(2)
    visit.page.evaluate("scrollTo(0, 0)")
    stage = visit.page.locator("figure.alive .stage").first
    stage.hover(position={"x": 0.93 * stage.bounding_box()["width"], "y": 70})
    visit.read()


def take(visit: Visit, file: Path, width: int, height: int) -> None:
    """Take one picture, once what is in it is drawn."""
    visit.page.set_viewport_size({"width": width, "height": height})
    visit.page.wait_for_timeout(3_000)
    visit.page.screenshot(path=file)
    assert not visit.complaints, visit.complaints  # noqa: S101


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else HERE)
