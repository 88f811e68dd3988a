"""Where the daemon's own server may listen."""

from pathlib import Path

import pytest

from driftwatch.bootstrap import keys


def test_the_default_is_this_machine_alone(files) -> None:
    http = files.load(files.endpoint).http
    assert http.address == ("127.0.0.1", 8710)
    assert http.secret is None


@pytest.mark.parametrize(
    ("bind", "address"),
    [
        ("none", None),
        ('"127.0.0.1:0"', ("127.0.0.1", 0)),
        ('"[::1]:8710"', ("::1", 8710)),
        ("localhost:80", ("localhost", 80)),
    ],
)
def test_bind_is_an_address_and_a_port_or_none(files, bind: str, address: tuple[str, int] | None) -> None:
    assert files.load(files.endpoint + f"http: {{bind: {bind}}}\n").http.address == address


@pytest.mark.parametrize("bind", ["8710", '"127.0.0.1"', '"127.0.0.1:65536"', '"http://x:1"', "[1]", '"a b:1"', '""'])
def test_what_is_no_address_is_refused(files, bind: str) -> None:
    problem = files.only(files.endpoint + f"http: {{bind: {bind}}}\n")
    assert problem.slug == "config-http"
    assert "127.0.0.1:8710, or none" in str(problem)


@pytest.mark.parametrize("bind", ['"0.0.0.0:8710"', '"[::]:8710"', '"192.0.2.7:8710"', '"monitor.example:8710"'])
def test_where_others_can_ask_a_token_is_needed(files, bind: str, tmp_path: Path) -> None:
    problem = files.only(files.endpoint + f"http: {{bind: {bind}}}\n")
    assert problem.slug == "config-http"
    assert "token_file" in str(problem)
    (tmp_path / "http.token").write_text("0123456789abcdef\n")
    http = files.load(files.endpoint + f"http: {{bind: {bind}, token_file: {tmp_path}/http.token}}\n").http
    assert http.secret is not None


def test_a_short_token_is_refused(files) -> None:
    assert files.only(files.endpoint + "http: {token: fifteen-letters}\n").slug == "config-http"


def test_the_token_is_a_secret(files) -> None:
    settings = files.load(files.endpoint + "http: {token: 0123456789abcdef}\n")
    assert "0123456789abcdef" in keys.secrets_of(settings)
    assert "0123456789abcdef" not in repr(settings)


def test_a_token_file_that_is_not_there_is_told_with_its_line(files) -> None:
    problem = files.only(files.endpoint + "http: {bind: '0.0.0.0:8710', token_file: http.token}\n")
    assert problem.slug == "config-secret"
    assert problem.line == files.endpoint.count("\n") + 1
    assert "must exist and be readable by you" in str(problem)
