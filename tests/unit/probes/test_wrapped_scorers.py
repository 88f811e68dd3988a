"""docs/howto/wrap-another-scorer.md, as somebody copies it: the files in it, with the real autoevals."""

import re
from pathlib import Path

import pytest

from driftwatch.adapters.probes import load_probe_set
from driftwatch.domain.errors import ConfigError
from driftwatch.scorers import build, score
from driftwatch.scorers.verdict import Unscored
from tests.unit.scorers.replies import Reply

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "howto" / "wrap-another-scorer.md").read_text()


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
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
