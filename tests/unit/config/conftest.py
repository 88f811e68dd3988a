"""Configuration files to try: written, loaded, or refused."""

from pathlib import Path

import pytest

from driftwatch.config.load import load_settings
from driftwatch.config.settings import Settings
from driftwatch.domain.errors import ConfigError, Problem

ENDPOINT = """\
endpoints:
  - name: bot
    model: openai/gpt-4.1-2025-04-14
    params: {temperature: 0}
    probes: [golden.yaml]
"""


class Files:
    """A folder with one configuration file."""

    endpoint = ENDPOINT

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "driftwatch.yaml"

    def load(self, text: str, **environ: str) -> Settings:
        self.path.write_text(text, encoding="utf-8")
        return load_settings(self.path, environ)

    def problems(self, text: str, **environ: str) -> tuple[Problem, ...]:
        with pytest.raises(ConfigError) as caught:
            self.load(text, **environ)
        return caught.value.problems

    def only(self, text: str, **environ: str) -> Problem:
        found = self.problems(text, **environ)
        assert len(found) == 1, found
        return found[0]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)
