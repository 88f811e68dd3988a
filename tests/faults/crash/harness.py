"""Kill, start again, kill, ...; then look at what was promised and what Slack took."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from time import sleep, time
from typing import Any

from driftwatch.adapters.store import SqlStore, open_store
from driftwatch.domain.delivery import Delivery, DeliveryState
from driftwatch.domain.incident import Silence
from driftwatch.services.patience import Patience
from driftwatch.testing.slack import FakeSlack, Post, serve_slack
from tests.faults.crash.chaos import BAD_DAY, Chaos
from tests.faults.crash.life import SILENCED, Place, in_utc, watched_bot
from tests.faults.invariants import check as check_endpoint

ROOT = Path(__file__).resolve().parents[3]
__all__ = ["BAD_DAY", "Outcome", "check", "run"]
MARK = re.compile(r"mark/(syn-\d+)/(\d+)")
SILENCE_S = 15.0
DRIFT_S = 25.0


@dataclass(kw_only=True)
class Taken:
    """One message that Slack accepted."""

    key: str
    at: float
    marked: bool


@dataclass(kw_only=True)
class Outcome:
    """What a run of the harness left.

    Parameters
    ----------
    promised : mapping
        Every outbox row by key, details included.
    taken : list of Taken
        In order; a webhook's key is found by the mark in its text.
    """

    place: Place
    began: float
    promised: dict[str, Delivery] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    happened: dict[str, int] = field(default_factory=dict)

    @property
    def times(self) -> Counter[str]:
        return Counter(one.key for one in self.taken)

    def keys(self, kind: str) -> list[str]:
        """Return the keys of all that was promised on the bot's or the webhook's routes."""
        return [key for key, row in self.promised.items() if row.route.startswith(kind)]

    @property
    def lost(self) -> list[str]:
        return [key for key in self.promised if not self.times[key]]

    def doubled(self, kind: str) -> list[str]:
        return [key for key in self.keys(kind) if self.times[key] > 1]

    @property
    def unmarked_repeats(self) -> list[str]:
        """Return what a webhook took again without saying that it may be a repeat."""
        plain = Counter(one.key for one in self.taken if not one.marked)
        return [key for key in self.keys("hook") if plain[key] > 1]


def run(
    folder: Path,
    *,
    kills: int,
    seed: int = 1,
    kind: str = "driftwatch",
    progress: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """Kill a pager so many times at random moments, let a last one finish, and return what became of every promise."""
    with _two_slacks(folder, seed=seed, healthy=False, kind=kind) as (outcome, heard):
        moment = Moment(Random(seed), heard)

        def kill_and_kill(tell: Tell) -> None:
            for number in range(kills):
                tell("go")
                moment.wait()
                tell("kill")
                progress(number + 1)

        _silence(outcome.place, outcome.began)
        _lives(outcome, kill_and_kill)
    return outcome


def good_day(folder: Path, *, seconds: float, decide_every_s: float) -> Outcome:
    """Let one pager live undisturbed with the waits that ship, for its latency."""
    more = {"patience": Patience(), "decide_every_s": decide_every_s, "ticks": False}
    with _two_slacks(folder, seed=1, healthy=True, **more) as (outcome, _):

        def live(tell: Tell) -> None:
            tell("go")
            sleep(seconds)
            tell("kill")

        _lives(outcome, live)
    return outcome


@contextmanager
def _two_slacks(
    folder: Path, *, seed: int, healthy: bool, **place: Any
) -> Iterator[tuple["Outcome", Callable[[], int]]]:
    """Give an outcome to be, between a Web API and a webhook; at the end it is told what they took."""
    taken: list[Taken] = []
    with (
        serve_slack(FakeSlack(on_post=lambda post: _note(taken, post))) as api,
        serve_slack(FakeSlack(on_post=lambda post: _note(taken, post))) as hook,
    ):
        days = [Chaos(slack, Random(f"{seed}/{n}"), healthy=healthy) for n, slack in enumerate((api, hook))]
        for day in days:
            day.begin()
        for channel in range(3):
            api.workspace.id_of(f"#channel-{channel}")
        addresses = {
            "api_url": api.api_url,
            "token": api.token.reveal(),
            "webhook_url": hook.webhook_url.reveal(),
        }
        outcome = Outcome(place=Place(folder=folder, **addresses, **place), began=time(), taken=taken)
        yield outcome, lambda: api.requests + api.asked + hook.requests
        outcome.happened = dict(sum((Counter(day.happened) for day in days), Counter()))
    with open_store(outcome.place.store_url) as store:
        outcome.promised = {row.key: row for row in store.deliveries()}
    marks = {f"mark/{key.partition('/')[0]}/{key.split('/')[-1].partition('@')[0]}": key for key in outcome.promised}
    for one in taken:
        one.key = marks.get(one.key, one.key)


def check(outcome: Outcome) -> None:
    """Assert I1 to I5, I7 and I8; there is one node, so I6 has nobody to forbid anything."""
    assert not outcome.lost, f"lost: {outcome.lost[:5]}"
    assert not outcome.doubled("bot"), f"doubled: {outcome.doubled('bot')[:5]}"
    assert not outcome.unmarked_repeats, f"repeated without a mark: {outcome.unmarked_repeats[:5]}"
    states = Counter(row.state for row in outcome.promised.values())
    assert set(states) == {DeliveryState.SENT}, states
    with open_store(outcome.place.store_url) as store:
        _check_decisions(store, outcome)
        _check_silence(store, outcome)
        check_endpoint(store, watched_bot(outcome.place, in_utc(outcome.began + DRIFT_S)))


def _check_decisions(store: SqlStore, outcome: Outcome) -> None:
    from types import SimpleNamespace

    from tests.faults.crash.life import chain, synthetic
    from tests.faults.invariants import told_transitions_have_their_rows

    for name in synthetic():
        seq, state = store.decided_seq(name), b""
        for number in range(1, seq + 1):
            state = chain(state, number)
        saved = store.streams(name)
        assert not saved or (saved["chain"].seq, saved["chain"].state) == (seq, state), f"{name} is not its fold"
        named = SimpleNamespace(endpoint=SimpleNamespace(name=name), routes=outcome.place.routes_of(name))
        told_transitions_have_their_rows(store, named)  # type: ignore[arg-type]


def _check_silence(store: SqlStore, outcome: Outcome) -> None:
    """I7: nobody hears of a silenced endpoint, and everybody once when the silence ends."""
    ours = [row for key, row in outcome.promised.items() if key.startswith(f"{SILENCED}/") and not row.is_details]
    early = [row.key for row in ours if row.created_at < in_utc(outcome.began + SILENCE_S)]
    assert not early, f"told in the silence: {early}"
    reasons = [row.payload["reason"] for row in ours]
    last = next(iter(store.incidents(endpoint=SILENCED)), None)
    ends = in_utc(outcome.began + SILENCE_S)
    if last and last.updated_at > ends:
        # On a busy machine the silence may be over before anything fires.
        assert reasons == ["SILENCE_ENDED" if last.opened_at < ends else "FIRST"], reasons


@dataclass
class Moment:
    """When a life ends: by what it did, not by the clock alone, so that kills hit something on a busy machine too."""

    chance: Random
    heard: Callable[[], int]

    def wait(self) -> None:
        chance = self.chance
        wanted = self.heard() + chance.randint(0, 4)
        latest = time() + (chance.uniform(0.0, 0.2) if chance.random() < 0.1 else 2.0)
        while self.heard() < wanted and time() < latest:
            sleep(0.002)
        # One life in seven is long enough for a whole replay.
        sleep(chance.uniform(0.5, 1.5) if chance.random() < 0.15 else chance.uniform(0.0, 0.06))


Tell = Callable[[str], None]


def _lives(outcome: Outcome, script: Callable[[Tell], None]) -> None:
    """Play a script of starts and kills, then let a last life send what is left."""
    said = {
        "place": {**_plain(outcome.place), "folder": str(outcome.place.folder)},
        "patience": asdict(outcome.place.patience),
        "drifts_at": outcome.began + DRIFT_S,
    }
    command = [sys.executable, "-m", "tests.faults.crash.zygote", json.dumps(said)]
    environ = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    log_file = outcome.place.folder / "lives.log"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with log_file.open("ab") as log:
        zygote = subprocess.Popen(command, stderr=log, env=environ, cwd=ROOT, **pipes)

    def answered(word: str) -> None:
        assert zygote.stdout is not None
        assert zygote.stdout.readline().strip() == word, log_file.read_text()[-2000:]

    def tell(word: str) -> None:
        assert zygote.stdin is not None
        zygote.stdin.write(f"{word}\n")
        zygote.stdin.flush()
        answered(word)

    with zygote:
        answered("ready")
        script(tell)
        tell("drain")
        assert zygote.stdin is not None
        zygote.stdin.close()


def _plain(place: Place) -> dict[str, object]:
    return {name: value for name, value in vars(place).items() if name not in ("folder", "patience")}


def _silence(place: Place, began: float) -> None:
    starts, ends = in_utc(began) - timedelta(hours=1), in_utc(began + SILENCE_S)
    with open_store(place.store_url) as store:
        store.add_silence(Silence(endpoint=SILENCED, starts_at=starts, ends_at=ends, by="harness", comment="I7"))


def _note(taken: list[Taken], post: Post) -> None:
    metadata = post.body.get("metadata")
    if metadata:
        key = metadata["event_payload"]["key"]
    else:
        found = MARK.search(json.dumps(post.body))
        key = found.group() if found else post.text
    taken.append(Taken(key=key, at=time(), marked="possible repeat" in json.dumps(post.body)))
