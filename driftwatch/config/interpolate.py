"""`${VAR}`, `${VAR:-default}` and `$$` in text values, after parsing: a variable can never become structure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from driftwatch.domain.errors import Problem

Where = tuple[str | int, ...]

_REFERENCE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<inside>[^{}\n]*)\})")
_INSIDE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.DOTALL)
_PRIVATE = range(0xE000, 0xF8FF)


@dataclass(frozen=True, slots=True)
class Shield:
    """Hides the braces of `${…}` from YAML, where they would open a mapping.

    ``oncall: {slack_webhook: ${URL}}`` is what people write, and in a flow mapping YAML ends the
    text at the brace. The braces of references are replaced by two private characters that the
    document does not use, and put back in what was parsed. Lines and columns stay as they are.

    Examples
    --------
    >>> shield = Shield.over("a: {b: ${X}}")
    >>> "${" in shield.hide("a: {b: ${X}}"), shield.show({"b": [shield.hide("${X}")]})
    (False, {'b': ['${X}']})
    """

    left: str
    right: str

    @classmethod
    def over(cls, text: str) -> "Shield":
        """Return a shield whose two characters do not occur in `text`."""
        used = set(text)
        free = (chr(code) for code in _PRIVATE if chr(code) not in used)
        return cls(next(free, ""), next(free, ""))

    def hide(self, text: str) -> str:
        """Replace the braces of every reference."""
        if not self.right:
            return text
        return _REFERENCE.sub(lambda m: m[0] if m["dollar"] else f"${self.left}{m['inside']}{self.right}", text)

    def show(self, value: Any) -> Any:
        """Put the braces back, in a copy of `value`."""
        if isinstance(value, str):
            return value.replace(self.left, "{").replace(self.right, "}") if self.right else value
        if isinstance(value, list):
            return [self.show(item) for item in value]
        if isinstance(value, dict):
            return {self.show(key): self.show(item) for key, item in value.items()}
        return value


@dataclass(slots=True)
class Interpolation:
    """One walk over a document, filling in variables.

    Parameters
    ----------
    environ : mapping
        The variables.
    problem : callable
        Makes a `Problem` at a path.

    Examples
    --------
    >>> fill = Interpolation({"HOST": "a: [b"}, problem=lambda path, **words: None)
    >>> fill.walk({"url": "https://${HOST}/${PATH:-v1}", "price": "$$5"})
    {'url': 'https://a: [b/v1', 'price': '$5'}
    """

    environ: Mapping[str, str]
    problem: Callable[..., Problem]
    problems: list[Problem] = field(default_factory=list)
    failed: set[Where] = field(default_factory=set)

    def walk(self, value: Any, path: Where = ()) -> Any:
        """Return a copy of `value` with every reference replaced; what fails is noted and stays as it is."""
        if isinstance(value, str):
            return _REFERENCE.sub(lambda match: self._one(match, path), value) if "$" in value else value
        if isinstance(value, list):
            return [self.walk(item, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, dict):
            return {key: self.walk(item, (*path, key)) for key, item in value.items()}
        return value

    def _one(self, match: re.Match[str], path: Where) -> str:
        if match["dollar"]:
            return "$"
        inside = _INSIDE.fullmatch(match["inside"])
        if inside is None:
            return self._fail(
                match[0],
                path,
                f"`{match[0][:60]}` is not a variable",
                "write ${NAME} or ${NAME:-default}; $$ is a dollar.",
            )
        content = self.environ.get(inside["name"])
        if inside["default"] is not None:
            return content or inside["default"]
        if content is None:
            need = f"set it in the environment, or write ${{{inside['name']}:-default}}."
            return self._fail(match[0], path, f"the variable {inside['name']} is not set", need)
        return content

    def _fail(self, raw: str, path: Where, met: str, need: str) -> str:
        self.failed.add(path)
        self.problems.append(self.problem(path, met=met, need=need, slug="config-variable"))
        return raw
