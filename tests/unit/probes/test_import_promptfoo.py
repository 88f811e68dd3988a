"""promptfoo's configurations: everything in them is accounted for, and what is written loads."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.adapters.probes import load_probe_set
from driftwatch.adapters.probes.interop.importing import Imported, import_probes
from driftwatch.adapters.probes.interop.losses import Fate, Kind
from driftwatch.adapters.probes.interop.promptfoo.names import KNOWN
from driftwatch.adapters.probes.interop.saving import save_probes
from driftwatch.domain.errors import ConfigError
from driftwatch.domain.probe import ProbeSet
from driftwatch.scorers.registry import SCORERS
from tests.unit.probes.promptfoo_types import BASE, SPECIAL

EXAMPLES = sorted((Path(__file__).parent / "promptfoo_examples").iterdir())


@pytest.fixture
def written(tmp_path):
    def import_text(text: str | list | dict, name: str = "promptfooconfig.yaml", **files: str) -> Imported:
        folder = tmp_path / "source"
        folder.mkdir(exist_ok=True)
        for other, content in files.items():
            (folder / other.replace("__", ".")).write_text(content)
        (folder / name).write_text(text if isinstance(text, str) else json.dumps(text))
        return import_probes(folder / name, form="promptfoo")

    return import_text


def loaded(imported: Imported, folder: Path) -> ProbeSet:
    target = folder / "golden.yaml"
    save_probes(imported, target, source=Path("x"), force=True)
    return load_probe_set([target])


def raw_assertions(value: Any) -> Iterator[Any]:
    """Yield every item of every `assert:` list of a document, by a way of looking that shares nothing with the importer."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "assert" and isinstance(item, list):
                yield from item
            yield from raw_assertions(item)
    elif isinstance(value, list):
        for item in value:
            yield from raw_assertions(item)


def in_files(folder: Path) -> list[Any]:
    found: list[Any] = []
    for path in sorted(folder.rglob("*")):
        if path.name.endswith("config.yaml") or path.suffix == ".yaml":
            found += raw_assertions(yaml.load(path.read_text(), Loader=yaml.CSafeLoader))
        elif path.suffix == ".json":
            found += raw_assertions(json.loads(path.read_text()))
        elif path.suffix == ".jsonl":
            found += raw_assertions([json.loads(line) for line in path.read_text().splitlines() if line[:1] == "{"])
    return found


def test_the_list_of_types_is_promptfoos_own() -> None:
    assert (len(BASE), len(set(BASE))) == (66, 66)
    assert set(BASE) == KNOWN


def test_the_examples_show_every_type_between_them() -> None:
    shown = {a.get("type", "").removeprefix("not-") for e in EXAMPLES for a in in_files(e) if isinstance(a, dict)}
    assert len(EXAMPLES) == 20
    assert not {*BASE, *SPECIAL, "assert-set"} - shown


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_every_assertion_of_an_example_is_accounted_for(example: Path, tmp_path: Path) -> None:
    imported = import_probes(example)
    count = imported.report.count(Kind.ASSERTION)
    assert count.found == count.kept + count.changed + count.dropped
    short = 8 if example.name == "03-csv" else 0
    assert count.found == len(in_files(example)) + short
    assert {p.id for p in loaded(imported, tmp_path).probes} == {p["id"] for p in imported.probes}
    for entry in imported.report.entries:
        assert entry.line >= 1
        assert (entry.became is None) == (entry.fate is Fate.DROPPED)
        assert (entry.why is None) == (entry.fate is Fate.KEPT)


def test_what_has_a_scorer_of_the_same_name_is_kept_and_nothing_else_is() -> None:
    """By the registry at run time: a scorer that is added is taken without a change of the importer."""
    fates: dict[str, set[Fate]] = {}
    for example in EXAMPLES:
        if example.name != "20-mixed":
            for entry in import_probes(example).report.entries:
                if entry.kind is Kind.ASSERTION:
                    fates.setdefault(entry.what.removeprefix("not-"), set()).add(entry.fate)
    known = set(SCORERS) & set(BASE) - {"python"}
    assert not {name for name in known if fates[name] == {Fate.DROPPED}}
    assert fates["python"] == fates["javascript"] == fates["select-best"] == {Fate.DROPPED}


def test_a_scorer_that_is_added_to_the_registry_is_kept(written, monkeypatch) -> None:
    case = {"vars": {"prompt": "Hi"}, "assert": [{"type": "brand-new", "value": "x", "threshold": 2}]}
    assert written({"tests": [case]}).report.count(Kind.ASSERTION).dropped == 1
    monkeypatch.setitem(SCORERS, "brand-new", SCORERS["contains"])
    imported = written({"tests": [case]})
    assert imported.probes[0]["scorers"] == [{"brand-new": "x"}]
    [entry] = [e for e in imported.report.entries if e.kind is Kind.ASSERTION]
    assert "threshold of 2 is dropped" in entry.why


def test_a_file_with_a_third_of_junk_keeps_the_rest_and_lists_the_junk_by_line(written) -> None:
    good = '{{"vars": {{"prompt": "Question {}"}}, "assert": [{{"type": "contains", "value": "{}"}}]}}'
    junk = ["<html>", "[1, 2", '"text"', '{"vars": 3', "null", "42", "{}}", "\x00", '{"a": NaN}']
    lines = [junk[n % 9] if n % 10 in (2, 5, 8) else good.format(n, n) for n in range(100)]
    imported = written("\n".join(lines), "cases.jsonl")
    bad = {e.line for e in imported.report.entries if e.fate is Fate.DROPPED}
    assert len(imported.probes) == 70
    assert bad == {n + 1 for n in range(100) if n % 10 in (2, 5, 8)}


def test_a_list_that_breaks_off_keeps_what_stands_before(written) -> None:
    text = json.dumps([{"vars": {"prompt": f"Question {n}"}} for n in range(10)], indent=1)
    imported = written(text[: text.index("Question 7")], "cases.json")
    assert [p["prompt"] for p in imported.probes] == [f"Question {n}" for n in range(7)]
    assert imported.report.count(Kind.LINE).dropped == 1


def test_no_code_is_run_whatever_the_configuration_says(written, tmp_path) -> None:
    mark = tmp_path / "ran"
    code = f"open({str(mark)!r}, 'w')\ndef get_assert(o, c): return True\ndef build(c): return 'x'\n"
    config = {
        "prompts": ["file://evil.py:build", "exec:./evil.py", "{{ [].constructor.constructor('x')() }}", "ok {{q}}"],
        "tests": [
            {"vars": {"q": "file://evil.py"}},
            "file://evil.py:build",
            {"vars": {"q": "1"}, "assert": [{"type": "python", "value": "file://evil.py"}]},
            {"vars": {"q": "2"}, "assert": [{"type": "contains", "value": "file://evil.py:build"}]},
        ],
    }
    imported = written(config, "promptfooconfig.json", evil__py=code)
    assert not mark.exists()
    assert [p["prompt"] for p in imported.probes] == ["ok 1", "ok 2"]
    assert all("scorers" not in p for p in imported.probes)


@pytest.mark.parametrize("name", ["a\0b", "file://a\0b.yaml", "x" * 300, "file://" + "x" * 5000, "*\0*"])
def test_what_can_be_no_name_of_a_file_is_a_loss(name: str, written) -> None:
    """A text with a NUL among the test cases ended the import in a traceback; a name of more than 255 characters, too."""
    good = {"vars": {"q": "Hi"}, "assert": [{"type": "contains", "value": name}]}
    imported = written({"prompts": ["{{q}}", name], "tests": [name, {"vars": {"q": name}}, good]})
    assert "hi" in [probe["id"] for probe in imported.probes]
    assert any(e.kind is Kind.CASE and e.fate is Fate.DROPPED for e in imported.report.entries)


@pytest.mark.parametrize("named", ["file://loop", "file://loop/a.txt", f"file://{'x' * 300}/*.txt"])
def test_a_file_that_cannot_be_reached_is_a_loss(named: str, written, tmp_path) -> None:
    """A link to itself, or a pattern below a name that is too long, ended the import in a traceback."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "loop").symlink_to("loop")
    imported = written({"prompts": ["{{q}}", named], "tests": [named, {"vars": {"q": named}}, {"vars": {"q": "Hi"}}]})
    assert "hi" in [probe["id"] for probe in imported.probes]
    assert any(e.kind is Kind.CASE and e.fate is Fate.DROPPED for e in imported.report.entries)


@pytest.mark.parametrize("way", ["../secret.txt", "{folder}/../secret.txt", "link.txt", "*/../../secret.txt"])
def test_no_file_outside_of_the_folder_is_read(way: str, written, tmp_path) -> None:
    (tmp_path / "secret.txt").write_text("hunter2 {{q}}")
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "link.txt").symlink_to(tmp_path / "secret.txt")
    named = "file://" + way.replace("{folder}", str(tmp_path / "source"))
    case = {"vars": {"q": named}, "assert": [{"type": "contains", "value": named}]}
    imported = written({"prompts": [named, "{{q}}"], "tests": [case, {"vars": {"q": 1}, "assert": case["assert"]}]})
    assert "hunter2" not in json.dumps(imported.probes)
    assert [p["prompt"] for p in imported.probes] == ["1"]


@pytest.mark.parametrize("way", ["../../**/*.yaml", "inner/../../*", "*/../../../**/*.yaml"])
def test_no_folder_outside_is_looked_through(way: str, written, tmp_path) -> None:
    """It was: with enough dots the whole disk, and the loss report named a file of it."""
    (tmp_path / "private-name.yaml").write_text("[{vars: {q: hunter2}}]")
    (tmp_path / "source" / "inner").mkdir(parents=True)
    imported = written({"prompts": ["{{q}}"], "tests": [f"file://{way}", {"vars": {"q": "Hi"}}]})
    [lost] = [entry.why for entry in imported.report.entries if entry.fate is Fate.DROPPED]
    assert lost == f"`file://{way}` lies outside of the folder that is imported"


def test_a_value_that_looks_like_options_stays_a_value(written, tmp_path) -> None:
    values = [{"metric": "x", "v": 1}, {"value": 3}, {"value": 3, "metric": "m"}]
    case = {"vars": {"prompt": "Hi"}, "assert": [{"type": "equals", "value": value} for value in values]}
    [probe] = loaded(written({"tests": [case]}), tmp_path).probes
    assert [spec.argument["value"] for spec in probe.scorers] == values
    assert [spec.metric for spec in probe.scorers] == ["equals", "equals#2", "equals#3"]


def test_numbers_are_compared_as_text_and_that_is_said(written) -> None:
    case = {"vars": {"prompt": "Hi"}, "assert": [{"type": "equals", "value": 3.5}, {"type": "contains", "value": 7}]}
    imported = written({"tests": [case]})
    assert imported.probes[0]["scorers"] == [{"equals": "3.5"}, {"contains": 7}]
    assert imported.report.count(Kind.ASSERTION).changed == 1


def test_a_metric_that_is_of_another_kind_elsewhere_loses_its_name(written, monkeypatch, tmp_path) -> None:
    monkeypatch.setitem(SCORERS, "graded", SCORERS["python"].__class__(
        name="graded", kind="graded", build=SCORERS["contains"].build, doc="x.", argument="x", example="graded: x"))  # fmt: skip
    asserted = [{"type": "contains", "value": "a", "metric": "m"}, {"type": "graded", "value": "a", "metric": "m"}]
    imported = written({"tests": [{"vars": {"prompt": "Hi"}, "assert": asserted}]})
    assert imported.probes[0]["scorers"] == [{"contains": "a", "metric": "m"}, {"graded": "a"}]
    loaded(imported, tmp_path)


def test_ids_stay_when_test_cases_are_added_at_the_end(written) -> None:
    cases = [{"vars": {"prompt": text}} for text in ("Hello there", "Hello there", "???", "Bye")]
    before = [p["id"] for p in written({"tests": cases}).probes]
    after = [p["id"] for p in written({"tests": [*cases, {"vars": {"prompt": "New"}}]}).probes]
    assert before[:2] == ["hello-there", "hello-there-2"]
    assert after[:4] == before
    assert len(set(after)) == 5


def test_too_many_combinations_are_a_loss_and_not_a_hang(written) -> None:
    case = {
        "vars": {name: [str(n) for n in range(50)] for name in "abcdef"},
        "assert": [{"type": "contains", "value": "x"}],
    }
    imported = written({"prompts": ["{{a}}"], "tests": [case]})
    assert not imported.probes
    assert imported.report.count(Kind.ASSERTION).dropped == 1
    assert any("15625000000 combinations" in (e.why or "") for e in imported.report.entries)


def test_only_lists_of_texts_stand_for_several_test_cases(written) -> None:
    """Turns of a chat under a name, as in promptfoo's example of a chat's history, were taken for three test cases."""
    turns = [{"user": "Who?"}, {"assistant": "Ada."}, {"user": "When?"}]
    imported = written(
        {"prompts": ["{{turns[2].user}} {{word}}"], "tests": [{"vars": {"turns": turns, "word": ["a", "b"]}}]}
    )
    assert [p["prompt"] for p in imported.probes] == ["When? a", "When? b"]


def test_anchors_and_merge_keys_are_followed(written) -> None:
    text = (
        "prompts: ['{{q}} {{tone}}']\n"
        "defaults: &both {tone: kind, q: none}\n"
        "tests:\n"
        "  - vars: {<<: *both, q: One}\n    assert: &checks [{type: contains, value: x}]\n"
        "  - vars: {q: Two, <<: [{tone: short}, *both]}\n    assert: *checks\n"
    )
    imported = written(text)
    assert [p["prompt"] for p in imported.probes] == ["One kind", "Two short"]
    assert imported.report.count(Kind.ASSERTION).kept == 2


def test_values_that_grow_without_end_are_a_loss(written) -> None:
    names = "abcdefgh"
    values = {name: f"{{{{{names[n + 1]}}}}}" * 60 if n < 7 else "x" * 60 for n, name in enumerate(names)}
    assert not written({"prompts": ["{{a}}"], "tests": [{"vars": values}]}).probes


def test_a_folder_is_its_configuration_and_else_its_files(tmp_path) -> None:
    shutil.copytree(EXAMPLES[2], tmp_path / "one")
    assert len(import_probes(tmp_path / "one").probes) == 4
    (tmp_path / "one" / "promptfooconfig.yaml").unlink()
    (tmp_path / "one" / "notes.json").write_text('{"just": "notes"}')
    imported = import_probes(tmp_path / "one")
    assert imported.formats == ("promptfoo",)
    assert [e.file.rpartition("/")[2] for e in imported.report.entries if e.what == "file"] == ["notes.json"]


@pytest.mark.parametrize("text", ["probes: [{id: a, prompt: b}]", "just: notes", "- 1\n- 2", ""])
def test_a_file_of_no_known_format_is_refused_with_a_way_on(text: str, tmp_path) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(ConfigError) as error:
        import_probes(tmp_path / "x.yaml")
    assert error.value.problems[0].slug == "import-format"


WORDS = st.sampled_from(
    ["Hi", "{{a}}", "{{ b.c }}", "{% if x %}", "{% raw %}{{a}}{% endraw %}", "1e3", "- role: x", "\0", "é\u2028", ""]
)
TEXTS = st.lists(WORDS, max_size=4).map("".join) | st.text(max_size=12)
VALUES = st.recursive(TEXTS | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.none(),
                      lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "value", "metric", "schema"]), inner, max_size=3),
                      max_leaves=5)  # fmt: skip
ASSERTION = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from([*SCORERS, "assert-set", "not-contains", "javascript", "similar", "select-best"])
        | VALUES,
        "value": VALUES,
        "threshold": VALUES,
        "metric": TEXTS | VALUES,
        "weight": st.sampled_from([0, 1, 2.5]),
        "transform": TEXTS,
        "$ref": st.just("#/assertionTemplates/x"),
    },
)
SETS = (
    ASSERTION
    | st.builds(lambda items: {"type": "assert-set", "assert": items}, st.lists(ASSERTION, max_size=3))
    | VALUES
)
CASE = st.fixed_dictionaries({}, optional={"vars": st.dictionaries(st.sampled_from(["a", "b", "prompt"]), VALUES, max_size=3) | VALUES,
                                           "assert": st.lists(SETS, max_size=4), "description": VALUES, "options": VALUES,
                                           "metadata": st.dictionaries(st.sampled_from(["tags", "k"]), VALUES, max_size=2)})  # fmt: skip
CONFIG = st.fixed_dictionaries(
    {"tests": st.lists(CASE | VALUES, max_size=4)},
    optional={"prompts": st.lists(TEXTS | VALUES, max_size=3), "defaultTest": CASE, "assertionTemplates": st.fixed_dictionaries({"x": SETS}),
              "evaluateOptions": st.fixed_dictionaries({"repeat": VALUES})},
)  # fmt: skip


@given(CONFIG)
def test_whatever_stands_in_a_configuration_the_sums_hold_and_the_result_loads(tmp_path_factory, config) -> None:
    folder = tmp_path_factory.mktemp("law")
    source = folder / "promptfooconfig.json"
    source.write_text(json.dumps(config))
    imported = import_probes(source)
    templates = config.pop("assertionTemplates", None)
    count = imported.report.count(Kind.ASSERTION)
    listed = list(raw_assertions_of_cases(config))
    assert count.found == count.kept + count.changed + count.dropped
    # The members of a set that is referred to stand in the template, and are told from there.
    a_set = (
        isinstance(templates, dict) and isinstance(templates["x"], dict) and templates["x"].get("type") == "assert-set"
    )
    assert count.found >= len(listed) if a_set else count.found == len(listed)
    if imported.probes:
        assert len(loaded(imported, folder).probes) == len(imported.probes)


def raw_assertions_of_cases(config: dict[str, Any]) -> Iterator[Any]:
    """Yield what stands in `assert:` lists of test cases, and inside of sets."""
    for case in (*config["tests"], config.get("defaultTest")):
        if isinstance(case, dict):
            yield from inside(case.get("assert"))


def inside(listed: Any) -> Iterator[Any]:
    for item in listed if isinstance(listed, list) else ():
        yield item
        if isinstance(item, dict) and item.get("type") == "assert-set":
            yield from inside(item.get("assert"))


def test_the_judges_of_a_context_get_the_passages_of_the_test_case(written, tmp_path) -> None:
    """Without them the answer itself would have been graded as the context."""
    asserted = [{"type": "context-recall", "value": "Three years.", "threshold": 0.9}, {"type": "context-faithfulness"}]
    case = {"vars": {"context": "It lasts three years.", "q": "How long?"}, "assert": asserted}
    imported = written({"prompts": ["{{context}} {{q}}"], "tests": [case]})
    assert imported.probes[0]["scorers"] == [
        {"context-recall": {"value": "Three years.", "context": "It lasts three years.", "threshold": 0.9}},
        {"context-faithfulness": {"context": "It lasts three years."}},
    ]
    loaded(imported, tmp_path)


def tool(description: str, **more: str) -> dict[str, Any]:
    function = {"name": "stock", "description": description, "parameters": {"type": "object"}}
    return {"type": "function", "function": function, **more}


def offering(*tools: Any) -> dict[str, Any]:
    """A configuration of providers with these tools, and a test case for each of two cities."""
    checks = [{"type": "is-valid-openai-tools-call"}]
    cases = [{"vars": {"q": f"Any in {city}?", "city": city}, "assert": checks} for city in ("Oslo", "Rome")]
    providers = [{"id": f"openai:{n}", "config": {"tools": each}} for n, each in enumerate(tools)]
    return {"prompts": ["{{q}}"], "providers": providers, "tests": cases}


def told_of_tools(imported: Imported) -> list[tuple[Fate, str]]:
    return [(e.fate, e.why or "") for e in imported.report.entries if e.what == "tools"]


def test_names_in_tools_that_are_written_out_are_filled_in_as_promptfoo_does(written, tmp_path) -> None:
    """They were carried as they stood, and nothing was said. promptfoo 0.121.20 sent just these: it fills them in twice."""
    imported = written(offering([tool("In {{city}}, {{name}} {{ '{' }}{city}}")]))
    offered = [probe["tools"][0]["function"]["description"] for probe in imported.probes]
    assert offered == ["In Oslo,  Oslo", "In Rome,  Rome"]
    why = {e.why for e in imported.report.entries if e.kind is Kind.CASE}
    assert why == {"`name` in the tools has no value and became empty"}
    assert imported.report.count(Kind.ASSERTION).kept == 2
    loaded(imported, tmp_path)


def test_tools_that_want_more_than_names_lose_their_test_case(written) -> None:
    imported = written(offering([tool("In {{ city | upper }}")]))
    assert imported.probes == []
    lost = {e.why for e in imported.report.entries if e.kind is Kind.CASE}
    assert lost == {"{{ city | upper }} is more than a name, in the tools"}


def test_tools_in_a_file_are_taken_as_they_are(written) -> None:
    """So does promptfoo 0.121.20: it fills in the file's name only. They were lost, and the checks of calls with them."""
    listed = json.dumps([tool("In {{city}}")])
    imported = written(offering("file://tools.json"), tools__json=listed)
    assert [probe["tools"] for probe in imported.probes] == [json.loads(listed)] * 2
    assert imported.report.count(Kind.ASSERTION).kept == 2
    assert told_of_tools(imported) == []


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ("file://tools.py:get_tools", "is a program, and an import runs none"),
        ("file://tools.js", "is a program"),
        ("file://nowhere.json", "is not there"),
        ("file://../secret.json", "lies outside of the folder"),
        ("stock", "each must be a mapping with `type:`"),
        ([{"name": "stock", "input_schema": {}}], "each must be a mapping with `type:`"),
    ],
)
def test_tools_that_cannot_be_carried_are_named_with_the_reason(named: Any, why: str, written) -> None:
    imported = written(offering(named), tools__py="raise SystemExit", tools__js="")
    [(fate, told)] = told_of_tools(imported)
    assert fate is Fate.DROPPED
    assert why in told


def test_tools_of_a_provider_that_is_written_as_its_name_with_options_are_kept(written) -> None:
    """promptfoo takes `- openai:gpt-4.1: {config: …}` too: those tools were lost, and nothing was said of them."""
    config = offering([tool("In {{city}}")], [tool("b")])
    config["providers"] = [{one["id"]: {"config": one["config"]}} for one in config["providers"]]
    imported = written(config)
    offered = [probe["tools"][0]["function"]["description"] for probe in imported.probes]
    assert offered == ["In Oslo", "In Rome"]
    assert imported.report.count(Kind.ASSERTION).kept == 2
    assert [fate for fate, _ in told_of_tools(imported)] == [Fate.DROPPED]


def test_another_providers_other_tools_are_a_loss(written) -> None:
    imported = written(offering([tool("a")], [tool("b")], [tool("a")]))
    assert {probe["tools"][0]["function"]["description"] for probe in imported.probes} == {"a"}
    assert [fate for fate, _ in told_of_tools(imported)] == [Fate.DROPPED]
