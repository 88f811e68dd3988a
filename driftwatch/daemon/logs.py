"""Logs: one line per event, on stderr, secrets removed, nothing in them that a terminal would obey."""

import json
import logging
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from math import isfinite
from typing import Any

import structlog

Event = MutableMapping[str, Any]
ASIDE = ("timestamp", "level", "event", "exception")


def configure(*, secrets: Sequence[str] = (), as_json: bool = False, level: str = "INFO") -> "Redact":
    """Send structlog's events, and what libraries log, to stderr.

    Parameters
    ----------
    secrets : sequence of str
        Replaced by ``***`` wherever they turn up.
    as_json : bool
        One JSON object per line, for log collectors; otherwise a line to be read.

    Returns
    -------
    Redact
        Which can be told further secrets.
    """
    redact = Redact(secrets)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            _as_json if as_json else _as_line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries (APScheduler, Alembic) speak only when something is wrong.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OfLibraries(redact))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    return redact


class Redact:
    """Removes secrets from an event, however deep they are in it, and leaves nothing but JSON's own types."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets: tuple[str, ...] = ()
        self.learn(secrets)

    def learn(self, secrets: Sequence[str]) -> None:
        """Remove these from now on, too."""
        known = {*self._secrets, *(secret for secret in secrets if len(secret) >= 4)}
        # Longest first: one secret may be part of another.
        self._secrets = tuple(sorted(known, key=len, reverse=True))

    def __call__(self, _logger: Any, _method: str, event: Event) -> Event:
        return {self.text(key): self._clean(value) for key, value in event.items()}

    def text(self, text: str) -> str:
        """Return the text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def _clean(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            # JSON knows neither infinity nor NaN.
            return value if isfinite(value) else str(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self._clean(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._clean(inner) for inner in value]
        return self.text(str(value))


class OfLibraries(logging.Formatter):
    """Renders what libraries log, tracebacks too, under the same rules as our own events."""

    def __init__(self, redact: Redact) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, and the lines of the traceback if there is one."""
        said = _escaped(self._redact.text(record.getMessage()))
        line = f"{record.levelname} {_escaped(record.name)} {said}"
        if not record.exc_info:
            return line
        return f"{line}\n{_printable(self._redact.text(self.formatException(record.exc_info)))}"


def _as_json(_logger: Any, _method: str, event: Event) -> str:
    return _dumped(event)


def _as_line(_logger: Any, _method: str, event: Event) -> str:
    """Render for people, escaped as JSON is."""
    facts = " ".join(f"{_plain(key)}={_plain(value)}" for key, value in event.items() if key not in ASIDE)
    line = f"{event['timestamp']} {event['level']:<7} {_escaped(str(event['event']))}  {facts}".rstrip()
    trace = event.get("exception")
    return f"{line}\n{_printable(trace)}" if trace else line


def _plain(value: Any) -> str:
    text = _dumped(value)
    bare = text[1:-1]
    return bare if isinstance(value, str) and bare and " " not in bare and "\\" not in bare else text


def _printable(trace: str) -> str:
    return "\n".join(_escaped(line) for line in trace.splitlines())


def _escaped(text: str) -> str:
    return _dumped(text)[1:-1]


def _dumped(value: Any) -> str:
    # json.dumps escapes control characters and everything beyond ASCII, except DEL.
    return json.dumps(value, default=str).replace("\x7f", "\\u007f")
