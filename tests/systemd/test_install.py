"""A newcomer follows docs/howto/install-systemd.md down to the page; the commands are the page's own."""

import pytest

from tests.systemd.conftest import PAGE, SETTING_UP, Site
from tests.systemd.printed import commands

pytestmark = pytest.mark.slow


def test_a_newcomer_sees_the_page_of_a_scripted_drift(site: Site) -> None:
    # Nothing of `verify`, and the last line of `security`.
    assert site.shown["The unit"] == ["→ Overall exposure level for driftwatch.service: 1.1 OK :-)\n"]
    [proven] = site.follow("Prove it, then start it")
    assert "Active: active (running)" in proven
    assert [post["text"].splitlines()[0] for post in site.posts] == ["driftwatch test message: the route oncall works"]

    site.machine.until(lambda: site.endpoint()["baseline"] == {"seen": 8, "replays": 8}, "the baseline")
    watched, drifted, answered = commands(PAGE)["See a page"]
    assert "unchanged" in site.type(watched)
    site.type(drifted)
    site.machine.until(lambda: len(site.posts) > 1, "the page")
    assert site.posts[1]["text"].startswith("rehearsal · pass fell 1.00 → 0.65")
    assert "inc-1 (rehearsal): acknowledged by you." in site.type(answered)
    site.machine.until(lambda: len(site.posts) > 2, "the word that it is taken")
    assert [post["text"].split(":")[0] for post in site.posts[2:]] == ["rehearsal · acknowledged by you"]

    installed, switched, drifted = commands(PAGE)["PostgreSQL instead of a file"]
    site.type(installed, online=True)
    assert "is sound" in site.type(switched)
    site.machine.until(lambda: site.endpoint()["baseline"] == {"seen": 8, "replays": 8}, "a baseline in PostgreSQL")
    had = len(site.posts)
    site.type(drifted)
    site.machine.until(lambda: len(site.posts) > had, "a page about what PostgreSQL remembers")
    assert site.posts[had]["text"].startswith("rehearsal · pass fell 1.00 → 0.65")
    assert (
        site.machine.run("runuser -u postgres -- psql -tAc 'SELECT count(*) > 8 FROM slot' driftwatch").stdout == "t\n"
    )

    stopped, started, reloaded = site.follow("Your own vendor")
    assert stopped == started == ""
    assert "ok " in reloaded
    # Until the file is read, the state is `reloading`.
    site.machine.until(lambda: site.state() == "active", "the end of the reload")


def test_every_section_with_commands_was_followed() -> None:
    followed = {*SETTING_UP, "Prove it, then start it", "See a page", "PostgreSQL instead of a file", "Your own vendor"}
    assert {name for name, blocks in commands(PAGE).items() if blocks} == followed
    assert PAGE.read_text().count("```sh") == sum(map(len, commands(PAGE).values()))
