"""JSON with the line of every value; of a list that breaks off, what stands before the break."""

import json
import re
from bisect import bisect_right
from json.decoder import scanstring  # type: ignore[attr-defined]  # typeshed leaves it out
from typing import Any

from driftwatch.adapters.yaml_strict import MAX_DEPTH, Node

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,400})(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None}


class JsonBrokenError(ValueError):
    """The text is not JSON from this line on.

    Parameters
    ----------
    whole : Node, optional
        What could be read before: the items of the outermost list that were whole.
    """

    def __init__(self, met: str, line: int, whole: Node | None = None) -> None:
        super().__init__(met)
        self.line = line
        self.whole = whole


def json_nodes(text: str) -> Node:
    r"""Return the value with the line of everything in it.

    Raises
    ------
    JsonBrokenError
        If the text is not JSON, with what stands before the break.

    Examples
    --------
    >>> root = json_nodes('[\n  {"a": 1},\n  {"b": tru')
    Traceback (most recent call last):
    driftwatch.adapters.probes.interop.json_nodes.JsonBrokenError: no value begins here
    >>> json_nodes('[\n  {"a": 1}\n]').children[0].line
    2
    """
    return _Reader(text).document()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self.items: dict[str | int, Node] | None = None

    def document(self) -> Node:
        try:
            node, end = self._value(0, 0)
            if self._skip(end) != len(self.text):
                raise self._broken("something follows the value", self._skip(end))
        except JsonBrokenError as error:
            if self.items:
                error.whole = Node([item.value for item in self.items.values()], 1, 1, self.items)
            raise
        return node

    def _line(self, at: int) -> int:
        return bisect_right(self.starts, at)

    def _skip(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        return match.end() if match else at

    def _broken(self, met: str, at: int) -> JsonBrokenError:
        return JsonBrokenError(met, self._line(at))

    def _value(self, at: int, depth: int) -> tuple[Node, int]:
        at = self._skip(at)
        if depth > MAX_DEPTH:
            raise self._broken(f"values are nested deeper than {MAX_DEPTH}", at)
        first = self.text[at : at + 1]
        if first == "{":
            return self._object(at, depth)
        if first == "[":
            return self._array(at, depth)
        if first == '"':
            value, end = self._string(at)
            return Node(value, self._line(at)), end
        return self._word(at)

    def _word(self, at: int) -> tuple[Node, int]:
        for word, value in _WORDS.items():
            if self.text.startswith(word, at):
                return Node(value, self._line(at)), at + len(word)
        match = _NUMBER.match(self.text, at)
        if match is None:
            raise self._broken("no value begins here", at)
        number: Any = json.loads(match[0])
        if number in (float("inf"), float("-inf")):
            raise self._broken("a number is too large", at)
        return Node(number, self._line(at)), match.end()

    def _string(self, at: int) -> tuple[str, int]:
        try:
            value, end = scanstring(self.text, at + 1, False)  # positional only
        except ValueError as error:
            raise self._broken(str(error).partition(":")[0], at) from None
        return value, end

    def _array(self, at: int, depth: int) -> tuple[Node, int]:
        children: dict[str | int, Node] = {}
        if depth == 0:
            self.items = children
        end = self._skip(at + 1)
        if self.text[end : end + 1] == "]":
            return Node([], self._line(at)), end + 1
        while True:
            node, end = self._value(end, depth + 1)
            # Taken only when something proper follows: a number cut in two is not the number.
            end, closed = self._follows(end, "]")
            children[len(children)] = node
            if closed:
                return Node([c.value for c in children.values()], self._line(at), 1, children), end

    def _object(self, at: int, depth: int) -> tuple[Node, int]:
        children: dict[str | int, Node] = {}
        end = self._skip(at + 1)
        if self.text[end : end + 1] == "}":
            return Node({}, self._line(at)), end + 1
        while True:
            end = self._skip(end)
            if self.text[end : end + 1] != '"':
                raise self._broken("a key in double quotes must stand here", end)
            key, end = self._string(end)
            end = self._skip(end)
            if self.text[end : end + 1] != ":":
                raise self._broken(f"a colon must follow the key {key[:40]!r}", end)
            children[key], end = self._value(end + 1, depth + 1)
            end, closed = self._follows(end, "}")
            if closed:
                value = {name: child.value for name, child in children.items()}
                return Node(value, self._line(at), 1, children), end

    def _follows(self, at: int, closing: str) -> tuple[int, bool]:
        at = self._skip(at)
        found = self.text[at : at + 1]
        if found not in (",", closing) or not found:
            raise self._broken(f"a comma or {closing} must stand here", at)
        return at + 1, found == closing
