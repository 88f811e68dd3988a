"""`driftwatch mine` from the shell: a golden set that loads, and what it says it cost."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

from driftwatch.adapters.probes import load_probe_set
from driftwatch.services.own import mine_again
from driftwatch.testing.behaviours import say, status
from driftwatch.testing.server import ScriptedServer

CONFIG = """\
endpoints:
  - name: bot
    model: tiny/one
    base_url: "{url}"
    params: {{temperature: 0}}
    probes: [probes/golden.yaml{more}]
    price: {{input_usd: 1, output_usd: 1}}
"""
PROBES = 'probes: [{id: a, prompt: "Hi?"}]'


@pytest.fixture
def vendor() -> Iterator[ScriptedServer]:
    chance = Random(1)

    def behave(request):
        return say(chance.choice(["heads", "tails"]) if " or " in request.prompt else "sure")

    with ScriptedServer(behave) as server:
        yield server


def settle(folder: Path, url: str, more: str = "") -> None:
    for name in ("config", "probes"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "config" / "driftwatch.yaml").write_text(CONFIG.format(url=url, more=more))
    (folder / "probes" / "golden.yaml").write_text(PROBES)


def test_border_inputs_are_written_as_a_golden_set_that_is_planned(driftwatch, vendor, tmp_path) -> None:
    settle(tmp_path, vendor.base_url)
    result = driftwatch("mine", "bot", "--calls", "200", "--inputs", "3", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["calls"] == len(vendor.requests) <= 200
    assert told["cost_usd"] > 0
    written = tmp_path / "probes" / "border-bot.yaml"
    probes = load_probe_set([written]).probes
    assert [p.messages[0].content for p in probes] == [one["prompt"] for one in told["inputs"]]
    assert {(p.sensor, p.samples) for p in probes} == {("border", 10)}
    settle(tmp_path, vendor.base_url, ", probes/border-bot.yaml")
    plan = json.loads(driftwatch("plan", "--json").stdout)["endpoints"]["bot"]
    assert plan["sensors_per"]["year"]["calls"] == 10 * len(probes) * 8760
    assert "year, of these sensors" in driftwatch("plan").stdout
    assert "border-distance" in {stream["stream"] for stream in plan["false_alarms"]}


def test_a_file_that_exists_is_not_written_over_unasked(driftwatch, vendor, tmp_path) -> None:
    settle(tmp_path, vendor.base_url)
    (tmp_path / "probes" / "border-bot.yaml").write_text("mine")
    result = driftwatch("mine", "bot")
    assert result.exit_code == 2
    assert "--force" in result.stderr
    assert vendor.requests == []


def test_nothing_found_is_said_and_written_nowhere(driftwatch, tmp_path) -> None:
    with ScriptedServer(lambda _: say("sure")) as vendor:
        settle(tmp_path, vendor.base_url)
        result = driftwatch("mine", "bot", "--calls", "40")
    assert result.exit_code == 3
    assert "Every first token was certain" in result.stdout
    assert not (tmp_path / "probes" / "border-bot.yaml").exists()


def test_an_endpoint_that_does_not_answer_is_not_called_certain(driftwatch, tmp_path) -> None:
    with ScriptedServer(lambda _: status(503)) as vendor:
        settle(tmp_path, vendor.base_url)
        result = driftwatch("mine", "bot", "--calls", "60")
        told = json.loads(driftwatch("mine", "bot", "--calls", "60", "--json").stdout)
    assert result.exit_code == 3
    assert "certain" not in result.stdout
    assert "questions have no answer, and say nothing: unavailable (" in result.stdout
    assert told["unanswered"] == {"unavailable": told["calls"]}


def test_an_amount_that_cannot_be_kept_is_refused(driftwatch, vendor, tmp_path) -> None:
    """Without a price `--usd` bounded nothing, and did not say so."""
    settle(tmp_path, vendor.base_url)
    config = tmp_path / "config" / "driftwatch.yaml"
    config.write_text(config.read_text().replace("price:", "# price:"))
    result = driftwatch("mine", "bot", "--usd", "0.10")
    assert result.exit_code == 2
    assert "no price is known" in result.stderr
    assert vendor.requests == []


def test_the_amount_given_is_what_was_used_up(driftwatch, vendor, tmp_path) -> None:
    settle(tmp_path, vendor.base_url)
    result = driftwatch("mine", "bot", "--usd", "0.0001")
    assert "budget: the money that this search may cost is used up" in result.stdout


def test_a_sensor_is_read_strictly(driftwatch, vendor, tmp_path) -> None:
    settle(tmp_path, vendor.base_url)
    (tmp_path / "probes" / "golden.yaml").write_text(
        "probes:\n  - {id: a, prompt: a, sensor: logits}\n  - {id: b, prompt: b, sensor: border, scorers: [is-json]}\n"
    )
    result = driftwatch("check")
    assert result.exit_code == 2
    assert "it must be logprob or border" in result.output
    assert "a sensor has scorers" in result.output


def test_accepting_reminds_to_mine_again_with_a_command_that_does_it(driftwatch, vendor, tmp_path) -> None:
    """It named the command without --force, which refuses to write over the very file that was meant."""
    settle(tmp_path, vendor.base_url)
    assert driftwatch("mine", "bot", "--calls", "200", "--inputs", "2").exit_code == 0

    def reminded(name: str) -> str:
        probe_set = load_probe_set([tmp_path / "probes" / name])
        watched = SimpleNamespace(endpoint=SimpleNamespace(name="bot", probe_set=probe_set))
        return mine_again([watched], "bot")  # type: ignore[list-item]

    assert reminded("golden.yaml") == ""
    command = reminded("border-bot.yaml").partition("to find new ones: driftwatch ")[2].split()
    assert command == ["mine", "bot", "--force"]
    assert driftwatch(*command, "--seed", "1", "--calls", "200", "--inputs", "2").exit_code == 0


def test_a_golden_set_that_cannot_be_written_is_told_before_a_question_is_paid(driftwatch, vendor, tmp_path) -> None:
    """All questions were paid, and "No such file or directory" was all that came of them."""
    settle(tmp_path, vendor.base_url)
    result = driftwatch("mine", "bot", "--output", "/proc/none/border.yaml")
    assert result.exit_code == 2
    assert "/proc/none/border.yaml cannot be written" in result.stderr
    assert vendor.requests == []
