"""Debian's Chromium, driven by playwright; what it loads and says is kept for the tests to look at."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

AXE = Path(__file__).parents[3] / "vendor" / "axe.min.js"
WAIT_MS = 120_000
"""Not a promise of speed: a loaded machine may take long."""


@contextmanager
def chromium() -> Iterator[Any]:
    """Start the browser; where there is none, skip: `.ci/run` installs it where it can."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("There is no chromium: apt-get install chromium.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage"])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """A page with what was noticed while it was looked at."""

    page: Any
    address: str
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(self.address + path, wait_until="load")

    def fits(self) -> bool:
        """Whether nothing has to be scrolled sideways."""
        return self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    def faults(self) -> list[str]:
        """Return what axe-core finds serious or critical."""
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        return [
            f"{one['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
            for one in found
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]

    def drawn(self, most: int | None = None) -> int:
        """Look at every chart of the page, and return how many have come alive."""
        figures = self.page.locator("figure[data-chart]:visible").all()[:most]
        for figure in figures:
            handle = figure.element_handle()
            handle.scroll_into_view_if_needed()
            self.page.wait_for_function("figure => figure.matches('.alive')", arg=handle)
        return len(figures)

    def read(self) -> list[str]:
        """Return what the charts that are alive say of the moment that is pointed at."""
        self.page.wait_for_function("document.querySelector('figure.alive .read')?.textContent")
        return self.page.locator("figure.alive .read").all_inner_texts()

    @property
    def elsewhere(self) -> list[str]:
        """Return what was asked of anybody but us."""
        return [url for url in self.asked if not url.startswith((self.address, "data:"))]


@contextmanager
def visiting(
    browser: Any, address: str, *, width: int = 1100, scheme: str = "light", token: str = "", scripts: bool = True
) -> Iterator[Visit]:
    """Open a window of its own."""
    known = {"http_credentials": {"username": "ada", "password": token}} if token else {}
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, java_script_enabled=scripts, **known
    )
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    visit = Visit(page=page, address=address)
    page.on("dialog", lambda dialog: (visit.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("pageerror", lambda error: visit.complaints.append(f"error: {error}"))
    page.on("console", lambda said: said.type == "error" and visit.complaints.append(f"console: {said.text}"))
    page.on("request", lambda request: visit.asked.append(request.url))
    try:
        yield visit
    finally:
        context.close()
