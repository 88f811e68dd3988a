"""The command as a shell calls it."""

import pytest
from click.testing import CliRunner, Result

from driftwatch.cli import main


@pytest.fixture
def driftwatch(tmp_path, monkeypatch):
    """Run the command in an empty folder, with only the variables that are given."""
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "DRIFTWATCH_CONFIG", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, **environ: str) -> Result:
        return CliRunner(env=environ).invoke(main, list(arguments), prog_name="driftwatch")

    return run
