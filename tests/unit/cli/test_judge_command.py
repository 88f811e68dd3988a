"""`driftwatch judge calibrate` against a judge that really is asked over HTTP."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from driftwatch.testing.behaviours import say
from driftwatch.testing.server import ChatRequest, ScriptedServer

CONFIG = """\
endpoints:
  - {{name: bot, model: tiny/one, base_url: "{url}", params: {{temperature: 0}}, probes: [probes/golden.yaml]}}
judges:
  default: {{model: tiny/judge, base_url: "{url}", confirm: false{more}}}
"""
PROBES = 'probes: [{id: a, prompt: "Hi?", scorers: [{llm-rubric: Polite.}]}]'
RUBRIC = "question,answer,label,argument\n"


def polite(request: ChatRequest) -> bool:
    return "Dear" in request.body["messages"][1]["content"].partition("ANSWER\n")[2]


@pytest.fixture
def judge() -> Iterator[ScriptedServer]:
    def behave(request: ChatRequest) -> Callable[..., object]:
        mark = request.body["messages"][0]["content"].partition('"mark": "')[2][:16]
        return say(json.dumps({"mark": mark, "reason": "", "pass": polite(request)}))

    with ScriptedServer(behave) as server:
        yield server


def settle(folder: Path, url: str, labels: str, more: str = "") -> None:
    (folder / "config").mkdir(exist_ok=True)
    (folder / "probes").mkdir(exist_ok=True)
    (folder / "config" / "driftwatch.yaml").write_text(CONFIG.format(url=url, more=more))
    (folder / "probes" / "golden.yaml").write_text(PROBES)
    (folder / "labels.csv").write_text(labels)


def rows(agreeing: int, contrary: int) -> str:
    lines = [f'Hi?,"{"Dear you" if n % 2 else "Oi"} {n}",{n % 2},Polite.' for n in range(agreeing)]
    lines += [f'Hi?,"Oi again {n}",1,Polite.' for n in range(contrary)]
    return RUBRIC + "\n".join(lines) + "\n"


def test_a_judge_that_agrees_is_calibrated_and_may_page(driftwatch, judge, tmp_path) -> None:
    settle(tmp_path, judge.base_url, rows(20, 2))
    result = driftwatch("judge", "calibrate", "labels.csv", "--output", "calibration/default.json")
    assert result.exit_code == 0, result.output
    # 10 labelled 0, 12 labelled 1 of which 10 agree: p_o 20/22, p_e (10*12+12*10)/22^2; kappa .820.
    assert "22 of 22 labels graded" in result.stdout
    assert "agreement 0.91, Cohen's kappa 0.82, Krippendorff's alpha 0.82" in result.stdout
    assert "labelled 1: agrees on 10 of 12" in result.stdout
    assert "line 22: labelled 1, judged 0: Oi again 0" in result.stdout
    written = json.loads((tmp_path / "calibration" / "default.json").read_text())
    assert written["passed"] is True
    assert severities(driftwatch) == {"llm-rubric": "notice"}
    settle(tmp_path, judge.base_url, "", ", calibration: calibration/default.json")
    assert severities(driftwatch) == {"llm-rubric": "page"}
    settle(tmp_path, judge.base_url, "", ", votes: 3, calibration: calibration/default.json")
    assert severities(driftwatch) == {"llm-rubric": "notice"}
    settle(tmp_path, judge.base_url, "", ", uncalibrated: page")
    assert severities(driftwatch) == {"llm-rubric": "page"}


def severities(driftwatch) -> dict[str, str]:
    plan = json.loads(driftwatch("plan", "--json").stdout)["endpoints"]["bot"]
    return {s["stream"]: s["severity"] for s in plan["false_alarms"] if s["stream"] == "llm-rubric"}


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (rows(20, 10), "it agrees on 67 %; 80 % are needed"),
        (rows(10, 0), "10 labels were graded; at least 20 are needed"),
        (RUBRIC + "Hi?,Dear you,1,Polite.\n" * 20, "all labels are alike"),
        # 36 of 38 repeated and no bad one: p_o = p_e = 36/38, kappa 0. Such a judge was calibrated, and might page.
        (
            RUBRIC + "Hi?,Dear you,1,Polite.\n" * 36 + "Hi?,Dear me,0,Polite.\n" * 2,
            "chance explains its agreement (Cohen's kappa 0.00; 0.40 is needed): of 2 labelled 0 it repeats 0",
        ),
    ],
)
def test_a_judge_below_the_gate_is_refused_and_told_why(driftwatch, judge, tmp_path, labels, words) -> None:
    settle(tmp_path, judge.base_url, labels)
    result = driftwatch("judge", "calibrate", "labels.csv")
    assert result.exit_code == 1
    assert f"Not calibrated: {words}" in result.stdout


def test_a_judge_that_gave_no_verdict_is_not_said_to_agree_on_nan_or_to_have_labels_alike(
    driftwatch, judge, tmp_path
) -> None:
    settle(tmp_path, judge.base_url, rows(20, 0))
    judge.behave = lambda _: say("Very polite, I think.")
    result = driftwatch("judge", "calibrate", "labels.csv")
    assert result.exit_code == 1
    assert result.stdout.count("Not calibrated:") == 2, result.stdout
    assert "20 verdicts are unscored" in result.stdout


def test_a_file_that_cannot_be_written_is_told_before_a_verdict_is_paid(driftwatch, judge, tmp_path) -> None:
    """All labels were graded, and then nothing was left of it but "No such file or directory"."""
    settle(tmp_path, judge.base_url, rows(20, 0))
    result = driftwatch("judge", "calibrate", "labels.csv", "--output", "/proc/none/default.json")
    assert result.exit_code == 2
    assert "/proc/none/default.json cannot be written" in result.stderr
    assert judge.requests == []


def test_bad_labels_are_all_told_with_their_lines_and_nothing_is_asked(driftwatch, judge, tmp_path) -> None:
    settle(tmp_path, judge.base_url, RUBRIC + "Hi?,Oi,perhaps,Polite.\nHi?,,1,Polite.\nHi?,Oi,1,\n")
    result = driftwatch("judge", "calibrate", "labels.csv")
    assert result.exit_code == 2
    for words in (
        "labels.csv:2: the label is `perhaps`",
        "labels.csv:3: the answer is empty",
        "labels.csv:4: there is no `argument`",
    ):
        assert words in result.stderr
    assert judge.requests == []


def test_a_spreadsheet_s_file_is_read_as_it_was_meant(driftwatch, judge, tmp_path) -> None:
    """Lines were split where only a model breaks a text (U+2028, form feed), and `Label ` was no column."""
    texts = [f"Hi?,{'Dear' if n % 2 else 'Oi'}\u2028you\x0c {n},{('no', 'PASS')[n % 2]},Polite." for n in range(20)]
    quoted = '"Really, ""now""?","Oi,\r\n""friend""\r\n",1,Polite.'
    settle(tmp_path, judge.base_url, "")
    written = "\r\n".join(["\ufeffQuestion, Answer ,LABEL,argument", *texts[:10], quoted, "", *texts[10:]])
    (tmp_path / "labels.csv").write_bytes(written.encode())
    result = driftwatch("judge", "calibrate", "labels.csv")
    assert "21 of 21 labels graded" in result.stdout, result.output
    # A row is named by its first line, not by the one on which its last text ends.
    assert 'line 12: labelled 1, judged 0: Oi, ⏎ "friend"' in result.stdout
    [asked] = [one.body["messages"][1]["content"] for one in judge.requests if "friend" in str(one.body)]
    assert 'Really, "now"?' in asked


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ("question;answer;label\nHi?;Oi;1\n", "separate the columns with commas"),
        ("prompt,output,label\nHi?,Oi,1\n", "there is no column `question`, there is `prompt, output, label`"),
        ("question,answer,label,label\nHi?,Oi,1,0\n", "there are 2 columns `label`"),
        ("question,answer,label\nHi?,Oi,1,Polite.\n", "labels.csv:2: it has 4 fields, and there are 3 columns"),
        ("question,answer,label\nHi?,Oi,1\n", "labels.csv:2: there is no `argument`; write there what `llm-rubric`"),
        (RUBRIC + "Hi?,Oi,,Polite.\n", "labels.csv:2: there is no label"),
        (RUBRIC + 'Hi?,Oi,1,Polite.\nHi?,"Oi,1,Polite.\nHi?,Oi,1,Polite.\n', "labels.csv:3: this is not CSV"),
        ("answer,argument,label,question\nOi,Polite.,1\n", "labels.csv:2: it ends before the question"),
        (RUBRIC + f"Hi?,Oi,,{'[' * 100_000}\n", "labels.csv:2: there is no label"),
        (RUBRIC + f"Hi?,{'long ' * 40_000},,Polite.\n", "labels.csv:2: there is no label"),
        (RUBRIC, "there is no label in it"),
        ("", "there is no column `question`"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_what_it_is(driftwatch, judge, tmp_path, labels, words) -> None:
    settle(tmp_path, judge.base_url, labels)
    result = driftwatch("judge", "calibrate", "labels.csv")
    assert result.exit_code == 2
    assert words in result.stderr
    assert judge.requests == []


def test_what_is_not_known_of_one_class_is_null_in_json(driftwatch, judge, tmp_path) -> None:
    settle(tmp_path, judge.base_url, RUBRIC + "Hi?,Dear you,1,Polite.\n" * 20)
    result = driftwatch("judge", "calibrate", "labels.csv", "--json")
    assert result.exit_code == 1
    said = json.loads(result.stdout, parse_constant=pytest.fail)
    assert (said["agreement"], said["kappa"], said["alpha"], said["passed"]) == (1.0, None, None, False)


def test_a_judge_that_is_not_configured_is_named(driftwatch, judge, tmp_path) -> None:
    settle(tmp_path, judge.base_url, rows(1, 0))
    result = driftwatch("judge", "calibrate", "labels.csv", "--judge", "defualt")
    assert result.exit_code == 2
    assert "did you mean `default`?" in result.stderr


def test_a_calibration_that_is_gone_is_named(driftwatch, judge, tmp_path) -> None:
    settle(tmp_path, judge.base_url, "", ", calibration: nowhere.json")
    result = driftwatch("plan")
    assert result.exit_code == 2
    assert "driftwatch judge calibrate labels.csv" in result.stderr
