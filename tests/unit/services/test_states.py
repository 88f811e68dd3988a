"""An endpoint that returns to a state it was in before is told so, and another state is not taken for it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import numpy as np
import pytest

from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.replay import ReplayScores, Slot
from driftwatch.services.states import Episode, shown

START = datetime(2026, 1, 1, tzinfo=UTC)
PROBES, HOSTS = 40, 30
Build = dict[str, np.ndarray]


def replay(seq: int, values: dict[str, list[float]], epoch: int = 1) -> ReplayScores:
    return ReplayScores(
        slot=Slot(endpoint="bot", due=START + timedelta(hours=seq)),
        seq=seq,
        epoch=epoch,
        fingerprint=Fingerprint(parts={}),
        asked=PROBES,
        answered=PROBES,
        values={metric: {f"p{i}@h": (value,) for i, value in enumerate(of)} for metric, of in values.items()},
    )


class Host:
    """Pass rates, log-normal lengths and novelty; `together` is the sd of what all probes of a replay share."""

    def __init__(self, seed: int, together: float = 0.0) -> None:
        self.rng = np.random.default_rng(seed)
        self.together = together
        self.seq = count(1)
        self.usual: Build = {
            "rate": np.where(np.arange(PROBES) % 3 == 0, 1.0, self.rng.beta(8, 1, PROBES)),
            "length": self.rng.normal(5, 0.8, PROBES),
            "spread": self.rng.uniform(0.1, 0.5, PROBES),
            "novelty": self.rng.uniform(0.05, 0.5, PROBES),
        }

    def replays(self, build: Build, times: int, epoch: int = 1) -> list[ReplayScores]:
        return [self._replay(build, epoch) for _ in range(times)]

    def _replay(self, build: Build, epoch: int) -> ReplayScores:
        shared = self.together * self.rng.normal()
        noise = self.rng.normal(size=(2, PROBES)) + shared
        values = {
            "pass": (self.rng.random(PROBES) < build["rate"]).astype(float),
            "length": np.rint(np.exp(build["length"] + build["spread"] * noise[0])),
            "novelty": np.clip(build["novelty"] + 0.1 * noise[1], 0, 1),
        }
        return replay(next(self.seq), {name: of.tolist() for name, of in values.items()}, epoch)

    def broken(self, probes: int) -> Build:
        """Another build: some probes fail, with shorter answers in other words."""
        other = {name: of.copy() for name, of in self.usual.items()}
        chosen = self.rng.choice(PROBES, probes, replace=False)
        other["rate"][chosen], other["novelty"][chosen] = 0.1, 0.9
        other["length"][chosen] -= 1
        return other


def after_a_first_drift(seed: int, then: Callable[[Host, Build], Build], *, replays: int, together: float = 0.0):
    """A drift to B for ten replays, twelve calm ones, then so many of another build."""
    host = Host(seed, together)
    baseline, b = host.replays(host.usual, 24), host.broken(10)
    first = Episode(epoch=1, baseline=baseline, since=host.replays(b, 10), latest=host.replays(host.usual, 12))
    second = Episode(epoch=1, baseline=baseline, since=host.replays(then(host, b), replays))
    return shown([first, second])


@pytest.mark.parametrize("together", [0.0, 0.15])
def test_a_build_that_returns_is_called_by_its_letter_within_three_replays(together: float) -> None:
    """30 hosts, seeds 0-29; at 0.15 the evidence of quiet replays has an sd of 1.4. Seeds 0-59: 59 and 59 of 60."""
    found = [after_a_first_drift(s, lambda _, b: b, replays=3, together=together)[1].since for s in range(HOSTS)]
    known = [seen for seen in found if seen.verdict == "known"]
    # 4 standard errors of a share of 0.95 among 30 are 16 points.
    assert len(known) >= 0.79 * HOSTS
    assert {(seen.name, seen.first_seen) for seen in known} == {("B", "2026-01-02T01:00:00Z")}


@pytest.mark.parametrize("together", [0.0, 0.15])
def test_another_build_is_never_called_by_that_letter(together: float) -> None:
    """30 hosts, seeds 0-29. Seeds 0-59: new in 120 of 120."""
    found = [
        after_a_first_drift(s, lambda host, _: host.broken(10), replays=3, together=together)[1].since
        for s in range(HOSTS)
    ]
    assert Counter(seen.verdict for seen in found)["known"] == 0
    assert Counter((seen.verdict, seen.name) for seen in found)["new", "C"] >= 0.79 * HOSTS


@pytest.mark.parametrize("together", [0.0, 0.15])
def test_twelve_calm_replays_are_back_at_the_baseline(together: float) -> None:
    """30 hosts, seeds 0-29. Seeds 0-59: 60 and 58 of 60, the others undecided."""
    found = [after_a_first_drift(s, lambda _, b: b, replays=1, together=together)[0].latest for s in range(HOSTS)]
    assert Counter(seen.verdict for seen in found)["baseline"] >= 0.79 * HOSTS


def test_the_first_drift_of_an_endpoint_is_new_however_small() -> None:
    host = Host(7)
    small = {**host.usual, "length": host.usual["length"] - 0.05}
    (only,) = shown([Episode(epoch=1, baseline=host.replays(host.usual, 24), since=host.replays(small, 1))])
    assert (only.since.verdict, only.since.name) == ("new", "B")


def test_a_drift_too_small_to_tell_from_the_baseline_is_not_decided_once_another_state_is_known() -> None:
    def barely(host: Host, _: Build) -> Build:
        return {**host.usual, "length": host.usual["length"] - 0.02}

    found = after_a_first_drift(3, barely, replays=2)[1].since
    assert (found.verdict, found.name, found.replays) == ("undecided", None, 2)


def test_the_baseline_that_was_left_is_known_again_after_the_new_one_was_accepted() -> None:
    host = Host(11)
    b = host.broken(10)
    drift = Episode(epoch=1, baseline=host.replays(host.usual, 24), since=host.replays(b, 10), accepted=True)
    accepted = host.replays(b, 24, epoch=2)
    back = Episode(
        epoch=2, baseline=accepted, since=host.replays(host.usual, 8, epoch=2), latest=host.replays(b, 12, epoch=2)
    )
    seen = shown([drift, back])[1]
    assert (seen.since.verdict, seen.since.name, seen.since.first_seen) == ("known", "A", "2026-01-01T01:00:00Z")
    assert (seen.latest.verdict, seen.latest.name) == ("baseline", "B")


def test_novelty_against_other_texts_names_no_state_of_another_epoch() -> None:
    """A serving change moves texts alone; accepted, its novelty is measured against its own texts and falls to usual."""
    host = Host(5)
    texts = {**host.usual, "novelty": np.clip(host.usual["novelty"] + 0.4, 0, 1)}
    drift = Episode(epoch=1, baseline=host.replays(host.usual, 24), since=host.replays(texts, 10), accepted=True)
    baseline = host.replays(host.usual, 24, epoch=2)
    again = Episode(epoch=2, baseline=baseline, since=host.replays(texts, 8, epoch=2))
    seen = shown([drift, again])[1].since
    assert (seen.verdict, seen.name) == ("new", "C")


def test_latency_alone_names_no_state() -> None:
    slow = [replay(seq, {"latency": [100.0 + 400 * (seq > 24)] * PROBES}) for seq in range(1, 30)]
    assert shown([Episode(epoch=1, baseline=slow[:24], since=slow[24:])])[0].since is None


def test_a_scorer_of_the_users_that_bears_a_measured_name_is_no_failure() -> None:
    graded = [replay(seq, {"pass": [0.5] * PROBES}) for seq in range(1, 30)]
    assert shown([Episode(epoch=1, baseline=graded[:24], since=graded[24:])])[0].since is None


def test_an_incident_in_the_first_replays_of_an_epoch_has_nothing_to_compare_with() -> None:
    host = Host(2)
    episode = Episode(epoch=1, baseline=(), since=host.replays(host.usual, 3))
    assert shown([episode])[0].since is None
    assert shown([replace(episode, since=())])[0].latest is None


def test_scores_without_a_verdict_are_compared_by_themselves() -> None:
    rng = np.random.default_rng(1)

    def rated(first: int, times: int, mean: float) -> list[ReplayScores]:
        drawn = rng.normal(mean, 0.5, (times, PROBES))
        return [replay(first + i, {"my-judge": row.tolist()}) for i, row in enumerate(drawn)]

    baseline = rated(1, 24, 4.0)
    episodes = [Episode(epoch=1, baseline=baseline, since=rated(25, 8, mean)) for mean in (3.0, 2.0, 3.0)]
    assert [(s.since.verdict, s.since.name) for s in shown(episodes)] == [("new", "B"), ("new", "C"), ("known", "B")]
