"""Token counts as vendors report them, believed only where they can be true."""

from collections.abc import Mapping
from typing import Any

from driftwatch.domain.answer import Usage

ABSURD = 100_000_000


def parse_usage(found: Any) -> Usage:
    """Return the counts; whatever is missing, negative, fractional, text or absurd is None.

    Examples
    --------
    >>> parse_usage({"prompt_tokens": 7, "completion_tokens": -1, "prompt_tokens_details": {"cached_tokens": 4}})
    Usage(input_tokens=7, output_tokens=None, reasoning_tokens=None, cached_tokens=4)
    """
    if not isinstance(found, Mapping):
        return Usage()
    return Usage(
        input_tokens=_count(found.get("prompt_tokens")),
        output_tokens=_count(found.get("completion_tokens")),
        reasoning_tokens=_count(_detail(found, "completion_tokens_details", "reasoning_tokens")),
        cached_tokens=_count(_detail(found, "prompt_tokens_details", "cached_tokens")),
    )


def _detail(found: Mapping[str, Any], group: str, name: str) -> Any:
    details = found.get(group)
    return details.get(name) if isinstance(details, Mapping) else None


def _count(value: Any) -> int | None:
    # bool is an int, and `true` is not a count.
    return value if type(value) is int and 0 <= value < ABSURD else None
