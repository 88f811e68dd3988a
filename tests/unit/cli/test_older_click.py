"""The commands with an older click, as deepeval's pins install it beside driftwatch."""

import subprocess
import sys

_AS_IN_8_3 = """
import click
newer = ("__dict__", "__weakref__", "__class_getitem__", "__orig_bases__", "__parameters__")
click.ParamType = type("ParamType", (), {k: v for k, v in vars(click.ParamType).items() if k not in newer})
from driftwatch.cli.times import DURATION, LOCAL, MOMENT
from driftwatch.cli.ownership import INCIDENT
print(INCIDENT.convert("inc-42", None, None), MOMENT.name, DURATION.name, LOCAL.name)
"""


def test_parameter_types_are_made_where_clicks_own_takes_no_subscript() -> None:
    """With click 8.3, which `click>=8.2` allows, `driftwatch export` died of "type 'ParamType' is not subscriptable"."""
    run = subprocess.run([sys.executable, "-c", _AS_IN_8_3], check=False, capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("42 time duration time\n", "")
