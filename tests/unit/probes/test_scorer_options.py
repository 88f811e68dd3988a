"""What may stand beside a scorer in a golden set, and what of it is part of a probe's hash."""

from pathlib import Path

import pytest

from driftwatch.adapters.probes import load_probe_set
from driftwatch.bootstrap.scoring import build_scorers
from driftwatch.domain.errors import ConfigError
from driftwatch.domain.probe import Message, Probe, ScorerSpec

ROOT = Path(__file__).resolve().parents[3]


def written(tmp_path, *lines):
    file = tmp_path / "a.yaml"
    file.write_text("probes:\n  - id: a\n    prompt: a\n    scorers:\n" + "".join(f"      {line}\n" for line in lines))
    return load_probe_set([file]).probes[0]


def test_each_way_to_take_the_value_out_is_a_metric_of_its_own(tmp_path):
    probe = written(tmp_path, "- numeric: 42", "  extract: [strict, flexible]", "- contains: a", "  extract: last-line")
    assert [(s.metric, s.extract) for s in probe.scorers] == [
        ("numeric", "strict"),
        ("numeric:flexible", "flexible"),
        ("contains:last-line", "last-line"),
    ]


def test_a_name_of_ones_own_is_kept_before_the_way(tmp_path):
    probe = written(tmp_path, "- regex: a", "  metric: code", "  extract: [strict, {regex: '(b)'}]")
    assert [s.metric for s in probe.scorers] == ["code", "code:regex"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["- latency: 3", "  extract: strict"], "does not look at the text"),
        (["- contains: a", "  extract: [strict, strict]"], "same name"),
        (["- contains: a", "  extract: fuzzy"], "known are: strict"),
        (["- bleu: {value: a, threshold: 7}", "  extract: [strict, flexible]"], "from 0 to 1"),
    ],
)
def test_a_wrong_way_is_told_once_with_its_line(tmp_path, lines, words):
    with pytest.raises(ConfigError, match=words) as caught:
        written(tmp_path, *lines)
    assert len(caught.value.problems) == 1


def test_a_function_may_have_a_time_limit_and_a_threshold(tmp_path):
    (tmp_path / "checks.py").write_text("def polite(text, context):\n    return 0.5\n")
    probe = written(tmp_path, "- python: {value: 'checks.py:polite', timeout: 30s, threshold: 0.4}")
    argument = probe.scorers[0].argument
    assert (argument["value"].split("#")[0], argument["timeout"]) == ("checks.py:polite", "30s")
    with pytest.raises(ConfigError, match="at most 10m"):
        written(tmp_path, "- python: {value: 'checks.py:polite', timeout: 1h}")


def probe_of(**options):
    scorer = ScorerSpec(name="contains", argument="a", metric="contains", **options)
    return Probe(id="p", messages=(Message(role="user", content="a"),), scorers=(scorer,))


def test_a_new_feature_changes_no_hash_of_a_probe_that_does_not_use_it():
    """The hash as it was computed before there were libraries and extraction: else an upgrade ends every baseline."""
    assert probe_of().content_hash == "c3d985e2d4da"
    assert probe_of(libraries=("sqlglot 30",)).content_hash != probe_of().content_hash
    assert probe_of(libraries=("sqlglot 31",)).content_hash != probe_of(libraries=("sqlglot 30",)).content_hash
    assert probe_of(extract="strict").content_hash != probe_of().content_hash


def test_the_shipped_sets_of_the_first_release_keep_their_hash():
    names = ("arithmetic", "extraction", "instruction-following", "json", "multi-turn", "refusal")
    shipped = load_probe_set([ROOT / "probes" / f"{name}.yaml" for name in names])
    assert shipped.content_hash == "660ed7c94500"


def test_a_probe_knows_the_release_of_the_library_that_scores_it(tmp_path):
    from importlib.metadata import version

    scorers = written(tmp_path, "- is-sql: SQLite", "- contains: a").scorers
    assert [s.libraries for s in scorers] == [(f"sqlglot {version('sqlglot')}",), ()]


def test_a_scorer_with_extraction_is_written_as_it_was_read(tmp_path):
    from driftwatch.adapters.probes.interop.probe_dict import scorer_item

    probe = written(tmp_path, "- numeric: 42", "  metric: sum", "  extract: [strict, flexible]", "- contains: a")
    assert [scorer_item(spec) for spec in probe.scorers] == [
        {"numeric": 42, "metric": "sum", "extract": "strict"},
        {"numeric": 42, "metric": "sum", "extract": "flexible"},
        {"contains": "a"},
    ]


def test_two_judges_under_one_metric_are_refused(tmp_path: Path) -> None:
    """It loaded without a word, only the last judge was made, and every replay ended in a KeyError."""
    wanted = "  - id: {0}\n    prompt: hi\n    scorers:\n      - llm-rubric: {{value: Polite., judge: {0}}}\n"
    file = tmp_path / "a.yaml"
    file.write_text("probes:\n" + wanted.format("one") + wanted.format("two"))
    with pytest.raises(ConfigError) as refused:
        load_probe_set([file])
    (problem,) = refused.value.problems
    assert (problem.line, problem.slug) == (9, "bad-scorer-argument")
    assert problem.met == "the metric `llm-rubric` is graded by the judge `two` here and by `one` further up"
    assert problem.need == "give one another name with `metric:`."


def test_two_judges_of_one_probe_have_a_metric_each(tmp_path: Path) -> None:
    """What is numbered apart is not under one name: refusing it would break sets that work."""
    file = tmp_path / "a.yaml"
    judged = "".join(f"      - llm-rubric: {{value: Polite., judge: {name}}}\n" for name in ("one", "two"))
    file.write_text(f"probes:\n  - id: a\n    prompt: hi\n    scorers:\n{judged}")
    metrics = build_scorers(load_probe_set([file]))[1]
    assert {name: metric.judge for name, metric in metrics.items()} == {"llm-rubric": "one", "llm-rubric#2": "two"}
