"""What the importers stand on: JSON with lines, templates, YAML that reads back."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.adapters.probes.interop.json_nodes import JsonBrokenError, json_nodes
from driftwatch.adapters.probes.interop.template import TemplateError, fill, fill_values
from driftwatch.adapters.probes.interop.written import as_yaml
from driftwatch.adapters.yaml_strict import parse

PRINTED = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)
TRICKY = st.sampled_from(["1e3", "0o17", "yes", "12:30", "~", "null", "- a", "a: b", "#x", "\n", " a\n b ", "x\n\n", "|", "1_0", "0x1f", "-.5", "\t", "\x07", "\u2028a\nb", "\ufeff"])  # fmt: skip


@given(JSON, st.sampled_from([None, 0, 1, 3]))
def test_json_with_lines_reads_what_json_reads(value, indent) -> None:
    assert json_nodes(json.dumps(value, indent=indent)).value == value


@given(st.lists(JSON, min_size=1, max_size=6))
def test_an_item_has_the_line_it_stands_on(items) -> None:
    text = "[\n" + ",\n".join(json.dumps(item) for item in items) + "\n]"
    root = json_nodes(text)
    assert [root.children[n].line for n in range(len(items))] == [n + 2 for n in range(len(items))]


@given(st.lists(JSON, min_size=1, max_size=4), st.integers(min_value=0, max_value=200))
def test_of_a_list_that_breaks_off_only_whole_items_are_kept(items, cut) -> None:
    text = json.dumps(items)[: cut % len(json.dumps(items))]
    with pytest.raises(JsonBrokenError) as error:
        json_nodes(text)
    kept = error.value.whole.value if error.value.whole else []
    assert kept == items[: len(kept)]


@pytest.mark.parametrize(
    "text", ["", "[1,]", "{1: 2}", '{"a" 1}', "[NaN]", "01", "1 2", "nul", '"a', "[" * 100, "1e999", "'a'"]
)
def test_what_is_not_json_is_refused_with_a_line(text) -> None:
    with pytest.raises(JsonBrokenError) as error:
        json_nodes(text)
    assert error.value.line == 1


@given(st.lists(st.fixed_dictionaries({"id": PRINTED | TRICKY, "prompt": PRINTED | TRICKY}, optional={"scorers": st.lists(st.dictionaries(PRINTED | TRICKY, PRINTED | TRICKY | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-10**15, 10**15) | st.booleans() | st.none(), max_size=3), max_size=3)}), max_size=4))  # fmt: skip
def test_yaml_that_is_written_reads_back_as_it_was(probes) -> None:
    """YAML 1.1 writes 1e3 and 0o17 without quotes, and YAML 1.2 reads numbers there."""
    assert parse(as_yaml("x", probes, head=["a"]), file="x").value == {"name": "x", "probes": probes}


@given(st.text(st.characters(exclude_characters="{")))
def test_a_text_without_braces_is_not_touched(text) -> None:
    assert fill(text, {"a": 1}) == (text, [])


@given(st.text())
def test_a_value_is_put_in_as_it_is(value) -> None:
    assert fill("<{{ a }}>", {"a": value})[0] == f"<{value}>"


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{{a}}-{{ a }}-{{-a-}}", "1-1-1"),
        ("{{ c.d }} {{ c['d'] }} {{ e[1] }}", "2 2 y"),
        ("{{c}} {{e}}", '{"d": 2} ["x", "y"]'),
        ("{% raw %}{{a}}{% endraw %}{# gone #}", "{{a}}"),
        ("{{ '{' }}{a}} {{-\"it's\"-}} {{ '' }}", "{{a}} it's "),
        ("{{nothing}}{{c.nothing}}{{a.b}}", ""),
        ("{ {a} } }} {{", "{ {a} } }} {{"),
    ],
)
def test_names_are_looked_up(template, filled) -> None:
    assert fill(template, {"a": 1, "c": {"d": 2}, "e": ["x", "y"]})[0] == filled


@pytest.mark.parametrize(
    "template",
    [
        "{{a | upper}}",
        "{{a()}}",
        "{{a + 1}}",
        "{{ env.HOME }}",
        "{% for x in y %}",
        "{{ }}",
        "{{ a if b }}",
        "{{ 'a' + 'b' }}",
        "{{ 'a\\n' }}",
    ],
)
def test_whatever_is_more_than_a_name_is_refused(template) -> None:
    with pytest.raises(TemplateError, match=r"is more than a name|is a program"):
        fill(template, {"a": 1})


@pytest.mark.parametrize("opening", ["{{", "{#", "{%", "{%  raw", "{{-"])
def test_openings_without_an_end_are_text_however_many_there_are(opening) -> None:
    """Each one was read to the end of the text: `driftwatch import` hung for an hour on a megabyte of `{{`."""
    template = opening * (900_000 // len(opening))
    assert fill(template, {}) == (template, [])


def test_a_long_name_is_refused_and_does_not_pass_as_text() -> None:
    """What bounds the search for a name's end must not let a program through as a text."""
    with pytest.raises(TemplateError, match="is more than a name"):
        fill("{{" * 200_000 + " a }}", {"a": 1})


def test_values_are_filled_in_from_each_other_and_raw_ones_once() -> None:
    filled = fill_values({"a": "x{{b}}", "b": "y{{c}}", "c": "{% raw %}{{a}}{% endraw %}", "d": "{{ '{' }}{a}}"})
    assert (filled["c"], filled["d"]) == ("{{a}}", "{{a}}")


def test_a_value_that_names_itself_is_refused_before_it_fills_the_memory() -> None:
    """It doubled its number of names in every round: 4 GB in the fifth."""
    with pytest.raises(TemplateError, match="longer than 1 MB"):
        fill_values({"a": "{{a}}{{a}}"})
