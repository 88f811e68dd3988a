"""`driftwatch explain`: more about an error than fits its line."""

from difflib import get_close_matches

import click

from driftwatch.cli.terminal import say, say_json
from driftwatch.config.shipped import shipped


def pages() -> dict[str, str]:
    """Return the text of every page by slug."""
    found = {path.stem: path.read_text(encoding="utf-8") for path in shipped("errors").glob("*.md")}
    return dict(sorted(found.items()))


@click.command()
@click.argument("slug", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(slug: str | None, *, as_json: bool) -> None:
    """Say more about the error called SLUG; without SLUG, list them all."""
    known = pages()
    if slug is None:
        return _list(known, as_json=as_json)
    if slug not in known:
        near = get_close_matches(slug[:60], known, n=1)
        way_on = f"Did you mean `{near[0]}`?" if near else "`driftwatch explain` lists all."
        raise click.UsageError(f"there is no error called {slug[:60]!r}. {way_on}")
    if as_json:
        return say_json({"slug": slug, "text": known[slug]})
    return say(known[slug].rstrip())


def _list(known: dict[str, str], *, as_json: bool) -> None:
    titles = {slug: text.partition("\n")[0].removeprefix("# ") for slug, text in known.items()}
    if as_json:
        return say_json([{"slug": slug, "title": title} for slug, title in titles.items()])
    width = max(map(len, titles), default=0)
    for slug, title in titles.items():
        say(f"{slug:<{width}}  {title}")
    return None
