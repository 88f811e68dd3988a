"""docs/howto/wrap-another-scorer.md, as somebody copies it: the files in it, with the real libraries.

autoevals is among our own dependencies of the tests. ragas and deepeval are not, they want other versions of what we use:
uv run --with ragas --with 'langchain-community<0.4' --with rapidfuzz pytest tests/unit/probes/test_wrapped_scorers.py -W ignore
uv run --with deepeval --with rouge-score pytest tests/unit/probes/test_wrapped_scorers.py -W ignore -p no:asyncio
"""

import json
import re
from pathlib import Path

import pytest

from driftwatch.adapters.probes import load_probe_set
from driftwatch.domain.errors import ConfigError
from driftwatch.scorers import build, score
from driftwatch.scorers.verdict import Unscored
from driftwatch.testing.behaviours import Behaviour, say
from driftwatch.testing.server import ChatRequest, ScriptedServer
from tests.unit.scorers.replies import Reply

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "howto" / "wrap-another-scorer.md").read_text()

CODE = {
    re.findall(r'"""Scorers of (\w+)', code)[0]: code for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
}


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    code = CODE["autoevals"]
    [probes] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "checks.py").write_text(code)
    (tmp_path / "golden.yaml").write_text(probes)
    return tmp_path / "golden.yaml"


# Levenshtein: 1 - 1 edit / 29 characters; JSONDiff: the mean over keys, 14 against 15 being 1 - 1/29 apart (autoevals 0.4.1).
@pytest.mark.parametrize(
    ("probe", "answer", "expected"),
    [
        ("delivery", "The parcel arrives on Monday.", 1.0),
        ("delivery", " The parcel arrives on Monday!\n", 1 - 1 / 29),
        ("delivery", "", 0.0),
        ("refund-json", '{"days": 14, "allowed": true}', 1.0),
        ("refund-json", '{"allowed": true}', 0.5),
        ("refund-json", "Yes, within 14 days.", 0.0),
    ],
)
def test_the_page_scores_with_autoevals(probe: str, answer: str, expected: float, golden: Path) -> None:
    [spec] = next(p for p in load_probe_set([golden]).probes if p.id == probe).scorers
    assert score(build(spec.name, spec.argument), Reply(answer)) == pytest.approx(expected)


def test_another_version_of_the_library_is_refused_instead_of_drifting(golden: Path) -> None:
    checks = golden.with_name("checks.py")
    checks.write_text(checks.read_text().replace('WRITTEN_FOR = "0.4.1"', 'WRITTEN_FOR = "0.0.1"'))
    with pytest.raises(ConfigError, match=r"written for 0\.0\.1"):
        load_probe_set([golden])


def test_an_edited_file_is_another_probe(golden: Path) -> None:
    before = [probe.key for probe in load_probe_set([golden]).probes]
    checks = golden.with_name("checks.py")
    checks.write_text(checks.read_text() + "# edited\n")
    assert not set(before) & {probe.key for probe in load_probe_set([golden]).probes}


def test_what_a_wrapped_library_raises_is_unscored(golden: Path) -> None:
    checks = golden.with_name("checks.py")
    checks.write_text(checks.read_text().replace(".score\n\n    return score", '["nothing"]\n\n    return score'))
    [spec] = load_probe_set([golden]).probes[1].scorers
    assert isinstance(score(build(spec.name, spec.argument), Reply('{"a": 1}')), Unscored)


def judging(request: ChatRequest) -> Behaviour:
    """Say what ragas and deepeval ask for, step by step: of two statements one follows."""
    asked = str(request.body["messages"])
    if "NLIStatementOutput" in asked:
        graded = [{"statement": text, "reason": "r", "verdict": given} for text, given in (("a", 1), ("b", 0))]
        return say(json.dumps({"statements": graded}))
    if "verdicts" in asked:
        return say(json.dumps({"verdicts": [{"verdict": "yes"}, {"verdict": "no", "reason": "r"}]}))
    return say(json.dumps({name: ["a", "b"] for name in ("statements", "truths", "claims")}))


# ragas: 1 - 1 edit / 29 characters; deepeval's ROUGE-L: the words are the same.
@pytest.mark.parametrize(("library", "wording"), [("ragas", 1 - 1 / 29), ("deepeval", 1.0)])
def test_the_page_scores_with_the_library_and_a_model_of_the_users(
    library: str, wording: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(library, reason=f"{library} is not among our dependencies; see above")
    monkeypatch.setenv("DEEPEVAL_TELEMETRY_OPT_OUT", "1")
    monkeypatch.setenv("RAGAS_DO_NOT_TRACK", "true")
    monkeypatch.chdir(tmp_path)
    with ScriptedServer(judging) as server:
        (tmp_path / "checks.py").write_text(CODE[library].replace("http://127.0.0.1:8931/v1", server.base_url))
        named = [{"python": f"checks.py:{name}"} for name in ("delivery_day", "delivery_true")]
        probe = {"id": "delivery", "prompt": "When does the parcel arrive?", "scorers": named}
        (tmp_path / "golden.yaml").write_text(json.dumps({"name": "support", "probes": [probe]}))
        [probe] = load_probe_set([tmp_path / "golden.yaml"]).probes
        scores = [
            score(build(spec.name, spec.argument), Reply("The parcel arrives on Monday!")) for spec in probe.scorers
        ]
        assert scores == pytest.approx([wording, 0.5])
        server.behave = lambda _: say("Looks fine to me.")
        nonsense = score(build(probe.scorers[1].name, probe.scorers[1].argument), Reply("Monday."))
        assert isinstance(nonsense, Unscored)
