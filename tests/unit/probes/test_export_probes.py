"""Golden sets for other tools: what comes back is what went out, up to the losses that were told."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.adapters.probes import load_probe_set
from driftwatch.adapters.probes.interop.exporting import WRITERS, export_probes
from driftwatch.adapters.probes.interop.importing import import_probes
from driftwatch.adapters.probes.interop.losses import Fate, Kind
from driftwatch.adapters.probes.interop.saving import save_probes
from driftwatch.adapters.probes.interop.written import as_yaml
from driftwatch.domain.probe import Message, Probe, ScorerSpec

SHIPPED = sorted((Path(__file__).resolve().parents[3] / "probes").glob("*.yaml"))
SUFFIX = {"promptfoo": ".yaml", "inspect": ".jsonl", "phoenix": ".json"}

PRINTED = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(str.strip)
TEXTS = PRINTED | st.sampled_from(
    ["{{a}}", "{% if x %}", "file://x.txt", "- role: user\n  content: x", '[{"role": "user", "content": "x"}]', "1e3", "a\nb ", "{# c #}",
     "{% raw %}x{% endraw %}", "{{ '{{' }}", "{% endraw %}", "#} {#} {{{", "[1]", "null"])  # fmt: skip
WORDS = st.lists(TEXTS, min_size=1, max_size=3)
SCHEMA = st.sampled_from([{"type": "object"}, {"type": "string", "const": "{{a}}"}, True])
SCORER = st.one_of(
    st.builds(lambda n, t: {n: t}, st.sampled_from(["contains", "not-contains", "icontains", "starts-with", "equals"]), TEXTS),
    st.builds(lambda n, t: {n: t}, st.sampled_from(["contains-all", "icontains-any"]), WORDS),
    st.builds(lambda t: {"equals": {"value": t}}, st.dictionaries(st.sampled_from(["value", "metric", "k"]), TEXTS, max_size=2)),
    st.builds(lambda s: {"is-json": {"schema": s}}, SCHEMA),
    st.builds(lambda n: {"levenshtein": {"value": "some text", "max": n}}, st.integers(0, 9)),
    st.builds(lambda n: {"latency": {"threshold": n}}, st.integers(1, 9000)),
    st.sampled_from(["is-json", "is-refusal", "not-is-refusal", {"word-count": 4}, {"word-count": {"min": 2}}, {"numeric": 4}, {"choice": "B"},
                     {"finish-reason": "stop"}, {"regex": "^a"}]),
)  # fmt: skip
NAMED = st.builds(
    lambda s, m: {**s, "metric": m} if isinstance(s, dict) else s, SCORER, st.sampled_from(["tone", "a b", "x/y"])
)
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system"]), "content": TEXTS},
    optional={"wait": st.sampled_from(["2s", "10m", "1.5s", "300ms"]), "name": st.just("n")},
)
PROBE = st.fixed_dictionaries(
    {},
    optional={
        "samples": st.integers(2, 5),
        "tags": st.lists(PRINTED, max_size=2, unique=True),
        "scorers": st.lists(SCORER | NAMED, max_size=4),
        "tools": st.sampled_from(["plain", "{{a}} {% b %} #}"]).map(
            lambda text: [{"type": "function", "function": {"name": "f", "description": text}}]
        ),
    },
)
ASKED = st.builds(lambda t: {"prompt": t}, TEXTS) | st.builds(
    lambda ms, last: {"messages": [m for m in ms if m["role"] != "system"] + [{"role": "user", "content": last}]},
    st.lists(MESSAGE, max_size=2),
    TEXTS,
)
SETS = st.lists(st.builds(lambda a, p: {**a, **p}, ASKED, PROBE), min_size=1, max_size=4)


def canonical(spec: ScorerSpec) -> tuple[Any, ...]:
    """Return what a scorer means: `{value: x}` is x."""
    argument = spec.argument
    if isinstance(argument, dict) and set(argument) == {"value"}:
        argument = argument["value"]
    return spec.name, spec.negate, spec.metric.partition("#")[0], json.dumps(argument, sort_keys=True)


def messages(probe: Probe, *, waits: bool) -> list[Message]:
    return [m if waits else Message(role=m.role, content=m.content, extra=m.extra) for m in probe.messages]


def back(exported: str, form: str, folder: Path) -> dict[str, Probe]:
    (folder / f"other{SUFFIX[form]}").write_text(exported)
    imported = import_probes(folder / f"other{SUFFIX[form]}")
    assert imported.formats == (form,)
    if not imported.probes:
        return {}
    save_probes(imported, folder / "back.yaml", source=Path("x"), force=True)
    return {probe.id: probe for probe in load_probe_set([folder / "back.yaml"]).probes}


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_shipped_sets_come_back_up_to_what_was_told(form: str, path: Path, tmp_path: Path) -> None:
    check(path, form, tmp_path)


@given(SETS, st.sampled_from(sorted(WRITERS)))
def test_what_is_exported_and_imported_is_the_same_up_to_what_was_told(tmp_path_factory, probes, form) -> None:
    folder = tmp_path_factory.mktemp("law")
    path = folder / "golden.yaml"
    path.write_text(as_yaml("golden", [{"id": f"p{n}", **probe} for n, probe in enumerate(probes)]))
    check(path, form, folder)


def check(path: Path, form: str, folder: Path) -> None:
    before = {probe.id: probe for probe in load_probe_set([path]).probes}
    exported = export_probes(path, form)
    report = exported.report
    after = back(exported.text, form, folder)
    lost = {e.where for e in report.entries if e.fate is Fate.DROPPED}
    whole = form != "promptfoo"
    assert report.count(Kind.CASE).found == len(before)
    assert report.count(Kind.ASSERTION).found == sum(len(probe.scorers) for probe in before.values())
    for index, (name, probe) in enumerate(before.items()):
        if f"probes[{index}]" in lost:
            assert name not in after
            continue
        assert messages(after[name], waits=True) == messages(probe, waits=whole)
        kept = [spec for n, spec in enumerate(probe.scorers) if f"probes[{index}].scorers[{n}]" not in lost]
        assert [canonical(spec) for spec in after[name].scorers] == [canonical(spec) for spec in kept]
        assert list(after[name].tags) == list(dict.fromkeys(probe.tags))
        assert after[name].samples == (1 if f"probes[{index}].samples" in lost else probe.samples)
        if whole:
            assert (after[name].sensor, after[name].tool_results) == (probe.sensor, probe.tool_results)
        assert list(after[name].tools) == ([] if f"probes[{index}].tools" in lost else list(probe.tools))


def test_other_tools_find_the_reference_where_they_look(tmp_path: Path) -> None:
    path = tmp_path / "g.yaml"
    path.write_text(
        "probes:\n  - id: a\n    prompt: The capital?\n    scorers: [not-contains: x, icontains: paris, equals: Paris]\n"
    )
    [row] = [json.loads(line) for line in export_probes(path, "inspect").text.splitlines()]
    assert (row["input"], row["target"], row["id"]) == ("The capital?", "Paris", "a")
    [example] = json.loads(export_probes(path, "phoenix").text)
    assert (example["input"], example["output"]) == ({"prompt": "The capital?"}, {"answer": "Paris"})


def test_code_of_yours_is_not_exported_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "checks.py").write_text("def polite(text, context): return True\n")
    (tmp_path / "g.yaml").write_text(
        "probes:\n  - id: a\n    prompt: Hi\n    scorers:\n      - python: checks.py:polite\n"
    )
    for form in WRITERS:
        [(entry, _)] = [
            item for item in export_probes(tmp_path / "g.yaml", form).report.losses() if item[0].kind is Kind.ASSERTION
        ]
        assert (entry.fate, entry.line) == (Fate.DROPPED, 5)


@pytest.mark.parametrize("form", WRITERS)
def test_a_check_of_tool_calls_keeps_comparing_with_the_tools_of_its_probe(form: str, tmp_path: Path) -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    probes = [{"id": n, "prompt": "Hi", "tools": tools, "scorers": ["is-valid-openai-tools-call"]} for n in "ab"]
    (tmp_path / "g.yaml").write_text(as_yaml("g", probes))
    check(tmp_path / "g.yaml", form, tmp_path)
    exported = export_probes(tmp_path / "g.yaml", form)
    assert not exported.report.count(Kind.ASSERTION).dropped
    (tmp_path / "g.yaml").write_text(as_yaml("g", [*probes, {"id": "c", "prompt": "Hi"}]))
    check(tmp_path / "g.yaml", form, tmp_path)


TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
RECALL = {"context-recall": {"value": "Three years.", "context": "It lasts {{three}} years."}}


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize(
    "probe",
    [
        {"prompt": "Hi", "tools": [TOOL], "tool_results": {"f": "4"}},
        {"prompt": "Hi", "sensor": "border"},
        {"prompt": "Hi", "sensor": "logprob", "samples": 3},
        {"prompt": "Hi", "context": ["A lamp.", "A shade."]},
        {"prompt": "Hi", "scorers": [RECALL, {"context-faithfulness": {"context": "It lasts {{three}} years.", "threshold": 1}}]},
        {"prompt": "Hi", "scorers": [RECALL, {"context-faithfulness": {"context": "Another."}}, "context-relevance"]},
        {"prompt": "Hi", "scorers": [{"llm-rubric": "Kind."}, {"llm-rubric": {"value": "Short.", "threshold": 0.5}}, "answer-relevance"]},
    ],
    ids=["task", "border", "logprob", "context", "one passage", "passages", "judges"],
)  # fmt: skip
def test_what_other_kinds_of_probes_have_comes_back_or_is_told_as_lost(probe, form: str, tmp_path: Path) -> None:
    (tmp_path / "g.yaml").write_text(as_yaml("g", [{"id": "a", **probe}, {"id": "b", "prompt": "Ho"}]))
    check(tmp_path / "g.yaml", form, tmp_path)
