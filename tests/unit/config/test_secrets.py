"""Secrets from files, systemd credentials and the vendors' variables."""

import os
from pathlib import Path

import pytest

from driftwatch.domain.secret import Secret

KEY_FILE = "    api_key_file: key\n"


@pytest.mark.parametrize("raw", [b"sk-1", b"sk-1\n", b"sk-1\r\n", b"\xef\xbb\xbfsk-1\n\n"])
def test_the_newline_at_the_end_is_not_part_of_the_secret(raw: bytes, tmp_path: Path, files) -> None:
    (tmp_path / "key").write_bytes(raw)
    assert files.load(files.endpoint + KEY_FILE).endpoints[0].key == Secret("sk-1")


@pytest.mark.parametrize("raw", [b"", b"\n", b"  \n", b"sk\n1\n", b"sk\x00", b"\xff\xfe", b"x" * 70_000])
def test_a_file_that_holds_no_single_line_is_refused(raw: bytes, tmp_path: Path, files) -> None:
    (tmp_path / "key").write_bytes(raw)
    problem = files.only(files.endpoint + KEY_FILE)
    assert (problem.slug, problem.line) == ("config-secret", 6)


def test_a_missing_file_a_folder_and_a_pipe_are_refused(tmp_path: Path, files) -> None:
    assert files.only(files.endpoint + KEY_FILE).slug == "config-secret"
    os.mkfifo(tmp_path / "key")
    assert "regular file" in files.only(files.endpoint + KEY_FILE).need
    assert files.only(files.endpoint + "    api_key_file: .\n").slug == "config-secret"


def test_a_file_that_everybody_can_read_is_a_warning(tmp_path: Path, files) -> None:
    (tmp_path / "key").write_text("sk-1")
    (tmp_path / "key").chmod(0o644)
    [warning] = [w for w in files.load(files.endpoint + KEY_FILE).warnings if w.slug == "config-secret-exposed"]
    assert warning.line == 6
    (tmp_path / "key").chmod(0o600)
    assert "config-secret-exposed" not in [w.slug for w in files.load(files.endpoint + KEY_FILE).warnings]


def test_a_systemd_credential_is_found_by_its_name(tmp_path: Path, files) -> None:
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "key").write_text("from systemd\n")
    (tmp_path / "key").write_text("beside the project\n")
    settings = files.load(files.endpoint + KEY_FILE, CREDENTIALS_DIRECTORY=str(tmp_path / "credentials"))
    assert settings.endpoints[0].key == Secret("from systemd")


def test_a_key_given_twice_is_refused(tmp_path: Path, files) -> None:
    (tmp_path / "key").write_text("sk-1")
    assert "not both" in files.only(files.endpoint + KEY_FILE + "    api_key: sk-2\n").need


def test_the_vendors_variable_gives_the_key(files) -> None:
    assert files.load(files.endpoint, OPENAI_API_KEY="sk-1").endpoints[0].key == Secret("sk-1")


def test_a_key_with_a_line_break_inside_is_refused_and_not_shown(files) -> None:
    problem = files.only(files.endpoint, OPENAI_API_KEY="sk-1\nX-Evil: 1")
    assert "environment" in problem.met
    assert "sk-1" not in str(problem)


def test_the_vendors_key_is_not_sent_to_another_host(files) -> None:
    text = files.endpoint + "    base_url: https://elsewhere.example/v1\n"
    assert files.load(text, OPENAI_API_KEY="sk-1").endpoints[0].key is None


@pytest.mark.parametrize("environ", [{}, {"OPENAI_API_KEY": ""}, {"OPENAI_API_KEY": " "}])
def test_a_missing_key_is_named_with_its_variable(environ: dict[str, str], files) -> None:
    [missing] = files.load(files.endpoint, **environ).missing_keys
    assert "OPENAI_API_KEY" in missing.need
    assert missing.line == 3


def test_settings_never_print_a_secret(files) -> None:
    settings = files.load(
        files.endpoint + "routes: {r: {webhook: https://sekret.example}}\n", OPENAI_API_KEY="sk-sekret"
    )
    assert "sekret" not in f"{settings!r} {settings} {settings.model_dump()}"
