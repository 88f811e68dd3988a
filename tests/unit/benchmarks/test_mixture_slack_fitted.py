"""What the product takes off its thresholds is what the kept simulations have to spare, and no more."""

import json
import math

import pytest

from benchmarks.detection.mixture_slack import KEPT, SPREADS, fit
from driftwatch.stats.mixture_slack import FITTED, SETTLED_ARL, Shown, slack

CELLS = list(json.loads(KEPT.read_text()).values())


@pytest.mark.parametrize("kind", list(FITTED))
def test_the_slack_of_every_simulated_stream_is_the_fits_within_a_twelfth(kind: str) -> None:
    """A twelfth of a nat is 8 % of a run length: a constant changed by hand, or cells renewed without it, go farther."""
    cells = [cell for cell in CELLS if cell["kind"] == kind and cell["probes"] >= FITTED[kind].fewest]
    found = fit([cell for cell in CELLS if cell["kind"] == kind])
    least, most, usual = SPREADS[kind]
    assert cells
    for cell in cells:
        for fixed in (0.0, 0.7):
            spread = min(max(cell["spread"], least), most) - usual
            said = found["growing"] + found["fixed"] * fixed + found["spread"] * spread
            said += found["probes"] * math.log(min(cell["probes"], 60) / 60)
            taken = slack(
                arl=SETTLED_ARL, kind=kind, seen=Shown(probes=cell["probes"], spread=cell["spread"], fixed=fixed)
            )
            assert taken == pytest.approx(said, abs=1 / 12), cell
