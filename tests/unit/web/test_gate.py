"""Health is open to everybody; everything else wants the token, or a caller on this machine."""

import base64
from collections.abc import Callable

import pytest

from driftwatch.web.site import Site
from tests.unit.web.serving import ask, served

TOKEN = "0123456789abcdef-tøken"
API = "/api/openapi.json"


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("", 401),
        ("Bearer ", 401),
        ("Bearer wrong", 401),
        ("Basic !!!", 401),
        (basic("wrong"), 401),
        (basic("0123456789abcdef-token"), 200),
        ("Bearer 0123456789abcdef-token", 200),
        ("bearer 0123456789abcdef-token", 200),
    ],
)
def test_only_the_token_opens_the_rest(guarded: Callable[[str], Site], said: str, status: int) -> None:
    with served(guarded("0123456789abcdef-token")) as address:
        assert ask(address, API, **({"authorization": said} if said else {}))[0] == status
        assert ask(address, "/healthz")[0] == 200


def test_a_browser_is_asked_for_the_token(guarded: Callable[[str], Site]) -> None:
    with served(guarded(TOKEN)) as address:
        assert ask(address, API)[1]["www-authenticate"].startswith("Basic ")
        assert ask(address, API, authorization=basic(TOKEN))[0] == 200


def test_what_a_browser_sends_by_itself_changes_nothing(guarded: Callable[[str], Site]) -> None:
    with served(guarded("0123456789abcdef-token")) as address:
        assert ask(address, API, method="POST", authorization=basic("0123456789abcdef-token"))[0] == 401
        # Past the gate; there is nothing to post to.
        assert ask(address, API, method="POST", authorization="Bearer 0123456789abcdef-token")[0] == 405


def test_without_a_token_nothing_can_be_changed(site: Site) -> None:
    with served(site) as address:
        status, _, told = ask(address, API, method="POST")
    assert status == 403
    assert "token_file" in told


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:8710", 200), ("127.0.0.1", 200), ("[::1]:8710", 200), ("evil.example", 421), ("[::1", 421)],
)
def test_without_a_token_only_this_machines_names_are_answered(site: Site, host: str, status: int) -> None:
    """A page of the web whose name was made to point to 127.0.0.1 would read the dashboard otherwise."""
    with served(site) as address:
        assert ask(address, API, host=host)[0] == status
        assert ask(address, "/readyz", host=host)[0] == 200


def test_every_answer_forbids_to_be_framed_sniffed_and_kept(site: Site) -> None:
    with served(site) as address:
        for path in ("/healthz", API, "/nowhere"):
            headers = ask(address, path)[1]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] == "no-store"
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "server" not in headers


def test_the_description_of_the_api_is_served(site: Site) -> None:
    with served(site) as address:
        assert '"openapi":' in ask(address, API)[2].replace(" ", "")
