"""The fit of the CUSUM's thresholds."""

import math

import pytest

from driftwatch.stats.calibrate import chain_threshold, cusum_threshold
from driftwatch.stats.cusum_table import LONGEST_ARL, REFERENCE, SHORTEST_ARL, fitted_threshold


@pytest.mark.parametrize("arl", [SHORTEST_ARL, 131.0, 777.0, 8760.0, 61_320.0, 2.2e6, 5.5e8, LONGEST_ARL])
def test_the_fit_is_the_chains_threshold(arl: float) -> None:
    """Within 5e-7: 2e-7 is the fit's own distance, 1e-7 the chain's last step."""
    assert fitted_threshold(arl) == pytest.approx(chain_threshold(arl, REFERENCE, "two"), abs=5e-7)


@pytest.mark.parametrize(
    ("arl", "reference", "sides"), [(99.0, 0.5, "two"), (500.0, 0.25, "two"), (500.0, 0.5, "upper")]
)
def test_a_chart_that_was_not_fitted_is_computed(arl: float, reference: float, sides: str) -> None:
    found = cusum_threshold(arl=arl, reference=reference, sides=sides)
    assert found == chain_threshold(arl, reference, sides)
    assert math.isfinite(found)


def test_the_threshold_every_stream_has_needs_no_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six chains were 90 ms of every start: benchmarks/daemon/RESULTS.md."""

    def refuse(*_: object) -> float:
        raise AssertionError("the chain was computed")

    monkeypatch.setattr("driftwatch.stats.calibrate.chain_threshold", refuse)
    assert cusum_threshold(arl=8761.5) == fitted_threshold(8761.5)
