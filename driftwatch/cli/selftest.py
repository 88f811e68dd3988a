"""`driftwatch selftest`: known drifts through everything a real one goes through."""

import asyncio
from typing import TYPE_CHECKING, Any

import click

from driftwatch.cli.frame import Frame
from driftwatch.cli.terminal import say, say_json
from driftwatch.domain.listing import counted

if TYPE_CHECKING:
    from driftwatch.domain.selftest import SelfTest
    from driftwatch.selftest.run import Told

PASSED, MISSED, COULD_NOT_TELL = 0, 1, 3


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def selftest(frame: Frame, *, as_json: bool) -> None:
    """Let a scripted endpoint drift in known ways, and tell operations how driftwatch took it.

    Exits with 0 if every drift was told as it must be and the message arrived, 1 if one was not, 3 if there is no
    route for operations, so that nothing could arrive. The result is in the weekly report.
    """
    from driftwatch.bootstrap import clocks, keys, stores
    from driftwatch.cli.progress import progress
    from driftwatch.daemon.logs import configure
    from driftwatch.selftest import run

    settings = frame.settings()
    configure(secrets=keys.secrets_of(settings), level="CRITICAL")
    clock = clocks.system_clock()
    with progress("testing") as advance:
        result = asyncio.run(run.run_drifts(clock, advance=advance))
    with stores.open_store(settings) as store:
        told = asyncio.run(run.tell(result, settings, store, clock))
    if as_json:
        say_json(_data(result, told))
    else:
        _say(result, told)
    raise SystemExit(_exit_code(result, told))


def _exit_code(result: "SelfTest", told: "Told") -> int:
    if not result.passed or (told.states and not told.arrived):
        return MISSED
    return PASSED if told.states else COULD_NOT_TELL


def _say(result: "SelfTest", told: "Told") -> None:
    for drift in result.drifts:
        mark = "ok" if drift.as_expected else "MISSED"
        after = counted(drift.replays, "replay")
        say(f"{mark:<7} {drift.name}: {drift.told} after {after} (wanted: {drift.expected})")
    for route, state in told.states.items():
        say(f"{'ok' if state == 'sent' else 'MISSED':<7} the message on route {route}: {state.value}")
    if not told.states:
        say("no route for operations: nothing could arrive. Add one under alerting: {ops: …}.")
    say(f"{result.words}; in {result.took_s:.0f} s.")


def _data(result: "SelfTest", told: "Told") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "at": result.at.isoformat(),
        "passed": result.passed and told.arrived,
        "took_s": round(result.took_s, 1),
        "drifts": [asdict(drift) | {"as_expected": drift.as_expected} for drift in result.drifts],
        "delivered": {route: state.value for route, state in told.states.items()},
    }
