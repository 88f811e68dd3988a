"""`driftwatch db`: the store's tables."""

import click

from driftwatch.cli.errors import Exit
from driftwatch.cli.frame import Frame
from driftwatch.cli.terminal import say, say_json


@click.group()
def db() -> None:
    """Upgrade or check the store's tables."""


@db.command()
@click.pass_obj
def upgrade(frame: Frame) -> None:
    """Bring the store to this version's schema; an older file is copied first, a database is for you to back up."""
    from driftwatch.adapters.store import upgrade as upgrade_store
    from driftwatch.bootstrap import stores

    settings = frame.settings()
    with stores.lock_store(settings):
        done = upgrade_store(settings.store_url)
    if done.before == done.after:
        say(f"{settings.store_name} has schema {done.after} already.")
        return
    say(f"{settings.store_name}: schema {done.before or 'none'} → {done.after}.")
    if done.backup:
        say(f"The store as it was: {done.backup}")


@db.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check(ctx: click.Context, *, as_json: bool) -> None:
    """Look for damage, dangling rows and a schema that differs; nothing is changed."""
    from driftwatch.adapters.store import check as check_store

    frame = ctx.find_object(Frame)
    assert frame is not None  # noqa: S101  # set by the group; for mypy
    settings = frame.settings()
    wrong = check_store(settings.store_url)
    if as_json:
        say_json({"store": str(settings.store_name), "wrong": list(wrong)})
    else:
        say("\n".join(wrong) or f"{settings.store_name} is sound.")
    ctx.exit(Exit.UNKNOWN if wrong else Exit.NO_DRIFT)
