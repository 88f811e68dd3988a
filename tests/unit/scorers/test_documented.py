"""The reference page and the examples in the registry keep up with the scorers."""

from pathlib import Path

import pytest

from driftwatch.adapters.probes import load_probe_set
from driftwatch.domain.metric import MEASURED
from driftwatch.scorers import SCORERS

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "scorers.md").read_text()
TOOLS = "    tools: [{type: function, function: {name: get_weather}}]\n"


@pytest.mark.parametrize("kind", SCORERS.values(), ids=lambda kind: kind.name)
def test_every_scorer_is_on_the_page_with_its_argument_and_example(kind):
    section = PAGE.partition(f"\n### {kind.name}\n")[2].partition("\n### ")[0]
    for words in (kind.doc, kind.argument, f"- {kind.example}\n"):
        assert words in section


@pytest.mark.parametrize("kind", SCORERS.values(), ids=lambda kind: kind.name)
def test_every_example_loads_as_it_is_printed(kind, tmp_path):
    (tmp_path / "checks.py").write_text("def polite(text, context):\n    return True\n")
    (tmp_path / "a.yaml").write_text(
        f"probes:\n  - id: a\n    prompt: a\n{TOOLS}    scorers:\n      - {kind.example}\n"
    )
    (spec,) = load_probe_set([tmp_path / "a.yaml"]).probes[0].scorers
    assert spec.name == kind.name


@pytest.mark.parametrize("name", sorted(set(MEASURED) - {"pass"}))
def test_every_measure_is_on_the_page(name):
    assert f"`{name}`" in PAGE.partition("## Measured without asking")[2]
