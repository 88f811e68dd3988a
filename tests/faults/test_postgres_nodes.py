"""Lines 63 and 64 of the fault catalogue, and I6: real daemons on one database, killed, frozen, cut off."""

import signal
from pathlib import Path
from random import Random
from time import monotonic, sleep

import pytest

from tests.cut_wire import CutWire
from tests.faults.nodes import DATABASE_AWAY, Nodes, nodes
from tests.faults.stage import PROBES
from tests.postgres import PostgresServer, postgres_server


def led(cluster: Nodes, replays: int = 2) -> None:
    had = cluster.done()
    cluster.until(lambda: cluster.done() >= had + replays, "replays")


def test_a_standby_takes_over_a_killed_leader_at_once_and_pages_once(tmp_path: Path, postgres_url: str) -> None:
    with nodes(tmp_path, postgres_url) as cluster:
        cluster.baseline()
        one = cluster.start()
        cluster.until(lambda: one.leads, "the first leader")
        two = cluster.start()
        cluster.until(lambda: "standing by" in two.log, "the standby")
        led(cluster)
        assert not two.leads
        cluster.stage.wrong = True
        one.kill()
        took_s = cluster.until(lambda: two.leads, "the takeover")
        print(f"takeover: {took_s:.3f} s")  # noqa: T201  # a figure for whoever asks with -s, no assertion
        cluster.until(lambda: len(cluster.stage.oncall.posts) > 0, "the page")
        led(cluster)
        assert two.terminate() == 0, two.log
        assert len(cluster.stage.oncall.posts) == 1
        assert "Traceback" not in two.log
        cluster.check()


def test_fault_64_a_frozen_leader_is_deposed_and_a_revived_one_sends_nothing(tmp_path: Path, postgres_url: str) -> None:
    with nodes(tmp_path, postgres_url) as cluster:
        cluster.baseline()
        one = cluster.start()
        cluster.until(lambda: one.leads, "the first leader")
        two = cluster.start()
        cluster.until(lambda: "standing by" in two.log, "the standby")
        led(cluster)
        one.freeze()
        cluster.until(lambda: two.leads, "the takeover of a leader that does not move")
        cluster.stage.wrong = True
        cluster.until(lambda: len(cluster.stage.oncall.posts) > 0, "the new leader's page")
        one.revive()
        cluster.until(lambda: "another node leads" in one.log, "that it is noticed")
        cluster.until(lambda: one.log.count("standing by: another node leads") == 1, "that it stands by")
        led(cluster)
        assert "message delivered" not in one.log
        assert len(cluster.stage.oncall.posts) == 1
        two.process.send_signal(signal.SIGKILL)
        cluster.until(lambda: one.leads, "the way back")
        led(cluster)
        assert one.terminate() == 0, one.log
        cluster.check()


def test_fault_22_a_server_that_crashes_and_stays_away_for_a_while_costs_no_slot_and_no_page(tmp_path: Path) -> None:
    with postgres_server() as server, nodes(tmp_path, server.url(server.new_database())) as cluster:
        cluster.baseline()
        one = cluster.start()
        cluster.until(lambda: one.leads, "the leader")
        led(cluster)
        server.crash()
        server.start()
        led(cluster)
        server.crash()
        cluster.until(lambda: "no heartbeat: the database is gone" in one.log, "that it is noticed")
        asked = len(cluster.stage.server.requests)
        gone = monotonic()
        cluster.until(lambda: monotonic() - gone > 6, "some slots without a database")
        assert one.log.count("no heartbeat") <= 4, "told once in each wording, not once a second"
        assert "Traceback" not in one.log
        # What was claimed before may still be asked; nothing new is paid for while nothing can be stored.
        assert len(cluster.stage.server.requests) - asked <= PROBES
        server.start()
        led(cluster)
        assert 'reason="nothing could be stored"' in one.log, "no replay ran: the database was away"
        cluster.stage.wrong = True
        cluster.until(lambda: len(cluster.stage.oncall.posts) > 0, "the page")
        led(cluster)
        assert one.terminate() == 0, one.log
        assert len(cluster.stage.oncall.posts) == 1
        cluster.check()


@pytest.mark.slow
def test_fault_24_operations_are_warned_that_the_server_is_gone_and_told_when_another_node_goes_on(
    tmp_path: Path,
) -> None:
    """It takes minutes: a write is patient for half a minute, and a store that fails for one is nobody's trouble."""
    with postgres_server() as server, nodes(tmp_path, server.url(server.new_database())) as cluster:
        one, quiet = cluster.start(), cluster.stage.quiet
        cluster.until(lambda: one.leads, "the leader")
        two = cluster.start()
        cluster.until(lambda: "standing by" in two.log, "the standby")
        led(cluster)
        server.crash()
        gone = monotonic()
        for waited_s in (60, 120, 180):
            cluster.until(lambda s=waited_s: monotonic() - gone > s or len(quiet.posts) > 0, "a minute without")
        cluster.until(lambda: len(quiet.posts) > 0, "the warning")
        assert "cannot store anything" in str(quiet.posts[0])
        # The leader does not move while the server comes back: the other one takes over.
        one.freeze()
        server.start()
        cluster.until(lambda: two.leads, "the takeover")
        one.revive()
        cluster.until(lambda: len(quiet.posts) > 1, "that it is over")
        assert "driftwatch stores again" in str(quiet.posts[1])
        cluster.until(lambda: one.log.count("standing by: another node leads") == 1, "that it stands by")
        led(cluster)
        assert [node.terminate() for node in (one, two)] == [0, 0], cluster.logs
        assert (len(quiet.posts), cluster.stage.oncall.posts) == (2, [])
        cluster.check()


def test_fault_63_the_node_that_is_cut_off_from_the_database_is_silent(
    tmp_path: Path, postgres: PostgresServer, postgres_url: str
) -> None:
    wire = CutWire(postgres.port)
    with nodes(tmp_path, postgres_url) as cluster:
        cluster.baseline()
        one = cluster.start(postgres_url.replace(f":{postgres.port}/", f":{wire.port}/"))
        cluster.until(lambda: one.leads, "the first leader")
        two = cluster.start()
        cluster.until(lambda: "standing by" in two.log, "the standby")
        led(cluster)
        cluster.stage.wrong = True
        wire.passing.clear()
        cluster.until(lambda: two.leads, "the takeover")
        cluster.until(lambda: len(cluster.stage.oncall.posts) > 0, "the page")
        led(cluster)
        assert "message delivered" not in one.log
        wire.passing.set()
        cluster.until(lambda: one.log.count("standing by: another node leads") == 1, "that it stands by")
        assert len(cluster.stage.oncall.posts) == 1
        assert two.terminate() == 0, two.log
        cluster.until(lambda: one.leads, "the way back after a stop in good order")
        assert one.terminate() == 0, one.log
        cluster.check()
    wire.close()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_two_nodes_killed_frozen_and_robbed_of_their_server_at_random_page_once(tmp_path: Path, seed: int) -> None:
    """Of three events in five a node is killed, of one it is frozen for a while, and of one the server crashes."""
    chance, killed, crashed = Random(seed), 0, 0
    with postgres_server() as server, nodes(tmp_path, server.url(server.new_database())) as cluster:
        cluster.endings = (None, 0, -9, DATABASE_AWAY)
        pair = [cluster.start(), cluster.start()]
        cluster.until(lambda: any(node.leads for node in pair), "a leader")
        cluster.until(lambda: cluster.done() >= 10, "a baseline")
        for event in range(20):
            cluster.stage.wrong = event >= 10
            place = chance.randrange(2)
            what = chance.choice(("kill", "kill", "kill", "freeze", "crash"))
            if what == "kill":
                pair[place].kill()
                pair[place] = cluster.start()
                killed += 1
            elif what == "freeze":
                pair[place].freeze()
                sleep(chance.uniform(0.5, 3.0))
                pair[place].revive()
            else:
                server.crash()
                sleep(chance.uniform(0.0, 1.0))
                server.start()
                crashed += 1
            sleep(chance.uniform(0.0, 2.0))
            cluster.supervise(pair)
        cluster.until(lambda: len(cluster.stage.oncall.posts) > 0, "the page")
        cluster.supervise(pair)
        led(cluster, replays=3)
        cluster.until(lambda: all(node.leads or "standing by" in node.log for node in pair), "both in their places")
        print(f"{killed} kills, {crashed} crashes, {cluster.done()} replays")  # noqa: T201  # figures for -s
        first, *others = [post.text for post in cluster.stage.oncall.posts]
        assert "possible repeat" not in first
        # An incoming webhook cannot be asked what it took.
        assert all("possible repeat" in text for text in others), others
        for node in pair:
            assert node.terminate() == 0, node.log
        cluster.check()
