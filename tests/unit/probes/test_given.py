"""Fixed context and fixed results of tools, as a golden set brings them along."""

import pytest

from driftwatch.adapters.probes import load_probe_set
from driftwatch.domain.errors import ConfigError


def load(tmp_path, text):
    (tmp_path / "a.yaml").write_text(f"probes:\n  - id: a\n{text}")
    return load_probe_set([tmp_path / "a.yaml"]).probes[0]


def test_passages_stand_before_the_question_numbered(tmp_path):
    probe = load(tmp_path, "    context: [First., Second.]\n    prompt: What?\n")
    assert probe.messages[0].content == "Context:\n[1] First.\n\n[2] Second.\n\nQuestion:\nWhat?"


def test_one_passage_stands_there_as_it_is(tmp_path):
    assert load(tmp_path, "    context: First.\n    prompt: What?\n").messages[0].content == (
        "Context:\nFirst.\n\nQuestion:\nWhat?"
    )


def test_a_placeholder_says_where_they_go_and_nothing_in_them_is_a_template(tmp_path):
    probe = load(tmp_path, "    context: 'A {{context}} {x} %s'\n    system: 'Use: {{context}}'\n    prompt: What?\n")
    assert [m.content for m in probe.messages] == ["Use: A {{context}} {x} %s", "What?"]


def test_without_context_the_placeholder_is_a_text(tmp_path):
    assert load(tmp_path, "    prompt: 'What is {{context}}?'\n").messages[0].content == "What is {{context}}?"


def test_another_passage_makes_another_probe(tmp_path):
    one, other = (load(tmp_path, f"    context: {text}\n    prompt: What?\n") for text in ("A.", "B."))
    assert one.content_hash != other.content_hash


TOOLS = "    tools: [{type: function, function: {name: stock}}]\n    prompt: Stock?\n"


def test_results_of_tools_are_texts_or_json(tmp_path):
    probe = load(tmp_path, TOOLS + "    tool_results: {stock: {left: 3}}\n")
    assert probe.tool_results == {"stock": '{"left": 3}'}
    assert load(tmp_path, TOOLS + "    tool_results: {stock: none}\n").tool_results == {"stock": "none"}
    assert load(tmp_path, TOOLS).content_hash != probe.content_hash


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("    context: [3]\n    prompt: a\n", "a text, or a list of texts"),
        ("    context: ''\n    prompt: a\n", "a text, or a list of texts"),
        (TOOLS + "    tool_results: [3]\n", "must be a mapping"),
        (TOOLS + "    tool_results: {stok: 3}\n", "no tool is called `stok`; `tools:` offers: stock"),
        ("    prompt: a\n    tool_results: {stock: 3}\n", "offers: none"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_line(tmp_path, text, words):
    with pytest.raises(ConfigError, match=words) as caught:
        load(tmp_path, text)
    assert all(problem.line for problem in caught.value.problems)
