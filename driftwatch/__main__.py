"""`python -m driftwatch` is the command `driftwatch`."""

from driftwatch.cli import main

main()
