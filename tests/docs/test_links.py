"""Every page is found from the README, and every link between pages leads somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDES = sorted(p for part in (".", "howto", "reference", "explanation") for p in (ROOT / "docs" / part).glob("*.md"))
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def links(page: Path) -> Iterator[str]:
    """Yield the files that a page links to, as it writes them."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" not in target and not target.startswith(("#", "mailto:")):
            yield target.partition("#")[0]


def test_every_guide_is_linked_from_the_readme() -> None:
    """Half of them were not, Slack's, systemd's and PostgreSQL's among them."""
    linked = {(ROOT / target).resolve() for target in links(ROOT / "README.md")}
    assert [str(page.relative_to(ROOT)) for page in GUIDES if page not in linked] == []


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_link_leads_somewhere(page: Path) -> None:
    assert [target for target in links(page) if not (page.parent / target).exists()] == []
