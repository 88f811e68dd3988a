"""Golden sets: what is taken, and each thing that is refused, with its line."""

import json
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftwatch.adapters.probes import load_probe_set
from driftwatch.domain.errors import ConfigError
from driftwatch.domain.probe import Message
from driftwatch.scorers import build, score
from driftwatch.scorers.callee import Callee
from tests.unit.scorers.replies import Reply

DOCS = Path(__file__).resolve().parents[3] / "docs" / "errors"


@pytest.fixture
def write(tmp_path):
    def written(text, name="golden.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return written


def problems(*paths):
    with pytest.raises(ConfigError) as error:
        load_probe_set(list(paths))
    for problem in error.value.problems:
        assert (DOCS / f"{problem.slug}.md").exists()
        assert problem.need.endswith((".", "?"))
    return error.value.problems


def only(probe):
    return f"probes:\n  - id: a\n    prompt: hi\n{probe}"


FULL = """
name: support
description: What the support bot must keep to.
probes:
  - id: refund
    system: Be brief.
    prompt: 12:30
    samples: 3
    tags: [json, policy]
    tools: [{type: function, function: {name: look_up}}]
    scorers:
      - is-json
      - contains: x
      - contains: y
      - not-contains: z
      - contains: w
        metric: deadline
      - word-count: {max: 9, metric: brief}
      - latency: 500
      - cost: {threshold: 0.1}
  - id: talk
    messages:
      - {role: user, content: Hello, name: Ann}
      - {role: assistant, content: Hi.}
      - {role: user, content: Still there?, wait: 1.5m}
"""


def test_a_full_set_is_read_as_written(write):
    loaded = load_probe_set([write(FULL)])
    refund, talk = loaded.probes
    assert (loaded.name, refund.id, refund.samples, refund.tags) == ("support", "refund", 3, ("json", "policy"))
    assert refund.messages == (Message(role="system", content="Be brief."), Message(role="user", content="12:30"))
    assert [(s.name, s.negate) for s in refund.scorers][3] == ("contains", True)
    assert talk.messages[0].extra == {"name": "Ann"}
    assert talk.messages[-1].wait_s == 90.0


def test_metrics_take_the_scorers_name_and_are_unique_on_a_probe(write):
    metrics = [s.metric for s in load_probe_set([write(FULL)]).probes[0].scorers]
    assert metrics[:4] == ["is-json", "contains", "contains#2", "not-contains"]
    assert metrics[4:] == ["deadline", "brief", "latency-limit", "cost-limit"]


def test_json_lines_have_the_same_keys_and_give_the_same_probes(write):
    lines = [{"name": "support"}, {"id": "a", "prompt": "hi", "scorers": [{"contains": "x"}, "not-is-refusal"]}]
    text = "\n".join(json.dumps(line) for line in lines)
    as_yaml = "name: support\n" + only("    scorers: [contains: x, not-is-refusal]")
    assert load_probe_set([write(text, "a.jsonl")]) == load_probe_set([write(as_yaml)])


def test_several_files_make_one_set(write):
    one, two = write(only(""), "one.yaml"), write('{"id": "b", "prompt": "hi"}', "two.ndjson")
    loaded = load_probe_set([one, two])
    assert (loaded.name, [probe.id for probe in loaded.probes]) == ("one+two", ["a", "b"])


def test_the_same_id_in_two_files_is_refused_naming_both_places(write):
    (problem,) = problems(write(only(""), "one.yaml"), write("\n" + only(""), "two.yaml"))
    assert (problem.slug, problem.line) == ("duplicate-probe-id", 3)
    assert "one.yaml:2" in problem.met


def test_a_schema_file_is_found_beside_the_set_and_is_part_of_the_probes_hash(write, tmp_path):
    (tmp_path / "schemas").mkdir()
    schema = tmp_path / "schemas" / "s.json"
    schema.write_text('{"type": "object", "title": "\\ud83d\\ude00"}')
    path = write(only("    scorers: [is-json: {schema: schemas/s.json}]"))
    before = load_probe_set([path]).probes[0]
    assert before.scorers[0].argument == {"schema": {"type": "object", "title": "😀"}}
    schema.write_text('{"type": "array"}')
    assert load_probe_set([path]).probes[0].key != before.key


def test_a_function_is_found_beside_the_set_and_is_part_of_the_probes_hash(write, tmp_path):
    checks = tmp_path / "checks.py"
    checks.write_text("def polite(text, context):\n    return 'please' in text\n")
    path = write(only("    scorers: [python: checks.py:polite]"))
    before = load_probe_set([path]).probes[0]
    (spec,) = before.scorers
    assert isinstance(spec.argument, Callee)
    assert score(build(spec.name, spec.argument), Reply("yes please")) == 1.0
    checks.write_text("def polite(text, context):\n    return 0.5\n# longer than before\n")
    assert load_probe_set([path]).probes[0].key != before.key


def test_a_function_of_an_installed_module_is_found(write):
    (spec,) = load_probe_set([write(only("    scorers: [python: 'operator:contains']"))]).probes[0].scorers
    assert spec.argument.function is not None


def test_moving_the_set_to_another_folder_changes_no_hash(write, tmp_path):
    (tmp_path / "sub").mkdir()
    for folder in (tmp_path, tmp_path / "sub"):
        (folder / "checks.py").write_text("def f(text, context):\n    return True\n")
    text = only("    scorers: [python: checks.py:f]")
    assert load_probe_set([write(text)]).content_hash == load_probe_set([write(text, "sub/golden.yaml")]).content_hash


WRONG = [
    ("", 1, "bad-probe"),
    ("[]", 1, "bad-probe"),
    ("name: a", 1, "no-probes"),
    ("probes:", 1, "no-probes"),
    ("name: a\nprobes: []", 1, "no-probes"),
    ("probes: {a: 1}", 1, "bad-probe"),
    ("name: 7\n" + only(""), 1, "bad-probe"),
    ("probes:\n  - 7", 2, "bad-probe"),
    ("probes:\n  - prompt: hi", 2, "probe-without-id"),
    ("probes:\n  - id:\n    prompt: hi", 2, "probe-without-id"),
    ("probes:\n  - prompt: hi\n    id: 7", 3, "probe-without-id"),
    ("probes:\n  - prompt: hi\n    id: a b", 3, "probe-without-id"),
    ("probes:\n  - id: a@b\n    prompt: hi", 2, "probe-without-id"),
    ("probes:\n  - id: a", 2, "bad-probe"),
    ("probes:\n  - id: a\n    prompt: ' '", 3, "bad-probe"),
    ("probes:\n  - id: a\n    prompt: 7", 3, "bad-probe"),
    (only("    messages: [{role: user, content: hi}]"), 4, "bad-probe"),
    ("probes:\n  - id: a\n    messages: []", 3, "bad-probe"),
    ("probes:\n  - id: a\n    messages:\n      - {role: robot, content: hi}", 4, "bad-probe"),
    ("probes:\n  - id: a\n    messages:\n      - {role: user}", 4, "bad-probe"),
    ("probes:\n  - id: a\n    messages:\n      - {role: user, content: hi, wait: 5}", 4, "bad-probe"),
    ("probes:\n  - id: a\n    messages:\n      - {role: user, content: hi, wait: 25h}", 4, "bad-probe"),
    (
        "probes:\n  - id: a\n    messages:\n      - {role: user, content: hi}\n      - {role: assistant, content: x}",
        5,
        "bad-probe",
    ),
    (
        "probes:\n  - id: a\n    system: x\n    messages:\n      - {role: system, content: y}\n      - {role: user, content: z}",
        3,
        "bad-probe",
    ),
    (only("    samples: 0"), 4, "bad-probe"),
    (only("    samples: true"), 4, "bad-probe"),
    (only("    tags: json"), 4, "bad-probe"),
    (only("    tags: [7]"), 4, "bad-probe"),
    (only("    tools: [look_up]"), 4, "bad-probe"),
    (only("    scorer: []"), 4, "unknown-key"),
    ("nam: x\n" + only(""), 1, "unknown-key"),
    (only("    prompt: again"), 4, "duplicate-key"),
    (only("    scorers: contains"), 4, "bad-probe"),
    (only("    scorers:\n      - containz: x"), 5, "unknown-scorer"),
    (only("    scorers:\n      - not-containz: x"), 5, "unknown-scorer"),
    (only("    scorers:\n      - llm-vibes: polite"), 5, "unknown-scorer"),
    (only("    scorers:\n      - 7"), 5, "bad-scorer-argument"),
    (only("    scorers:\n      - {}"), 5, "bad-scorer-argument"),
    (only("    scorers:\n      - contains: a\n        icontains: b"), 5, "bad-scorer-argument"),
    (only("    scorers:\n      - regex: '('"), 5, "bad-scorer-argument"),
    (only("    scorers:\n      - contains"), 5, "bad-scorer-argument"),
    (only("    scorers:\n      - contains: a\n        metric: pass"), 5, "bad-scorer-argument"),
    (only("    scorers:\n      - contains: a\n        metric: 7"), 5, "bad-scorer-argument"),
    (only("    scorers:\n      - is-json: {schema: none.json}"), 5, "schema-file-missing"),
    (only("    scorers:\n      - is-json: {schema: {type: objekt}}"), 5, "bad-scorer-argument"),
    (only("    scorers:\n      - python: checks.py"), 5, "python-scorer-not-loaded"),
    (only("    scorers:\n      - python: none.py:f"), 5, "python-scorer-not-loaded"),
    (only("    scorers:\n      - python: no.such.module:f"), 5, "python-scorer-not-loaded"),
    (only("    scorers:\n      - python: operator:none"), 5, "python-scorer-not-loaded"),
    (only("    scorers:\n      - python: 7"), 5, "python-scorer-not-loaded"),
    (
        only("    scorers:\n      - contains: a\n        metric: m\n      - python: operator:eq\n        metric: m"),
        7,
        "bad-scorer-argument",
    ),
    (only("    scorers:\n      - numeric: 12345678901234567890"), 2, "bad-probe"),
]


@pytest.mark.parametrize(("text", "line", "slug"), WRONG)
def test_what_is_wrong_is_named_with_its_line(write, text, line, slug):
    (problem,) = problems(write(text))
    assert (problem.line, problem.slug) == (line, slug)


def test_a_slip_of_the_pen_is_answered_with_what_was_meant(write):
    found = problems(write("probes:\n  - id: a\n    promt: hi\n    scorers:\n      - not-containz: x"))
    assert {p.need for p in found} >= {"did you mean `prompt`?", "did you mean `not-contains`?"}


def test_everything_wrong_with_all_files_is_told_at_once_in_order_of_lines(write):
    one = write(
        "probes:\n  - prompt: hi\n  - id: b\n    prompt: hi\n    samples: 0\n    scorers: [containz: x]", "one.yaml"
    )
    two = write(only("    samples: x\n    samples: y"), "two.yaml")
    found = problems(one, two, one.with_name("three.yaml"))
    assert [(Path(p.file).name, p.line) for p in found] == [
        *(("one.yaml", 2), ("one.yaml", 5), ("one.yaml", 6), ("two.yaml", 4), ("two.yaml", 5), ("three.yaml", None))
    ]


def test_a_schema_that_is_no_json_is_told_with_its_own_line(write, tmp_path):
    (tmp_path / "s.json").write_text('{\n"type": [}')
    (problem,) = problems(write(only("    scorers: [is-json: {schema: s.json}]")))
    assert problem.slug == "schema-file-missing"
    assert "s.json:2" in problem.met


@pytest.mark.parametrize("source", ["raise SystemExit(3)", "import no_such_thing", "def f(:", "1/0", "\0"])
def test_a_scorers_file_that_fails_is_told_and_does_not_end_us(write, tmp_path, source):
    (tmp_path / "checks.py").write_text(source)
    (problem,) = problems(write(only("    scorers: [python: checks.py:f]")))
    assert problem.slug == "python-scorer-not-loaded"


@pytest.mark.parametrize(
    "line",
    [
        *(
            "{",
            "[]",
            "7",
            '{"id": "a", "id": "b"}',
            '{"id": NaN}',
            '{"id": "\\u0000"}',
            '{"id": "\\ud800"}',
            "[" * 100_000,
        ),
        *('{"a": 1e999}', '{"a": ' + "9" * 5000 + "}", '{"a":' * 100 + "1" + "}" * 100),
    ],
    ids=lambda line: line[:20],
)
def test_a_line_that_is_no_probe_is_told_with_its_number(write, line):
    (problem,) = problems(write('{"id": "ok", "prompt": "hi"}\n' + line + "\n", "a.jsonl"))
    assert (problem.line, problem.slug) == (2, "invalid-jsonl")


def test_no_file_at_all_is_refused():
    assert problems()[0].slug == "no-probes"


def test_a_fifo_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.jsonl")
    assert problems(tmp_path / "a.jsonl")[0].slug == "unreadable-file"


keys = st.sampled_from(
    [
        "id",
        "prompt",
        "messages",
        "system",
        "samples",
        "tags",
        "scorers",
        "tools",
        "role",
        "content",
        "wait",
        "is-json",
        "metric",
    ]
)
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(probes=st.lists(st.dictionaries(keys, junk, max_size=6), max_size=3))
def test_any_json_is_taken_or_refused_with_problems(tmp_path_factory, probes):
    path = tmp_path_factory.mktemp("junk") / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, probes)))
    with suppress(ConfigError):
        load_probe_set([path])
