"""A gate beside PostgreSQL, as a role that may only read: nothing of it is written."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import make_url

from driftwatch.testing.server import ScriptedServer
from tests.acceptance.test_gate import BASELINE, PROBES, START, Shop, Vendor
from tests.postgres import PostgresServer


def test_a_gate_and_doctor_need_no_right_to_write(tmp_path: Path, postgres: PostgresServer, postgres_url: str) -> None:
    shown = make_url(postgres_url).set(drivername="postgresql")
    with ScriptedServer(vendor := Vendor()) as server:
        shop = Shop(tmp_path, server, vendor)
        shop.settle()
        config = tmp_path / "config" / "driftwatch.yaml"
        rest = config.read_text()
        config.write_text(f'store: "{postgres_url}"\n{rest}')
        for hour in range(BASELINE + 1):
            result = shop.run("replay", "bot", "--slot", (START + timedelta(hours=hour)).isoformat())
            assert result.exit_code == 0, result.output
        postgres.sql("CREATE ROLE pipeline LOGIN PASSWORD 'look-only'")
        postgres.sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO pipeline", database=str(shown.database))
        reading = shown.set(username="pipeline", password="look-only").render_as_string(hide_password=False)
        config.write_text(f'store: "{reading}"\n{rest}')
        refused = shop.run("replay", "bot")
        assert (refused.exit_code, "permission denied" in refused.output) == (3, True), refused.output
        assert (shop.gate()[0], shop.run("doctor").exit_code) == (0, 0)
        vendor.broken = PROBES
        assert shop.gate()[0] == 1
