"""From trouble to a message on stderr and an exit code: the one place."""

import os
import sys
from collections.abc import Callable
from enum import IntEnum
from typing import Any

import click

# Imported where trouble is told: `driftwatch --help` has 0.1 s of CPU, and click takes most of it.


class Exit(IntEnum):
    """What the process says to its caller."""

    NO_DRIFT = 0
    DRIFT = 1
    USAGE = 2
    UNKNOWN = 3
    INTERRUPTED = 130
    BROKEN_PIPE = 141


def guarded(run: Callable[[], Any]) -> Any:
    """Run, and leave the process with the exit code of what went wrong.

    An exception that nobody expected ends with 3 and its traceback: the interpreter's own 1 would say "drift".
    """
    try:
        return run()
    except (click.exceptions.Exit, click.UsageError):
        raise
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        raise click.exceptions.Exit(Exit.INTERRUPTED) from None
    except click.ClickException as error:
        error.show()
        raise click.exceptions.Exit(Exit.USAGE) from None
    except BrokenPipeError:
        # So that the interpreter's last flush of stdout does not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise click.exceptions.Exit(Exit.BROKEN_PIPE) from None
    except Exception as error:  # noqa: BLE001  # the last place before the user
        from driftwatch.cli.terminal import printable

        told = explain(error)
        click.echo(printable(told or _bug()), err=True)
        raise click.exceptions.Exit(exit_code(error)) from None


def exit_code(error: Exception) -> Exit:
    """Return the exit code for an exception.

    Examples
    --------
    >>> from driftwatch.domain.errors import DriftwatchError, StoreError
    >>> exit_code(DriftwatchError("no such endpoint", slug="config-missing-key"))
    <Exit.USAGE: 2>
    >>> exit_code(StoreError("locked", slug="store-locked"))
    <Exit.UNKNOWN: 3>
    """
    from driftwatch.domain.errors import DeliveryError, DriftwatchError, EndpointError, StoreError

    if isinstance(error, StoreError | EndpointError | DeliveryError):
        return Exit.USAGE if error.slug == "store-url" else Exit.UNKNOWN
    return Exit.USAGE if isinstance(error, DriftwatchError) or _is_engine_refusal(error) else Exit.UNKNOWN


def explain(error: Exception) -> str | None:
    """Return what to tell the user, or None for an exception that nobody expected."""
    from driftwatch.domain.errors import ConfigError, DriftwatchError

    if isinstance(error, ConfigError):
        count = len(error.problems)
        notes = "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))
        return f"{error}\n{count} problem{'s' * (count != 1)}; nothing was started.{notes}"
    if isinstance(error, DriftwatchError):
        # The store's messages name their page themselves.
        told = "driftwatch explain" in str(error)
        return str(error) if told else f"{error}\nSee: driftwatch explain {error.slug}"
    if _is_engine_refusal(error):
        return f"{error}\nSee: driftwatch explain config-false-alarms"
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}"
    return None


def _is_engine_refusal(error: Exception) -> bool:
    """Say whether the engine refused the budget: only if its module was imported at all."""
    errors = sys.modules.get("driftwatch.stats.errors")
    return errors is not None and isinstance(error, errors.BudgetError)


def _bug() -> str:
    import traceback

    return f"{traceback.format_exc()}\nThis is a mistake in driftwatch, not yours. Please report the lines above."
