"""`driftwatch doctor`: what to look at when something is odd, and to paste into an issue."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import click

from driftwatch.cli.errors import Exit
from driftwatch.cli.findings import Line
from driftwatch.cli.frame import Frame
from driftwatch.cli.terminal import say, say_json

if TYPE_CHECKING:
    from driftwatch.config.settings import Settings
    from driftwatch.services.ports import Store

FAULTS_OF_THE_FILE = frozenset({"store-url", "store-path"})
"""Troubles of the store that the configuration's own words cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A line, and the part of the examination it belongs to."""

    part: str
    line: Line

    @property
    def exit(self) -> Exit:
        """What the process says of it."""
        if self.line.mark != "error":
            return Exit.NO_DRIFT
        slug = self.line.slug or ""
        own = self.part in ("configuration", "secrets") and (
            not slug.startswith("store-") or slug in FAULTS_OF_THE_FILE
        )
        return Exit.USAGE if own else Exit.UNKNOWN


@click.command()
@click.option("--online", is_flag=True, help="Compare the clock with that of a host in the network.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def doctor(ctx: click.Context, *, online: bool, as_json: bool) -> None:
    """Look at everything that may be odd: versions, configuration, store, daemon, clock, outbox, replays, environment.

    Nothing is written, no endpoint is asked, and no secret is printed: paste it into an issue. Endpoint names, paths
    and host names are in it.

    Exits with 0 if no line is a fault, with 2 if the configuration has one, with 3 if another part has, or could not
    be looked at.
    """
    frame = ctx.find_object(Frame)
    assert frame is not None  # noqa: S101  # set by the group; for mypy
    found = list(examined(frame, online=online))
    if as_json:
        lines = [
            {"part": one.part, "mark": _mark(one), "what": one.line.what, "told": one.line.told, "slug": one.line.slug}
            for one in found
        ]
        say_json({"version": 1, "exit_code": int(_exit(found)), "lines": lines})
    else:
        _show(found)
    ctx.exit(_exit(found))


def examined(frame: Frame, *, online: bool) -> Iterator[Found]:
    """Yield what was found; a part that breaks is a line of its own, and the others go on."""
    from driftwatch.cli import doctor_here

    yield from _part("versions", doctor_here.versions)
    yield from _part("extras", doctor_here.extras)
    settings, redact = _settings(frame)
    yield from _part("configuration", partial(_checked, frame), redact)
    if frame.config.exists():
        yield from _part("secrets", partial(doctor_here.secret_files, frame.config, os.environ), redact)
    if settings is None:
        told = "not looked at: the configuration says where it is, and cannot be read."
        yield Found(part="store", line=Line(mark="warning", what="store", told=told))
    else:
        yield from _of_the_store(frame, settings, redact, online=online)
    yield from _part("environment", partial(doctor_here.environment, os.environ), redact)


def _settings(frame: Frame) -> "tuple[Settings | None, Callable[[str], str]]":
    from driftwatch.bootstrap.keys import redacting, secrets_of
    from driftwatch.cli.doctor_here import secrets_around
    from driftwatch.domain.errors import ConfigError

    try:
        settings: Settings | None = frame.settings()
    except ConfigError:
        settings = frame.older()
    # A broken file may have a key in the wrong place, and its error may quote that.
    known = secrets_of(settings) if settings is not None else ()
    return settings, redacting((*known, *secrets_around(frame.config, os.environ)))


def _checked(frame: Frame) -> Iterator[Line]:
    from driftwatch.cli.check import checked

    yield from checked(frame)


def _of_the_store(frame: Frame, settings: "Settings", redact: Callable[[str], str], *, online: bool) -> Iterator[Found]:
    from driftwatch.adapters.store.examine import Examined, examine
    from driftwatch.bootstrap import stores
    from driftwatch.bootstrap.clocks import system_clock
    from driftwatch.cli import doctor_store

    seen: list[Examined] = []

    def look() -> Iterator[Line]:
        if settings.store_path is not None and not stores.store_exists(settings):
            yield Line(mark="warning", what=str(settings.store_name), told="not made yet; the first replay makes it.")
            return
        seen.append(examine(settings.store_url))
        yield from doctor_store.store(seen[0], str(settings.store_name))

    yield from _part("store", look, redact)
    found, now = next(iter(seen), None), system_clock().now()
    if found is not None:
        yield from _part("daemon", partial(doctor_store.daemon, frame, found), redact)
    yield from _part("clock", partial(doctor_store.clocks, now, found, settings, online=online), redact)
    # Opened only where nothing is upgraded by it.
    if found is not None and found.version == found.head and not found.damage:

        def kept(look: Callable[["Store"], Iterable[Line]]) -> Iterator[Line]:
            with stores.open_to_look(settings) as store:
                yield from look(store)

        yield from _part("outbox", partial(kept, partial(doctor_store.outbox, now=now)), redact)
        yield from _part("endpoints", partial(kept, partial(doctor_store.endpoints, settings=settings)), redact)


def _part(name: str, look: Callable[[], Iterable[Line]], redact: Callable[[str], str] = str) -> Iterator[Found]:
    from driftwatch.domain.errors import DriftwatchError
    from driftwatch.domain.legible import one_line

    def told(line: Line) -> Found:
        return Found(part=name, line=replace(line, what=one_line(redact(line.what)), told=one_line(redact(line.told))))

    try:
        for line in look():
            yield told(line)
    except DriftwatchError as error:
        said = str(error).removesuffix(f" See: driftwatch explain {error.slug}")
        yield told(Line(mark="error", what=name, told=said, slug=error.slug))
    except Exception as error:  # noqa: BLE001  # the others are still worth a look
        yield told(Line(mark="error", what=name, told=f"could not be looked at: {type(error).__name__}: {error}"))


def _exit(found: Iterable[Found]) -> Exit:
    """Return 2 before 3: what the configuration has wrong may be why the rest could not be looked at."""
    codes = {one.exit for one in found}
    return next((code for code in (Exit.USAGE, Exit.UNKNOWN) if code in codes), Exit.NO_DRIFT)


def _mark(one: Found) -> str:
    return "fault" if one.line.mark == "error" else one.line.mark


def _show(found: Iterable[Found]) -> None:
    part = ""
    for one in found:
        if one.part != part:
            part = one.part
            say(f"{part}:")
        more = f" See: driftwatch explain {one.line.slug}" if one.line.slug else ""
        say(f"  {_mark(one):<8} {one.line.what}: {one.line.told}{more}")
