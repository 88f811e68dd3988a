"""Two nodes whose PostgreSQL stays away for an hour, in real time: who is told, what is paid for, how they go on.

uv run python -m benchmarks.delivery.away [--seconds 3600]
"""

import argparse
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

from driftwatch.adapters.store import open_store
from tests.faults.nodes import Nodes, nodes
from tests.faults.stage import ENDPOINT
from tests.postgres import PostgresServer, postgres_server


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=3600.0)
    wanted = parser.parse_args()
    with TemporaryDirectory() as folder, postgres_server() as server:
        url = server.url(server.new_database())
        with nodes(Path(folder) / "stage", url, every="10s") as cluster:
            played(cluster, server, wanted.seconds)


def played(cluster: Nodes, server: PostgresServer, seconds: float) -> None:
    one = cluster.start()
    cluster.until(lambda: one.leads, "the leader")
    two = cluster.start()
    cluster.until(lambda: "standing by" in two.log, "the standby")
    cluster.until(lambda: cluster.done() >= 4, "replays")
    asked, quiet = cluster.stage.server.requests, cluster.stage.quiet.posts
    server.crash()
    before, gone = len(asked), monotonic()
    while monotonic() - gone < seconds:
        sleep(5)
    print(f"{monotonic() - gone:.0f} s away: {len(asked) - before} questions, {len(quiet)} messages to operations")
    server.start()
    back, had = monotonic(), len(asked)
    cluster.until(lambda: len(asked) > had, "a question")
    print(f"the first question {monotonic() - back:.1f} s after it was back")
    done = cluster.done()
    cluster.until(lambda: cluster.done() >= done + 3 and len(quiet) != 1, "three replays, and that operations hear")
    assert [node.terminate() for node in (one, two)] == [0, 0], cluster.logs
    cluster.check()
    with open_store(cluster.url) as store:
        print(Counter((record.state.value, record.reason) for record in store.slots(ENDPOINT)))
    print([post.text.partition("\n")[0] for post in quiet], f"pages: {len(cluster.stage.oncall.posts)}")


if __name__ == "__main__":
    main()
