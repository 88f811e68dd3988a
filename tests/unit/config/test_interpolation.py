"""Variables: filled in after parsing, so that their content is never structure, and never shown."""

import pytest

from driftwatch.config.interpolate import Shield


def named(files, value: str, **environ: str) -> str:
    return files.load(files.endpoint.replace("name: bot", f"name: {value}"), **environ).endpoints[0].name


@pytest.mark.parametrize(
    ("written", "environ", "read"),
    [
        ("${A}", {"A": "one"}, "one"),
        ("x-${A}-${B}", {"A": "1", "B": "2"}, "x-1-2"),
        ("${A:-two}", {}, "two"),
        ("${A:-two}", {"A": ""}, "two"),
        ("${A:-two}", {"A": "one"}, "one"),
        ("'${A}'", {"A": "quoted"}, "quoted"),
    ],
)
def test_a_reference_becomes_its_content(written: str, environ: dict[str, str], read: str, files) -> None:
    assert named(files, written, **environ) == read


def test_two_dollars_are_one(files) -> None:
    text = files.endpoint.replace("{temperature: 0}", '{temperature: 0, user: "$${A} $$5 $x"}')
    assert files.load(text).endpoints[0].params["user"] == "${A} $5 $x"


@pytest.mark.parametrize("content", ["{a: 1}", "[1, 2]", "x\ny: 1", "# gone", "*alias", "${OTHER}", "$$"])
def test_content_never_becomes_structure_or_another_reference(content: str, files) -> None:
    text = files.endpoint.replace("{temperature: 0}", "{temperature: 0, user: ${A}}")
    assert files.load(text, A=content, OTHER="no").endpoints[0].params["user"] == content


def test_a_number_may_come_from_a_variable(files) -> None:
    text = files.endpoint + "    attempts: ${N}\nbudget: {usd_per_day: ${USD:-0.5}}\n"
    settings = files.load(text, N="7")
    assert (settings.endpoints[0].attempts, settings.budget and settings.budget.usd_per_day) == (7, 0.5)


@pytest.mark.parametrize("written", ["${A}", "${}", "${1A}", "${A:?no}", "${A-b}"])
def test_an_unset_or_misspelt_variable_is_one_problem_on_its_line(written: str, files) -> None:
    problem = files.only(files.endpoint.replace("name: bot", f"name: {written}"))
    assert (problem.slug, problem.line) == ("config-variable", 2)


def test_what_a_variable_held_is_never_shown(files) -> None:
    text = (
        files.endpoint
        + "    timeout: ${A}\n    base_url: ${A}\nroutes: {r: {webhook: ${A}}}\nstore: ${A}\nbudget: {usd_per_day: ${A}}\n"
    )
    found = files.problems(text, A="hunter2secret")
    assert len(found) == 5
    assert "hunter2secret" not in "".join(map(str, found))


def test_a_secret_written_into_the_file_is_never_shown(files) -> None:
    text = (
        files.endpoint
        + '    api_key_file: sk-pasted\n    api_key: "sk-pas\\nted"\nroutes: {r: {webhook: sk-pasted}}\nstore: postgresql://u:sk-pasted@h\n'
    )
    assert "sk-pas" not in "".join(map(str, files.problems(text)))


def test_the_shield_finds_characters_that_the_document_does_not_use() -> None:
    text = "a: {b: ${X}} # \ue000\ue001"
    shield = Shield.over(text)
    assert not {shield.left, shield.right} & set(text)
    assert shield.show(shield.hide(text)) == text
