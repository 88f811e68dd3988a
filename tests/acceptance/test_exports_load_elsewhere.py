"""Exported golden sets in the real tools: promptfoo and Inspect ask our server just what they ask, Phoenix keeps them whole.

`.ci/interop` installs promptfoo and Inspect into environments of their own and runs this file; DRIFTWATCH_PHOENIX names a server.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from click.testing import CliRunner

from driftwatch.adapters.probes import load_probe_set
from driftwatch.cli import main
from driftwatch.domain.probe import Probe
from driftwatch.testing.behaviours import say
from driftwatch.testing.server import ScriptedServer

pytestmark = pytest.mark.slow

GOLDEN = r"""
name: support
probes:
  - id: raw
    prompt: "Say {{this}} and {% that %} as they stand: {# no comment #}"
    tags: [json, "topic:refund"]
    scorers:
      - contains: "14 days"
      - not-contains: "{% that %}"
      - regex: "^Mon.*\\{\\{"
      - contains-all: ["{{this}}", "days"]
      - icontains: "{{THIS}}"
      - not-equals: "{# no comment #}"
  - id: chat
    messages:
      - {role: system, content: "You are a shop."}
      - {role: user, content: "Hi, {{name}}"}
      - {role: assistant, content: "Hello"}
      - {role: user, content: "Which day?"}
    scorers: [{icontains: monday}, {contains-all: [Monday, days]}]
  - {id: wrong, prompt: "2+2?", scorers: [{equals: "five"}]}
  - {id: letters, prompt: "A) x\nB) y\nAnswer with a letter.", scorers: [{starts-with: "B"}]}
  - {id: endraw, prompt: "{% endraw %} and {{ 'a text' }}, {{{three}}}, #} {#} {% unclosed"}
  - {id: if, prompt: "{% if a %}b{% endif %} {{ a | upper }} {{-"}
  - {id: free, prompt: "- role: user\n  content: no chat"}
"""
ANSWER = "Monday, 14 days, {{this}}"
# `includes` of Inspect: the target, or nothing, occurs in the answer.
PASSED = {"raw": True, "chat": True, "wrong": False, "letters": False, "endraw": True, "if": True, "free": True}
INSPECT = """
import sys
from inspect_ai import Task, eval
from inspect_ai.dataset import json_dataset
from inspect_ai.scorer import includes
from inspect_ai.solver import generate
[log] = eval(
    Task(dataset=json_dataset(sys.argv[1]), solver=generate(), scorer=includes()),
    model="openai/tiny", model_base_url=sys.argv[2], model_args={"responses_api": False},
    log_dir="logs", log_format="json", display="none",
)
assert log.status == "success", log.error
"""


def tool(variable: str) -> str:
    found = os.environ.get(variable)
    if not found:
        pytest.skip(f"{variable} is not set: the tool is not installed here (bash .ci/interop does it)")
    return found


@pytest.fixture
def vendor() -> Iterator[ScriptedServer]:
    with ScriptedServer(lambda _: say(ANSWER)) as server:
        yield server


@pytest.fixture
def golden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "golden.yaml").write_text(GOLDEN)
    return tmp_path / "golden.yaml"


def driftwatch(*words: object) -> None:
    ran = CliRunner().invoke(main, list(map(str, words)))
    assert ran.exit_code == 0, ran.output


def run(*words: object, cwd: Path) -> None:
    """Run a tool that finds nothing but our server, whatever it would like to look up or report."""
    quiet = {"PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1", "PROMPTFOO_CONFIG_DIR": str(cwd)}
    quiet |= {"PROMPTFOO_DISABLE_REMOTE_GENERATION": "1", "OPENAI_API_KEY": "none"}
    ran = subprocess.run(
        list(map(str, words)), cwd=cwd, env={**os.environ, **quiet}, capture_output=True, timeout=300, check=False
    )
    # promptfoo ends with 100 where test cases failed, as some of ours do.
    assert ran.returncode in (0, 100), (ran.stdout + ran.stderr).decode()[-2000:]


def asked_by(probe: Probe) -> list[tuple[str, str]]:
    return [(turn.role, turn.content) for turn in probe.messages]


def heard(vendor: ScriptedServer) -> list[list[tuple[str, str]]]:
    # OpenAI's client of Inspect calls the system's role by its newer name.
    said = [
        [(m["role"].replace("developer", "system"), m["content"]) for m in r.body["messages"]] for r in vendor.requests
    ]
    return sorted(said)


def test_promptfoo_asks_and_judges_what_the_golden_set_says(golden: Path, vendor: ScriptedServer) -> None:
    promptfoo, file = tool("DRIFTWATCH_PROMPTFOO"), golden.with_name("promptfooconfig.yaml")
    driftwatch("export", "probes", "--to", "promptfoo", golden, "--output", file)
    told: dict[str, Any] = yaml.safe_load(file.read_text())
    told["providers"] = [{"id": "openai:chat:tiny", "config": {"apiBaseUrl": vendor.base_url}}]
    file.write_text(yaml.safe_dump(told, sort_keys=False))
    run(promptfoo, "validate", "-c", file, cwd=golden.parent)
    run(promptfoo, "eval", "-c", file, "--no-cache", "-o", "out.json", cwd=golden.parent)
    probes = load_probe_set([golden]).probes
    assert heard(vendor) == sorted(map(asked_by, probes))
    results = json.loads((golden.parent / "out.json").read_text())["results"]["results"]
    assert {one["testCase"]["description"]: one["success"] for one in results} == PASSED


def test_inspect_asks_what_the_golden_set_says_and_its_log_comes_back_whole(
    golden: Path, vendor: ScriptedServer
) -> None:
    python, file = tool("DRIFTWATCH_INSPECT"), golden.with_name("support.jsonl")
    driftwatch("export", "probes", "--to", "inspect", golden, "--output", file)
    golden.with_name("task.py").write_text(INSPECT)
    run(python, "task.py", file, vendor.base_url, cwd=golden.parent)
    probes = load_probe_set([golden]).probes
    assert heard(vendor) == sorted(map(asked_by, probes))
    [log] = (golden.parent / "logs").glob("*.json")
    scored = {one["id"]: one["scores"]["includes"]["value"] for one in json.loads(log.read_text())["samples"]}
    assert scored == {name: "C" if passed else "I" for name, passed in PASSED.items()}
    driftwatch("import", log, "--output", "back.yaml")
    back = load_probe_set([golden.with_name("back.yaml")]).probes
    assert {probe.id: probe.key for probe in back} == {probe.id: probe.key for probe in probes}


def test_phoenix_keeps_a_data_set_that_comes_back_whole(golden: Path) -> None:
    origin, file = tool("DRIFTWATCH_PHOENIX"), golden.with_name("support.json")
    driftwatch("export", "probes", "--to", "phoenix", golden, "--output", file)
    examples = json.loads(file.read_text())
    columns = {f"{key}s".replace("metadatas", "metadata"): [one[key] for one in examples] for key in examples[0]}
    with httpx.Client(base_url=origin, timeout=60) as phoenix:
        made = phoenix.post(
            "/v1/datasets/upload",
            params={"sync": "true"},
            json={"action": "create", "name": f"support-{os.getpid()}", **columns},
        )
        assert made.status_code == 200, made.text
        kept = phoenix.get(f"/v1/datasets/{made.json()['data']['dataset_id']}/examples")
    golden.with_name("kept.json").write_text(kept.text)
    driftwatch("import", "kept.json", "--output", "back.yaml")
    back = load_probe_set([golden.with_name("back.yaml")]).probes
    assert {probe.id: probe.key for probe in back} == {p.id: p.key for p in load_probe_set([golden]).probes}
