"""A person's labels from a CSV file: good lines are kept to the last, and any bad one is told with its line."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from driftwatch.domain.errors import ConfigError, Problem
from driftwatch.domain.legible import one_line
from driftwatch.scorers import ScorerArgumentError, build
from driftwatch.scorers.catalogue.judged import JUDGED
from driftwatch.scorers.criterion import Criterion
from driftwatch.services.calibrate import Label

NEEDED = ("question", "answer", "label")
KNOWN = (*NEEDED, "scorer", "argument")
MOST_BYTES = 50_000_000
# An answer longer than the csv module's own 128 KiB was told as no CSV.
csv.field_size_limit(MOST_BYTES)
_WORDS = {"pass": 1.0, "fail": 0.0, "true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}


def read_labels(path: Path) -> tuple[Label, ...]:
    """Return every label of a file.

    Raises
    ------
    ConfigError
        With everything that is wrong with the file (slug ``labels-unreadable``).
    """
    if path.stat().st_size > MOST_BYTES:
        raise ConfigError((_problem(path, None, "the file is longer than 50 MB", "give fewer labels."),))
    try:
        # newline="" as the csv module asks for: a line break inside of quotes belongs to the text.
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError((_problem(path, None, f"it cannot be read ({error})", "save it as UTF-8."),)) from None
    problems: list[Problem] = []
    labels = list(_labels(path, text, problems))
    if not labels and not problems:
        problems.append(_problem(path, None, "there is no label in it", "give one answer a line."))
    if problems:
        raise ConfigError(tuple(problems[:100]))
    return tuple(labels)


def _labels(path: Path, text: str, problems: list[Problem]) -> Iterator[Label]:
    # Not str.splitlines: that breaks at U+2028 and form feeds too, which models write into answers.
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        names = [name.strip().lower() for name in next(rows, [])]
        unfit = _unfit(names)
        if unfit is not None:
            problems.append(_problem(path, 1, *unfit))
            return
        while True:
            line = rows.line_num + 1
            row = next(rows, None)
            if row is None:
                return
            try:
                if row:
                    yield _label(_named(names, row), line)
            except ScorerArgumentError as error:
                problems.append(_problem(path, line, error.met, error.need))
    except csv.Error as error:
        need = "quote texts that hold commas, double the quotes inside of them, and close each."
        problems.append(_problem(path, line, f"this is not CSV ({error})", need))


def _unfit(names: list[str]) -> tuple[str, str] | None:
    """Return what is wrong with the names of the columns, and what is needed."""
    need = f"its first line names the columns: {', '.join(NEEDED)}, and, where they differ, scorer and argument."
    twice = next((name for name in KNOWN if names.count(name) > 1), None)
    if twice:
        return f"there are {names.count(twice)} columns `{twice}`", "keep one of them."
    missing = next((name for name in NEEDED if name not in names), None)
    if missing is None:
        return None
    found = one_line(", ".join(names), 120)
    if len(names) == 1 and names[0].count(";") + names[0].count("\t") > 0:
        need = f"separate the columns with commas; {need}"
    return f"there is no column `{missing}`" + (f", there is `{found}`" if found else ""), need


def _named(names: list[str], row: list[str]) -> dict[str, str]:
    if len(row) > len(names):
        raise ScorerArgumentError(
            f"it has {len(row)} fields, and there are {len(names)} columns", "quote texts that hold commas."
        )
    return dict(zip(names, row, strict=False))


def _label(row: dict[str, str], line: int) -> Label:
    name = row.get("scorer", "").strip() or "llm-rubric"
    if name not in {kind.name for kind in JUDGED}:
        raise ScorerArgumentError(
            f"`{name[:60]}` is no scorer that a judge answers for", "see docs/reference/scorers.md."
        )
    criterion = _criterion(name, _argument(row.get("argument")))
    if criterion.own_reference:
        raise ScorerArgumentError("this label has no reference answer", "give it as `argument`.")
    if not row.get("answer", "").strip():
        raise ScorerArgumentError("the answer is empty", "give the text that was graded.")
    if "question" not in row:
        raise ScorerArgumentError("it ends before the question", "give every column a field, if only an empty one.")
    return Label(
        criterion=criterion,
        question=row["question"],
        answer=row["answer"],
        value=_value(row.get("label", "")),
        line=line,
    )


def _criterion(name: str, argument: Any) -> Criterion:
    try:
        criterion = build(name, argument)
    except ScorerArgumentError as error:
        if argument is not None:
            raise
        raise ScorerArgumentError("there is no `argument`", f"write there what `{name}` grades by.") from error
    assert isinstance(criterion, Criterion)  # noqa: S101  # it is among the judged
    return criterion


def _argument(written: str | None) -> Any:
    text = (written or "").strip()
    if not text:
        return None
    if text[0] in "{[":
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            pass
    return text


def _value(written: str) -> float:
    text = written.strip().lower()
    if not text:
        raise ScorerArgumentError("there is no label", "write 1 or 0, pass or fail, yes or no, or 0 to 1.")
    if text in _WORDS:
        return _WORDS[text]
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 <= value <= 1:
        raise ScorerArgumentError(f"the label is `{text[:40]}`", "write 1 or 0, pass or fail, yes or no, or 0 to 1.")
    return value


def _problem(path: Path, line: int | None, met: str, need: str) -> Problem:
    return Problem(file=str(path), line=line, met=met, need=need, slug="labels-unreadable")
