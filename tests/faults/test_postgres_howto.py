"""Every command that docs/howto/postgresql.md prints is run, in order, as it stands there."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.postgres import PostgresServer, binaries, postgres_server

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "postgresql.md"
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), flags=re.DOTALL | re.MULTILINE)


def environ(server: PostgresServer) -> dict[str, str]:
    """What a person at that machine has: PostgreSQL's programs, its place, and a vendor's key."""
    path = f"{binaries()}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    where = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": "postgres"}
    return {**os.environ, **where, "PATH": path, "DB_HOST": f"127.0.0.1:{server.port}", "OPENAI_API_KEY": "loopback"}


def test_the_commands_of_the_page_work_as_they_stand_there(tmp_path: Path) -> None:
    with postgres_server() as server:
        # A server that nobody has prepared for us.
        server.sql("DROP DATABASE shared")
        server.sql("DROP ROLE driftwatch")
        script = "set -euxo pipefail\n" + "\n".join(BLOCKS)
        command = ["bash", "-c", script]
        ran = subprocess.run(
            command, cwd=tmp_path, env=environ(server), capture_output=True, text=True, timeout=300, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert "is sound" in ran.stdout
        assert "no tables yet" in ran.stdout
        assert "schema none →" in ran.stdout
        assert "(0 rows)" in ran.stdout, "nobody leads before the first start"
        assert "has schema" in ran.stdout, "the upgrade at the end has nothing to do"
        assert server.sql("SELECT count(*) FROM alembic_version", database="restored") == [(1,)]
    assert len(BLOCKS) == 5
