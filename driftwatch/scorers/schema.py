"""JSON Schema 2020-12 on hostile values: no network, no endless pattern, no quadratic comparison."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.exceptions import SchemaError
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable

from driftwatch.scorers import argument as arg
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.json_value import frozen_json
from driftwatch.scorers.pattern import compiled_pattern, found
from driftwatch.scorers.verdict import Scored, Unscored

# Words of a schema under which patterns stand that jsonschema would search for without a time limit.
UNBOUNDED = ("patternProperties", "unevaluatedProperties")
NEED = "give a JSON Schema of draft 2020-12."


def compiled_schema(schema: Any) -> Callable[[Any], Scored]:
    """Return what tells whether a value fits the schema.

    `format` is not checked; a `$ref` may point only into the schema itself.

    Raises
    ------
    ScorerArgumentError
        If it is not a schema, or refers to another document.

    Examples
    --------
    >>> fits = compiled_schema({"type": "object", "required": ["name"]})
    >>> fits({"name": "Anna"}), fits([])
    (1.0, 0.0)
    """
    _check(schema)
    validator = _Validator(schema, registry=Registry())

    def fits(value: Any) -> Scored:
        try:
            return float(next(validator.iter_errors(value), None) is None)
        except _OutOfTimeError:
            return Unscored("timeout: a pattern of the schema took too long on this answer")
        except RecursionError:
            return Unscored("the JSON or its schema is nested too deeply")
        except (ArithmeticError, ValueError) as error:
            return Unscored(f"the schema cannot judge this answer: {error}"[:200])

    return fits


def _check(schema: Any) -> None:
    if not isinstance(schema, bool | Mapping):
        raise ScorerArgumentError(f"the schema is {arg.shown(schema)}", NEED)
    try:
        _check_parts(schema)
        # Without the check of formats: it would try patterns with `re`, which knows no \p{L}.
        Draft202012Validator.check_schema(schema, format_checker=FormatChecker(()))
        # An empty value finds references that lead nowhere, as far as it gets.
        next(_Validator(schema, registry=Registry()).iter_errors({}), None)
    except SchemaError as error:
        where = "/".join(map(str, error.path)) or "its top"
        raise ScorerArgumentError(f"the schema is wrong at {where} ({arg.shown(error.message)})", NEED) from None
    except Unresolvable as error:
        raise ScorerArgumentError(f"the schema's $ref {error.ref} leads nowhere", 'define it under "$defs".') from None
    except (RecursionError, ArithmeticError, TypeError, _OutOfTimeError):
        raise ScorerArgumentError("the schema is nested too deeply, or refers to itself", NEED) from None


def _check_parts(schema: Any) -> None:
    if isinstance(schema, list):
        for item in schema:
            _check_parts(item)
    elif isinstance(schema, Mapping):
        if all(word in schema for word in UNBOUNDED):
            raise ScorerArgumentError(f"the schema has both {' and '.join(UNBOUNDED)}", "use additionalProperties.")
        for key, value in schema.items():
            _check_word(key, value)
            if key not in ("const", "enum", "default", "examples"):
                _check_parts(value)


def _check_word(key: str, value: Any) -> None:
    if key in ("$ref", "$dynamicRef") and isinstance(value, str) and not value.startswith("#"):
        need = 'nothing is fetched: put it under "$defs" and refer to "#/$defs/\u2026".'
        raise ScorerArgumentError(f"the schema refers to {arg.shown(value)}", need)
    if key == "pattern" and isinstance(value, str):
        compiled_pattern(value)
    if key == "patternProperties" and isinstance(value, Mapping):
        for pattern in value:
            compiled_pattern(pattern)


class _OutOfTimeError(Exception):
    """A pattern could not be searched for in time."""


def _searched(pattern: str, text: str) -> bool:
    verdict = found(compiled_pattern(pattern), text)
    if isinstance(verdict, Unscored):
        raise _OutOfTimeError
    return verdict == 1.0


def _pattern(validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(value, "string") and not _searched(pattern, value):
        yield ValidationError("the pattern does not match")


def _pattern_properties(validator: Any, patterns: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(value, "object"):
        for pattern, part in patterns.items():
            for key, item in value.items():
                if _searched(pattern, key):
                    yield from validator.descend(item, part, path=key, schema_path=pattern)


def _additional_properties(validator: Any, part: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    if not validator.is_type(value, "object"):
        return
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for key, item in value.items():
        if key not in known and not any(_searched(pattern, key) for pattern in patterns):
            yield from validator.descend(item, part, path=key)


def _unique_items(validator: Any, unique: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if unique and validator.is_type(value, "array") and len(set(map(frozen_json, value))) < len(value):
        yield ValidationError("items are not unique")


_Validator = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "uniqueItems": _unique_items,
    },
)
