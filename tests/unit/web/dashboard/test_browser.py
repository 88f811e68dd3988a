"""The dashboard in a real browser: seen, used by keyboard, narrow, dark, and with hostile answers."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from driftwatch.domain.answer import Answer, Reply
from driftwatch.domain.errors import Outcome
from driftwatch.domain.replay import Replay, Slot
from driftwatch.presentation import words
from driftwatch.presentation.printable import printable
from driftwatch.services.counts import Counts
from driftwatch.services.vitals import Vitals
from driftwatch.web.site import Site
from tests.unit.notify.hostile import HOSTILE
from tests.unit.report.scripted import FINGERPRINT, HOUR, Scripted, mined, watched
from tests.unit.web.dashboard.browser import chromium, visiting
from tests.unit.web.dashboard.conftest import TOKEN
from tests.unit.web.serving import served

PATHS = {
    "fleet": "/",
    "endpoint": "/endpoint?name=support-bot",
    "incidents": "/incidents",
    "incident": "/incidents/inc-1",
    "probe": "/probe?endpoint=support-bot&id=dates-00",
    "missing": "/incidents/inc-99",
}


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def here(browser, site: Site):
    with served(site) as address:
        yield lambda **how: visiting(browser, address, **how)


@pytest.fixture
def here_with_token(browser, guarded: Callable[[], Site]):
    with served(guarded()) as address:
        yield lambda **how: visiting(browser, address, token=TOKEN, **how)


def test_from_the_verdict_to_the_evidence_by_keyboard_alone(here) -> None:
    with here() as visit:
        visit.go("/")
        keyboard = visit.page.keyboard
        keyboard.press("Tab")
        assert visit.page.evaluate("document.activeElement.textContent") == "Skip to content"
        for _ in range(30):
            keyboard.press("Tab")
            if visit.page.evaluate("document.activeElement.getAttribute('href')") == "/incidents/inc-1":
                break
        outline = visit.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none"
        keyboard.press("Enter")
        visit.page.wait_for_url("**/incidents/inc-1")
        assert "silent change" in visit.page.inner_text("h1")
        assert visit.page.locator("article.moved ins").first.inner_text() == "30"
        assert visit.complaints == []
        assert visit.elsewhere == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [380, 1100])
def test_every_page_fits_and_axe_finds_nothing_serious(here, width: int, scheme: str) -> None:
    with here(width=width, scheme=scheme) as visit:
        for name, path in PATHS.items():
            visit.go(path)
            if name == "endpoint":
                visit.page.locator("figure.alive").first.wait_for()
            assert visit.fits(), name
            assert visit.faults() == [], name
        assert visit.elsewhere == []


def test_a_dark_screen_has_a_dark_page(here) -> None:
    def paper(visit) -> list[int]:
        colour = visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return [int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]

    with here(scheme="dark") as visit:
        visit.go("/endpoint?name=support-bot")
        assert max(paper(visit)) < 60
        line = "getComputedStyle(document.querySelector('svg .course')).stroke"
        assert visit.page.evaluate(line) == "rgb(86, 180, 233)"
        visit.page.locator("figure.alive").first.wait_for()
        drawn = "getComputedStyle(document.querySelector('.stage .mark-line path')).stroke"
        assert visit.page.evaluate(drawn) == "rgb(86, 180, 233)"
    with here(scheme="light") as visit:
        visit.go("/")
        assert min(paper(visit)) > 240


def test_the_charts_of_an_endpoint_answer_to_the_pointer_with_one_moment_for_all(here) -> None:
    with here() as visit:
        visit.go("/endpoint?name=support-bot")
        visit.page.locator("figure.alive").first.wait_for()
        assert visit.drawn() == 6
        stage = visit.page.locator("figure.alive .stage").first
        stage.hover(position={"x": 0.95 * stage.bounding_box()["width"], "y": 60})
        told = visit.read()
        assert len(told) == 6
        assert len({text.partition("UTC: ")[0] for text in told}) == 1
        assert told[0].startswith("Wed 7 Oct, ") or told[0].startswith("Wed, 7 Oct, ")
        lines = visit.page.evaluate("[...document.querySelectorAll('.moment')].map(one => one.style.left)")
        assert len(set(lines)) == 1
        assert visit.complaints == []
        assert visit.elsewhere == []


def test_the_charts_of_an_endpoint_are_read_by_keyboard(here) -> None:
    with here(width=380, scheme="dark") as visit:
        visit.go("/endpoint?name=support-bot")
        visit.page.locator("figure.alive").first.wait_for()
        visit.page.locator("figure.alive").first.focus()
        visit.page.keyboard.press("End")
        last = visit.read()[0]
        visit.page.keyboard.press("ArrowLeft")
        before = visit.read()[0]
        visit.page.keyboard.press("Home")
        first = visit.read()[0]
        assert [text.partition(", ")[2] for text in (first, before, last)] == [
            "00:00 UTC: 0.95",
            "10:00 UTC: 0.6",
            "11:00 UTC: 0.6",
        ]
        assert visit.page.locator("figure.alive .read[aria-live]").count() == 1
        visit.page.keyboard.press("Escape")
        assert set(visit.page.locator(".read").all_inner_texts()) == {""}
        assert visit.faults() == []


def test_a_page_without_news_keeps_its_charts_and_a_replay_draws_them_again(here, drifted: Scripted) -> None:
    with here() as visit:
        visit.go("/endpoint?name=support-bot")
        visit.page.locator("figure.alive").first.wait_for()
        visit.page.evaluate("document.querySelector('figure.alive').id = 'the-old-one'")
        with visit.page.expect_response("**/endpoint?**"):
            visit.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        visit.page.wait_for_timeout(300)
        assert visit.page.locator("#the-old-one.alive").count() == 1
        drifted.replay(watched("support-bot"), drifted.clock.now(), broken=20)
        visit.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        visit.page.locator("#the-old-one").wait_for(state="detached")
        visit.page.locator("figure.alive").first.wait_for()
        visit.page.locator("figure.alive").first.focus()
        visit.page.keyboard.press("End")
        assert visit.read()[0].endswith("12:00 UTC: 0")
        assert visit.complaints == []


def test_who_reads_a_chart_by_keyboard_keeps_the_place_when_a_replay_comes(here, drifted: Scripted) -> None:
    """Every replay put the reader back to the top of the page."""
    with here() as visit:
        visit.go("/endpoint?name=support-bot")
        visit.drawn(2)
        visit.page.locator("figure.alive").nth(1).focus()
        visit.page.keyboard.press("End")
        place = "document.activeElement.dataset.chart"
        before = visit.page.evaluate(place)
        assert before
        visit.page.evaluate("document.activeElement.id = 'the-old-one'")
        drifted.replay(watched("support-bot"), drifted.clock.now(), broken=20)
        visit.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        visit.page.locator("#the-old-one").wait_for(state="detached")
        assert visit.page.evaluate(place) == before
        visit.page.locator('figure:focus.alive[tabindex="0"]').wait_for()
        visit.page.keyboard.press("End")
        assert "12:00 UTC: " in visit.page.locator("figure:focus .read[aria-live]").inner_text()
        assert visit.complaints == []


def test_without_scripts_the_pictures_are_there(browser, site: Site) -> None:
    with served(site) as address, visiting(browser, address, scripts=False) as visit:
        visit.go("/endpoint?name=support-bot")
        assert visit.page.locator("figure svg.stream:visible").count() == 6
        assert not [url for url in visit.asked if "vega" in url or "/api/" in url]


def test_somebody_acknowledges_and_sees_it_at_once(here_with_token, drifted: Scripted) -> None:
    with here_with_token() as visit:
        visit.go("/incidents/inc-1")
        visit.page.fill("input[name=by]", "ada")
        visit.page.fill("input[name=token]", "not-the-token-at-all")
        visit.page.click("button[value=ack]")
        visit.page.wait_for_selector(".said.wrong")
        assert "token is another one" in visit.page.inner_text(".said")
        assert drifted.store.incident(1).state.value == "firing"
        visit.page.fill("input[name=token]", TOKEN)
        visit.page.fill("input[name=comment]", "on it")
        visit.page.click("button[value=ack]")
        visit.page.locator("h1", has_text="acknowledged").wait_for()
        assert "ada (dashboard)" in visit.page.inner_text("#steps")
        assert visit.page.locator("button[value=ack]").count() == 0
    found = drifted.store.incident(1)
    assert (found.state.value, found.by, found.comment) == ("acknowledged", "ada (dashboard)", "on it")


def test_who_accepts_reads_what_is_to_do_next_after_the_form_is_gone(browser, guarded: Callable[[], Site]) -> None:
    site = replace(guarded(), watched=lambda: (mined("support-bot"), watched("summaries")))
    with served(site) as address, visiting(browser, address, token=TOKEN) as visit:
        visit.go("/incidents/inc-1")
        visit.page.fill("input[name=by]", "ada")
        visit.page.fill("input[name=token]", TOKEN)
        visit.page.click("button[value=accept]")
        visit.page.locator("form").wait_for(state="detached")
        assert visit.page.inner_text("#next").endswith("to find new ones: driftwatch mine support-bot --force")
        assert visit.complaints == []
        assert visit.faults() == []


@pytest.mark.parametrize("field", ["by", "token", "comment"])
def test_enter_decides_nothing(here_with_token, drifted: Scripted, field: str) -> None:
    """It pressed the first button there was: on an acknowledged incident, the one that accepts the drift."""
    with here_with_token() as visit:
        visit.go("/incidents/inc-1")
        for name, text in (("by", "ada"), ("token", TOKEN), ("comment", "on it")):
            visit.page.fill(f"input[name={name}]", text)
        visit.page.press(f"input[name={field}]", "Enter")
        # What Enter had sent would be answered before this.
        visit.page.click("button[value=silence]")
        visit.page.locator(".said", has_text="Done.").wait_for()
        assert visit.page.url.endswith("/incidents/inc-1")
        assert [url for url in visit.asked if "/api/" in url] == [f"{visit.address}/api/silences"]
    assert drifted.store.incident(1).state.value == "firing"


def test_somebody_silences_and_a_silence_wants_a_reason(here_with_token, drifted: Scripted) -> None:
    with here_with_token(width=380) as visit:
        visit.go("/incidents/inc-1")
        visit.page.fill("input[name=by]", "ada")
        visit.page.fill("input[name=token]", TOKEN)
        visit.page.click("button[value=silence]")
        visit.page.wait_for_selector(".said.wrong")
        visit.page.fill("input[name=comment]", "the vendor knows")
        visit.page.click("button[value=silence]")
        visit.page.locator(".said", has_text="Done.").wait_for()
        assert visit.page.input_value("input[name=token]") == ""
        visit.go("/")
        assert "the vendor knows" in visit.page.inner_text("#verdict")
    (silence,) = drifted.store.silences(now=drifted.clock.now())
    assert (silence.endpoint, silence.ends_at - silence.starts_at) == ("support-bot", 4 * HOUR)


def test_an_open_page_keeps_itself_up_to_date_and_leaves_writing_alone(here_with_token, drifted: Scripted) -> None:
    with here_with_token() as visit:
        visit.go("/incidents/inc-1")
        visit.page.fill("input[name=comment]", "half a sente")
        drifted.replay(watched("support-bot"), drifted.clock.now(), broken=8)
        grown = drifted.store.incident(1)
        first, *others = grown.findings
        late = replace(first.moved[0], probe_id="a-probe-that-moved-later")
        findings = (replace(first, moved=(late, *first.moved)), *others)
        drifted.store.save_incident(
            replace(grown, elsewhere=("summaries",), detail="a cause found later", findings=findings)
        )
        visit.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        visit.page.locator("#what", has_text="Moved together with").wait_for()
        # Who accepts has seen what there is to see by then: a drift that grew is not accepted unseen.
        visit.page.locator("#why", has_text="a cause found later").wait_for()
        visit.page.locator("#moves", has_text="a-probe-that-moved-later").wait_for()
        assert visit.page.input_value("input[name=comment]") == "half a sente"
        assert visit.complaints == []


def test_without_a_token_the_page_says_how_it_is_done(here) -> None:
    with here() as visit:
        visit.go("/incidents/inc-1")
        assert visit.page.locator("form").count() == 0
        assert "driftwatch ack inc-1" in visit.page.inner_text("section.do")


def test_five_hundred_hostile_answers_are_text(browser, drifted: Scripted) -> None:
    """Every one stands on the page as it is, character for character, and none of them did anything."""
    one = watched("hostile", probe_ids=("<img src=x onerror=alert(1)>",))
    texts = [text.encode("utf-8", "surrogatepass") for text in HOSTILE]
    due = drifted.clock.now()
    (probe,) = one.endpoint.probe_set.probes
    answers = [
        Answer(
            probe_key=probe.key,
            sample=n,
            at=due,
            outcome=Outcome.OK,
            reply=Reply(output=text, latency_ms=1.0, model="<b>"),
        )
        for n, text in enumerate(texts)
    ]
    slot = Slot(endpoint="hostile", due=due)
    drifted.store.record_replay(
        Replay(slot=slot, epoch=1, started_at=due, finished_at=due, fingerprint=FINGERPRINT, answers=answers), []
    )
    site = Site(
        vitals=Vitals(clock=drifted.clock),
        store=drifted.store,
        clock=drifted.clock,
        watched=lambda: (one,),
        counts=Counts(),
        guard=None,
        reload=None,
    )
    with served(site) as address, visiting(browser, address) as visit:
        visit.go("/probe?endpoint=hostile&id=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")
        shown = visit.page.evaluate("[...document.querySelectorAll('article.answer pre')].map(pre => pre.textContent)")
        made = visit.page.evaluate(
            "[...new Set([...document.querySelectorAll('main *')].map(one => one.localName))].sort()"
        )
        assert visit.complaints == []
        assert visit.elsewhere == []
    assert len(shown) == len(HOSTILE) > 500
    expected = [printable(words.answer(text.decode("utf-8", "replace"), 2_000)) for text in texts]
    assert shown == expected
    assert set(made) <= {"a", "article", "h1", "h2", "h3", "ins", "p", "pre", "section", "span"}
