"""What the process itself knows: its counts and its health. Asks neither the store nor the network."""

from collections.abc import Iterator

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from driftwatch.services.counts import FAMILIES
from driftwatch.services.vitals import LATE_S, Role
from driftwatch.web.site import Site

PREFIX = "driftwatch_"
HELP = {
    "replays": "Replays that ended, by how: done, or failed (no probe was answered).",
    "probes": "Probes asked, by how it ended: ok, or the name of the failure.",
    "unscored": "Scores that could not be given, by a word for the reason. A failure is never a score.",
    "store_failures": "Replays that broke off because the store failed; their slots end as failed once it works.",
    "missed_slots": "Slots that nobody replayed, by why: down, asleep, busy, store.",
    "alarms": "Alarms of a stream: its statistic reached its threshold.",
    "decisions": "What was decided after each replay, by its named reason.",
    "deliveries": "Messages by route and what became of an attempt: sent, put_off, ambiguous, refused, given_up.",
    "deadman_pings": "Calls of the dead-man's switch: heard, unheard, or withheld because all was not well.",
    "clock_jumps": "How often the wall clock parted from measured time by more than 5 minutes, or the machine slept.",
    "cost_usd": "US dollars that answers and verdicts have cost.",
}


class DaemonMetrics(Collector):
    """Collects from a site's counts and vitals."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def describe(self) -> list[Metric]:
        """Return nothing: no two collectors of ours share a name, and asking costs nothing."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        for family, labels in FAMILIES.items():
            counter = CounterMetricFamily(PREFIX + family, HELP[family], labels=labels)
            for values, total in sorted(self._site.counts.totals(family).items()):
                counter.add_metric(values, total)
            yield counter
        yield from self._health()
        yield from self._loop()
        guard = self._site.guard()
        yield _gauge(
            "spent_today_usd", "US dollars spent on this UTC day; running questions at their estimate.", guard.spent_usd
        )
        if guard.limit_usd is not None:
            yield _gauge("budget_usd_per_day", "The day's budget in US dollars.", guard.limit_usd)
        yield InfoMetricFamily(PREFIX + "build", "The version that runs.", value={"version": self._site.version})

    def _health(self) -> Iterator[Metric]:
        vitals = self._site.vitals
        yield _gauge("leader", "1 if this process replays and pages, 0 if it stands by.", vitals.role is Role.LEADER)
        yield _gauge("ready", "1 if /readyz answers with 200.", not vitals.why_not_ready())
        told = "1 while what was last to be stored could not be; the store may still be read."
        yield _gauge("store_failing", told, bool(vitals.store_trouble()))
        yield _gauge("delivers", "0 while every sink fails and nobody can be told anything.", vitals.delivers())
        yield _gauge(
            "config_last_reload_successful",
            "0 while the configuration file is refused and an older one is in use.",
            vitals.config.ok,
        )
        if vitals.config.read_at is not None:
            told = "When the configuration in use was read, in Unix seconds."
            yield _gauge("config_last_reload_success_timestamp_seconds", told, vitals.config.read_at.timestamp())

    def _loop(self) -> Iterator[Metric]:
        lateness = self._site.vitals.lateness
        buckets = [(str(limit), float(count)) for limit, count in zip(LATE_S, lateness.within, strict=True)]
        yield HistogramMetricFamily(
            PREFIX + "loop_lag_seconds",
            "How late the event loop was, looked at once a second.",
            buckets=[*buckets, ("+Inf", float(lateness.looks))],
            sum_value=lateness.sum_s,
        )
        hangs = CounterMetricFamily(PREFIX + "loop_hangs", "How often the event loop was blocked for more than 10 s.")
        hangs.add_metric((), lateness.hangs)
        yield hangs


def _gauge(name: str, told: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, told, value=float(value))
