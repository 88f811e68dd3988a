"""Write the Grafana dashboard beside this file: `python monitoring/dashboard.py`. A test compares."""  # noqa: INP001  # a script

# ruff: noqa: E501  # an expression is read best in one line
import json
from pathlib import Path
from typing import Any

TARGET = Path(__file__).with_name("grafana-dashboard.json")
SOURCE = {"type": "prometheus", "uid": "${source}"}
HERE = 'job="$job",instance=~"$instance"'
THERE = HERE + ',endpoint=~"$endpoint"'


def panel(
    kind: str, title: str, width: int, *queries: tuple[str, str], unit: str = "short", **more: Any
) -> dict[str, Any]:
    """Return one panel; a query is an expression and its legend."""
    targets = [
        {"refId": chr(65 + place), "datasource": SOURCE, "expr": expression, "legendFormat": legend}
        for place, (expression, legend) in enumerate(queries)
    ]
    defaults = {"unit": unit, **more.pop("defaults", {})}
    return {
        "type": kind,
        "title": title,
        "datasource": SOURCE,
        "targets": targets,
        "gridPos": {"w": width, "h": 4 if kind == "stat" else 8},
        "fieldConfig": {"defaults": defaults, "overrides": []},
        **more,
    }


def lamp(title: str, expression: str) -> dict[str, Any]:
    """Return a panel that is green at 1 and red at 0."""
    steps = [{"color": "red", "value": None}, {"color": "green", "value": 1}]
    words = [{"type": "value", "options": {"0": {"text": "no"}, "1": {"text": "yes"}}}]
    return panel(
        "stat", title, 4, (expression, "{{instance}}"),
        defaults={"thresholds": {"mode": "absolute", "steps": steps}, "mappings": words},
    )  # fmt: skip


PANELS = [
    lamp("Ready", f"driftwatch_ready{{{HERE}}}"),
    lamp("Replays and pages", f"driftwatch_leader{{{HERE}}}"),
    lamp("Sinks take messages", f"driftwatch_delivers{{{HERE}}}"),
    lamp("Store answers", f"driftwatch_store_up{{{HERE}}}"),
    lamp("Configuration in order", f"driftwatch_config_last_reload_successful{{{HERE}}}"),
    panel("stat", "Open incidents", 4, (f"count(driftwatch_incidents_open{{{THERE}}}) or vector(0)", "open")),
    panel(
        "timeseries", "Streams against their thresholds (1 alarms)", 24,
        (f"driftwatch_stream_statistic_ratio{{{THERE}}}", "{{endpoint}} {{metric}}"),
        defaults={
            "custom": {"thresholdsStyle": {"mode": "line"}},
            "thresholds": {"mode": "absolute", "steps": [{"color": "transparent", "value": None}, {"color": "red", "value": 1}]},
        },
    ),
    panel("timeseries", "Replays per hour", 12,
          (f"sum by (endpoint, outcome) (increase(driftwatch_replays_total{{{THERE}}}[1h]))", "{{endpoint}} {{outcome}}")),
    panel("timeseries", "Probes without an answer", 12,
          (f'sum by (endpoint, outcome) (increase(driftwatch_probes_total{{{THERE},outcome!="ok"}}[1h]))', "{{endpoint}} {{outcome}}")),
    panel("timeseries", "Scores that could not be given", 12,
          (f"sum by (endpoint, metric, reason) (increase(driftwatch_unscored_total{{{THERE}}}[1h]))", "{{endpoint}} {{metric}}: {{reason}}")),
    panel("timeseries", "Missed slots", 12,
          (f"sum by (endpoint, reason) (increase(driftwatch_missed_slots_total{{{THERE}}}[1h]))", "{{endpoint}}: {{reason}}")),
    panel("timeseries", "Alarms and decisions", 12,
          (f"sum by (endpoint, metric) (increase(driftwatch_alarms_total{{{THERE}}}[1h]))", "alarm {{endpoint}} {{metric}}"),
          (f'sum by (endpoint, reason) (increase(driftwatch_decisions_total{{{THERE},reason!="NONE"}}[1h]))', "{{endpoint}} {{reason}}")),
    panel("timeseries", "Baseline learnt", 12, (f"driftwatch_baseline_ratio{{{THERE}}}", "{{endpoint}}"), unit="percentunit"),
    panel("timeseries", "Deliveries", 12,
          (f"sum by (route, result) (increase(driftwatch_deliveries_total{{{HERE}}}[1h]))", "{{route}} {{result}}")),
    panel("timeseries", "Oldest message that is not sent", 12,
          (f"driftwatch_outbox_oldest_age_seconds{{{HERE}}}", "{{instance}}"), unit="s"),
    panel("timeseries", "Spent today", 12,
          (f"driftwatch_spent_today_usd{{{HERE}}}", "spent"), (f"driftwatch_budget_usd_per_day{{{HERE}}}", "budget"), unit="currencyUSD"),
    panel("timeseries", "Cost per hour", 12,
          (f"sum by (endpoint) (increase(driftwatch_cost_usd_total{{{THERE}}}[1h]))", "{{endpoint}}"), unit="currencyUSD"),
    panel("timeseries", "Dead-man's switch", 8,
          (f"sum by (result) (increase(driftwatch_deadman_pings_total{{{HERE}}}[1h]))", "{{result}}")),
    panel("timeseries", "Event loop: how late, 99th percentile", 8,
          (f"histogram_quantile(0.99, sum by (le) (rate(driftwatch_loop_lag_seconds_bucket{{{HERE}}}[15m])))", "lag"),
          (f"increase(driftwatch_loop_hangs_total{{{HERE}}}[1h])", "hangs"), unit="s"),
    panel("timeseries", "Memory", 8, (f"driftwatch_process_resident_memory_bytes{{{HERE}}}", "{{instance}}"), unit="bytes"),
]  # fmt: skip


def placed(panels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the panels with their numbers and places, row after row of 24."""
    x = y = height = 0
    for number, one in enumerate(panels, start=1):
        place = one["gridPos"]
        if x + place["w"] > 24:
            x, y, height = 0, y + height, 0
        place.update(x=x, y=y)
        one["id"], x, height = number, x + place["w"], max(height, place["h"])
    return panels


def variable(name: str, query: str, **more: Any) -> dict[str, Any]:
    """Return a choice that is read from Prometheus."""
    return {"name": name, "type": "query", "datasource": SOURCE, "query": query, "refresh": 2, "sort": 1, **more}


def dashboard() -> dict[str, Any]:
    """Return the dashboard as Grafana imports it."""
    every = {"includeAll": True, "multi": True, "allValue": ".*"}
    return {
        "title": "driftwatch",
        "uid": "driftwatch",
        "tags": ["driftwatch"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "1m",
        "time": {"from": "now-7d", "to": "now"},
        "templating": {
            "list": [
                {"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"},
                variable("job", "label_values(driftwatch_build_info, job)"),
                variable("instance", 'label_values(driftwatch_build_info{job="$job"}, instance)', **every),
                variable("endpoint", 'label_values(driftwatch_baseline_ratio{job="$job"}, endpoint)', **every),
            ]
        },
        "annotations": {
            "list": [
                {
                    "name": "incidents",
                    "enable": True,
                    "datasource": SOURCE,
                    "expr": f'changes(driftwatch_decisions_total{{{THERE},reason=~"FIRST|CONFIRMED"}}[5m]) > 0',
                    "titleFormat": "{{endpoint}} {{reason}}",
                    "iconColor": "red",
                }
            ]
        },
        "panels": placed(PANELS),
    }


def text() -> str:
    """Return the file's content."""
    return json.dumps(dashboard(), indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text())
