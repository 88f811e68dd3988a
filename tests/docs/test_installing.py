"""On the public index our name belongs to somebody else: nothing of ours tells people to install it by name."""

import re
import subprocess
from pathlib import Path

import pytest

from driftwatch.scorers.extras import adding

ROOT = Path(__file__).parents[2]
# What is installed begins a word, and is neither a path nor a wheel's file.
BY_NAME = re.compile(
    r"\b(pip3?|pipx|uv|poetry|pdm|conda|mamba)\b[^\n;&|]*?\b(install|add|inject)\b[^\n;&|]*?"
    r"[ '\"`]driftwatch([-_.]llm)?(?![\w./:-])",
    re.IGNORECASE,
)
UVX = re.compile(r"\b(uvx|pipx run)\s+(--from\s+)?[\"']?driftwatch", re.IGNORECASE)
BARE = re.compile(r"install(ed|s|ing)?:?\s+[`\"']*driftwatch[-_.]llm", re.IGNORECASE)
TOLD_ON_PURPOSE = {
    "docs/decisions/0021-no-install-by-a-bare-name.md",
    "docs/howto/extras.md",
    "tests/docs/test_installing.py",
}


def by_name(text: str) -> list[str]:
    """The lines that install us by a bare name."""
    return [line for line in text.splitlines() if any(p.search(line) for p in (BY_NAME, UVX, BARE))]


@pytest.mark.parametrize(
    "line",
    [
        "pip install driftwatch-llm",
        "python -m pip install --upgrade 'driftwatch-llm[postgres]'",
        "told = r\"pip install 'driftwatch-llm\\[demo\\]'\"",
        "uv add driftwatch-llm",
        "uv pip install driftwatch_llm==0.1.0",
        "uvx driftwatch demo",
        "pipx run --from driftwatch-llm driftwatch",
        "it needs sqlglot; install driftwatch-llm[scorers].",
    ],
)
def test_an_installation_by_name_is_seen(line: str) -> None:
    assert by_name(line) == [line]


@pytest.mark.parametrize(
    "line",
    [
        adding("postgres"),
        "/opt/driftwatch/bin/pip install --constraint constraints.txt ./driftwatch_llm-*.whl",
        "pip install uv && uv run driftwatch demo",
        "pip install -c constraints.txt '.[demo]' && driftwatch demo",
        "/opt/driftwatch/bin/pip install --no-cache-dir -c constraints.txt '.[postgres]'",
    ],
)
def test_an_installation_from_the_clone_or_the_wheel_is_none(line: str) -> None:
    assert by_name(line) == []


def test_no_file_tells_anybody_to_install_us_from_an_index() -> None:
    """Eighteen pages and messages did, and a stranger's program stands under that name."""
    kept = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    files = {name: ROOT / name for name in kept.split("\0") if name and name not in TOLD_ON_PURPOSE}
    found = []
    for name, file in files.items():
        try:
            text = file.read_text()
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue
        found += [f"{name}: {line.strip()[:160]}" for line in by_name(text)]
    assert found == []
