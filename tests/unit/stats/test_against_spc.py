"""CUSUM and EWMA against R's spc over the range that budgets ask for (the file's command: benchmarks/detection/spc.R).

Every fifth row; `-m slow` all of them.
"""

import csv
from pathlib import Path

import pytest

from driftwatch.stats.calibrate import cusum_threshold
from driftwatch.stats.ewma import ewma_arl, ewma_threshold
from driftwatch.stats.run_length import one_sided_arl, two_sided_arl
from driftwatch.stats.steady_state import steady_state_delay

LINES = [line for line in (Path(__file__).parent / "spc.csv").read_text().splitlines() if not line.startswith("#")]
SAID = [
    {key: cell if key in ("what", "sides") else float(cell) for key, cell in row.items()}
    for row in csv.DictReader(LINES)
]


few_and_all = pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.slow)])


def of(what, every, **only):
    """Rows of a kind, every so many of them."""
    rows = [row for row in SAID if row["what"] == what and all(row[key] == value for key, value in only.items())]
    assert rows
    return rows[::every]


def near(ours, row, most):
    """Off by at most this share; spc rounds the tenth digit."""
    return abs(ours / row["value"] - 1) <= most


@few_and_all
@pytest.mark.parametrize("sides", ["one", "two"])
def test_every_cusum_threshold_is_that_of_spc(sides, every):
    for row in of("cusum.crit", every, sides=sides):
        ours = cusum_threshold(arl=row["value"], reference=row["reference"], sides="two" if sides == "two" else "upper")
        assert ours == pytest.approx(row["threshold"], rel=1e-3), row


@few_and_all
@pytest.mark.parametrize("sides", ["one", "two"])
def test_every_cusum_arl_is_that_of_spc(sides, every):
    """Shifts of 0.25 to 5 sd at thresholds for ARLs of 50 to a million, and head starts."""
    for row in of("cusum.arl", every, sides=sides):
        where = {name: row[name] for name in ("reference", "threshold", "shift")}
        ours = one_sided_arl(**where) if sides == "one" else two_sided_arl(**where, head_start=row["start"])
        assert near(ours, row, 1e-3), (row, ours)


@few_and_all
def test_every_ewma_threshold_and_arl_is_that_of_spc(every):
    for row in of("ewma.crit", every):
        assert ewma_threshold(arl=row["value"], smoothing=row["reference"]) == pytest.approx(row["threshold"], rel=1e-4)
    for row in of("ewma.arl", every):
        ours = ewma_arl(smoothing=row["reference"], threshold=row["threshold"], shift=row["shift"])
        assert near(ours, row, 1e-3), (row, ours)


@few_and_all
def test_every_steady_state_delay_is_that_of_spc(every):
    """Within 2 %: we take each side's quiet law by itself."""
    for row in of("cusum.ad", every):
        ours = steady_state_delay(**{name: row[name] for name in ("reference", "threshold", "shift")})
        assert near(ours, row, 0.02), (row, ours)
