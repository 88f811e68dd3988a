"""`driftwatch check`: configuration, golden sets and the store's place, before anything is paid for."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import click

from driftwatch.bootstrap.clocks import system_clock
from driftwatch.bootstrap.embedders import tried_embedder
from driftwatch.bootstrap.golden_sets import probe_set
from driftwatch.bootstrap.metrics import refuse_unfit_charts
from driftwatch.bootstrap.worlds import traces
from driftwatch.cli.errors import Exit
from driftwatch.cli.findings import Line, attempt, lines_of
from driftwatch.cli.frame import Frame
from driftwatch.cli.terminal import say, say_json
from driftwatch.config.settings import EndpointSettings, Settings
from driftwatch.domain.errors import ConfigError
from driftwatch.domain.schedule import Every


@click.command()
@click.option("--online", is_flag=True, help="Ask every endpoint one question; costs what one question costs.")
@click.option("--send-test", is_flag=True, help="Send a test message on every route.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check(ctx: click.Context, *, online: bool, send_test: bool, as_json: bool) -> None:
    """Check the configuration, its golden sets, keys and the store's place.

    Exits with 2 if something must be mended. Warnings do not change the exit code.
    """
    frame = ctx.find_object(Frame)
    assert frame is not None  # noqa: S101  # set by the group; for mypy
    lines = list(checked(frame))
    if (online or send_test) and not any(line.mark == "error" for line in lines):
        from driftwatch.cli import check_online

        settings = frame.settings()
        lines += check_online.endpoints(settings) if online else ()
        lines += check_online.routes(settings) if send_test else ()
    show(lines, as_json=as_json)
    if any(line.mark == "error" for line in lines):
        ctx.exit(Exit.USAGE)


def checked(frame: Frame) -> Iterator[Line]:
    """Yield what was checked, in order; a configuration that cannot be read ends it."""
    try:
        settings = frame.settings()
    except ConfigError as error:
        yield from lines_of(error.problems, "error")
        return
    yield Line(mark="ok", what=str(frame.config), told=f"{len(settings.endpoints)} endpoint(s)")
    yield from lines_of(settings.warnings, "warning")
    yield from lines_of(settings.missing_keys, "error")
    golden = list(_golden_sets(settings))
    yield from golden
    if settings.embed is not None:
        yield from (line for line in attempt("embed", partial(tried_embedder, settings)) if line not in golden)
    yield from _pauses(settings)
    yield from _thresholds(settings)
    if settings.store_path is None:
        yield from attempt(settings.store_name, partial(_server, settings))
    else:
        yield _store(settings.store_path)
    if settings.otel is not None:
        yield from attempt("otel", partial(_traces, settings))


def show(lines: Iterable[Line], *, as_json: bool) -> None:
    """Print what was checked."""
    if as_json:
        say_json([{"mark": i.mark, "what": i.what, "told": i.told, "slug": i.slug} for i in lines])
        return
    for line in lines:
        more = f" See: driftwatch explain {line.slug}" if line.slug else ""
        say(f"{line.mark:<8} {line.what}: {line.told}{more}")


def _golden_sets(settings: Settings) -> Iterator[Line]:
    for endpoint in settings.endpoints:
        yield from attempt(f"{endpoint.name}: golden set", partial(_golden_set, settings, endpoint))


def _golden_set(settings: Settings, endpoint: EndpointSettings) -> str:
    golden = probe_set(settings, endpoint)
    refuse_unfit_charts(settings, endpoint, golden)
    return f"{golden.name}, {len(golden.probes)} probes, {golden.content_hash}"


def _traces(settings: Settings) -> str:
    """Say where traces go, if what sends them is installed; nothing is sent."""
    found = traces(settings)
    return f"traces go to {found.address}" if found is not None else "no traces"


def _pauses(settings: Settings) -> Iterator[Line]:
    """Say which pauses outlast the time between two replays: the slots between are skipped."""
    for endpoint in settings.endpoints:
        schedule = endpoint.schedule.as_schedule()
        if not isinstance(schedule, Every):
            continue
        with suppress(ConfigError):
            longest = max(probe_set(settings, endpoint).probes, key=lambda probe: probe.wait_s)
            if longest.wait_s >= schedule.interval.total_seconds():
                told = f"the probe {longest.id} pauses for {longest.wait_s:g} s, and a replay is due every "
                told += f"{schedule.interval.total_seconds():g} s: slots due meanwhile are skipped; replay less often."
                yield Line(mark="warning", what=f"{endpoint.name}: golden set", told=told, slug="pause-outlasts-replay")


def _thresholds(settings: Settings) -> Iterator[Line]:
    """Say whether the false-alarm budget can be kept at each endpoint's pace."""
    from driftwatch.adapters.calendar import replays_per_year

    now = system_clock().now()
    for endpoint in settings.endpoints:
        pace = replays_per_year(endpoint.schedule.as_schedule(), now)
        for budget in (settings.false_alarms.pages, settings.false_alarms.notices):
            try:
                budget.arl_replays(pace)
            except ValueError as error:
                yield Line(mark="error", what=endpoint.name, told=str(error), slug="config-false-alarms")


def _server(settings: Settings) -> str:
    """Say what the server of the store is, and whether it can be used; nothing is written."""
    from driftwatch.adapters.store import describe

    return describe(settings.store_url)


def _store(path: Path) -> Line:
    """Say whether the store can be made or written where it is to be; nothing is written."""
    if path.is_dir():
        return Line(mark="error", what=str(path), told="the store is a folder; name a file.", slug="store-path")
    if path.exists():
        fine = os.access(path, os.R_OK | os.W_OK) and os.access(path.parent, os.W_OK)
        wrong = "the store cannot be written; mend its owner or mode, or its file system if that is read-only."
        told = "the store can be written" if fine else wrong
    else:
        fine = path.parent.is_dir() and os.access(path.parent, os.W_OK | os.X_OK)
        wrong = "the store cannot be made here: no such folder, no right to, or a read-only file system."
        told = "the store will be made here" if fine else wrong
    return Line(mark="ok" if fine else "error", what=str(path), told=told, slug=None if fine else "store-path")
