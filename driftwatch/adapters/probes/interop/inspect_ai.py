"""Inspect: data sets (JSON, JSON lines, CSV) and logs in JSON."""

import json
import re
from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from driftwatch.adapters.probes.interop.book import Book
from driftwatch.adapters.probes.interop.data_sets import unfolded
from driftwatch.adapters.probes.interop.losses import Kind
from driftwatch.adapters.probes.interop.messages import is_messages
from driftwatch.adapters.probes.interop.part import Part
from driftwatch.adapters.probes.interop.reference import AUTO, Compared, ends
from driftwatch.adapters.probes.interop.sample import Sample, rows, tags_of, take, usable

KEYS = ("input", "target", "choices", "id", "metadata", "epoch")
LOGGED = (
    *(
        "output",
        "messages",
        "scores",
        "events",
        "model_usage",
        "role_usage",
        "total_time",
        "working_time",
        "uuid",
        "store",
    ),
    *("attachments", "timelines", "events_data", "message_pool", "started_at", "completed_at", "turn_count"),
)
MULTIPLE = "\n\n{choices}\n\nAnswer with the letter only."
_CHOSEN = "its choices are written out with letters"


def is_log(value: Any) -> bool:
    """Return whether a document is a log of an eval."""
    return isinstance(value, Mapping) and isinstance(value.get("eval"), Mapping) and "samples" in value


def is_sample(row: Mapping[str, Any]) -> bool:
    """Return whether a row is a sample of a data set."""
    return "input" in row and "target" in row


def read_inspect(top: Part, book: Book) -> None:
    """Put the samples of a data set or a log into the book; of a log's epochs, the first."""
    scorers = _scorers(top) if is_log(top.value) else None
    epochs = 1
    if is_log(top.value):
        given = top.value_at("eval", "config", "epochs")
        epochs = given if isinstance(given, int) and 1 <= given <= 100 else 1
    for row in rows(top, "samples"):
        if not usable(row, book):
            continue
        if isinstance(row.value.get("epoch"), int) and row.value["epoch"] > 1:
            book.report.dropped(
                row, Kind.CASE, str(row.value.get("id"))[:60], "it is another epoch of a sample that is taken"
            )
        else:
            _row(row, scorers, epochs, book)


def _row(row: Part, scorers: list[Part] | None, epochs: int, book: Book) -> None:
    value = unfolded(row.value, ("input", "choices", "metadata"))
    given = value.get("metadata")
    metadata: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    target, choices = value.get("target"), value.get("choices")
    asked, changes = value.get("input"), []
    if isinstance(choices, list) and choices:
        asked, changes = _with_choices(asked, choices), [_CHOSEN]
    targets = [str(item) for item in (target if isinstance(target, list) else [target]) if str(item or "").strip()]
    compared = _compared(row, scorers, targets, choices, book) if targets else [] if scorers is not None else None
    named = value.get("id")
    lost = [key for key, item in value.items() if key not in (*KEYS, *LOGGED) and item not in (None, "", [], {})]
    take(
        Sample(
            part=row,
            asked=asked,
            answered=target if target not in ("", []) else None,
            named=named if isinstance(named, str) and re.search(r"[^\W\d]", named) else None,
            tags=tags_of({key: item for key, item in metadata.items() if key != "driftwatch"}),
            compared=compared,
            count=epochs,
            lost=lost,
            changes=changes,
            restored=metadata.get("driftwatch"),
        ),
        book,
    )


def _with_choices(asked: Any, choices: Sequence[Any]) -> Any:
    listed = "\n".join(f"{ascii_uppercase[n]}) {choice}" for n, choice in enumerate(choices[:26]))
    more = MULTIPLE.format(choices=listed)
    if is_messages(asked):
        return [*asked[:-1], {**asked[-1], "content": f"{asked[-1].get('content', '')}{more}"}]
    return f"{asked}{more}" if isinstance(asked, str) else asked


def _scorers(top: Part) -> list[Part]:
    """Return the parts that name a log's scorers."""
    found = top.at("results", "scores") or top.at("eval", "scorers")
    named = [part for part in (found.items() if found is not None else ()) if isinstance(part.value, Mapping)]
    seen: dict[str, Part] = {}
    for part in named:
        seen.setdefault(str(part.value.get("scorer") or part.value.get("name")), part)
    return list(seen.values())


def _compared(
    row: Part, scorers: list[Part] | None, targets: list[str], choices: Any, book: Book
) -> list[Compared] | None:
    if scorers:
        return [_logged(part, targets, choices) for part in scorers]
    if isinstance(choices, list) and choices and book.reference == AUTO:
        place = row.get("target") or row
        return [Compared(part=place, what="target", items=[_choice(targets, choices)])]
    return None


def _choice(targets: Sequence[str], choices: Sequence[Any]) -> dict[str, Any]:
    letters = list(ascii_uppercase[: len(choices)])
    texts = [str(choice) for choice in choices]
    target = targets[0].strip()
    letter = target if target in letters else letters[texts.index(target)] if target in texts[:26] else target
    return {"choice": {"value": letter, "options": letters}}


def _logged(part: Part, targets: Sequence[str], choices: Any) -> Compared:
    """Return a built-in scorer of Inspect as ours."""
    name = str(part.value.get("scorer") or part.value.get("name")).rpartition("/")[2]
    given = part.value.get("params") or part.value.get("options")
    params: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    one = list(targets) if len(targets) > 1 else targets[0]
    several = isinstance(one, list)
    cased = params.get("ignore_case") is False
    known: dict[str, tuple[Any, str | None]] = {
        "includes": ({f"{'' if cased else 'i'}contains{'-any' if several else ''}": one}, None),
        "f1": ({"f1": one}, None),
        "model_graded_fact": ({"factuality": one}, "it is called `factuality` here"),
    }
    if params.get("location", "end") == "end":
        known["match"] = (ends(targets), "it is written as a pattern: the answer ends with it")
    if not several:
        known["exact"] = ({"equals": one}, "punctuation and case count here")
    if isinstance(choices, list) and choices:
        known["choice"] = (_choice(targets, choices), None)
    if name not in known:
        return Compared(part=part, what=name, why=f"driftwatch has no scorer like it ({json.dumps(dict(params))[:60]})")
    item, why = known[name]
    return Compared(part=part, what=name, items=[item], why=why)
