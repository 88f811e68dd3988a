"""What an endpoint's silence is worth: the fall of its pass rate that would have been seen, and how soon."""

import math
from statistics import median, variance

from driftwatch.domain.metric import PASS
from driftwatch.services.monitor import Watch
from driftwatch.services.watched import Watched
from driftwatch.stats.power import expected_delay, fading_delay, shift_of_effect
from driftwatch.stats.stream import StreamDetector, StreamState

SHIFT = 2.0
"""Standard deviations of a replay's evidence: a change that is plain, and found within a few replays."""


def power_of(watched: Watched, watch: Watch) -> str | None:
    """Return the statement, or None where the pass rate is not watched or never varied."""
    plan, state = watched.plans.get(PASS.name), watch.states.get(PASS.name)
    if plan is None or not isinstance(plan.detector, StreamDetector) or not isinstance(state, StreamState):
        return None
    if not state.trusted or state.baseline_seen < plan.detector.baseline_replays:
        return None
    counts = state.reference.counts.tolist()
    bags = [bag[:count] for bag, count in zip(state.reference.held.tolist(), counts, strict=True)]
    if not any(variance(bag) > 0 for bag in bags if len(bag) > 1):
        return None
    variances = [_variance(bag) for bag in bags if len(bag) > 1]
    samples = min(probe.samples for probe in watched.endpoint.probe_set.probes)
    # Probes that answer alike in one replay carry less than independent ones: the chart's own scale says how much.
    fall = SHIFT * state.inflation / shift_of_effect(1.0, variances, samples)
    # The CUSUM that is drawn stands in for the mixture that pages: its delay has a formula, and is no shorter.
    arl = plan.detector.arl
    reference = plan.detector.cusum_reference
    slow = fading_delay(shift=SHIFT, arl=arl, references=int(median(counts)), reference=reference)
    if fall > 1 or not math.isfinite(slow):
        return None
    replays = math.ceil(max(slow, expected_delay(shift=SHIFT, arl=arl, reference=reference)))
    return f"A fall of the pass rate by {100 * fall:.1f} points would be seen within {replays} replays on average."


def _variance(bag: list[float]) -> float:
    """Return the variance of a probe's passes under Jeffreys' rate: one that never failed is not known never to fail.

    Taken as 0, forty probes of which two ever failed would have promised a fall of one point within five replays.
    """
    rate = (math.fsum(bag) + 0.5) / (len(bag) + 1)
    return rate * (1 - rate)
