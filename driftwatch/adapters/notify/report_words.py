"""The weekly report's words as a message. Pure, from the frozen payload; no vendor's library, for the terminal too."""

from collections.abc import Mapping
from typing import Any

from driftwatch.domain.legible import one_line

Payload = Mapping[str, Any]


def report_lines(payload: Payload, *, remark: str = "") -> list[str]:
    """Return the report's lines, verdict first; `remark` is about the message itself.

    Examples
    --------
    >>> report_lines({"verdict": "1 endpoint: 1 unchanged; coverage 100.0 %; nothing missed", "period": "last week",
    ...     "quiet": "Nothing moved.", "todo": [], "endpoints": [], "accounts": ["Cost: 2.87 USD."]})
    ['1 endpoint: 1 unchanged; coverage 100.0 %; nothing missed', 'last week', 'Nothing moved.', 'Cost: 2.87 USD.']
    """
    lines = [payload["verdict"], payload["period"], payload.get("quiet", "")]
    for todo in payload["todo"]:
        lines += [f"{todo['incident']} {todo['said']}", f"  {todo['command']}"]
    lines += [line_of(endpoint) for endpoint in payload["endpoints"]]
    lines += [more(payload, len(payload["endpoints"])), *payload["accounts"]]
    return [line for line in (*lines, remark) if line]


def line_of(endpoint: Payload) -> str:
    """Return an endpoint's line."""
    return f"{endpoint['symbol']} {one_line(endpoint['name'])}: {endpoint['state']}. {endpoint['said']}"


def more(payload: Payload, shown: int) -> str:
    """Return how many endpoints are not shown; empty for none."""
    left = payload.get("more_endpoints", 0) + len(payload["endpoints"]) - shown
    return f"and {left} more endpoints: driftwatch report" if left else ""
