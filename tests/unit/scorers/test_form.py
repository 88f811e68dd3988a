"""XML, HTML, SQL and differences of JSON. Where promptfoo's documentation gives an example, it is here."""

import pytest

from driftwatch.scorers import ScorerArgumentError, build, score
from driftwatch.scorers.json_diff import MAX_LEAVES
from driftwatch.scorers.verdict import Unscored
from tests.unit.scorers.replies import Reply

DOCUMENT = "<!DOCTYPE html><html><head><title>a</title></head><body><p>b</body></html>"
SHIRT = "<analysis><classification>T-shirt</classification><color>Red</color></analysis>"
DEPARTMENTS = {
    "databaseType": "MySQL",
    "allowedTables": ["(select|update|insert|delete)::null::departments"],
    "allowedColumns": ["select::null::name", "update::null::id"],
}
LAUGHS = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><a>&b;</a>'


def mark(name, argument, text):
    value = score(build(name, argument), Reply(text))
    return None if isinstance(value, Unscored) else value


@pytest.mark.parametrize(
    ("name", "argument", "text", "wanted"),
    [
        ("is-xml", None, "<root><child>Content</child></root>", 1),
        ("is-xml", None, "<root><child>Content</child></root", 0),
        ("is-xml", None, "<root/> and more", 0),
        ("is-xml", None, '\n<?xml version="1.0" encoding="latin-1"?>\n<a>é</a>\n', 1),
        ("is-xml", None, "```xml\n<a/>\n```", 0),
        ("is-xml", None, LAUGHS, 0),
        ("is-xml", None, '<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a/>', 1),
        ("is-xml", None, "<a>\ud800</a>", 0),
        ("is-xml", {"requiredElements": ["analysis.classification", "analysis.color"]}, SHIRT, 1),
        ("is-xml", {"value": {"requiredElements": ["analysis.color"]}}, SHIRT.replace("color", "size"), 0),
        ("is-xml", {"requiredElements": ["root.parent.child.grandchild"]}, "<root><parent><child/></parent></root>", 0),
        ("contains-xml", {"requiredElements": "root.child"}, "Text <root><child>Content</child></root>", 1),
        ("contains-xml", {"requiredElements": "root.child"}, "<w><root><child/></root></w>", 0),
        ("contains-xml", {"requiredElements": "w.root.child"}, "<w><root><child/></root></w>", 1),
        ("contains-xml", None, "if a < b and c > d", 0),
        ("contains-xml", None, "broken <a> then ```xml\n<b>é</b>\n```", 1),
        ("contains-xml", {"requiredElements": "b"}, "<a/> é <b/>", 1),
        ("contains-xml", None, "<a " * 2_000, None),
        ("is-html", None, DOCUMENT, 1),
        ("is-html", None, "<div>Content</div>", 1),
        ("is-html", None, "<h1>Title</h1><p>Paragraph</p>", 1),
        ("is-html", None, '<img src="test.jpg" />', 1),
        ("is-html", None, "<html><body>no doctype</body></html>", 1),
        ("is-html", None, "<!-- note --><p>R&D</p>", 1),
        ("is-html", None, "Just text", 0),
        ("is-html", None, "Text before <div>HTML</div> text after", 0),
        ("is-html", None, '<?xml version="1.0"?><root>...</root>', 0),
        ("is-html", None, "<div>Unclosed div", 0),
        ("is-html", None, "<b>a</b> between <i>b</i>", 0),
        ("is-html", None, "<root>xml</root>", 0),
        ("contains-html", None, "See: <div>HTML</div>.", 1),
        ("contains-html", None, 'A line<br class="a"/>break', 1),
        ("contains-html", None, "a < b, mail <me@example.org>, <T> in Java", 0),
        ("contains-html", None, "Fish &amp; chips", 0),
        ("is-sql", None, "SELECT a, b FROM t WHERE c = 'x'", 1),
        ("is-sql", None, "WITH x AS (SELECT id FROM t) SELECT id FROM x;", 1),
        ("is-sql", None, "CREATE TABLE t (id INT PRIMARY KEY); DROP TABLE t", 1),
        ("is-sql", None, "Here you are: SELECT 1", 0),
        ("is-sql", None, "hello", 0),
        ("is-sql", None, "SELECT * FROM", 0),
        ("is-sql", None, " ;", 0),
        ("is-sql", "PostgresQL", "SELECT x::int FROM t", 1),
        ("is-sql", DEPARTMENTS, "SELECT name FROM departments", 1),
        ("is-sql", DEPARTMENTS, "SELECT name FROM salaries", 0),
        ("is-sql", DEPARTMENTS, "SELECT salary FROM departments", 0),
        ("is-sql", DEPARTMENTS, "SELECT * FROM departments", 0),
        ("is-sql", DEPARTMENTS, "DELETE FROM departments", 0),
        ("is-sql", {**DEPARTMENTS, "allowedColumns": ["select::null::.*"]}, "SELECT * FROM departments", 1),
        ("is-sql", {"allowedTables": ["select::null::t"]}, "WITH x AS (SELECT 1) SELECT * FROM x JOIN t", 1),
        ("is-sql", {"allowedColumns": ["insert::null::a"]}, "INSERT INTO t (a) VALUES (1)", 1),
        ("is-sql", {"allowedColumns": ["insert::null::a"]}, "INSERT INTO t VALUES (1)", 0),
        ("contains-sql", None, "Here:\n```sql\nSELECT `id` FROM `users`;\n```\nDone.", 1),
        ("contains-sql", None, "Here:\n```\nSELECT 1\n```", 1),
        ("contains-sql", None, "```python\nx = 1\n```", 0),
        ("contains-sql", None, "Select the best one.", 0),
    ],
)
def test_form_by_examples(name, argument, text, wanted):
    assert mark(name, argument, text) == wanted


@pytest.mark.parametrize(
    ("options", "found", "wanted"),
    [
        ({}, '{"city": "Oslo", "temp": 4, "days": [1, 2]}', 1),
        ({}, '{"days": [1, 2], "temp": 4.0, "city": "Oslo"}', 1),
        ({}, '{"city": "Oslo", "temp": 5, "days": [1, 2]}', 3 / 4),
        ({}, '{"city": "Oslo", "temp": 4, "days": [1]}', 3 / 4),
        ({}, '{"city": "Oslo", "temp": 4, "days": [1, 2], "unit": "C"}', 4 / 5),
        ({"ignore": ["unit", "days.*"]}, '{"city": "Oslo", "temp": 4, "days": 7, "unit": {"a": 1}}', 2 / 3),
        ({"ignore": "days"}, '{"city": "Oslo", "temp": 4, "days": "none"}', 1),
        ({"tolerance": 0.5}, '{"city": "Oslo", "temp": 4.4, "days": [1, 2]}', 1),
        ({"tolerance": {"days.*": 1}}, '{"city": "Oslo", "temp": 4.4, "days": [2, 2]}', 3 / 4),
        ({}, '{"city": "Oslo", "temp": true, "days": {"0": 1, "1": 2}}', 3 / 4),
        ({}, '{"city": "Oslo", "temp": 1e999, "days": []}', 0.2),
        ({"tolerance": 1}, f'{{"city": "Oslo", "temp": 1{"0" * 390}, "days": [1, 2]}}', 3 / 4),
        ({}, "no JSON", 0),
        ({}, "[]", 0),
        ({}, f"[{'1,' * MAX_LEAVES}1]", None),
        ({}, "[" * 100_000, None),
    ],
)
def test_json_diff_is_the_share_of_leaves_that_agree(options, found, wanted):
    value = mark("json-diff", {"value": {"city": "Oslo", "temp": 4, "days": [1, 2]}, **options}, found)
    assert value == (wanted if wanted is None else pytest.approx(wanted))


@pytest.mark.parametrize(
    ("name", "argument", "words"),
    [
        ("is-xml", {"required": ["a"]}, "requiredElements"),
        ("is-xml", {"requiredElements": [".".join("a" * 51)]}, "more than 50 steps"),
        ("is-html", {"a": 1}, "takes none"),
        ("is-sql", "Access", "must be one of"),
        ("is-sql", {"allowedTables": ["("]}, "cannot be compiled"),
        ("is-sql", {"tables": []}, "not known"),
        ("json-diff", {"value": 3}, "mapping or a list"),
        ("json-diff", {"value": {"a": 1}, "ignore": "a"}, "nothing is left"),
        ("json-diff", {"value": {"a": 1}, "tolerance": {"a": -1}}, "tolerance of a is -1"),
    ],
)
def test_what_cannot_be_checked_is_refused_in_words(name, argument, words):
    with pytest.raises(ScorerArgumentError, match=words):
        build(name, argument)
