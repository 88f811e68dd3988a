"""The one-file report in a real browser: read, narrow, dark, on paper, and with hostile answers."""

from pathlib import Path

import pytest

from driftwatch.presentation.html_report import render_html
from tests.unit.notify.hostile import HOSTILE
from tests.unit.presentation.test_html_report import saying
from tests.unit.report.handmade import REPORT
from tests.unit.web.dashboard.browser import chromium, visiting


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    return written(tmp_path_factory.mktemp("report") / "report.html", render_html(REPORT))


@pytest.fixture
def here(browser, file: str):
    return lambda **how: visiting(browser, file, **how)


def written(path: Path, page: str) -> str:
    path.write_text(page, encoding="utf-8")
    return path.as_uri()


def paper(visit) -> list[int]:
    colour = visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
    return [int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]


def test_the_first_screen_says_what_moved_since_when_and_what_to_do(here) -> None:
    with here() as visit:
        visit.go("")
        first = visit.page.evaluate(
            "[...document.querySelectorAll('h1, .do, table')].filter(one => one.getBoundingClientRect().bottom"
            " < window.innerHeight).map(one => one.innerText).join('\\n')"
        )
        assert first.startswith("2 endpoints: 1 drifted, 1 learning; coverage 99.4 %")
        assert "pass fell 0.91 → 0.78" in " ".join(first.split()) or "pass 0.91 → 0.78" in " ".join(first.split())
        assert "driftwatch accept inc-42" in first


def test_every_chart_is_drawn_answers_and_nothing_is_asked_of_anybody(here) -> None:
    with here() as visit:
        visit.go("")
        visit.page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        assert visit.drawn() >= 5
        assert visit.page.locator("figure.alive > svg:visible").count() == 0
        line = visit.page.evaluate("document.querySelector('.stage .mark-line path').getAttribute('d')")
        assert line.count("L") >= 2
        visit.page.locator("details[open] figure.alive[tabindex]").first.focus()
        visit.page.keyboard.press("End")
        told = [text for text in visit.read() if text]
        assert len({text.partition("UTC: ")[0] for text in told}) == 1
        assert visit.complaints == []
        assert visit.asked == [visit.address]


def test_old_and_new_answers_stand_beside_each_other_and_below_each_other_where_it_is_narrow(here) -> None:
    for width, beside in ((1100, True), (380, False)):
        with here(width=width) as visit:
            visit.go("")
            pair = visit.page.locator(".pair").first
            assert (pair.locator("del").inner_text(), pair.locator("ins").all_inner_texts()[-1]) == ("14", "```\n30")
            old, new = (pair.locator("pre").nth(number).bounding_box() for number in (0, 1))
            assert (old["y"] == new["y"]) is beside


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [380, 1100])
def test_it_fits_and_axe_finds_nothing_serious(here, width: int, scheme: str) -> None:
    with here(width=width, scheme=scheme) as visit:
        visit.go("")
        visit.drawn()
        assert visit.fits()
        # What drifted is read in one or two lines, not in a column of single words.
        assert all(cell.bounding_box()["width"] > 300 for cell in visit.page.locator("td.told").all())
        assert visit.faults() == []
        assert (max(paper(visit)) < 60) if scheme == "dark" else (min(paper(visit)) > 240)
        drawn = "getComputedStyle(document.querySelector('.stage .mark-line path')).stroke"
        assert visit.page.evaluate(drawn) == ("rgb(86, 180, 233)" if scheme == "dark" else "rgb(0, 114, 178)")


def test_paper_is_white_whatever_the_screen_is_and_no_answer_is_cut(here) -> None:
    with here(scheme="dark") as visit:
        visit.go("")
        visit.page.emulate_media(media="print")
        assert min(paper(visit)) > 240
        cut = (
            "[...document.querySelectorAll('.pair pre')].filter(one => one.scrollHeight > one.clientHeight + 1).length"
        )
        assert visit.page.evaluate(cut) == 0
        assert visit.page.pdf().startswith(b"%PDF")
        assert visit.complaints == []


def test_without_scripts_it_is_all_there(here) -> None:
    with here(scripts=False) as visit:
        visit.go("")
        streams = visit.page.locator("details.stream")
        assert streams.count() == 5
        assert streams.locator("summary svg").count() == 5
        assert visit.page.locator("details[open] figure > svg:visible").count() >= 1


def test_hostile_answers_are_text(browser, tmp_path: Path) -> None:
    """They stand where a model, a vendor and people say things, with the scripts that draw at work on the same page."""
    texts = HOSTILE[:: len(HOSTILE) // 80]
    address = written(tmp_path / "hostile.html", render_html(saying(*texts), pictures={}))
    with visiting(browser, address) as visit:
        visit.go("")
        assert visit.drawn(12) == 12
        # Within its stage Vega makes what it needs.
        outside = (
            "[...document.querySelectorAll('main *')].filter(one => !one.closest('.stage')).map(one => one.localName)"
        )
        made = visit.page.evaluate(outside)
        vegas = visit.page.evaluate(
            "document.querySelectorAll('.stage :is(script, img, image, iframe, a, link)').length"
        )
        assert vegas == 0
        assert not {"script", "img", "iframe", "object", "embed", "form", "style", "link", "base"} & set(made)
        assert visit.complaints == []
        assert visit.asked == [visit.address]
        shown = visit.page.locator(".pair").count()
        assert shown >= len(texts)
