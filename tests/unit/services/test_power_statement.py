"""What the report says would have been seen, held against what the engine sees."""

from types import SimpleNamespace

import numpy as np

from driftwatch.domain.metric import PASS
from driftwatch.services.monitor import Watch
from driftwatch.services.power import power_of
from driftwatch.services.streams import StreamPlan
from driftwatch.stats.stream import ReplayValues, StreamDetector, StreamState

PROBES, BASELINE = 40, 24
DETECTOR = StreamDetector(baseline_replays=BASELINE, arl=8760, kind="binary")


def update(state: StreamState, rng: np.random.Generator, hour: int, rates: np.ndarray) -> StreamState:
    passed = (rng.random(PROBES) < rates).astype(float)
    values = {f"p{i:02}@h": (value,) for i, value in enumerate(passed.tolist())}
    return DETECTOR.update(state, ReplayValues(key=f"{hour:05}", values=values))


def watching(rng: np.random.Generator, rates: np.ndarray) -> StreamState:
    state = DETECTOR.start()
    for hour in range(BASELINE):
        state = update(state, rng, hour, rates)
    return state


def stated(state: StreamState) -> tuple[float, int]:
    plan = StreamPlan(metric=PASS, detector=DETECTOR, arl=8760, arl_together=8760)
    probes = SimpleNamespace(probes=[SimpleNamespace(samples=1)])
    watched = SimpleNamespace(plans={"pass": plan}, endpoint=SimpleNamespace(probe_set=probes))
    said = power_of(watched, Watch(epoch=1, seq=BASELINE, states={"pass": state}))
    assert said is not None
    words = said.split()
    return float(words[words.index("points") - 1]) / 100, int(words[words.index("replays") - 1])


def test_a_golden_set_that_hardly_ever_fails_promises_no_more_than_it_keeps() -> None:
    """It promised a fall of one point within five replays, for probes that never failed counted as certain.

    Eight deployments, seeds 0-7; on average the stated fall is found as soon as stated, plus four standard errors.
    """
    rates = np.where(np.arange(PROBES) < 2, 0.95, 1.0)
    delays = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        state = watching(rng, rates)
        if not any(np.ptp(bag) for bag in state.reference.held[:2]):
            continue
        fall, within = stated(state)
        hour = 0
        while state.latch is None and hour < 100:
            state = update(state, rng, BASELINE + hour, rates - fall)
            hour += 1
        delays.append(hour - within)
    assert len(delays) >= 5
    assert np.mean(delays) <= 4 * np.std(delays) / len(delays) ** 0.5
