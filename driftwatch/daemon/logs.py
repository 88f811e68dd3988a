"""Logs: one line per event, on stderr, secrets removed, nothing in them that a terminal would obey."""

import json
import logging
import sys
from collections.abc import MutableMapping, Sequence
from typing import Any

import structlog

Event = MutableMapping[str, Any]
ASIDE = ("timestamp", "level", "event", "exception")


def configure(*, secrets: Sequence[str] = (), as_json: bool = False, level: str = "INFO") -> None:
    """Send structlog's events, and what libraries log, to stderr.

    Parameters
    ----------
    secrets : sequence of str
        Replaced by ``***`` wherever they turn up.
    as_json : bool
        One JSON object per line, for log collectors; otherwise a line to be read.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _Redact(secrets),
            _as_json if as_json else _as_line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries (APScheduler, Alembic) speak only when something is wrong.
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)r")


class _Redact:
    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = tuple(s for s in secrets if len(s) >= 4)

    def __call__(self, _logger: Any, _method: str, event: Event) -> Event:
        for key, value in event.items():
            if isinstance(value, str):
                event[key] = self._clean(value)
        return event

    def _clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def _as_json(_logger: Any, _method: str, event: Event) -> str:
    return json.dumps(event, default=str)


def _as_line(_logger: Any, _method: str, event: Event) -> str:
    """Render for people; json.dumps escapes control characters and everything beyond ASCII."""
    facts = " ".join(f"{key}={_plain(value)}" for key, value in event.items() if key not in ASIDE)
    line = f"{event['timestamp']} {event['level']:<7} {json.dumps(event['event'])[1:-1]}  {facts}".rstrip()
    trace = event.get("exception")
    return f"{line}\n{_printable(trace)}" if trace else line


def _plain(value: Any) -> str:
    text = json.dumps(value, default=str)
    bare = text[1:-1]
    return bare if isinstance(value, str) and bare and " " not in bare and "\\" not in bare else text


def _printable(trace: str) -> str:
    return "\n".join(json.dumps(line)[1:-1] for line in trace.splitlines())
