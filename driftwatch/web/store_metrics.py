"""Where streams, incidents and the outbox stand: read from the store when Prometheus asks."""

import math
from collections.abc import Iterator, Sequence
from threading import Lock

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from driftwatch.adapters.calendar import next_slot, replays_per_year
from driftwatch.domain.errors import StoreError
from driftwatch.domain.incident import Incident
from driftwatch.domain.judge_drift import is_judge
from driftwatch.services.glance import Head
from driftwatch.services.outbox import oldest_s
from driftwatch.services.said import Said
from driftwatch.services.standing import Standing, StreamState
from driftwatch.services.status import RememberedLook
from driftwatch.services.watched import Watched
from driftwatch.web.daemon_metrics import PREFIX
from driftwatch.web.site import Site

log = structlog.get_logger(__name__)

YEAR_S = 365 * 86400.0


class StoreMetrics(Collector):
    """Collects from a site's store; a stream's state is decoded once for each of its replays, and never recomputed."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._look = RememberedLook()
        self._lock = Lock()
        self._said = Said()

    def describe(self) -> list[Metric]:
        """Return nothing: no two collectors of ours share a name, and asking would cost a look at the store."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every family, or only that the store does not answer."""
        with self._lock:
            try:
                found = list(self._collect())
            except StoreError as error:
                if self._said.is_news(str(error)):
                    log.warning("metrics without the store", error=str(error))
                found = []
            else:
                self._said.over()
        up = GaugeMetricFamily(PREFIX + "store_up", "1 if the store answered.", value=float(bool(found)))
        yield from (up, *found)

    def _collect(self) -> Iterator[Metric]:
        ratio = _family(
            "stream_statistic_ratio",
            "A stream's statistic over its threshold; it alarms from 1 on.",
            "endpoint",
            "metric",
        )
        alarm = _family("stream_alarm", "1 while a stream alarms.", "endpoint", "metric")
        progress = _family("baseline_ratio", "Share of the baseline that was replayed.", "endpoint")
        last = _family(
            "last_replay_timestamp_seconds",
            "When the last slot that was begun was due, in Unix seconds.",
            "endpoint",
        )
        coming = _family(
            "next_slot_timestamp_seconds",
            "When the first slot after the last one that was begun is due, in Unix seconds; a judge has none.",
            "endpoint",
        )
        interval = _family("schedule_interval_seconds", "Mean distance between an endpoint's slots.", "endpoint")
        incidents = _family("incidents_open", "Open incidents by kind and state.", "endpoint", "kind", "state")
        everything, now = _all(self._site.watched()), self._site.clock.now()
        heads = self._site.store.heads([one.endpoint.name for one in everything], since=now, spent_since=now)
        for one in everything:
            name = one.endpoint.name
            head = heads.get(name, Head())
            streams = self._look(one, self._site.store, head)[1]
            for stream in streams:
                _place(stream, name, ratio, alarm)
            progress.add_metric([name], _progress(streams, one.endpoint.baseline_replays))
            pace = replays_per_year(one.endpoint.schedule, now)
            interval.add_metric([name], YEAR_S / pace if pace else math.inf)
            if head.last_slot is not None:
                last.add_metric([name], head.last_slot.slot.due.timestamp())
                # A judge's slots are its endpoints'.
                due = None if is_judge(name) else next_slot(one.endpoint.schedule, head.last_slot.slot.due)
                if due is not None:
                    coming.add_metric([name], due.timestamp())
            if head.incident is not None:
                _count(head.incident, incidents)
        age = oldest_s(self._site.store, self._site.clock)
        yield from (ratio, alarm, progress, last, coming, interval, incidents)
        yield GaugeMetricFamily(
            PREFIX + "outbox_oldest_age_seconds", "Age of the oldest message that is not sent; 0 for none.", value=age
        )


def _all(watched: Sequence[Watched]) -> list[Watched]:
    judges = {judge.name: judge.watched for one in watched for judge in one.judges.values()}
    return [*watched, *(judges[name] for name in sorted(judges))]


def _place(stream: Standing, endpoint: str, ratio: GaugeMetricFamily, alarm: GaugeMetricFamily) -> None:
    if stream.statistic is not None and stream.threshold:
        ratio.add_metric([endpoint, stream.metric.name], stream.statistic / stream.threshold)
        alarm.add_metric([endpoint, stream.metric.name], float(stream.state is StreamState.ALARM))


def _progress(streams: Sequence[Standing], wanted: int) -> float:
    return min(max((stream.baseline_seen for stream in streams), default=0) / wanted, 1.0)


def _count(incident: Incident, family: GaugeMetricFamily) -> None:
    family.add_metric([incident.endpoint, incident.kind.value, incident.state.value], 1.0)


def _family(name: str, told: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, told, labels=labels)
