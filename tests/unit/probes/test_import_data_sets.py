"""Data sets of other tools: each shape as the tool's documentation or its own exporter writes it."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.adapters.probes import load_probe_set
from driftwatch.adapters.probes.interop.importing import READERS, Imported, import_probes
from driftwatch.adapters.probes.interop.losses import Fate, Kind
from driftwatch.adapters.probes.interop.saving import save_probes
from driftwatch.domain.errors import DriftwatchError
from driftwatch.scorers import build, score
from tests.unit.scorers.replies import Reply

USER = {"role": "user", "content": "The capital of France?"}
SYSTEM = {"role": "system", "content": "Be brief."}
PARIS = {"role": "assistant", "content": "Paris"}


def jsonl(*rows: Any) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def table(*rows: dict[str, Any]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


# Phoenix: the columns and keys that its own exporters write (server/api/routers/v1/datasets.py, 2026-11).
SPAN = {
    "name": "ChatCompletion",
    "context": {"trace_id": "7f", "span_id": "1a"},
    "span_kind": "LLM",
    "attributes": {
        "llm.input_messages": [{"message.role": "system", "message.content": "Be brief."}, {"message.role": "user", "message.content": "The capital of France?"}],
        "llm.output_messages": [{"message.role": "assistant", "message.content": "Paris"}],
        "llm.tools": [{"tool.json_schema": '{"type": "function", "function": {"name": "look_up"}}'}],
    },
}  # fmt: skip
NESTED = {
    "name": "ChatCompletion",
    "span_kind": "LLM",
    "attributes": {"llm": {"input_messages": [{"message": {"role": "user", "content": "The capital of France?"}}]}, "output": {"value": "Paris"}},
}  # fmt: skip
FLAT = {
    "name": "ChatCompletion",
    "span_kind": "LLM",
    "attributes.llm.input_messages": json.dumps(
        [{"message.role": "user", "message.content": "The capital of France?"}]
    ),
    "attributes.output.value": "Paris",
}
INDEXED = {
    "name": "x",
    "span_kind": "LLM",
    "attributes": {"llm.input_messages.0.message.role": "user", "llm.input_messages.0.message.content": "The capital of France?",
                   "llm.output_messages.0.message.content": "Paris"},
}  # fmt: skip
LANGFUSE = {"id": "i-1", "status": "ACTIVE", "input": {"question": USER["content"]}, "expectedOutput": {"answer": "Paris"},
            "metadata": {"topic": "geo"}, "sourceTraceId": None, "datasetId": "d", "datasetName": "capitals"}  # fmt: skip
LANGSMITH = {"id": "6f", "created_at": "2026-01-01", "inputs": {"question": USER["content"]}, "outputs": {"answer": "Paris"},
             "metadata": {"dataset_split": ["base"]}, "dataset_id": "9", "source_run_id": None}  # fmt: skip
LANGCHAIN = {"inputs": {"messages": [{"type": "human", "data": {"content": USER["content"]}}]},
             "outputs": {"output": {"type": "ai", "data": {"content": "Paris"}}}}  # fmt: skip
BRAINTRUST = {
    "id": "b",
    "input": USER["content"],
    "expected": "Paris",
    "metadata": {"topic": "geo"},
    "tags": ["easy"],
    "_xact_id": "1",
}
API = {
    "object": "eval.run",
    "testing_criteria": [
        {"type": "string_check", "name": "same", "input": "{{sample.output_text}}", "operation": "ilike", "reference": "{{item.answer}}"},
        {"type": "label_model", "name": "good", "model": "o3", "input": [], "labels": ["good", "bad"], "passing_labels": ["good"]},
    ],
    "data_source": {
        "type": "completions",
        "source": {"type": "file_content", "content": [{"item": {"q": "The capital of France?", "answer": "Paris"}}]},
        "input_messages": {"type": "template", "template": [{"type": "message", "role": "system", "content": "Be brief."},
                                                            {"role": "user", "content": "{{item.q}}"}]},
    },
}  # fmt: skip
LOG = {
    "version": 2,
    "eval": {"task": "capitals", "config": {"epochs": 2}, "scorers": [{"name": "includes"}]},
    "results": {
        "scores": [{"name": "includes", "scorer": "includes", "params": {}}, {"name": "mine", "scorer": "pkg/mine"}]
    },
    "samples": [
        {"id": "fr", "epoch": 1, "input": "The capital of France?", "target": "Paris", "scores": {}, "output": {}},
        {"id": "fr", "epoch": 2, "input": "The capital of France?", "target": "Paris"},
    ],
}

SHAPES = {
    "openai-evals, classic": ("openai-evals", "a.jsonl", jsonl({"input": [SYSTEM, USER], "ideal": "Paris"})),
    "openai-evals, several ideals": ("openai-evals", "a.jsonl", jsonl({"input": USER["content"], "ideal": ["Paris", "paris"]})),
    "openai-evals, as Phoenix writes it": ("openai-evals", "a.jsonl", jsonl({"messages": [USER], "ideal": "Paris"})),
    "openai-evals, items": ("openai-evals", "a.jsonl", jsonl({"item": {"question": USER["content"], "answer": "Paris"}})),
    "openai-evals, API": ("openai-evals", "a.json", json.dumps(API)),
    "chat": ("chat", "a.jsonl", jsonl({"messages": [SYSTEM, USER, PARIS], "tools": [{"type": "function", "function": {"name": "f"}}]})),
    "chat, preferences": ("chat", "a.jsonl", jsonl({"input": {"messages": [USER]}, "preferred_output": [PARIS], "non_preferred_output": [PARIS]})),
    "chat, completions": ("chat", "a.jsonl", jsonl({"prompt": USER["content"], "completion": " Paris"})),
    "chat, conversations": ("chat", "a.jsonl", jsonl({"conversations": [{"from": "human", "value": USER["content"]}, {"from": "gpt", "value": "Paris"}]})),
    "phoenix, JSON lines": ("phoenix", "a.jsonl", jsonl({"id": "e", "input": {"question": USER["content"]}, "output": {"answer": "Paris"}, "metadata": {}, "splits": []})),
    "phoenix, CSV": ("phoenix", "a.csv", table({"id": "e", "node_id": "n", "input.question": USER["content"], "output.answer": "Paris", "metadata.topic": "geo"})),
    "phoenix, REST": ("phoenix", "a.json", json.dumps({"data": {"dataset_id": "d", "version_id": "v", "examples": [{"id": "e", "input": {"messages": [USER]}, "output": {"messages": [PARIS]}, "metadata": {}, "updated_at": "x"}]}})),
    "phoenix, spans": ("phoenix", "a.jsonl", jsonl(SPAN, {"name": "chain", "span_kind": "CHAIN", "attributes": {}})),
    "phoenix, spans of REST": ("phoenix", "a.json", json.dumps({"data": [NESTED], "next_cursor": None})),
    "phoenix, spans as a table": ("phoenix", "a.csv", table(FLAT)),
    "phoenix, spans indexed": ("phoenix", "a.jsonl", jsonl(INDEXED)),
    "langfuse": ("langfuse", "a.json", json.dumps([LANGFUSE, LANGFUSE | {"id": "i-2", "status": "ARCHIVED"}])),
    "langfuse, API": ("langfuse", "a.json", json.dumps({"data": [LANGFUSE], "meta": {"page": 1}})),
    "langfuse, CSV": ("langfuse", "a.csv", table({"id": "i", "input": '{"question": "The capital of France?"}', "expectedOutput": '"Paris"', "metadata": "{}"})),
    "langsmith": ("langsmith", "a.jsonl", jsonl(LANGSMITH)),
    "langsmith, messages": ("langsmith", "a.json", json.dumps([LANGCHAIN])),
    "langsmith, CSV": ("langsmith", "a.csv", table({"id": "6f", "inputs.question": USER["content"], "outputs.answer": "Paris"})),
    "braintrust": ("braintrust", "a.jsonl", jsonl(BRAINTRUST)),
    "braintrust, API": ("braintrust", "a.json", json.dumps({"events": [BRAINTRUST], "cursor": None})),
    "inspect": ("inspect", "a.jsonl", jsonl({"id": "fr", "input": [SYSTEM, USER], "target": "Paris", "metadata": {"topic": "geo"}})),
    "inspect, CSV": ("inspect", "a.csv", table({"input": USER["content"], "target": "Paris", "id": 7})),
    "inspect, choices": ("inspect", "a.json", json.dumps([{"input": USER["content"], "choices": ["Rome", "Paris"], "target": "B"}])),
    "inspect, log": ("inspect", "a.json", json.dumps(LOG)),
}  # fmt: skip


@pytest.fixture
def imported(tmp_path):
    def read(text: str, name: str = "a.jsonl", **options: Any) -> Imported:
        (tmp_path / name).write_text(text)
        return import_probes(tmp_path / name, **options)

    return read


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_is_recognised_carried_and_loads(shape: str, imported, tmp_path: Path) -> None:
    form, name, text = SHAPES[shape]
    found = imported(text, name)
    assert found.formats == (form,)
    save_probes(found, tmp_path / "out.yaml", source=Path("a"))
    [probe] = load_probe_set([tmp_path / "out.yaml"]).probes
    assert probe.messages[-1].content.startswith("The capital of France?")
    [spec, *_] = probe.scorers
    right, wrong = ("B", "A") if "choices" in shape else ("Paris", "Rome")
    scorer = build(spec.name, spec.argument)
    assert (score(scorer, Reply(right)), score(scorer, Reply(wrong))) == (1, 0)
    count = found.report.count(Kind.ASSERTION)
    assert count.found == count.kept + count.changed + count.dropped >= 1


def test_every_reader_has_a_shape_here() -> None:
    assert {form for form, _, _ in SHAPES.values()} == set(READERS) - {"promptfoo"}


def test_what_comes_along_is_carried_too(imported) -> None:
    [probe] = imported(SHAPES["chat"][2]).probes
    assert probe["messages"] == [SYSTEM, USER]
    assert probe["tools"] == [{"type": "function", "function": {"name": "f"}}]
    [probe] = imported(SHAPES["phoenix, spans"][2]).probes
    assert probe["tools"] == [{"type": "function", "function": {"name": "look_up"}}]
    [probe] = imported(SHAPES["braintrust"][2]).probes
    assert probe["tags"] == ["easy", "topic:geo"]
    [probe] = imported(SHAPES["openai-evals, API"][2], "a.json").probes
    assert probe["messages"] == [SYSTEM, USER]
    [probe] = imported(SHAPES["inspect, log"][2], "a.json").probes
    assert (probe["id"], probe["samples"]) == ("fr", 2)
    [probe] = imported(SHAPES["inspect, choices"][2], "a.json").probes
    assert probe["prompt"].endswith("A) Rome\nB) Paris\n\nAnswer with the letter only.")


def test_what_cannot_be_carried_is_named(imported) -> None:
    report = imported(SHAPES["openai-evals, API"][2], "a.json").report
    assert {e.what: e.fate for e in report.entries if e.kind is Kind.ASSERTION} == {
        "string_check": Fate.KEPT,
        "label_model": Fate.DROPPED,
    }
    report = imported(SHAPES["inspect, log"][2], "a.json").report
    assert [e.what for e in report.entries if e.kind is Kind.ASSERTION and e.fate is Fate.DROPPED] == ["mine"]
    assert report.count(Kind.CASE).dropped == 1
    report = imported(SHAPES["langfuse"][2], "a.json").report
    assert any("archived" in (e.why or "") for e in report.entries)


@pytest.mark.parametrize("shape", [name for name, (_, file, _) in SHAPES.items() if file.endswith(".jsonl")])
def test_a_third_of_junk_takes_nothing_good_with_it(shape: str, imported) -> None:
    form, name, text = SHAPES[shape]
    good = text.splitlines()[0]
    junk = ["<html>", "[1, 2", '"text"', "null", "{}", '{"input": 7}']
    lines = [junk[n // 3 % 6] if n % 10 in (2, 5, 8) else good for n in range(60)]
    found = imported("\n".join(lines), name, form=form)
    assert len(found.probes) == 42
    bad = {e.line for e in found.report.entries if e.fate is Fate.DROPPED and e.kind is not Kind.ASSERTION}
    assert bad == {n + 1 for n in range(60) if n % 10 in (2, 5, 8)}


TABLES = [name for name, (_, file, _) in SHAPES.items() if file.endswith(".csv")]
LISTS = [name for name, (_, file, _) in SHAPES.items() if file.endswith(".json")]


@pytest.mark.parametrize("shape", TABLES)
def test_a_table_with_a_third_of_junk_keeps_its_good_rows_and_names_the_others_by_line(shape: str, imported) -> None:
    """A row with too few cells was filled up in silence: where its first cell is the input, it became a probe of its own."""
    form, name, text = SHAPES[shape]
    head, *good = csv.reader(io.StringIO(text))
    junk = [["junk"], ["x"] * (len(head) + 3), ["<html>"]]
    rows = [junk[n // 3 % 3] if n % 10 in (2, 5, 8) else good[0] for n in range(60)]
    out = io.StringIO()
    csv.writer(out).writerows([head, *rows])
    found = imported(out.getvalue(), name, form=form)
    told = {e.line for e in found.report.entries if e.fate is not Fate.KEPT and e.kind in (Kind.CASE, Kind.LINE)}
    assert told == {n + 2 for n in range(60) if n % 10 in (2, 5, 8)}
    asked = [probe.get("prompt") or probe["messages"][-1]["content"] for probe in found.probes]
    assert sum(text.startswith("The capital of France?") for text in asked) == 42


def with_junk(document: Any, junk: list[Any]) -> Any:
    """Put junk into the list of rows of a document, wherever it stands."""
    if isinstance(document, list):
        return [junk[n // 3 % len(junk)] if n % 10 in (2, 5, 8) else document[0] for n in range(60)]
    keys = ("data_source", "source", "content", "data", "examples", "events", "samples")
    key = next(key for key in keys if isinstance(document.get(key), dict | list))
    return document | {key: with_junk(document[key], junk)}


@pytest.mark.parametrize("shape", LISTS)
def test_a_list_with_a_third_of_junk_keeps_its_good_items_and_names_the_others_by_line(shape: str, imported) -> None:
    form, name, text = SHAPES[shape]
    junk = ["<html>", 7, None, {}, [1, 2], {"input": 7}]
    written = json.dumps(with_junk(json.loads(text), junk), indent=1)
    found = imported(written, name, form=form)
    assert len(found.probes) == 42
    dropped = [e for e in found.report.entries if e.fate is Fate.DROPPED and e.kind in (Kind.CASE, Kind.LINE)]
    assert len({e.line for e in dropped}) == len(dropped) == 18
    lines = written.split("\n")
    starts = tuple(json.dumps(each)[:1] for each in junk)
    assert all(lines[e.line - 1].strip().startswith(starts) for e in dropped)


def test_a_reference_is_compared_as_the_user_says(imported) -> None:
    text = jsonl({"input": "Q?", "expected": "Paris"})
    for scorer in ("equals", "starts-with", "not-contains"):
        [probe] = imported(text, reference=scorer).probes
        assert probe["scorers"] == [{scorer: "Paris"}]
    [probe] = imported(text, reference="none").probes
    assert "scorers" not in probe
    for wrong in ("nonsense", "python"):
        with pytest.raises(DriftwatchError, match="--reference: there is no scorer"):
            imported(text, reference=wrong)


def test_a_long_reference_is_a_loss_until_a_scorer_compares_meaning(imported, monkeypatch) -> None:
    from driftwatch.adapters.probes.interop import reference
    from driftwatch.scorers.registry import SCORERS

    monkeypatch.setattr(reference, "MEANING", ("by-meaning",))
    text = jsonl({"input": "Q?", "expected": "word " * 40})
    assert imported(text).report.count(Kind.ASSERTION).dropped == 1
    monkeypatch.setitem(SCORERS, "by-meaning", SCORERS["contains"])
    assert imported(text).report.count(Kind.ASSERTION).changed == 1


def test_values_without_a_prompt_need_one(imported) -> None:
    text = jsonl({"inputs": {"country": "France", "kind": "capital"}, "outputs": {"answer": "Paris"}})
    found = imported(text)
    assert not found.probes
    assert any("--prompt" in (e.why or "") and "{{country}}" in (e.why or "") for e in found.report.entries)
    [probe] = imported(text, prompt="The {{kind}} of {{country}}?").probes
    assert probe["prompt"] == "The capital of France?"


def test_no_function_or_file_comes_in_through_what_looks_like_our_own_export(imported, tmp_path: Path) -> None:
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\ndef f(t, c): return True\n")
    (tmp_path / "schema.json").write_text("{}")
    ours = {
        "id": "x",
        "prompt": "Hi",
        "scorers": [{"python": "evil.py:f"}, {"is-json": {"schema": "schema.json"}}, {"contains": "a"}],
    }
    found = imported(jsonl({"input": "Hi", "target": "", "metadata": {"driftwatch": ours}}))
    assert found.probes == [{"id": "x", "prompt": "Hi", "scorers": [{"contains": "a"}]}]
    assert not (tmp_path / "ran").exists()
    assert found.report.count(Kind.ASSERTION).dropped == 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=6) | st.sampled_from(["user", "assistant", "{{a}}", "\0"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["role", "content", "messages", "input", "type", "text", "data", "answer", "0", "driftwatch", "id", "item"]), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
ROW = st.dictionaries(
    st.sampled_from(["input", "inputs", "output", "outputs", "expected", "expectedOutput", "target", "choices", "ideal", "item", "messages",
                     "prompt", "completion", "metadata", "tags", "attributes", "span_kind", "conversations", "id", "epoch", "status"]),
    JSON, max_size=6)  # fmt: skip


@given(st.sampled_from(sorted(set(READERS) - {"promptfoo"})), st.lists(ROW | JSON, min_size=1, max_size=4))
def test_whatever_stands_in_a_data_set_each_row_is_accounted_for_and_the_result_loads(
    tmp_path_factory, form, rows
) -> None:
    folder = tmp_path_factory.mktemp("law")
    (folder / "a.jsonl").write_text(jsonl(*rows))
    found = import_probes(folder / "a.jsonl", form=form)
    told = {entry.line for entry in found.report.entries if entry.kind in (Kind.CASE, Kind.LINE)}
    assert told == set(range(1, len(rows) + 1))
    if found.probes:
        save_probes(found, folder / "out.yaml", source=Path("a"))
