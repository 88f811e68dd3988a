"""`driftwatch import FILE`, as somebody meets it who comes from another tool."""

import json
from pathlib import Path

from driftwatch.adapters.probes import load_probe_set

CONFIG = """\
prompts: ["Say {{word}}"]
tests:
  - vars: {word: lamp}
    assert: [{type: contains, value: lamp}, {type: javascript, value: "true"}]
"""


def test_the_short_form_writes_a_golden_set_and_tells_the_losses(driftwatch, tmp_path: Path) -> None:
    (tmp_path / "cases.yaml").write_text(CONFIG)
    result = driftwatch("import", "cases.yaml")
    assert result.exit_code == 0
    assert "1 probes in probes/cases.yaml" in result.output
    assert "2 = 1 kept, 0 changed, 1 dropped" in result.output
    assert "cases.yaml:4 tests[0].assert[1] javascript: dropped, because" in result.output
    assert [p.id for p in load_probe_set([tmp_path / "probes/cases.yaml"]).probes] == ["lamp"]


def test_the_report_is_json_when_asked(driftwatch, tmp_path: Path) -> None:
    (tmp_path / "cases.yaml").write_text(CONFIG)
    told = json.loads(
        driftwatch("import", "probes", "cases.yaml", "--from", "promptfoo", "-o", "x.jsonl", "--json").stdout
    )
    assert told["counts"]["assertion"] == {"found": 2, "kept": 1, "changed": 0, "dropped": 1}
    assert told["output"] == "x.jsonl"
    assert len(load_probe_set([tmp_path / "x.jsonl"]).probes) == told["probes"] == 1
    assert {e["fate"] for e in told["entries"]} == {"kept", "dropped"}


def test_nothing_is_overwritten_unasked(driftwatch, tmp_path: Path) -> None:
    (tmp_path / "cases.yaml").write_text(CONFIG)
    (tmp_path / "mine.yaml").write_text("mine")
    result = driftwatch("import", "cases.yaml", "--output", "mine.yaml")
    assert result.exit_code == 2
    assert "import-exists" in result.stderr
    assert (tmp_path / "mine.yaml").read_text() == "mine"
    assert driftwatch("import", "cases.yaml", "--output", "mine.yaml", "--force").exit_code == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cases.yaml", "mine.yaml"]


def test_a_file_of_which_nothing_can_be_made_exits_with_2(driftwatch, tmp_path: Path) -> None:
    (tmp_path / "cases.yaml").write_text("prompts: [exec:x.sh]\ntests: [{vars: {a: 1}}]\n")
    result = driftwatch("import", "cases.yaml")
    assert result.exit_code == 2
    assert "no probe could be made of it" in result.output
    assert not (tmp_path / "probes").exists()


def test_hostile_text_does_not_reach_the_terminal_as_it_is(driftwatch, tmp_path: Path) -> None:
    case = {"vars": {"prompt": "\x1b[2JGone"}, "assert": [{"type": "\x1b]0;owned\x07", "value": 1}]}
    (tmp_path / "cases.json").write_text(json.dumps([case]))
    result = driftwatch("import", "cases.json")
    assert result.exit_code == 0
    assert "\x1b" not in result.output
    assert load_probe_set([tmp_path / "probes/cases.yaml"]).probes[0].messages[0].content == "\x1b[2JGone"


def test_observations_are_imported_as_before(driftwatch) -> None:
    assert "observation records" in driftwatch("import", "observations", "--help").output
    assert "driftwatch import FILE" in driftwatch("import", "--help").output


def test_a_golden_set_is_exported_and_comes_back(driftwatch, tmp_path: Path) -> None:
    (tmp_path / "g.yaml").write_text(
        "probes:\n  - id: a\n    prompt: 'Say {{x}} \u202e'\n    scorers: [contains: x, numeric: 4]\n"
    )
    result = driftwatch("export", "probes", "--to", "promptfoo", "g.yaml")
    assert result.exit_code == 0
    assert "\u202e" not in result.output
    assert "numeric: dropped, because promptfoo has no assertion like it" in result.stderr
    assert driftwatch("export", "probes", "--to", "promptfoo", "g.yaml", "-o", "p.yaml", "--json").exit_code == 0
    assert driftwatch("import", "p.yaml", "-o", "back.yaml").exit_code == 0
    [probe] = load_probe_set([tmp_path / "back.yaml"]).probes
    assert (probe.id, probe.messages[0].content) == ("a", "Say {{x}} \u202e")


def test_losses_of_one_kind_are_told_once_and_junk_line_by_line(driftwatch, tmp_path: Path) -> None:
    case = {"vars": {"prompt": "Hi"}, "assert": [{"type": "javascript", "value": "1"}]}
    lines = [json.dumps(case) if n % 10 < 7 else f"junk {n}" for n in range(100)]
    (tmp_path / "cases.jsonl").write_text("\n".join(lines))
    result = driftwatch("import", "cases.jsonl", "--from", "promptfoo")
    assert result.exit_code == 0
    told = [line for line in result.output.splitlines() if line.startswith("  cases.jsonl:")]
    assert len(told) == 31
    assert "(70 times, also in line 2, 3, 4, 5, 6, …)" in told[0]
    assert {line.split()[0] for line in told[1:]} == {f"cases.jsonl:{n + 1}" for n in range(100) if n % 10 >= 7}
