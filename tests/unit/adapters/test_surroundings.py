"""What is under `watch:` is known by its content and its commit, without asking git."""

import shutil
import subprocess
from pathlib import Path

import pytest

from driftwatch.adapters.surroundings import Surroundings, commit_of


def test_a_changed_file_anywhere_in_a_watched_folder_is_a_change(tmp_path: Path) -> None:
    (tmp_path / "prompts" / "deep").mkdir(parents=True)
    file = tmp_path / "prompts" / "deep" / "system.txt"
    file.write_text("Be kind.")
    watched = Surroundings(paths=(tmp_path / "prompts",))
    before = watched.parts()
    assert watched.parts() == before
    file.write_text("Be brief.")
    assert watched.parts() != before


def test_a_watched_thing_that_goes_away_is_a_change_and_no_error(tmp_path: Path) -> None:
    file = tmp_path / "system.txt"
    file.write_text("Be kind.")
    watched = Surroundings(paths=(file,))
    before = watched.parts()
    file.unlink()
    assert watched.parts() != before


def test_moving_a_project_changes_nothing(tmp_path: Path) -> None:
    for here in ("one", "two"):
        (tmp_path / here / "prompts").mkdir(parents=True)
        (tmp_path / here / "prompts" / "system.txt").write_text("Be kind.")
    first, second = (Surroundings(paths=(tmp_path / here / "prompts",)).parts() for here in ("one", "two"))
    assert first == second


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git to make a work tree")
def test_a_work_tree_is_known_by_its_commit_loose_packed_linked_or_detached(tmp_path: Path) -> None:
    def git(*words: str, at: Path = tmp_path) -> str:
        who = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")
        return subprocess.run(["git", *who, *words], cwd=at, check=True, capture_output=True, text=True).stdout.strip()

    assert commit_of(tmp_path) == "no git work tree"
    git("init", "-q")
    assert "without a commit" in commit_of(tmp_path)
    git("commit", "-q", "--allow-empty", "-m", "one")
    first = git("rev-parse", "HEAD")
    assert commit_of(tmp_path) == first
    git("pack-refs", "--all")
    assert commit_of(tmp_path) == first
    git("worktree", "add", "-q", "-b", "other", str(tmp_path / "linked"))
    git("commit", "-q", "--allow-empty", "-m", "two", at=tmp_path / "linked")
    assert commit_of(tmp_path / "linked") == git("rev-parse", "other")
    git("checkout", "-q", "--detach", first)
    assert commit_of(tmp_path) == first
