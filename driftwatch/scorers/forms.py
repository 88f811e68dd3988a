"""The forms a judge's verdict may have: what is asked for, what is accepted, which number it means."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from driftwatch.scorers.json_value import Json, read_json
from driftwatch.scorers.verdict import Scored, Unscored

NOT_JSON = Unscored("the judge's verdict is not one JSON object")
OTHER_FORM = Unscored("the judge's verdict has another form than was asked")
OTHER_MARK = Unscored("the judge's verdict bears another mark")
NOTHING_JUDGED = Unscored("the judge found nothing to judge")
MAX_REPLY = 100_000
BEST_GRADE = 5

_THINKING = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_FENCED = re.compile(r"\A```(?:json)?[ \t]*\n(.*)\n[ \t]*```\Z", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Form:
    """One form of verdict.

    Parameters
    ----------
    properties : mapping
        JSON Schema of every key beside ``mark`` and ``reason``; all are required, and no other is accepted.
    shown : str
        Those keys as they are shown to the judge.
    number : callable
        From the verdict to its score.
    binary : bool
        Whether that is 0 or 1.

    Examples
    --------
    >>> PASS.read('{"mark": "3f", "reason": "States 14 days.", "pass": true}', "3f")
    1.0
    >>> PASS.read('{"mark": "3f", "reason": "", "pass": "yes"}', "3f")
    Unscored(reason="the judge's verdict has another form than was asked")
    """

    name: str
    properties: Mapping[str, Any]
    shown: str
    number: Callable[[Mapping[str, Any]], Scored]
    binary: bool = True

    def example(self, mark: str) -> str:
        """Return the form as the judge is shown it."""
        return f'{{"mark": "{mark}", "reason": "...", {self.shown}}}'

    def read(self, text: str, mark: str) -> Scored:
        """Return the score of a reply: one JSON object of this form that bears the mark, bare or in one code fence."""
        if len(text) > MAX_REPLY:
            return NOT_JSON
        bare = _THINKING.sub("", text).strip()
        fenced = _FENCED.match(bare)
        # `"pass": false, "pass": true` is two verdicts; which one a reader takes is chance.
        found = read_json(fenced[1] if fenced else bare, each_key_once=True)
        if not isinstance(found, Json) or not isinstance(found.value, Mapping):
            return NOT_JSON
        if _fits(self.name)(found.value) != 1.0:
            return OTHER_FORM
        if found.value["mark"] != mark:
            # What a text told the judge to say cannot bear the mark: it is not known before the text is.
            return OTHER_MARK
        return self.number(found.value)


def _share(items: Any) -> Scored:
    return sum(item["yes"] for item in items) / len(items) if items else NOTHING_JUDGED


PASS = Form(
    name="pass",
    properties={"pass": {"type": "boolean"}},
    shown='"pass": true or false',
    number=lambda verdict: float(verdict["pass"]),
)
GRADE = Form(
    name="grade",
    properties={"grade": {"type": "integer", "minimum": 1, "maximum": BEST_GRADE}},
    shown=f'"grade": a whole number from 1 (worst) to {BEST_GRADE} (best)',
    number=lambda verdict: (verdict["grade"] - 1) / (BEST_GRADE - 1),
    binary=False,
)
FACTS = Form(
    name="facts",
    properties={"category": {"enum": ["A", "B", "C", "D", "E"]}},
    shown='"category": "A", "B", "C", "D" or "E"',
    number=lambda verdict: float(verdict["category"] != "D"),
)
STATEMENTS = Form(
    name="statements",
    properties={
        "statements": {
            "type": "array",
            "maxItems": 200,
            "items": {
                "type": "object",
                "properties": {"text": {"type": "string"}, "yes": {"type": "boolean"}},
                "required": ["text", "yes"],
                "additionalProperties": False,
            },
        }
    },
    shown='"statements": [{"text": "...", "yes": true or false}, ...]',
    number=lambda verdict: _share(verdict["statements"]),
    binary=False,
)
FORMS = {form.name: form for form in (PASS, GRADE, FACTS, STATEMENTS)}


@cache
def _fits(name: str) -> Callable[[Any], Scored]:
    # Imported late: jsonschema takes 60 ms that a golden set without a judge need not pay.
    from driftwatch.scorers.schema import compiled_schema

    common = {"mark": {"type": "string"}, "reason": {"type": "string"}}
    properties = json.loads(json.dumps({**common, **FORMS[name].properties}))
    return compiled_schema(
        {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    )
