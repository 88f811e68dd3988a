"""Connections that say nothing, or not all, keep nobody out."""

import socket
from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from driftwatch.web import gate, patience
from driftwatch.web.site import Site
from tests.unit.web.serving import ask, served


def call(address: str, said: bytes = b"") -> socket.socket:
    where = urlsplit(address)
    connection = socket.create_connection((where.hostname, where.port), timeout=120)
    connection.sendall(said)
    return connection


def heard(connection: socket.socket) -> bytes:
    """Return all that comes until the other side closes."""
    try:
        return b"".join(iter(lambda: connection.recv(65536), b""))
    except ConnectionResetError:
        return b""


def test_many_silent_connections_leave_health_answered(site: Site) -> None:
    """Kubernetes would kill a daemon in good health: the connections were counted, not the requests."""
    with served(site) as address, ExitStack() as held:
        for _ in range(100):
            held.enter_context(call(address))
        assert ask(address, "/healthz")[0] == 200
        assert ask(address, "/metrics")[0] == 200


def test_of_too_many_connections_the_one_that_waited_longest_goes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PATIENCE_S", 3600.0)
    monkeypatch.setattr(patience, "MOST_OPEN", 8)
    with served(site) as address, ExitStack() as held:
        first, *_ = [held.enter_context(call(address)) for _ in range(9)]
        assert heard(first) == b""
        assert ask(address, "/healthz")[0] == 200


@pytest.mark.parametrize(
    "said",
    [b"", b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n", b"POST /healthz HTTP/1.1\r\ncontent-length: 9\r\n"],
)
def test_who_sends_no_whole_request_is_let_go(site: Site, monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    monkeypatch.setattr(patience, "PATIENCE_S", 0.05)
    with served(site) as address, call(address, said) as connection:
        assert heard(connection) == b""


def test_one_connection_asks_again_and_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PATIENCE_S", 3600.0)
    asked = b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n"
    with served(site) as address, call(address, asked + b"\r\n" + asked + b"connection: close\r\n\r\n") as connection:
        assert heard(connection).count(b"200 OK") == 2


def test_beyond_so_many_at_once_all_but_health_is_put_off(
    guarded: Callable[[str], Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "PATIENCE_S", 3600.0)
    monkeypatch.setattr(gate, "MOST_AT_ONCE", 2)
    token = "0123456789abcdef-token"
    begun = (
        f"POST /api/silences HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: 9\r\n\r\n".encode()
    )

    def status(path: str) -> int:
        return ask(address, path, authorization=f"Bearer {token}")[0]

    with served(guarded(token)) as address:
        with call(address, begun), call(address, begun):
            while status("/metrics") != 503:
                pass
            assert status("/healthz") == 200
            assert ask(address, "/metrics")[0] == 401, "who has no token is told so, and takes nobody's place"
        while status("/metrics") != 200:
            pass
