"""The group `driftwatch`: its table of commands, the options before them, and what commands share."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from driftwatch.cli.lazy import Entry, LazyGroup

if TYPE_CHECKING:
    from driftwatch.config.settings import Settings

DEFAULT_CONFIG = Path("config/driftwatch.yaml")

COMMANDS = {
    "init": Entry("driftwatch.cli.init:init", "Write a first configuration and golden set."),
    "check": Entry("driftwatch.cli.check:check", "Check configuration, golden sets, store, endpoints and routes."),
    "demo": Entry("driftwatch.cli.demo:demo", "See a silent model swap being caught; no key, no network."),
    "run": Entry("driftwatch.cli.run:run", "The daemon: replay on schedule, watch, page."),
    "replay": Entry("driftwatch.cli.replay:replay", "One replay of an endpoint, now."),
    "status": Entry("driftwatch.cli.status:status", "Every stream: its state, last replay, coverage, spend."),
    "dashboard": Entry("driftwatch.cli.dashboard:dashboard", "The pages of a store, without the daemon."),
    "health": Entry("driftwatch.cli.health:health", "Whether the daemon moves, for a container's HEALTHCHECK."),
    "report": Entry("driftwatch.cli.report:report", "The weekly summary."),
    "incidents": Entry("driftwatch.cli.incidents:incidents", "List incidents."),
    "show": Entry("driftwatch.cli.show:show", "An incident with its evidence."),
    "ack": Entry("driftwatch.cli.ack:ack", "Take an incident: I am looking at it."),
    "accept": Entry("driftwatch.cli.accept:accept", "End an incident: the new behaviour is the baseline."),
    "resolve": Entry("driftwatch.cli.resolve:resolve", "End an incident: the old behaviour is back."),
    "silence": Entry("driftwatch.cli.silence:silence", "Tell nobody about an endpoint for a while."),
    "baseline": Entry("driftwatch.cli.baseline:baseline", "Show, accept or reset a baseline."),
    "import": Entry(
        "driftwatch.cli.import_:import_", "Make a golden set of another tool's file, or read recorded observations."
    ),
    "export": Entry(
        "driftwatch.cli.export:export", "Write observations from the store, or a golden set for another tool."
    ),
    "backtest": Entry("driftwatch.cli.backtest:backtest", "What would have paged in recorded history, and when."),
    "gate": Entry("driftwatch.cli.gate:gate", "For CI: replay now, compare with the baseline."),
    "judge": Entry("driftwatch.cli.judge:judge", "Compare a judge with people."),
    "mine": Entry("driftwatch.cli.mine:mine", "Find border inputs, which show the slightest change."),
    "selftest": Entry("driftwatch.cli.selftest:selftest", "Known drifts through the whole pipeline."),
    "plan": Entry("driftwatch.cli.plan:plan", "What watching costs, and what drift it finds how fast."),
    "db": Entry("driftwatch.cli.db:db", "Upgrade or check the store's tables."),
    "schema": Entry("driftwatch.cli.schema:schema", "Print the JSON Schema of the configuration."),
    "doctor": Entry("driftwatch.cli.doctor:doctor", "What to look at when something is odd, for an issue."),
    "explain": Entry("driftwatch.cli.explain:explain", "Say more about an error."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What was said before the command's name; ``ctx.obj`` of every command.

    Parameters
    ----------
    config : Path
        The configuration file; it need not exist.
    last_good : bool
        Whether the copy stands for it that was kept when it was good last, whatever the file says now.
    """

    config: Path
    last_good: bool = False

    def settings(self) -> "Settings":
        """Return the settings, read now; for a child of the daemon those it goes on with, where the file is broken.

        Raises
        ------
        ConfigError
            With everything that is wrong with the file.
        """
        from driftwatch.config.last_good import OF_THE_DAEMON
        from driftwatch.config.load import load_settings
        from driftwatch.domain.errors import ConfigError

        if self.last_good:
            return self._kept()
        try:
            return load_settings(self.existing(), os.environ)
        except ConfigError as error:
            older = self.older()
            if older is None:
                raise
            if OF_THE_DAEMON not in os.environ:
                # Not its path: what it names beside itself lies beside the file.
                error.add_note(
                    "A copy of this file when it was good last is kept, and a daemon goes on with it. "
                    "To act by it meanwhile: driftwatch --last-good ..."
                )
                raise
            return older

    def _kept(self) -> "Settings":
        """Return the settings of the copy, as if they stood in the file."""
        from driftwatch.config.last_good import copy_of, load_last_good
        from driftwatch.domain.errors import ConfigError, Problem

        kept = load_last_good(self.config, os.environ)
        if kept is None:
            copy = str(copy_of(self.config, os.environ))
            need = "a daemon writes it once it runs by the file; a service's needs its $STATE_DIRECTORY set here, too."
            met = "there is no such copy of the configuration file"
            raise ConfigError((Problem(file=copy, line=None, met=met, need=need, slug="config-not-found"),))
        return kept

    def older(self) -> "Settings | None":
        """Return the last good copy of the settings, which the daemon goes on with, if there is one and it is good."""
        from driftwatch.config.last_good import load_last_good
        from driftwatch.domain.errors import ConfigError

        try:
            return load_last_good(self.config, os.environ)
        except (ConfigError, OSError):
            return None

    def existing(self) -> Path:
        """Return the configuration file.

        Raises
        ------
        ConfigError
            If there is none, with the way on.
        """
        from driftwatch.domain.errors import ConfigError, Problem

        if not self.config.exists():
            need = "`driftwatch init` writes one; `--config` names another."
            problem = Problem(
                file=str(self.config), line=None, met="there is no such file", need=need, slug="config-not-found"
            )
            raise ConfigError((problem,))
        return self.config


def terminal_width() -> int:
    """Return the width of help pages; click would import shutil with all its archive formats to ask."""
    try:
        columns = os.get_terminal_size(sys.stdout.fileno()).columns
    except (AttributeError, ValueError, OSError):
        columns = 80
    return max(min(columns, 100) - 2, 50)


@click.group(
    cls=LazyGroup,
    entries=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "terminal_width": terminal_width()},
    epilog="Exit codes: 0 no drift, 1 drift, 2 usage or configuration, 3 could not find out.",
)
@click.option(
    "-c",
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    default=DEFAULT_CONFIG,
    show_default=True,
    envvar="DRIFTWATCH_CONFIG",
    show_envvar=True,
    help="The configuration file.",
)
@click.option(
    "--last-good",
    is_flag=True,
    help="Go by the copy that was kept when the file was good last, as a running daemon does.",
)
@click.version_option(package_name="driftwatch-llm", prog_name="driftwatch")
@click.pass_context
def main(ctx: click.Context, config: Path, *, last_good: bool) -> None:
    """Pages you when the model behind an unchanged endpoint was silently changed."""
    ctx.obj = Frame(config=config, last_good=last_good)
