"""Scorers of an answer's form: JSON, XML, HTML, SQL."""

from driftwatch.scorers import html, sql, xml
from driftwatch.scorers.json_diff import json_diff
from driftwatch.scorers.kind import ScorerKind
from driftwatch.scorers.structure import contains_json, is_json

_SCHEMA = "nothing, or `schema:` with a JSON Schema (draft 2020-12) written out or the path of its file"
_ELEMENTS = "nothing, or `requiredElements:`, a list of paths with dots from the outermost element on"
_SQL = "nothing, a database, or `databaseType:` (MySQL) with `allowedTables:` and `allowedColumns:`, lists of patterns"

FORM = (
    ScorerKind(
        name="is-json",
        reads="json",
        build=is_json,
        doc="The whole answer is JSON, and fits the schema if there is one.",
        argument=_SCHEMA,
        example="is-json: {schema: {type: object, required: [name, city]}}",
    ),
    ScorerKind(
        name="contains-json",
        reads="json",
        build=contains_json,
        doc="A JSON object or list that fits the schema stands somewhere in the answer: in prose, or fenced.",
        argument=_SCHEMA,
        example="contains-json: {schema: {type: array, minItems: 3}}",
    ),
    ScorerKind(
        name="json-diff",
        kind="graded",
        build=json_diff,
        doc="The share of the JSON's values that agree with the right one's.",
        argument="`value:`, with `ignore:` (paths), `tolerance:` (a number, or path: number) and `threshold:` (1)",
        example="json-diff: {value: {city: Oslo, temp: 4.0}, tolerance: {temp: 0.5}, threshold: 0.9}",
        reads="json",
    ),
    ScorerKind(
        name="is-xml",
        build=xml.is_xml,
        doc="The whole answer is one well-formed XML document with these elements.",
        argument=_ELEMENTS,
        example="is-xml: {requiredElements: [order.id, order.items.item]}",
        reads="code",
    ),
    ScorerKind(
        name="contains-xml",
        build=xml.contains_xml,
        doc="A well-formed piece of XML with these elements stands somewhere in the answer.",
        argument=_ELEMENTS,
        example="contains-xml: {requiredElements: [order.id]}",
        reads="code",
    ),
    ScorerKind(
        name="is-html",
        build=html.is_html,
        doc="The whole answer is HTML, a document or a fragment, without faults.",
        argument="nothing",
        example="is-html",
        reads="code",
        libraries=("html5lib",),
        runs_away=True,
    ),
    ScorerKind(
        name="contains-html",
        build=html.contains_html,
        doc="The answer shows two signs of HTML or more: tags, entities, attributes, comments.",
        argument="nothing",
        example="contains-html",
        reads="code",
    ),
    ScorerKind(
        name="is-sql",
        build=sql.is_sql,
        doc="The whole answer is SQL that the database takes, and touches only what is allowed.",
        argument=_SQL,
        example='is-sql: {databaseType: SQLite, allowedTables: ["select::null::orders"]}',
        reads="code",
        libraries=("sqlglot",),
        runs_away=True,
    ),
    ScorerKind(
        name="contains-sql",
        build=sql.contains_sql,
        doc="The answer is such SQL, or has it in a code fence.",
        argument=_SQL,
        example="contains-sql: PostgreSQL",
        reads="code",
        libraries=("sqlglot",),
        runs_away=True,
    ),
)
