"""Charts chosen in the configuration: what is refused, where, and the way on."""

from pathlib import Path

import pytest

from driftwatch.bootstrap import clocks, watching
from driftwatch.domain.errors import ConfigError

GOLDEN = """\
name: g
probes:
  - {id: one, prompt: Say hi., scorers: [icontains: hi]}
"""


def text(files, charts: str) -> str:
    return f"{files.endpoint}    charts: {charts}\n"


def refused(files, charts: str):
    (files.folder / "golden.yaml").write_text(GOLDEN)
    settings = files.load(text(files, charts))
    with pytest.raises(ConfigError) as caught:
        watching.endpoints_to_read(settings, clocks.system_clock())
    return caught.value.problems


def test_charts_go_from_the_file_to_the_detectors(files) -> None:
    (files.folder / "golden.yaml").write_text(GOLDEN)
    settings = files.load(text(files, "{pass: [mixture, risk-adjusted], length: [cusum], icontains: [cvm, ewma]}"))
    [watched] = watching.endpoints_to_read(settings, clocks.system_clock())
    paging = {name: watched.plans[name].detector.paging for name in ("pass", "length", "icontains", "refusal")}
    assert paging == {
        "pass": ("mixture", "risk-adjusted"),
        "length": ("cusum",),
        "icontains": ("cvm", "ewma"),
        "refusal": ("mixture",),
    }


def test_without_charts_the_mixture_pages(files) -> None:
    assert files.load(files.endpoint).endpoints[0].charts == {}


def test_an_unknown_chart_is_told_with_its_line_and_the_charts_there_are(files) -> None:
    problem = files.only(text(files, "{pass: [mixture, shewhart]}"))
    assert (problem.line, problem.slug) == (6, "config-wrong-value")
    assert problem.met == "`endpoints[0].charts.pass[1]` is `shewhart`"
    assert all(name in problem.need for name in ("mixture", "cusum", "ks", "cvm", "ewma", "risk-adjusted"))


@pytest.mark.parametrize("charts", ["{pass: []}", "{pass: cusum}", "[pass]", "7"])
def test_charts_of_another_shape_are_refused_with_their_line(files, charts: str) -> None:
    assert files.only(text(files, charts)).line == 6


def test_a_chart_named_twice_is_refused(files) -> None:
    problem = files.only(text(files, "{pass: [cusum, cusum]}"))
    assert (problem.line, problem.slug) == (6, "config-charts")
    assert problem.need == "name each chart of `pass` once."


def test_an_unknown_metric_is_told_with_its_line_and_the_nearest_name(files) -> None:
    [problem] = refused(files, "\n      lenght: [cusum]")
    assert (problem.file, problem.line, problem.slug) == (str(files.path), 7, "config-charts")
    assert problem.met == "`endpoints[0].charts.lenght` is no metric of this endpoint"
    assert problem.need == "did you mean `length`?"


def test_without_a_near_name_the_endpoints_metrics_are_named(files) -> None:
    [problem] = refused(files, "{sentiment: [cusum]}")
    assert problem.need.startswith("it has ")
    assert "icontains" in problem.need


def test_a_chart_that_does_not_fit_the_kind_is_refused_with_those_that_do(files) -> None:
    wrong, silent = refused(
        files, "\n      length: [risk-adjusted]\n      cost: [mixture]\n      pass: [risk-adjusted]"
    )
    assert (wrong.line, silent.line) == (7, 8)
    assert wrong.met == "`endpoints[0].charts.length` cannot stand: risk-adjusted reads pass/fail metrics only"
    assert wrong.need == "choose of mixture, cusum, ks, cvm, ewma, strays."
    assert silent.met == "`endpoints[0].charts.cost` cannot stand: cost is shown and never alarms"
    assert silent.need == "remove it."


def test_latency_takes_none_of_these_charts(files) -> None:
    [problem] = refused(files, "{latency: [cusum]}")
    assert problem.met.startswith("`endpoints[0].charts.latency` cannot stand: ")
    assert problem.need == "remove it."


def test_log_probabilities_are_no_metric_where_none_are_asked_for(files) -> None:
    assert refused(files, "{logprob: [cusum]}")[0].met.endswith("is no metric of this endpoint")


def test_every_chart_of_the_reference_can_be_chosen() -> None:
    from driftwatch.stats.chart_names import CHARTS

    reference = Path(__file__).resolve().parents[3] / "docs" / "reference" / "configuration.md"
    rows = [line.split("`")[1] for line in reference.read_text().splitlines() if line.startswith("| `")]
    assert set(CHARTS) <= set(rows)
