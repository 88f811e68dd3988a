"""A value in a foreign file and where it stands: its file, its line, its way from the top."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from driftwatch.adapters.yaml_strict import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One value; readers walk down from the top.

    Parameters
    ----------
    file : str
        As it is shown in messages.
    folder : Path
        The folder that paths in the file start from.
    steps : tuple
        Way from the top of the file.
    """

    file: str
    folder: Path
    node: Node
    steps: tuple[str | int, ...] = ()

    @property
    def value(self) -> Any:
        """What stands here."""
        return self.node.value

    @property
    def line(self) -> int:
        """The 1-based line."""
        return self.node.line

    @property
    def path(self) -> str:
        """The way from the top, as ``tests[3].vars.name``."""
        written = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.steps)
        return written.removeprefix(".")

    def get(self, key: str | int) -> "Part | None":
        """Return what stands under a key; None if nothing does, or null."""
        child = self.node.children.get(key)
        return None if child is None or child.value is None else self._down(key, child)

    def at(self, *keys: str | int) -> "Part | None":
        """Return what stands at the end of several keys."""
        part: Part | None = self
        for key in keys:
            part = part.get(key) if part is not None else None
        return part

    def text(self, *keys: str | int) -> str | None:
        """Return the text at the end of these keys, None if there is none."""
        part = self.at(*keys)
        return part.value if part is not None and isinstance(part.value, str) else None

    def value_at(self, *keys: str | int) -> Any:
        """Return the value at the end of these keys, None if there is none."""
        part = self.at(*keys)
        return None if part is None else part.value

    def items(self) -> list["Part"]:
        """Return the parts of a list; of anything else, none."""
        return [self._down(key, child) for key, child in self._children()] if isinstance(self.value, list) else []

    def fields(self) -> list[tuple[str, "Part"]]:
        """Return the parts of a mapping with their keys; of anything else, none."""
        if not isinstance(self.value, dict):
            return []
        return [(str(key), self._down(key, child)) for key, child in self._children()]

    def stand_in(self, value: Any) -> "Part":
        """Return a part with another value at the same place."""
        return Part(file=self.file, folder=self.folder, node=on_line(value, self.line), steps=self.steps)

    def _children(self) -> Iterator[tuple[str | int, Node]]:
        return iter(self.node.children.items())

    def _down(self, key: str | int, child: Node) -> "Part":
        return Part(file=self.file, folder=self.folder, node=child, steps=(*self.steps, key))


def on_line(value: Any, line: int) -> Node:
    """Return a value that stands on one line as a node, with everything in it.

    Examples
    --------
    >>> on_line({"a": [1, 2]}, 7).children["a"].children[1].line
    7
    """
    children: dict[str | int, Node] = {}
    if isinstance(value, dict):
        children = {key: on_line(item, line) for key, item in value.items()}
    elif isinstance(value, list):
        children = {index: on_line(item, line) for index, item in enumerate(value)}
    return Node(value, line, 1, children)
