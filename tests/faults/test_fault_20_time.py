"""Line 20: UTC inside whatever the machine says; the year 2038, leap seconds, zones that are not there."""

import asyncio
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from driftwatch.config.load import load_settings
from driftwatch.domain.errors import ConfigError
from driftwatch.testing.model import ScriptedModel
from tests.acceptance import world as worlds
from tests.acceptance.world import SmallWorld, capitals, right

CONFIG = """\
store: sqlite:///driftwatch.db
endpoints:
  - name: bot
    model: openai/x-2026-01-01
    base_url: http://127.0.0.1:9/v1
    api_key: loopback
    params: {{temperature: 0}}
    probes: [golden.yaml]
    schedule: {{cron: "30 2 * * *", timezone: {zone}}}
"""


def configured(folder: Path, zone: str) -> Path:
    (folder / "golden.yaml").write_text("name: g\nprobes:\n  - {id: a, prompt: hi}\n")
    (folder / "driftwatch.yaml").write_text(CONFIG.format(zone=zone))
    return folder / "driftwatch.yaml"


@pytest.mark.parametrize("zone", ["Mars/Phobos", "../../etc/passwd", "europe", '"Europe/Berlin\\0"'])
def test_fault_20_a_zone_that_does_not_exist_is_refused_with_its_line(tmp_path: Path, zone: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(configured(tmp_path, zone), {})
    assert any("driftwatch.yaml:9" in line and "timezone" in line for line in str(caught.value).splitlines())


@pytest.mark.parametrize("zone", ["Nowhere/Bad", ":/does/not/exist", "UTC+99", ""])
def test_fault_20_the_machines_own_zone_decides_nothing(tmp_path: Path, zone: str) -> None:
    """A broken TZ, and no zone files on the machine: the same slots, the same check."""
    config = configured(tmp_path, "Europe/Berlin")
    environ = {**os.environ, "TZ": zone, "PYTHONTZPATH": ""}
    check = (
        "from datetime import datetime, UTC\n"
        "from pathlib import Path\n"
        "from driftwatch.config.load import load_settings\n"
        "from driftwatch.adapters.calendar import next_slot\n"
        "from driftwatch.bootstrap import clocks\n"
        f"settings = load_settings(Path({str(config)!r}), {{}})\n"
        "schedule = settings.endpoints[0].schedule.as_schedule()\n"
        "print(next_slot(schedule, datetime(2026, 7, 20, tzinfo=UTC)).isoformat())\n"
        "print(clocks.system_clock().now().tzinfo)\n"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, env=environ, check=False)
    assert done.returncode == 0, done.stderr[-800:]
    assert done.stdout.split() == ["2026-07-20T00:30:00+00:00", "UTC"]


@pytest.mark.parametrize(
    "begins",
    [datetime(2038, 1, 19, 3, tzinfo=UTC), datetime(2016, 12, 31, 22, tzinfo=UTC), datetime(2106, 2, 7, 6, tzinfo=UTC)],
    ids=["signed 32 bits end", "a leap second", "unsigned 32 bits end"],
)
def test_fault_20_nothing_ends_with_32_bits_or_doubles_with_a_leap_second(
    tmp_path: Path, begins: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worlds, "START", begins - timedelta(hours=20))
    world = SmallWorld(tmp_path, ScriptedModel(right(20)), probes=capitals(20), baseline=16)
    asyncio.run(world.replay(24))
    assert world.told() == []
    world.model.drift(right(20, dict.fromkeys(range(8), "No.")))
    asyncio.run(world.replay(3))
    assert world.told() == [("oncall", "FIRST")]
    slots = [record.slot.due for record in world.store.slots("support-bot")]
    assert slots == [begins - timedelta(hours=20) + timedelta(hours=n) for n in range(27)]
    onset = world.store.open_incident("support-bot").findings[0].onset
    assert onset == begins + timedelta(hours=4)
