"""A judge's slots are its endpoints': its pace is that of those it grades, and it misses none of its own."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from driftwatch.adapters.calendar import slots_between
from driftwatch.bootstrap import watching
from driftwatch.config.load import load_settings
from driftwatch.domain.replay import Slot, SlotRecord, SlotState
from driftwatch.domain.schedule import Cron
from driftwatch.services.coverage import count_not_begun
from driftwatch.services.watched import Watched
from driftwatch.testing.clock import ManualClock

NOW = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
MODEL = 'base_url: "http://127.0.0.1:9/v1", api_key: k'
CONFIG = f"""\
endpoints:
  - {{name: fast, model: openai/x-2026-01-01, {MODEL}, params: {{temperature: 0}}, probes: [fast.yaml],
     schedule: {{every: 15m}}}}
  - {{name: slow, model: openai/x-2026-01-01, {MODEL}, params: {{temperature: 0}}, probes: [slow.yaml],
     schedule: {{cron: "0 9 * * *"}}}}
judges: {{default: {{model: openai/j-2026-01-01, {MODEL}%s}}}}
routes: {{oncall: {{webhook: "http://127.0.0.1:9/hook"}}}}
alerting: {{pages: oncall, notices: oncall, ops: oncall}}
"""


def judge(folder: Path, anchors: str = "") -> Watched:
    for name, scorer in (("fast", "contains: '1'"), ("slow", "llm-rubric: polite")):
        probes = "".join(f"  - {{id: p{n}, prompt: 'say {n}', scorers: [{{{scorer}}}]}}\n" for n in range(3))
        (folder / f"{name}.yaml").write_text(f"name: {name}\nprobes:\n{probes}")
    (folder / "driftwatch.yaml").write_text(CONFIG % anchors)
    settings = load_settings(folder / "driftwatch.yaml", {})
    return watching.endpoints_to_read(settings, ManualClock(NOW))[-1]


def test_its_pace_is_that_of_the_endpoints_it_grades(tmp_path: Path) -> None:
    found = judge(tmp_path)
    assert found.endpoint.name == "judge/default"
    assert isinstance(found.endpoint.schedule, Cron)


@pytest.mark.parametrize("anchors", ["", ", anchors: {every: 2d}"])
def test_no_slot_of_its_own_is_missed(tmp_path: Path, anchors: str) -> None:
    found = judge(tmp_path, anchors)
    last = NOW - timedelta(days=3)
    record = SlotRecord(
        slot=Slot(endpoint="judge/default", due=last),
        state=SlotState.DONE,
        reason=None,
        seq=1,
        finished_at=last,
        cost_usd=0.0,
    )
    missed = count_not_begun(found, None, slots_between, since=last, until=NOW, now=NOW, last=record)  # type: ignore[arg-type]
    assert missed == 0
