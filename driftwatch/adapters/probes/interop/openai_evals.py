"""OpenAI evals: JSON lines of `input` and `ideal`, and the newer API's items with its graders."""

from collections.abc import Mapping, Sequence
from typing import Any

from driftwatch.adapters.probes.interop.book import Book
from driftwatch.adapters.probes.interop.losses import Kind
from driftwatch.adapters.probes.interop.part import Part
from driftwatch.adapters.probes.interop.reference import AUTO, Compared, begins
from driftwatch.adapters.probes.interop.sample import Sample, rows, take, usable
from driftwatch.adapters.probes.interop.template import TemplateError, as_text, fill_all

ITEM_KEYS = ("item", "sample")
MATCH = "as `Match` does, the template that most evals use: the answer begins with it"
OPERATIONS = {"eq": "equals", "ne": "not-equals", "like": "contains", "ilike": "icontains"}
SIMILARITY = {"bleu": "bleu", "gleu": "gleu", "meteor": "meteor", "cosine": "similar", "rouge_1": "rouge-n"}
CONTENT = ("data_source.source.content", "source.content", "content", "data", "items")
TEMPLATE = ("data_source", "input_messages", "template")
_JUDGED = "a judge with a prompt of its own grades it; write an `llm-rubric`"
_WHY = {
    "label_model": _JUDGED,
    "score_model": _JUDGED,
    "python": "it runs code, which an import never does; rewrite it as `python: checks.py:function`",
}


def is_eval_row(row: Mapping[str, Any]) -> bool:
    """Return whether a row is a sample of evals, old or new."""
    return "ideal" in row or isinstance(row.get("item"), Mapping)


def is_eval(value: Any) -> bool:
    """Return whether a document is an eval or a run of the API."""
    return isinstance(value, Mapping) and bool({"testing_criteria", "data_source_config", "data_source"} & set(value))


def read_openai_evals(top: Part, book: Book) -> None:
    """Put the samples of an eval into the book."""
    graders = top.get("testing_criteria")
    template = top.value_at(*TEMPLATE)
    listed = rows(top, *CONTENT)
    if listed == [top] and is_eval(top.value):
        for grader in graders.items() if graders is not None else ():
            why = "the file has no items: import the JSON lines that belong to it"
            book.report.dropped(grader, Kind.ASSERTION, _kind(grader), why)
        return
    for row in listed:
        if usable(row, book):
            _row(row, template, graders, book)


def _row(row: Part, template: Any, graders: Part | None, book: Book) -> None:
    if "ideal" in row.value:
        _classic(row, book)
        return
    item = row.value.get("item")
    item = item if isinstance(item, Mapping) else row.value
    asked: Any = item
    if isinstance(template, list):
        try:
            asked, _ = fill_all([_message(message) for message in template], {"item": item})
        except TemplateError as error:
            book.report.dropped(row, Kind.CASE, as_text(item)[:60], f"its prompt: {error}")
            return
    compared = None
    if graders is not None:
        compared = [_grader(grader, item) for grader in graders.items()]
    answered = next(
        (item[key] for key in ("ideal", "expected", "answer", "reference", "ground_truth") if key in item), None
    )
    if compared is None and isinstance(asked, Mapping):
        asked = {key: value for key, value in item.items() if value is not answered}
    take(Sample(part=row, asked=asked, answered=answered, compared=compared), book)


def _classic(row: Part, book: Book) -> None:
    ideal = row.value["ideal"]
    texts = [text for text in (ideal if isinstance(ideal, list) else [ideal]) if isinstance(text, str) and text.strip()]
    compared: Sequence[Compared] | None = None
    if book.reference == AUTO and texts:
        place = row.get("ideal") or row
        compared = [Compared(part=place, what="ideal", items=[begins(texts)], why=MATCH)]
    key = "input" if "input" in row.value else "messages"
    lost = [name for name in row.value if name not in (key, "ideal", "id", "args", "metadata")]
    take(Sample(part=row, asked=row.value.get(key), answered=ideal or None, compared=compared, lost=lost), book)


def _message(message: Any) -> Any:
    """Return a message of the Responses API as one of the chat API."""
    if not isinstance(message, Mapping):
        return message
    return {key: value for key, value in message.items() if key in ("role", "content")}


def _kind(grader: Part) -> str:
    return grader.text("type") or "grader"


def _grader(grader: Part, item: Mapping[str, Any]) -> Compared:
    kind = _kind(grader)
    try:
        filled, missing = fill_all(
            {key: grader.value.get(key) for key in ("input", "reference")},
            {"item": item, "sample": {"output_text": "\0"}},
        )
    except TemplateError as error:
        return Compared(part=grader, what=kind, why=str(error))
    if kind in _WHY:
        return Compared(part=grader, what=kind, why=_WHY[kind])
    if filled["input"] != "\0" or missing:
        return Compared(part=grader, what=kind, why="it compares something else than the whole answer")
    reference = filled["reference"]
    if kind == "string_check":
        operation = OPERATIONS.get(str(grader.value.get("operation")))
        why = None if operation else "its operation is not known"
        return Compared(part=grader, what=kind, items=[{operation: reference}] if operation else [], why=why)
    metric = SIMILARITY.get(str(grader.value.get("evaluation_metric")))
    if kind == "text_similarity" and metric:
        argument = {"value": reference, "threshold": grader.value.get("pass_threshold", 0.5)}
        return Compared(part=grader, what=kind, items=[{metric: argument}], why=f"it is called `{metric}` here")
    return Compared(part=grader, what=kind, why="driftwatch has no scorer like it")
