"""The commands that a how-to prints, to be run as they stand."""

import re
from pathlib import Path


def commands(page: Path) -> dict[str, list[str]]:
    """Return the ``sh`` blocks of each section, in order."""
    found: dict[str, list[str]] = {}
    for section in re.split(r"^## ", page.read_text(), flags=re.MULTILINE)[1:]:
        heading = section.splitlines()[0]
        found[heading] = re.findall(r"^```sh\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)
    return found
