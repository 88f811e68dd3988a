"""What `driftwatch doctor` says of the store, the daemon at it, the clocks, the outbox and the last replays."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, build_opener

from driftwatch.cli.findings import Line
from driftwatch.domain.delivery import DeliveryState

if TYPE_CHECKING:
    from driftwatch.adapters.store.examine import Examined
    from driftwatch.cli.frame import Frame
    from driftwatch.config.settings import Settings
    from driftwatch.services.ports import Store

LEAST_FREE = 200 * 1024**2
FAR_S = 5.0
LATE = timedelta(minutes=5)
LOOK_BACK = timedelta(days=7)
STALE_S = 10.0
_ONLINE_S = 10.0
_MIB = 1024**2


def store(found: "Examined", name: str) -> Iterator[Line]:
    """Yield what the store is, and whether this driftwatch can use it."""
    size = f", {found.size_bytes / _MIB:,.1f} MiB" if found.size_bytes is not None else ""
    journal = f", journal {found.journal}" if found.journal else ""
    yield Line(mark="ok", what=name, told=f"{found.server}{journal}{size}")
    yield _schema(found)
    if found.journal and found.journal != "wal":
        told = f"it is {found.journal}; driftwatch sets wal where it makes a store: readers wait for the daemon."
        yield Line(mark="warning", what="journal", told=told)
    if found.free_bytes is not None:
        little = found.free_bytes < LEAST_FREE
        told = f"{found.free_bytes / _MIB:,.0f} MiB free" + (": make room, or nothing can be stored." if little else "")
        yield Line(
            mark="warning" if little else "ok", what="disk", told=told, slug="store-disk-full" if little else None
        )
    if found.damage:
        told = f"damaged ({found.damage[0]}): stop driftwatch, keep the file with its -wal, and restore a backup."
        yield Line(mark="error", what="integrity", told=told, slug="store-corrupt")
    elif found.damage is not None:
        yield Line(mark="ok", what="integrity", told="a quick check found no damage; `driftwatch db check` is thorough")
    elif found.journal:
        told = "not looked at, the file is large; `driftwatch db check` takes the time."
        yield Line(mark="warning", what="integrity", told=told)
    span = f", {moment(found.oldest)} to {moment(found.newest)}" if found.oldest and found.newest else ""
    yield Line(mark="ok" if found.replays else "warning", what="replays", told=f"{found.replays:,}{span}")


def _schema(found: "Examined") -> Line:
    if found.version == found.head:
        return Line(mark="ok", what="schema", told=found.head)
    older = found.version is None or found.version < found.head
    way_on = "the next start or `driftwatch db upgrade` brings it up" if older else "upgrade driftwatch"
    told = f"{found.version or 'none yet'}, this driftwatch needs {found.head}: {way_on}."
    return Line(mark="warning" if older else "error", what="schema", told=told, slug=None if older else "store-newer")


def moment(at: datetime) -> str:
    """Return a moment in UTC, to the second."""
    return _aware(at).astimezone(UTC).isoformat(timespec="seconds")


def daemon(frame: "Frame", found: "Examined") -> Iterator[Line]:
    """Yield who holds or leads the store, and what the daemon's own server says."""
    from driftwatch.cli.health import ask_daemon, daemon_address
    from driftwatch.domain.errors import DriftwatchError

    if found.holder is None:
        told = "nobody holds the store: is `driftwatch run` running?"
        yield Line(mark="warning", what="holder", told=told)
    elif found.held_for_s is None:
        yield Line(mark="ok", what="holder", told=f"process {found.holder}")
    else:
        stale = found.held_for_s > STALE_S
        told = f"{found.holder} leads; its lease was renewed {found.held_for_s:.1f} s ago"
        told += ": it hangs, or has ended." if stale else ""
        yield Line(mark="warning" if stale else "ok", what="leader", told=told)
    try:
        host, port = daemon_address(frame)
    except DriftwatchError as error:
        yield Line(mark="warning", what="readiness", told=f"nobody can be asked: {error}", slug=error.slug)
        return
    try:
        code, said = ask_daemon(host, port, "/readyz")
    except (OSError, HTTPException) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        told = f"nobody answers at {host}:{port} ({why})"
        # A server's leader may be another machine.
        here = found.holder is not None and found.held_for_s is None
        yield Line(mark="error" if here else "warning", what="readiness", told=told)
        return
    yield Line(mark="ok" if code == 200 else "error", what=f"readiness at {host}:{port}", told=said or f"status {code}")


def clocks(now: datetime, found: "Examined | None", settings: "Settings", *, online: bool) -> Iterator[Line]:
    """Yield this machine's clock, against the store's and, where that is asked for, somebody's in the network."""
    yield Line(mark="ok", what="clock", told=f"{moment(now)} UTC")
    if found is not None and found.clock is not None:
        yield _skew("the database's clock", (now - found.clock).total_seconds())
    if found is not None and found.newest is not None:
        ahead = (_aware(found.newest) - now).total_seconds()
        if ahead > FAR_S:
            told = f"the newest replay was due {ahead:.0f} s from now: this clock went back, or another one is ahead."
            yield Line(mark="warning", what="clock", told=told)
    if online:
        yield from _network_clock(now, settings)


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _skew(whose: str, ahead_s: float) -> Line:
    far = abs(ahead_s) > FAR_S
    told = f"this machine is {ahead_s:+.1f} s from it" + (": set the clock, by NTP." if far else "")
    return Line(mark="warning" if far else "ok", what=whose, told=told)


def _network_clock(now: datetime, settings: "Settings") -> Iterator[Line]:
    from driftwatch.config.canaries import canary_addresses

    addresses = canary_addresses(settings)
    if not addresses:
        yield Line(
            mark="warning", what="network clock", told="no address outside is known; give `connectivity: {url}`."
        )
        return
    # Of an address the host alone is asked and shown: a webhook's path is a secret.
    parts = urlsplit(addresses[0])
    host = f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"
    try:
        # Not `urlopen`: that keeps the proxies of its first call.
        with build_opener().open(Request(f"{host}/", method="HEAD"), timeout=_ONLINE_S) as answer:  # noqa: S310
            date = answer.headers.get("Date")
    except HTTPError as error:
        date = error.headers.get("Date")
    except (OSError, HTTPException, ValueError) as error:
        told = f"{host} cannot be asked ({type(error).__name__})"
        yield Line(mark="error", what="network clock", told=told, slug="endpoint-network")
        return
    try:
        theirs = parsedate_to_datetime(date or "")
    except ValueError:
        yield Line(mark="warning", what="network clock", told=f"{host} tells no date")
        return
    yield _skew(f"the clock of {host}", (now - _aware(theirs)).total_seconds())


def outbox(kept: "Store", now: datetime) -> Iterator[Line]:
    """Yield what was promised and is not delivered, and what was given up lately."""
    rows = kept.deliveries(since=now - LOOK_BACK)
    waiting = [row for row in rows if row.state.open]
    late = [row for row in waiting if now - row.created_at > LATE]
    told = f"{len(waiting)} not delivered yet"
    if late:
        oldest = min(row.created_at for row in late)
        told += f", {len(late)} for more than 5 minutes, the oldest since {moment(oldest)}: is the daemon running?"
    yield Line(mark="warning" if late else "ok", what="outbox", told=told, slug="delivery-failed" if late else None)
    dead = Counter(row.route for row in rows if row.state is DeliveryState.DEAD)
    given_up = f"{dead.total()} given up in 7 days" + (f" ({', '.join(sorted(dead))})" if dead else "")
    slug = "delivery-failed" if dead else None
    yield Line(mark="warning" if dead else "ok", what="dead letters", told=given_up, slug=slug)


def endpoints(kept: "Store", settings: "Settings") -> Iterator[Line]:
    """Yield every endpoint's last slot, and how much of its replay has no score."""
    from driftwatch.domain.replay import SlotState
    from driftwatch.scorers.verdict import Unscored

    for wanted in settings.endpoints:
        last = kept.last_slot(wanted.name)
        if last is None:
            yield Line(mark="warning", what=wanted.name, told="never replayed")
            continue
        told = f"{moment(last.slot.due)} {last.state.value}"
        if last.state is not SlotState.DONE:
            running = last.state is SlotState.RUNNING
            why = f": {last.reason}" if last.reason else ""
            yield Line(mark="ok" if running else "warning", what=wanted.name, told=told + why)
            continue
        answers = kept.count_answers(wanted.name, last.slot)
        scores = kept.scores(wanted.name, last.slot)
        reasons = Counter(score.value.reason for score in scores if isinstance(score.value, Unscored))
        without = reasons.total()
        told += f", {answers.replied} of {answers.asked} answered"
        told += f", {without / len(scores):.0%} of {len(scores)} scores unscored" if scores else ", no scores"
        told += f" (mostly: {reasons.most_common(1)[0][0]})" if reasons else ""
        yield Line(mark="ok" if scores else "warning", what=wanted.name, told=told)
