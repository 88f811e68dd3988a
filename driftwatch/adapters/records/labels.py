"""A person's labels from a CSV file: good lines are kept to the last, and any bad one is told with its line."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from driftwatch.domain.errors import ConfigError, Problem
from driftwatch.scorers import ScorerArgumentError, build
from driftwatch.scorers.catalogue.judged import JUDGED
from driftwatch.scorers.criterion import Criterion
from driftwatch.services.calibrate import Label

NEEDED = ("question", "answer", "label")
KNOWN = (*NEEDED, "scorer", "argument")
MOST_BYTES = 50_000_000
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
        text = path.read_text(encoding="utf-8-sig")
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
    # newline="" as the csv module asks for: a line break inside of quotes belongs to the text.
    rows = csv.DictReader(text.splitlines(keepends=True), strict=True)
    try:
        missing = [name for name in NEEDED if name not in (rows.fieldnames or ())]
        if missing:
            need = (
                f"its first line names the columns: {', '.join(NEEDED)}, and, where they differ, scorer and argument."
            )
            problems.append(_problem(path, 1, f"there is no column `{missing[0]}`", need))
            return
        for row in rows:
            try:
                yield _label(row, rows.line_num)
            except ScorerArgumentError as error:
                problems.append(_problem(path, rows.line_num, error.met, error.need))
    except csv.Error as error:
        problems.append(_problem(path, rows.line_num, f"this is not CSV ({error})", "quote texts that hold commas."))


def _label(row: dict[str, Any], line: int) -> Label:
    name = (row.get("scorer") or "llm-rubric").strip()
    if name not in {kind.name for kind in JUDGED}:
        raise ScorerArgumentError(
            f"`{name[:60]}` is no scorer that a judge answers for", "see docs/reference/scorers.md."
        )
    criterion = build(name, _argument(row.get("argument")))
    assert isinstance(criterion, Criterion)  # noqa: S101  # it is among the judged
    if criterion.own_reference:
        raise ScorerArgumentError("this label has no reference answer", "give it as `argument`.")
    if not (row["answer"] or "").strip():
        raise ScorerArgumentError("the answer is empty", "give the text that was graded.")
    return Label(
        criterion=criterion, question=row["question"] or "", answer=row["answer"], value=_value(row["label"]), line=line
    )


def _argument(written: str | None) -> Any:
    text = (written or "").strip()
    if not text:
        return None
    if text[0] in "{[":
        try:
            return json.loads(text)
        except ValueError:
            pass
    return text


def _value(written: str | None) -> float:
    text = (written or "").strip().lower()
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
