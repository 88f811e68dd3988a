"""A golden set as text that the strict loader reads back unchanged."""

import json
import re
from collections.abc import Sequence
from typing import Any

import yaml

from driftwatch.adapters.yaml_strict import resolve

WIDTH = 110

# YAML 1.1 folds these like line feeds; between double quotes they are escaped.
_BREAKS = re.compile("[\r\x85\u2028\u2029\ufeff]")


def as_yaml(name: str, probes: Sequence[dict[str, Any]], *, head: Sequence[str] = ()) -> str:
    r"""Return a golden set in YAML.

    Parameters
    ----------
    head : sequence of str
        Lines of a comment above it.

    Examples
    --------
    >>> print(as_yaml("greetings", [{"id": "hi", "prompt": "Say: hi\nTwice.", "scorers": [{"contains": "1e3"}]}]))
    name: greetings
    probes:
      - id: hi
        prompt: |-
          Say: hi
          Twice.
        scorers:
          - contains: "1e3"
    <BLANKLINE>
    """
    return document({"name": name, "probes": list(probes)}, head=head)


def document(value: Any, *, head: Sequence[str] = (), ascii_only: bool = False) -> str:
    """Return any value in YAML, below the lines of a comment."""
    comment = "".join(f"# {line}\n" for line in head)
    body = yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=not ascii_only,
        width=WIDTH,
        default_flow_style=False,
    )
    return comment + body


def as_json_lines(name: str, probes: Sequence[dict[str, Any]]) -> str:
    """Return a golden set in JSON lines, for sets that are too large for YAML."""
    return "".join(json.dumps(item, ensure_ascii=True) + "\n" for item in ({"name": name}, *probes))


class _Dumper(yaml.SafeDumper):
    """PyYAML writes YAML 1.1; this one quotes what YAML 1.2 would read as something else."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        del indentless
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if _BREAKS.search(text) or ("\n" not in text and resolve_or_none(text) != text):
        style = '"'
    elif "\n" in text:
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def resolve_or_none(text: str) -> Any:
    """Return what the strict reader would take an unquoted text for, None if it would refuse it."""
    try:
        return resolve(text)
    except ValueError:
        return None


_Dumper.add_representer(str, _text)
