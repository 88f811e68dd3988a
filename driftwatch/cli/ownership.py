"""What the commands about ownership share: the incident's name, who acts, and what is said afterwards."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from driftwatch.cli.terminal import say, say_json
from driftwatch.cli.typed import Typed

if TYPE_CHECKING:
    from driftwatch.cli.opened import Opened
    from driftwatch.domain.incident import Incident
    from driftwatch.services.watched import Watched

_NAME = re.compile(r"(?:inc-)?0*([1-9][0-9]{0,17})", re.IGNORECASE)
F = TypeVar("F", bound=Callable[..., Any])


class IncidentType(Typed[int]):
    """``inc-42`` or ``42``."""

    name = "incident"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        if isinstance(value, int):
            return value
        match = _NAME.fullmatch(str(value).strip())
        if match is None:
            self.fail(
                f"{value!r} is not an incident; write inc-42 or 42. `driftwatch incidents` lists them.", param, ctx
            )
        return int(match[1])


INCIDENT = IncidentType()


def acting(command: F) -> F:
    """Add `--by`, `--comment` and `--json`."""
    command = click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)
    command = click.option("--comment", metavar="TEXT", help="Why; kept with the incident and told to others.")(command)
    return click.option("--by", metavar="NAME", default=login_name, show_default="your login name", help="Who acts.")(
        command
    )


def login_name() -> str:
    """Return who is logged in; ``unknown`` where the system has no name for the user."""
    from getpass import getuser

    try:
        return getuser()
    except (OSError, KeyError):
        # A container's user often has a number and no name.
        return "unknown"


def readable(here: "Opened") -> tuple["Watched", ...]:
    """Return the endpoints as they are configured; none where a golden set is broken: an incident ends all the same."""
    from driftwatch.domain.errors import DriftwatchError

    try:
        return here.endpoints()
    except DriftwatchError:
        return ()


def tell(incident: "Incident", sentence: str, *, as_json: bool, advice: str = "") -> None:
    """Print what became of an incident, and the advice on what is to do next."""
    if as_json:
        from driftwatch.presentation.as_json import incident_data

        # As the dashboard's API has it.
        say_json(incident_data(incident) | {"advice": advice or None})
    else:
        say(f"{incident.name} ({incident.endpoint}): {sentence} {advice}".rstrip())
