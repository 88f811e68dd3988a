"""Judges are read as strictly as endpoints, for they are watched like them."""

import pytest

from driftwatch.domain.errors import ConfigError

HEAD = """\
endpoints:
  - {name: bot, model: tiny/one, base_url: "http://127.0.0.1:1/v1", params: {temperature: 0}, probes: [probes/golden.yaml]}
"""


def judges(written: str) -> str:
    return f"{HEAD}judges:\n  default: {{model: openai/gpt-4.1-2025-04-14{written}}}\n"


def test_a_judge_is_asked_at_temperature_0_and_confirms_a_fail(files) -> None:
    judge = files.load(judges(""), OPENAI_API_KEY="sk-1").judges["default"]
    assert judge.params == {"temperature": 0}
    assert (judge.votes, judge.confirm, judge.uncalibrated, judge.anchors.replays) == (1, True, "notice", 24)


def test_a_judge_without_its_vendors_key_is_told(files) -> None:
    (problem,) = files.load(judges("")).missing_keys
    assert "the judge `default` has no key" in problem.met


def test_an_alias_is_a_warning(files) -> None:
    warned = files.load(judges("").replace("-2025-04-14", ""), OPENAI_API_KEY="sk-1").warnings
    assert [w.slug for w in warned if "judges.default" in w.met] == ["endpoint-not-pinned"]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (", votes: 2", "it must be 1, 3, 5, 7 or 9"),
        (", params: {max_tokens: 9}", "`judges.default.params.temperature` is not set"),
        (", uncalibrated: never", "'notice' or 'page'"),
        (", anchors: {every: 6}", "write a number and a unit"),
        (", vote: 3", "did you mean `votes`?"),
    ],
)
def test_what_is_wrong_is_told(files, written: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        files.load(judges(written), OPENAI_API_KEY="sk-1")
    assert words in str(refused.value)


def test_no_endpoint_may_bear_a_judges_name(files) -> None:
    with pytest.raises(ConfigError, match="those of judges begin so"):
        files.load(HEAD.replace("name: bot", "name: judge/default"))
