"""What the product takes off its thresholds is what the kept simulations have to spare, and no more."""

import json
import math

import pytest

from benchmarks.detection.mixture_slack import KEPT, SPREADS, fit
from driftwatch.stats.mixture_slack import FITTED, Shown, slack

CELLS = list(json.loads(KEPT.read_text()).values())


@pytest.mark.parametrize(("arl", "most"), [(500.0, 1 / 12), (5_000.0, 1 / 6)])
@pytest.mark.parametrize("kind", list(FITTED))
def test_the_slack_of_every_simulated_stream_is_the_fits_but_for_a_twelfth(kind: str, arl: float, most: float) -> None:
    """A twelfth of a nat is 8 % of a run length: a constant changed by hand, or cells renewed without it, go farther.

    For long runs, with fewer alarms behind the fit, the product takes less than it says where other deployments had less.
    """
    cells = [cell for cell in CELLS if cell["kind"] == kind and cell["probes"] >= FITTED[kind].fewest]
    found = fit([cell for cell in CELLS if cell["kind"] == kind])
    least, most, usual = SPREADS[kind]
    assert cells
    for cell in cells:
        for fixed in (0.0, 0.7):
            spread = min(max(cell["spread"], least), most) - usual
            said = found["growing"] + found["fixed"] * fixed + found["spread"] * spread
            said += found["probes"] * math.log(min(cell["probes"], 60) / 60)
            if arl > 500:  # the fit tells it at a level, which is the logarithm of the run length less itself
                said = (said + found["longer"] * (math.log(arl) - 5)) / (1 + found["longer"])
            taken = slack(arl=arl, kind=kind, seen=Shown(probes=cell["probes"], spread=cell["spread"], fixed=fixed))
            assert taken == pytest.approx(said, abs=most), cell
