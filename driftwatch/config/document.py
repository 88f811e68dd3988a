"""A configuration file as it was read: its values, and a message for any place in it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from driftwatch.adapters.yaml_strict import Parsed, parse, read_text
from driftwatch.config.interpolate import Shield, Where
from driftwatch.domain.errors import ConfigError, Problem

MAX_BYTES = 128_000
# Never shown in a message, nor what stands under them; a key pasted into `api_key_file` is a key too.
_SECRET = ("api_key", "slack_webhook", "slack_token", "webhook", "url", "store", "base_url", "params")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One parsed file.

    Parameters
    ----------
    values : dict
        As written, variables not yet filled in.
    problems : tuple of Problem
        What is wrong with the writing and leaves the rest readable: repeated keys.
    """

    parsed: Parsed
    values: dict[str, Any]
    problems: tuple[Problem, ...] = ()

    @classmethod
    def read(cls, path: Path) -> "Document":
        """Read and parse a file strictly.

        Raises
        ------
        ConfigError
            Unreadable, too large, not YAML, or not a mapping of keys.
        """
        text = read_text(path, shown=str(path), max_bytes=MAX_BYTES)
        shield = Shield.over(text)
        noted: list[Problem] = []
        try:
            parsed = parse(shield.hide(text), file=str(path), noted=noted)
        except ConfigError as error:
            raise ConfigError(tuple(_shown(problem, shield) for problem in error.problems)) from None
        values = shield.show(parsed.value)
        if not isinstance(values, dict):
            met = "the file is empty" if values is None else "this is not a mapping of keys"
            need = "begin with `endpoints:`; `driftwatch init` writes an example."
            raise ConfigError((*noted, parsed.problem((), met=met, need=need, slug="config-wrong-value")))
        return cls(parsed=parsed, values=values, problems=tuple(_shown(problem, shield) for problem in noted))

    def problem(self, path: Where, *, met: str, need: str, slug: str) -> Problem:
        """Return a problem at `path`."""
        return self.parsed.problem(path, met=met, need=need, slug=slug)

    def known(self, path: Where) -> Where:
        """Return the part of `path` that leads to something that was written."""
        value: Any = self.values
        for depth, step in enumerate(path):
            inside = isinstance(value, list) and isinstance(step, int) and step < len(value)
            if not inside and not (isinstance(value, dict) and step in value):
                return path[:depth]
            value = value[step]
        return path

    def written(self, path: Where) -> Any:
        """Return what stands at a path that leads somewhere."""
        value: Any = self.values
        for step in path:
            value = value[step]
        return value

    def show(self, path: Where) -> str:
        """Say in a few words what stands at `path`; never a secret, nor what a variable held."""
        if any(str(step).removesuffix("_file") in _SECRET for step in path):
            return "cannot be used"
        value = self.written(path)
        if isinstance(value, str) and "://" in value and "@" in value:
            # An address with a user and a password, or meant to be one.
            return "cannot be used"
        if isinstance(value, dict | list):
            return "is a mapping" if isinstance(value, dict) else "is a list"
        if value is None or value == "":
            return "is empty"
        words = str(value).lower() if isinstance(value, bool) else str(value)
        return f"is `{words}`" if len(words) <= 60 else f"is `{words[:60]}…`"


def dotted(path: Where) -> str:
    """Return a path as people write it.

    Examples
    --------
    >>> dotted(("endpoints", 2, "temperature"))
    'endpoints[2].temperature'
    """
    words = "".join(f"[{step}]" if isinstance(step, int) else f".{step[:60]}" for step in path)
    return words.removeprefix(".")


def _shown(problem: Problem, shield: Shield) -> Problem:
    met = str(shield.show(problem.met))
    return Problem(file=problem.file, line=problem.line, met=met, need=problem.need, slug=problem.slug)
