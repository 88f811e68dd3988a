"""Every error has its page, and every command and option its line in the reference."""

import ast
import re
import runpy
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import pytest

from driftwatch.cli.frame import COMMANDS, main
from driftwatch.config.schema import json_schema
from driftwatch.domain.errors import Outcome

ROOT = Path(__file__).resolve().parents[2]
PAGES = {path.stem: path.read_text() for path in (ROOT / "docs" / "errors").glob("*.md")}
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+")
# Dynamic: EndpointError names its slug after its outcome.
FROM_OUTCOMES = {f"endpoint-{outcome.value.replace('_', '-')}" for outcome in Outcome if outcome is not Outcome.OK}


def text_of(node: ast.expr | None) -> Iterator[str]:
    """Yield the slug-like texts of a constant, or of both arms of a conditional."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and SLUG.fullmatch(node.value):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from text_of(node.body)
        yield from text_of(node.orelse)


def slugs_in(path: Path) -> Iterator[str]:
    """Yield every slug that a module uses, wherever one may stand."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield from slugs_of_call(node)
        elif isinstance(node, ast.arguments):
            yield from slugs_by_default(node)
        elif isinstance(node, ast.Dict) and "store" in path.parts:
            found = [text for item in (*node.keys, *node.values) for text in text_of(item)]
            yield from (text for text in found if text.startswith("store-"))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from re.findall(r"driftwatch explain ([a-z0-9]+(?:-[a-z0-9]+)+)", node.value)


def slugs_of_call(node: ast.Call) -> Iterator[str]:
    """Yield what is given as ``slug=``, or as the last of three arguments or more."""
    for keyword in node.keywords:
        if keyword.arg == "slug":
            yield from text_of(keyword.value)
    if len(node.args) >= 3:
        yield from text_of(node.args[-1])


def slugs_by_default(node: ast.arguments) -> Iterator[str]:
    """Yield the default of a parameter called ``slug``."""
    named = [*zip(node.args[::-1], node.defaults[::-1], strict=False)]
    named += [*zip(node.kwonlyargs, node.kw_defaults, strict=True)]
    for argument, default in named:
        if argument.arg == "slug":
            yield from text_of(default)


USED = {slug: path for path in sorted((ROOT / "driftwatch").rglob("*.py")) for slug in slugs_in(path)}


@pytest.mark.parametrize("slug", sorted(set(USED) | FROM_OUTCOMES))
def test_every_slug_has_a_page(slug: str) -> None:
    assert slug in PAGES, f"{USED.get(slug)} uses it; write docs/errors/{slug}.md"


@pytest.mark.parametrize("slug", sorted(PAGES))
def test_every_page_is_reached_and_has_a_title_and_a_way_on(slug: str) -> None:
    assert slug in set(USED) | FROM_OUTCOMES
    title, _, body = PAGES[slug].partition("\n")
    assert re.fullmatch(r"# [A-Za-z].* .*[^.]", title)  # a sentence: the slug alone says nothing more
    assert len(body.split()) >= 15
    assert max(map(len, PAGES[slug].splitlines())) <= 160


def test_the_reference_of_the_command_line_is_the_generated_one() -> None:
    generator = runpy.run_path(str(ROOT / "docs" / "reference" / "generate_cli.py"))
    assert (ROOT / "docs" / "reference" / "cli.md").read_text() == generator["reference"](), (
        "run: python docs/reference/generate_cli.py"
    )


def test_the_reference_names_every_command() -> None:
    """The table of the frame is what `--help` shows; the page must not be shorter."""
    text = (ROOT / "docs" / "reference" / "cli.md").read_text()
    missing = [name for name in COMMANDS if f"## `driftwatch {name}" not in text]
    assert not [name for name in missing if find_spec(COMMANDS[name].target.partition(":")[0])]


def keys(schema: dict[str, Any]) -> set[str]:
    """Return every key that a configuration may hold."""
    found = set(schema.get("properties", {}))
    return found.union(*(keys(inner) for inner in schema.get("$defs", {}).values()))


def test_every_key_of_the_configuration_is_in_the_reference() -> None:
    text = (ROOT / "docs" / "reference" / "configuration.md").read_text()
    assert not {key for key in keys(json_schema()) if f"`{key}`" not in text}


def test_every_sentence_of_the_help_ends_with_a_full_stop() -> None:
    assert all(entry.help.endswith(".") for entry in COMMANDS.values())
    assert all(isinstance(p, click.Option) and p.help for p in main.params if p.name not in ("help", "version"))
