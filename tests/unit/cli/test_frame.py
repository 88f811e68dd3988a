"""The group: its table, its exit codes, and what it does with trouble."""

import signal
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec

import click
import pytest
from click.testing import CliRunner

from driftwatch.cli import main
from driftwatch.cli.frame import COMMANDS
from driftwatch.cli.lazy import Entry, LazyGroup
from driftwatch.domain.errors import ConfigError, DriftwatchError, EndpointError, Outcome, Problem, StoreError
from driftwatch.stats.errors import BudgetError

PROBLEM = Problem(file="a.yaml", line=3, met="x is y", need="write z.", slug="config-wrong-value")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_can_be_loaded(name: str) -> None:
    module, _, attribute = COMMANDS[name].target.partition(":")
    if find_spec(module) is None:
        pytest.skip(f"{module} is not written yet")
    command = getattr(import_module(module), attribute)
    assert isinstance(command, click.Command)
    assert command.help


def test_the_help_lists_every_command_in_the_order_of_the_table(driftwatch) -> None:
    text = driftwatch("--help").output
    places = [text.index(f"\n  {name} ") for name in COMMANDS]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("typed", "hint"), [("chek", "Did you mean `check`?"), ("xyzzy", "`driftwatch --help` lists all.")]
)
def test_a_misspelt_command_is_answered_with_the_nearest(typed: str, hint: str, driftwatch) -> None:
    result = driftwatch(typed)
    assert result.exit_code == 2
    assert hint in result.output


def group_that_raises(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> LazyGroup:
    @click.command()
    def boom() -> None:
        raise error

    monkeypatch.setattr(sys.modules[__name__], "BOOM", boom, raising=False)
    return LazyGroup("driftwatch", entries={"boom": Entry(f"{__name__}:BOOM", "Raise.")})


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (ConfigError((PROBLEM, PROBLEM)), 2, "a.yaml:3: x is y; write z. See: driftwatch explain config-wrong-value"),
        (DriftwatchError("No such thing.", slug="unknown-endpoint"), 2, "driftwatch explain unknown-endpoint"),
        (BudgetError("one in 3 replays"), 2, "driftwatch explain config-false-alarms"),
        (
            EndpointError("down", outcome=Outcome.UNAVAILABLE, transient=True),
            3,
            "driftwatch explain endpoint-unavailable",
        ),
        (StoreError("locked", slug="store-locked"), 3, "driftwatch explain store-locked"),
        (PermissionError(13, "Permission denied", "/root/x"), 3, "/root/x: Permission denied"),
        (click.ClickException("no"), 2, "Error: no"),
        (click.UsageError("no"), 2, "Error: no"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (click.Abort(), 130, "interrupted"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_expected_trouble_is_a_message_and_an_exit_code(
    error: BaseException, code: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = CliRunner().invoke(group_that_raises(error, monkeypatch), ["boom"])
    assert result.exit_code == code
    assert told in result.stderr
    assert "Traceback" not in result.stderr
    assert not result.stdout


def test_a_mistake_of_ours_does_not_exit_with_the_code_for_drift(monkeypatch: pytest.MonkeyPatch) -> None:
    result = CliRunner().invoke(group_that_raises(ZeroDivisionError("oops"), monkeypatch), ["boom"])
    assert result.exit_code == 3
    assert "Traceback" in result.stderr
    assert "a mistake in driftwatch" in result.stderr


def test_a_message_cannot_command_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    error = DriftwatchError("the vendor said \x1b]52;c;x\x07", slug="endpoint-protocol")
    result = CliRunner().invoke(group_that_raises(error, monkeypatch), ["boom"])
    assert "\\x1b]52;c;x\\x07" in result.stderr
    assert "\x1b" not in result.stderr


def test_a_reader_that_went_away_is_no_traceback() -> None:
    script = f"{sys.executable} -c 'from driftwatch.cli import main; main()' schema | head -c 1"
    ran = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.stdout == "{"
    assert not ran.stderr


def test_control_c_ends_with_130() -> None:
    script = (
        "import os, signal, click\n"
        "from driftwatch.cli.errors import guarded\n"
        # A shell's background job (CI) inherits SIGINT as ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "try:\n"
        "    guarded(lambda: (os.kill(os.getpid(), signal.SIGINT), __import__('threading').Event().wait(5)))\n"
        "except click.exceptions.Exit as end:\n"
        "    raise SystemExit(end.exit_code)\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 128 + signal.SIGINT
    assert "Traceback" not in ran.stderr


def test_the_version_is_the_distributions(driftwatch) -> None:
    assert driftwatch("--version").output.startswith("driftwatch, version 0.")


@pytest.mark.parametrize("arguments", [(), ("--config", "elsewhere.yaml")])
def test_a_missing_configuration_names_the_way_on(arguments: tuple[str, ...], driftwatch) -> None:
    result = driftwatch(*arguments, "check")
    assert result.exit_code == 2
    assert "driftwatch init" in result.output


def test_the_configuration_may_be_named_by_a_variable(driftwatch) -> None:
    assert "there.yaml: there is no such file" in driftwatch("check", DRIFTWATCH_CONFIG="there.yaml").output


def test_the_entry_point_is_the_group() -> None:
    assert isinstance(main, LazyGroup)
