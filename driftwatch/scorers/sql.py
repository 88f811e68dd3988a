"""SQL statements, whole or in a fence, as sqlglot reads the dialect."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from driftwatch.scorers import argument as arg
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.extras import missing
from driftwatch.scorers.fence import fenced
from driftwatch.scorers.judge import of_text
from driftwatch.scorers.pattern import compiled_pattern, found
from driftwatch.scorers.verdict import Scored, Scorer, Unscored

# promptfoo's names of database types -> sqlglot's dialects.
DIALECTS = {
    "athena": "athena",
    "bigquery": "bigquery",
    "hive": "hive",
    "mariadb": "mysql",
    "mysql": "mysql",
    "postgresql": "postgres",
    "redshift": "redshift",
    "snowflake": "snowflake",
    "sqlite": "sqlite",
    "transactsql": "tsql",
    "trino": "trino",
    "duckdb": "duckdb",
    "clickhouse": "clickhouse",
    "oracle": "oracle",
    "spark": "spark",
}
# sqlglot reads any expression: `hello` is a column. These are what a database would run.
_STATEMENTS = (
    *("Query", "DML", "Merge", "Create", "Drop", "Alter", "TruncateTable", "Use", "Set", "Show", "Describe"),
    *("Pragma", "Transaction", "Commit", "Rollback", "Grant", "Revoke", "Analyze", "Comment", "Copy", "Kill"),
)
_KINDS = ("select", "insert", "update", "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """What a statement must be."""

    dialect: str
    tables: Sequence[Any] = ()
    columns: Sequence[Any] = ()


def is_sql(argument: Any) -> Scorer:
    """Build: the whole answer is SQL that the dialect takes, and touches only what is allowed."""
    judge = _judge(argument, "is-sql")
    return of_text(judge)


def contains_sql(argument: Any) -> Scorer:
    """Build: the answer is SQL, or has it in a code fence."""
    judge = _judge(argument, "contains-sql")

    def anywhere(text: str) -> Scored:
        doubt: Unscored | None = None
        for candidate in (text, *fenced(text, languages=("", "sql", "mysql", "postgresql", "sqlite", "tsql"))):
            verdict = judge(candidate)
            if isinstance(verdict, Unscored):
                doubt = doubt or verdict
            elif verdict:
                return 1.0
        return doubt or 0.0

    return of_text(anywhere)


def _judge(argument: Any, name: str) -> Any:
    rules = _rules(argument)
    with missing(name, "sqlglot"):
        import sqlglot
        from sqlglot.errors import SqlglotError

    def judge(text: str) -> Scored:
        try:
            statements = [s for s in sqlglot.parse(text, dialect=rules.dialect) if s is not None]
        except SqlglotError:
            return 0.0
        except RecursionError:
            return Unscored("the SQL is nested too deeply")
        kinds = tuple(getattr(sqlglot.exp, kind) for kind in _STATEMENTS if hasattr(sqlglot.exp, kind))
        if not statements or not all(isinstance(s, kinds) for s in statements):
            return 0.0
        return _all_allowed([*_touched(statements, sqlglot.exp)], rules)

    return judge


def _touched(statements: Sequence[Any], exp: Any) -> Iterator[tuple[str, str]]:
    """Yield ``("table", "select::null::users")`` and the like for everything that the statements name."""
    for statement in statements:
        common = {cte.alias_or_name for cte in statement.find_all(exp.CTE)}
        for table in statement.find_all(exp.Table):
            if table.name and table.name not in common:
                yield "table", f"{_kind(table, exp)}::{table.db or 'null'}::{table.name}"
        for column in statement.find_all(exp.Column):
            named = "(.*)" if isinstance(column.this, exp.Star) else column.name
            yield "column", f"{_kind(column, exp)}::{column.table or 'null'}::{named}"
        yield from _whole_rows(statement, exp)


def _whole_rows(statement: Any, exp: Any) -> Iterator[tuple[str, str]]:
    """Yield what touches every column: `SELECT *`, `DELETE`, and `INSERT` without a list of columns."""
    for node in statement.find_all(exp.Star, exp.Delete, exp.Insert):
        if isinstance(node, exp.Insert) and isinstance(node.this, exp.Schema):
            yield from (("column", f"insert::null::{column.name}") for column in node.this.expressions)
        elif not (isinstance(node, exp.Star) and isinstance(node.parent, exp.Column | exp.Count)):
            yield "column", f"{_kind(node, exp)}::null::(.*)"


def _kind(node: Any, exp: Any) -> str:
    """Return the kind of the statement that a name stands in."""
    while node is not None:
        for kind in _KINDS:
            if isinstance(node, getattr(exp, kind.capitalize())):
                return kind
        node = node.parent
    return "other"


def _all_allowed(touched: Sequence[tuple[str, str]], rules: _Rules) -> Scored:
    for what, name in touched:
        allowed = rules.tables if what == "table" else rules.columns
        if allowed:
            verdicts = [found(pattern, name) for pattern in allowed]
            if not any(verdict == 1.0 for verdict in verdicts):
                return next((v for v in verdicts if isinstance(v, Unscored)), 0.0)
    return 1.0


def _rules(argument: Any) -> _Rules:
    given = arg.unwrap(argument)
    given = {} if given in (None, "") else {"databaseType": given} if isinstance(given, str) else given
    given = arg.options(given, known=("databaseType", "allowedTables", "allowedColumns"))
    return _Rules(
        dialect=_dialect(given.get("databaseType", "MySQL")),
        tables=_patterns(given, "allowedTables"),
        columns=_patterns(given, "allowedColumns"),
    )


def _dialect(value: Any) -> str:
    named = re.sub(r"[^a-z]", "", str(value).lower())
    # promptfoo spells it PostgresQL.
    named = "postgresql" if named == "postgres" else named
    if named not in DIALECTS:
        known = ", ".join(sorted(DIALECTS))
        raise ScorerArgumentError(f"databaseType is {arg.shown(value)}", f"it must be one of {known}.")
    return DIALECTS[named]


def _patterns(given: Mapping[str, Any], key: str) -> tuple[Any, ...]:
    if key not in given:
        return ()
    return tuple(compiled_pattern(rf"(?i)\A(?:{pattern})\Z") for pattern in arg.texts(given[key]))
