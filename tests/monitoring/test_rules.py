"""Alert rules and dashboard: sound by promtool's judgement, and about metrics that there are."""

import json
import re
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "monitoring"
DOCUMENTED = set(re.findall(r"`(driftwatch_[a-z_]+)`", (ROOT / "docs" / "reference" / "metrics.md").read_text()))
NAME = re.compile(r"\bdriftwatch_[a-z_]+")
RULES = yaml.safe_load((HERE / "driftwatch.rules.yml").read_text())["groups"][0]["rules"]

needs_promtool = pytest.mark.skipif(
    not shutil.which("promtool"), reason="promtool is not installed (Debian: apt-get install prometheus)"
)


def known(name: str) -> bool:
    return name in DOCUMENTED or name.removesuffix("_bucket") in DOCUMENTED


@needs_promtool
@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "rules", "driftwatch.rules.yml"),
        ("check", "config", "prometheus.yml"),
        ("test", "rules", "driftwatch.rules.test.yml"),
    ],
)
def test_promtool_agrees(arguments: tuple[str, ...]) -> None:
    ran = subprocess.run(["promtool", *arguments], cwd=HERE, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_is_about_metrics_that_there_are_is_tested_and_explained(rule) -> None:
    assert all(known(name) for name in NAME.findall(rule["expr"]))
    assert rule["labels"]["severity"] in ("page", "notice")
    assert {"summary", "description"} == set(rule["annotations"])
    assert rule["alert"] in (HERE / "driftwatch.rules.test.yml").read_text()
    page = (ROOT / "docs" / "howto" / "observe.md").read_text()
    assert f"| `{rule['alert']}` | {rule['labels']['severity']} |" in page


def test_the_dashboard_is_the_generated_one() -> None:
    written = runpy.run_path(str(HERE / "dashboard.py"))["text"]()
    assert (HERE / "grafana-dashboard.json").read_text() == written, "run: python monitoring/dashboard.py"


def test_every_panel_asks_for_metrics_that_there_are() -> None:
    board = json.loads((HERE / "grafana-dashboard.json").read_text())
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    assert len(asked) > 20
    for expression in asked:
        assert NAME.findall(expression)
        assert all(known(name) for name in NAME.findall(expression)), expression


def test_panels_do_not_lie_over_each_other() -> None:
    cells = set()
    for panel in json.loads((HERE / "grafana-dashboard.json").read_text())["panels"]:
        place = panel["gridPos"]
        mine = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not mine & cells
        assert place["x"] + place["w"] <= 24
        cells |= mine


@needs_promtool
def test_the_dashboards_expressions_are_promql(tmp_path: Path) -> None:
    board = json.loads((HERE / "grafana-dashboard.json").read_text())
    rules = [
        {"record": "a:b", "expr": target["expr"], "labels": {"n": str(number)}}
        for number, target in enumerate(target for panel in board["panels"] for target in panel["targets"])
    ]
    (tmp_path / "all.yml").write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": rules}]}))
    ran = subprocess.run(
        ["promtool", "check", "rules", str(tmp_path / "all.yml")], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
