"""What `--output` names is written whole, and stays what it is."""

import os
from pathlib import Path
from threading import Thread

from driftwatch.cli.render.page import must_be_writable, write_atomically


def test_a_link_stays_a_link_and_its_file_is_written(tmp_path: Path) -> None:
    """A calibration that several configurations share was theirs no more: a file stood in the place of the link."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "link.json").symlink_to(tmp_path / "shared" / "real.json")
    for text in ("first", "second"):
        must_be_writable(tmp_path / "link.json")
        write_atomically(tmp_path / "link.json", text)
        assert (tmp_path / "shared" / "real.json").read_text() == text
    assert (tmp_path / "link.json").is_symlink()
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["link.json", "real.json", "shared"]


def test_what_is_no_file_is_written_to_and_stays(tmp_path: Path) -> None:
    """`--output /dev/stdout` replaced /dev/stdout by a file where we are root."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "stdout").symlink_to(tmp_path / "pipe")
    must_be_writable(tmp_path / "stdout")
    heard: list[str] = []
    listener = Thread(target=lambda: heard.append((tmp_path / "pipe").read_text()), daemon=True)
    listener.start()
    write_atomically(tmp_path / "stdout", "whole")
    listener.join(10)
    assert heard == ["whole"]
    assert (tmp_path / "stdout").is_symlink()
    assert (tmp_path / "pipe").is_fifo()
