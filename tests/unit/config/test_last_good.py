"""The last configuration that was good: kept whole or not at all, for its owner alone."""

from pathlib import Path

import pytest

from driftwatch.config.last_good import copy_of, keep, load_last_good
from driftwatch.domain.errors import ConfigError


def test_without_a_copy_there_is_none(files) -> None:
    assert load_last_good(files.path, {}) is None


def test_the_copy_stands_for_the_file_with_all_its_relative_paths(files) -> None:
    files.load(files.endpoint)
    keep(files.path, files.path.read_bytes(), {})
    files.path.write_text("endpoints: [")
    settings = load_last_good(files.path, {})
    assert settings.file == files.path
    assert settings.probe_paths(settings.endpoints[0]) == (files.folder / "golden.yaml",)
    assert settings.store_path.parent == files.folder


def test_a_service_keeps_it_in_its_state_folder(files, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    environ = {"STATE_DIRECTORY": f"{state}:/elsewhere"}
    keep(files.path, b"one", environ)
    assert [one.read_bytes() for one in state.iterdir()] == [b"one"]
    assert copy_of(tmp_path / "b" / files.path.name, environ) != copy_of(files.path, environ)
    keep(files.path, b"two", environ)
    [copy] = state.iterdir()
    assert (copy.read_bytes(), copy.stat().st_mode & 0o777) == (b"two", 0o600)


def test_a_copy_whose_variable_has_gone_is_no_help(files) -> None:
    files.path.write_text(files.endpoint.replace("golden.yaml", "${GOLDEN}"))
    keep(files.path, files.path.read_bytes(), {})
    assert load_last_good(files.path, {"GOLDEN": "golden.yaml"}) is not None
    with pytest.raises(ConfigError):
        load_last_good(files.path, {})
